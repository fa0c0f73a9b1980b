"""Decisions that can be taken back for half a minute: staged first, then applied (docs/decisions/0006).

A reviewer's decision on a page is staged: one row holds it, the case is out of the queue, and nothing has happened for the
company. At `stands_at` a task of the queue, or else the next tick, applies it through the one writer, `desk.decide`. Each
is applied in a transaction of its own that also removes the row, so twice is once, and a killed worker loses nothing.
"""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

from django.db import DatabaseError, transaction
from django.utils import translation

from accounts import journal, notices
from accounts.access import Permission, staff_may
from accounts.delayed_tasks import run_at
from accounts.journal import Actor, ActorKind
from accounts.notices import Message
from accounts.users import User
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewItem, ReviewState, StagedDecision
from certification.reviews.refusals import REFUSALS, say_refusal
from certification.reviews.verdicts import stored_text

#: How long a decision can be taken back (interface, review desk).
UNDO_FOR = dt.timedelta(seconds=30)
#: The task that applies, by name: tasks stand above the domain.
APPLY_TASK = "certification.tasks.apply_decisions"
#: One run applies so many at most; the next one goes on.
AT_ONCE = 500

log = logging.getLogger(__name__)


class TooLate(Exception):
    """The decision stands, or was taken back already: there is nothing to take back or apply."""


class NotTheirs(Exception):
    """Only who decided, or a lead reviewer, takes a decision back or applies it early."""


