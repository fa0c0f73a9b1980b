"""What a decision means for an appeal: the subject "appeal" of the review desk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.journal import Actor
from appeals.cases.case import case_of, documents_of
from appeals.cases.lifecycle import TransitionRefused, move
from appeals.cases.matters import MARK, lock_of, takes_numbers
from appeals.cases.models import Appeal, AppealKind, AppealNumber, AppealPlatform, AppealState, PlatformState
from appeals.cases.outcomes import apply_outcome
from appeals.cases.submission import SUBJECT, tell
from appeals.complaints.locks import SUBJECT as COMPLAINT_LOCK
from certification.applications.revocation import revoked_by
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Decision, Review, ReviewItem
from certification.reviews.subjects import CaseItem, DecisionRefused, DecisionWords, register
from certification.reviews.verdicts import reason_for_notice

STATES = {
    Decision.APPROVED: AppealState.UPHELD,
    Decision.PARTLY: AppealState.PARTLY_UPHELD,
    Decision.REJECTED: AppealState.DISMISSED,
}
#: So many numbers can be judged one by one.
LISTED = 200


def subject_of(review: Review) -> Appeal:
    """The appeal that the review is about."""
    return Appeal.objects.select_related("company__industry", "created_by", "appealed_review__decided_by").get(
        pk=review.subject_id
    )


def title_of(appeal: Appeal) -> str:
    """The appeal in a few words."""
    return _("Appeal: %(kind)s %(ref)s") % {"kind": appeal.get_kind_display(), "ref": appeal.ref}


def judged_by_number(appeal: Appeal) -> bool:
    """Whether a part of the appeal is some of its numbers; for marks it is some of the platforms."""
    return appeal.kind != AppealKind.MARK and takes_numbers(appeal)


class AppealSubject:
    """Appeals, as the review desk knows them."""

    case_template = "appeals/_case.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.PARTLY, Decision.REJECTED)

    def claimed(self, *, review: Review, actor: Actor, now: dt.datetime) -> None:
        """A reviewer has begun: submitted -> in review. In every other state nothing moves."""
        appeal = subject_of(review)
        if appeal.state == AppealState.SUBMITTED:
            move(appeal=appeal, to=AppealState.IN_REVIEW, actor=actor, now=now, reason="claimed")

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Move the appeal, do what its outcome means, and tell the company. Raises DecisionRefused with the reason."""
        appeal = subject_of(review)
        upheld = upheld_numbers(appeal, decision, items)
        if appeal.kind == AppealKind.MARK:
            require_platforms(appeal, decision)
        elif decision == Decision.PARTLY and not takes_numbers(appeal):
            raise DecisionRefused(_("The appeal is against one decision: it is upheld or dismissed, not in part."))
        try:
            move(appeal=appeal, to=STATES[decision], actor=actor, now=now, reason=review.decision_text)
        except TransitionRefused as refused:
            raise DecisionRefused(
                _("The appeal is “%(state)s” at present and cannot be decided.")
                % {"state": refused.appeal.get_state_display()}
            ) from refused
        every = AppealNumber.objects.filter(appeal=appeal)
        every.filter(number__in=upheld).update(is_upheld=True)
        every.exclude(number__in=upheld).update(is_upheld=False)
        if decision != Decision.REJECTED:
            apply_outcome(appeal=appeal, review=review, numbers=upheld, actor=actor, now=now)
        tell(
            appeal=appeal,
            kind="appeal_decided",
            key=f"appeal_decided:{review.pk}",
            context={"outcome": STATES[decision], "reason": reason_for_notice(review, items)},
            now=now,
            also=review.submitted_by_id,
        )

    def involved(self, review: Review) -> set[int]:
        """Who made the decision that the appeal is against, or kept the lock: nobody judges their own."""
        appeal = subject_of(review)
        if appeal.appealed_review is not None:
            return {pk for pk in [appeal.appealed_review.decided_by_id] if pk is not None}
        if appeal.kind == AppealKind.DECISION:
            return revoked_by(PhoneNumber.objects.filter(appeals__appeal=appeal))
        locks = [pk for pk in (lock_of(item) for item in appeal.items.exclude(subject=MARK)[:LISTED]) if pk is not None]
        kept = Review.objects.filter(subject=COMPLAINT_LOCK, subject_id__in=locks, decision=Decision.REJECTED)
        return {pk for pk in kept.values_list("decided_by", flat=True) if pk is not None}

    def why_involved(self, review: Review) -> str:
        """What those read who cannot decide it."""
        if subject_of(review).kind != AppealKind.MARK:
            return _(
                "The appeal is against your own decision, or you belong to its company, so somebody else must decide it."
            )
        return ""

    def decision_words(self, decision: str) -> DecisionWords | None:
        """What the decisions are called of an appeal."""
        return {
            Decision.APPROVED: DecisionWords(_("Uphold"), _("Upheld"), _("The appeal is right.")),
            Decision.PARTLY: DecisionWords(
                _("Uphold in part"), _("Partly upheld"), _("The appeal is right in a part.")
            ),
            Decision.REJECTED: DecisionWords(_("Dismiss"), _("Dismissed")),
        }.get(Decision(decision))

    def case_context(self, review: Review) -> dict[str, Any]:
        """What the case page shows."""
        return case_of(subject_of(review), review)

    def documents(self, review: Review) -> list[CaseDocument]:
        """The evidence that can be looked at page by page."""
        return documents_of(subject_of(review))

    def numbers(self, review: Review) -> QuerySet[PhoneNumber]:
        """The numbers that the case is about."""
        return PhoneNumber.objects.filter(appeals__appeal=review.subject_id)

    def about_numbers(self, numbers: QuerySet[PhoneNumber], company_id: int) -> QuerySet[Any]:
        """The appeals of the company that are about some of the numbers."""
        items = AppealNumber.objects.filter(appeal__company=company_id, number__in=numbers.order_by().values("pk"))
        return items.values("appeal")

    def items(self, review: Review) -> list[CaseItem]:
        """What can be refused one by one: the numbers of a lock or a revocation; else the appeal as a whole."""
        appeal = subject_of(review)
        if not judged_by_number(appeal):
            return [CaseItem("appeal", appeal.pk, _("The whole appeal"))]
        rows = appeal.items.select_related("number").order_by("number_id")[:LISTED]
        return [
            CaseItem("number", row.number_id, f"{mask_number(row.number.number)} {row.number.alias}".strip()[:120])
            for row in rows
        ]

    def company_url(self, review: Review) -> str:
        """Where the company reads about it."""
        return reverse("appeals:detail", args=[subject_of(review).ref])

    def title(self, review: Review) -> str:
        """The appeal in a few words."""
        return title_of(subject_of(review))


