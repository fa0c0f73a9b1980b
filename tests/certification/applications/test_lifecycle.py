"""The lifecycle of applications and numbers: every allowed and every refused move, and random walks over all of them."""

from __future__ import annotations

import datetime as dt
import itertools
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase as HypothesisCase

from accounts.journal import Actor, JournalEntry
from certification.applications.lifecycle import (
    FOLLOWS,
    NUMBER_TRANSITIONS,
    TRANSITIONS,
    NumberTaken,
    TransitionRefused,
    move,
    move_numbers,
    sources,
)
from certification.applications.models import (
    ACTIVE_STATES,
    Application,
    ApplicationKind,
    ApplicationNumber,
    ApplicationState,
)
from certification.applications.revocation import RevocationReasonMissing, revoke
from certification.numbers.models import Lifecycle, PhoneNumber
from tests.cast import NOW, Cast, add_member, make_company, make_number, make_user

#: Domain section 4, written a second time from the page and not from the code.
ALLOWED = {
    ("draft", "submitted"),
    ("draft", "withdrawn"),
    ("submitted", "in_review"),
    ("submitted", "pending_maintenance"),
    ("submitted", "withdrawn"),
    ("in_review", "approved"),
    ("in_review", "returned"),
    ("in_review", "rejected"),
    ("in_review", "pending_maintenance"),
    ("in_review", "withdrawn"),
    ("pending_maintenance", "in_review"),
    ("pending_maintenance", "lapsed"),
    ("pending_maintenance", "withdrawn"),
    ("returned", "submitted"),
    ("rejected", "submitted"),  # an upheld appeal brings it back
    ("returned", "withdrawn"),
}
NUMBERS_ALLOWED = {
    ("draft", "submitted"),
    ("submitted", "in_review"),
    ("submitted", "pending_maintenance"),
    ("submitted", "draft"),
    ("in_review", "certified"),
    ("in_review", "returned"),
    ("in_review", "rejected"),
    ("in_review", "pending_maintenance"),
    ("in_review", "draft"),
    ("returned", "submitted"),
    ("returned", "draft"),
    ("pending_maintenance", "in_review"),
    ("pending_maintenance", "lapsed"),
    ("pending_maintenance", "draft"),
    ("certified", "expired"),
    ("certified", "withdrawn"),
    ("certified", "revoked"),
    ("expired", "submitted"),
    ("expired", "certified"),
    ("rejected", "submitted"),
    ("revoked", "certified"),  # an upheld appeal brings it back
    ("lapsed", "submitted"),
    ("withdrawn", "submitted"),
    ("revoked", "submitted"),
}
EVERY_MOVE = [(a.value, b.value) for a, b in itertools.permutations(ApplicationState, 2)]
EVERY_NUMBER_MOVE = [(a.value, b.value) for a, b in itertools.permutations(Lifecycle, 2) if b != "certified"]


def replay_journal(application: Application) -> None:
    """I6: the journal's last words are the present states, and no row starts from a state that was not the one before."""
    number_ids = application.items.values_list("number", flat=True)
    things = [("application", application.pk), *(("number", pk) for pk in number_ids)]
    for subject, pk in things:
        rows = list(JournalEntry.objects.filter(subject=subject, subject_id=pk, aspect="state").order_by("id"))
        for before, after in itertools.pairwise(rows):
            assert before.after == after.before
        present = (
            Application.objects.get(pk=pk).state
            if subject == "application"
            else PhoneNumber.objects.get(pk=pk).lifecycle
        )
        if rows:
            assert rows[-1].after == present


def an_application(cast: Cast, state: str, lifecycle: str = Lifecycle.DRAFT) -> Application:
    application = Application.objects.create(
        company=cast.clinic,
        kind=ApplicationKind.NEW,
        state=state,
        state_since=NOW,
        created_at=NOW,
        waits_until=NOW + dt.timedelta(days=15) if state == "pending_maintenance" else None,
    )
    ApplicationNumber.objects.create(
        application=application,
        number=make_number(cast.clinic, lifecycle=lifecycle),
        is_active=state in ACTIVE_STATES,
    )
    return application


def test_table_is_that_of_the_domain() -> None:
    assert {(before, after) for before, targets in TRANSITIONS.items() for after in targets} == ALLOWED
    assert {(before, after) for before, targets in NUMBER_TRANSITIONS.items() for after in targets} == NUMBERS_ALLOWED


