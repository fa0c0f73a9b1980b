"""The outbox: one row per message and person, unique by key; what is written here is delivered by the queue.

A notice is written in the transaction of the change it tells about, as data (`kind` and `context`); it becomes a text
in the reader's language only when it is read or mailed, from `templates/emails/<kind>.{subject.txt,txt,html}`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any, ClassVar

from django.db import models
from django.db.models.functions import Now
from django.utils.functional import Promise

from accounts.access import CompanyRole
from accounts.references import ReferenceField

#: Who hears about a company's certification (domain section 5: "the company's owner and admins").
RESPONSIBLE_ROLES = (CompanyRole.OWNER, CompanyRole.ADMIN)


@dataclass(frozen=True)
class NoticeKind:
    """A sort of message: its name in the settings, and whether people may switch its e-mail off."""

    code: str
    label: str | Promise
    #: Mandatory messages are mailed whatever the settings say: they tell of a stop, a deadline, or a decision.
    mandatory: bool = True
    #: The page that the one button opens, as a path with `{...}` fields of the context.
    path: str = "/"
    button: str | Promise = ""


#: For set-based writers; the last column is the database's clock: it leaves as soon as it can, whatever `at` is.
INSERT = """INSERT INTO accounts_notice
    (key, kind, recipient_id, company_id, context, needs_action, created_at, next_attempt_at)"""
#: Every kind that any app declares; filled when the apps are loaded.
KINDS: dict[str, NoticeKind] = {}


def declare(*kinds: NoticeKind) -> None:
    """Make kinds known; called once per slice, when its notices module is imported by its app."""
    for kind in kinds:
        KINDS[kind.code] = kind


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
    claimed_at = models.DateTimeField(null=True)
    delivered_at = models.DateTimeField(null=True)
    failed_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True, db_default="")
    read_at = models.DateTimeField(null=True)

    class Meta:
        indexes: ClassVar = [
            # The deliverer claims what is due, oldest first.
            models.Index(
                fields=["next_attempt_at"],
                condition=models.Q(delivered_at__isnull=True, failed_at__isnull=True, next_attempt_at__isnull=False),
                name="notice_due",
            ),
            # A person's inbox, newest first, and their unread count.
            models.Index(fields=["recipient", "-id"], name="notice_inbox"),
            models.Index(fields=["recipient"], condition=models.Q(read_at__isnull=True), name="notice_unread"),
            # Staff see what failed.
            models.Index(fields=["failed_at"], condition=models.Q(failed_at__isnull=False), name="notice_failed"),
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


def send(*, messages: Iterable[tuple[Message, int]], now: dt.datetime) -> None:
    """Write one notice per (message, user id), in the caller's transaction; keys that exist already are left alone."""
    Notice.objects.bulk_create(
        [
            Notice(
                key=f"{message.key}:{user_id}",
                kind=message.kind,
                recipient_id=user_id,
                company_id=message.company_id,
                context=message.context,
                needs_action=message.needs_action,
                created_at=now,
                next_attempt_at=Now(),
            )
            for message, user_id in messages
        ],
        ignore_conflicts=True,
        batch_size=1000,
    )


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
