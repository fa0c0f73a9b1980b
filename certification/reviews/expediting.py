"""The one writer of what is put first: a review that is expedited, a maintenance whose end is (domain section 6).

Who may ask for it and who decides is the business of the app that takes the requests; here the decision takes effect.
"""

from __future__ import annotations

import datetime as dt

from accounts import journal
from accounts.journal import Actor
from certification.maintenance.models import Maintenance
from certification.reviews.models import Review, ReviewState


def expedite_review(*, review: Review, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """Put an open review first, after the urgent ones; False where it is over by now. Twice is once.

    In the caller's transaction.
    """
    moved = Review.objects.filter(pk=review.pk, state=ReviewState.OPEN, is_expedited=False).update(is_expedited=True)
    if moved:
        journal.record(
            at=now,
            actor=actor,
            company_id=review.company_id,
            subject="review",
            subject_id=review.pk,
            aspect="expedited",
            before="false",
            after="true",
            reason=reason,
        )
    return bool(moved) or Review.objects.filter(pk=review.pk, state=ReviewState.OPEN).exists()


def expedite_maintenance(*, maintenance: Maintenance, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """Mark an open maintenance as to be ended first; False where it is over by now. Twice is once.

    In the caller's transaction.
    """
    running = Maintenance.objects.open_at().filter(pk=maintenance.pk)
    moved = running.filter(expedited_at__isnull=True).update(expedited_at=now)
    if moved:
        journal.record(
            at=now,
            actor=actor,
            company_id=maintenance.company_id,
            subject="maintenance",
            subject_id=maintenance.pk,
            aspect="expedited",
            before="false",
            after="true",
            reason=reason,
        )
    return bool(moved) or running.exists()
