"""The staff queue: what waits, in the order in which it is taken, and the figures of the desk."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db.models import Count, Min, Q, QuerySet

from accounts.companies import Company
from accounts.users import User
from certification.reviews.desk import CLAIM_IDLE
from certification.reviews.models import Review, ReviewState

#: Urgent, expedited, then by due time, which puts the overdue first (domain section 6); the index is `review_queue`.
ORDER = ("-is_urgent", "-is_expedited", "due_at", "id")
ORDER_KINDS = (bool, bool, dt.datetime, int)
#: A review that is due so soon is at risk.
AT_RISK = dt.timedelta(hours=24)


def queue_for(user: User) -> QuerySet[Review]:
    """Everything that is open, in the order of the queue. All staff may read it; only reviewers act."""
    if not user.is_staff:
        return Review.objects.none()
    return Review.objects.filter(state=ReviewState.OPEN).order_by(*ORDER)


@dataclass(frozen=True)
class QueueFilter:
    """What the address of the queue asks for."""

    q: str = ""
    kind: str = ""
    industry: str = ""
    urgent: bool = False
    overdue: bool = False
    mine: bool = False
    unclaimed: bool = False

    def apply(self, rows: QuerySet[Review], *, user: User, now: dt.datetime) -> QuerySet[Review]:
        """Those of the rows that fit."""
        if self.q.strip():
            rows = rows.filter(matching(self.q.strip()))
        if self.kind:
            rows = rows.filter(kind=self.kind)
        if self.industry:
            rows = rows.filter(company__industry__code=self.industry)
        if self.urgent:
            rows = rows.filter(is_urgent=True)
        if self.overdue:
            rows = rows.filter(due_at__lte=now)
        if self.mine:
            rows = rows.filter(claimed_by=user)
        if self.unclaimed:
            rows = rows.filter(is_free(now))
        return rows


def matching(text: str) -> Q:
    """Reviews by reference, or by the name or credit code of the company."""
    companies = Company.objects.filter(Q(name__icontains=text) | Q(credit_code__istartswith=text))
    return Q(ref__startswith=text.lower()) | Q(company__in=companies.values("pk"))


def is_free(now: dt.datetime) -> Q:
    """Nobody holds the review, or its holder has been away for too long."""
    return Q(claimed_by__isnull=True) | Q(claim_active_at__lt=now - CLAIM_IDLE)


@dataclass
class DeskSummary:
    """The figures of a reviewer's desk."""

    waiting: int = 0
    overdue: int = 0
    at_risk: int = 0
    mine: int = 0
    unclaimed: int = 0
    earliest_due: dt.datetime | None = None
    #: The first rows of the queue, the oldest due first.
    first: list[Review] = field(default_factory=list)
    #: What the person holds.
    my_cases: list[Review] = field(default_factory=list)


def desk_summary(user: User, now: dt.datetime, *, size: int = 10) -> DeskSummary:
    """What waits, what is late or will be within a day, what is the person's own; three queries whatever there is."""
    rows = queue_for(user)
    figures: dict[str, Any] = rows.order_by().aggregate(
        waiting=Count("pk"),
        overdue=Count("pk", filter=Q(due_at__lte=now)),
        at_risk=Count("pk", filter=Q(due_at__gt=now, due_at__lte=now + AT_RISK)),
        mine=Count("pk", filter=Q(claimed_by=user)),
        unclaimed=Count("pk", filter=is_free(now)),
        earliest_due=Min("due_at"),
    )
    listed = rows.select_related("company", "claimed_by")
    return DeskSummary(
        **figures,
        first=list(listed.order_by("due_at", "id")[:size]),
        my_cases=list(listed.filter(claimed_by=user).order_by("due_at", "id")[:size]),
    )
