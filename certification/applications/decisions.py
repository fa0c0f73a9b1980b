"""What a decision means for an application: the subject "application" of the review desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.journal import Actor
from accounts.users import User
from certification.applications.corrections import RETURN_DAYS
from certification.applications.findings import part_label, words_of
from certification.applications.lifecycle import NumbersLocked, TransitionRefused, move
from certification.applications.models import Application, ApplicationMaterial, ApplicationNumber, ApplicationState
from certification.applications.needs import needs_of
from certification.applications.precheck import precheck
from certification.applications.reopening import can_reopen, reopen
from certification.applications.snapshot import case_of, documents_of, items_of
from certification.applications.submission import tell
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.case_facts import CaseFinding
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Decision, Review, ReviewItem
from certification.reviews.subjects import CaseItem, DecisionRefused, Reopened, register
from certification.reviews.verdicts import reason_for_notice

STATES = {
    Decision.APPROVED: ApplicationState.APPROVED,
    Decision.RETURNED: ApplicationState.RETURNED,
    Decision.REJECTED: ApplicationState.REJECTED,
}
NOTICES = {
    Decision.APPROVED: "application_approved",
    Decision.RETURNED: "application_returned",
    Decision.REJECTED: "application_rejected",
}


def subject_of(review: Review) -> Application:
    """The application that the review is about."""
    return Application.objects.select_related("company__industry", "created_by", "waits_for__kind").get(
        pk=review.subject_id
    )


def application_of(review: Review) -> Application:
    """The same with its company alone, for who moves it."""
    return Application.objects.select_related("company").get(pk=review.subject_id)


class ApplicationSubject:
    """Applications, as the review desk knows them."""

    case_template = "reviews/_application.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.RETURNED, Decision.REJECTED)

    def claimed(self, *, review: Review, actor: Actor, now: dt.datetime) -> None:
        """A reviewer has begun: submitted -> in review. In every other state nothing moves."""
        application = application_of(review)
        if application.state == ApplicationState.SUBMITTED:
            move(application=application, to=ApplicationState.IN_REVIEW, actor=actor, now=now, reason="claimed")

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Move the application and its numbers, and tell the company. Raises DecisionRefused with the reason."""
        application = application_of(review)
        if decision == Decision.APPROVED:
            require_materials(application, now)
        try:
            move(application=application, to=STATES[decision], actor=actor, now=now, reason=review.decision_text)
        except NumbersLocked as locked:
            raise DecisionRefused(say_locked(locked.numbers)) from locked
        except TransitionRefused as refused:
            raise DecisionRefused(
                _("The application is “%(state)s” at present and cannot be decided.")
                % {"state": refused.application.get_state_display()}
            ) from refused
        due_at = now + dt.timedelta(days=RETURN_DAYS) if decision == Decision.RETURNED else None
        tell(
            application=application,
            kind=NOTICES[decision],
            key=f"{NOTICES[decision]}:{review.pk}",
            context={
                "review": review.ref,
                "items": len(items),
                "reason": reason_for_notice(review, items),
                "due_at": due_at.isoformat() if due_at else None,
            },
            now=now,
            also=review.submitted_by_id,
            needs_action=decision == Decision.RETURNED,
        )

    def involved(self, review: Review) -> set[int]:
        """Who uploaded a document of the case: they cannot decide it."""
        rows = ApplicationMaterial.objects.filter(application=review.subject_id)
        return set(rows.values_list("material__submitted_by", flat=True))

    def case_context(self, review: Review) -> dict[str, Any]:
        """What the case page shows."""
        return case_of(subject_of(review), review)

    def documents(self, review: Review) -> list[CaseDocument]:
        """The files that were handed in last with it."""
        return documents_of(subject_of(review))

    def numbers(self, review: Review) -> QuerySet[PhoneNumber]:
        """The numbers applied for."""
        return PhoneNumber.objects.filter(applications__application=review.subject_id)

    def about_numbers(self, numbers: QuerySet[PhoneNumber], company_id: int) -> QuerySet[Any]:
        """The company's applications with some of the numbers."""
        rows = ApplicationNumber.objects.filter(application__company=company_id, number__in=numbers.values("pk"))
        return rows.values("application")

    def field_label(self, name: str) -> str:
        """What an answer is called."""
        return part_label(name)

    def findings(self, review: Review, now: dt.datetime) -> list[CaseFinding]:
        """What the pre-check says of it now; how the company mends it stands on the company's page."""
        application = subject_of(review)
        words = [words_of(application, finding) for finding in precheck(application=application, now=now)]
        return [CaseFinding(row.title, blocks=row.blocks, numbers=row.numbers) for row in words]

    def items(self, review: Review) -> list[CaseItem]:
        """What can be returned, one by one."""
        return items_of(subject_of(review))

    def can_reopen(self, review: Review) -> bool:
        """Whether an appeal can bring the application back to the reviewers."""
        return can_reopen(subject_of(review), review)

    def reopen(self, *, review: Review, by: User | None, actor: Actor, now: dt.datetime) -> Reopened:
        """Bring it back: an appeal against the decision was upheld."""
        return reopen(application=subject_of(review), review=review, by=by, actor=actor, now=now)

    def company_url(self, review: Review) -> str:
        """The application's own page."""
        return reverse("applications:detail", args=[subject_of(review).ref])

    def title(self, review: Review) -> str:
        """The application in a few words."""
        application = subject_of(review)
        return f"{application.get_kind_display()} {application.ref}"


def require_materials(application: Application, now: dt.datetime) -> None:
    """Raise DecisionRefused while a needed document is not approved: certification would stop as it begins."""
    open_kinds = [need.kind for need in needs_of(application=application, now=now) if not need.is_approved]
    if open_kinds:
        raise DecisionRefused(
            _("Not approved yet: %(materials)s. Decide these documents first, or return the application.")
            % {"materials": _(", ").join(str(kind) for kind in open_kinds)}
        )


def say_locked(numbers: list[PhoneNumber]) -> str:
    """Why numbers under a lock stand against an approval, and which they are."""
    shown = _(", ").join(mask_number(row.number) for row in numbers[:10])
    return ngettext(
        "%(count)s number is locked because of complaints and cannot become certified before it is released: %(numbers)s.",
        "%(count)s numbers are locked because of complaints and cannot become certified before they are released: %(numbers)s.",
        len(numbers),
    ) % {"count": len(numbers), "numbers": shown}


register("application", ApplicationSubject())
