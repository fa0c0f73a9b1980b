"""Asking for more information: the clock stops and runs again, two warnings come once each, silence closes the appeal."""

from __future__ import annotations

import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.journal import Actor
from accounts.notices import Notice
from appeals.cases.conversation import (
    ANSWER_WITHIN,
    NothingSaid,
    ThreadClosed,
    mark_read,
    say_as_company,
    say_as_staff,
    take_back_question,
)
from appeals.cases.lifecycle import TransitionRefused
from appeals.cases.models import Appeal, AppealMessage
from appeals.cases.submission import withdraw
from certification.maintenance.engine import tick
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewPause
from certification.reviews.standstill import MORE_INFORMATION
from tests.appeals.cases.making import DAY, HOUR, decide, sent
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants


def ask(cast: Cast, appeal: Appeal, review: Review, **more: object) -> AppealMessage:
    values = {"text": "请补充通话记录。", "submission": uuid.uuid4(), "asks": True, "now": NOW + HOUR, **more}
    return say_as_staff(
        appeal=appeal,
        review=review,
        reviewer=cast.reviewer,
        actor=Actor.person(cast.reviewer),
        **values,  # type: ignore[arg-type]
    )


def answer(cast: Cast, appeal: Appeal, **more: object) -> AppealMessage:
    values = {"text": "已附上。", "submission": uuid.uuid4(), "now": NOW + 2 * DAY + HOUR, **more}
    return say_as_company(
        appeal=appeal,
        files=[],
        by=cast.operator,
        actor=Actor.person(cast.operator),
        **values,  # type: ignore[arg-type]
    )


def warnings() -> int:
    return Notice.objects.filter(kind="appeal_warned").values("key").count()


