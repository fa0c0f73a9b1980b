"""The queue: its order, its filters and its search, pages that go on from a place, and what is new."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.journal import Actor
from accounts.keyset import beyond
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.reviews import desk
from certification.reviews.models import Review, ReviewPause
from certification.reviews.number_search import read_pattern
from certification.reviews.queue import ORDER, queue_for
from tests.cast import Cast, make_number
from tests.certification.applications.making import make_submitted, review_of

if TYPE_CHECKING:
    from django.test import Client

ENGLISH = {"Accept-Language": "en"}
QUEUE = "/staff/queue/"


def waiting(cast: Cast, serial: int, *, due_in: int = 48, **fields: object) -> Review:
    now = timezone.now()
    review = Review.objects.create(
        kind="application",
        company=cast.clinic,
        subject="paper",
        subject_id=serial,
        opened_at=now,
        due_from=now,
        due_at=now + dt.timedelta(hours=due_in),
        **fields,
    )
    review.refresh_from_db()
    return review


def pause(review: Review, cause: str = "standard_overhaul") -> None:
    now = timezone.now()
    maintenance = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code=cause),
        scope="everything",
        opened_at=now,
        held_since=now,
        urgent_appeals_only=cause == "standard_overhaul",
        expected_until=now + dt.timedelta(days=10),
        created_at=now,
    )
    ReviewPause.objects.create(review=review, maintenance=maintenance, started_at=now)


def test_order_is_urgent_expedited_overdue_then_due(cast: Cast) -> None:
    """A case whose clock stands still is past its due time without being overdue: it does not come before those that are."""
    long_ago = timezone.now() - dt.timedelta(days=3)
    still = waiting(cast, 1, due_in=-50)
    later, soon = waiting(cast, 2, due_in=20), waiting(cast, 3, due_in=10)
    late = waiting(cast, 4, due_in=-5, overdue_since=long_ago)
    expedited = waiting(cast, 5, due_in=90, is_expedited=True)
    urgent = waiting(cast, 6, due_in=99, is_urgent=True)
    urgent_late = waiting(cast, 7, due_in=-1, is_urgent=True, overdue_since=long_ago)
    urgent_expedited = waiting(cast, 8, due_in=95, is_urgent=True, is_expedited=True)
    assert list(queue_for(cast.reviewer)) == [
        urgent_expedited, urgent_late, urgent, expedited, late, still, soon, later,
    ]  # fmt: skip


def test_first_and_later_pages_are_read_from_the_index(cast: Cast) -> None:
    """The plan of a page sorts nothing and begins at its place."""
    review = waiting(cast, 1)
    place = [review.queue_rank, review.due_at, review.pk]
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off")
        cursor.execute("SET LOCAL enable_bitmapscan = off")
    first = queue_for(cast.reviewer)[:51].explain()
    assert "review_queue" in first
    assert "Sort" not in first
    from_place = queue_for(cast.reviewer).filter(beyond(ORDER, place, backwards=False))[:51].explain()
    assert "ROW(" in from_place.partition("Index Cond")[2]
    assert "Sort" not in from_place


def test_pages_go_on_where_the_last_one_ended(client: Client, cast: Cast) -> None:
    rows = [waiting(cast, serial, due_in=serial % 7, is_urgent=serial % 11 == 0) for serial in range(1, 120)]
    client.force_login(cast.reviewer)
    seen, address, back = [], QUEUE, []
    while address:
        page = client.get(address).context["page"]
        seen += [review.pk for review in page.rows]
        back.append([review.pk for review in page.rows])
        previous, address = page.previous_url, page.next_url
    assert seen == list(queue_for(cast.reviewer).values_list("pk", flat=True))
    assert len(seen) == len(rows)
    assert [review.pk for review in client.get(previous).context["page"].rows] == back[-2]


@pytest.mark.parametrize(
    ("query", "serials"),
    [
        ("expedited=on", [2]),
        ("paused=on", [3]),
        ("overdue=on", [4]),
        ("urgent=on", [5]),
        ("overdue=on&urgent=on", []),
        ("", [5, 2, 4, 3, 1]),
    ],
)
def test_filters_of_the_address(client: Client, cast: Cast, query: str, serials: list[int]) -> None:
    waiting(cast, 1, due_in=60)
    waiting(cast, 2, is_expedited=True)
    pause(waiting(cast, 3, due_in=-2))
    waiting(cast, 4, due_in=-1, overdue_since=timezone.now())
    waiting(cast, 5, is_urgent=True)
    client.force_login(cast.reviewer)
    page = client.get(f"{QUEUE}?{query}")
    assert [row.subject_id for row in page.context["page"].rows] == serials


def test_paused_case_says_why_in_its_row(client: Client, cast: Cast) -> None:
    pause(waiting(cast, 1))
    client.force_login(cast.reviewer)
    text = client.get(QUEUE, headers=ENGLISH).content.decode()
    assert "Paused" in text
    assert "only urgent appeals are decided meanwhile" in text


def test_company_and_kind_show_what_can_be_decided_together(client: Client, cast: Cast) -> None:
    waiting(cast, 1)
    other = waiting(cast, 2)
    Review.objects.filter(pk=other.pk).update(company=cast.shop)
    client.force_login(cast.reviewer)
    page = client.get(f"{QUEUE}?company={cast.clinic.ref}&kind=application")
    assert [row.subject_id for row in page.context["page"].rows] == [1]
    assert 'name="case"' in page.content.decode()
    client.force_login(cast.auditor)
    assert 'name="case"' not in client.get(f"{QUEUE}?company={cast.clinic.ref}&kind=application").content.decode()


@pytest.mark.parametrize(
    ("typed", "found"),
    [
        ("138****7654", True),
        ("138 **** 7654", True),
        ("138xxxx7654", True),
        ("１３８＊＊＊＊７６５４", True),
        ("+86 138-0000-7654", True),
        ("8-0000-76", True),
        ("138****7655", False),
        ("139****7654", False),
        ("****7654", True),
        ("76", False),
    ],
)
def test_number_is_found_in_any_shape(client: Client, cast: Cast, typed: str, found: bool) -> None:
    number = make_number(cast.clinic, number="+8613800007654", lifecycle="draft")
    review = review_of(make_submitted(cast, [number]))
    waiting(cast, 1)
    client.force_login(cast.reviewer)
    rows = client.get(f"{QUEUE}?q={quote(typed)}").context["page"].rows
    assert (review in rows) == found
    assert len(rows) == int(found)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_a_number_or_none(text: str) -> None:
    pattern = read_pattern(text)
    if pattern is not None:
        assert all(part.isdecimal() or part == "" for part in pattern)
        assert any(pattern)


def test_new_cases_are_counted_and_shown_on_demand(client: Client, cast: Cast) -> None:
    client.force_login(cast.reviewer)
    news = client.get(QUEUE).context["news_url"]
    assert client.get(news).status_code == 204
    for serial in range(3):
        waiting(cast, serial)
    hint = client.get(news, headers=ENGLISH)
    assert "3 new cases" in hint.content.decode()
    known = hint.context["news_url"]
    assert client.get(known).status_code == 204
    elsewhere = news.replace("?", "?kind=material&")
    assert client.get(elsewhere).status_code == 204
    assert client.get(reverse("reviews:news") + "?since=nonsense").status_code == 204


def test_reading_keeps_the_claim_and_a_lost_one_names_the_holder(client: Client, cast: Cast) -> None:
    review = waiting(cast, 1)
    Review.objects.filter(pk=review.pk).update(subject="material", subject_id=cast.clinic.materials.earliest("pk").pk)
    began = timezone.now() - dt.timedelta(minutes=29)
    desk.claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=began)
    client.force_login(cast.reviewer)
    url = reverse("reviews:at_work", args=[review.ref])
    assert f'data-at-work="{url}"' in client.get(reverse("reviews:case", args=[review.ref])).content.decode()
    assert client.post(url).status_code == 204
    review.refresh_from_db()
    assert review.claim_active_at is not None
    assert review.claim_active_at > began
    desk.reassign(review=review, to=cast.second_reviewer, actor=Actor.person(cast.lead), now=timezone.now())
    assert cast.second_reviewer.name in client.post(url).content.decode()
    assert client.get(url).status_code == 405
