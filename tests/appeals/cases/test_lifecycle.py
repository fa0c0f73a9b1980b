"""The lifecycle of appeals: the table, its one writer, and what every end leaves behind."""

from __future__ import annotations

import itertools
from typing import Any

import pytest

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from appeals.cases.clearance import TRANSITIONS as PLATFORM_MOVES
from appeals.cases.clearance import MoveRefused, set_platform
from appeals.cases.lifecycle import TRANSITIONS, AppealOpen, TransitionRefused, move
from appeals.cases.models import OPEN_STATES, Appeal, AppealKind, AppealState, PlatformState, Urgency
from appeals.cases.submission import Blocked, NotConfirmed, blockers_of, submit, withdraw
from appeals.marks.models import Mark
from certification.applications.revocation import revoke
from certification.maintenance.models import Maintenance
from certification.numbers.models import Lifecycle
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewKind
from certification.reviews.subjects import DecisionRefused
from tests.appeals.cases.making import DAY, HOUR, claim, decide, draft, lock, mark, send, sent
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants


def test_move_does_what_the_table_says_and_nothing_else(cast: Cast) -> None:
    appeal = draft(cast, platforms=["360"])
    until: dict[str, Any] = {"answer_until": NOW + DAY, "next_step_at": NOW}
    for before, to in itertools.product(AppealState, AppealState):
        waits = until if before == AppealState.MORE_INFORMATION else dict.fromkeys(until)
        Appeal.objects.filter(pk=appeal.pk).update(state=before, **waits)
        notes = JournalEntry.objects.filter(subject="appeal", aspect="state").count()
        changes: dict[str, Any] = until if to == AppealState.MORE_INFORMATION else {}
        moved = False
        if before == to or to in TRANSITIONS[before]:
            moved = move(appeal=appeal, to=to, actor=Actor.command(), now=NOW, **changes)
            assert moved == (before != to)
        else:
            with pytest.raises(TransitionRefused):
                move(appeal=appeal, to=to, actor=Actor.command(), now=NOW, **changes)
        assert Appeal.objects.get(pk=appeal.pk).state == (to if moved else before)
        assert JournalEntry.objects.filter(subject="appeal", aspect="state").count() == notes + moved


def test_numbers_are_held_exactly_while_the_appeal_is_open(cast: Cast) -> None:
    appeal = draft(cast, platforms=["360"])
    assert appeal.items.filter(is_open=True).count() == 0
    send(cast, appeal)
    assert appeal.items.filter(is_open=True).count() == 1
    withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW)
    assert appeal.items.filter(is_open=True).count() == 0
    assert_invariants()


def test_sending_opens_one_review_with_the_promise_of_its_kind(cast: Cast) -> None:
    ordinary = send(cast, draft(cast, platforms=["360"]))
    complex_one = send(cast, draft(cast, numbers=cast.numbers[1:2], platforms=["360", "tencent"]))
    assert (ordinary.kind, ordinary.due_from, ordinary.due_at) == (ReviewKind.APPEAL, NOW + 3 * DAY, NOW + 7 * DAY)
    assert (complex_one.kind, complex_one.due_at) == (ReviewKind.COMPLEX_APPEAL, NOW + 10 * DAY)
    told = Notice.objects.filter(kind="appeal_submitted").values_list("recipient", flat=True)
    assert set(told) == {cast.owner.pk, cast.admin.pk, cast.operator.pk}
    assert_invariants()


def test_sending_twice_is_sending_once(cast: Cast) -> None:
    appeal = draft(cast, platforms=["360"])
    by: dict[str, Any] = {"by": cast.operator, "actor": Actor.person(cast.operator), "now": NOW, "confirmed": True}
    assert [submit(appeal=appeal, **by), submit(appeal=appeal, **by)] == [True, False]
    assert Review.objects.filter(subject="appeal").count() == 1


def test_missing_evidence_must_be_known_of(cast: Cast) -> None:
    appeal = draft(cast, platforms=["360"])
    with pytest.raises(NotConfirmed):
        submit(appeal=appeal, confirmed=False, by=cast.operator, actor=Actor.person(cast.operator), now=NOW)
    send(cast, appeal)
    appeal.refresh_from_db()
    assert appeal.missing_evidence == ["screenshot-360", "ownership", "purpose", "script", "call_log"]


