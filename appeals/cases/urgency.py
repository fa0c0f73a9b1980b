"""Whether an appeal is urgent: the reviewer confirms what the company said, or withdraws it. One writer of `Appeal.urgency`."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress

from django.db import transaction

from accounts.journal import Actor
from accounts.users import User
from appeals.cases.clearance import require_worked_on
from appeals.cases.lifecycle import TransitionRefused, locked
from appeals.cases.models import OPEN_STATES, Appeal, AppealState, Urgency
from appeals.cases.submission import note_urgency, tell
from appeals.cases.urgency_table import TRANSITIONS
from certification.reviews import desk
from certification.reviews.models import Review
from certification.reviews.urgency import set_urgent


class UrgencyRefused(Exception):
    """The table does not allow it."""


class ReasonMissing(Exception):
    """The company is told why its appeal is not urgent after all."""


@transaction.atomic
def judge_urgency(
    *, appeal: Appeal, to: Urgency, reason: str, review: Review, reviewer: User, actor: Actor, now: dt.datetime
) -> bool:
    """Confirm the urgency, or withdraw it with a reason that the company reads; False when it is so already.

    Withdrawn, the review is not urgent from `now` on: in an overhaul its clock stands still at once. Raises
    UrgencyRefused, ReasonMissing, TransitionRefused once the appeal is over, or what `require_worked_on` raises.
    """
    with suppress(desk.Deferred):  # that it is paused is what a confirmation ends
        require_worked_on(review=review, reviewer=reviewer)
    current = locked(appeal)
    if current.state not in OPEN_STATES:
        raise TransitionRefused(current, AppealState.IN_REVIEW)
    before = Urgency(current.urgency)
    if before == to:
        return False
    if to not in TRANSITIONS[before]:
        raise UrgencyRefused
    if to == Urgency.REFUSED and not reason.strip():
        raise ReasonMissing
    Appeal.objects.filter(pk=current.pk).update(urgency=to)
    appeal.urgency = to
    note_urgency(appeal=current, before=before, after=to, reason=reason.strip(), actor=actor, now=now)
    set_urgent(review=review, urgent=to == Urgency.CONFIRMED, actor=actor, now=now, reason=reason.strip())
    tell(
        appeal=current,
        kind="appeal_urgency",
        key=f"appeal_urgency:{current.pk}:{to}:{now.timestamp():.0f}",
        context={"outcome": to, "reason": reason.strip()},
        now=now,
    )
    desk.touch_claim(review=review, reviewer=reviewer, now=now)
    return True
