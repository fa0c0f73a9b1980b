"""Delivers the outbox: claim a batch, mail one by one, mark each.

A claim is one committed statement, so two deliverers never take the same notice. Before a mail leaves its claim is
renewed, after the server has accepted it the notice is marked, each at once. So whatever dies when, nothing is lost: a
claim that nobody renews is released after `CLAIM_STALE`. A mail is sent twice only where the process dies, or the
connection breaks, between the server's acceptance and our mark: SMTP has no way to close this gap. The Message-ID is
that of the notice, so that the repeat can be recognised as one.

What the mail server answers decides what follows:

- it cannot be reached or turns us away as a whole: everything waits, nothing counts as an attempt; until
  `OUTAGE_PAUSE` is over nobody tries again;
- it refuses one mail for now (4xx), or the connection breaks: that mail waits, longer from time to time (`backoff`);
- it refuses one mail for good (5xx), or the mail was tried `MAX_ATTEMPTS` times or for `MAX_AGE`: it has failed, and
  staff see it with the server's words.
"""

from __future__ import annotations

import datetime as dt
import logging
import smtplib
import time
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django.core.mail import EmailMultiAlternatives, get_connection
from django.db import connection, models, transaction
from django.db.models import F, Q

from accounts import journal
from accounts.journal import Actor
from accounts.mails import compose
from accounts.memberships import Membership
from accounts.notices import KINDS, Notice, NoticeQuerySet, wake_delivery
from accounts.preferences import NoticePreference

logger = logging.getLogger(__name__)

#: How many notices one claim takes, and one connection carries.
BATCH = 50
#: A claim that was not renewed for so long belongs to a process that died.
CLAIM_STALE = dt.timedelta(minutes=10)
#: One run takes no longer than about this: the queue has other work.
RUN_TIME = dt.timedelta(minutes=4)
#: After the mail server could not be reached, nobody tries for so long.
OUTAGE_PAUSE = dt.timedelta(seconds=50)
FIRST_WAIT = dt.timedelta(minutes=1)
LONGEST_WAIT = dt.timedelta(hours=6)
MAX_ATTEMPTS = 12
MAX_AGE = dt.timedelta(days=2)
#: What a context may hold for the mail only; it is forgotten once the mail has left.
SECRETS = ("token",)

#: The key of the advisory lock that the deliverer holds.
TURN_LOCK = 0x6D61696C

Clock = Callable[[], dt.datetime]


