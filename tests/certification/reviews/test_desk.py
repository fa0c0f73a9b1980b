"""Claims, decisions and due times of the review desk, also by several people at the same moment."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
from django.db import connection

from accounts.journal import Actor, JournalEntry
from accounts.users import User
from certification.applications.lifecycle import TransitionRefused
from certification.applications.models import ApplicationKind, ApplicationState
from certification.applications.submission import submit, withdraw
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.numbers.models import Provider
from certification.reviews import desk
from certification.reviews.models import Decision, DueTimeExtension, Review, ReviewKind, ReviewState
from certification.reviews.queue import desk_summary, queue_for
from tests.cast import NOW, Cast, add_member, make_company
from tests.certification.applications.making import (
    LATER,
    claimed,
    decided,
    draft_numbers,
    make_draft,
    make_submitted,
    prove_numbers,
    purpose_item,
    review_of,
)


def take(review: Review, reviewer: User, now: dt.datetime = LATER) -> None:
    desk.claim(review=review, reviewer=reviewer, actor=Actor.person(reviewer), now=now)


def open_reviews(cast: Cast, count: int, *, kind: ReviewKind = ReviewKind.APPLICATION) -> list[Review]:
    """Open reviews of things that do not exist, due one after the other."""
    return [
        Review.objects.create(
            kind=kind,
            company=cast.clinic,
            subject="paper",
            subject_id=number,
            opened_at=NOW,
            due_from=NOW,
            due_at=NOW + dt.timedelta(hours=number),
        )
        for number in range(1, count + 1)
    ]


def at_once(*tasks: Callable[[], None]) -> None:
    """Run the tasks in threads of their own, each with its own connection."""

    def run(task: Callable[[], None]) -> None:
        try:
            task()
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[task]) for task in tasks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def test_second_claim_names_holder(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    take(review, cast.reviewer)
    with pytest.raises(desk.ClaimConflict) as lost:
        take(review, cast.second_reviewer)
    assert lost.value.holder == cast.reviewer


def test_claim_again_is_quiet(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    take(review, cast.reviewer)
    take(review, cast.reviewer, LATER + dt.timedelta(minutes=5))
    rows = JournalEntry.objects.filter(subject="review", aspect="claim")
    assert list(rows.values_list("before", "after")) == [("", str(cast.reviewer.pk))]


def test_idle_claim_can_be_taken_over_and_journal_names_both(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    stale = Review.objects.get(pk=review.pk)
    take(review, cast.reviewer)
    take(stale, cast.second_reviewer, LATER + desk.CLAIM_IDLE + dt.timedelta(seconds=1))
    last = JournalEntry.objects.filter(subject="review", aspect="claim").latest("pk")
    assert (last.before, last.after) == (str(cast.reviewer.pk), str(cast.second_reviewer.pk))


def test_nobody_claims_what_they_or_their_company_submitted(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    add_member(cast.clinic, cast.reviewer)
    with pytest.raises(desk.OwnSubmission):
        take(review, cast.reviewer)
    queue = queue_for(cast.reviewer)
    assert desk.claim_next(queue=queue, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=LATER) is None


def test_decision_needs_claim(cast: Cast) -> None:
    """S3: an unclaimed review cannot be decided."""
    review = review_of(make_submitted(cast))
    with pytest.raises(desk.NotClaimed):
        desk.decide(
            review=review,
            reviewer=cast.reviewer,
            decision=Decision.APPROVED,
            text="好",
            actor=Actor.person(cast.reviewer),
            now=LATER,
        )


def test_decision_twice_by_the_same_person_is_one(cast: Cast) -> None:
    application = make_submitted(cast)
    review = decided(cast, application, Decision.APPROVED)
    desk.decide(
        review=review,
        reviewer=cast.reviewer,
        decision=Decision.APPROVED,
        text="再按一次",
        actor=Actor.person(cast.reviewer),
        now=LATER,
    )
    review.refresh_from_db()
    assert review.decision_text == "请见各项说明"
    assert JournalEntry.objects.filter(subject="review", after=ReviewState.DECIDED).count() == 1


def test_another_decision_afterwards_names_who_decided(cast: Cast) -> None:
    application = make_submitted(cast)
    review = decided(cast, application, Decision.APPROVED)
    with pytest.raises(desk.AlreadyDecided) as late:
        desk.decide(
            review=review,
            reviewer=cast.second_reviewer,
            decision=Decision.REJECTED,
            text="不行",
            actor=Actor.person(cast.second_reviewer),
            now=LATER,
        )
    assert (late.value.review.decided_by, late.value.review.decision) == (cast.reviewer, Decision.APPROVED)


@pytest.mark.parametrize(
    ("decision", "text", "with_item"),
    [(Decision.RETURNED, "请改", False), (Decision.RETURNED, " ", True), (Decision.REJECTED, "", False)],
)
def test_decision_needs_reason(cast: Cast, decision: Decision, text: str, with_item: bool) -> None:
    application = make_submitted(cast)
    with pytest.raises(desk.ReasonMissing):
        decided(cast, application, decision, text=text, items=[purpose_item()] if with_item else [])
    application.refresh_from_db()
    assert application.state == ApplicationState.IN_REVIEW


def test_reassign_moves_application_to_review(cast: Cast) -> None:
    application = make_submitted(cast)
    review = review_of(application)
    desk.reassign(review=review, to=cast.second_reviewer, actor=Actor.person(cast.lead), now=LATER)
    application.refresh_from_db()
    assert (review.claimed_by, application.state) == (cast.second_reviewer, ApplicationState.IN_REVIEW)


@pytest.mark.parametrize("name", ["operations", "policy", "auditor", "owner"])
def test_reassign_refuses_who_cannot_decide(cast: Cast, name: str) -> None:
    review = review_of(make_submitted(cast))
    with pytest.raises(desk.NotAReviewer):
        desk.reassign(review=review, to=getattr(cast, name), actor=Actor.person(cast.lead), now=LATER)


def test_release_keeps_application_in_review(cast: Cast) -> None:
    application = make_submitted(cast)
    review = claimed(cast, application)
    for _ in range(2):
        desk.release(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=LATER)
    application.refresh_from_db()
    review.refresh_from_db()
    assert (application.state, review.claimed_by) == (ApplicationState.IN_REVIEW, None)


def running(cause: str, **scope: object) -> Maintenance:
    """An open maintenance with its cause's effects."""
    row = MaintenanceCause.objects.get(code=cause)
    return Maintenance.objects.create(
        cause=row,
        opened_at=NOW - dt.timedelta(days=1),
        held_since=NOW - dt.timedelta(days=1),
        expected_until=NOW + dt.timedelta(days=3),
        suspends_display=row.suspends_display,
        review_time_factor=row.review_time_factor,
        defers=row.defers,
        urgent_appeals_only=row.urgent_appeals_only,
        created_at=NOW,
        **scope,
    )


