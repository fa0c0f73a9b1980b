"""Intake: each event answered by itself, counted once for its own local day; the sixth locks once, however it arrives."""

from __future__ import annotations

import datetime as dt
import json
import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.db import connection, connections
from django.test.utils import CaptureQueriesContext
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.companies import Company
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from appeals.complaints.intake import Receipt, match_numbers, receive
from appeals.complaints.locks import open_lock_of, release
from appeals.complaints.models import Complaint, ComplaintDay, Source
from appeals.complaints.sheets import COMPLAINTS
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance
from certification.maintenance.status import Status, status_of
from certification.numbers.models import PhoneNumber, Provider
from certification.numbers.registry import add_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews.models import Review, ReviewKind
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants

DATA = Path(__file__).parents[2] / "data"
SYSTEM = Actor.command()


def make_source(name: str = "test") -> Source:
    return Source.objects.create(name=name, created_at=NOW)


def event(number: PhoneNumber | str, identifier: str, at: dt.datetime = NOW, **more: Any) -> dict[str, Any]:
    dialled = number if isinstance(number, str) else number.number
    return {"id": identifier, "number": dialled, "at": at.isoformat(), "category": "harassment", **more}


def take(source: Source, events: list[dict[str, Any]], now: dt.datetime = NOW) -> Receipt:
    return receive(source=source, events=events, actor=SYSTEM, now=now)


def outcomes(receipt: Receipt) -> list[str]:
    return [result.outcome for result in receipt.results]


def locks(number: PhoneNumber) -> list[Maintenance]:
    return list(Maintenance.objects.filter(number=number, locks=True).order_by("pk"))