class MailOutage(models.Model):
    """The one row that exists while the mail server cannot be reached: since when, tried when, and what it said."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    since = models.DateTimeField()
    tried_at = models.DateTimeField()
    error = models.TextField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="mail_outage_single_row")]

    def __str__(self) -> str:
        return f"since {self.since}: {self.error}"


@dataclass
class Delivered:
    """What one run did."""

    sent: int = 0
    postponed: int = 0
    failed: int = 0
    #: Kept to the portal: switched off by the reader, or the reader is not one any more.
    kept: int = 0
    released: int = 0
    unreachable: bool = False

    def plus(self, other: Delivered) -> Delivered:
        """Both together."""
        return Delivered(
            self.sent + other.sent,
            self.postponed + other.postponed,
            self.failed + other.failed,
            self.kept + other.kept,
            self.released + other.released,
            self.unreachable or other.unreachable,
        )

    def as_dict(self) -> dict[str, int | bool]:
        """The counts by name."""
        return vars(self).copy()


class Fault(StrEnum):
    """What a failed sending means for what follows."""

    #: The mail itself is refused for good.
    REFUSED = "refused"
    #: The mail is not taken now; the connection may be used on.
    LATER = "later"
    #: The connection is broken or the server turns us away as a whole.
    BROKEN = "broken"


def deliver(*, now: dt.datetime, batch: int = BATCH, run_time: dt.timedelta = RUN_TIME) -> Delivered:
    """Mail what is due at `now`, batch by batch, until nothing is due or `run_time` is over; return what was done.

    Must not run inside a transaction: its claims and marks are to be seen at once. Any number may run at a time.
    """
    started = time.monotonic()

    def clock() -> dt.datetime:
        return now + dt.timedelta(seconds=time.monotonic() - started)

    done = Delivered(released=release_stale_claims(now=now))
    if MailOutage.objects.filter(tried_at__gt=now - OUTAGE_PAUSE, tried_at__lte=now).exists():
        done.unreachable = True
        return done
    while clock() - now < run_time:
        claimed = claim(now=clock(), limit=batch)
        if not claimed:
            break
        mailed = keep_to_portal(claimed, done)
        if mailed and not send_batch(mailed, clock, done):
            done.unreachable = True
            break
    return done


def deliver_in_turn(*, now: dt.datetime) -> Delivered:
    """Deliver unless somebody is at it: a slow mail server occupies one worker of the queue, not all of them.

    Who is at it looks once more after the others were sent away, so nothing that they came for is left behind.
    """
    started = time.monotonic()
    done = Delivered()
    while True:
        moment = now + dt.timedelta(seconds=time.monotonic() - started)
        if moment - now >= RUN_TIME or not take_turn():
            return done
        try:
            done = done.plus(deliver(now=moment))
        finally:
            give_turn_back()
        if (
            done.unreachable
            or not Notice.objects.waiting().filter(next_attempt_at__lte=moment, claimed_at=None).exists()
        ):
            return done


def take_turn() -> bool:
    """Become the deliverer; False while another connection is."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [TURN_LOCK])
        (taken,) = cursor.fetchone() or (False,)
    return bool(taken)


