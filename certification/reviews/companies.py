"""Verifying a company is a review like every other: its facts beside its papers, one decision, one reason."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.access import CompanyRole
from accounts.companies import Company, CompanyKind, CompanyState, change_company_state
from accounts.company_changes import masked_identity_number
from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from accounts.users import User
from certification.maintenance.clock import engine_moment
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import MaterialFile
from certification.materials.pages import case_document
from certification.reviews.case_facts import CaseFinding
from certification.reviews.company_case import changes_of, findings_of
from certification.reviews.desk import cancel, open_review
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Decision, Review, ReviewItem, ReviewKind, ReviewState
from certification.reviews.subjects import CaseItem
from certification.reviews.verdicts import own_words, say_in_both

SUBJECT = "company"
#: How many files the viewer offers.
DOCUMENTS = 20


@transaction.atomic
def open_company_review(company: Company, submitted_by: User, actor: Actor, now: dt.datetime) -> None:
    """Hand a registered or corrected company to the reviewers.

    One that waits already starts over: whoever was looking at the old data is told that it has changed.
    """
    cancel(subject=SUBJECT, subject_id=company.pk, actor=actor, now=now, reason="Handed in again with corrected data.")
    open_review(
        kind=ReviewKind.COMPANY,
        company=company,
        subject=SUBJECT,
        subject_id=company.pk,
        submitted_by_id=submitted_by.pk if submitted_by else None,
        actor=actor,
        now=now,
    )


def verification_due(company: Company) -> dt.datetime | None:
    """Until when staff have promised to decide; None when nothing waits."""
    return (
        Review.objects.filter(subject=SUBJECT, subject_id=company.pk, state=ReviewState.OPEN)
        .values_list("due_at", flat=True)
        .first()
    )


def reconcile_after_industry_change(company: Company, actor: Actor, now: dt.datetime) -> None:
    """Another industry asks for other materials: bring this company's maintenance into line at once."""
    reconcile_requirements(company_id=company.pk, now=engine_moment(now), actor=actor)


class CompanySubject:
    """What the reviewers see of a company, and what their decision does."""

    case_template = "reviews/_company.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.RETURNED, Decision.REJECTED)

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Verify or refuse the company, tell its owners and administrators, open what it lacks materials for."""
        company = Company.objects.select_for_update(of=("self",)).get(pk=review.subject_id)
        verified = decision == Decision.APPROVED
        change_company_state(
            company=company,
            to=CompanyState.VERIFIED if verified else CompanyState.REFUSED,
            actor=actor,
            now=now,
            reason="" if verified else refusal_text(review, items),
        )
        if verified:
            reconcile_requirements(company_id=company.pk, now=engine_moment(now), actor=actor)
        send(messages=[(message_about(company, review), reader) for reader in readers_of(company)], now=now)

    def case_context(self, review: Review) -> dict[str, Any]:
        """The company's facts, and what it corrected since it was refused."""
        company = Company.objects.select_related("industry", "created_by").get(pk=review.subject_id)
        return {
            "subject": company,
            "masked_identity": masked_identity_number(company),
            "changes": changes_of(company, review),
        }

    def documents(self, review: Review) -> list[CaseDocument]:
        """What the company has handed in already, the newest version of each kind first."""
        files = MaterialFile.objects.filter(material__company=review.subject_id).select_related("material__kind")
        return [
            case_document(file)
            for file in files.order_by("material__kind__ordering", "-material__version", "pk")[:DOCUMENTS]
        ]

    def findings(self, review: Review, now: dt.datetime) -> list[CaseFinding]:
        """Other companies that look like it."""
        return list(findings_of(Company.objects.get(pk=review.subject_id)))

    def items(self, review: Review) -> list[CaseItem]:
        """The answers that can be wrong, one by one."""
        individual = review.company.kind == CompanyKind.INDIVIDUAL
        names = ["kind", "name", "identity_number" if individual else "credit_code", "industry", "contact"]
        return [CaseItem("field", None, name) for name in names]

    def field_label(self, name: str) -> str:
        """What an answer is called."""
        labels = {
            "kind": _("Kind"),
            "name": _("Registered name"),
            "credit_code": _("Unified social credit code"),
            "identity_number": _("Identity number"),
            "industry": _("Industry"),
            "contact": _("Contact"),
        }
        return labels.get(name, name)

    def company_url(self, review: Review) -> str:
        """The company's own data."""
        return reverse("settings:company")

    def title(self, review: Review) -> str:
        """The company's name."""
        return review.company.name


def refusal_text(review: Review, items: Sequence[ReviewItem]) -> str:
    """What the company reads about a refusal: the reviewer's own words, then what is wrong with which answer.

    Reasons of the catalogue are said in Chinese and in English: it is not known who will read them.
    """
    blocks = []
    for said in say_in_both(subject=SUBJECT, decision=review.decision, text=own_words(review, items), items=items):
        lines = [said.text] if said.text else []
        for item in said.items:
            words = " ".join(part for part in (item.reason, item.fix, item.text) if part)
            lines.append(f"{item.name}: {words}" if words else item.name)
        blocks.append("\n".join(lines))
    return "\n\n".join(dict.fromkeys(blocks))


def readers_of(company: Company) -> list[int]:
    """The owners and administrators."""
    people = Membership.objects.filter(company=company, role__in=[CompanyRole(role) for role in RESPONSIBLE_ROLES])
    return list(people.values_list("user_id", flat=True))


def message_about(company: Company, review: Review) -> Message:
    """The notice of the decision, once per review and person."""
    verified = company.state == CompanyState.VERIFIED
    return Message(
        key=f"company:{review.pk}",
        kind="company_verified" if verified else "company_refused",
        company_id=company.pk,
        context={"company": company.name, "company_ref": company.ref, "reason": company.state_reason},
        needs_action=not verified,
    )
