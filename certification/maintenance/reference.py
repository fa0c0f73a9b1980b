"""The rules of domain sections 4 and 5 once more, slowly and in plain Python: what the SQL is held against (I1, I7).

Written from the domain page, not from the SQL; it shares no condition with `status`, `reconcile` or `requirements`. It
reads tables as they are and compares in memory.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import NamedTuple
from zoneinfo import ZoneInfo

from accounts.companies import Company
from certification.maintenance.models import Maintenance
from certification.materials.models import Material, Requirement
from certification.numbers.models import PhoneNumber


class NumberFacts(NamedTuple):
    """What the rules read of a number; a PhoneNumber has the same attributes."""

    pk: int
    lifecycle: str
    company_id: int
    provider_id: int


class Validity(NamedTuple):
    """From which to which day a version of a document is valid; None: no limit."""

    issued_on: dt.date | None
    expires_on: dt.date | None


@dataclass
class World:
    """Everything that the rules read, at the present."""

    companies: dict[int, Company]
    requirements: list[Requirement]
    #: The approved versions of (company, kind).
    materials: dict[tuple[int, int], list[Validity]]
    #: The maintenance that is open and stops display, by what it covers.
    open: list[Maintenance]
    wide: list[Maintenance] = field(default_factory=list)
    of_company: dict[int, list[Maintenance]] = field(default_factory=lambda: defaultdict(list))
    of_number: dict[int, list[Maintenance]] = field(default_factory=lambda: defaultdict(list))

    @classmethod
    def read(cls, company_ids: Iterable[int] | None = None) -> World:
        """Read the companies (all, or some) with what concerns them."""
        companies = Company.objects.all()
        materials = Material.objects.filter(state="approved")
        if company_ids is not None:
            chosen = set(company_ids)
            companies, materials = companies.filter(pk__in=chosen), materials.filter(company__in=chosen)
        approved: dict[tuple[int, int], list[Validity]] = defaultdict(list)
        for company_id, kind_id, *dates in materials.values_list("company_id", "kind_id", "issued_on", "expires_on"):
            approved[company_id, kind_id].append(Validity(*dates))
        world = cls(
            companies={company.pk: company for company in companies},
            requirements=list(Requirement.objects.all()),
            materials=approved,
            open=list(Maintenance.objects.filter(opened_at__isnull=False, closed_at__isnull=True)),
        )
        for row in world.open:
            if row.number_id is not None:
                world.of_number[row.number_id].append(row)
            elif row.company_id is not None:
                world.of_company[row.company_id].append(row)
            else:
                world.wide.append(row)
        return world

    def has_valid(self, company: Company, kind_id: int, day: dt.date) -> bool:
        """Whether an approved version of the kind is valid on `day`."""
        for material in self.materials.get((company.pk, kind_id), []):
            begun = material.issued_on is None or material.issued_on <= day
            over = material.expires_on is not None and material.expires_on < day
            if begun and not over:
                return True
        return False

    def concerns(self, requirement: Requirement, company: Company, now: dt.datetime) -> bool:
        """Whether the company is held to the requirement, be it in force already or announced."""
        if company.state != "verified" or requirement.moment != "always" or requirement.announced_at > now:
            return False
        if requirement.withdrawn_at is not None and requirement.withdrawn_at <= now:
            return False
        if requirement.industry_id is not None and requirement.industry_id != company.industry_id:
            return False
        return not requirement.company_kinds or company.kind in requirement.company_kinds

    def lacking(self, company: Company, now: dt.datetime) -> tuple[set[int], set[int]]:
        """The requirements that the company lacks a material for: those in force, and those that are announced."""
        today = now.astimezone(ZoneInfo(company.time_zone)).date()
        in_force, announced = set(), set()
        for requirement in self.requirements:
            if not self.concerns(requirement, company, now):
                continue
            if requirement.effective_from <= today:
                if not self.has_valid(company, requirement.kind_id, today):
                    in_force.add(requirement.pk)
            elif not self.has_valid(company, requirement.kind_id, requirement.effective_from):
                announced.add(requirement.pk)
        return in_force, announced

    def covering(self, number: PhoneNumber | NumberFacts) -> list[Maintenance]:
        """The open maintenance that covers the number."""
        company = self.companies[number.company_id]
        wide = [
            row
            for row in self.wide
            if row.scope == "everything"
            or (row.scope == "provider" and row.provider_id == number.provider_id)
            or (row.scope == "industry" and row.industry_id == company.industry_id)
        ]
        return wide + self.of_company.get(number.company_id, []) + self.of_number.get(number.pk, [])


def reference_statuses(*, numbers: Iterable[PhoneNumber | NumberFacts], now: dt.datetime) -> dict[int, str]:
    """The status of each number by the rules of domain section 4, at the present moment `now`."""
    numbers = list(numbers)
    world = World.read({number.company_id for number in numbers})
    announced: dict[int, bool] = {}
    statuses = {}
    for number in numbers:
        if number.lifecycle != "certified":
            statuses[number.pk] = number.lifecycle
            continue
        stopping = [row for row in world.covering(number) if row.suspends_display]
        if any(row.locks for row in stopping):
            statuses[number.pk] = "locked"
        elif stopping:
            statuses[number.pk] = "maintenance"
        else:
            if number.company_id not in announced:
                announced[number.company_id] = bool(world.lacking(world.companies[number.company_id], now)[1])
            statuses[number.pk] = "pending_maintenance" if announced[number.company_id] else "certified"
    return statuses


def reference_unmet(*, now: dt.datetime) -> set[tuple[int, int]]:
    """Every (company, requirement in force) for which a material is lacking at `now`: what must be open (I1)."""
    world = World.read()
    return {
        (company.pk, requirement)
        for company in world.companies.values()
        for requirement in world.lacking(company, now)[0]
    }