def give_turn_back() -> None:
    """Stop being the deliverer; a connection that ends does so by itself."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_unlock(%s)", [TURN_LOCK])


# --- Claims ------------------------------------------------------------------------------------------------------


def claim(*, now: dt.datetime, limit: int) -> list[Notice]:
    """Take up to `limit` notices that are due and free, the longest due first; committed when this returns."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE accounts_notice SET claimed_at = %(now)s, attempts = attempts + 1,
                   first_attempt_at = coalesce(first_attempt_at, %(now)s)
            WHERE id IN (
                SELECT id FROM accounts_notice
                WHERE delivered_at IS NULL AND failed_at IS NULL AND next_attempt_at <= %(now)s AND claimed_at IS NULL
                ORDER BY next_attempt_at, id LIMIT %(limit)s FOR UPDATE SKIP LOCKED
            ) RETURNING id
            """,
            {"now": now, "limit": limit},
        )
        ids = [row[0] for row in cursor.fetchall()]
    return list(
        Notice.objects.filter(pk__in=ids).select_related("recipient", "company").order_by("next_attempt_at", "pk")
    )


def release_stale_claims(*, now: dt.datetime) -> int:
    """Free what a process that died had in hand; it is tried again at once, unless it was in hand too often."""
    stale = Notice.objects.filter(claimed_at__lt=now - CLAIM_STALE)
    died = "The process that was delivering this stopped before it was done."
    stale.filter(attempts__gte=MAX_ATTEMPTS).update(claimed_at=None, failed_at=now, error=died)
    return stale.update(claimed_at=None, error=died)


def renew_claim(notice: Notice, now: dt.datetime) -> bool:
    """Make sure that the notice is still ours just before it is mailed; False when the claim was released meanwhile."""
    kept = Notice.objects.filter(pk=notice.pk, claimed_at=notice.claimed_at, delivered_at__isnull=True).update(
        claimed_at=now
    )
    notice.claimed_at = now
    return bool(kept)


def keep_to_portal(claimed: list[Notice], done: Delivered) -> list[Notice]:
    """Set aside what is not mailed at all, and return the rest.

    Not mailed is what its reader switched off (mandatory kinds cannot be), and what is for somebody who is inactive or
    has left the company that it is about.
    """
    readers = {notice.recipient_id for notice in claimed if notice.recipient_id}
    muted = set(NoticePreference.objects.filter(user__in=readers).values_list("user_id", "kind"))
    members = set(
        Membership.objects.filter(
            user__in=readers, company__in={notice.company_id for notice in claimed if notice.company_id}
        ).values_list("user_id", "company_id")
    )

    def is_mailed(notice: Notice) -> bool:
        if notice.recipient is None:
            return bool(notice.address)
        kind = KINDS.get(notice.kind)
        if (notice.recipient_id, notice.kind) in muted and not (kind and kind.mandatory):
            return False
        left = notice.company_id is not None and (notice.recipient_id, notice.company_id) not in members
        return notice.recipient.is_active and not left

    kept = [notice.pk for notice in claimed if not is_mailed(notice)]
    if kept:
        done.kept += Notice.objects.filter(pk__in=kept).update(next_attempt_at=None, claimed_at=None, attempts=0)
    return [notice for notice in claimed if notice.pk not in set(kept)]


# --- Sending -----------------------------------------------------------------------------------------------------


def send_batch(claimed: list[Notice], clock: Clock, done: Delivered) -> bool:
    """Mail the notices over one connection; False when the server cannot be reached: then the rest is put back."""
    server = get_connection()
    is_open = False
    try:
        for position, notice in enumerate(claimed):
            mail = composed(notice, clock, done)
            if mail is None:
                continue
            if not is_open:
                try:
                    server.open()
                except (OSError, smtplib.SMTPException) as problem:
                    put_back(claimed[position:], answer_of(problem), clock(), done)
                    return False
                is_open = True
                MailOutage.objects.all().delete()
            if not renew_claim(notice, clock()):
                continue
            is_open = send_one(notice, mail, server, clock, done)
    finally:
        close(server)
    return True


def composed(notice: Notice, clock: Clock, done: Delivered) -> EmailMultiAlternatives | None:
    """The mail, or None when it cannot be written: a fault of ours, which a later release may mend."""
    try:
        return compose(notice)
    except Exception as problem:  # whatever is wrong with one message, the others must leave
        logger.exception("Notice %s (%s) cannot be written", notice.pk, notice.kind)
        postpone(notice, f"It could not be written: {type(problem).__name__}: {problem}", clock(), done)
        return None


def send_one(notice: Notice, mail: EmailMultiAlternatives, server: Any, clock: Clock, done: Delivered) -> bool:
    """Hand one mail to the server and mark what became of it; False when the connection cannot be used on."""
    try:
        server.send_messages([mail])
    except (OSError, smtplib.SMTPException, ValueError) as problem:
        fault, answer = judge(problem)
        if fault == Fault.REFUSED:
            fail(notice, answer, clock(), done)
        else:
            postpone(notice, answer, clock(), done)
        if fault == Fault.BROKEN:
            close(server)
        return fault != Fault.BROKEN
    mark_delivered(notice, clock(), done)
    return True


def judge(problem: Exception) -> tuple[Fault, str]:
    """What a refusal means, and the server's words."""
    answer = answer_of(problem)
    code = code_of(problem)
    if isinstance(problem, smtplib.SMTPRecipientsRefused | smtplib.SMTPDataError):
        if code == 421:
            return Fault.BROKEN, answer
        return (Fault.REFUSED if 500 <= code < 600 else Fault.LATER), answer
    if isinstance(problem, ValueError | smtplib.SMTPNotSupportedError):
        return Fault.REFUSED, answer  # an address or a header that no server takes
    return Fault.BROKEN, answer


def code_of(problem: Exception) -> int:
    """The server's reply code; 0 where it gave none."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return max((int(code) for code, _text in problem.recipients.values()), default=0)
    return int(getattr(problem, "smtp_code", 0) or 0)


def answer_of(problem: Exception) -> str:
    """The server's answer as staff read it: code and text, else the name and text of the fault."""
    if isinstance(problem, smtplib.SMTPRecipientsRefused):
        return "; ".join(f"{code} {words(text)}" for code, text in problem.recipients.values())
    if isinstance(problem, smtplib.SMTPResponseException):
        return f"{problem.smtp_code} {words(problem.smtp_error)}"
    return f"{type(problem).__name__}: {problem}"


