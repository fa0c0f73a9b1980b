"""The one writer of marks: what is said in any order, batch and number of times reads the same."""

from __future__ import annotations

import datetime as dt
import itertools

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.journal import Actor, ActorKind, JournalEntry
from accounts.notices import Notice
from appeals.categories import Category
from appeals.marks.marks import Sighting, clear, observe, open_marks
from appeals.marks.models import Mark, MarkSighting, Origin
from appeals.platforms import Platform
from certification.maintenance.invariants import check_invariants
from tests.cast import NOW, Cast, make_number
from tests.invariants import assert_invariants

DAY = dt.timedelta(days=1)
FEED = Actor(ActorKind.SOURCE)


def platform(code: str = "360") -> Platform:
    return Platform.objects.get(code=code)


def said(event: str, cast: Cast, *, days: float = 0, number: int = 0, code: str = "360", **fields: object) -> Sighting:
    """What a platform said `days` days before NOW."""
    return Sighting(event, cast.numbers[number].pk, platform(code).pk, NOW - days * DAY, **fields)  # type: ignore[arg-type]


def feed(*sightings: Sighting, origin: Origin = Origin.PLATFORM, source: str = "feed") -> set[str]:
    return observe(sightings=sightings, source=source, origin=origin, actor=FEED, now=NOW)


def reading(mark: Mark) -> tuple[object, ...]:
    """Everything that is read from the sightings."""
    mark.refresh_from_db()
    return (
        mark.label,
        mark.people,
        mark.first_seen_at,
        mark.last_seen_at,
        mark.cleared_at,
        mark.is_confirmed,
        mark.episodes,
        mark.cleared_before,
    )


def test_sightings_make_one_mark_per_number_and_platform(cast):
    new = feed(
        said("1", cast, days=9, label=Category.FRAUD, people=3),
        said("2", cast, days=2, label=Category.ADVERTISING, people=120),
        said("3", cast, days=5, code="baidu"),
        said("4", cast, days=1, number=1),
    )
    assert new == {"1", "2", "3", "4"}
    mark = Mark.objects.get(number=cast.numbers[0], platform__code="360")
    assert reading(mark) == (
        "advertising", 120, NOW - 9 * DAY, NOW - 2 * DAY, None, True, 1, None,
    )  # fmt: skip
    assert (mark.company, Mark.objects.count()) == (cast.clinic, 3)
    assert [row.platform.code for row in open_marks([cast.numbers[0]])] == ["360", "baidu"]
    assert sorted(JournalEntry.objects.filter(subject="mark").values_list("aspect", "before", "after")) == [
        *[("confirmed", "", "yes")] * 3,
        *[("state", "", "open")] * 3,
    ]


def test_same_events_twice_are_taken_once(cast):
    events = [said("1", cast, days=9), said("2", cast, days=2)]
    assert feed(*events, *events) == {"1", "2"}
    before = JournalEntry.objects.count()
    assert feed(*events) == set()
    assert (MarkSighting.objects.count(), JournalEntry.objects.count()) == (2, before)
    # Another source may use the same ids for its own.
    assert feed(said("1", cast, days=1), source="other") == {"1"}


def test_cleared_mark_that_comes_back_is_the_same_mark_with_its_history(cast):
    feed(said("1", cast, days=30, people=9))
    mark = Mark.objects.get()
    assert clear(number=cast.numbers[0], platform=platform(), actor=FEED, now=NOW - 20 * DAY, reason="appealed")
    assert reading(mark)[4] == NOW - 20 * DAY
    assert list(open_marks(cast.numbers)) == []
    feed(said("2", cast, days=3, people=2))
    assert reading(mark) == (
        "other", 2, NOW - 3 * DAY, NOW - 3 * DAY, None, True, 2, NOW - 20 * DAY,
    )  # fmt: skip
    assert mark.has_returned
    states = JournalEntry.objects.filter(subject="mark", aspect="state").order_by("pk")
    assert list(states.values_list("before", "after")) == [("", "open"), ("open", "cleared"), ("cleared", "returned")]
    told = Notice.objects.filter(kind="mark_returned")
    assert {notice.recipient for notice in told} == {cast.owner, cast.admin, cast.operator}
    feed(said("3", cast, days=1), said("2", cast, days=3))
    assert told.count() == 3
    assert_invariants()


def test_return_that_the_company_itself_reports_is_not_told_to_it(cast):
    feed(said("1", cast, days=30), said("2", cast, days=20, is_clearance=True))
    feed(said("3", cast, days=3), origin=Origin.COMPANY, source="company")
    mark = Mark.objects.get()
    assert (mark.episodes, mark.is_confirmed, mark.is_open) == (2, False, True)
    assert Notice.objects.count() == 0


def test_many_returns_at_once_are_one_message_per_company(cast):
    other = make_number(cast.shop)
    numbers = [*cast.numbers[:3], other]
    for event, is_clearance, days in (("a", False, 9), ("b", True, 8), ("c", False, 7)):
        feed(
            *[
                Sighting(f"{event}{place}", number.pk, platform().pk, NOW - days * DAY, is_clearance=is_clearance)
                for place, number in enumerate(numbers)
            ]
        )
    told = Notice.objects.filter(kind="mark_returned")
    assert sorted(told.values_list("company_id", "context__numbers")) == sorted(
        [(cast.clinic.pk, 3)] * 3 + [(cast.shop.pk, 1)]
    )


