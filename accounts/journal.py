"""The append-only log: every change of a stored state and every sensitive read, exactly one row each.

The database refuses UPDATE, DELETE and TRUNCATE (a trigger, migration 0002). `seal` closes the log up to a row with a
chained digest, so that `verify_journal` notices a row that was changed behind the trigger's back.

The log doubles as history: the value of an aspect at a past moment is the `before` of the first later row, or the
present value where there is none (`accounts.journal.value_at`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from django.db import OperationalError, connection, models, transaction
from django.db.models.expressions import Combinable
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

if TYPE_CHECKING:
    from django.http import HttpRequest


class ActorKind(models.TextChoices):
    """Who or what caused a change."""

    PERSON = "person", _("person")
    ENGINE = "engine", _("the portal")
    COMMAND = "command", _("an operator's command")
    SOURCE = "source", _("a connected system")
    VISITOR = "visitor", _("a visitor")


@dataclass(frozen=True)
class Actor:
    """Who acts, and from where; handed to every function that changes a state."""

    kind: ActorKind
    user_id: int | None = None
    origin: str | None = None
    request_id: str = ""

    @classmethod
    def engine(cls) -> Actor:
        """The background engine."""
        return cls(ActorKind.ENGINE)

    @classmethod
    def command(cls) -> Actor:
        """A management command typed by an operator."""
        return cls(ActorKind.COMMAND)

    @classmethod
    def person(cls, user: Any) -> Actor:
        """A person outside a request, for example in a background job that they asked for."""
        return cls(ActorKind.PERSON, user.pk)

    @classmethod
    def of(cls, request: HttpRequest) -> Actor:
        """The person of a request, with their address and the request's id."""
        origin = request.META.get("REMOTE_ADDR") or None
        request_id = getattr(request, "request_id", "")
        if request.user.is_authenticated:
            return cls(ActorKind.PERSON, request.user.pk, origin, request_id)
        return cls(ActorKind.VISITOR, None, origin, request_id)


class JournalEntry(models.Model):
    """One change or one sensitive read."""

    id = models.BigAutoField(primary_key=True)
    #: The moment of the change, as its writer was told (`now`).
    at = models.DateTimeField()
    #: The database's clock when the row was written.
    recorded_at = models.DateTimeField(db_default=models.functions.Now())
    actor_kind = models.CharField(max_length=8, choices=ActorKind)
    actor = models.ForeignKey("accounts.User", models.PROTECT, null=True, db_index=False, related_name="+")
    company = models.ForeignKey("accounts.Company", models.PROTECT, null=True, db_index=False, related_name="+")
    #: What changed: "number", "company", "material" ..., and its primary key.
    subject = models.CharField(max_length=24)
    subject_id = models.BigIntegerField()
    #: Which of its values: "state", "provider", "role:7"; "read" and "reveal" for sensitive reads.
    aspect = models.CharField(max_length=32)
    before = models.CharField(max_length=120, blank=True)
    after = models.CharField(max_length=120, blank=True)
    reason = models.TextField(blank=True)
    detail = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))
    origin = models.GenericIPAddressField(null=True)
    request_id = models.CharField(max_length=36, blank=True, db_default="")

    class Meta:
        verbose_name_plural = "journal entries"
        indexes: ClassVar = [
            # Timelines of a thing, and status at a past moment (value_at).
            models.Index(fields=["subject", "subject_id", "aspect", "at"], name="journal_by_subject"),
            # A company's timeline, newest first.
            models.Index(
                fields=["company", "-at", "-id"], condition=models.Q(company__isnull=False), name="journal_by_company"
            ),
            # The auditor's list, by date.
            models.Index(fields=["at"], name="journal_by_date"),
            # Through which providers a company's numbers were certified when: few rows among all of its own.
            models.Index(fields=["company"], condition=models.Q(aspect="provider"), name="journal_provider_changes"),
            # The auditor's list, by person.
            models.Index(fields=["actor", "-at"], condition=models.Q(actor__isnull=False), name="journal_by_actor"),
        ]

    def __str__(self) -> str:
        return f"{self.subject} {self.subject_id} {self.aspect}: {self.before} -> {self.after}"


