"""The staff's pages: queue, case, decision with its preview, conflicts that keep what was typed."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState
from tests.cast import Cast
from tests.certification.applications.making import (
    decided,
    draft_numbers,
    make_submitted,
    review_of,
)

if TYPE_CHECKING:
    from django.test import Client

ENGLISH = {"Accept-Language": "en"}


def claim_now(cast: Cast, review: Review) -> None:
    desk.claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=timezone.now())


def case_url(review: Review) -> str:
    return reverse("reviews:case", args=[review.ref])


def decide_url(review: Review, decision: str) -> str:
    return reverse("reviews:decide", args=[review.ref, decision])


def result_url(review: Review) -> str:
    return reverse("reviews:decided", args=[review.ref])


def apply_now(client: Client, review: Review) -> None:
    assert client.post(reverse("reviews:apply", args=[review.ref]))["Location"] == result_url(review)


def paper_reviews(cast: Cast, count: int) -> None:
    now = timezone.now()
    start = Review.objects.count()
    Review.objects.bulk_create(
        Review(
            kind="application",
            company=cast.clinic,
            subject="paper",
            subject_id=start + number,
            opened_at=now,
            due_from=now,
            due_at=now + dt.timedelta(hours=number),
            claimed_by=cast.reviewer if number % 2 else None,
            claim_active_at=now if number % 2 else None,
        )
        for number in range(1, count + 1)
    )


def test_queue_costs_the_same_for_any_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.reviewer)
    url = reverse("reviews:queue")
    counts = []
    for more in (1, 2, 57):
        paper_reviews(cast, more)
        with CaptureQueriesContext(connection) as captured:
            page = client.get(url)
        counts.append(len(captured))
    assert len(set(counts)) == 1
    following = re.search(r'href="([^"]*after=[^"]*)" rel="next"', page.content.decode())
    assert following is not None
    second = client.get(following.group(1).replace("&amp;", "&")).content.decode()
    assert second.count("data-href=") == 10
    assert 'rel="prev"' in second


@pytest.mark.parametrize(
    ("query", "rows"),
    [
        ("?unclaimed=on", 2),
        ("?mine=on", 2),
        ("?overdue=on", 0),
        ("?urgent=on", 0),
        ("?kind=material", 0),
        ("?kind=nonsense", 4),
        ("?industry=medical", 4),
        ("?industry=catering", 0),
        ("?industry=%00", 4),
        ("?q=仁和", 4),
        ("?q=%25", 0),
        ("?q=no-such", 0),
    ],
)
def test_queue_filters_by_address(client: Client, cast: Cast, query: str, rows: int) -> None:
    paper_reviews(cast, 4)
    client.force_login(cast.reviewer)
    page = client.get(reverse("reviews:queue") + query)
    assert page.status_code == 200
    assert page.content.decode().count("data-href=") == rows


@pytest.mark.parametrize("name", ["reviewer", "lead", "operations", "policy", "auditor"])
def test_all_staff_read_queue_and_case(client: Client, cast: Cast, name: str) -> None:
    review = review_of(make_submitted(cast))
    user = getattr(cast, name)
    client.force_login(user)
    assert client.get(reverse("reviews:queue")).status_code == 200
    page = client.get(case_url(review), headers=ENGLISH)
    assert page.status_code == 200
    acts = "/claim/" in page.content.decode()
    assert acts == (name in ("reviewer", "lead"))


@pytest.mark.parametrize("name", ["operations", "policy", "auditor"])
@pytest.mark.parametrize("action", ["claim", "release", "reassign"])
def test_who_does_not_decide_changes_nothing(client: Client, cast: Cast, name: str, action: str) -> None:
    review = review_of(make_submitted(cast))
    client.force_login(getattr(cast, name))
    assert client.post(reverse(f"reviews:{action}", args=[review.ref])).status_code == 403
    assert client.get(decide_url(review, "approved")).status_code == 403
    review.refresh_from_db()
    assert (review.claimed_by, review.state) == (None, ReviewState.OPEN)


def test_company_does_not_find_the_desk(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    client.force_login(cast.owner)
    for url in (reverse("reviews:queue"), case_url(review), decide_url(review, "approved")):
        assert client.get(url).status_code == 404


def test_case_shows_facts_and_masks_numbers(client: Client, cast: Cast) -> None:
    numbers = draft_numbers(cast, 2)
    application = make_submitted(cast, numbers)
    client.force_login(cast.reviewer)
    text = client.get(case_url(review_of(application)), headers=ENGLISH).content.decode()
    assert cast.clinic.credit_code in text
    assert application.purpose in text
    assert all(number.number not in text for number in numbers)


def test_case_costs_the_same_for_any_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.reviewer)
    counts = []
    for count in (1, 3, 50):
        review = review_of(make_submitted(cast, draft_numbers(cast, count)))
        with CaptureQueriesContext(connection) as captured:
            client.get(case_url(review))
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_get_changes_nothing(client: Client, cast: Cast) -> None:
    """S4: looking at a case or at the form of a decision leaves the claim as it was."""
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    before = Review.objects.values().get(pk=review.pk)
    client.force_login(cast.reviewer)
    client.get(case_url(review))
    client.get(decide_url(review, "returned"))
    assert client.get(reverse("reviews:claim", args=[review.ref])).status_code == 405
    assert client.get(reverse("reviews:next")).status_code == 405
    assert Review.objects.values().get(pk=review.pk) == before


def test_claim_next_opens_first_case(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    client.force_login(cast.reviewer)
    assert client.post(reverse("reviews:next") + "?kind=application")["Location"] == case_url(review)
    assert client.post(reverse("reviews:next"))["Location"] == reverse("reviews:queue")


def test_lost_claim_is_409_that_names_holder(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.second_reviewer)
    page = client.post(reverse("reviews:claim", args=[review.ref]), headers=ENGLISH)
    assert page.status_code == 409
    assert "reviewer holds this case" in page.content.decode()


def test_return_previews_both_languages_then_decides(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    review = review_of(application)
    claim_now(cast, review)
    client.force_login(cast.reviewer)
    url = decide_url(review, "returned")
    assert client.get(url).status_code == 200
    values = {
        "field-purpose-chosen": "on",
        "field-purpose-reason": "purpose_unclear",
        "field-purpose-text": "请说明致电时段",
        "text": "",
        "internal_note": "第一次退回",
    }
    preview = client.post(url, values, headers=ENGLISH)
    text = preview.content.decode()
    assert preview.status_code == 200
    assert "号码用途说明不清楚" in text
    assert "The purpose of the calls is not clear" in text
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN
    done = client.post(url, {**values, "confirm": "1"})
    assert done["Location"] == result_url(review)
    again = client.post(url, {**values, "confirm": "1"})
    assert again["Location"] == result_url(review)
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN
    apply_now(client, review)
    assert client.post(url, {**values, "confirm": "1"})["Location"] == result_url(review)
    review.refresh_from_db()
    application.refresh_from_db()
    assert (review.decision, application.state) == (Decision.RETURNED, "returned")
    item = ReviewItem.objects.get(review=review)
    assert item.reason is not None
    assert (item.item, item.item_name, item.reason.code, item.text) == (
        "field",
        "purpose",
        "purpose_unclear",
        "请说明致电时段",
    )
    assert review.internal_note == "第一次退回"
    shown = client.get(case_url(review)).content.decode()
    assert "第一次退回" in shown
    client.force_login(cast.owner)
    read = client.get(reverse("applications:edit", args=[application.ref])).content.decode()
    assert "请说明致电时段" in read
    assert "第一次退回" not in read


def test_return_without_item_is_422_and_keeps_words(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.reviewer)
    page = client.post(decide_url(review, "returned"), {"text": "请改正", "confirm": "1"})
    assert page.status_code == 422
    assert "请改正" in page.content.decode()
    review.refresh_from_db()
    assert review.state == ReviewState.OPEN


def test_rejection_needs_reason(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.reviewer)
    assert client.post(decide_url(review, "rejected"), {"text": "", "confirm": "1"}).status_code == 422
    client.post(decide_url(review, "rejected"), {"text": "冒用他人名称", "confirm": "1"})
    apply_now(client, review)
    review.refresh_from_db()
    assert (review.decision, review.decision_text) == (Decision.REJECTED, "冒用他人名称")


def test_decision_after_another_is_409_that_keeps_words(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    review = decided(cast, application, Decision.APPROVED, now=timezone.now())
    client.force_login(cast.second_reviewer)
    page = client.post(decide_url(review, "rejected"), {"text": "我的长篇理由", "confirm": "1"}, headers=ENGLISH)
    assert page.status_code == 409
    text = page.content.decode()
    assert "我的长篇理由" in text
    assert "reviewer has decided this case already: Approved." in text


def test_decision_of_another_holder_is_409_that_keeps_words(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.second_reviewer)
    page = client.post(decide_url(review, "rejected"), {"text": "我的长篇理由", "confirm": "1"}, headers=ENGLISH)
    assert page.status_code == 409
    assert "我的长篇理由" in page.content.decode()
    assert "reviewer holds this case now" in page.content.decode()


def test_preview_can_be_changed_again(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.reviewer)
    page = client.post(decide_url(review, "approved"), {"text": "恭喜", "change": "1"})
    assert page.status_code == 200
    assert "恭喜</textarea>" in page.content.decode()


def test_unknown_decision_and_case_are_404(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    client.force_login(cast.reviewer)
    assert client.get(decide_url(review, "burned")).status_code == 404
    assert client.get(reverse("reviews:case", args=["000000000000"])).status_code == 404


def test_lead_hands_over(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.lead)
    url = reverse("reviews:reassign", args=[review.ref])
    assert client.post(url, {"to": cast.auditor.pk}).status_code == 422
    assert client.post(url, {"to": cast.second_reviewer.pk})["Location"] == case_url(review)
    review.refresh_from_db()
    assert review.claimed_by == cast.second_reviewer


def test_mine_cannot_be_taken_by_posting_fields(client: Client, cast: Cast) -> None:
    """S2: due time, urgency and holder are not the form's to write."""
    review = review_of(make_submitted(cast))
    claim_now(cast, review)
    client.force_login(cast.reviewer)
    due = review.due_at
    client.post(
        decide_url(review, "approved"),
        {"confirm": "1", "text": "", "due_at": "2020-01-01", "decided_by": cast.owner.pk, "is_urgent": "on"},
    )
    apply_now(client, review)
    review.refresh_from_db()
    assert (review.due_at, review.decided_by, review.is_urgent) == (due, cast.reviewer, False)
