"""The queue as it was at a past moment, for staff who look back: what was open then, how urgent, who held it, due when.

What changes in place of a review has its past in the journal; due times in their extensions, standstill in its pauses.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db.models import (
    BooleanField,
    Case,
    CharField,
    Exists,
    ExpressionWrapper,
    F,
    IntegerField,
    OuterRef,
    Prefetch,
    Q,
    QuerySet,
    Subquery,
    Value,
    When,
)
from django.db.models.expressions import Combinable
from django.db.models.functions import Cast, Concat, Lower
from django.db.models.lookups import Exact

from accounts.companies import Industry
from accounts.journal import JournalEntry, value_at
from accounts.past_companies import companies_at, recall_companies
from accounts.users import User
from certification.maintenance.past import due_then, recall_maintenance
from certification.reviews.models import Review, ReviewPause, ReviewState
from certification.reviews.number_search import about_numbers
from certification.reviews.queue import QueueFilter

#: As in `queue.ORDER`, by the values of then.
ORDER_THEN = ("rank_then", "due_then", "id")


def latest(at: dt.datetime, subject_id: str, aspect: str | Combinable) -> Subquery:
    """The value that the journal has of a review's aspect at the moment; null where there is none yet."""
    rows = JournalEntry.objects.filter(subject="review", subject_id=OuterRef(subject_id), aspect=aspect, at__lte=at)
    return Subquery(rows.order_by("-at", "-id").values("after")[:1])


def pauses_at(at: dt.datetime) -> QuerySet[ReviewPause]:
    """The pauses that the portal showed at the moment: those by maintenance as journalled, the others by their own times."""
    aspect = Concat(Value("pause:"), Cast(OuterRef("maintenance_id"), CharField()))
    own = Q(maintenance__isnull=True, started_at__lte=at) & (Q(ended_at__isnull=True) | Q(ended_at__gt=at))
    return ReviewPause.objects.alias(journalled=latest(at, "review_id", aspect)).filter(
        own | Q(maintenance__isnull=False, journalled="paused")
    )


def queue_at(user: User, at: dt.datetime) -> QuerySet[Review]:
    """What was open at the moment, in the order of then; annotated with the values of then."""
    if not user.is_staff:
        return Review.objects.none()
    state = value_at(subject="review", subject_id=OuterRef("pk"), aspect="state", at=at, present=F("state"))
    opened = Review.objects.filter(opened_at__lte=at)
    # Three parts, so that each is read from what fits it: the open ones, the decisions since then, the withdrawals.
    then_open = opened.filter(state=ReviewState.OPEN).values("pk")
    decided_since = opened.filter(state=ReviewState.DECIDED, decided_at__gt=at).values("pk")
    withdrawn_since = (
        opened.filter(state=ReviewState.CANCELLED).alias(then=state).filter(then=ReviewState.OPEN).values("pk")
    )

    def flag(aspect: str, column: str) -> ExpressionWrapper[Q]:
        present = Cast(F(column), CharField())
        then = value_at(subject="review", subject_id=OuterRef("pk"), aspect=aspect, at=at, present=present)
        return ExpressionWrapper(Q(Exact(Lower(then), Value("true"))), output_field=BooleanField())

    return (
        Review.objects.filter(pk__in=then_open.union(decided_since, withdrawn_since, all=True))
        .annotate(
            due_then=due_then(at),
            urgent_then=flag("urgent", "is_urgent"),
            expedited_then=flag("expedited", "is_expedited"),
            late_then=Exists(
                JournalEntry.objects.filter(
                    subject="review", subject_id=OuterRef("pk"), aspect="overdue", after="overdue", at__lte=at
                )
            ),
            holder_then=latest(at, "pk", "claim"),
        )
        .annotate(
            rank_then=Case(When(urgent_then=True, then=0), default=4, output_field=IntegerField())
            + Case(When(expedited_then=True, then=0), default=2, output_field=IntegerField())
            + Case(When(late_then=True, then=0), default=1, output_field=IntegerField())
        )
        .order_by(*ORDER_THEN)
    )


def is_paused(at: dt.datetime) -> Exists:
    """Whether the clock of the review stood still."""
    return Exists(pauses_at(at).filter(review=OuterRef("pk")))


def is_late(at: dt.datetime) -> Q:
    """Whether the promise was broken; a clock that stood still broke none."""
    return Q(late_then=True) | (Q(due_then__lte=at) & ~Q(is_paused(at)))


def narrowed(chosen: QueueFilter, rows: QuerySet[Review], *, user: User, at: dt.datetime) -> QuerySet[Review]:
    """Those of the rows of `queue_at` that fit, by the values of then; numbers are found by those of today."""

    def matching() -> Q:
        text = chosen.q.strip()
        named = companies_at(at).filter(Q(name_then__icontains=text) | Q(credit_code_then__istartswith=text))
        return Q(ref__startswith=text.lower()) | Q(company__in=named.values("pk")) | about_numbers(text)

    def industry() -> Q:
        then = value_at(
            subject="company",
            subject_id=OuterRef("company_id"),
            aspect="industry",
            at=at,
            present=Cast(F("company__industry_id"), CharField()),
        )
        key = Industry.objects.filter(code=chosen.industry).values_list("pk", flat=True).first()
        return Q(Exact(then, Value(str(key))))

    conditions: dict[str, Callable[[], Q]] = {
        "q": matching,
        "kind": lambda: Q(kind=chosen.kind),
        "industry": industry,
        "company": lambda: Q(company__ref=chosen.company),
        "urgent": lambda: Q(urgent_then=True),
        "expedited": lambda: Q(expedited_then=True),
        "overdue": lambda: is_late(at),
        "paused": lambda: Q(is_paused(at)),
        "mine": lambda: Q(holder_then=str(user.pk)),
        "unclaimed": lambda: Q(holder_then__isnull=True) | Q(holder_then=""),
    }
    for name, condition in conditions.items():
        if getattr(chosen, name):
            rows = rows.filter(condition())
    return rows


def listed_at(rows: QuerySet[Review], at: dt.datetime) -> QuerySet[Review]:
    """The rows with the companies and pauses that `recall_reviews` puts back."""
    why = pauses_at(at).select_related("maintenance__cause").order_by("pk")
    return rows.select_related("company__industry").prefetch_related(
        Prefetch("pauses", queryset=why, to_attr="open_pauses")
    )


def recall_reviews(rows: Sequence[Review], *, at: dt.datetime) -> None:
    """Give the reviews of `listed_at` what was written in them at the moment, in memory only; five queries at most."""
    holders = User.objects.in_bulk({int(row.holder_then) for row in rows if row.holder_then})  # type: ignore[attr-defined]
    companies = {row.company_id: row.company for row in rows}
    recall_companies(companies.values(), at=at)
    for row in rows:
        row.company = companies[row.company_id]
        row.due_at = row.due_then  # type: ignore[attr-defined]
        row.is_urgent, row.is_expedited = row.urgent_then, row.expedited_then  # type: ignore[attr-defined]
        row.overdue_since = row.due_at if row.late_then else None  # type: ignore[attr-defined]
        row.claimed_by = holders.get(int(row.holder_then)) if row.holder_then else None  # type: ignore[attr-defined]
    pausing = [pause.maintenance for row in rows for pause in row.open_pauses if pause.maintenance is not None]  # type: ignore[attr-defined]
    if pausing:
        recall_maintenance(pausing, at=at)
