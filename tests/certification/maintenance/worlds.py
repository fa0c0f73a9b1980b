"""A small world for the engine's properties: what changes in it goes through the same rows as in the portal."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from accounts import journal
from accounts.access import CompanyRole
from accounts.companies import Company
from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.users import User
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from certification.reminders.sweep import remind_of_material
from tests.cast import make_company, make_number

KINDS = ("business_licence", "medical_practice_licence")


def approve(
    company: Company,
    kind: str,
    *,
    now: dt.datetime,
    expires_on: dt.date | None,
    by: User,
    reconcile: bool = True,
) -> Material:
    """Approve a new version in place of the old one, as a reviewer's decision does."""
    kind_row = MaterialKind.objects.get(code=kind)
    old = Material.objects.filter(company=company, kind=kind_row, state=MaterialState.APPROVED)
    for material in old:
        Material.objects.filter(pk=material.pk).update(state=MaterialState.REPLACED, replaced_at=now)
        note("material", material.pk, "approved", "replaced", company, now)
    material = Material.objects.create(
        company=company,
        kind=kind_row,
        version=Material.objects.filter(company=company, kind=kind_row).count() + 1,
        state=MaterialState.APPROVED,
        expires_on=expires_on,
        is_long_term=expires_on is None,
        submitted_at=now,
        submitted_by=by,
        decided_at=now,
    )
    note("material", material.pk, "submitted", "approved", company, now)
    remind_of_material(material=material, now=now)
    if reconcile:
        reconcile_requirements(now=now, actor=Actor.person(by), company_id=company.pk)
    return material


def note(subject: str, pk: int, before: str, after: str, company: Company | None, now: dt.datetime) -> None:
    journal.record(
        at=now,
        actor=Actor.engine(),
        company_id=company.pk if company else None,
        subject=subject,
        subject_id=pk,
        aspect="state",
        before=before,
        after=after,
    )


@dataclass
class World:
    """Companies of two zones that hold what is required of them, each with an owner and two certified numbers."""

    now: dt.datetime
    companies: list[Company] = field(default_factory=list)
    owners: list[User] = field(default_factory=list)

    @classmethod
    def begin(cls, *, now: dt.datetime, zones: tuple[str, ...], prefix: str = "world", numbers: int = 2) -> World:
        """Make it, `zones` naming one company each."""
        world = cls(now)
        Requirement.objects.exclude(kind__code__in=KINDS).update(withdrawn_at=now - dt.timedelta(days=300))
        for index, zone in enumerate(zones):
            company = make_company(f"{prefix}{index}", time_zone=zone)
            owner = User.objects.create(email=f"{prefix}{index}@example.com", password="!", name=f"{prefix}{index}")
            Membership.objects.create(company=company, user=owner, role=CompanyRole.OWNER)
            for kind in KINDS:
                approve(company, kind, now=now - dt.timedelta(days=50), expires_on=None, by=owner, reconcile=False)
            for _ in range(numbers):
                make_number(company)
            world.companies.append(company)
            world.owners.append(owner)
        return world


def plan_row(
    *,
    code: str,
    start: dt.datetime,
    end: dt.datetime,
    now: dt.datetime,
    ends_by_plan: bool = True,
    **scope: object,
) -> Maintenance:
    """A plan as `plans.create_plan` stores it."""
    cause = MaintenanceCause.objects.get(code=code)
    plan = Maintenance.objects.create(
        cause=cause,
        planned_start=start,
        planned_end=end,
        ends_by_plan=ends_by_plan,
        suspends_display=cause.suspends_display,
        created_at=now,
        **({"scope": "everything"} | scope),
    )
    note("maintenance", plan.pk, "", "planned", None, now)
    return plan