def test_question_stops_the_clock_and_the_answer_makes_up_for_it_exactly(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    due = review.due_at
    ask(cast, appeal, review)
    appeal.refresh_from_db()
    assert (appeal.state, appeal.answer_until) == ("more_information", NOW + HOUR + ANSWER_WITHIN)
    with pytest.raises(desk.Deferred) as deferred:
        decide(review, cast.reviewer, Decision.REJECTED, now=NOW + DAY)
    assert deferred.value.reason == MORE_INFORMATION
    answer(cast, appeal)
    appeal.refresh_from_db()
    review.refresh_from_db()
    assert (appeal.state, appeal.answer_until, review.due_at) == ("in_review", None, due + 2 * DAY)
    told = Notice.objects.get(kind="appeal_message_staff")
    assert (told.recipient, told.context["is_answer"]) == (cast.reviewer, True)
    decide(review, cast.reviewer, Decision.REJECTED, now=NOW + 3 * DAY)
    assert_invariants()


def test_asked_review_does_not_become_overdue_while_it_waits(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    tick(now=NOW + 10 * DAY)
    review.refresh_from_db()
    assert review.overdue_since is None
    assert_invariants()


def test_two_warnings_come_once_each_and_then_the_appeal_is_closed(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    end = NOW + HOUR + ANSWER_WITHIN
    readers = 3  # owner, administrator, and the operator who made it
    for moment, expected in (
        (end - 8 * DAY, 0),
        (end - 7 * DAY, readers),
        (end - 7 * DAY, readers),
        (end - 2 * DAY, readers),
        (end - DAY, 2 * readers),
        (end - HOUR, 2 * readers),
    ):
        tick(now=moment)
        tick(now=moment)
        assert warnings() == expected
    days = Notice.objects.filter(kind="appeal_warned", recipient=cast.owner).order_by("pk")
    assert [notice.context["days_left"] for notice in days] == [7, 1]
    tick(now=end)
    tick(now=end + DAY)
    appeal.refresh_from_db()
    review.refresh_from_db()
    assert (appeal.state, review.state, appeal.items.filter(is_open=True).count()) == ("abandoned", "cancelled", 0)
    assert Notice.objects.filter(kind="appeal_abandoned").count() == readers
    assert ReviewPause.objects.filter(ended_at__isnull=True).count() == 0
    with pytest.raises(ThreadClosed):
        answer(cast, appeal, now=end + DAY)
    assert_invariants()


def test_missed_ticks_lead_to_the_same_end(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    tick(now=NOW + HOUR + ANSWER_WITHIN - DAY)  # the first warning's time has passed: one is enough
    assert warnings() == 3
    tick(now=NOW + 30 * DAY)
    appeal.refresh_from_db()
    assert (appeal.state, warnings()) == ("abandoned", 3)
    assert_invariants()


def test_answer_in_time_ends_the_warnings(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    answer(cast, appeal)
    tick(now=NOW + 30 * DAY)
    appeal.refresh_from_db()
    assert (appeal.state, warnings()) == ("in_review", 0)


def test_question_can_be_taken_back(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    by = {"review": review, "reviewer": cast.reviewer, "actor": Actor.person(cast.reviewer)}
    assert take_back_question(appeal=appeal, now=NOW + DAY, **by) is True
    assert take_back_question(appeal=appeal, now=NOW + DAY, **by) is False
    appeal.refresh_from_db()
    assert (appeal.state, Notice.objects.filter(kind="appeal_goes_on").count()) == ("in_review", 3)
    assert_invariants()


def test_asked_appeal_can_be_withdrawn(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    ask(cast, appeal, review)
    withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW + DAY)
    tick(now=NOW + 30 * DAY)
    appeal.refresh_from_db()
    assert (appeal.state, warnings()) == ("withdrawn", 0)
    assert_invariants()


def test_asking_twice_is_refused_and_a_message_is_not(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    same = uuid.uuid4()
    assert ask(cast, appeal, review, submission=same) == ask(cast, appeal, review, submission=same)
    with pytest.raises((TransitionRefused, desk.Deferred)):
        ask(cast, appeal, review)
    ask(cast, appeal, review, asks=False, text="另请注明日期。")
    assert appeal.messages.count() == 2


def test_message_says_something_and_comes_from_the_holder(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"])
    with pytest.raises(NothingSaid):
        ask(cast, appeal, review, text="  ")
    with pytest.raises(NothingSaid):
        answer(cast, appeal, text=" ")
    desk.release(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=NOW)
    with pytest.raises(desk.NotClaimed):
        ask(cast, appeal, review)


def test_message_of_the_company_is_one_however_often_it_is_sent(cast: Cast) -> None:
    appeal, _review = sent(cast, platforms=["360"])
    same = uuid.uuid4()
    assert answer(cast, appeal, submission=same) == answer(cast, appeal, submission=same)
    assert (appeal.messages.count(), mark_read(appeal=appeal, by_staff=True, now=NOW)) == (1, 1)
    assert mark_read(appeal=appeal, by_staff=True, now=NOW) == 0


def test_idle_tick_asks_about_appeals_in_the_statement_that_notes_it(cast: Cast) -> None:
    sent(cast, platforms=["360"])
    tick(now=NOW + HOUR)
    with CaptureQueriesContext(connection) as queries:
        tick(now=NOW + 2 * HOUR)
    about = [query["sql"] for query in queries if "appeals_appeal " in query["sql"]]
    assert [sql.split()[0] for sql in about] == ["INSERT"]


def test_step_is_as_many_statements_for_many_appeals_as_for_one(cast: Cast) -> None:
    counts = []
    for numbers in (cast.numbers[:1], cast.numbers[1:4]):
        for number in numbers:
            appeal, review = sent(cast, numbers=[number], platforms=["360"])
            ask(cast, appeal, review)
        Appeal.objects.filter(state="more_information").update(next_step_at=NOW + DAY)
        with CaptureQueriesContext(connection) as queries:
            tick(now=NOW + DAY)
        counts.append(len(queries))
    assert counts[0] == counts[1]
