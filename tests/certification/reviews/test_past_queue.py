"""The queue as of a past moment: what was seen then is what is read later, whatever has happened since."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.companies import Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor
from accounts.users import User
from certification.maintenance.engine import tick
from certification.maintenance.plans import end_plan
from certification.reviews import desk
from certification.reviews.expediting import expedite_review
from certification.reviews.models import Decision, Review, ReviewKind
from certification.reviews.past_queue import listed_at, narrowed, queue_at, recall_reviews
from certification.reviews.queue import QueueFilter, listed, queue_for
from certification.reviews.standstill import go_on, stand_still
from certification.reviews.urgency import set_urgent
from certification.reviews.views.queue import row_of
from tests.cast import NOW, Cast
from tests.certification.applications.making import LATER, claimed, make_submitted, review_of
from tests.certification.calendar.conftest import founded_long_ago
from tests.certification.reviews.test_clocks import open_one, plan
from tests.invariants import assert_invariants

if TYPE_CHECKING:
    from django.test import Client

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
QUEUE = "/staff/queue/"


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def seen(reviews: list[Review], at: dt.datetime, reader: User) -> list[dict[str, Any]]:
    """Everything that the page says of each case."""
    lines = []
    for review in reviews:
        row = row_of(review, now=at, user_id=reader.pk, closed=(), then=True)
        lines.append(
            {
                **{name: row[name] for name in ("due", "is_late", "is_at_risk", "is_mine", "paused")},
                "ref": review.ref,
                "holder": str(review.claimed_by),
                "flags": (review.is_urgent, review.is_expedited, review.times_returned),
                "company": (review.company.name, str(review.company.industry)),
            }
        )
    return lines


def now_seen(cast: Cast, at: dt.datetime) -> list[dict[str, Any]]:
    return seen(list(listed(queue_for(cast.auditor))), at, cast.reviewer)


def then_seen(cast: Cast, at: dt.datetime, chosen: QueueFilter | None = None) -> list[dict[str, Any]]:
    rows = queue_at(cast.auditor, at)
    if chosen is not None:
        rows = narrowed(chosen, rows, user=cast.reviewer, at=at)
    found = list(listed_at(rows, at))
    recall_reviews(found, at=at)
    return seen(found, at, cast.reviewer)


def refs(lines: list[dict[str, Any]]) -> list[str]:
    return [line["ref"] for line in lines]


def person(user: User) -> Actor:
    return Actor.person(user)


def test_queue_of_then_is_what_was_seen_then_through_everything_that_happens_to_a_case(cast: Cast) -> None:
    """After each step the present queue is noted; at the end every note is what is read as of its moment."""
    notes: dict[dt.datetime, list[dict[str, Any]]] = {}
    moment = NOW - HOUR

    def note() -> dt.datetime:
        nonlocal moment
        notes[moment] = now_seen(cast, moment)
        moment += HOUR
        return moment

    note()
    application = make_submitted(cast)  # at NOW
    review = review_of(application)
    shop = open_one(cast.shop, at=moment)
    appeal = open_one(cast.clinic, ReviewKind.APPEAL, at=moment)
    now = note()
    desk.claim(review=review, reviewer=cast.reviewer, actor=person(cast.reviewer), now=now)
    now = note()
    desk.release(review=review, reviewer=cast.reviewer, actor=person(cast.reviewer), now=now)
    now = note()
    desk.claim(review=review, reviewer=cast.second_reviewer, actor=person(cast.second_reviewer), now=now)
    now = note()
    set_urgent(review=shop, urgent=True, actor=person(cast.lead), now=now, reason="an emergency line")
    now = note()
    expedite_review(review=appeal, actor=person(cast.lead), now=now, reason="late")
    now = note()
    stand_still(review=appeal, now=now)
    now = note()
    go_on(review=appeal, actor=person(cast.reviewer), now=now)
    now = note()
    plan(cast, "model_upgrade", start=now + dt.timedelta(minutes=1), days=3, now=now)
    tick(now=now + dt.timedelta(minutes=2))
    moment += dt.timedelta(minutes=3)
    now = note()
    overhaul = plan(
        cast, "standard_overhaul", start=now + dt.timedelta(minutes=1), days=10, now=now, scope="industry",
        industry=cast.clinic.industry,
    )  # fmt: skip
    tick(now=now + dt.timedelta(minutes=40))  # late: it held before it was noticed; the idle claim is released, too
    moment += dt.timedelta(minutes=41)
    now = note()
    end_plan(plan=overhaul, planner=cast.policy, actor=person(cast.policy), now=now, achieved_zh="", achieved_en="")
    now = note()
    change_company_data(
        company=cast.clinic, values={"name": "仁和餐饮", "industry": Industry.objects.get(code="catering")},
        actor=person(cast.lead), now=now, by_staff=True, reason="wrong industry",
    )  # fmt: skip
    now = note()
    set_urgent(review=shop, urgent=False, actor=person(cast.lead), now=now, reason="checked")
    now = note()
    desk.cancel(subject=shop.subject, subject_id=shop.subject_id, actor=person(cast.lead), now=now, reason="gone")
    now = note()
    moment = review.due_at + 30 * DAY
    tick(now=moment)
    now = note()
    review.refresh_from_db()
    desk.claim(review=review, reviewer=cast.reviewer, actor=person(cast.reviewer), now=now)
    now = note()
    desk.decide(
        review=review, reviewer=cast.reviewer, decision=Decision.REJECTED, text="No.", actor=person(cast.reviewer), now=now
    )  # fmt: skip
    note()
    for at, before in notes.items():
        assert then_seen(cast, at) == before, at
    # The story has shown each of these at some time.
    lines = [line for note_ in notes.values() for line in note_]
    assert {line["holder"] for line in lines} == {"None", "reviewer", "second-reviewer"}
    assert {line["flags"][:2] for line in lines} == {(False, False), (True, False), (False, True)}
    assert {line["company"] for line in lines} >= {("仁和门诊部", "Medical"), ("仁和餐饮", "Catering")}
    assert {line["is_late"] for line in lines} == {True, False}
    assert len({line["due"] for line in lines if line["ref"] == review.ref}) >= 3
    assert len({line["paused"] for line in lines}) >= 3
    assert_invariants()


def test_filters_are_by_the_values_of_then(cast: Cast) -> None:
    founded_long_ago(cast.clinic)
    mine = claimed(cast, make_submitted(cast))
    urgent = open_one(cast.shop, at=NOW, urgent=True)
    at = LATER + HOUR
    desk.release(review=mine, reviewer=cast.reviewer, actor=person(cast.reviewer), now=at + HOUR)
    set_urgent(review=urgent, urgent=False, actor=person(cast.lead), now=at + HOUR, reason="checked")
    expedite_review(review=mine, actor=person(cast.lead), now=at + HOUR, reason="late")
    change_company_data(
        company=cast.clinic, values={"name": "仁和餐饮", "industry": cast.shop.industry}, actor=person(cast.lead),
        now=at + HOUR, by_staff=True, reason="wrong",
    )  # fmt: skip
    expected = {
        QueueFilter(): [urgent.ref, mine.ref],
        QueueFilter(q="门诊"): [mine.ref],
        QueueFilter(q="仁和餐饮"): [],
        QueueFilter(q=mine.ref[:5]): [mine.ref],
        QueueFilter(industry="medical"): [mine.ref],
        QueueFilter(industry="catering"): [urgent.ref],
        QueueFilter(industry="unheard of"): [],
        QueueFilter(company=cast.clinic.ref): [mine.ref],
        QueueFilter(kind="application"): [urgent.ref, mine.ref],
        QueueFilter(kind="appeal"): [],
        QueueFilter(urgent=True): [urgent.ref],
        QueueFilter(expedited=True): [],
        QueueFilter(overdue=True): [],
        QueueFilter(paused=True): [],
        QueueFilter(mine=True): [mine.ref],
        QueueFilter(unclaimed=True): [urgent.ref],
    }
    assert {chosen: refs(then_seen(cast, at, chosen)) for chosen in expected} == expected
    later = urgent.due_at + HOUR
    assert refs(then_seen(cast, later, QueueFilter(overdue=True))) == [mine.ref, urgent.ref]
    stand_still(review=urgent, now=at)
    assert refs(then_seen(cast, later, QueueFilter(overdue=True))) == [mine.ref]
    assert refs(then_seen(cast, later, QueueFilter(paused=True))) == [urgent.ref]
    assert queue_at(cast.owner, at).count() == 0


# --- The page --------------------------------------------------------------------------------------------------------


def past_cases(cast: Cast, count: int, at: dt.datetime) -> list[Review]:
    """So many cases that were open and held at the moment, and are over by now."""
    reviews = [open_one(cast.clinic, ReviewKind.COMPANY, at=at - HOUR) for _ in range(count)]
    for review in reviews:
        desk.hand_to(current=review, to=cast.reviewer, actor=person(cast.reviewer), now=at - HOUR)
        desk.cancel(
            subject=review.subject, subject_id=review.subject_id, actor=person(cast.lead), now=at + HOUR, reason="x"
        )
    return reviews


@pytest.mark.parametrize("role", ["reviewer", "lead", "operations", "policy", "auditor"])
def test_page_of_then_shows_holder_and_due_time_and_offers_nothing_to_do(client: Client, cast: Cast, role: str) -> None:
    at = timezone.now() - 9 * DAY
    (review,) = past_cases(cast, 1, at)
    client.force_login(getattr(cast, role))
    answer = client.get(
        QUEUE, {"at": at.isoformat(), "company": cast.clinic.ref, "kind": "company"}, headers={"Accept-Language": "en"}
    )
    page = answer.content.decode()
    assert answer.status_code == 200
    assert "As it was on" in page
    assert "Then 1 were waiting, 0 of them overdue." in page
    assert [row["review"].ref for row in answer.context["rows"]] == [review.ref]
    assert str(answer.context["rows"][0]["review"].claimed_by) == "reviewer"
    body = page.split('id="results"')[1].split("</table>")[0]
    for offer in ("<form", "Claim", "Decide", "Hand over", "hx-get"):
        assert offer not in body
    # Links stay in the past.
    assert answer.context["clear_url"].startswith(f"{QUEUE}?at=")
    assert "at=" in answer.context["all_companies_url"]
    present = client.get(QUEUE, headers={"Accept-Language": "en"}).content.decode()
    assert review.ref not in present
    assert "Nothing is waiting" in present


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", ("当时有 0 件待审，其中 0 件已超期。", "当时没有待审事项")),
        ("en", ("Then 0 were waiting", "Nothing was waiting then")),
    ],
)
def test_page_of_a_moment_at_which_nothing_waited_says_so(
    client: Client, cast: Cast, language: str, words: tuple[str, str]
) -> None:
    client.force_login(cast.auditor)
    page = client.get(QUEUE, {"at": "2020-05-03"}, headers={"Accept-Language": language}).content.decode()
    assert all(word in page for word in words)


def test_moment_that_is_none_is_refused_and_nothing_else_is_shown(client: Client, cast: Cast) -> None:
    open_one(cast.clinic, at=NOW)
    client.force_login(cast.auditor)
    answer = client.get(QUEUE, {"at": "yesterday"}, headers={"Accept-Language": "en"})
    assert answer.status_code == 422
    assert "This is no date and time" in answer.content.decode()
    assert 'id="results"' not in answer.content.decode()


def test_pages_of_then_go_on_from_a_place_and_cost_the_same(client: Client, cast: Cast) -> None:
    client.force_login(cast.auditor)
    at, taken, every = timezone.now() - 9 * DAY, [], []
    for count in (1, 2, 60):
        every += past_cases(cast, count, at)
        with CaptureQueriesContext(connection) as queries:
            answer = client.get(QUEUE, {"at": at.isoformat()})
        taken.append(len(queries))
    assert taken[0] == taken[1] == taken[2]
    first = answer.context["page"]
    second = client.get(first.next_url).context["page"]
    assert (len(first.rows), len(second.rows)) == (50, 13)
    assert {row.pk for row in [*first.rows, *second.rows]} == {row.pk for row in every}
    assert [row.ref for row in client.get(second.previous_url).context["page"].rows] == [row.ref for row in first.rows]


def test_claiming_the_next_case_does_not_look_back(client: Client, cast: Cast) -> None:
    """A form that was sent from the present page keeps its filters, and no moment gets into it."""
    client.force_login(cast.reviewer)
    open_one(cast.clinic, at=timezone.now() - HOUR)
    page = client.get(QUEUE, {"kind": "application"})
    assert page.context["next_url"] == f"{reverse('reviews:next')}?kind=application"