def test_draft_that_lacks_something_is_not_sent(cast: Cast) -> None:
    appeal = draft(cast, numbers=[], statement="")
    assert {blocker.code for blocker in blockers_of(appeal)} == {"no_numbers", "no_platforms", "no_statement"}
    with pytest.raises(Blocked):
        send(cast, appeal)


def test_second_appeal_about_a_number_names_the_open_one(cast: Cast) -> None:
    first, second = draft(cast, platforms=["360"]), draft(cast, platforms=["baidu"])
    send(cast, first)
    assert [blocker.other for blocker in blockers_of(second) if blocker.other] == [first]
    with pytest.raises(AppealOpen) as refused:
        send(cast, second)
    assert refused.value.other == first
    withdraw(appeal=first, actor=Actor.person(cast.operator), now=NOW)
    send(cast, second)
    assert_invariants()


@pytest.mark.parametrize("state", OPEN_STATES)
def test_company_can_withdraw_at_any_time_before_the_decision(cast: Cast, state: AppealState) -> None:
    appeal = draft(cast, platforms=["360"])
    review = send(cast, appeal)
    waits = {"answer_until": NOW + DAY, "next_step_at": NOW} if state == AppealState.MORE_INFORMATION else {}
    Appeal.objects.filter(pk=appeal.pk).update(state=state, **waits)
    assert withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW) is True
    assert withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW) is False
    review.refresh_from_db()
    assert (review.state, Appeal.objects.get(pk=appeal.pk).state) == ("cancelled", "withdrawn")


def test_decided_appeal_cannot_be_withdrawn(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    decide(review, cast.reviewer, Decision.REJECTED)
    with pytest.raises(TransitionRefused):
        withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW)
    assert_invariants()


def platform(cast: Cast, appeal: Appeal, review: Review, code: str, to: PlatformState) -> bool:
    return set_platform(
        row=appeal.platforms.get(platform__code=code),
        to=to,
        note="",
        review=review,
        reviewer=cast.reviewer,
        actor=Actor.person(cast.reviewer),
        now=NOW + HOUR,
    )


def test_platforms_are_cleared_one_by_one_and_the_outcome_follows(cast: Cast) -> None:
    mark(cast.numbers[0], "360", "tencent", "baidu")
    appeal, review = sent(cast)
    assert {row.platform.code for row in appeal.platforms.all()} == {"360", "tencent", "baidu"}
    platform(cast, appeal, review, "360", PlatformState.ASKED)
    platform(cast, appeal, review, "360", PlatformState.CLEARED)
    assert set(Mark.objects.open().values_list("platform__code", flat=True)) == {"tencent", "baidu"}
    platform(cast, appeal, review, "tencent", PlatformState.CLEARED)
    with pytest.raises(DecisionRefused):  # Baidu has not answered
        decide(review, cast.reviewer, Decision.APPROVED, now=NOW + HOUR)
    platform(cast, appeal, review, "baidu", PlatformState.REFUSED)
    for decision in (Decision.APPROVED, Decision.REJECTED):
        with pytest.raises(DecisionRefused):
            decide(review, cast.reviewer, decision, now=NOW + HOUR)
    decide(review, cast.reviewer, Decision.PARTLY, now=NOW + HOUR)
    appeal.refresh_from_db()
    assert (appeal.state, Mark.objects.open().count()) == ("partly_upheld", 1)
    told = Notice.objects.filter(kind="appeal_platform", recipient=cast.owner)
    assert sorted(notice.context["outcome"] for notice in told) == ["cleared", "cleared", "refused"]
    assert_invariants()


def test_all_platforms_cleared_is_upheld(cast: Cast) -> None:
    mark(cast.numbers[0], "360")
    appeal, review = sent(cast)
    platform(cast, appeal, review, "360", PlatformState.CLEARED)
    assert platform(cast, appeal, review, "360", PlatformState.CLEARED) is False
    with pytest.raises(MoveRefused):
        platform(cast, appeal, review, "360", PlatformState.REFUSED)
    decide(review, cast.reviewer, Decision.APPROVED, now=NOW + HOUR)
    appeal.refresh_from_db()
    assert (appeal.state, set(PLATFORM_MOVES)) == ("upheld", set(PlatformState))


