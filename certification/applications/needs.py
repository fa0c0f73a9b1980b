"""Which materials an application needs, and which version the company has of each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field

from django.db.models import Count, Q, QuerySet

from accounts.companies import Company
from certification.applications.models import Application, ApplicationNumber
from certification.materials.models import (
    Material,
    MaterialKind,
    MaterialNumber,
    MaterialState,
    Requirement,
    RequirementMoment,
)

#: Versions that can stand for a kind in an application.
USABLE = (MaterialState.APPROVED, MaterialState.SUBMITTED)


@dataclass
class Need:
    """One kind of material that the application needs, and what there is of it."""

    kind: MaterialKind
    #: Certification stops without it, or it is asked for with an application only.
    always: bool
    #: The application may be handed in without it and then waits (待维护).
    holds: bool
    #: The approved version that is valid today.
    valid: Material | None = None
    #: The newest version that is under review.
    submitted: Material | None = None
    #: The newest approved version, if it has run out.
    expired: Material | None = None
    #: The newest version of all when it was sent back or refused.
    refused: Material | None = None
    #: For kinds that name numbers: how many of the application's numbers no usable version names.
    unnamed: int = 0
    #: The same by approved versions alone.
    unnamed_approved: int = 0
    #: The versions that together name the numbers.
    naming: list[Material] = field(default_factory=list)

    @property
    def material(self) -> Material | None:
        """The version that stands for the kind: the newest under review, else the valid one."""
        return self.submitted or self.valid

    @property
    def used(self) -> list[Material]:
        """Every version that a reviewer of the application looks at."""
        found = {row.pk: row for row in [*self.naming, self.valid, self.submitted] if row is not None}
        return sorted(found.values(), key=lambda row: row.version, reverse=True)

    @property
    def is_met(self) -> bool:
        """Whether there is a usable version, which names every number where it must."""
        return self.material is not None and not self.unnamed

    @property
    def is_approved(self) -> bool:
        """Whether an approved, valid version is there, so that the certification can begin."""
        return self.valid is not None and not self.unnamed_approved


def in_force(*, company: Company, today: dt.date, now: dt.datetime) -> QuerySet[Requirement]:
    """The requirements that concern the company on its local day `today`, as announced until `now`."""
    return Requirement.objects.filter(
        Q(industry__isnull=True) | Q(industry=company.industry_id),
        Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=now),
        Q(company_kinds=[]) | Q(company_kinds__contains=[company.kind]),
        effective_from__lte=today,
        announced_at__lte=now,
    )


def requirements_for(*, company: Company, agent: bool | None, today: dt.date, now: dt.datetime) -> list[Requirement]:
    """The requirements in force for an application of the company, one per kind of material, in catalogue order."""
    rows = in_force(company=company, today=today, now=now)
    rows = rows.select_related("kind").order_by("kind__ordering", "kind_id", "pk")
    return [row for row in rows if not row.only_for_agents or agent]


def needs_of(
    *, application: Application, now: dt.datetime, requirements: Iterable[Requirement] | None = None
) -> list[Need]:
    """What the application needs, with what there is, in a number of queries that does not grow with its numbers.

    `requirements`: those in force today, where the caller has read them already.
    """
    company = application.company
    today = company.today(now)
    if requirements is None:
        requirements = requirements_for(company=company, agent=application.applicant_is_agent, today=today, now=now)
    needs: dict[int, Need] = {}
    for row in requirements:
        need = needs.setdefault(row.kind_id, Need(row.kind, always=False, holds=False))
        need.always |= row.moment == RequirementMoment.ALWAYS
        need.holds |= row.holds_applications
    by_kind: dict[int, list[Material]] = {}
    for version in Material.objects.filter(company=company, kind__in=needs).order_by("version"):
        version.kind = needs[version.kind_id].kind
        by_kind.setdefault(version.kind_id, []).append(version)
    for kind_id, rows in by_kind.items():
        sort_versions(needs[kind_id], rows, today)
    count_unnamed(needs.values(), application)
    return list(needs.values())


def sort_versions(need: Need, versions: list[Material], today: dt.date) -> None:
    """Put the versions of one kind, the newest last, where they belong."""
    for row in versions:
        over = row.expires_on is not None and row.expires_on < today
        begun = row.issued_on is None or row.issued_on <= today
        if row.state == MaterialState.SUBMITTED:
            need.submitted = row
        elif row.state == MaterialState.APPROVED and over:
            need.expired = row
        elif row.state == MaterialState.APPROVED and begun:
            need.valid = row
        if row.state in USABLE and not over and need.kind.names_numbers:
            need.naming.append(row)
    if versions[-1].state in (MaterialState.RETURNED, MaterialState.REJECTED):
        need.refused = versions[-1]
    if need.valid is not None:
        need.expired = None


def count_unnamed(needs: Iterable[Need], application: Application) -> None:
    """Count, for kinds that name numbers, the numbers that no usable (and no approved) version names."""
    naming = [need for need in needs if need.kind.names_numbers and need.naming]
    if not naming:
        return
    unnamed: dict[str, Count] = {}
    for need in naming:
        unnamed[f"usable_{need.kind.pk}"] = unnamed_by([row.pk for row in need.naming])
        unnamed[f"approved_{need.kind.pk}"] = unnamed_by(
            [row.pk for row in need.naming if row.state == MaterialState.APPROVED]
        )
    counts = ApplicationNumber.objects.filter(application=application).aggregate(**unnamed)
    for need in naming:
        need.unnamed = counts[f"usable_{need.kind.pk}"]
        need.unnamed_approved = counts[f"approved_{need.kind.pk}"]


def unnamed_by(materials: list[int]) -> Count:
    """Counts those of an application's numbers that none of the materials names."""
    named = MaterialNumber.objects.filter(material__in=materials).values("number")
    return Count("pk", filter=~Q(number__in=named))