def test_model_upgrade_stretches_new_applications_by_half(cast: Cast) -> None:
    upgrade = running("model_upgrade", scope="provider", provider=Provider.objects.get(code="official"))
    review = review_of(make_submitted(cast))
    usual = dt.datetime(2026, 12, 2, 16, tzinfo=dt.UTC)
    assert review.due_at == NOW + (usual - NOW) * 1.5
    extension = DueTimeExtension.objects.get(review=review)
    assert (extension.maintenance, extension.due_before, extension.due_after) == (upgrade, usual, review.due_at)
    assert upgrade.review_time_factor == Decimal("1.5")


def test_model_upgrade_leaves_number_changes_alone(cast: Cast) -> None:
    running("model_upgrade", scope="everything")
    application = make_submitted(cast, cast.numbers[:1], kind=ApplicationKind.CHANGE)
    assert not DueTimeExtension.objects.filter(review=review_of(application)).exists()


def test_deferred_kind_cannot_be_decided_until_it_is_over(cast: Cast) -> None:
    application = make_submitted(cast, cast.numbers[:1], kind=ApplicationKind.CHANGE)
    sync = running("data_sync", scope="everything")
    tick(now=NOW)
    with pytest.raises(desk.Deferred) as deferred:
        decided(cast, application, Decision.APPROVED)
    assert deferred.value.maintenance == sync
    queue = queue_for(cast.second_reviewer)
    Review.objects.update(claimed_by=None)
    actor = Actor.person(cast.second_reviewer)
    assert desk.claim_next(queue=queue, reviewer=cast.second_reviewer, actor=actor, now=LATER) is None
    Maintenance.objects.update(closed_at=LATER)
    tick(now=LATER)
    decided(cast, application, Decision.APPROVED)
    assert application.state == ApplicationState.APPROVED


def test_overhaul_lets_urgent_appeals_of_its_industry_pass(cast: Cast) -> None:
    running("standard_overhaul", scope="industry", industry=cast.clinic.industry)
    appeal, urgent = open_reviews(cast, 2, kind=ReviewKind.APPEAL)
    Review.objects.filter(pk=urgent.pk).update(is_urgent=True)
    other = Review.objects.create(
        kind=ReviewKind.APPLICATION,
        company=cast.shop,
        subject="paper",
        subject_id=99,
        opened_at=NOW,
        due_from=NOW,
        due_at=NOW + dt.timedelta(days=9),
    )
    tick(now=NOW)
    actor = Actor.person(cast.reviewer)
    taken = [
        desk.claim_next(queue=queue_for(cast.reviewer), reviewer=cast.reviewer, actor=actor, now=LATER)
        for _ in range(3)
    ]
    assert taken == [urgent, other, None]
    appeal.refresh_from_db()
    assert appeal.claimed_by is None


