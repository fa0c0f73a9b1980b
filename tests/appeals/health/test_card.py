"""The health card: facts and their trend, for one number or many at the same cost."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.journal import Actor, ActorKind
from appeals.categories import Category
from appeals.complaints.locks import SUBJECT as LOCK
from appeals.complaints.models import Complaint, Source
from appeals.health.card import cards_of
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Origin
from appeals.platforms import Platform
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.numbers.models import PhoneNumber
from certification.reviews.desk import open_review
from certification.reviews.models import ReviewKind
from tests.cast import NOW, make_number

DAY = dt.timedelta(days=1)


def seen(
    number: PhoneNumber, code: str, days: float, *, is_clearance: bool = False, origin: Origin = Origin.PLATFORM
) -> None:
    said = Sighting(
        f"{number.pk}:{code}:{days}:{is_clearance}",
        number.pk,
        Platform.objects.get(code=code).pk,
        NOW - days * DAY,
        Category.FRAUD,
        12,
        is_clearance=is_clearance,
    )
    observe(sightings=[said], source="feed", origin=origin, actor=Actor(ActorKind.SOURCE), now=NOW)


def locked(number: PhoneNumber, days: float, *, closed: float | None = None) -> Maintenance:
    cause = MaintenanceCause.objects.get(code="complaint_lock")
    at = NOW - days * DAY
    return Maintenance.objects.create(
        cause=cause, scope="number", number=number, opened_at=at, held_since=at, created_at=at, locks=True,
        suspends_display=True, closed_at=NOW - closed * DAY if closed is not None else None,
    )  # fmt: skip


def test_card_says_marks_by_age_and_what_stood_before(cast):
    number = cast.numbers[0]
    seen(number, "360", 50)
    seen(number, "360", 2)
    seen(number, "baidu", 45)
    seen(number, "baidu", 10, is_clearance=True)
    seen(number, "tencent", 5)
    seen(cast.numbers[1], "sogou", 1)
    card = cards_of([number], now=NOW)[number.pk]
    assert [(mark.platform.code, mark.first_seen_at) for mark in card.marks] == [
        ("360", NOW - 50 * DAY),
        ("tencent", NOW - 5 * DAY),
    ]
    assert (card.marks_before, card.cleared, card.tone) == (2, 1, "amber")
    with translation.override("zh-hans"):
        assert card.sentence == "2 个平台标记了该号码；30 天内无投诉。"


def test_card_says_locks_now_and_past(cast):
    number = cast.numbers[0]
    for days in (90, 80, 70, 60):
        locked(number, days, closed=days - 2)
    now_locked = locked(number, 1)
    card = cards_of([number], now=NOW)[number.pk]
    assert (card.lock, card.past_locks_total, len(card.past_locks), card.tone) == (now_locked, 4, 3, "red")


def complain(number: PhoneNumber, count: int, days: float) -> None:
    source = Source.objects.get_or_create(name="hotline", defaults={"created_at": NOW})[0]
    start = Complaint.objects.count()
    Complaint.objects.bulk_create(
        Complaint(
            source=source, event=str(start + place), company=number.company, number=number, dialled=number.number,
            at=NOW - days * DAY, day=(NOW - days * DAY).date(), category="harassment", received_at=NOW,
        )
        for place in range(count)
    )  # fmt: skip


def test_complaints_stand_against_the_median_of_all_numbers(cast):
    first, second, third, fourth, _fifth = cast.numbers
    complain(first, 7, 3)
    complain(first, 2, 40)
    complain(second, 1, 29)
    complain(third, 1, 5)
    complain(fourth, 4, 31)
    cards = cards_of([first, third, fourth], now=NOW)
    # 7, 1, 1, 0, 0
    assert [(card.complaints, card.complaints_before, card.median) for card in cards.values()] == [
        (7, 2, 1.0),
        (1, 0, 1.0),
        (0, 4, 1.0),
    ]
    assert [card.is_above_median for card in cards.values()] == [True, False, False]
    with translation.override("zh-hans"):
        assert cards[first.pk].sentence == "没有平台标记该号码；30 天内 7 次投诉，高于贵企业中位数 1 次。"


def test_number_against_which_nothing_stands_is_green(cast):
    card = cards_of(cast.numbers[:1], now=NOW)[cast.numbers[0].pk]
    with translation.override("en"):
        assert (card.tone, card.sentence) == ("green", "No platform marks this number; no complaint in 30 days.")


@pytest.mark.parametrize("count", [1, 3, 50])
def test_queries_do_not_grow_with_the_numbers(cast, count):
    numbers = [make_number(cast.clinic) for _ in range(count)]
    for number in numbers[:5]:
        seen(number, "360", 40)
        locked(number, 1)
    with CaptureQueriesContext(connection) as queries:
        assert len(cards_of(numbers, now=NOW)) == count
    assert len(queries) == 5


def test_page_of_a_number_shows_its_card(cast):
    number = cast.numbers[0]
    number.refresh_from_db()
    seen(number, "360", 50)
    client = Client(headers={"accept-language": "en"})
    client.force_login(cast.viewer)
    page = client.get(f"/numbers/{number.ref}/").content.decode()
    assert "1 platform marks this number; no complaint in 30 days." in page
    assert "by 12 people" in page


def test_case_of_a_lock_shows_the_card_of_its_number(cast):
    number = cast.numbers[0]
    seen(number, "360", 50)
    lock = locked(number, 1)
    case = open_review(
        kind=ReviewKind.COMPLAINT_LOCK, company=cast.clinic, subject=LOCK, subject_id=lock.pk, submitted_by_id=None,
        actor=Actor.engine(), now=NOW,
    )  # fmt: skip
    client = Client(headers={"accept-language": "en"})
    client.force_login(cast.reviewer)
    page = client.get(f"/staff/cases/{case.ref}/").content.decode()
    assert "Health card" in page
    assert "It is locked because of complaints; 1 platform marks this number; no complaint in 30 days." in page
    assert number.number not in page
