"""The one writer of `Review.is_urgent` once a review is open: whether a case goes before others, and in an overhaul at all."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts import journal
from accounts.journal import Actor
from certification.reviews.clocks import settle_clocks
from certification.reviews.desk import locked
from certification.reviews.models import Review, ReviewState


@transaction.atomic
def set_urgent(*, review: Review, urgent: bool, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """Make an open review urgent, or not any more; True when that changed something.

    Its clock is settled at once: an overhaul pauses appeals that are not urgent, and those only.
    """
    current = locked(review)
    if current.state != ReviewState.OPEN or current.is_urgent == urgent:
        return False
    Review.objects.filter(pk=current.pk).update(is_urgent=urgent)
    review.is_urgent = urgent
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="review",
        subject_id=current.pk,
        aspect="urgent",
        before=str(current.is_urgent),
        after=str(urgent),
        reason=reason,
    )
    settle_clocks(now=now, actor=actor, review_id=current.pk)
    return True
