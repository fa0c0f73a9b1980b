"""Complaint locks: a maintenance of one number that only a decision ends, and the review that decides it.

A lock opens with its review (due in 48 hours). A reviewer who keeps it closes the review, not the lock: the company can
appeal, or a lead has it looked at again (`review_again`). An appeal that is upheld ends it, too.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db import transaction

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.working_days import WorkingCalendar
from appeals.complaints import counters
from appeals.complaints.telling import tell_of_release
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.due_times import promised
from certification.reviews.models import Review, ReviewKind, ReviewState

#: What the lock's reviews are about: the maintenance.
SUBJECT = "complaint_lock"


#: What else follows from the end of a lock: called with the lock, who, when and why, in the same transaction.
AFTER_RELEASE: list[Callable[[Maintenance, Actor, dt.datetime, str], None]] = []


def open_lock_of(number: PhoneNumber) -> Maintenance | None:
    """The lock that is open on the number, if there is one."""
    return Maintenance.objects.open_at().filter(number=number, locks=True).select_related("cause").first()


def number_of(lock: Maintenance) -> PhoneNumber:
    """The number that is locked, with its company."""
    return PhoneNumber.objects.select_related("company__industry", "provider", "group").get(pk=lock.number_id or 0)


def open_locks(
    *, cause: MaintenanceCause, numbers: Sequence[PhoneNumber], actor: Actor, now: dt.datetime
) -> list[tuple[Maintenance, PhoneNumber]]:
    """Lock these numbers, none of which is locked, each with its review; return the locks beside their numbers.

    In the caller's transaction, which has the numbers' turn; the number of statements does not depend on theirs. Whoever
    calls tells the companies.
    """
    if not numbers:
        return []
    moment = engine_moment(now)
    locks = Maintenance.objects.bulk_create(
        Maintenance(
            cause=cause,
            scope=Scope.NUMBER,
            number=number,
            opened_at=moment,
            held_since=moment,
            expected_from=due_at,
            expected_until=due_at,
            suspends_display=cause.suspends_display,
            locks=cause.locks,
            review_time_factor=cause.review_time_factor,
            defers=cause.defers,
            urgent_appeals_only=cause.urgent_appeals_only,
            created_at=moment,
        )
        for number, due_at in ((number, due_time(number.company, moment)) for number in numbers)
    )
    pairs = list(zip(locks, numbers, strict=True))
    desk.open_reviews(
        kind=ReviewKind.COMPLAINT_LOCK,
        subject=SUBJECT,
        subjects=[(lock.pk, number.company) for lock, number in pairs],
        submitted_by_id=None,
        actor=actor,
        now=moment,
        with_changes=[
            journal.Change("maintenance", lock.pk, "state", "", "open", number.company_id, cause.code)
            for lock, number in pairs
        ],
    )
    return pairs


def due_time(company: Company, now: dt.datetime) -> dt.datetime:
    """Until when a lock of now is decided, if nothing pauses its review."""
    return promised(ReviewKind.COMPLAINT_LOCK, now, zone=company.zone, calendar=WorkingCalendar())[1]


@transaction.atomic
def release(*, lock: Maintenance, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """End the lock and let its counter start again; False when it was over already.

    For the decision of its review and for an appeal that is upheld, in their transaction: a review of the lock that is
    still open is closed with it. The company is told.
    """
    number = number_of(lock)
    counters.take_turn([number.pk])
    take_turn(shared=True)
    moment = engine_moment(now)
    ended = Maintenance.objects.filter(pk=lock.pk, opened_at__isnull=False, closed_at__isnull=True).update(
        closed_at=moment, held_until=moment
    )
    if not ended:
        return False
    lock.closed_at = lock.held_until = moment
    journal.record(
        at=moment,
        actor=actor,
        company_id=number.company_id,
        subject="maintenance",
        subject_id=lock.pk,
        aspect="state",
        before="open",
        after="closed",
        reason=reason,
    )
    counters.count_again(number_id=number.pk, released_at=moment)
    desk.cancel(subject=SUBJECT, subject_id=lock.pk, actor=actor, now=moment, reason=reason)
    tell_of_release(lock=lock, number=number, now=moment)
    for follow in AFTER_RELEASE:
        follow(lock, actor, moment, reason)
    return True


@transaction.atomic
def review_again(*, lock: Maintenance, company: Company, actor: Actor, now: dt.datetime) -> Review | None:
    """A lead has a lock that was kept looked at once more; the open review where there is one; None when it is over."""
    if not Maintenance.objects.open_at().filter(pk=lock.pk, locks=True).exists():
        return None
    review = desk.open_review(
        kind=ReviewKind.COMPLAINT_LOCK,
        company=company,
        subject=SUBJECT,
        subject_id=lock.pk,
        submitted_by_id=None,
        actor=actor,
        now=now,
    )
    Maintenance.objects.filter(pk=lock.pk).update(expected_from=review.due_at, expected_until=review.due_at)
    return review


def review_of(lock: Maintenance) -> Review | None:
    """The lock's latest review: the open one where there is one."""
    reviews = Review.objects.filter(subject=SUBJECT, subject_id=lock.pk)
    return reviews.filter(state=ReviewState.OPEN).first() or reviews.order_by("-opened_at").first()