@dataclass
class Applied:
    """What one run did."""

    applied: int = 0
    refused: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name."""
        return asdict(self)


def pack(items: Sequence[ReviewItem]) -> list[dict[str, Any]]:
    """The items as they are kept until they are applied."""
    return [
        {
            "item": item.item,
            "item_id": item.item_id,
            "item_name": item.item_name,
            "reason": item.reason.code if item.reason is not None else "",
            "text": item.text,
        }
        for item in items
    ]


def unpack(staged: StagedDecision) -> list[ReviewItem]:
    """The items, not saved yet; one query for their reasons."""
    codes = {row["reason"] for row in staged.items if row["reason"]}
    reasons = {reason.code: reason for reason in Reason.objects.filter(code__in=codes)} if codes else {}
    return [
        ReviewItem(
            item=row["item"],
            item_id=row["item_id"],
            item_name=row["item_name"],
            reason=reasons.get(row["reason"]),
            text=row["text"],
        )
        for row in staged.items
    ]


@transaction.atomic
def stage(
    *,
    review: Review,
    reviewer: User,
    decision: Decision,
    text: str,
    actor: Actor,
    now: dt.datetime,
    items: Sequence[ReviewItem] = (),
    internal_note: str = "",
) -> StagedDecision:
    """Keep the decision until it can no longer be taken back, `UNDO_FOR` from now; nothing happens for the company before.

    `text` is what the reviewer wrote, "" for nothing. It is rehearsed: raises whatever `desk.decide` would raise at
    present. The same decision of the same person again returns the one that is staged; any other raises DecisionStaged.
    """
    current = desk.locked(review)
    standing = desk.staged_decision(current)
    if standing is not None and (standing.decided_by_id, standing.decision) == (reviewer.pk, decision):
        return standing
    staged = StagedDecision(
        review=current,
        decision=decision,
        text=text.strip(),
        items=pack(items),
        internal_note=internal_note.strip(),
        decided_by=reviewer,
        decided_at=now,
        origin=actor.origin,
        request_id=actor.request_id,
        stands_at=now + UNDO_FOR,
    )
    rehearse(staged, actor=actor, now=now)
    StagedDecision.objects.filter(review=current).delete()
    staged.save(force_insert=True)
    Review.objects.filter(pk=current.pk).update(claim_active_at=staged.stands_at)
    run_at(APPLY_TASK, at=now + UNDO_FOR, group="decisions")
    return staged


class Rehearsed(Exception):
    """Takes back what a rehearsal did."""


def rehearse(staged: StagedDecision, *, actor: Actor, now: dt.datetime) -> None:
    """Decide and take it back at once, so that whatever stands against the decision is said while it is being made."""
    try:
        with transaction.atomic():
            carry_out(staged, actor=actor, now=now)
            raise Rehearsed
    except Rehearsed:
        pass


def carry_out(staged: StagedDecision, *, actor: Actor, now: dt.datetime) -> None:
    """Make the decision, by the one writer."""
    items = unpack(staged)
    desk.decide(
        review=Review(pk=staged.review_id),
        reviewer=staged.decided_by,
        decision=Decision(staged.decision),
        text=stored_text(decision=Decision(staged.decision), text=staged.text, items=items),
        actor=actor,
        now=now,
        items=items,
        internal_note=staged.internal_note,
        decided_at=staged.decided_at,
    )


@transaction.atomic
def undo(*, review: Review, by: User, actor: Actor, now: dt.datetime) -> StagedDecision:
    """Take the decision back: the case is its reviewer's again, and the words are kept for the form.

    Works until the decision has been applied. Raises TooLate or NotTheirs.
    """
    current = desk.locked(review)
    staged = require_staged(current, by)
    staged.stands_at = None
    staged.save(update_fields=["stands_at"])
    give_back(staged, actor=actor, now=now, became="undone", reason="")
    return staged


def require_staged(current: Review, by: User) -> StagedDecision:
    """The decision that `by` may take back or apply early."""
    staged = desk.staged_decision(current)
    if staged is None:
        raise TooLate
    if staged.decided_by_id != by.pk and not staff_may(by, Permission.LEAD_REVIEWS):
        raise NotTheirs
    return staged


def give_back(staged: StagedDecision, *, actor: Actor, now: dt.datetime, became: str, reason: str) -> None:
    """The case waits for its reviewer again, from now on; the journal says that a decision came to nothing."""
    Review.objects.filter(pk=staged.review_id, state=ReviewState.OPEN, claimed_by=staged.decided_by_id).update(
        claim_active_at=now
    )
    journal.record(
        at=now,
        actor=actor,
        company_id=staged.review.company_id,
        subject="review",
        subject_id=staged.review_id,
        aspect="decision",
        before=staged.decision,
        after=became,
        reason=reason,
    )


def apply_now(*, review: Review, by: User, now: dt.datetime) -> bool:
    """Let the decision take effect without waiting; False when it was refused. Raises TooLate or NotTheirs."""
    with transaction.atomic():
        staged = require_staged(desk.locked(review), by)
        return settle(staged, now=now)


def apply_due(*, now: dt.datetime) -> Applied:
    """Apply every decision whose moment has come, each in a transaction of its own, the oldest first."""
    done = Applied()
    due = StagedDecision.objects.filter(stands_at__lte=now).order_by("stands_at", "pk")
    for review_id in list(due.values_list("review_id", flat=True)[:AT_ONCE]):
        with transaction.atomic():
            staged = desk.staged_decision(desk.locked(Review(pk=review_id)))
            if staged is None:  # somebody was quicker
                continue
            if settle(staged, now=now):
                done.applied += 1
            else:
                done.refused += 1
    return done


def settle(staged: StagedDecision, *, now: dt.datetime) -> bool:
    """Apply a decision whose review is locked; where it is refused by now, tell its reviewer and keep the words.

    What the reviewer reads is in their language. A failure of the database is nobody's refusal: it goes up, the row stays
    as it is, and the next run tries again.
    """
    actor = Actor(ActorKind.PERSON, staged.decided_by_id, staged.origin, staged.request_id)
    with translation.override(staged.decided_by.language):
        try:
            with transaction.atomic():
                StagedDecision.objects.filter(pk=staged.pk).delete()
                carry_out(staged, actor=actor, now=now)
            return True
        except REFUSALS as refused:
            words = say_refusal(refused, desk.locked(staged.review))
        except DatabaseError:
            raise
        except Exception as fault:
            log.exception("A staged decision failed: review %s", staged.review_id)
            words = say_refusal(fault, staged.review)
    refuse(staged, words, now=now)
    return False


def refuse(staged: StagedDecision, words: str, *, now: dt.datetime) -> None:
    """Keep the words without the decision, and tell the reviewer why it did not take effect."""
    staged.stands_at, staged.refusal = None, words
    staged.save(update_fields=["stands_at", "refusal"])
    give_back(staged, actor=Actor.engine(), now=now, became="refused", reason=words)
    message = Message(
        key=f"decision_refused:{staged.review_id}:{int(staged.decided_at.timestamp() * 1000)}",
        kind="decision_refused",
        context={
            "review": staged.review.ref,
            "review_kind": staged.review.kind,
            "decision": staged.decision,
            "reason": words,
        },
        needs_action=True,
    )
    notices.send(messages=[(message, staged.decided_by_id)], now=now)


def kept_words(*, review: Review, user: User, decision: str) -> StagedDecision | None:
    """What the person wrote for this decision before it was taken back or refused."""
    return StagedDecision.objects.filter(
        review=review, decided_by=user, decision=decision, stands_at__isnull=True
    ).first()
