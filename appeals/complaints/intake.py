"""Taking in complaints: the one function behind the API, files and the staff's form.

Each event is judged by itself and answered by itself; the same event of the same source is taken once. Complaints about
numbers that no company holds are kept, and counted when the number appears (`match_numbers`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction
from django.utils.translation import gettext as _

from accounts.journal import Actor
from appeals.categories import CATEGORY_WORDS, Category
from appeals.complaints.counters import COUNT, take_turn
from appeals.complaints.limits import Counted, act_on
from appeals.complaints.models import Source
from appeals.events import LONGEST_ID, Invalid, Result, plain, read_dialled, read_identifier, read_moment

LONGEST_PLATFORM, LONGEST_EVIDENCE = 40, 4000


@dataclass
class Receipt:
    """The answer to one batch: a result per event, in order, and the numbers that it locked."""

    results: list[Result] = field(default_factory=list)
    locked: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Event:
    """One complaint as it was read."""

    event: str
    dialled: str
    at: dt.datetime
    category: Category
    platform: str
    evidence: str


RECEIVE = f"""
WITH new AS (
    INSERT INTO appeals_complaint (source_id, event, company_id, number_id, dialled, at, day, category, platform_id,
                                   platform_name, evidence, received_at)
    SELECT %(source)s, given.event, n.company_id, n.id, given.dialled, given.at, (given.at AT TIME ZONE c.time_zone)::date,
           given.category, p.id, CASE WHEN p.id IS NULL THEN given.platform ELSE '' END, given.evidence, %(now)s
    FROM unnest(%(events)s::text[], %(numbers)s::bigint[], %(dialled)s::text[], %(ats)s::timestamptz[], %(categories)s::text[],
                %(platforms)s::text[], %(evidences)s::text[])
         AS given (event, number_id, dialled, at, category, platform, evidence)
    LEFT JOIN appeals_platform p ON lower(given.platform) IN (p.code, lower(p.name_zh), lower(p.name_en))
    LEFT JOIN certification_phonenumber n ON n.id = given.number_id AND n.released_at IS NULL
    LEFT JOIN accounts_company c ON c.id = n.company_id
    ORDER BY given.event
    ON CONFLICT (source_id, event) DO NOTHING
    RETURNING event, number_id, day, at
){COUNT}
SELECT (SELECT coalesce(array_agg(event), '{{}}') FROM new),
       (SELECT coalesce(json_agg(json_build_array(number_id, day, counted, warned)), '[]') FROM days)
"""  # noqa: S608 - constant texts, every value is a parameter

# Complaints about numbers that have appeared: they count for their own days, as if the number had been known.
MATCH = f"""
WITH new AS (
    UPDATE appeals_complaint unknown
    SET number_id = n.id, company_id = n.company_id, day = (unknown.at AT TIME ZONE c.time_zone)::date
    FROM certification_phonenumber n JOIN accounts_company c ON c.id = n.company_id
    WHERE unknown.number_id IS NULL AND unknown.dialled = n.number AND n.id = ANY (%(numbers)s) AND n.released_at IS NULL
    RETURNING unknown.number_id, unknown.day, unknown.at
){COUNT}
SELECT (SELECT count(*) FROM new),
       (SELECT coalesce(json_agg(json_build_array(number_id, day, counted, warned)), '[]') FROM days)
"""  # noqa: S608 - constant texts, every value is a parameter


def receive(
    *,
    source: Source,
    events: Sequence[Mapping[str, Any]],
    actor: Actor,
    now: dt.datetime,
    needs_offset: bool = False,
) -> Receipt:
    """Judge each event, keep and count what can be kept, warn and lock. Repeating the call changes nothing.

    Keys: `id`, `number` (any shape that people write), `at` (ISO 8601; without an offset it is Chinese time, or wrong
    where `needs_offset`), `category`, and optionally `platform` (code or name) and `evidence`. A late event counts for
    its own local day; one further than ten minutes ahead is refused. The number of statements does not depend on the
    number of events. One event twice in a call is accepted once.
    """
    receipt = Receipt()
    read: list[Event | Result] = []
    for event in events:
        try:
            read.append(read_event(event, now=now, needs_offset=needs_offset))
        except Invalid as invalid:
            identifier = plain(event.get("id"))[:LONGEST_ID] if isinstance(event, Mapping) else ""
            read.append(Result(identifier, "invalid", str(invalid)))
    distinct: dict[str, Event] = {}
    for said in read:
        if isinstance(said, Event):
            distinct.setdefault(said.event, said)
    new: set[str] = set()
    held: dict[str, int] = {}
    if distinct:
        with transaction.atomic():
            held = held_numbers({said.dialled for said in distinct.values()})
            new, days = keep(source=source, events=list(distinct.values()), held=held, now=now)
            receipt.locked = act_on(days=days, actor=actor, now=now)
    for said in read:
        if isinstance(said, Result):
            receipt.results.append(said)
        elif said.event not in new:
            receipt.results.append(Result(said.event, "duplicate"))
        else:
            new.discard(said.event)
            receipt.results.append(Result(said.event, "accepted" if said.dialled in held else "unknown_number"))
    return receipt


def held_numbers(dialled: Iterable[str]) -> dict[str, int]:
    """The primary keys of those of the numbers that a company holds."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT number, id FROM certification_phonenumber WHERE number = ANY (%s) AND released_at IS NULL",
            [list(dialled)],
        )
        return dict(cursor.fetchall())