def test_five_complaints_of_a_day_do_not_lock_and_the_sixth_does(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    five = take(source, [event(number, f"e{n}") for n in range(5)])
    assert (outcomes(five), five.locked, locks(number)) == (["accepted"] * 5, [], [])
    sixth = take(source, [event(number, "e5")])
    assert sixth.locked == [number.number]
    (lock,) = locks(number)
    review = Review.objects.get(subject="complaint_lock", subject_id=lock.pk)
    assert (review.kind, review.due_at) == (ReviewKind.COMPLAINT_LOCK, NOW + dt.timedelta(hours=48))
    assert lock.expected_until == review.due_at
    assert status_of(number) == Status.LOCKED
    assert JournalEntry.objects.filter(subject="maintenance", subject_id=lock.pk, after="open").count() == 1
    assert Notice.objects.filter(kind="complaint_lock", company=cast.clinic).count() == 2
    assert Notice.objects.filter(kind="complaint_warning", company=cast.clinic).count() == 2
    more = take(source, [event(number, f"m{n}") for n in range(20)])
    assert (set(outcomes(more)), more.locked, len(locks(number))) == ({"accepted"}, [], 1)
    assert ComplaintDay.objects.get(number=number).total == 26
    assert_invariants()


def test_event_is_taken_once_whatever_else_comes_with_it(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    same = event(number, "same")
    assert outcomes(take(source, [same, same, event(number, "other")])) == ["accepted", "duplicate", "accepted"]
    assert outcomes(take(source, [same])) == ["duplicate"]
    assert outcomes(take(make_source("another"), [same])) == ["accepted"]
    assert Complaint.objects.count() == 3


def test_each_wrong_event_says_what_is_wrong_and_stops_no_other(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    wrong: list[Any] = [
        {**event(number, ""), "id": None},
        event("12", "short"),
        event(number, "future", NOW + dt.timedelta(minutes=11)),
        {**event(number, "when"), "at": "yesterday"},
        event(number, "what", category="noise"),
        "text",
        event(number, "x" * 81),
        event(number, "fine", NOW + dt.timedelta(minutes=9)),
    ]
    receipt = take(source, wrong)
    assert outcomes(receipt) == ["invalid"] * 7 + ["accepted"]
    assert all(result.reason for result in receipt.results[:-1])
    assert Complaint.objects.count() == 1


def test_late_events_count_for_their_own_local_day(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    midnight = dt.datetime(2026, 11, 23, 16, tzinfo=dt.UTC)  # the 24th begins in China
    before = [event(number, f"b{n}", midnight - dt.timedelta(minutes=1)) for n in range(3)]
    after = [event(number, f"a{n}", midnight + dt.timedelta(minutes=n)) for n in range(5)]
    assert take(source, before + after).locked == []
    assert dict(ComplaintDay.objects.values_list("day", "total")) == {
        dt.date(2026, 11, 23): 3,
        dt.date(2026, 11, 24): 5,
    }
    assert take(source, [event(number, "late", midnight)]).locked == [number.number]


def test_days_are_those_of_the_companys_zone(cast: Cast) -> None:
    Company.objects.filter(pk=cast.clinic.pk).update(time_zone="America/New_York")
    number, source = cast.numbers[0], make_source()
    midnight = dt.datetime(2026, 11, 1, tzinfo=ZoneInfo("America/New_York"))  # a day of 25 hours begins
    day = [event(number, f"d{n}", midnight + n * dt.timedelta(hours=4, minutes=59)) for n in range(5)]
    assert take(source, [*day, event(number, "before", midnight - dt.timedelta(seconds=1))]).locked == []
    last = midnight.astimezone(dt.UTC) + dt.timedelta(hours=24, minutes=59)
    assert take(source, [event(number, "last", last)]).locked == [number.number]


def test_release_lets_the_counter_start_again(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    take(source, [event(number, f"e{n}") for n in range(8)])
    lock = open_lock_of(number)
    assert lock is not None
    later = NOW + dt.timedelta(hours=1)
    assert release(lock=lock, actor=SYSTEM, now=later, reason="误报")
    assert not release(lock=lock, actor=SYSTEM, now=later, reason="误报")
    assert Review.objects.get(subject="complaint_lock", subject_id=lock.pk).state == "cancelled"
    assert status_of(number) == Status.CERTIFIED
    # What was complained of before the release never counts again, however late it is told.
    assert take(source, [event(number, f"late{n}", NOW) for n in range(9)], later).locked == []
    after = later + dt.timedelta(minutes=1)
    assert take(source, [event(number, f"n{n}", after) for n in range(5)], after).locked == []
    assert take(source, [event(number, "n5", after)], after).locked == [number.number]
    assert len(locks(number)) == 2
    assert ComplaintDay.objects.get(number=number).total == 8 + 9 + 6
    assert Notice.objects.filter(kind="lock_released").count() == 2
    assert_invariants()


def test_complaints_about_an_unknown_number_wait_for_it(cast: Cast) -> None:
    source = make_source()
    receipt = take(source, [event("13911112222", f"u{n}") for n in range(6)])
    assert (outcomes(receipt), receipt.locked) == (["unknown_number"] * 6, [])
    read = read_number("13911112222")
    assert isinstance(read, ReadNumber)
    number = add_number(
        company=cast.shop, read=read, provider=Provider.objects.get(code="official"), actor=SYSTEM, now=NOW
    )
    assert Complaint.objects.filter(number=number, company=cast.shop).count() == 6
    assert open_lock_of(number) is not None
    assert match_numbers(dialled=[number.number], actor=SYSTEM, now=NOW) == 0
    assert_invariants()


@pytest.mark.parametrize("count", [1, 1000])
def test_batch_is_so_many_statements_whatever_its_size(cast: Cast, count: int) -> None:
    source = make_source()
    events = [event(cast.numbers[n % len(cast.numbers)], f"e{n}") for n in range(count)]
    with CaptureQueriesContext(
        connection,
    ) as captured:
        take(source, events)
    assert len(captured) <= 20


def sample() -> list[dict[str, Any]]:
    """The rows of the sample file."""
    with (DATA / "complaints.csv").open("rb") as file:
        return [row for _place, row in COMPLAINTS.events_of(file, "complaints.csv")]


def expected() -> dict[str, Any]:
    document: dict[str, Any] = json.loads((DATA / "complaints.expected.json").read_text())
    return document


def register(cast: Cast, numbers: set[str]) -> None:
    provider = Provider.objects.get(code="official")
    for value in sorted(numbers):
        read = read_number(value)
        assert isinstance(read, ReadNumber)
        PhoneNumber.objects.get_or_create(
            number=read.number,
            released_at=None,
            defaults={
                "company": cast.shop, "kind": read.kind, "provider": provider, "lifecycle_since": NOW, "created_at": NOW,
            },
        )  # fmt: skip


def locked_now() -> set[str]:
    return set(Maintenance.objects.open_at().filter(locks=True).values_list("number__number", flat=True))


def e164(values: list[str]) -> set[str]:
    return {read.number for value in values if isinstance(read := read_number(value), ReadNumber)}


@settings(
    max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(seed=st.integers(0, 10_000), size=st.sampled_from([1, 7, 50, 1000]))
def test_sample_locks_exactly_what_it_should_in_any_order_and_batch(cast: Cast, seed: int, size: int) -> None:
    Complaint.objects.all().delete()
    ComplaintDay.objects.all().delete()
    Review.objects.filter(subject="complaint_lock").delete()
    Maintenance.objects.filter(locks=True).delete()
    rows = sample()
    register(cast, {str(row["number"]) for row in rows})
    source, _created = Source.objects.get_or_create(name="sample", defaults={"created_at": NOW})
    shuffled = rows * 2 if size > 1 else rows
    random.Random(seed).shuffle(shuffled)
    said: list[str] = []
    for start in range(0, len(shuffled), size):
        said += take(source, shuffled[start : start + size]).locked
    assert Complaint.objects.count() == expected()["distinct"]
    assert set(said) == locked_now() == e164(expected()["locked"])
    assert len(said) == len(set(said))


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_eight_clients_at_once_lock_once(cast: Cast) -> None:
    rows = sample()
    register(cast, {str(row["number"]) for row in rows})
    source = make_source()

    def client(place: int) -> list[str]:
        mine = list(rows)
        random.Random(place).shuffle(mine)
        try:
            return [
                number for start in range(0, len(mine), 9) for number in take(source, mine[start : start + 9]).locked
            ]
        finally:
            connections.close_all()

    with ThreadPoolExecutor(8) as pool:
        said = [number for numbers in pool.map(client, range(8)) for number in numbers]
    assert sorted(said) == sorted(e164(expected()["locked"]))
    assert locked_now() == e164(expected()["locked"])
    assert Complaint.objects.count() == expected()["distinct"]
    assert Review.objects.filter(subject="complaint_lock").count() == len(said)
    assert sum(ComplaintDay.objects.values_list("total", flat=True)) == expected()["distinct"]


@pytest.mark.parametrize(
    "sabotage",
    [
        "UPDATE appeals_complaintday SET counted = 0",
        "UPDATE certification_maintenance SET closed_at = opened_at, held_until = opened_at WHERE locks",
        "UPDATE appeals_complaintday SET total = total + 1",
    ],
)
def test_broken_counters_and_locks_are_found(cast: Cast, sabotage: str) -> None:
    take(make_source(), [event(cast.numbers[0], f"e{n}") for n in range(6)])
    assert_invariants()
    with connection.cursor() as cursor:
        cursor.execute(sabotage)
    assert "I10" in {row["invariant"] for row in check_invariants(from_the_start=False).violations}