@pytest.mark.parametrize(("before", "after"), EVERY_MOVE)
def test_move_follows_table(cast: Cast, before: str, after: str) -> None:
    follows = {state.value: lifecycle for state, lifecycle in FOLLOWS.items()}
    application = an_application(cast, before, follows.get(before, Lifecycle.DRAFT))
    changes = {"waits_until": NOW + dt.timedelta(days=15)} if after == "pending_maintenance" else {}

    def go() -> bool:
        return move(
            application=application, to=ApplicationState(after), actor=Actor.engine(), now=NOW, reason="x", **changes
        )

    journal = JournalEntry.objects.filter(subject="application", subject_id=application.pk)
    if (before, after) in ALLOWED:
        assert go()
        assert list(journal.values_list("before", "after")) == [(before, after)]
        assert not go()  # again: quiet
        assert journal.count() == 1
        item = application.items.get()
        assert item.is_active == (after in ACTIVE_STATES)
    else:
        with pytest.raises(TransitionRefused):
            go()
        assert not journal.exists()
        application.refresh_from_db()
        assert application.state == before


@pytest.mark.parametrize(("before", "after"), EVERY_NUMBER_MOVE)
def test_numbers_move_by_their_table(cast: Cast, before: str, after: str) -> None:
    number = make_number(cast.clinic, lifecycle=before)
    moved = move_numbers(
        numbers=PhoneNumber.objects.filter(pk=number.pk), to=Lifecycle(after), actor=Actor.engine(), now=NOW
    )
    number.refresh_from_db()
    allowed = (before, after) in NUMBERS_ALLOWED
    assert (moved, number.lifecycle) == ((1, after) if allowed else (0, before))
    rows = JournalEntry.objects.filter(subject="number", subject_id=number.pk)
    assert list(rows.values_list("before", "after")) == ([(before, after)] if allowed else [])


def test_moving_no_numbers_is_nothing(cast: Cast) -> None:
    none = PhoneNumber.objects.filter(pk__in=[])
    assert move_numbers(numbers=none, to=Lifecycle.REVOKED, actor=Actor.engine(), now=NOW) == 0


def test_sources_reads_table_backwards() -> None:
    assert sources(TRANSITIONS, ApplicationState.SUBMITTED) == ["draft", "returned", "rejected"]


def test_revocation_needs_reason_and_leaves_others(cast: Cast) -> None:
    other = make_number(cast.shop)
    actor = Actor.person(cast.lead)
    with pytest.raises(RevocationReasonMissing):
        revoke(company=cast.clinic, numbers=PhoneNumber.objects.all(), actor=actor, now=NOW, reason=" ")
    values = {"company": cast.clinic, "numbers": PhoneNumber.objects.all(), "actor": actor, "now": NOW}
    assert revoke(**values, reason="冒用名称") == 5  # type: ignore[arg-type]
    assert revoke(**values, reason="冒用名称") == 0  # type: ignore[arg-type]
    other.refresh_from_db()
    assert other.lifecycle == Lifecycle.CERTIFIED
    assert set(PhoneNumber.objects.of_company(cast.clinic).values_list("lifecycle", flat=True)) == {"revoked"}


#: One step of a walk: which application (of three that share numbers), and where to.
STEPS = st.lists(st.tuples(st.integers(0, 2), st.sampled_from(list(ApplicationState))), max_size=25)


class RandomWalks(HypothesisCase):
    """Three applications that share numbers, moved at random: the invariants hold after every step."""

    @settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
    @given(STEPS)
    def test_walk_keeps_invariants(self, steps: list[tuple[int, ApplicationState]]) -> None:
        company = make_company("随机公司")
        owner = add_member(company, make_user(f"walker-{company.pk}"))
        numbers = [make_number(company, lifecycle=Lifecycle.DRAFT) for _ in range(3)]
        applications = []
        for chosen in (numbers[:2], numbers[1:], numbers):
            application = Application.objects.create(
                company=company, kind=ApplicationKind.NEW, state_since=NOW, created_at=NOW, created_by=owner
            )
            ApplicationNumber.objects.bulk_create(
                ApplicationNumber(application=application, number=number) for number in chosen
            )
            applications.append(application)
        for minute, (which, to) in enumerate(steps):
            application = applications[which]
            before = Application.objects.get(pk=application.pk).state
            now = NOW + dt.timedelta(minutes=minute)
            waits: dict[str, Any] = (
                {"waits_until": now + dt.timedelta(days=15)} if to == ApplicationState.PENDING_MAINTENANCE else {}
            )
            try:
                moved = move(application=application, to=to, actor=Actor.engine(), now=now, **waits)
            except TransitionRefused:
                assert (before, to.value) not in ALLOWED
                continue
            except NumberTaken:
                assert to == ApplicationState.SUBMITTED
                continue
            assert moved == (before != to)
            for each in applications:
                replay_journal(each)
        # I15: each number is held by at most one open application, and only by open ones.
        for number in numbers:
            held = number.applications.filter(is_active=True)
            assert held.count() <= 1
            assert all(item.application.state in ACTIVE_STATES for item in held)
        # A certified number has a term (I16 asks for it), and nothing else has come alive.
        for number in PhoneNumber.objects.filter(company=company, lifecycle=Lifecycle.CERTIFIED):
            assert number.term_ends_at is not None