def keep(
    *, source: Source, events: Sequence[Event], held: Mapping[str, int], now: dt.datetime
) -> tuple[set[str], list[Counted]]:
    """Store the events that are not there yet and count them; which were new, and the days they changed."""
    take_turn(held.values())
    with connection.cursor() as cursor:
        cursor.execute(
            RECEIVE,
            {
                "source": source.pk,
                "now": now,
                "events": [said.event for said in events],
                "numbers": [held.get(said.dialled) for said in events],
                "dialled": [said.dialled for said in events],
                "ats": [said.at for said in events],
                "categories": [said.category for said in events],
                "platforms": [said.platform for said in events],
                "evidences": [said.evidence for said in events],
            },
        )
        stored, days = cursor.fetchone()
    return set(stored), read_days(days)


def read_days(rows: Iterable[Sequence[Any]]) -> list[Counted]:
    """The counters that a statement returned."""
    return [Counted(number, dt.date.fromisoformat(day), counted, warned) for number, day, counted, warned in rows]


@transaction.atomic
def match_numbers(*, dialled: Sequence[str], actor: Actor, now: dt.datetime) -> int:
    """Give complaints about unknown numbers to those of these numbers that are held now; count, warn, lock; how many.

    For whoever registers numbers, in the same transaction.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(array_agg(DISTINCT n.id), '{}') FROM appeals_complaint c
            JOIN certification_phonenumber n ON n.number = c.dialled AND n.released_at IS NULL
            WHERE c.number_id IS NULL AND c.dialled = ANY (%s)
            """,
            [list(dialled)],
        )
        (complained_of,) = cursor.fetchone()
        if not complained_of:
            return 0
        take_turn(complained_of)
        cursor.execute(MATCH, {"numbers": complained_of})
        matched, days = cursor.fetchone()
    act_on(days=read_days(days), actor=actor, now=now)
    return int(matched)


def match_left_over(*, actor: Actor, now: dt.datetime) -> int:
    """Match complaints that came in at the very moment at which their number was registered; how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT coalesce(array_agg(DISTINCT c.dialled), '{}') FROM appeals_complaint c
            JOIN certification_phonenumber n ON n.number = c.dialled AND n.released_at IS NULL
            WHERE c.number_id IS NULL
            """
        )
        (dialled,) = cursor.fetchone()
    return match_numbers(dialled=dialled, actor=actor, now=now) if dialled else 0


def read_event(event: Mapping[str, Any], *, now: dt.datetime, needs_offset: bool = False) -> Event:
    """One complaint as it was told. Raises Invalid, whose message says what is wrong, in the active language."""
    if not isinstance(event, Mapping):
        raise Invalid(_("The event is not an object with id, number, at and category."))
    identifier, dialled = read_identifier(event), read_dialled(event)
    at = read_moment(event.get("at"), now=now, needs_offset=needs_offset)
    word = plain(event.get("category")).casefold()
    if not word:
        raise Invalid(_("The category is missing."))
    category = CATEGORY_WORDS.get(word)
    if category is None:
        raise Invalid(_("The category is not one of fraud, advertising, harassment, other."))
    return Event(
        identifier,
        dialled,
        at,
        category,
        plain(event.get("platform"))[:LONGEST_PLATFORM],
        plain(event.get("evidence"))[:LONGEST_EVIDENCE],
    )
