"""The outbox: one row per message and person, unique by key; what is written here is delivered by the queue.

A notice is written in the transaction of the change it tells about, as data (`kind` and `context`); it becomes a text
in the reader's language only when it is read or mailed (`accounts.notice_texts`, from `templates/emails/<kind>.txt`).
`accounts.delivery` mails it.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar
from urllib.parse import urlencode

from django.db import connection, models
from django.db.models.functions import Now
from django.urls import reverse
from django.utils.functional import Promise
from django_q.tasks import async_task

from accounts.access import CompanyRole
from accounts.memberships import Membership
from accounts.references import ReferenceField

if TYPE_CHECKING:
    from accounts.users import User

#: Who hears about a company's certification (domain section 5: "the company's owner and admins").
RESPONSIBLE_ROLES = (CompanyRole.OWNER, CompanyRole.ADMIN)


Context = Mapping[str, Any]


class Audience(StrEnum):
    """Whom a kind of message is for; decides the sentence that says why one gets it."""

    COMPANY = "company"
    STAFF = "staff"
    INVITED = "invited"


@dataclass(frozen=True)
class Day:
    """A date, or a time from start to end, that a message announces, for the reader's calendar."""

    #: Stable per thing, so that a later message about it replaces the entry.
    uid: str
    day: dt.date
    #: Counts up from message to message about the same thing.
    sequence: int
    #: From when to when it is; None: all day.
    window: tuple[dt.datetime, dt.datetime] | None = None
    is_cancelled: bool = False


@dataclass(frozen=True)
class NoticeKind:
    """A sort of message: its name in the settings, where its one button leads, and whether its e-mail can be off."""

    code: str
    label: str | Promise
    #: The page that the one button opens, from the notice's context: see `page`.
    target: Callable[[Context], str]
    button: str | Promise
    #: Mandatory messages are mailed whatever the settings say: they tell of a stop, a deadline, or a decision.
    mandatory: bool = True
    audience: Audience = Audience.COMPANY
    #: Further words for the template, from the context.
    words: Callable[[Context], dict[str, Any]] | None = None
    #: The date that the message announces, if it announces one.
    day: Callable[[Context], Day | None] | None = None


def page(view: str, *, query: Mapping[str, str] | None = None, **fields: str) -> Callable[[Context], str]:
    """A target: the address of `view`, its arguments and query taken from the context.

    `page("applications:detail", ref="application")` fills `ref` with the context's `application`. Query values that
    begin with "=" are meant as they are: `query={"kind": "=renewal"}`.
    """

    def address(context: Context) -> str:
        path = reverse(view, kwargs={name: context[key] for name, key in fields.items()})
        if not query:
            return path
        values = {name: key[1:] if key.startswith("=") else str(context[key]) for name, key in query.items()}
        return f"{path}?{urlencode(values)}"

    return address


#: For set-based writers; the last column is the database's clock: it leaves as soon as it can, whatever `at` is.
INSERT = """INSERT INTO accounts_notice
    (key, kind, recipient_id, company_id, context, needs_action, created_at, next_attempt_at)"""
#: The task that delivers, by name: tasks stand above the domain.
DELIVER_TASK = "accounts.tasks.deliver_notices"
#: Every kind that any app declares; filled when the apps are loaded.
KINDS: dict[str, NoticeKind] = {}


def declare(*kinds: NoticeKind) -> None:
    """Make kinds known; called once per slice, when its notices module is imported by its app."""
    for kind in kinds:
        KINDS[kind.code] = kind


class NoticeQuerySet(models.QuerySet["Notice"]):
    """Reads; every one that serves a person starts at `for_user`."""

    def for_user(self, user: User) -> NoticeQuerySet:
        """What was written to `user`, without what concerns companies that they have left."""
        return self.filter(
            models.Q(company__isnull=True) | models.Q(company__in=user.memberships.values("company")), recipient=user
        )

    def waiting(self) -> NoticeQuerySet:
        """What is still to be mailed, now or later."""
        return self.filter(delivered_at__isnull=True, failed_at__isnull=True, next_attempt_at__isnull=False)


