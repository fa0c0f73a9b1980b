"""Verifying a company through the review desk: what each decision does, and to whom it is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

import pytest
from django.urls import reverse

from accounts.access import CompanyRole
from accounts.companies import Company, CompanyState
from accounts.company_changes import change_company_data
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from accounts.registration import register_company, waiting_until
from certification.maintenance.models import Maintenance
from certification.reviews.companies import CompanySubject, open_company_review
from certification.reviews.desk import AlreadyDecided, OwnSubmission, claim, decide
from certification.reviews.models import Decision, Review, ReviewItem
from tests.cast import NOW, Cast, add_member, credit_code, make_user


@pytest.fixture
def waiting(cast):
    """A company that its founder has just registered, with an administrator and a viewer."""
    founder = make_user("founder")
    company = Company(
        name="春风诊所",
        kind="enterprise",
        credit_code=credit_code(800001),
        industry=cast.clinic.industry,
        contact_name="王芳",
        contact_phone="0571-87000000",
    )
    register_company(company=company, owner=founder, actor=Actor.person(founder), now=NOW)
    add_member(company, make_user("deputy"), CompanyRole.ADMIN)
    add_member(company, make_user("guest"), CompanyRole.VIEWER)
    return company


def review_of(company: Company) -> Review:
    """The newest review of the company."""
    return Review.objects.filter(subject="company", subject_id=company.pk).latest("pk")


def settle(
    cast: Cast,
    company: Company,
    decision: Decision,
    *,
    items: Sequence[ReviewItem] = (),
    text: str = "The register confirms it.",
) -> None:
    """A reviewer claims the company's review and decides it."""
    review = review_of(company)
    actor = Actor.person(cast.reviewer)
    claim(review=review, reviewer=cast.reviewer, actor=actor, now=NOW)
    decide(review=review, reviewer=cast.reviewer, decision=decision, text=text, items=items, actor=actor, now=NOW)
    company.refresh_from_db()


def told(kind: str) -> list[str]:
    """Who got a notice of this kind."""
    return sorted(Notice.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def test_promise_is_three_working_days(waiting):
    """Registered on Wednesday, 25 November: promised through Monday, 30 November."""
    until = waiting_until(waiting)
    assert until == dt.datetime(2026, 11, 30, 16, 0, tzinfo=dt.UTC)


def test_approval_verifies_opens_what_is_missing_and_tells_owner_and_admin(cast, waiting):
    settle(cast, waiting, Decision.APPROVED)
    assert (waiting.state, waiting.verified_at, waiting.state_reason) == (CompanyState.VERIFIED, NOW, "")
    assert Maintenance.objects.filter(company=waiting, opened_at=NOW, closed_at=None).exists()
    assert told("company_verified") == ["deputy", "founder"]
    assert told("company_refused") == []
    assert waiting_until(waiting) is None


@pytest.mark.parametrize("decision", [Decision.RETURNED, Decision.REJECTED])
def test_refusal_says_why_and_opens_nothing(cast, waiting, decision):
    item = ReviewItem(item="field", item_name="name", text="Write it in full.")
    settle(cast, waiting, decision, items=[item], text="The register has another name.")
    assert (waiting.state, waiting.verified_at) == (CompanyState.REFUSED, None)
    assert waiting.state_reason == (
        "The register has another name.\n登记名称: Write it in full.\n\n"
        "The register has another name.\nRegistered name: Write it in full."
    )
    assert not Maintenance.objects.filter(company=waiting).exists()
    assert told("company_refused") == ["deputy", "founder"]
    notice = Notice.objects.filter(kind="company_refused").first()
    assert notice is not None
    assert (notice.needs_action, notice.context["reason"]) == (True, waiting.state_reason)


def test_change_of_state_is_journalled_once_with_its_reviewer(cast, waiting):
    settle(cast, waiting, Decision.APPROVED)
    rows = JournalEntry.objects.filter(subject="company", subject_id=waiting.pk, aspect="state").order_by("pk")
    assert [(row.actor.name, row.before, row.after) for row in rows if row.actor] == [
        ("founder", "", "pending"),
        ("reviewer", "pending", "verified"),
    ]


def test_second_decision_changes_nothing(cast, waiting):
    settle(cast, waiting, Decision.APPROVED)
    actor = Actor.person(cast.second_reviewer)
    with pytest.raises(AlreadyDecided):
        decide(
            review=review_of(waiting),
            reviewer=cast.second_reviewer,
            decision=Decision.REJECTED,
            text="No.",
            actor=actor,
            now=NOW,
        )
    waiting.refresh_from_db()
    assert waiting.state == CompanyState.VERIFIED


def test_founder_who_works_for_the_portal_cannot_decide(cast, waiting):
    review = review_of(waiting)
    founder = review.submitted_by
    assert founder is not None
    with pytest.raises(OwnSubmission):
        claim(review=review, reviewer=founder, actor=Actor.command(), now=NOW)


def test_case_shows_facts_and_namesakes(cast, waiting):
    Company.objects.filter(pk=cast.shop.pk).update(name="春风诊所")
    Company.objects.filter(pk=waiting.pk).update(contact_phone="0571-1")
    subject = CompanySubject()
    review = review_of(waiting)
    assert subject.case_context(review)["subject"] == waiting
    [found] = subject.findings(review, NOW)
    assert ("春风诊所" in found.title, cast.shop.credit_code in found.title, found.blocks) == (True, True, True)
    assert found.url == reverse("staff_company", args=[cast.shop.ref])
    assert subject.title(review) == "春风诊所"


def test_corrected_company_shows_what_changed_and_what_did_not(cast, waiting):
    items = [ReviewItem(item="field", item_name=name, text="不符") for name in ("name", "industry")]
    settle(cast, waiting, Decision.RETURNED, items=items)
    later = NOW + dt.timedelta(hours=2)
    waiting.refresh_from_db()
    owner = waiting.created_by or cast.owner
    actor = Actor.person(owner)
    change_company_data(company=waiting, values={"name": "春风门诊部"}, actor=actor, now=later)
    open_company_review(waiting, owner, actor, later)
    changes = CompanySubject().case_context(review_of(waiting))["changes"]
    assert [(row.before, row.after, row.text, row.is_changed) for row in changes] == [
        ("春风诊所", "春风门诊部", "", True),
        ("", "", "不符", False),
    ]
