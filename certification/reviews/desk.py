"""The one writer of reviews: opening, claiming, releasing, deciding, cancelling. Their clocks move in `clocks`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import IntegrityError, models, transaction
from django.db.models.functions import Coalesce, Greatest

from accounts import journal
from accounts.access import Permission, staff_may
from accounts.companies import Company, CompanyKind
from accounts.journal import Actor
from accounts.users import User
from accounts.working_days import WorkingCalendar, stored_calendar
from certification.maintenance.models import LengthUnit, Maintenance
from certification.reviews.clocks import settle_clocks
from certification.reviews.deferrals import paused, pauses_of
from certification.reviews.due_times import PROMISES, promised
from certification.reviews.models import (
    Decision,
    Review,
    ReviewItem,
    ReviewKind,
    ReviewPause,
    ReviewState,
    StagedDecision,
)
from certification.reviews.subjects import SUBJECTS, claimed, closed_to, is_involved, may_decide

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


class DecisionStaged(Exception):
    """The review has a decision that stands shortly; until then nobody else claims or decides it."""

    def __init__(self, staged: StagedDecision) -> None:
        super().__init__(staged.decision)
        self.staged = staged


class NotClaimed(Exception):
    """Only who holds a review can decide it."""


class OwnSubmission(Exception):
    """Nobody decides what they handed in themselves, or what their own company did."""


class NotAReviewer(Exception):
    """A case can be taken by, or handed to, only somebody who may decide it."""


class WrongDecision(Exception):
    """The decision makes no sense for this kind of case."""


class Deferred(Exception):
    """The clock of the review stands still: a maintenance defers its kind, or its subject waits for the company."""

    def __init__(self, maintenance: Maintenance | None, reason: str = "") -> None:
        super().__init__(str(maintenance or reason or "paused"))
        self.maintenance, self.reason = maintenance, reason


class ReasonMissing(Exception):
    """A decision needs a reason that the company can read; a return says what is wrong with which item."""


@transaction.atomic
def open_review(
    *,
    kind: ReviewKind,
    company: Company,
    subject: str,
    subject_id: int,
    submitted_by_id: int | None,
    actor: Actor,
    now: dt.datetime,
    urgent: bool = False,
    times_returned: int = 0,
) -> Review:
    """Open a review with its promised due time, or return the one that is open for this subject already.

    Cases of public services are urgent by default (domain section 2).
    `times_returned` counts returns of what this subject takes the place of; its own are added.
    """
    open_one = Review.objects.filter(subject=subject, subject_id=subject_id, state=ReviewState.OPEN)
    earlier = Review.objects.filter(subject=subject, subject_id=subject_id).values_list("state", "decision")
    for state, decision in earlier:
        if state == ReviewState.OPEN:
            return open_one.get()
        times_returned += decision == Decision.RETURNED
    due_from, due_at = promised(kind, now, zone=company.zone, calendar=calendar_for(kind))
    try:
        with transaction.atomic():
            review = Review.objects.create(
                kind=kind,
                company=company,
                subject=subject,
                subject_id=subject_id,
                submitted_by_id=submitted_by_id,
                opened_at=now,
                due_from=due_from,
                due_at=due_at,
                is_urgent=urgent or company.kind == CompanyKind.PUBLIC_SERVICE,
                times_returned=times_returned,
            )
    except IntegrityError:  # somebody else opened it between the look and the insert (review_open_once)
        return open_one.get()
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
    if settle_clocks(now=now, actor=actor, review_id=review.pk).extended:
        review.refresh_from_db(fields=["due_from", "due_at"])
    return review


def calendar_for(kind: ReviewKind) -> WorkingCalendar:
    """The working calendar by which this kind is promised; it is read only where the promise is in working days."""
    in_working_days = PROMISES[kind].unit == LengthUnit.WORKING_DAYS
    return stored_calendar() if in_working_days else WorkingCalendar()


def open_reviews(
    *,
    kind: ReviewKind,
    subject: str,
    subjects: Sequence[tuple[int, Company]],
    submitted_by_id: int | None,
    actor: Actor,
    now: dt.datetime,
    with_changes: Sequence[journal.Change] = (),
) -> list[Review]:
    """Open a review for each of these things, none of which has one open, in the caller's transaction.

    Three statements however many they are (one more where the promise is in working days). `with_changes` are journalled
    with the reviews: what the caller changed about their subjects.
    """
    calendar = calendar_for(kind)
    rows = []
    for subject_id, company in subjects:
        due_from, due_at = promised(kind, now, zone=company.zone, calendar=calendar)
        rows.append(
            Review(
                kind=kind,
                company=company,
                subject=subject,
                subject_id=subject_id,
                submitted_by_id=submitted_by_id,
                opened_at=now,
                due_from=due_from,
                due_at=due_at,
                is_urgent=company.kind == CompanyKind.PUBLIC_SERVICE,
            )
        )
    reviews = Review.objects.bulk_create(rows)
    journal.record_many(
        at=now,
        actor=actor,
        changes=[
            *with_changes,
            *(
                journal.Change(
                    "review", review.pk, "state", "", ReviewState.OPEN, review.company_id, detail={"kind": kind}
                )
                for review in reviews
            ),
        ],
    )
    settle_clocks(now=now, actor=actor)
    return reviews


def locked(review: Review) -> Review:
    """The row as it is now, locked until the end of the transaction.

    Nothing is joined: after waiting for the lock PostgreSQL reads the row anew, but not what is joined to it.
    """
    return Review.objects.select_for_update(no_key=True).get(pk=review.pk)


def hand_to(*, current: Review, to: User, actor: Actor, now: dt.datetime) -> None:
    """Make `to` the holder of the locked row, journal it, and tell the subject."""
    before = current.claimed_by_id
    Review.objects.filter(pk=current.pk).update(claimed_by=to, claimed_at=now, claim_active_at=now)
    current.claimed_by, current.claimed_at, current.claim_active_at = to, now, now
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="review",
        subject_id=current.pk,
        aspect="claim",
        before=str(before or ""),
        after=str(to.pk),
    )
    claimed(review=current, actor=actor, now=now)


def show_holder(*, review: Review, current: Review) -> None:
    """Let the caller's object say who holds the case now."""
    for field in ("claimed_by", "claimed_at", "claim_active_at"):
        setattr(review, field, getattr(current, field))