def test_queue_is_ordered_urgent_expedited_then_due(cast: Cast) -> None:
    first, second, third, fourth = open_reviews(cast, 4)
    Review.objects.filter(pk=third.pk).update(is_expedited=True)
    Review.objects.filter(pk=fourth.pk).update(is_urgent=True)
    assert list(queue_for(cast.auditor)) == [fourth, third, first, second]
    assert list(queue_for(cast.owner)) == []


def test_summary_counts_what_waits(cast: Cast) -> None:
    reviews = open_reviews(cast, 40)
    take(reviews[0], cast.reviewer, NOW)
    summary = desk_summary(cast.reviewer, NOW + dt.timedelta(hours=3))
    figures = (summary.waiting, summary.overdue, summary.at_risk, summary.mine, summary.unclaimed)
    assert figures == (40, 3, 24, 1, 40)  # a claim of three hours ago is free again
    assert summary.earliest_due == reviews[0].due_at
    assert summary.first[:2] == reviews[:2]
    assert summary.my_cases == [reviews[0]]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_twenty_reviewers_at_once_get_different_cases(cast: Cast) -> None:
    reviews = open_reviews(cast, 25)
    reviewers = User.objects.bulk_create([User(email=f"r{n}@example.com") for n in range(20)])
    taken: list[int | None] = []

    def next_case(reviewer: User) -> Callable[[], None]:
        def run() -> None:
            queue = Review.objects.filter(state=ReviewState.OPEN).order_by("due_at", "id")
            review = desk.claim_next(queue=queue, reviewer=reviewer, actor=Actor.person(reviewer), now=NOW)
            taken.append(review.pk if review else None)

        return run

    at_once(*[next_case(reviewer) for reviewer in reviewers])
    assert len(taken) == len(set(taken)) == 20
    assert set(taken) <= {review.pk for review in reviews}


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_reviewers_at_once_claim_one(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    outcomes: list[str] = []

    def claim_as(reviewer: User) -> Callable[[], None]:
        def run() -> None:
            try:
                take(Review.objects.get(pk=review.pk), reviewer)
                outcomes.append("held")
            except desk.ClaimConflict:
                outcomes.append("lost")

        return run

    at_once(claim_as(cast.reviewer), claim_as(cast.second_reviewer), claim_as(cast.lead))
    assert sorted(outcomes) == ["held", "lost", "lost"]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_review_is_opened_once_by_many(cast: Cast) -> None:
    opened: list[int] = []

    def run() -> None:
        review = desk.open_review(
            kind=ReviewKind.MATERIAL,
            company=cast.clinic,
            subject="paper",
            subject_id=7,
            submitted_by_id=None,
            actor=Actor.engine(),
            now=NOW,
        )
        opened.append(review.pk)

    at_once(*[run] * 8)
    assert len(opened) == 8
    assert len(set(opened)) == 1
    assert JournalEntry.objects.filter(subject="review", subject_id=opened[0]).count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_withdrawal_against_decision_leaves_one_outcome(cast: Cast) -> None:
    """Company and reviewer press their buttons at the same moment: one wins, nothing is half done, nobody deadlocks."""
    application = make_submitted(cast)
    review = claimed(cast, application)
    outcomes: list[str] = []

    def approve() -> None:
        try:
            desk.decide(
                review=Review.objects.get(pk=review.pk),
                reviewer=cast.reviewer,
                decision=Decision.APPROVED,
                text="好",
                actor=Actor.person(cast.reviewer),
                now=LATER,
            )
            outcomes.append("approved")
        except desk.AlreadyDecided:
            outcomes.append("too late")

    def take_back() -> None:
        try:
            withdraw(application=application, actor=Actor.person(cast.owner), now=LATER)
            outcomes.append("withdrawn")
        except TransitionRefused:
            outcomes.append("too late")

    at_once(approve, take_back)
    application.refresh_from_db()
    review.refresh_from_db()
    assert sorted(outcomes) in (["approved", "too late"], ["too late", "withdrawn"])
    assert (application.state, review.state) in {("approved", "decided"), ("withdrawn", "cancelled")}


def test_public_service_is_urgent(cast: Cast) -> None:
    company = make_company("市第一医院", kind="public_service")
    review = desk.open_review(
        kind=ReviewKind.COMPANY,
        company=company,
        subject="paper",
        subject_id=1,
        submitted_by_id=None,
        actor=Actor.engine(),
        now=NOW,
    )
    assert review.is_urgent


def test_submission_of_staff_member_cannot_be_decided_by_them(cast: Cast) -> None:
    numbers = draft_numbers(cast, 1)
    prove_numbers(cast, numbers)
    application = make_draft(cast, numbers, proven=False)
    submit(application=application, by=cast.reviewer, actor=Actor.person(cast.reviewer), now=NOW)
    with pytest.raises(desk.OwnSubmission):
        take(review_of(application), cast.reviewer)
