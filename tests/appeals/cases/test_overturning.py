"""An upheld appeal against a decision: the thing comes back to the reviewers, and to another person."""

from __future__ import annotations

import pytest

from accounts.journal import Actor
from appeals.cases.matters import appealable_reviews
from appeals.cases.models import AppealKind
from certification.applications.models import Application
from certification.materials.models import Material
from certification.reviews import desk
from certification.reviews.models import Decision, Review
from certification.reviews.overturning import is_appealable, overturn
from tests.appeals.cases.making import DAY, HOUR, claim, decide, draft, send
from tests.cast import NOW, Cast
from tests.certification.applications.making import make_submitted
from tests.certification.materials.submissions import decide as decide_material
from tests.certification.materials.submissions import submit as hand_in
from tests.invariants import assert_invariants


def rejected_application(cast: Cast) -> tuple[Application, Review]:
    application = make_submitted(cast, now=NOW)
    review = claim(Review.objects.get(subject="application"), cast.reviewer)
    decide(review, cast.reviewer, Decision.REJECTED, text="用途不符。")
    application.refresh_from_db()
    return application, review


def test_rejected_application_comes_back_to_another_reviewer(cast: Cast) -> None:
    application, rejected = rejected_application(cast)
    assert (application.state, is_appealable(rejected)) == ("rejected", True)
    review = send(cast, draft(cast, kind=AppealKind.DECISION, numbers=[], review=rejected))
    with pytest.raises(desk.OwnSubmission):  # nobody judges their own decision
        claim(review, cast.reviewer)
    claim(review, cast.second_reviewer)
    decide(review, cast.second_reviewer, Decision.APPROVED, now=NOW + HOUR)
    application.refresh_from_db()
    again = Review.objects.get(subject="application", subject_id=application.pk, state="open")
    rejected.refresh_from_db()
    assert (application.state, rejected.overturned_at) == ("submitted", NOW + HOUR)
    assert set(application.items.values_list("number__lifecycle", flat=True)) == {"submitted"}
    with pytest.raises(desk.OwnSubmission):
        claim(again, cast.reviewer, now=NOW + HOUR)
    claim(again, cast.second_reviewer, now=NOW + HOUR)
    assert is_appealable(rejected) is False
    assert_invariants()


def test_dismissed_appeal_leaves_the_decision_as_it_was(cast: Cast) -> None:
    application, rejected = rejected_application(cast)
    review = claim(send(cast, draft(cast, kind=AppealKind.DECISION, numbers=[], review=rejected)), cast.second_reviewer)
    decide(review, cast.second_reviewer, Decision.REJECTED, now=NOW + HOUR)
    application.refresh_from_db()
    assert (application.state, Review.objects.filter(subject="application").count()) == ("rejected", 1)
    assert_invariants()


def test_one_decision_has_one_open_appeal(cast: Cast) -> None:
    _application, rejected = rejected_application(cast)
    assert appealable_reviews(company=cast.clinic, now=NOW) == [rejected]
    send(cast, draft(cast, kind=AppealKind.DECISION, numbers=[], review=rejected))
    assert appealable_reviews(company=cast.clinic, now=NOW) == []


def test_decisions_can_be_appealed_against_for_ninety_days(cast: Cast) -> None:
    _application, rejected = rejected_application(cast)
    assert appealable_reviews(company=cast.clinic, now=NOW + 89 * DAY) == [rejected]
    assert appealable_reviews(company=cast.clinic, now=NOW + 90 * DAY) == []


def test_application_whose_numbers_are_in_another_one_is_not_reopened(cast: Cast) -> None:
    application, rejected = rejected_application(cast)
    numbers = [item.number for item in application.items.select_related("number")]
    make_submitted(cast, numbers, now=NOW)
    found = overturn(review=rejected, by=cast.operator, actor=Actor.person(cast.lead), now=NOW + HOUR, reason="x")
    application.refresh_from_db()
    assert (found.review, bool(found.why_not), application.state) == (None, True, "rejected")
    assert_invariants()


def test_returned_material_comes_back_as_it_was_handed_in(cast: Cast) -> None:
    material = hand_in(cast.clinic, "business_licence", cast.operator)
    review = decide_material(material, Decision.RETURNED, cast.reviewer)
    appeal = claim(send(cast, draft(cast, kind=AppealKind.DECISION, numbers=[], review=review)), cast.second_reviewer)
    decide(appeal, cast.second_reviewer, Decision.APPROVED, now=NOW + HOUR)
    assert Material.objects.get(pk=material.pk).state == "submitted"
    assert Review.objects.filter(subject="material", subject_id=material.pk, state="open").count() == 1
    assert_invariants()
