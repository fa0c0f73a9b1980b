"""A review stands still while somebody waits for its company: begun and ended by the subject, counted by the clocks."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts.journal import Actor
from certification.reviews.clocks import settle_clocks
from certification.reviews.models import Review, ReviewPause

#: The reason of the pauses that this module writes: the company was asked something.
MORE_INFORMATION = "more_information"


@transaction.atomic
def stand_still(*, review: Review, now: dt.datetime) -> None:
    """Stop the clock of an open review; doing it twice is doing it once. What was overdue before stays so."""
    ReviewPause.objects.bulk_create(
        [ReviewPause(review=review, started_at=now, reason=MORE_INFORMATION)], ignore_conflicts=True
    )


@transaction.atomic
def go_on(*, review: Review, actor: Actor, now: dt.datetime) -> None:
    """Let the clock of the review run again and count the time that it stood still into its due time, at once."""
    open_ones = ReviewPause.objects.filter(review=review, reason=MORE_INFORMATION, ended_at__isnull=True)
    if open_ones.update(ended_at=now):
        settle_clocks(now=now, actor=actor, review_id=review.pk)