class Notice(models.Model):
    """One message to one person."""

    ref = ReferenceField()
    #: The same key never yields two rows, whoever writes it how often.
    key = models.CharField(max_length=160, unique=True)
    kind = models.CharField(max_length=40)
    recipient = models.ForeignKey("accounts.User", models.CASCADE, null=True, related_name="notices")
    #: Where it goes when there is no account yet (an invitation).
    address = models.EmailField(blank=True, db_default="")
    company = models.ForeignKey("accounts.Company", models.CASCADE, null=True, related_name="notices")
    context = models.JSONField(default=dict)
    #: Whether it asks the reader to do something; such notices come first in the inbox.
    needs_action = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField()
    #: Not before this moment. Null: shown in the portal only, never mailed.
    next_attempt_at = models.DateTimeField(null=True)
    attempts = models.PositiveSmallIntegerField(default=0, db_default=0)
    #: Since when its delivery is being tried; a message is given up on by its age.
    first_attempt_at = models.DateTimeField(null=True)
    #: Set while a deliverer has it in hand.
    claimed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, db_default="")
    read_at = models.DateTimeField(null=True)

    objects = NoticeQuerySet.as_manager()

    class Meta:
        indexes: ClassVar = [
            # The deliverer claims what is due, oldest first.
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(delivered_at__isnull=True, failed_at__isnull=True, next_attempt_at__isnull=False),
                name="notice_due",
            ),
            # Claims that a deliverer left behind are released.
            models.Index(fields=["claimed_at"], condition=models.Q(claimed_at__isnull=False), name="notice_claimed"),
            # A person's inbox, newest first, and their unread count.
            models.Index(fields=["recipient", "-id"], name="notice_inbox"),
            models.Index(fields=["recipient"], condition=models.Q(read_at__isnull=True), name="notice_unread"),
            # Staff see what failed.
            models.Index(fields=["failed_at"], condition=models.Q(failed_at__isnull=False), name="notice_failed"),
            # ... and how many were delivered today.
            models.Index(
                fields=["delivered_at"], condition=models.Q(delivered_at__isnull=False), name="notice_delivered"
            ),
        ]

    def __str__(self) -> str:
        return self.key


@dataclass(frozen=True)
class Message:
    """One message to be written by `send`, before it is known to whom it goes."""

    #: Unique per event; the recipient's id is appended.
    key: str
    kind: str
    company_id: int | None = None
    context: dict[str, Any] = field(default_factory=dict)
    needs_action: bool = False


#: The setting, local to a transaction, that remembers that delivery was asked for.
WOKEN = "portal.delivery_woken"
#: The rows of `send`, in their order; a key that exists already is left alone.
INSERT_MESSAGES = f"""
    {INSERT}
    SELECT message.key, message.kind, message.recipient, message.company, message.context, message.needs_action, %(at)s, now()
    FROM unnest(%(keys)s::text[], %(kinds)s::text[], %(recipients)s::bigint[], %(companies)s::bigint[], %(contexts)s::jsonb[], %(actions)s::boolean[])
         WITH ORDINALITY AS message (key, kind, recipient, company, context, needs_action, place)
    ORDER BY message.place
    ON CONFLICT DO NOTHING
"""  # noqa: S608 - constant texts, every value is a parameter


def send(*, messages: Iterable[tuple[Message, int]], now: dt.datetime) -> None:
    """Write one notice per (message, user id), in the caller's transaction; keys that exist already are left alone."""
    rows = list(messages)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_MESSAGES,
            {
                "at": now,
                "keys": [f"{message.key}:{user_id}" for message, user_id in rows],
                "kinds": [str(message.kind) for message, _user_id in rows],
                "recipients": [user_id for _message, user_id in rows],
                "companies": [message.company_id for message, _user_id in rows],
                "contexts": [json.dumps(message.context) for message, _user_id in rows],
                "actions": [message.needs_action for message, _user_id in rows],
            },
        )
    wake_delivery()


def send_to_company(*, message: Message, now: dt.datetime, also: Iterable[int | None] = ()) -> None:
    """Write the message to the owners and administrators of its company, and to `also` (user ids), each once."""
    responsible = Membership.objects.filter(company=message.company_id, role__in=RESPONSIBLE_ROLES)
    readers = {*responsible.values_list("user_id", flat=True), *(user_id for user_id in also if user_id)}
    send(messages=[(message, user_id) for user_id in sorted(readers)], now=now)


def send_to_address(*, message: Message, address: str, now: dt.datetime) -> None:
    """Write a notice to somebody who has no account yet."""
    Notice.objects.bulk_create(
        [
            Notice(
                key=f"{message.key}:{address}"[:160],
                kind=message.kind,
                address=address,
                company_id=message.company_id,
                context=message.context,
                created_at=now,
                next_attempt_at=Now(),
            )
        ],
        ignore_conflicts=True,
    )
    wake_delivery()


def wake_delivery() -> None:
    """Ask the queue to deliver, once per transaction, so that a mail need not wait for the next minute's run.

    The task is a row of the queue's table: it is committed, or rolled back, with the notices. That it was asked for is
    remembered in a setting local to the transaction, which a rollback (to a savepoint, too) forgets with it.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT coalesce(current_setting(%(woken)s, true), ''), set_config(%(woken)s, 'yes', true)",
            {"woken": WOKEN},
        )
        (woken, _now) = cursor.fetchone() or ("", "")
    if not woken:
        async_task(DELIVER_TASK, group="delivery")
