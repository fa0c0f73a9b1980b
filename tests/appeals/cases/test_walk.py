"""A random walk: whatever company, reviewers and time do in whatever order, what must always hold holds."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.journal import Actor, JournalEntry
from accounts.users import User
from appeals.cases.clearance import MoveRefused, set_platform
from appeals.cases.conversation import NothingSaid, ThreadClosed, say_as_company, say_as_staff, take_back_question
from appeals.cases.lifecycle import TRANSITIONS, AppealOpen, TransitionRefused
from appeals.cases.models import Appeal, AppealKind, AppealState, PlatformState, Urgency
from appeals.cases.submission import Blocked, withdraw
from appeals.cases.urgency import ReasonMissing, UrgencyRefused, judge_urgency
from certification.maintenance.engine import tick
from certification.reviews import desk
from certification.reviews.models import Decision, Review
from certification.reviews.refusals import REFUSALS
from tests.appeals.cases.making import decide, draft, lock, send
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants

REFUSED = (
    *REFUSALS,
    AppealOpen,
    Blocked,
    MoveRefused,
    NothingSaid,
    ReasonMissing,
    ThreadClosed,
    TransitionRefused,
    UrgencyRefused,
)


class Story:
    """Two numbers, one marked and one locked, and everybody who acts on appeals about them."""

    def __init__(self, cast: Cast) -> None:
        self.cast, self.now = cast, NOW
        lock(cast.numbers[1])

    def reviews(self) -> list[Review]:
        return list(Review.objects.filter(subject="appeal", state="open").order_by("pk"))

    def by(self) -> dict[str, Any]:
        """Who holds most cases, and when."""
        return {"reviewer": self.cast.reviewer, "actor": Actor.person(self.cast.reviewer), "now": self.now}

    def do(self, deed: str) -> None:
        """Let something happen, to every open appeal where it is about appeals."""
        self.now += dt.timedelta(hours=5)
        if deed in self.WORLD:
            self.WORLD[deed](self)
            return
        for review in self.reviews():
            self.DEEDS[deed](self, review, Appeal.objects.get(pk=review.subject_id))

    def appeal(self) -> None:
        kind = AppealKind.LOCK if Appeal.objects.count() % 2 else AppealKind.MARK
        platforms = ["360", "baidu"] if kind == AppealKind.MARK else []
        made = draft(self.cast, kind=kind, numbers=self.cast.numbers[:2], platforms=platforms, now=self.now)
        send(self.cast, made, now=self.now)

    def wait(self) -> None:
        self.now += dt.timedelta(days=9)

    def let_tick(self) -> None:
        tick(now=self.now)

    def end_lock(self, decision: Decision) -> None:
        own = Review.objects.filter(subject="complaint_lock", state="open").first()
        if own is not None:
            lead = self.cast.lead
            desk.claim(review=own, reviewer=lead, actor=Actor.person(lead), now=self.now)
            decide(own, lead, decision, now=self.now)

    def claim(self, review: Review, reviewer: User) -> None:
        desk.claim(review=review, reviewer=reviewer, actor=Actor.person(reviewer), now=self.now)

    def say(self, appeal: Appeal) -> None:
        operator = self.cast.operator
        words: dict[str, Any] = {"text": "已补充", "files": [], "submission": uuid.uuid4()}
        say_as_company(appeal=appeal, by=operator, actor=Actor.person(operator), now=self.now, **words)

    def ask(self, review: Review, appeal: Appeal) -> None:
        say_as_staff(appeal=appeal, text="请补充", submission=uuid.uuid4(), asks=True, review=review, **self.by())

    def platform(self, review: Review, appeal: Appeal, to: PlatformState) -> None:
        for row in appeal.platforms.exclude(state=to)[:1]:
            set_platform(row=row, to=to, note="", review=review, **self.by())

    def judge(self, review: Review, appeal: Appeal, to: Urgency) -> None:
        judge_urgency(appeal=appeal, to=to, reason="x", review=review, **self.by())

    def take_back(self, appeal: Appeal) -> None:
        withdraw(appeal=appeal, actor=Actor.person(self.cast.operator), now=self.now)

    WORLD: ClassVar[dict[str, Callable[[Story], None]]] = {
        "appeal": appeal,
        "wait": wait,
        "tick": let_tick,
        "kept": lambda self: self.end_lock(Decision.REJECTED),
        "released": lambda self: self.end_lock(Decision.APPROVED),
    }
    DEEDS: ClassVar[dict[str, Callable[[Story, Review, Appeal], object]]] = {
        "claim": lambda self, review, appeal: self.claim(review, self.cast.reviewer),
        "claim_other": lambda self, review, appeal: self.claim(review, self.cast.second_reviewer),
        "release": lambda self, review, appeal: desk.release(review=review, **self.by()),
        "ask": ask,
        "back": lambda self, review, appeal: take_back_question(appeal=appeal, review=review, **self.by()),
        "say": lambda self, review, appeal: self.say(appeal),
        "withdraw": lambda self, review, appeal: self.take_back(appeal),
        "urgent": lambda self, review, appeal: self.judge(review, appeal, Urgency.CONFIRMED),
        "plain": lambda self, review, appeal: self.judge(review, appeal, Urgency.REFUSED),
        "clear": lambda self, review, appeal: self.platform(review, appeal, PlatformState.CLEARED),
        "refuse": lambda self, review, appeal: self.platform(review, appeal, PlatformState.REFUSED),
        "asked": lambda self, review, appeal: self.platform(review, appeal, PlatformState.ASKED),
        "uphold": lambda self, review, appeal: decide(review, self.cast.reviewer, Decision.APPROVED, now=self.now),
        "part": lambda self, review, appeal: decide(review, self.cast.reviewer, Decision.PARTLY, now=self.now),
        "dismiss": lambda self, review, appeal: decide(review, self.cast.reviewer, Decision.REJECTED, now=self.now),
    }


@pytest.mark.django_db
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(deeds=st.lists(st.sampled_from([*Story.WORLD, *Story.DEEDS]), min_size=5, max_size=25))
def test_appeals_hold_what_must_hold_in_whatever_order_things_happen(cast: Cast, deeds: list[str]) -> None:
    with transaction.atomic():
        story = Story(cast)
        story.do("appeal")
        for deed in deeds:
            with suppress(*REFUSED), transaction.atomic():
                story.do(deed)
        moves = JournalEntry.objects.filter(subject="appeal", aspect="state").exclude(before="")
        for before, after in moves.values_list("before", "after"):
            assert AppealState(after) in TRANSITIONS[AppealState(before)]
        tick(now=story.now)
        assert_invariants()
        transaction.set_rollback(True)
