"""Decisions that can be taken back for half a minute: nothing happens before, once after, and nobody slips in between."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from django_q.models import OrmQ

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.applications.models import Application
from certification.applications.submission import withdraw
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.reviews import desk, staging
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState, StagedDecision
from certification.reviews.queue import queue_for
from tests.cast import Cast
from tests.certification.applications.making import LATER, claimed, make_submitted, purpose_item
from tests.certification.reviews.test_desk import at_once, take
from tests.invariants import assert_invariants

SOON = LATER + dt.timedelta(seconds=10)
STANDS = LATER + staging.UNDO_FOR


def stage(
    cast: Cast, review: Review, decision: Decision = Decision.RETURNED, *, now: dt.datetime = LATER
) -> StagedDecision:
    return staging.stage(
        review=review,
        reviewer=cast.reviewer,
        decision=decision,
        text="请写清楚",
        items=[purpose_item()] if decision != Decision.APPROVED else [],
        internal_note="电话里说过",
        actor=Actor(Actor.person(cast.reviewer).kind, cast.reviewer.pk, "192.0.2.7", "request-1"),
        now=now,
    )


def staged_case(cast: Cast) -> tuple[Application, Review]:
    application = make_submitted(cast)
    review = claimed(cast, application)
    stage(cast, review)
    return application, review


def test_nothing_happens_until_it_stands(cast: Cast) -> None:
    before = set(Notice.objects.values_list("pk", flat=True))
    application, review = staged_case(cast)
    review.refresh_from_db()
    application.refresh_from_db()
    assert (review.state, review.decision, application.state) == (ReviewState.OPEN, "", "in_review")
    assert (
        set(Notice.objects.values_list("pk", flat=True))
        == set(Notice.objects.filter(kind="application_submitted").values_list("pk", flat=True)) | before
    )
    assert not JournalEntry.objects.filter(subject="review", after="decided").exists()
    assert not ReviewItem.objects.exists()
    assert list(queue_for(cast.lead)) == []
    assert tick(now=STANDS - dt.timedelta(seconds=1)).decided == 0


def test_tick_applies_once_what_stands(cast: Cast) -> None:
    application, review = staged_case(cast)
    assert (tick(now=STANDS).decided, tick(now=STANDS).decided) == (1, 0)
    review.refresh_from_db()
    application.refresh_from_db()
    assert (review.decision, review.decision_text, review.internal_note) == ("returned", "请写清楚", "电话里说过")
    assert (review.decided_at, application.state) == (LATER, "returned")
    entry = JournalEntry.objects.get(subject="review", after="decided")
    assert (entry.at, entry.actor, entry.origin, entry.request_id) == (STANDS, cast.reviewer, "192.0.2.7", "request-1")
    assert [(item.item_name, item.text) for item in review.items.all()] == [("purpose", "请写明致电对象")]
    assert not StagedDecision.objects.exists()
    assert_invariants()


def test_queue_has_a_task_for_the_moment(cast: Cast) -> None:
    """The task waits in the queue's table until the decision stands; one that is refused leaves none."""
    review = claimed(cast, make_submitted(cast))
    OrmQ.objects.all().delete()
    stage(cast, review)
    (task,) = OrmQ.objects.all()
    assert (task.func(), task.lock) == (staging.APPLY_TASK, STANDS)


def test_undo_gives_the_case_back_with_its_words(cast: Cast) -> None:
    application, review = staged_case(cast)
    staging.undo(review=review, by=cast.reviewer, actor=Actor.person(cast.reviewer), now=SOON)
    assert tick(now=STANDS + dt.timedelta(minutes=1)).decided == 0
    review.refresh_from_db()
    application.refresh_from_db()
    assert (review.state, review.claimed_by, review.claim_active_at) == (ReviewState.OPEN, cast.reviewer, SOON)
    assert application.state == "in_review"
    kept = staging.kept_words(review=review, user=cast.reviewer, decision="returned")
    assert kept is not None
    assert (kept.text, kept.internal_note, kept.items[0]["text"]) == ("请写清楚", "电话里说过", "请写明致电对象")
    assert staging.kept_words(review=review, user=cast.lead, decision="returned") is None
    rows = JournalEntry.objects.filter(subject="review", aspect="decision")
    assert list(rows.values_list("before", "after")) == [("returned", "undone")]
    with pytest.raises(staging.TooLate):
        staging.undo(review=review, by=cast.reviewer, actor=Actor.person(cast.reviewer), now=SOON)
    assert_invariants()


def test_only_the_decider_and_leads_undo(cast: Cast) -> None:
    _application, review = staged_case(cast)
    with pytest.raises(staging.NotTheirs):
        staging.undo(review=review, by=cast.second_reviewer, actor=Actor.person(cast.second_reviewer), now=SOON)
    staging.undo(review=review, by=cast.lead, actor=Actor.person(cast.lead), now=SOON)
    assert desk.staged_decision(review) is None


