"""What a company reads of complaints: beside the status, on the overview, in its list."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.journal import Actor
from appeals.complaints.intake import receive
from appeals.complaints.locks import open_lock_of, release
from appeals.complaints.models import Source
from certification.maintenance.facts import StatusFacts, facts_for
from certification.maintenance.status import with_status
from certification.numbers.models import PhoneNumber
from portal.home.overview import overview_of
from tests.cast import NOW, Cast, make_number
from tests.invariants import assert_invariants

COMMAND = Actor.command()
WARNING = "Warning: %d complaints today; a few more lock the number."


@pytest.fixture
def source(cast: Cast) -> Source:
    return Source.objects.create(name="test", created_at=NOW)


def complain(source: Source, number: PhoneNumber, count: int, now: dt.datetime = NOW) -> None:
    """So many more complaints about calls of this moment."""
    known = source.complaints.count()
    events = [
        {
            "id": f"e{known + place}",
            "number": number.number,
            "at": now.isoformat(),
            "category": "other",
            "evidence": "秘",
        }
        for place in range(count)
    ]
    receive(source=source, events=events, actor=COMMAND, now=now)


def facts_of(number: PhoneNumber, now: dt.datetime = NOW) -> StatusFacts:
    numbers = list(with_status(PhoneNumber.objects.filter(pk=number.pk)).select_related("company", "provider"))
    with translation.override("en"):
        return facts_for(numbers, now=now)[number.pk]


def test_third_complaint_shows_beside_the_status_which_stays(cast: Cast, source: Source) -> None:
    number = cast.numbers[0]
    before = facts_of(number)
    complain(source, number, 2)
    assert facts_of(number).notes == before.notes == []
    complain(source, number, 1)
    after = facts_of(number)
    assert (after.status, after.tone, after.displayed, after.notes) == (
        before.status,
        before.tone,
        before.displayed,
        [WARNING % 3],
    )
    complain(source, number, 2)
    assert facts_of(number).notes == [WARNING % 5]
    assert facts_of(cast.numbers[1]).notes == []
    assert facts_of(number, NOW + dt.timedelta(days=1)).notes == []  # the day is over
    assert_invariants()


def test_warning_ends_with_the_lock_and_does_not_come_back_with_the_release(cast: Cast, source: Source) -> None:
    number = cast.numbers[0]
    complain(source, number, 6)
    locked = facts_of(number)
    assert (locked.status, locked.tone, locked.displayed, locked.notes) == ("locked", "red", False, [])
    lock = open_lock_of(number)
    assert lock is not None
    release(lock=lock, actor=Actor.person(cast.reviewer), now=NOW + dt.timedelta(minutes=1), reason="误报")
    assert facts_of(number, NOW + dt.timedelta(minutes=2)).notes == []
    assert_invariants()


def test_lock_of_a_number_that_is_not_certified_is_said_beside_its_own_state(cast: Cast, source: Source) -> None:
    number = make_number(cast.clinic, lifecycle="draft")
    complain(source, number, 6)
    facts = facts_of(number)
    lock = open_lock_of(number)
    assert lock is not None
    with translation.override("en"):
        assert (facts.status, facts.notes) == ("draft", [f"{lock.title}: {lock.message}"])


def test_warned_number_needs_the_company_on_its_overview(cast: Cast, source: Source) -> None:
    numbers = [make_number(cast.clinic, alias=f"line {place}") for place in range(4)]
    complain(source, numbers[0], 4)
    with translation.override("en"):
        (task,) = overview_of(cast.clinic, now=NOW).tasks
        assert (task.title, task.url, task.numbers) == (
            "line 0: 4 complaints today",
            reverse("numbers:detail", args=[PhoneNumber.objects.get(pk=numbers[0].pk).ref]),
            1,
        )
        for number in numbers[1:]:
            complain(source, number, 3)
        (digest,) = overview_of(cast.clinic, now=NOW).tasks
        assert (digest.title, digest.url) == ("4 numbers have many complaints today", reverse("complaints:list"))
        assert overview_of(cast.shop, now=NOW).tasks == []


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_company_reads_its_complaints_in_a_fixed_number_of_queries(
    cast: Cast, source: Source, rows: int, django_assert_num_queries: Any
) -> None:
    for _ in range(rows):
        complain(source, make_number(cast.clinic), 1, timezone.now())
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.viewer)
    client.get(reverse("complaints:list"))
    with django_assert_num_queries(6):
        page = client.get(reverse("complaints:list"))
    assert len(page.context["page"].rows) == rows
    assert "秘" not in page.content.decode()  # what is known of who complained stays with reviewers


def test_complaints_of_one_number_are_a_list_of_their_own(cast: Cast, source: Source) -> None:
    one, other = cast.numbers[:2]
    complain(source, one, 2)
    complain(source, other, 1)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.owner)
    ref = PhoneNumber.objects.get(pk=one.pk).ref
    page = client.get(reverse("complaints:list"), {"number": ref})
    assert {complaint.number_id for complaint in page.context["page"].rows} == {one.pk}
    client.force_login(cast.stranger)
    assert client.get(reverse("complaints:list"), {"number": ref}).status_code == 404
    assert client.get(reverse("complaints:list"), {"number": "\x00"}).context["page"].rows == []
