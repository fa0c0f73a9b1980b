"""Urgent appeals: confirmed or withdrawn by the reviewer, and what an overhaul does to those that are and are not."""

from __future__ import annotations

import pytest

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from appeals.cases.clearance import set_platform
from appeals.cases.models import Appeal, PlatformState, Urgency
from appeals.cases.submission import held_up
from appeals.cases.urgency import ReasonMissing, UrgencyRefused, judge_urgency
from certification.reviews import desk
from certification.reviews.deferrals import pauses_of
from certification.reviews.models import Decision, Review
from tests.appeals.cases.making import DAY, HOUR, decide, draft, overhaul, sent
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants


def judge(cast: Cast, appeal: Appeal, review: Review, to: Urgency, reason: str = "并非急诊号码。") -> bool:
    return judge_urgency(
        appeal=appeal,
        to=to,
        reason=reason,
        review=review,
        reviewer=cast.reviewer,
        actor=Actor.person(cast.reviewer),
        now=NOW + HOUR,
    )


def test_reviewer_confirms_and_withdraws_and_the_company_is_told(cast: Cast) -> None:
    appeal, review = sent(cast, platforms=["360"], urgency_reason="急诊热线")
    assert judge(cast, appeal, review, Urgency.CONFIRMED) is True
    assert judge(cast, appeal, review, Urgency.CONFIRMED) is False
    review.refresh_from_db()
    assert review.is_urgent is True
    with pytest.raises(ReasonMissing):
        judge(cast, appeal, review, Urgency.REFUSED, reason=" ")
    assert judge(cast, appeal, review, Urgency.REFUSED) is True
    review.refresh_from_db()
    appeal.refresh_from_db()
    assert (review.is_urgent, appeal.urgency) == (False, Urgency.REFUSED)
    told = Notice.objects.filter(kind="appeal_urgency", recipient=cast.owner).order_by("pk")
    assert [notice.context["outcome"] for notice in told] == ["confirmed", "refused"]
    noted = JournalEntry.objects.filter(subject="review", aspect="urgent").values_list("before", "after")
    assert list(noted) == [("True", "False")]
    assert_invariants()


def test_public_service_is_urgent_whatever_anybody_says(cast: Cast) -> None:
    cast.clinic.kind = "public_service"
    cast.clinic.save(update_fields=["kind"])
    appeal, review = sent(cast, platforms=["360"])
    with pytest.raises(UrgencyRefused):
        judge(cast, appeal, review, Urgency.REFUSED)


def test_overhaul_pauses_ordinary_appeals_only(cast: Cast) -> None:
    plan = overhaul(cast)
    assert held_up(draft(cast, platforms=["360"])) == plan
    assert held_up(draft(cast, platforms=["360"], urgency_reason="急诊热线")) is None
    ordinary, waiting = sent(cast, platforms=["360"])
    urgent, going_on = sent(cast, numbers=cast.numbers[1:2], platforms=["360"], urgency_reason="急诊热线")
    assert ([len(pauses_of(waiting)), len(pauses_of(going_on))], ordinary.state) == ([1, 0], "in_review")
    with pytest.raises(desk.Deferred):
        decide(waiting, cast.reviewer, Decision.REJECTED, now=NOW + HOUR)
    with pytest.raises(desk.Deferred):
        set_platform(
            row=ordinary.platforms.get(),
            to=PlatformState.CLEARED,
            note="",
            review=waiting,
            reviewer=cast.reviewer,
            actor=Actor.person(cast.reviewer),
            now=NOW + HOUR,
        )
    decide(going_on, cast.reviewer, Decision.REJECTED, now=NOW + HOUR)
    urgent.refresh_from_db()
    assert urgent.state == "dismissed"
    assert_invariants()


def test_withdrawn_urgency_stops_the_clock_at_once_in_an_overhaul_and_confirmed_lets_it_run(cast: Cast) -> None:
    overhaul(cast)
    appeal, review = sent(cast, platforms=["360"], urgency_reason="急诊热线")
    due = review.due_at
    judge(cast, appeal, review, Urgency.REFUSED)
    assert len(pauses_of(review)) == 1
    judge_urgency(
        appeal=appeal,
        to=Urgency.CONFIRMED,
        reason="",
        review=review,
        reviewer=cast.reviewer,
        actor=Actor.person(cast.reviewer),
        now=NOW + DAY + HOUR,
    )
    review.refresh_from_db()
    assert (len(pauses_of(review)), review.is_urgent) == (0, True)
    assert review.due_at >= due + DAY
    assert_invariants()
