"""The staff's pages about complaints: sources and keys, what came in, unknown and locked numbers, one by hand."""

from __future__ import annotations

import datetime as dt
import re
import uuid
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor, JournalEntry
from accounts.users import User
from accounts.working_days import CHINA
from appeals.complaints.intake import receive
from appeals.complaints.locks import SUBJECT, open_lock_of
from appeals.complaints.models import Complaint, Source, SourceKey
from appeals.complaints.sources import STAFF_SOURCE, create_source, issue_key, source_of
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.number_search import about_numbers
from tests.cast import Cast, make_number
from tests.invariants import assert_invariants

COMMAND = Actor.command()


def browser(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def complain(number: str, count: int, *, source: Source | None = None, prefix: str = "") -> Source:
    """So many complaints about a call of a minute ago."""
    now = timezone.now()
    source = source or create_source(name=f"source-{prefix or number}", actor=COMMAND, now=now)
    at = (now - dt.timedelta(seconds=1)).isoformat()
    events = [
        {"id": f"{prefix}{place}", "number": number, "at": at, "category": "fraud", "platform": "360"}
        for place in range(count)
    ]
    receive(source=source, events=events, actor=COMMAND, now=now)
    return source


def new_key(page: str) -> str:
    """The key that the page shows."""
    found = re.search(r'id="new-key"[^>]*>([^<]+)<', page)
    assert found is not None
    return found[1]


def test_source_gets_a_key_that_is_shown_once_and_revoked_at_once(cast: Cast) -> None:
    client = browser(cast.operations)
    assert client.post(reverse("complaints:sources"), {"name": ""}).status_code == 422
    client.post(reverse("complaints:sources"), {"name": "12321 举报中心"})
    source = Source.objects.get(name="12321 举报中心")
    again = client.post(reverse("complaints:sources"), {"name": "12321 举报中心"})
    assert (again.status_code, "There is a source of this name already." in again.content.decode()) == (422, True)
    page, issue = reverse("complaints:source", args=[source.ref]), reverse("complaints:key_new", args=[source.ref])
    form = {"lasting": "90", "newest": ""}
    assert client.post(issue, form)["Location"] == page
    client.post(issue, form)  # the second click of a double click
    shown = client.get(page).content.decode()
    key = new_key(shown)
    assert "new-key" not in client.get(page).content.decode()
    assert SourceKey.objects.count() == 1
    stored = SourceKey.objects.get()
    assert key not in (stored.digest, stored.beginning)
    assert stored.expires_at is not None
    assert source_of(key=key, now=timezone.now()) == source
    revoke = reverse("complaints:key_revoke", args=[stored.ref])
    assert client.get(revoke).status_code == 200
    assert source_of(key=key, now=timezone.now()) == source  # asking changes nothing
    assert client.post(revoke)["Location"] == page
    assert source_of(key=key, now=timezone.now()) is None
    client.post(revoke)
    assert list(JournalEntry.objects.filter(subject="source_key").values_list("after", flat=True)) == [
        "issued",
        "revoked",
    ]


def test_second_key_lets_the_first_go_on_for_a_while(cast: Cast) -> None:
    now = timezone.now()
    source = create_source(name="platform", actor=COMMAND, now=now)
    first = issue_key(source=source, actor=COMMAND, now=now)
    client = browser(cast.operations)
    page = client.get(reverse("complaints:source", args=[source.ref])).content.decode()
    newest = SourceKey.objects.get().ref
    assert newest in page
    client.post(reverse("complaints:key_new", args=[source.ref]), {"lasting": "always", "newest": newest})
    assert source_of(key=first, now=now + dt.timedelta(days=6)) == source
    assert source_of(key=first, now=now + dt.timedelta(days=8)) is None


def test_new_key_is_not_shown_on_the_page_of_another_source(cast: Cast) -> None:
    now = timezone.now()
    one, other = (create_source(name=name, actor=COMMAND, now=now) for name in ("one", "other"))
    for source in (one, other):
        source.refresh_from_db()
    client = browser(cast.operations)
    client.post(reverse("complaints:key_new", args=[one.ref]), {"lasting": "always", "newest": ""})
    assert "new-key" not in client.get(reverse("complaints:source", args=[other.ref])).content.decode()
    assert new_key(client.get(reverse("complaints:source", args=[one.ref])).content.decode())


def test_overview_counts_today_by_source_and_platform(cast: Cast) -> None:
    complain(cast.numbers[0].number, 2, prefix="a")
    complain("+8613912345678", 1, prefix="b")
    page = browser(cast.auditor).get(reverse("complaints:staff_overview"))
    assert [(share.name, share.total, share.unknown) for share in page.context["by_source"]] == [
        ("source-a", 2, 0),
        ("source-b", 1, 1),
    ]
    assert [(share.name, share.total) for share in page.context["by_platform"]] == [("360", 3)]
    text = page.content.decode()
    assert "3 complaints have come in today, 1 of them about numbers that nobody holds." in text
    assert cast.numbers[0].number not in text
    assert "Record a complaint" not in text  # the auditor only reads


def test_unknown_numbers_are_listed_with_the_most_complaints_first(cast: Cast) -> None:
    complain("+8613912345678", 1, prefix="a")
    complain("+8613912345679", 3, prefix="b")
    complain(cast.numbers[0].number, 1, prefix="c")
    rows = browser(cast.reviewer).get(reverse("complaints:staff_unknown")).context["rows"]
    assert [(row["dialled"], row["total"]) for row in rows] == [("+8613912345679", 3), ("+8613912345678", 1)]


@pytest.mark.parametrize("rows", [1, 3, 50])
@pytest.mark.parametrize(
    ("name", "queries"),
    [("complaints:staff_overview", 9), ("complaints:staff_locks", 7), ("complaints:staff_unknown", 6)],
)
def test_staff_pages_take_the_same_queries_for_any_number_of_rows(
    cast: Cast, rows: int, name: str, queries: int, django_assert_num_queries: Any
) -> None:
    source = complain("+8613912345678", 1, prefix="u")
    for place in range(rows):
        complain(make_number(cast.clinic).number, 6, source=source, prefix=f"n{place}-")
    client = browser(cast.operations)
    client.get(reverse(name))
    with django_assert_num_queries(queries):
        assert client.get(reverse(name)).status_code == 200


def recorded(cast: Cast, **changes: str) -> dict[str, str]:
    local = timezone.now().astimezone(CHINA)
    return {
        "number_text": cast.numbers[0].number,
        "on": local.date().isoformat(),
        "at": local.strftime("%H:%M"),
        "category": "fraud",
        "platform": "",
        "source": "",
        "evidence": "冒充银行",
        "submission": str(uuid.uuid4()),
        **changes,
    }


def test_recorded_complaint_counts_once_and_the_sixth_locks(cast: Cast) -> None:
    client, address = browser(cast.operations), reverse("complaints:staff_record")
    first = recorded(cast)
    for _click in range(2):
        assert client.post(address, first)["Location"] == reverse("complaints:staff_overview")
    complaint = Complaint.objects.get()
    assert (complaint.source.name, complaint.evidence, complaint.number) == (
        STAFF_SOURCE,
        "冒充银行",
        cast.numbers[0],
    )
    for _more in range(4):
        client.post(address, recorded(cast))
    assert open_lock_of(cast.numbers[0]) is None
    page = client.post(address, recorded(cast), follow=True)
    assert "the number is locked and waits for a reviewer" in page.content.decode()
    assert open_lock_of(cast.numbers[0]) is not None
    client.post(address, recorded(cast, number_text="13912345678"))
    assert Complaint.objects.filter(number__isnull=True).count() == 1
    assert_invariants()


@pytest.mark.parametrize(
    ("field", "value", "words"),
    [
        ("number_text", "12", "id_number_text"),
        ("number_text", "1\x002", "id_number_text"),
        ("category", "", "id_category"),
        ("on", "2099-01-01", "The time lies in the future."),
        ("submission", "x", "submission"),
        ("evidence", "x" * 4001, "id_evidence"),
    ],
)
def test_wrong_complaint_is_refused_with_everything_kept(cast: Cast, field: str, value: str, words: str) -> None:
    form = recorded(cast, **{field: value})
    answer = browser(cast.operations).post(reverse("complaints:staff_record"), form)
    text = answer.content.decode()
    assert answer.status_code == 422
    assert words in text
    assert field == "evidence" or "冒充银行" in text
    assert not Complaint.objects.exists()


def test_lead_has_a_kept_lock_reviewed_again(cast: Cast) -> None:
    complain(cast.numbers[0].number, 6)
    now = timezone.now()
    lock = open_lock_of(cast.numbers[0])
    assert lock is not None
    review = Review.objects.get(subject=SUBJECT, subject_id=lock.pk)
    actor = Actor.person(cast.reviewer)
    desk.claim(review=review, reviewer=cast.reviewer, actor=actor, now=now)
    desk.decide(
        review=review, reviewer=cast.reviewer, decision=Decision.REJECTED, text="投诉属实。", actor=actor, now=now
    )
    assert open_lock_of(cast.numbers[0]) == lock
    assert review in Review.objects.filter(about_numbers(cast.numbers[0].number))  # the queue's search
    assert review not in Review.objects.filter(about_numbers(cast.numbers[1].number))
    locks, again = reverse("complaints:staff_locks"), reverse("complaints:staff_review_again", args=[lock.ref])
    assert "Review again" not in browser(cast.reviewer).get(locks).content.decode()
    assert browser(cast.reviewer).post(again).status_code == 403
    lead = browser(cast.lead)
    assert "Review again" in lead.get(locks).content.decode()
    first = lead.post(again)
    second = lead.post(again)
    open_one = Review.objects.get(subject=SUBJECT, subject_id=lock.pk, state=ReviewState.OPEN)
    assert first["Location"] == second["Location"] == reverse("reviews:case", args=[open_one.ref])
    assert open_one != review
    assert_invariants()