def staged_decision(review: Review) -> StagedDecision | None:
    """The decision that stands shortly, with who made it."""
    rows = StagedDecision.objects.filter(review=review, stands_at__isnull=False)
    if not rows.exists():  # mostly there is none: then what it would be joined to is not read
        return None
    return rows.select_related("decided_by", "review").first()


def require_open(current: Review) -> bool:
    """Raise AlreadyDecided or DecisionStaged where nobody can work on the locked row any more.

    Returns whether the words of a decision that came to nothing are kept for another try.
    """
    if current.state != ReviewState.OPEN:
        raise AlreadyDecided(current)
    kept = list(StagedDecision.objects.filter(review=current).values_list("stands_at", flat=True))
    if kept and kept[0] is not None:
        staged = staged_decision(current)
        assert staged is not None
        raise DecisionStaged(staged)
    return bool(kept)


@transaction.atomic
def claim(*, review: Review, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Make `reviewer` the holder; a second claim by the same person refreshes the first.

    Raises ClaimConflict naming the holder, OwnSubmission, NotAReviewer, AlreadyDecided or DecisionStaged.
    """
    current = locked(review)
    require_open(current)
    if not may_decide(review=current, user=reviewer):
        raise NotAReviewer
    if is_involved(review=current, user=reviewer):
        raise OwnSubmission
    if current.claimed_by_id == reviewer.pk:
        touch_claim(review=current, reviewer=reviewer, now=now)
        current.claim_active_at = now
    elif current.claimed_by is None or is_idle(current, now):
        hand_to(current=current, to=reviewer, actor=actor, now=now)
    else:
        raise ClaimConflict(current.claimed_by)
    show_holder(review=review, current=current)


def is_idle(review: Review, now: dt.datetime) -> bool:
    """Whether the holder has not been at work for so long that somebody else can take the case."""
    return review.claim_active_at is None or review.claim_active_at < now - CLAIM_IDLE


def touch_claim(*, review: Review, reviewer: User, now: dt.datetime) -> bool:
    """Note that the holder is still at work; False when somebody else holds the review by now."""
    return bool(
        Review.objects.filter(pk=review.pk, claimed_by=reviewer, state=ReviewState.OPEN).update(claim_active_at=now)
    )


@transaction.atomic
def claim_next(*, queue: models.QuerySet[Review], reviewer: User, actor: Actor, now: dt.datetime) -> Review | None:
    """Claim the first free review of the queue; two reviewers at once get different ones. None when nothing is free.

    Cases whose clock stands still, those of the reviewer's own, those that take another role and those with a decision
    that stands shortly are passed over.
    """
    free = models.Q(claimed_by__isnull=True) | models.Q(claim_active_at__lt=now - CLAIM_IDLE)
    claimable = (
        queue.filter(free, state=ReviewState.OPEN)
        .exclude(submitted_by=reviewer)
        .exclude(company__in=list(reviewer.memberships.values_list("company", flat=True)))
        .exclude(subject__in=closed_to(reviewer))
        .exclude(paused())
        .select_for_update(skip_locked=True, of=("self",), no_key=True)
    )
    passed_over: list[int] = []
    while (review := claimable.exclude(pk__in=passed_over).first()) is not None:
        try:
            claim(review=review, reviewer=reviewer, actor=actor, now=now)
        except (OwnSubmission, DecisionStaged):  # only its subject knows, or it was decided at this instant
            passed_over.append(review.pk)
        else:
            return review
    return None


@transaction.atomic
def release(*, review: Review, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Give the review back; doing it twice, without holding it, or with a decision that stands shortly, does nothing."""
    current = locked(review)
    if current.state != ReviewState.OPEN or current.claimed_by_id != reviewer.pk or staged_decision(current):
        return
    Review.objects.filter(pk=current.pk).update(claimed_by=None, claimed_at=None, claim_active_at=None)
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
    """A lead hands an open review to `to`, whoever holds it.

    Raises OwnSubmission, NotAReviewer when `to` may not decide reviews, AlreadyDecided or DecisionStaged.
    """
    current = locked(review)
    require_open(current)
    if not (to.is_active and staff_may(to, Permission.DECIDE_REVIEWS) and may_decide(review=current, user=to)):
        raise NotAReviewer
    if is_involved(review=current, user=to):
        raise OwnSubmission
    if current.claimed_by_id != to.pk:
        hand_to(current=current, to=to, actor=actor, now=now)
    show_holder(review=review, current=current)


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
    decided_at: dt.datetime | None = None,
) -> None:
    """Decide the review once, and do what the decision means for its subject in the same transaction.

    `text` is what the company reads; a return needs at least one item. `decided_at`: when the reviewer decided, where
    that was before `now` (`staging`); figures count by it, everything else is as of `now`. The same decision of the same
    person again is a quiet no-op. Raises NotClaimed, NotAReviewer, OwnSubmission, ReasonMissing, WrongDecision, Deferred,
    DecisionStaged, or AlreadyDecided (whose review names who decided and how); what the subject raises undoes the
    decision.
    """
    current = locked(review)
    if current.state == ReviewState.DECIDED and (current.decided_by_id, current.decision) == (reviewer.pk, decision):
        review.state, review.decision = current.state, current.decision
        return
    # Mostly its clock has never stood still; then neither what stops it nor what is to be counted is looked up.
    has_pauses = ReviewPause.objects.filter(review=current, is_counted=False).exists()
    has_kept_words = require_decidable(
        current=current,
        reviewer=reviewer,
        decision=decision,
        has_reason=bool(text.strip()),
        has_items=bool(items),
        pauses=pauses_of(current) if has_pauses else [],
    )
    changes: dict[str, Any] = {
        "state": ReviewState.DECIDED,
        "decision": decision,
        "decided_by": reviewer,
        "decided_at": decided_at or now,
        "decision_text": text.strip(),
        "internal_note": internal_note.strip(),
    }
    for field, value in changes.items():
        setattr(current, field, value)
        setattr(review, field, value)
    current.save(update_fields=list(changes))
    if has_pauses:
        end_pauses(review=current, now=now)
    for item in items:
        item.review = current
    ReviewItem.objects.bulk_create(items)
    if has_kept_words:
        StagedDecision.objects.filter(review=current).delete()
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