class JournalSeal(models.Model):
    """A closed stretch of the log: the digest of its rows chained to the digest before it."""

    sealed_at = models.DateTimeField(db_default=models.functions.Now())
    first_entry = models.BigIntegerField()
    last_entry = models.BigIntegerField(unique=True)
    entries = models.BigIntegerField()
    digest = models.CharField(max_length=64)

    class Meta:
        ordering: ClassVar = ["last_entry"]

    def __str__(self) -> str:
        return f"{self.first_entry}-{self.last_entry}"


@dataclass(frozen=True)
class Change:
    """One change to be journalled with others by `record_many`."""

    subject: str
    subject_id: int
    aspect: str
    before: str = ""
    after: str = ""
    company_id: int | None = None
    reason: str = ""
    detail: dict[str, Any] = field(default_factory=dict)


#: For set-based writers: `f"{INSERT} SELECT {BY}, company_id, 'number', id, 'state', before, after, reason FROM moved"`.
INSERT = """INSERT INTO accounts_journalentry
    (at, actor_kind, actor_id, origin, request_id, company_id, subject, subject_id, aspect, before, after, reason)"""
BY = "%(at)s::timestamptz, %(actor_kind)s, %(actor_id)s::bigint, %(origin)s::inet, %(request_id)s"


def by_parameters(*, at: dt.datetime, actor: Actor) -> dict[str, Any]:
    """The parameters that `BY` names."""
    return {
        "at": at,
        "actor_kind": actor.kind,
        "actor_id": actor.user_id,
        "origin": actor.origin,
        "request_id": actor.request_id,
    }


#: The rows of `record_many`, in their order.
INSERT_CHANGES = f"""
    {INSERT.replace("reason)", "reason, detail)")}
    SELECT {BY}, change.company_id, change.subject, change.subject_id, change.aspect, change.before, change.after, change.reason, change.detail
    FROM unnest(%(companies)s::bigint[], %(subjects)s::text[], %(ids)s::bigint[], %(aspects)s::text[], %(befores)s::text[], %(afters)s::text[],
                %(reasons)s::text[], %(details)s::jsonb[])
         WITH ORDINALITY AS change (company_id, subject, subject_id, aspect, before, after, reason, detail, place)
    ORDER BY change.place
"""  # noqa: S608 - constant texts, every value is a parameter


def record_many(*, at: dt.datetime, actor: Actor, changes: Iterable[Change]) -> None:
    """Write one journal row per change, in the caller's transaction and in this order; one statement."""
    rows = list(changes)
    if not rows:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            INSERT_CHANGES,
            {
                **by_parameters(at=at, actor=actor),
                "companies": [row.company_id for row in rows],
                "subjects": [str(row.subject) for row in rows],
                "ids": [row.subject_id for row in rows],
                "aspects": [str(row.aspect) for row in rows],
                "befores": [str(row.before) for row in rows],
                "afters": [str(row.after) for row in rows],
                "reasons": [str(row.reason) for row in rows],
                "details": [json.dumps(row.detail) for row in rows],
            },
        )


def record(
    *,
    at: dt.datetime,
    actor: Actor,
    subject: str,
    subject_id: int,
    aspect: str,
    before: str = "",
    after: str = "",
    company_id: int | None = None,
    reason: str = "",
    detail: dict[str, Any] | None = None,
) -> None:
    """Write one journal row, in the caller's transaction.

    Set-based writers add their rows themselves, with `INSERT` and `BY`, in the statement that changes the state.
    """
    record_many(
        at=at,
        actor=actor,
        changes=[Change(subject, subject_id, aspect, before, after, company_id, reason, detail or {})],
    )


