"""What an upheld appeal does to the decision that it was against: the thing goes back to the reviewers, to another person."""

from __future__ import annotations

import datetime as dt

from django.db import transaction

from accounts import journal
from accounts.journal import Actor
from accounts.users import User
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.subjects import SUBJECTS, Reopened

#: What a company can say is wrong: it did not get what it asked for.
AGAINST = (Decision.REJECTED, Decision.RETURNED)


def is_appealable(review: Review) -> bool:
    """Whether an appeal against the decision makes sense: it went against the company, and still stands."""
    if review.state != ReviewState.DECIDED or review.decision not in AGAINST or review.overturned_at is not None:
        return False
    hook = getattr(SUBJECTS.get(review.subject), "can_reopen", None)
    return bool(hook is not None and hook(review))


@transaction.atomic
def overturn(*, review: Review, by: User | None, actor: Actor, now: dt.datetime, reason: str) -> Reopened:
    """Note that the decision was overturned and bring its thing back to the reviewers, as handed in by `by`.

    Whoever made the decision cannot decide the thing again. Doing it twice does nothing more.
    """
    current = Review.objects.select_for_update(of=("self",), no_key=True).get(pk=review.pk)
    if current.overturned_at is not None:
        return Reopened(None)
    Review.objects.filter(pk=review.pk).update(overturned_at=now)
    review.overturned_at = now
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="review",
        subject_id=current.pk,
        aspect="overturned",
        after="overturned",
        reason=reason,
    )
    hook = getattr(SUBJECTS[current.subject], "reopen", None)
    if hook is None:
        return Reopened(None)
    reopened: Reopened = hook(review=current, by=by, actor=actor, now=now)
    return reopened
