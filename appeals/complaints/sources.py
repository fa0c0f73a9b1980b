"""Sources of complaints and marks and the keys by which they sign their calls: made, rotated, revoked, recognised."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db import IntegrityError, connection, transaction
from django.db.models import Q

from accounts import journal
from accounts.journal import Actor
from accounts.users import User
from appeals.complaints.models import Source, SourceKey

#: A key is recognisable to people and to scanners that look for leaked secrets.
PREFIX = "ncp_"
SECRET_BYTES = 32
#: Who reports what people tell staff by telephone or letter.
STAFF_SOURCE = "人工登记"
#: While a source changes over to its new key, the one before goes on working for so long (D).
OVERLAP = dt.timedelta(days=7)
#: So many calls of one key are taken in a minute (D): more than a million complaints.
CALLS_A_MINUTE = 1200


class NameTaken(Exception):
    """There is a source of this name already."""


def digest_of(key: str) -> str:
    """What is stored of a key."""
    return hashlib.sha256(key.encode("utf-8", "replace")).hexdigest()


@transaction.atomic
def create_source(*, name: str, actor: Actor, now: dt.datetime, by: User | None = None) -> Source:
    """A new source without a key. Raises NameTaken."""
    try:
        with transaction.atomic():
            source = Source.objects.create(name=name.strip(), created_at=now, created_by=by)
    except IntegrityError as error:
        raise NameTaken from error
    journal.record(
        at=now, actor=actor, subject="source", subject_id=source.pk, aspect="state", before="", after="created"
    )
    return source


def staff_source(*, actor: Actor, now: dt.datetime) -> Source:
    """The source of what people tell staff; made when it is first needed."""
    try:
        return create_source(name=STAFF_SOURCE, actor=actor, now=now)
    except NameTaken:
        return Source.objects.get(name=STAFF_SOURCE)


class KeysChanged(Exception):
    """Somebody has issued a key since the person looked."""


@transaction.atomic
def issue_key(
    *,
    source: Source,
    actor: Actor,
    now: dt.datetime,
    by: User | None = None,
    expires_at: dt.datetime | None = None,
    seen: str | None = None,
) -> str:
    """A new key for the source, returned this once; the keys it had end after the overlap of seven days.

    `seen` is the reference of the latest key that the person saw ("" for none): where there is a later one by now,
    KeysChanged is raised, so that a double click makes one key.
    """
    Source.objects.select_for_update().get(pk=source.pk)
    if seen is not None:
        latest = SourceKey.objects.filter(source=source).values_list("ref", flat=True).first()
        if (latest or "") != seen:
            raise KeysChanged
    key = PREFIX + secrets.token_urlsafe(SECRET_BYTES)
    row = SourceKey.objects.create(
        source=source,
        beginning=key[:12],
        digest=digest_of(key),
        created_at=now,
        created_by=by,
        expires_at=expires_at,
    )
    ends = now + OVERLAP
    SourceKey.objects.filter(source=source, revoked_at__isnull=True).exclude(pk=row.pk).filter(
        Q(expires_at__isnull=True) | Q(expires_at__gt=ends)
    ).update(expires_at=ends)
    journal.record(
        at=now, actor=actor, subject="source_key", subject_id=row.pk, aspect="state", before="", after="issued"
    )
    return key


@transaction.atomic
def revoke_key(*, key: SourceKey, actor: Actor, now: dt.datetime) -> None:
    """The key stops working at once; twice is once."""
    if SourceKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(revoked_at=now):
        journal.record(
            at=now,
            actor=actor,
            subject="source_key",
            subject_id=key.pk,
            aspect="state",
            before="issued",
            after="revoked",
        )


class TooManyCalls(Exception):
    """The key has had its calls of this minute; `seconds` until the next one begins."""

    def __init__(self, seconds: int) -> None:
        super().__init__(str(seconds))
        self.seconds = seconds


def source_of(*, key: str, now: dt.datetime) -> Source | None:
    """The source whose valid key this is; its use is noted and counted. Raises TooManyCalls."""
    minute = now.replace(second=0, microsecond=0)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            UPDATE appeals_sourcekey k
            SET last_used_at = %(now)s, minute = %(minute)s,
                calls = CASE WHEN minute = %(minute)s THEN calls + 1 ELSE 1 END
            FROM appeals_source s
            WHERE k.digest = %(digest)s AND s.id = k.source_id AND k.revoked_at IS NULL
              AND (k.expires_at IS NULL OR k.expires_at > %(now)s)
            RETURNING s.id, s.ref, s.name, k.calls
            """,
            {"now": now, "minute": minute, "digest": digest_of(key)},
        )
        row = cursor.fetchone()
    if row is None:
        return None
    if row[3] > CALLS_A_MINUTE:
        raise TooManyCalls(60 - now.second)
    return Source(pk=row[0], ref=row[1], name=row[2])