def test_nobody_slips_in_between(cast: Cast) -> None:
    """While it can be taken back nobody claims, takes over, hands on, releases or decides the case."""
    _application, review = staged_case(cast)
    second = Actor.person(cast.second_reviewer)
    late = LATER + desk.CLAIM_IDLE * 2
    with pytest.raises(desk.DecisionStaged) as named:
        take(Review.objects.get(pk=review.pk), cast.second_reviewer, late)
    assert named.value.staged.decided_by == cast.reviewer
    with pytest.raises(desk.DecisionStaged):
        desk.reassign(review=review, to=cast.second_reviewer, actor=Actor.person(cast.lead), now=SOON)
    with pytest.raises(desk.DecisionStaged):
        stage(cast, review, Decision.APPROVED, now=SOON)
    desk.release(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=SOON)
    review.refresh_from_db()
    assert review.claimed_by == cast.reviewer
    everything = Review.objects.filter(state=ReviewState.OPEN)
    assert desk.claim_next(queue=everything, reviewer=cast.second_reviewer, actor=second, now=late) is None


def test_same_decision_again_is_the_same(cast: Cast) -> None:
    _application, review = staged_case(cast)
    again = stage(cast, review, now=SOON)
    assert (again.stands_at, StagedDecision.objects.count()) == (STANDS, 1)


def test_withdrawn_meanwhile_is_told_to_the_reviewer(cast: Cast) -> None:
    application, review = staged_case(cast)
    withdraw(application=application, actor=Actor.person(cast.operator), now=SOON)
    assert staging.apply_due(now=STANDS).as_dict() == {"applied": 0, "refused": 1}
    review.refresh_from_db()
    assert review.state == ReviewState.CANCELLED
    notice = Notice.objects.get(kind="decision_refused")
    assert (notice.recipient, notice.context["review"]) == (cast.reviewer, review.ref)
    assert notice.context["reason"]
    assert staging.apply_due(now=STANDS).as_dict() == {"applied": 0, "refused": 0}
    assert_invariants()


def test_overhaul_that_begins_meanwhile_keeps_case_and_words(cast: Cast) -> None:
    _application, review = staged_case(cast)
    Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="standard_overhaul"),
        scope="industry",
        industry=cast.clinic.industry,
        planned_start=SOON,
        planned_end=SOON + dt.timedelta(days=10),
        urgent_appeals_only=True,
        created_at=LATER,
    )
    tick(now=SOON)
    assert tick(now=STANDS).decided == 0
    review.refresh_from_db()
    assert (review.state, review.claimed_by) == (ReviewState.OPEN, cast.reviewer)
    kept = staging.kept_words(review=review, user=cast.reviewer, decision="returned")
    assert kept is not None
    assert kept.refusal
    assert review in queue_for(cast.reviewer)


def test_staged_case_is_neither_late_nor_idle(cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    Review.objects.filter(pk=review.pk).update(due_at=SOON)
    stage(cast, review)
    counts = tick(now=STANDS - dt.timedelta(seconds=1))
    assert (counts.overdue, counts.released) == (0, 0)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_undo_against_application_is_one_of_both(cast: Cast) -> None:
    """R4: undo, "apply now" and the queue's task at the same instant: it is undone or it stands, never both."""
    now = timezone.now()
    application = make_submitted(cast)
    review = claimed(cast, application, now)
    stage(cast, review, now=now)
    outcomes: list[str] = []

    def undoing() -> None:
        try:
            staging.undo(review=review, by=cast.reviewer, actor=Actor.person(cast.reviewer), now=now)
            outcomes.append("undone")
        except staging.TooLate:
            pass

    def applying() -> None:
        outcomes.extend(["applied"] * staging.apply_due(now=now + staging.UNDO_FOR).applied)

    at_once(undoing, applying, applying)
    assert len(outcomes) == 1
    review.refresh_from_db()
    assert (review.state == ReviewState.DECIDED) == (outcomes == ["applied"])
    assert_invariants()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_decide_at_once_one_is_told_who_was_first(cast: Cast) -> None:
    """Two windows of the holder decide differently at the same instant: one decision, one clear refusal."""
    now = timezone.now()
    review = claimed(cast, make_submitted(cast), now)
    outcomes: list[str] = []

    def deciding(decision: Decision) -> None:
        try:
            stage(cast, review, decision, now=now)
            outcomes.append("staged")
        except desk.DecisionStaged as late:
            outcomes.append(f"refused: {late.staged.decided_by}")

    at_once(lambda: deciding(Decision.RETURNED), lambda: deciding(Decision.REJECTED))
    assert sorted(outcomes) == ["refused: reviewer", "staged"]
    assert StagedDecision.objects.count() == 1
