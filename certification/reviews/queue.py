"""The staff queue: what waits, in the order in which it is taken, and the figures of the desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, field

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet

from accounts.companies import Company
from accounts.users import User
from certification.reviews.deferrals import paused
from certification.reviews.desk import CLAIM_IDLE
from certification.reviews.models import Review, ReviewPause, ReviewState, StagedDecision
from certification.reviews.number_search import about_numbers

#: Urgent, expedited, overdue, then by due time (domain section 6); the index is `review_queue`.
ORDER = ("queue_rank", "due_at", "id")
ORDER_KINDS = (int, dt.datetime, int)
#: The ranks of what is marked as overdue.
OVERDUE_RANKS = (0, 2, 4, 6)
#: A review that is due so soon is at risk.
AT_RISK = dt.timedelta(hours=24)
#: Counting stops here: beyond it nobody needs to know how many exactly, and the desk costs the same however much waits.
MOST_COUNTED = 1000


def queue_for(user: User) -> QuerySet[Review]:
    """Everything that is open, in the order of the queue. All staff may read it; only reviewers act.

    What somebody has just decided is not in it any more, though it can still be taken back.
    """
    if not user.is_staff:
        return Review.objects.none()
    decided = StagedDecision.objects.filter(review=OuterRef("pk"), stands_at__isnull=False)
    return Review.objects.filter(~Exists(decided), state=ReviewState.OPEN).order_by(*ORDER)


def listed(rows: QuerySet[Review]) -> QuerySet[Review]:
    """The rows with all that a line of the queue says; a constant number of queries."""
    why = ReviewPause.objects.filter(ended_at__isnull=True).select_related("maintenance__cause").order_by("pk")
    return rows.select_related("company__industry", "claimed_by").prefetch_related(
        Prefetch("pauses", queryset=why, to_attr="open_pauses")
    )


def counted(rows: QuerySet[Review]) -> int:
    """How many there are, up to one more than `MOST_COUNTED`.

    They are counted in their order: without one PostgreSQL reads the whole table for the few that are open, which are
    its last rows.
    """
    return rows[: MOST_COUNTED + 1].count()


def count_overdue(rows: QuerySet[Review], now: dt.datetime) -> int:
    """How many are overdue, up to one more than `MOST_COUNTED`: those that are marked, and those that the next tick marks."""
    marked = counted(rows.filter(queue_rank__in=OVERDUE_RANKS))
    unmarked = rows.filter(overdue_since__isnull=True, due_at__lte=now).exclude(paused()).order_by("due_at")
    return min(marked + counted(unmarked), MOST_COUNTED + 1)


@dataclass(frozen=True)
class QueueFilter:
    """What the address of the queue asks for."""

    q: str = ""
    kind: str = ""
    industry: str = ""
    company: str = ""
    urgent: bool = False
    expedited: bool = False
    overdue: bool = False
    paused: bool = False
    mine: bool = False
    unclaimed: bool = False

    def apply(self, rows: QuerySet[Review], *, user: User, now: dt.datetime) -> QuerySet[Review]:
        """Those of the rows that fit."""
        conditions: dict[str, Callable[[], Q]] = {
            "q": lambda: matching(self.q.strip()),
            "kind": lambda: Q(kind=self.kind),
            "industry": lambda: Q(company__industry__code=self.industry),
            "company": lambda: Q(company__in=Company.objects.filter(ref=self.company).values("pk")),
            "urgent": lambda: Q(is_urgent=True),
            "expedited": lambda: Q(is_expedited=True),
            "overdue": lambda: is_overdue(now),
            "paused": lambda: Q(paused()),
            "mine": lambda: Q(claimed_by=user),
            "unclaimed": lambda: is_free(now),
        }
        for name, condition in conditions.items():
            if getattr(self, name):
                rows = rows.filter(condition())
        return rows


def matching(text: str) -> Q:
    """Reviews by reference, by the name or credit code of the company, or by a number in any shape, masked too."""
    companies = Company.objects.filter(Q(name__icontains=text) | Q(credit_code__istartswith=text))
    return Q(ref__startswith=text.lower()) | Q(company__in=companies.values("pk")) | about_numbers(text)


def is_free(now: dt.datetime) -> Q:
    """Nobody holds the review, or its holder has been away for too long."""
    return Q(claimed_by__isnull=True) | Q(claim_active_at__lt=now - CLAIM_IDLE)


def is_overdue(now: dt.datetime) -> Q:
    """The promise is broken: marked by the engine, or about to be. A clock that stands still breaks none."""
    return Q(overdue_since__isnull=False) | (Q(due_at__lte=now) & ~Q(paused()))


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
    """What waits, what is late or will be within a day, what is the person's own; a constant number of queries.

    Figures beyond `MOST_COUNTED` stop there.
    """
    rows = queue_for(user)
    by_due = rows.select_related("company", "claimed_by").order_by("due_at", "id")
    first = list(by_due[:size])
    return DeskSummary(
        waiting=counted(rows),
        overdue=count_overdue(rows, now),
        at_risk=counted(by_due.filter(due_at__gt=now, due_at__lte=now + AT_RISK)),
        mine=counted(by_due.filter(claimed_by=user)),
        unclaimed=counted(rows.filter(is_free(now))),
        earliest_due=first[0].due_at if first else None,
        first=first,
        my_cases=list(by_due.filter(claimed_by=user)[:size]),
    )
