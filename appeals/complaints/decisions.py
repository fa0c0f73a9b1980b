"""What a reviewer's decision about a complaint lock does, and what the reviewer sees of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import QuerySet
from django.utils.translation import gettext as _

from accounts.journal import Actor
from appeals.complaints.locks import SUBJECT, number_of, release
from appeals.complaints.models import ComplaintDay
from appeals.complaints.telling import tell_of_kept_lock
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.models import Decision, Review, ReviewItem
from certification.reviews.subjects import DecisionRefused, register
from certification.reviews.verdicts import reason_for_notice


class ComplaintLockSubject:
    """Reviews whose subject is a lock: approving releases the number, rejecting keeps it locked."""

    case_template = "complaints/_case.html"
    decisions: tuple[Decision, ...] = (Decision.APPROVED, Decision.REJECTED)

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Release the number, or keep the lock until an appeal or another look ends it; the company is told."""
        lock = lock_of(review)
        if decision == Decision.APPROVED:
            if not release(lock=lock, actor=actor, now=now, reason=review.decision_text):
                raise DecisionRefused(_("This lock is over already."))
            return
        tell_of_kept_lock(lock=lock, review=review, reason=reason_for_notice(review, items), now=now)

    def case_context(self, review: Review) -> dict[str, Any]:
        """The number with its health card, and earlier locks; the complaints have a panel of their own."""
        lock = lock_of(review)
        number = number_of(lock)
        return {
            "lock": lock,
            "number": number,
            "today": today_of(number, review),
        }

    def numbers(self, review: Review) -> QuerySet[PhoneNumber]:
        """The locked number."""
        return PhoneNumber.objects.filter(pk=lock_of(review).number_id or 0)

    def about_numbers(self, numbers: QuerySet[PhoneNumber], company_id: int) -> QuerySet[Any]:
        """The locks of some of the numbers; a number that moved to another company left its locks with the former one."""
        locks = Maintenance.objects.filter(locks=True, number__in=numbers.order_by().values("pk"))
        return locks.values("pk")

    def title(self, review: Review) -> str:
        """That it is a lock, and of which number, masked."""
        return f"{review.get_kind_display()} {mask_number(number_of(lock_of(review)).number)}"


def today_of(number: PhoneNumber, review: Review) -> ComplaintDay | None:
    """The count of the local day on which the lock began."""
    day = review.opened_at.astimezone(number.company.zone).date()
    return ComplaintDay.objects.filter(number=number, day=day).first()


def lock_of(review: Review) -> Maintenance:
    """The lock that the review is about."""
    return Maintenance.objects.select_related("cause").get(pk=review.subject_id)


register(SUBJECT, ComplaintLockSubject())