def test_platforms_are_noted_by_the_holder_only(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    desk.release(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=NOW)
    with pytest.raises(desk.NotClaimed):
        platform(cast, appeal, review, "360", PlatformState.CLEARED)


def test_upheld_appeal_ends_the_lock_and_its_review(cast: Cast) -> None:
    locked = lock(cast.numbers[0])
    appeal, review = sent(cast, kind=AppealKind.LOCK)
    decide(review, cast.reviewer, Decision.APPROVED, now=NOW + HOUR)
    appeal.refresh_from_db()
    locked.refresh_from_db()
    own = Review.objects.get(subject="complaint_lock")
    assert (appeal.state, locked.closed_at, own.state) == ("upheld", NOW + HOUR, "cancelled")
    assert_invariants()


def test_partly_upheld_appeal_ends_the_locks_of_the_numbers_that_are_not_refused(cast: Cast) -> None:
    locks = [lock(number) for number in cast.numbers[:3]]
    appeal, review = sent(cast, kind=AppealKind.LOCK, numbers=cast.numbers[:3])
    with pytest.raises(DecisionRefused):
        decide(review, cast.reviewer, Decision.PARTLY, now=NOW + HOUR)
    with pytest.raises(DecisionRefused):
        decide(review, cast.reviewer, Decision.PARTLY, refused=cast.numbers[:3], now=NOW + HOUR)
    decide(review, cast.reviewer, Decision.PARTLY, refused=cast.numbers[2:3], now=NOW + HOUR)
    appeal.refresh_from_db()
    still = set(Maintenance.objects.open_at().filter(locks=True).values_list("pk", flat=True))
    assert (appeal.state, still) == ("partly_upheld", {locks[2].pk})
    upheld = dict(appeal.items.values_list("number", "is_upheld"))
    assert upheld == {cast.numbers[0].pk: True, cast.numbers[1].pk: True, cast.numbers[2].pk: False}
    assert_invariants()


def test_lock_that_is_released_meanwhile_settles_the_appeal(cast: Cast) -> None:
    lock(cast.numbers[0])
    appeal, review = sent(cast, kind=AppealKind.LOCK)
    own = claim(Review.objects.get(subject="complaint_lock"), cast.second_reviewer)
    decide(own, cast.second_reviewer, Decision.APPROVED, now=NOW + HOUR)
    appeal.refresh_from_db()
    review.refresh_from_db()
    assert (appeal.state, review.state) == ("settled", "cancelled")
    assert Notice.objects.filter(kind="appeal_settled", recipient=cast.owner).count() == 1
    assert_invariants()


def test_who_kept_the_lock_does_not_judge_the_appeal(cast: Cast) -> None:
    lock(cast.numbers[0])
    own = claim(Review.objects.get(subject="complaint_lock"), cast.reviewer)
    decide(own, cast.reviewer, Decision.REJECTED, now=NOW + HOUR)
    review = send(cast, draft(cast, kind=AppealKind.LOCK), now=NOW + HOUR)
    with pytest.raises(desk.OwnSubmission):
        claim(review, cast.reviewer, now=NOW + HOUR)
    claim(review, cast.second_reviewer, now=NOW + HOUR)


def test_urgency_comes_from_the_kind_of_company_or_from_a_reason(cast: Cast) -> None:
    plain = send(cast, draft(cast, platforms=["360"]))
    asked = send(cast, draft(cast, numbers=cast.numbers[1:2], platforms=["360"], urgency_reason="急救电话"))
    cast.clinic.kind = "public_service"
    cast.clinic.save(update_fields=["kind"])
    public = send(cast, draft(cast, numbers=cast.numbers[2:3], platforms=["360"]))
    assert [plain.is_urgent, asked.is_urgent, public.is_urgent] == [False, True, True]
    kinds = dict(Appeal.objects.values_list("items__number", "urgency"))
    assert [kinds[number.pk] for number in cast.numbers[:3]] == [Urgency.NONE, Urgency.ASKED, Urgency.BY_KIND]


def test_revoked_certification_comes_back_for_what_is_left_of_its_term(cast: Cast) -> None:
    number = cast.numbers[0]
    revoke(
        company=cast.clinic,
        numbers=type(number).objects.filter(pk=number.pk),
        actor=Actor.person(cast.lead),
        now=NOW,
        reason="冒用",
    )
    review = send(cast, draft(cast, kind=AppealKind.DECISION))
    with pytest.raises(desk.OwnSubmission):  # the lead revoked it
        claim(review, cast.lead)
    claim(review, cast.reviewer)
    decide(review, cast.reviewer, Decision.APPROVED, now=NOW + HOUR)
    number.refresh_from_db()
    assert number.lifecycle == Lifecycle.CERTIFIED
    assert_invariants()
