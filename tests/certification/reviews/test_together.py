"""Several cases decided with one reason: safe ones only, each by the same rules as alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor
from accounts.users import User
from certification.materials.models import MaterialState
from certification.reviews import desk, staging
from certification.reviews.models import Decision, Reason, Review, ReviewKind, ReviewState, StagedDecision
from certification.reviews.subjects import SUBJECTS, CaseItem
from certification.reviews.together import Mixed, stage_together
from tests.cast import NOW, Cast, add_member, make_company, make_material, make_user
from tests.certification.applications.making import make_submitted, review_of
from tests.invariants import assert_invariants

if TYPE_CHECKING:
    from django.test import Client

    from accounts.companies import Company


def document_reviews(company: Company, by: User, *kinds: str) -> list[Review]:
    """Documents that wait for a decision."""
    rows = []
    for kind in kinds:
        material = make_material(company, kind, by=by, state=MaterialState.SUBMITTED)
        rows.append(
            desk.open_review(
                kind=ReviewKind.MATERIAL,
                company=company,
                subject="material",
                subject_id=material.pk,
                submitted_by_id=by.pk,
                actor=Actor.person(by),
                now=NOW,
            )
        )
    return rows


def two(cast: Cast) -> list[Review]:
    return document_reviews(cast.clinic, cast.owner, "number_ownership", "statement_of_use")


def reason() -> Reason:
    return Reason.objects.filter(is_active=True, kinds__contains=["material"]).earliest("code")


def together(cast: Cast, reviews: list[Review], decision: Decision, chosen: Reason | None = None) -> list[str]:
    outcomes = stage_together(
        reviews=reviews,
        reviewer=cast.reviewer,
        decision=decision,
        reason=chosen,
        text="",
        internal_note="",
        actor=Actor.person(cast.reviewer),
        now=NOW,
    )
    return [outcome.refusal for outcome in outcomes]


def test_each_is_returned_with_the_one_reason(cast: Cast) -> None:
    reviews = two(cast)
    chosen = reason()
    assert together(cast, reviews, Decision.RETURNED, chosen) == ["", ""]
    assert staging.apply_due(now=NOW + staging.UNDO_FOR).applied == 2
    for review in reviews:
        review.refresh_from_db()
        assert (review.decision, review.decided_by, review.decision_text) == ("returned", cast.reviewer, chosen.code)
        assert [(item.item, item.item_id, item.reason) for item in review.items.all()] == [
            ("material", review.subject_id, chosen)
        ]
    assert_invariants()


def test_one_that_is_refused_stops_no_other_and_stays_as_it_was(cast: Cast) -> None:
    held, free = two(cast)
    desk.claim(review=held, reviewer=cast.second_reviewer, actor=Actor.person(cast.second_reviewer), now=NOW)
    first, second = together(cast, [held, free], Decision.RETURNED, reason())
    assert "second" in first
    assert second == ""
    assert list(StagedDecision.objects.values_list("review", flat=True)) == [free.pk]
    held.refresh_from_db()
    assert held.claimed_by == cast.second_reviewer


def test_own_submission_is_refused_and_not_claimed(cast: Cast) -> None:
    reviews = two(cast)
    add_member(cast.clinic, cast.reviewer)
    refusals = together(cast, reviews, Decision.APPROVED)
    assert all(refusals)
    assert not Review.objects.filter(claimed_by__isnull=False).exists()


def test_application_is_returned_as_a_whole(cast: Cast) -> None:
    review = review_of(make_submitted(cast))
    chosen = Reason.objects.filter(is_active=True, kinds__contains=["application"]).earliest("code")
    assert together(cast, [review], Decision.RETURNED, chosen) == [""]
    assert staging.apply_due(now=NOW + staging.UNDO_FOR).applied == 1
    assert [(item.item, item.reason) for item in review.items.all()] == [("application", chosen)]
    assert_invariants()


class InParts:
    """Something that has no whole which could be wrong."""

    decisions = (Decision.APPROVED, Decision.RETURNED)

    def items(self, review: Review) -> list[CaseItem]:
        return [CaseItem("field", None, "left"), CaseItem("field", None, "right")]


def test_case_without_a_whole_is_returned_by_itself_only(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    (review,) = document_reviews(cast.clinic, cast.owner, "number_ownership")
    Review.objects.filter(pk=review.pk).update(subject="parts")
    review.refresh_from_db()
    monkeypatch.setitem(SUBJECTS, "parts", InParts())
    (refusal,) = together(cast, [review], Decision.RETURNED, reason())
    assert refusal
    review.refresh_from_db()
    assert (review.claimed_by, StagedDecision.objects.count()) == (None, 0)


def test_companies_and_kinds_are_never_mixed(cast: Cast) -> None:
    other = make_company("别家门诊")
    owner = add_member(other, make_user("other-owner"))
    mixed = [*two(cast), *document_reviews(other, owner, "number_ownership")]
    kinds = [two(cast)[0], review_of(make_submitted(cast))]
    for reviews in (mixed, kinds):
        with pytest.raises(Mixed):
            together(cast, reviews, Decision.APPROVED)
    assert not StagedDecision.objects.exists()


# --- Pages ---------------------------------------------------------------------------------------------------------------


def address(reviews: list[Review]) -> str:
    return f"{reverse('reviews:bulk')}?" + "&".join(f"case={review.ref}" for review in reviews)


def test_pages_choose_preview_decide_undo(client: Client, cast: Cast) -> None:
    reviews = two(cast)
    client.force_login(cast.reviewer)
    queue = client.get(f"{reverse('reviews:queue')}?company={cast.clinic.ref}&kind=material").content.decode()
    assert all(f'name="case" value="{review.ref}"' in queue for review in reviews)
    assert client.get(address(reviews)).status_code == 200
    url = reverse("reviews:bulk")
    values = {"case": [review.ref for review in reviews], "decision": "returned", "reason": reason().code, "text": ""}
    preview = client.post(url, values).content.decode()
    chosen = reason()
    assert preview.count(chosen.text_zh) == preview.count(chosen.text_en) == 2
    assert not StagedDecision.objects.exists()
    result = client.post(url, {**values, "confirm": "1"})["Location"]
    assert client.get(result).status_code == client.get(result).status_code == 200
    assert StagedDecision.objects.filter(stands_at__isnull=False).count() == 2
    again = client.post(url, {**values, "confirm": "1"})  # a replayed request stages nothing twice
    assert again.status_code == 302
    assert StagedDecision.objects.count() == 2
    batch = re.findall(r"/together/([0-9a-f]+)/", result)[0]
    assert client.post(reverse("reviews:bulk_undo", args=[batch]))["Location"] == result
    assert not StagedDecision.objects.filter(stands_at__isnull=False).exists()
    client.post(reverse("reviews:bulk_apply", args=[batch]))
    assert not Review.objects.filter(state=ReviewState.DECIDED).exists()


def test_pages_refuse_a_mixture_and_a_missing_reason(client: Client, cast: Cast) -> None:
    reviews = two(cast)
    client.force_login(cast.reviewer)
    mixed = [reviews[0], review_of(make_submitted(cast))]
    values = {"case": [review.ref for review in mixed], "decision": "approved", "confirm": "1"}
    assert client.post(reverse("reviews:bulk"), values).status_code == 422
    alone = {"case": [reviews[0].ref], "decision": "returned", "text": "请重拍", "confirm": "1"}
    page = client.post(reverse("reviews:bulk"), alone)
    assert page.status_code == 422
    assert "请重拍" in page.content.decode()
    assert client.get(reverse("reviews:bulk"))["Location"] == reverse("reviews:queue")
    assert not StagedDecision.objects.exists()


def test_result_is_the_persons_own(client: Client, cast: Cast) -> None:
    reviews = two(cast)
    client.force_login(cast.reviewer)
    values = {"case": [reviews[0].ref], "decision": "rejected", "text": "冒用", "confirm": "1"}
    result = client.post(reverse("reviews:bulk"), values)["Location"]
    client.force_login(cast.second_reviewer)
    assert client.get(result)["Location"] == reverse("reviews:queue")
    client.post(result + "undo/")
    assert StagedDecision.objects.filter(stands_at__gt=timezone.now()).count() == 1
