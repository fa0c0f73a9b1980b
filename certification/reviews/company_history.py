"""What a reviewer should know of the company behind a case: since when, how many numbers in which state, what it came to."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Q

from accounts.companies import Company
from certification.maintenance.models import Maintenance
from certification.maintenance.status import Status, counts_by_status
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.subjects import SUBJECTS

#: How many maintenances and decisions are listed.
LISTED = 10
#: How far back decisions are counted.
LOOKS_BACK = dt.timedelta(days=365)


@dataclass(frozen=True)
class CompanyHistory:
    """The company in figures."""

    company: Company
    #: Status in words -> how many numbers, in the order of the statuses.
    numbers: list[tuple[str, int]]
    maintenance: list[Maintenance]
    #: Decision -> how often within the last year.
    decisions: dict[str, int]
    waiting: int
    members: int

    @property
    def count(self) -> int:
        """How many numbers the company has."""
        return sum(count for _label, count in self.numbers)

    @property
    def decided(self) -> list[tuple[str, int]]:
        """The decisions in words."""
        return [(str(Decision(code).label), count) for code, count in self.decisions.items() if count]


def history_of_company(company: Company, *, now: dt.datetime) -> CompanyHistory:
    """Read the figures; the same number of queries for any size."""
    counts = counts_by_status(PhoneNumber.objects.of_company(company))
    reviews = Review.objects.filter(company=company)
    decided = {
        decision.value: Count(
            "pk", filter=Q(state=ReviewState.DECIDED, decision=decision, decided_at__gt=now - LOOKS_BACK)
        )
        for decision in Decision
    }
    figures = reviews.aggregate(waiting=Count("pk", filter=Q(state=ReviewState.OPEN)), **decided)
    return CompanyHistory(
        company=company,
        numbers=[(str(status.label), counts[status]) for status in Status if counts.get(status)],
        maintenance=list(
            Maintenance.objects.covering_company(company)
            .filter(opened_at__isnull=False, closed_at__isnull=True, cancelled_at__isnull=True)
            .select_related("cause", "requirement__kind")
            .order_by("-opened_at", "-pk")[:LISTED]
        ),
        decisions={decision.value: figures[decision.value] for decision in Decision},
        waiting=figures["waiting"],
        members=company.memberships.count(),
    )


def decisions_on_numbers(review: Review) -> list[Review]:
    """The latest decisions about things of the same company that share a number with this case, without this thing's own.

    Subjects that know their numbers say so (`numbers`, `about_numbers`); none where this case's subject does not.
    """
    numbers_of = getattr(SUBJECTS[review.subject], "numbers", None)
    if numbers_of is None:
        return []
    numbers = numbers_of(review)
    about = Q(pk__in=[])
    for name, subject in SUBJECTS.items():
        hook = getattr(subject, "about_numbers", None)
        if hook is not None:
            about |= Q(subject=name, subject_id__in=hook(numbers, review.company_id))
    rows = Review.objects.filter(about, company=review.company_id, state=ReviewState.DECIDED)
    same_thing = Q(subject=review.subject, subject_id=review.subject_id)
    return list(rows.exclude(same_thing).select_related("decided_by").order_by("-decided_at", "-pk")[:LISTED])
