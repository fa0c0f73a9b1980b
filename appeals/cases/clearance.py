"""Marks on several platforms are cleared one by one: the state of each platform of an appeal, as data, and its one writer."""

from __future__ import annotations

import datetime as dt
import secrets

from django.db import transaction

from accounts import journal
from accounts.journal import Actor
from accounts.notices import Message, send_to_company
from accounts.users import User
from appeals.cases.lifecycle import TransitionRefused, locked
from appeals.cases.models import AppealPlatform, AppealState, PlatformState
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Mark, Origin
from certification.reviews import desk
from certification.reviews.deferrals import pauses_of
from certification.reviews.models import Review
from certification.reviews.subjects import is_involved

TRANSITIONS: dict[PlatformState, tuple[PlatformState, ...]] = {
    PlatformState.PENDING: (PlatformState.ASKED, PlatformState.CLEARED, PlatformState.REFUSED),
    PlatformState.ASKED: (PlatformState.CLEARED, PlatformState.REFUSED),
    PlatformState.CLEARED: (),
    # A platform can think again while the appeal is open.
    PlatformState.REFUSED: (PlatformState.ASKED, PlatformState.CLEARED),
}


class MoveRefused(Exception):
    """The table does not allow the move from the state that the platform is in."""

    def __init__(self, row: AppealPlatform, to: PlatformState) -> None:
        super().__init__(f"{row.state} -> {to}")
        self.row, self.to = row, to


def require_worked_on(*, review: Review, reviewer: User) -> Review:
    """The review, locked; raises NotClaimed, AlreadyDecided, DecisionStaged, OwnSubmission or Deferred where the reviewer may not work on it."""
    current = desk.locked(review)
    desk.require_open(current)
    if current.claimed_by_id != reviewer.pk:
        raise desk.NotClaimed
    if is_involved(review=current, user=reviewer):
        raise desk.OwnSubmission
    if pauses := pauses_of(current):
        raise desk.Deferred(pauses[0].maintenance, pauses[0].reason)
    return current


@transaction.atomic
def set_platform(
    *,
    row: AppealPlatform,
    to: PlatformState,
    note: str,
    review: Review,
    reviewer: User,
    actor: Actor,
    now: dt.datetime,
) -> bool:
    """Note how far the clearance on one platform has come; the company reads it at once, with the note.

    Cleared: the marks of the appeal's numbers on that platform read as cleared from `now` on. True when it moved, False
    when it was there already. Raises MoveRefused, TransitionRefused once the appeal is not in review, and what
    `require_worked_on` raises.
    """
    require_worked_on(review=review, reviewer=reviewer)
    appeal = locked(row.appeal)
    if appeal.state != AppealState.IN_REVIEW:
        raise TransitionRefused(appeal, AppealState.IN_REVIEW)
    current = AppealPlatform.objects.select_for_update(of=("self",)).select_related("platform").get(pk=row.pk)
    before = PlatformState(current.state)
    if before == to:
        return False
    if to not in TRANSITIONS[before]:
        raise MoveRefused(current, to)
    current.state, current.note = to, note.strip()
    if to == PlatformState.ASKED:
        current.asked_at, current.answered_at = now, None
    else:
        current.answered_at = now
    current.save(update_fields=["state", "note", "asked_at", "answered_at"])
    journal.record(
        at=now,
        actor=actor,
        company_id=appeal.company_id,
        subject="appeal",
        subject_id=appeal.pk,
        aspect=f"platform:{current.platform_id}",
        before=before,
        after=to,
        reason=note.strip(),
    )
    if to == PlatformState.CLEARED:
        clear_marks(row=current, reviewer=reviewer, actor=actor, now=now)
    if to != PlatformState.ASKED:
        tell_of_platform(row=current, now=now)
    desk.touch_claim(review=review, reviewer=reviewer, now=now)
    return True


def clear_marks(*, row: AppealPlatform, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Let the marks of the appeal's numbers on the platform read as cleared, in a fixed number of statements."""
    reason = f"appeal {row.appeal.ref}"
    marks = Mark.objects.open().filter(number__appeals__appeal=row.appeal_id, platform=row.platform_id)
    sightings = [
        Sighting(secrets.token_hex(8), number_id, row.platform_id, now, is_clearance=True, reason=reason)
        for number_id in marks.order_by("number").values_list("number", flat=True)
    ]
    observe(
        sightings=sightings,
        source="staff",
        origin=Origin.STAFF,
        actor=actor,
        now=now,
        reporter=reviewer,
        reason=reason,
    )


def tell_of_platform(*, row: AppealPlatform, now: dt.datetime) -> None:
    """Tell the company what a platform answered."""
    platform = row.platform
    send_to_company(
        message=Message(
            key=f"appeal_platform:{row.pk}:{row.state}:{now.timestamp():.0f}",
            kind="appeal_platform",
            company_id=row.appeal.company_id,
            context={
                "appeal": row.appeal.ref,
                "platform_zh": platform.name_zh,
                "platform_en": platform.name_en,
                "outcome": row.state,
                "reason": row.note,
            },
        ),
        also=[row.appeal.created_by_id],
        now=now,
    )
