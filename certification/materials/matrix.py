"""What is asked of a company and what it has: every requirement that concerns it, each with the version that meets it.

A reading for people, in a number of queries that does not grow; what the engine holds a company to is
`requirements.unmet_in_force`, and the two agree (a test compares them).
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from django.db.models import Q
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.materials.models import (
    Material,
    MaterialKind,
    MaterialState,
    Requirement,
    RequirementMoment,
)
from certification.materials.validity import RENEW_WITHIN, is_valid_on
from certification.reviews.models import Review, ReviewState


class Supply(StrEnum):
    """How far a requirement is met."""

    SUPPLIED = "supplied"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    MISSING = "missing"


#: Label, tone and icon of each.
SUPPLY_WORDS: dict[Supply, tuple[str | Promise, str]] = {
    Supply.SUPPLIED: (_("Supplied"), "green"),
    Supply.EXPIRING: (_("Expires soon"), "amber"),
    Supply.EXPIRED: (_("Expired"), "red"),
    Supply.MISSING: (_("Missing"), "amber"),
}


@dataclass
class MatrixRow:
    """One requirement and what the company has for it."""

    requirement: Requirement
    supply: Supply
    #: The approved version that lasts longest, valid or run out; None where there never was one.
    material: Material | None
    #: The version that waits for a decision, and its review.
    submitted: Material | None
    review: Review | None
    #: The version that was sent back last and not submitted again.
    returned: Material | None
    #: Announced, and not in force yet in the company's zone.
    is_announced: bool

    @property
    def kind(self) -> MaterialKind:
        """The kind of material that is asked for."""
        return self.requirement.kind

    @property
    def is_always(self) -> bool:
        """Whether certification stops without it, or only an application needs it."""
        return self.requirement.moment == RequirementMoment.ALWAYS

    @property
    def stops(self) -> bool:
        """Whether certification is stopped for want of it today."""
        return self.is_always and not self.is_announced and self.supply in (Supply.EXPIRED, Supply.MISSING)

    @property
    def needs_company(self) -> bool:
        """Whether it is the company's turn: not met or about to end, and nothing handed in."""
        if self.submitted is not None or self.supply == Supply.SUPPLIED:
            return False
        return self.is_always or self.supply != Supply.MISSING

    @property
    def deadline(self) -> dt.date | None:
        """The last day on which the company can act without a stop; None where it has stopped already, or nothing is due."""
        if not self.needs_company or self.stops:
            return None
        ends = self.material.expires_on if self.material and self.supply == Supply.EXPIRING else None
        if self.is_announced and self.supply != Supply.SUPPLIED:
            before = self.requirement.effective_from - dt.timedelta(days=1)
            return min(before, ends) if ends else before
        return ends

    @property
    def label(self) -> str | Promise:
        """Its state in words."""
        if self.submitted is not None and self.supply != Supply.SUPPLIED:
            return _("Under review")
        if self.supply == Supply.MISSING and not self.is_always:
            return _("Needed with an application")
        return SUPPLY_WORDS[self.supply][0]

    @property
    def tone(self) -> str:
        """Its state in colour: who acts."""
        if self.submitted is not None and self.supply != Supply.SUPPLIED:
            return "blue"
        if self.supply == Supply.MISSING:
            return "red" if self.stops else ("amber" if self.is_always else "grey")
        return SUPPLY_WORDS[self.supply][1]


def requirements_of(*, company: Company, now: dt.datetime) -> list[Requirement]:
    """What is asked of the company now or from an announced day on, whenever it is asked for; one query."""
    return list(
        Requirement.objects.filter(
            Q(industry__isnull=True) | Q(industry=company.industry_id),
            Q(company_kinds=[]) | Q(company_kinds__contains=[company.kind]),
            Q(withdrawn_at__isnull=True) | Q(withdrawn_at__gt=now),
            announced_at__lte=now,
        )
        .select_related("kind", "cause", "industry")
        .order_by("moment", "effective_from", "kind__ordering", "pk")
    )


def matrix_of(*, company: Company, now: dt.datetime) -> list[MatrixRow]:
    """Every requirement that concerns the company, those that need it first; three queries."""
    today = company.today(now)
    requirements = requirements_of(company=company, now=now)
    versions: defaultdict[int, list[Material]] = defaultdict(list)
    materials = (
        Material.objects.filter(company=company, kind__in={requirement.kind_id for requirement in requirements})
        .exclude(state__in=[MaterialState.REPLACED, MaterialState.WITHDRAWN])
        .select_related("kind")
        .order_by("version")
    )
    for material in materials:
        versions[material.kind_id].append(material)
    waiting = [row.pk for rows in versions.values() for row in rows if row.state == MaterialState.SUBMITTED]
    reviews = {
        review.subject_id: review
        for review in Review.objects.filter(subject="material", subject_id__in=waiting, state=ReviewState.OPEN)
    }
    rows = [row_of(requirement, versions[requirement.kind_id], reviews, today) for requirement in requirements]
    return sorted(rows, key=urgency)


def row_of(
    requirement: Requirement, versions: Sequence[Material], reviews: dict[int, Review], today: dt.date
) -> MatrixRow:
    """One requirement against the company's versions of its kind, oldest first."""
    day = max(requirement.effective_from, today)
    approved = [version for version in versions if version.state == MaterialState.APPROVED]
    valid = [version for version in approved if is_valid_on(version, day)]
    best = max(valid or approved, key=last_day, default=None)
    submitted = next((version for version in reversed(versions) if version.state == MaterialState.SUBMITTED), None)
    latest = versions[-1] if versions else None
    sent_back = latest is not None and latest.state in (MaterialState.RETURNED, MaterialState.REJECTED)
    return MatrixRow(
        requirement=requirement,
        supply=supply(valid, approved, day=day, today=today),
        material=best,
        submitted=submitted,
        review=reviews.get(submitted.pk) if submitted else None,
        returned=latest if sent_back else None,
        is_announced=requirement.effective_from > today,
    )


def last_day(material: Material) -> dt.date:
    """The last valid day, for ordering: a long-term document lasts longest."""
    return material.expires_on or dt.date.max


def supply(valid: Sequence[Material], approved: Sequence[Material], *, day: dt.date, today: dt.date) -> Supply:
    """How far versions meet a requirement on `day`: today, or the later day on which it takes effect."""
    if valid:
        ends = max(last_day(version) for version in valid)
        # A later version that goes on without a gap is a renewal that is there already.
        for version in sorted(approved, key=last_day):
            begins = version.issued_on or dt.date.min
            if begins <= ends or begins - ends == dt.timedelta(days=1):
                ends = max(ends, last_day(version))
        return Supply.SUPPLIED if (ends - day).days > RENEW_WITHIN else Supply.EXPIRING
    if any(is_valid_on(version, today) for version in approved):
        return Supply.EXPIRING  # still good today, over by the day on which it is asked for
    if any(version.expires_on is not None and version.expires_on < day for version in approved):
        return Supply.EXPIRED
    return Supply.MISSING


def urgency(row: MatrixRow) -> tuple[int, dt.date, int, int]:
    """Sorts what has stopped first, then what needs the company by its deadline, then what is under review."""
    if row.stops and row.submitted is None:
        rank = 0
    elif row.needs_company:
        rank = 1
    elif row.submitted is not None:
        rank = 2
    elif row.supply == Supply.MISSING:
        rank = 4
    else:
        rank = 3
    ends = row.material.expires_on if row.material and row.material.expires_on else dt.date.max
    return rank, row.deadline or ends, row.kind.ordering, row.requirement.pk
