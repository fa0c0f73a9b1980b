"""Deciding several cases with one reason, where that is safe: one company, one kind, each by the same rules as alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.journal import Actor
from accounts.users import User
from certification.reviews import desk, staging
from certification.reviews.models import Decision, Reason, Review, ReviewItem
from certification.reviews.refusals import REFUSALS, say_refusal
from certification.reviews.subjects import SUBJECTS, case_items

#: Decisions that can mean the same for several cases: nothing has to be said of one number or platform.
DECISIONS = (Decision.APPROVED, Decision.RETURNED, Decision.REJECTED)
#: So many cases at once at most; more are no longer looked at one by one.
MOST_CASES = 50


class Mixed(Exception):
    """The cases are not all of one company and one kind."""


@dataclass(frozen=True)
class Outcome:
    """What became of one case: decided, or why not."""

    review: Review
    refusal: str = ""


class NeedsItsOwnReturn(Exception):
    """What is wrong in the case has to be said item by item."""


def require_alike(reviews: Sequence[Review]) -> None:
    """Raise Mixed unless all cases are of one company and one kind, and there is at least one."""
    if len({(review.company_id, review.kind, review.subject) for review in reviews}) != 1:
        raise Mixed


def possible_decisions(review: Review) -> list[Decision]:
    """What cases of this sort can come to, several at once."""
    return [decision for decision in DECISIONS if decision in SUBJECTS[review.subject].decisions]


def items_for(review: Review, *, decision: Decision, reason: Reason | None) -> list[ReviewItem]:
    """The case as a whole with the reason; nothing for an approval.

    A return says which part is wrong: raises NeedsItsOwnReturn where the case has no item that is the whole.
    """
    if decision == Decision.APPROVED or reason is None:
        return []
    whole = next(
        (item for item in case_items(review) if (item.item, item.item_id) == (review.subject, review.subject_id)), None
    )
    if whole is None and decision == Decision.RETURNED:
        raise NeedsItsOwnReturn
    name = whole.name if whole else SUBJECTS[review.subject].title(review)[:120]
    return [ReviewItem(item=review.subject, item_id=review.subject_id, item_name=name, reason=reason)]


def stage_together(
    *,
    reviews: Sequence[Review],
    reviewer: User,
    decision: Decision,
    reason: Reason | None,
    text: str,
    internal_note: str,
    actor: Actor,
    now: dt.datetime,
) -> list[Outcome]:
    """Claim and stage each case, in a transaction of its own; what one is refused for concerns no other.

    A case that is refused is left as it was. Raises Mixed before anything is done.
    """
    require_alike(reviews)
    outcomes = []
    for review in reviews:
        try:
            with transaction.atomic():
                desk.claim(review=review, reviewer=reviewer, actor=actor, now=now)
                staging.stage(
                    review=review,
                    reviewer=reviewer,
                    decision=decision,
                    text=text,
                    items=items_for(review, decision=decision, reason=reason),
                    internal_note=internal_note,
                    actor=actor,
                    now=now,
                )
        except NeedsItsOwnReturn:
            outcomes.append(Outcome(review, _("Several things can be wrong here: return this case by itself.")))
        except REFUSALS as refused:
            outcomes.append(Outcome(review, say_refusal(refused, review)))
        else:
            outcomes.append(Outcome(review))
    return outcomes