def test_late_sighting_from_before_the_clearance_does_not_reopen(cast):
    feed(said("1", cast, days=9), said("2", cast, days=5, is_clearance=True))
    mark = Mark.objects.get()
    feed(said("3", cast, days=6), said("4", cast, days=12))
    assert (mark.cleared_at, reading(mark)[2:5]) == (NOW - 5 * DAY, (NOW - 12 * DAY, NOW - 6 * DAY, NOW - 5 * DAY))


def test_clearance_heard_first_waits_for_what_it_cleared(cast):
    feed(said("2", cast, days=5, is_clearance=True))
    assert (list(Mark.objects.seen()), list(open_marks(cast.numbers))) == ([], [])
    assert JournalEntry.objects.filter(subject="mark").count() == 0
    feed(said("1", cast, days=9))
    mark = Mark.objects.get()
    assert reading(mark)[2:7] == (NOW - 9 * DAY, NOW - 9 * DAY, NOW - 5 * DAY, True, 1)


def test_company_assertion_is_confirmed_by_the_platform_and_then_reads_as_the_platform_says(cast):
    feed(said("a", cast, days=3, label=Category.FRAUD, people=50), origin=Origin.COMPANY, source="company")
    mark = Mark.objects.get()
    assert reading(mark)[:6] == ("fraud", 50, NOW - 3 * DAY, NOW - 3 * DAY, None, False)
    feed(said("b", cast, days=4, label=Category.HARASSMENT, people=7))
    assert reading(mark)[:6] == ("harassment", 7, NOW - 4 * DAY, NOW - 3 * DAY, None, True)


def test_clearing_what_does_not_stand_does_nothing(cast):
    assert not clear(number=cast.numbers[0], platform=platform(), actor=FEED, now=NOW, reason="")
    feed(said("1", cast, days=1))
    assert clear(number=cast.numbers[0], platform=platform(), actor=FEED, now=NOW, reason="")
    assert not clear(number=cast.numbers[0], platform=platform(), actor=FEED, now=NOW, reason="")
    assert MarkSighting.objects.count() == 2


EVENTS = st.lists(
    st.builds(
        lambda hours, is_clearance, people, label: (hours, is_clearance, people, label),
        st.integers(0, 8),
        st.booleans(),
        st.none() | st.integers(0, 3),
        st.sampled_from(Category),
    ),
    min_size=1,
    max_size=6,
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60, deadline=None)
@given(events=EVENTS, data=st.data())
def test_order_and_batches_of_arrival_make_no_difference(cast, events, data):
    # Two numbers of one platform hear the same: one at once and in order, the other in any order, batch and repetition.
    def heard(place: int, number: int) -> Sighting:
        hours, is_clearance, people, label = events[place]
        at = NOW - dt.timedelta(hours=hours)
        return Sighting(
            f"{number}:{place}", cast.numbers[number].pk, platform().pk, at, label, people, is_clearance=is_clearance
        )

    MarkSighting.objects.all().delete()
    Mark.objects.all().delete()
    in_order = sorted(range(len(events)), key=lambda place: (-events[place][0], events[place][1]))
    feed(*[heard(place, 0) for place in in_order])
    shuffled = data.draw(st.permutations(list(range(len(events)))))
    cuts = sorted(data.draw(st.sets(st.integers(1, len(events)))))
    for start, end in itertools.pairwise([0, *cuts, len(events)]):
        feed(*[heard(place, 1) for place in shuffled[start:end]])
    feed(*[heard(place, 1) for place in shuffled])
    one, other = Mark.objects.get(number=cast.numbers[0]), Mark.objects.get(number=cast.numbers[1])
    if one.episodes:
        assert reading(one) == reading(other)
    assert one.episodes == other.episodes
    # And as told by a slow reading of the same list.
    expected = slow_reading([events[place] for place in in_order])
    assert (one.episodes, *(reading(one)[2:5] if one.episodes else ())) == expected


def slow_reading(events: list[tuple[int, bool, int | None, Category]]) -> tuple[object, ...]:
    """Episodes, first seen, last seen, cleared, by walking through what was said in its own order."""
    episodes, first, last, cleared, is_open = 0, NOW, NOW, None, False
    for hours, is_clearance, _people, _label in events:
        at = NOW - dt.timedelta(hours=hours)
        if is_clearance:
            cleared = at if is_open else cleared
            is_open = False
        elif is_open:
            last = at
        else:
            episodes, first, last, cleared, is_open = episodes + 1, at, at, None, True
    return (episodes, first, last, cleared) if episodes else (0,)


@pytest.mark.parametrize("count", [1, 3, 50])
def test_statements_do_not_grow_with_the_batch(cast, count):
    sightings = [said(str(place), cast, days=place, number=place % 5) for place in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as queries:
        feed(*sightings)
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 4


@pytest.mark.parametrize("sabotage", ["cleared_at = now()", "is_confirmed = false"])
def test_marks_that_say_otherwise_than_the_journal_are_found(cast, sabotage):
    feed(said("1", cast, days=3), said("2", cast, days=2, code="baidu"))
    assert_invariants()
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE appeals_mark SET {sabotage}")
    assert {row["invariant"] for row in check_invariants(from_the_start=False).violations} == {"I6"}