def upheld_numbers(appeal: Appeal, decision: Decision, items: Sequence[ReviewItem]) -> set[int]:
    """The numbers for which the appeal is upheld. Raises DecisionRefused where a part is none or all of them."""
    every = set(appeal.items.values_list("number", flat=True))
    if decision == Decision.REJECTED:
        return set()
    if decision == Decision.APPROVED or not judged_by_number(appeal):
        return every
    refused = {item.item_id for item in items if item.item == "number"}
    if not refused & every:
        raise DecisionRefused(_("Choose the numbers for which the appeal is not upheld."))
    if every <= refused:
        raise DecisionRefused(_("The appeal is upheld for none of its numbers: dismiss it instead."))
    return every - refused


def require_platforms(appeal: Appeal, decision: Decision) -> None:
    """The outcome of an appeal against marks follows from its platforms. Raises DecisionRefused where it does not."""
    states = list(AppealPlatform.objects.filter(appeal=appeal).values_list("state", flat=True))
    cleared = states.count(PlatformState.CLEARED)
    unanswered = len([state for state in states if state in (PlatformState.PENDING, PlatformState.ASKED)])
    if decision == Decision.REJECTED:
        if cleared:
            raise DecisionRefused(
                _("A platform has cleared its mark already, so the appeal is upheld at least in part.")
            )
        return
    if unanswered:
        raise DecisionRefused(_("Not every platform has answered yet. Note each answer first."))
    if decision == Decision.APPROVED and cleared < len(states):
        raise DecisionRefused(_("A platform has refused, so the appeal is upheld in part at most."))
    if decision == Decision.PARTLY and not cleared:
        raise DecisionRefused(_("No platform has cleared its mark: dismiss the appeal."))
    if decision == Decision.PARTLY and cleared == len(states):
        raise DecisionRefused(_("Every platform has cleared its mark: uphold the appeal."))


register(SUBJECT, AppealSubject())
