"""The one writer of what a reviewer has ticked on the checklist of a case.

Ticks belong to who holds the case: another holder begins with an empty list. They are notes of work in progress and
are not journalled one by one; those of the person who decided are kept, and shown with the decision to staff.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db import transaction

from accounts.users import User
from certification.reviews.checklists import Check, checklist_of
from certification.reviews.desk import AlreadyDecided, NotClaimed, locked, touch_claim
from certification.reviews.models import Review, ReviewState, ReviewTick


@transaction.atomic
def keep_ticks(*, review: Review, reviewer: User, codes: Collection[str], now: dt.datetime) -> None:
    """Make `codes` what `reviewer` has ticked; unknown codes are left out, and what stays keeps its moment.

    Raises AlreadyDecided once the case is over, NotClaimed when somebody else or nobody holds it.
    """
    current = locked(review)
    if current.state != ReviewState.OPEN:
        raise AlreadyDecided(current)
    if not touch_claim(review=current, reviewer=reviewer, now=now):
        raise NotClaimed
    wanted = {check.code for check in checklist_of(current.kind)} & set(codes)
    ReviewTick.objects.filter(review=current, reviewer=reviewer).exclude(code__in=wanted).delete()
    ReviewTick.objects.bulk_create(
        [ReviewTick(review=current, reviewer=reviewer, code=code, at=now) for code in sorted(wanted)],
        ignore_conflicts=True,
    )


def checklist_for(review: Review, reader: User) -> list[Check]:
    """The checklist with its ticks: those of the reader while the case is open, later those of who decided."""
    whose = reader.pk if review.state == ReviewState.OPEN else review.decided_by_id
    ticked = set(ReviewTick.objects.filter(review=review, reviewer=whose).values_list("code", flat=True))
    return [
        Check(check.code, check.label, check.hint, check.code in ticked or None) for check in checklist_of(review.kind)
    ]
