"""The one writer of reviews: opening, claiming, releasing, deciding, cancelling, extending."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import models, transaction

from accounts import journal
from accounts.companies import Company, CompanyKind
from accounts.journal import Actor
from accounts.users import User
from accounts.working_days import stored_calendar
from certification.reviews.due_times import promised
from certification.reviews.models import Decision, Review, ReviewItem, ReviewKind, ReviewState
from certification.reviews.subjects import SUBJECTS

#: A claim without activity is released after this long (interface, review desk).
CLAIM_IDLE = dt.timedelta(minutes=30)

#: The lifecycle of a review as data: from -> the states it can move to.
TRANSITIONS: dict[ReviewState, tuple[ReviewState, ...]] = {
    ReviewState.OPEN: (ReviewState.DECIDED, ReviewState.CANCELLED),
    ReviewState.DECIDED: (),
    ReviewState.CANCELLED: (),
}


class ClaimConflict(Exception):
    """Somebody else holds the review."""

    def __init__(self, holder: User) -> None:
        super().__init__(str(holder))
        self.holder = holder


class AlreadyDecided(Exception):
    """The review was decided or withdrawn in the meantime."""

    def __init__(self, review: Review) -> None:
        super().__init__(review.state)
        self.review = review


class NotClaimed(Exception):
    """Only who holds a review can decide it."""


class OwnSubmission(Exception):
    """Nobody decides what they handed in themselves."""


class ReasonMissing(Exception):
    """A decision needs a reason that the company can read; a return says what is wrong with which item."""


@transaction.atomic
def open_review(
    *,
    kind: ReviewKind,
    company: Company,
    subject: str,
    subject_id: int,
    submitted_by: User | None,
    actor: Actor,
    now: dt.datetime,
    urgent: bool = False,
    times_returned: int = 0,
) -> Review:
    """Open a review with its promised due time, or return the one that is open for this subject already.

    Cases of public services are urgent by default (domain section 2). `times_returned` counts returns of what this
    subject takes the place of; its own are added.
    """
    existing = Review.objects.filter(subject=subject, subject_id=subject_id, state=ReviewState.OPEN).first()
    if existing is not None:
        return existing
    due_from, due_at = promised(kind, now, zone=company.zone, calendar=stored_calendar())
    times_returned += Review.objects.filter(subject=subject, subject_id=subject_id, decision=Decision.RETURNED).count()
    review = Review.objects.create(
        kind=kind,
        company=company,
        subject=subject,
        subject_id=subject_id,
        submitted_by=submitted_by,
        opened_at=now,
        due_from=due_from,
        due_at=due_at,
        is_urgent=urgent or company.kind == CompanyKind.PUBLIC_SERVICE,
        times_returned=times_returned,
    )
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="review",
        subject_id=review.pk,
        aspect="state",
        after=ReviewState.OPEN,
        detail={"kind": kind},
    )
    return review


@transaction.atomic
def claim(*, review: Review, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Make `reviewer` the holder; a second claim by the same person refreshes the first.

    Raises ClaimConflict naming the holder, OwnSubmission, or AlreadyDecided.
    """
    if review.submitted_by_id == reviewer.pk:
        raise OwnSubmission
    free = models.Q(claimed_by__isnull=True) | models.Q(claim_active_at__lt=now - CLAIM_IDLE)
    before = review.claimed_by_id
    if before == reviewer.pk and touch_claim(review=review, reviewer=reviewer, now=now):
        return
    taken = Review.objects.filter(free, pk=review.pk, state=ReviewState.OPEN).update(
        claimed_by=reviewer, claimed_at=now, claim_active_at=now
    )
    if not taken:
        review.refresh_from_db()
        if review.state != ReviewState.OPEN:
            raise AlreadyDecided(review)
        if review.claimed_by_id == reviewer.pk:
            return
        assert review.claimed_by is not None
        raise ClaimConflict(review.claimed_by)
    review.claimed_by, review.claimed_at, review.claim_active_at = reviewer, now, now
    journal.record(
        at=now,
        actor=actor,
        company_id=review.company_id,
        subject="review",
        subject_id=review.pk,
        aspect="claim",
        before=str(before or ""),
        after=str(reviewer.pk),
    )
    subject = SUBJECTS.get(review.subject)
    if subject is not None and hasattr(subject, "claimed"):
        subject.claimed(review=review, actor=actor, now=now)


def touch_claim(*, review: Review, reviewer: User, now: dt.datetime) -> bool:
    """Note that the holder is still at work; False when somebody else holds the review by now."""
    return bool(
        Review.objects.filter(pk=review.pk, claimed_by=reviewer, state=ReviewState.OPEN).update(claim_active_at=now)
    )