def require_decidable(
    *,
    current: Review,
    reviewer: User,
    decision: Decision,
    has_reason: bool,
    has_items: bool,
    pauses: Sequence[ReviewPause],
) -> bool:
    """Raise what stands against this decision by this person, see `decide`; else what `require_open` returns."""
    if is_involved(review=current, user=reviewer):
        raise OwnSubmission
    has_kept_words = require_open(current)
    if current.claimed_by_id != reviewer.pk:
        raise NotClaimed
    if not may_decide(review=current, user=reviewer):
        raise NotAReviewer
    if decision not in SUBJECTS[current.subject].decisions:
        raise WrongDecision
    if not has_reason or (decision == Decision.RETURNED and not has_items):
        raise ReasonMissing
    if pauses:
        raise Deferred(pauses[0].maintenance, pauses[0].reason)
    return has_kept_words


def end_pauses(*, review: Review, now: dt.datetime) -> None:
    """A review that is over has no clock that could stand still."""
    ReviewPause.objects.filter(review=review, is_counted=False).update(
        ended_at=Coalesce("ended_at", Greatest("started_at", models.Value(now))), is_counted=True
    )


@transaction.atomic
def cancel(*, subject: str, subject_id: int, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Withdraw the open review of a thing, if there is one; its holder loses it."""
    review = (
        Review.objects.select_for_update(no_key=True)
        .filter(subject=subject, subject_id=subject_id, state=ReviewState.OPEN)
        .first()
    )
    if review is None:
        return
    Review.objects.filter(pk=review.pk).update(
        state=ReviewState.CANCELLED, claimed_by=None, claimed_at=None, claim_active_at=None
    )
    end_pauses(review=review, now=now)
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
