"""What a reviewer's decision about a material does, and what the reviewer sees of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.journal import Actor
from accounts.users import User
from certification.maintenance.clock import engine_moment
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.case import (
    changes_of,
    documents_of,
    earlier_versions,
    facts_of,
    findings_of,
    to_replace,
    version_of,
)
from certification.materials.models import Material, MaterialNumber, MaterialState
from certification.materials.notices import tell_about
from certification.materials.pages import validity_words
from certification.materials.versions import SUBJECT, approve, can_reopen, reopen, send_back
from certification.numbers.models import PhoneNumber
from certification.reminders.sweep import remind_of_material
from certification.reviews.case_facts import CaseFinding
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Decision, Review, ReviewItem
from certification.reviews.subjects import CaseItem, Reopened, register
from certification.reviews.verdicts import reason_for_notice

#: The answers of a version that can be wrong by themselves, and what they are called.
ANSWERS: dict[str, str | Promise] = {
    "holder_name": _lazy("Name on the document"),
    "document_number": _lazy("Number on the document"),
    "validity": _lazy("Validity"),
}


class MaterialReviews:
    """Reviews whose subject is one version of a material."""

    case_template: str = "materials/_case.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.RETURNED, Decision.REJECTED)

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Apply the decision, in its transaction; an approval brings the company's numbers back at once."""
        material = Material.objects.select_related("kind", "company").get(pk=review.subject_id)
        said = reason_for_notice(review, items)
        key = f"material_{decision}:{review.pk}"
        if decision == Decision.APPROVED:
            approve(material=material, actor=actor, now=now, reason=review.decision_text)
            remind_of_material(material=material, now=now)
            tell_about(material=material, kind="material_approved", key=key, now=now, reason=said)
            reconcile_requirements(now=engine_moment(now), actor=actor, company_id=material.company_id)
            return
        to = MaterialState.RETURNED if decision == Decision.RETURNED else MaterialState.REJECTED
        send_back(material=material, to=to, actor=actor, now=now, reason=review.decision_text)
        tell_about(
            material=material,
            kind=f"material_{decision}",
            key=key,
            now=now,
            needs_action=True,
            items=len(items),
            reason=said,
        )

    def case_context(self, review: Review) -> dict[str, Any]:
        """The version beside what the portal knows, and what came before it."""
        material = version_of(review)
        earlier = earlier_versions(material)
        return {
            "material": material,
            "facts": facts_of(material, to_replace(material, earlier)),
            "older": to_replace(material, earlier),
            "versions": [(row, validity_words(row)) for row in earlier],
            "changes": changes_of(material, earlier, review),
        }

    def documents(self, review: Review) -> list[CaseDocument]:
        """The files, and those that they would replace."""
        return documents_of(version_of(review))

    def findings(self, review: Review, now: dt.datetime) -> list[CaseFinding]:
        """What a machine found in it."""
        material = version_of(review)
        return list(findings_of(material, to_replace(material, earlier_versions(material)), now))

    def numbers(self, review: Review) -> QuerySet[PhoneNumber]:
        """The numbers that the document names."""
        return PhoneNumber.objects.filter(proofs__material=review.subject_id)

    def about_numbers(self, numbers: QuerySet[PhoneNumber], company_id: int) -> QuerySet[Any]:
        """The company's versions that name some of the numbers."""
        rows = MaterialNumber.objects.filter(material__company=company_id, number__in=numbers.order_by().values("pk"))
        return rows.values("material")

    def can_reopen(self, review: Review) -> bool:
        """Whether an appeal can bring the version back to the reviewers."""
        return can_reopen(version_of(review))

    def reopen(self, *, review: Review, by: User | None, actor: Actor, now: dt.datetime) -> Reopened:
        """Bring it back: an appeal against the decision was upheld."""
        opened = reopen(material=version_of(review), actor=actor, now=now)
        if opened is None:
            return Reopened(None, _("A later version has taken its place; nothing had to be reopened."))
        return Reopened(opened)

    def items(self, review: Review) -> list[CaseItem]:
        """The document as a whole, and each answer about it."""
        material = Material.objects.select_related("kind").get(pk=review.subject_id)
        return [
            CaseItem("material", material.pk, str(material.kind)),
            *(CaseItem("field", None, name) for name in ANSWERS),
        ]

    def field_label(self, name: str) -> str:
        """What an answer is called, in the active language."""
        return str(ANSWERS.get(name, name))

    def company_url(self, review: Review) -> str:
        """The version's own page."""
        return reverse("materials:detail", args=[Material.objects.only("ref").get(pk=review.subject_id).ref])

    def title(self, review: Review) -> str:
        """The kind of material and its version."""
        material = Material.objects.select_related("kind").get(pk=review.subject_id)
        return _("%(material)s, version %(version)d") % {"material": material.kind, "version": material.version}


register(SUBJECT, MaterialReviews())