@transaction.atomic
def claim_next(*, queue: models.QuerySet[Review], reviewer: User, actor: Actor, now: dt.datetime) -> Review | None:
    """Claim the first free review of the queue; two reviewers at once get different ones. None when nothing is free."""
    free = models.Q(claimed_by__isnull=True) | models.Q(claim_active_at__lt=now - CLAIM_IDLE)
    review = (
        queue.filter(free, state=ReviewState.OPEN)
        .exclude(submitted_by=reviewer)
        .select_for_update(skip_locked=True, of=("self",))
        .first()
    )
    if review is not None:
        claim(review=review, reviewer=reviewer, actor=actor, now=now)
    return review


@transaction.atomic
def release(*, review: Review, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Give the review back; doing it twice, or without holding it, does nothing."""
    released = Review.objects.filter(pk=review.pk, claimed_by=reviewer, state=ReviewState.OPEN).update(
        claimed_by=None, claimed_at=None, claim_active_at=None
    )
    if released:
        journal.record(
            at=now,
            actor=actor,
            company_id=review.company_id,
            subject="review",
            subject_id=review.pk,
            aspect="claim",
            before=str(reviewer.pk),
            after="",
        )


@transaction.atomic
def reassign(*, review: Review, to: User, actor: Actor, now: dt.datetime) -> None:
    """A lead hands an open review to `to`, whoever holds it. Raises OwnSubmission or AlreadyDecided."""
    if review.submitted_by_id == to.pk:
        raise OwnSubmission
    current = Review.objects.select_for_update(of=("self",)).get(pk=review.pk)
    if current.state != ReviewState.OPEN:
        raise AlreadyDecided(current)
    if current.claimed_by_id == to.pk:
        return
    Review.objects.filter(pk=review.pk).update(claimed_by=to, claimed_at=now, claim_active_at=now)
    journal.record(
        at=now,
        actor=actor,
        company_id=review.company_id,
        subject="review",
        subject_id=review.pk,
        aspect="claim",
        before=str(current.claimed_by_id or ""),
        after=str(to.pk),
    )


@transaction.atomic
def decide(
    *,
    review: Review,
    reviewer: User,
    decision: Decision,
    text: str,
    actor: Actor,
    now: dt.datetime,
    items: Sequence[ReviewItem] = (),
    internal_note: str = "",
) -> None:
    """Decide the review once, and do what the decision means for its subject in the same transaction.

    `text` is what the company reads; a return needs at least one item or a text. Raises NotClaimed, OwnSubmission,
    ReasonMissing, or AlreadyDecided (whose review names who decided and how).
    """
    if review.submitted_by_id == reviewer.pk:
        raise OwnSubmission
    if not text.strip() or (decision == Decision.RETURNED and not items):
        raise ReasonMissing
    current = Review.objects.select_for_update(of=("self",)).select_related("company").get(pk=review.pk)
    if current.state != ReviewState.OPEN:
        raise AlreadyDecided(current)
    if current.claimed_by_id != reviewer.pk:
        raise NotClaimed
    changes: dict[str, Any] = {
        "state": ReviewState.DECIDED,
        "decision": decision,
        "decided_by": reviewer,
        "decided_at": now,
        "decision_text": text.strip(),
        "internal_note": internal_note.strip(),
    }
    for field, value in changes.items():
        setattr(current, field, value)
        setattr(review, field, value)
    current.save(update_fields=list(changes))
    for item in items:
        item.review = current
    ReviewItem.objects.bulk_create(items)
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="review",
        subject_id=current.pk,
        aspect="state",
        before=ReviewState.OPEN,
        after=ReviewState.DECIDED,
        reason=text.strip(),
        detail={"decision": decision, "kind": current.kind},
    )
    SUBJECTS[current.subject].decide(review=current, decision=decision, items=items, actor=actor, now=now)


@transaction.atomic
def cancel(*, subject: str, subject_id: int, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Withdraw the open review of a thing, if there is one; its holder loses it."""
    review = (
        Review.objects.select_for_update(of=("self",))
        .filter(subject=subject, subject_id=subject_id, state=ReviewState.OPEN)
        .first()
    )
    if review is None:
        return
    Review.objects.filter(pk=review.pk).update(
        state=ReviewState.CANCELLED, claimed_by=None, claimed_at=None, claim_active_at=None
    )
    journal.record(
        at=now,
        actor=actor,
        company_id=review.company_id,
        subject="review",
        subject_id=review.pk,
        aspect="state",
        before=ReviewState.OPEN,
        after=ReviewState.CANCELLED,
        reason=reason,
    )