def words(text: bytes | str) -> str:
    """A server's reply as text."""
    return text.decode("utf-8", "replace") if isinstance(text, bytes) else text


def close(server: Any) -> None:
    """Close a connection that may be broken already."""
    try:
        server.close()
    except (OSError, smtplib.SMTPException):
        server.connection = None


# --- Marks ---------------------------------------------------------------------------------------------------------


def mark_delivered(notice: Notice, now: dt.datetime, done: Delivered) -> None:
    """The server has it. What the context held for the mail only is forgotten."""
    context = {key: value for key, value in notice.context.items() if key not in SECRETS}
    done.sent += Notice.objects.filter(pk=notice.pk, claimed_at=notice.claimed_at).update(
        delivered_at=now, claimed_at=None, error="", context=context
    )


def postpone(notice: Notice, answer: str, now: dt.datetime, done: Delivered) -> None:
    """Try again later, or give up when it was tried often or long enough."""
    if is_exhausted(notice, now):
        fail(notice, answer, now, done)
        return
    done.postponed += Notice.objects.filter(pk=notice.pk, claimed_at=notice.claimed_at).update(
        claimed_at=None, next_attempt_at=now + backoff(notice.attempts), error=answer
    )


def is_exhausted(notice: Notice, now: dt.datetime) -> bool:
    """Whether it was tried often or long enough."""
    since = notice.first_attempt_at or now
    return notice.attempts >= MAX_ATTEMPTS or now - since >= MAX_AGE


def backoff(attempts: int) -> dt.timedelta:
    """How long to wait after the `attempts`-th attempt: 1, 2, 4 ... minutes, 6 hours at most."""
    return min(FIRST_WAIT * int(2 ** min(max(attempts - 1, 0), 20)), LONGEST_WAIT)


def fail(notice: Notice, answer: str, now: dt.datetime, done: Delivered) -> None:
    """It will not arrive; staff see it, and can have it sent again."""
    done.failed += Notice.objects.filter(pk=notice.pk, claimed_at=notice.claimed_at).update(
        failed_at=now, claimed_at=None, error=answer
    )


def put_back(rest: list[Notice], answer: str, now: dt.datetime, done: Delivered) -> None:
    """The server cannot be reached: what was claimed waits as before, and the outage is noted."""
    waiting: list[int] = []
    claimed_at = rest[0].claimed_at
    for notice in rest:
        if notice.first_attempt_at and now - notice.first_attempt_at >= MAX_AGE:
            fail(notice, answer, now, done)
        else:
            waiting.append(notice.pk)
    done.postponed += Notice.objects.filter(pk__in=waiting, claimed_at=claimed_at).update(
        claimed_at=None, attempts=F("attempts") - 1, error=answer
    )
    outage, _is_new = MailOutage.objects.get_or_create(pk=1, defaults={"since": now, "tried_at": now, "error": answer})
    MailOutage.objects.filter(pk=outage.pk).update(tried_at=now, error=answer)


# --- What staff do -------------------------------------------------------------------------------------------------


@transaction.atomic
def resend(*, notices: NoticeQuerySet, actor: Actor, now: dt.datetime) -> int:
    """Have failed notices tried again from the beginning, journalled one by one; others are left alone."""
    failed = list(notices.filter(failed_at__isnull=False).select_for_update(of=("self",)).values_list("pk", "company"))
    if not failed:
        return 0
    Notice.objects.filter(pk__in=[pk for pk, _company in failed]).update(
        failed_at=None, next_attempt_at=now, attempts=0, first_attempt_at=None, claimed_at=None
    )
    journal.record_many(
        at=now,
        actor=actor,
        changes=[
            journal.Change("notice", pk, "delivery", "failed", "waiting", company_id, "resend")
            for pk, company_id in failed
        ],
    )
    wake_delivery()
    return len(failed)
