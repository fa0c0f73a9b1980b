"""What company and reviewer say to each other: messages, the question that stops the clock, and its answer."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction

from accounts.journal import Actor
from accounts.notices import Message, send
from accounts.users import User
from appeals.cases.clearance import require_worked_on
from appeals.cases.evidence import keep
from appeals.cases.lifecycle import TransitionRefused, locked, move
from appeals.cases.models import OPEN_STATES, Appeal, AppealMessage, AppealState, MessageKind
from appeals.cases.submission import open_review_of, tell
from certification.materials.models import StagedFile
from certification.reviews import desk
from certification.reviews.models import Review
from certification.reviews.standstill import go_on, stand_still

#: How long a company has to answer (issue 5), and how long before the end it is warned (D): calendar days.
ANSWER_WITHIN = dt.timedelta(days=15)
WARN_BEFORE = (dt.timedelta(days=7), dt.timedelta(days=1))


class NothingSaid(Exception):
    """A message says something or brings a file."""


class ThreadClosed(Exception):
    """The appeal is not open, so that nobody would answer."""


@transaction.atomic
def say_as_company(
    *,
    appeal: Appeal,
    text: str,
    files: Sequence[StagedFile],
    submission: uuid.UUID,
    by: User,
    actor: Actor,
    now: dt.datetime,
) -> AppealMessage:
    """Send a message to the reviewer; while more information is asked for it is the answer, and the clock runs again.

    The same `submission` twice is one message. Raises NothingSaid, ThreadClosed, or FilesMissing.
    """
    # The review first, in the order in which a reviewer's decision locks the two.
    review = open_review_of(appeal)
    if review is not None:
        review = desk.locked(review)
    current = locked(appeal)
    sent = AppealMessage.objects.filter(submission=submission, appeal=current).first()
    if sent is not None:
        return sent
    if not text.strip() and not files:
        raise NothingSaid
    if current.state not in OPEN_STATES or review is None:
        raise ThreadClosed
    answers = current.state == AppealState.MORE_INFORMATION
    message = AppealMessage.objects.create(
        appeal=current,
        kind=MessageKind.ANSWER if answers else MessageKind.MESSAGE,
        at=now,
        author=by,
        is_by_staff=False,
        text=text.strip(),
        submission=submission,
    )
    keep(appeal=current, files=files, by=by, now=now, message=message)
    if answers:
        move(appeal=current, to=AppealState.IN_REVIEW, actor=actor, now=now, reason="answered")
        go_on(review=review, actor=actor, now=now)
        appeal.state = current.state
    if review.claimed_by_id is not None:
        notice = Message(
            key=f"appeal_message_staff:{message.pk}",
            kind="appeal_message_staff",
            context={"appeal": current.ref, "review": review.ref, "is_answer": answers},
            needs_action=True,
        )
        send(messages=[(notice, review.claimed_by_id)], now=now)
    return message


@transaction.atomic
def say_as_staff(
    *,
    appeal: Appeal,
    text: str,
    submission: uuid.UUID,
    review: Review,
    reviewer: User,
    actor: Actor,
    now: dt.datetime,
    asks: bool = False,
) -> AppealMessage:
    """Send a message to the company; with `asks` it is asked for more information, and the clock stops until it answers.

    Only who holds the case writes. The same `submission` twice is one message. Raises NothingSaid, TransitionRefused
    where more information is asked for already, or what `require_worked_on` raises (a message may be sent while the
    clock stands still, a question not).
    """
    sent = AppealMessage.objects.filter(submission=submission, appeal=appeal).first()
    if sent is not None:
        return sent
    try:
        require_worked_on(review=review, reviewer=reviewer)
    except desk.Deferred:
        if asks:
            raise
    if not text.strip():
        raise NothingSaid
    current = locked(appeal)
    message = AppealMessage.objects.create(
        appeal=current,
        kind=MessageKind.QUESTION if asks else MessageKind.MESSAGE,
        at=now,
        author=reviewer,
        is_by_staff=True,
        text=text.strip(),
        submission=submission,
    )
    if asks:
        until = now + ANSWER_WITHIN
        if not move(
            appeal=current,
            to=AppealState.MORE_INFORMATION,
            actor=actor,
            now=now,
            reason=text.strip(),
            answer_until=until,
            next_step_at=until - WARN_BEFORE[0],
        ):
            raise TransitionRefused(current, AppealState.MORE_INFORMATION)
        stand_still(review=review, now=now)
        tell(
            appeal=current,
            kind="appeal_asked",
            key=f"appeal_asked:{message.pk}",
            context={"answer_until": until.isoformat(), "reason": text.strip()},
            now=now,
            needs_action=True,
        )
    else:
        tell(
            appeal=current,
            kind="appeal_message",
            key=f"appeal_message:{message.pk}",
            context={"reason": text.strip()},
            now=now,
        )
    desk.touch_claim(review=review, reviewer=reviewer, now=now)
    return message


@transaction.atomic
def take_back_question(*, appeal: Appeal, review: Review, reviewer: User, actor: Actor, now: dt.datetime) -> bool:
    """Go on without an answer: the reviewer does not need it any more. False when nothing is asked at present.

    Raises what `require_worked_on` raises, but for the standstill that this ends.
    """
    try:
        require_worked_on(review=review, reviewer=reviewer)
    except desk.Deferred as deferred:
        if deferred.maintenance is not None:
            raise
    current = locked(appeal)
    if current.state != AppealState.MORE_INFORMATION:
        return False
    move(appeal=current, to=AppealState.IN_REVIEW, actor=actor, now=now, reason="the question was taken back")
    go_on(review=review, actor=actor, now=now)
    tell(
        appeal=current,
        kind="appeal_goes_on",
        key=f"appeal_goes_on:{current.pk}:{now.timestamp():.0f}",
        context={},
        now=now,
    )
    return True


def mark_read(*, appeal: Appeal, by_staff: bool, now: dt.datetime) -> int:
    """Note that one side has seen what the other wrote; return how many messages were new to it."""
    return AppealMessage.objects.filter(appeal=appeal, is_by_staff=not by_staff, read_at__isnull=True).update(
        read_at=now
    )