def value_at(*, subject: str, subject_id: Combinable, aspect: str, at: dt.datetime, present: Combinable) -> Coalesce:
    """An expression for the value an aspect had at `at`: the `before` of the first later change, else `present`."""
    later = (
        JournalEntry.objects.filter(subject=subject, subject_id=subject_id, aspect=aspect, at__gt=at)
        .order_by("at", "id")
        .values("before")[:1]
    )
    return Coalesce(models.Subquery(later), present, output_field=models.CharField())


class JournalBroken(Exception):
    """A sealed stretch of the log no longer has the content it was sealed with."""

    def __init__(self, seal: JournalSeal) -> None:
        super().__init__(
            f"Journal rows {seal.first_entry} to {seal.last_entry} differ from what was sealed at {seal.sealed_at}."
        )
        self.seal = seal


# Every column takes part, with its length before it, so that no two different rows have one text.
ROW_TEXT = "(SELECT string_agg(length(v)::text || ':' || v, ',' ORDER BY k) FROM jsonb_each_text(to_jsonb(j)) AS e(k, v) WHERE v IS NOT NULL)"
STRETCH_DIGEST = f"""
    SELECT count(*), min(j.id), max(j.id),
           encode(sha256(convert_to(%s || coalesce(string_agg({ROW_TEXT}, E'\\n' ORDER BY j.id), ''), 'UTF8')), 'hex')
    FROM accounts_journalentry j WHERE j.id > %s AND j.id <= %s
"""  # noqa: S608 - constant text, the values are parameters
#: How many rows one seal covers at most, which bounds the memory of a digest.
SEAL_ROWS = 50_000


def seal() -> int:
    """Seal every committed row that no seal covers yet and return how many there were.

    A brief SHARE lock makes sure that no writer still holds a smaller id; where one does for longer than half a second,
    nothing is sealed this time and 0 is returned.
    """
    try:
        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute("SET LOCAL lock_timeout = '500ms'")
            cursor.execute("SET LOCAL TimeZone = 'UTC'")
            cursor.execute("LOCK TABLE accounts_journalseal IN SHARE ROW EXCLUSIVE MODE")
            cursor.execute("LOCK TABLE accounts_journalentry IN SHARE MODE")
            cursor.execute("SELECT max(id) FROM accounts_journalentry")
            (last,) = cursor.fetchone() or (None,)
            newest = JournalSeal.objects.last()
            sealed = 0
            start, digest = (newest.last_entry, newest.digest) if newest else (0, "")
            while last is not None and start < last:
                cursor.execute(
                    "SELECT max(id) FROM (SELECT id FROM accounts_journalentry WHERE id > %s ORDER BY id LIMIT %s) AS stretch",
                    [start, SEAL_ROWS],
                )
                (end,) = cursor.fetchone()
                cursor.execute(STRETCH_DIGEST, [digest, start, end])
                entries, first, start, digest = cursor.fetchone()
                JournalSeal.objects.create(first_entry=first, last_entry=end, entries=entries, digest=digest)
                sealed += entries
            return sealed
    except OperationalError:
        return 0


def verify() -> tuple[int, int]:
    """Recompute every seal; return (rows verified, rows not sealed yet). Raises JournalBroken at the first difference."""
    previous, digest, verified = 0, "", 0
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL TimeZone = 'UTC'")
        for stretch in JournalSeal.objects.iterator():
            cursor.execute(STRETCH_DIGEST, [digest, previous, stretch.last_entry])
            entries, _first, _last, recomputed = cursor.fetchone()
            if (entries, recomputed) != (stretch.entries, stretch.digest):
                raise JournalBroken(stretch)
            previous, digest, verified = stretch.last_entry, stretch.digest, verified + entries
        open_rows = JournalEntry.objects.filter(id__gt=previous).count()
    return verified, open_rows
