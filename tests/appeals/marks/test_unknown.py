"""Marks of numbers that no company holds: kept once, and told again with their history when the number appears."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.journal import Actor, ActorKind, JournalEntry
from accounts.notices import Notice
from appeals.marks.intake import take_in
from appeals.marks.models import Mark, MarkSighting, Origin, UnknownMark
from appeals.marks.unknown import match_left_over, match_numbers
from appeals.tasks import match_marks
from certification.numbers.arrivals import arrived
from tests.cast import NOW, Cast, make_company, make_number
from tests.invariants import assert_invariants

FEED = Actor(ActorKind.SOURCE)
ENGINE = Actor.engine()
NOBODYS = "+8619811000001"


def told(
    event: str, day: int, *, number: str = NOBODYS, cleared: bool = False, platform: str = "360"
) -> dict[str, object]:
    at = dt.datetime(2026, 11, day, 12, tzinfo=dt.UTC)
    return {
        "id": event, "number": number, "platform": platform, "at": at.isoformat(), "label": "fraud", "people": 12,
        "cleared": cleared,
    }  # fmt: skip


def take(*events: dict[str, object], source: str = "feed") -> list[str]:
    return [result.outcome for result in take_in(events=events, source=source, actor=FEED, now=NOW)]


def test_mark_of_an_unknown_number_is_kept_and_shows_when_a_company_registers_it(cast: Cast) -> None:
    assert take(told("a", 1), told("b", 5, cleared=True), told("c", 9)) == ["unknown_number"] * 3
    assert not Mark.objects.exists()
    assert take(told("a", 1)) == ["duplicate"]
    assert UnknownMark.objects.count() == 3
    number = make_number(cast.clinic, number=NOBODYS)
    arrived([NOBODYS], ENGINE, NOW)
    mark = Mark.objects.get(number=number)
    assert (mark.episodes, mark.is_open, mark.is_confirmed, mark.people) == (2, True, True, 12)
    assert mark.cleared_before == dt.datetime(2026, 11, 5, 12, tzinfo=dt.UTC)
    assert list(mark.sightings.order_by("at").values_list("source", "event", "origin")) == [
        ("feed", event, Origin.PLATFORM) for event in "abc"
    ]
    assert not UnknownMark.objects.exists()
    told_of_the_return = Notice.objects.filter(kind="mark_returned").values_list("recipient", flat=True)
    assert sorted(told_of_the_return) == sorted([cast.owner.pk, cast.admin.pk, cast.operator.pk])
    journal = JournalEntry.objects.count()
    assert match_numbers(dialled=[NOBODYS], actor=ENGINE, now=NOW) == 0
    assert take(told("a", 1), told("c", 9)) == ["duplicate", "duplicate"]
    assert JournalEntry.objects.count() == journal
    assert_invariants()


def test_event_counts_for_the_number_that_it_named_first(cast: Cast) -> None:
    known = cast.numbers[0].number
    assert take(told("a", 1), told("a", 2, number=known), told("b", 1, number=known), told("b", 2)) == [
        "unknown_number",
        "duplicate",
        "accepted",
        "duplicate",
    ]
    assert UnknownMark.objects.get().event == "a"
    assert MarkSighting.objects.get().event == "b"


def test_event_of_a_number_that_was_held_is_not_kept_again_after_its_release(cast: Cast) -> None:
    number = cast.numbers[0]
    assert take(told("a", 1, number=number.number)) == ["accepted"]
    type(number).objects.filter(pk=number.pk).update(released_at=NOW)
    assert take(told("a", 1, number=number.number)) == ["duplicate"]
    assert take(told("b", 1, number=number.number)) == ["unknown_number"]


def test_sources_keep_their_events_apart_and_their_authors(cast: Cast) -> None:
    assert take(told("a", 1)) == ["unknown_number"]
    take_in(events=[told("a", 2)], source="staff", actor=FEED, now=NOW, origin=Origin.STAFF, reporter=cast.reviewer)
    make_number(cast.clinic, number=NOBODYS)
    assert match_left_over(actor=ENGINE, now=NOW) == 2
    assert set(MarkSighting.objects.values_list("source", "origin", "recorded_by")) == {
        ("feed", "platform", None),
        ("staff", "staff", cast.reviewer.pk),
    }
    assert match_marks() == {"matched": 0}


DAYS = st.lists(st.tuples(st.integers(1, 20), st.booleans()), min_size=1, max_size=6)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(said=DAYS)
def test_number_that_appears_late_has_the_mark_of_one_that_was_always_known(
    cast: Cast, said: list[tuple[int, bool]]
) -> None:
    early = make_number(cast.clinic)
    late = f"+86198{early.pk:08d}"
    for number in (early.number, late):
        take(
            *[
                told(f"{number}-{place}", day, number=number, cleared=cleared)
                for place, (day, cleared) in enumerate(said)
            ]
        )
    found = make_number(cast.shop, number=late)
    arrived([late], ENGINE, NOW)
    first, second = (
        Mark.objects.filter(number=number)
        .values(
            "label",
            "people",
            "first_seen_at",
            "last_seen_at",
            "cleared_at",
            "episodes",
            "cleared_before",
            "is_confirmed",
        )
        .get()
        for number in (early, found)
    )
    assert first == second


@pytest.mark.parametrize("count", [1, 3, 50])
def test_statements_do_not_grow_with_what_is_kept_or_matched(cast: Cast, count: int) -> None:
    numbers = [f"+8619822{place:06d}" for place in range(count)]
    with CaptureQueriesContext(connection) as keeping:
        take(*[told(number, 1, number=number) for number in numbers])
    for number in numbers:
        make_number(cast.clinic, number=number)
    with CaptureQueriesContext(connection) as matching:
        assert match_numbers(dialled=numbers, actor=ENGINE, now=NOW) == count
    counted = [len([query for query in queries if "SAVEPOINT" not in query["sql"]]) for queries in (keeping, matching)]
    assert counted == [3, 5]


def test_unknown_numbers_have_a_page_that_masks_them(cast: Cast) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.operations)
    address = reverse("marks:staff_unknown")
    assert "Every mark is on a number that a company holds." in client.get(address).content.decode()
    take(told("a", 1), told("b", 5, platform="baidu"), told("c", 2, number="+8619811000002"))
    page = client.get(address)
    assert [(row["total"], row["platforms"]) for row in page.context["rows"]] == [(2, 2), (1, 1)]
    assert "198****0001" in page.content.decode()
    assert NOBODYS not in page.content.decode()


def test_staff_record_a_mark_of_an_unknown_number(cast: Cast) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.reviewer)
    address = reverse("marks:staff_record")
    form = client.get(address).context["form"]
    fields = {
        "number_text": "198 1100 0001",
        "platform": form.fields["platform"].queryset.get(code="360").pk,
        "what": "seen",
        "label": "fraud",
        "seen_on": "2026-11-02",
        "submission": str(form.initial["submission"]),
    }
    for _ in range(2):  # a double click
        answer = client.post(address, fields, follow=True)
        assert answer.redirect_chain[0][0] == reverse("marks:staff_unknown")
    assert "No company holds this number" in answer.content.decode()
    kept = UnknownMark.objects.get()
    assert (kept.dialled, kept.recorded_by, kept.origin) == (NOBODYS, cast.reviewer, "staff")
    company = make_company("迟到的公司")
    number = make_number(company, number=NOBODYS)
    arrived([NOBODYS], ENGINE, NOW)
    assert number.marks.get().is_confirmed
