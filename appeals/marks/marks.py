"""The one writer of marks. What is said about a mark is kept as it came; what holds is read from it, in one statement.

A mark is read from its sightings and clearances in the order of their own moments, so that it does not matter in which
order, batch or how often they arrive: after a clearance the next sighting begins a new episode, and what is heard late
falls into the episode in which it happened.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from django.db import connection, transaction

from accounts import journal, notices
from accounts.access import CompanyRole
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from accounts.users import User
from appeals.categories import Category
from appeals.marks.models import Mark, MarkQuerySet, Origin
from appeals.platforms import Platform
from certification.numbers.models import PhoneNumber


@dataclass(frozen=True)
class Sighting:
    """One thing said about one number by one platform."""

    #: Unique within its source.
    event: str
    number_id: int
    platform_id: int
    #: When it was seen, or cleared.
    at: dt.datetime
    label: Category = Category.OTHER
    people: int | None = None
    is_clearance: bool = False
    reason: str = ""


# A row for every number and platform that is spoken of; it is locked before anything is read from its sightings.
TAKE_MARKS = """
INSERT INTO appeals_mark (company_id, number_id, platform_id, label, first_seen_at, last_seen_at, cleared_at, is_confirmed, episodes)
SELECT n.company_id, n.id, said.platform_id, 'other', min(said.at), min(said.at), min(said.at), false, 0
FROM unnest(%(numbers)s::bigint[], %(platforms)s::bigint[], %(moments)s::timestamptz[]) AS said (number_id, platform_id, at)
JOIN certification_phonenumber n ON n.id = said.number_id
GROUP BY n.company_id, n.id, said.platform_id
ORDER BY n.id, said.platform_id
ON CONFLICT (number_id, platform_id) DO NOTHING
"""
LOCK_MARKS = """
SELECT id FROM appeals_mark
WHERE (number_id, platform_id) IN (SELECT * FROM unnest(%(numbers)s::bigint[], %(platforms)s::bigint[]))
ORDER BY number_id, platform_id FOR NO KEY UPDATE
"""
KEEP_SIGHTINGS = """
INSERT INTO appeals_marksighting (mark_id, source, event, origin, at, is_clearance, label, people, reason, recorded_at, recorded_by_id)
SELECT DISTINCT ON (said.event) mark.id, %(source)s, said.event, %(said_by)s, said.at, said.is_clearance, said.label, said.people,
       said.reason, %(at)s, %(reporter)s
FROM unnest(%(events)s::text[], %(numbers)s::bigint[], %(platforms)s::bigint[], %(moments)s::timestamptz[], %(labels)s::text[],
            %(people)s::int[], %(clearances)s::boolean[], %(reasons)s::text[])
     WITH ORDINALITY AS said (event, number_id, platform_id, at, label, people, is_clearance, reason, place)
JOIN appeals_mark mark ON mark.number_id = said.number_id AND mark.platform_id = said.platform_id
ORDER BY said.event, said.place
ON CONFLICT (source, event) DO NOTHING
RETURNING event, mark_id
"""
STATE = "CASE WHEN {0}.episodes = 0 THEN '' WHEN {0}.cleared_at IS NOT NULL THEN 'cleared' WHEN {0}.episodes > 1 THEN 'returned' ELSE 'open' END"
# At the same instant a clearance comes after a sighting. What platforms and staff say outweighs what the company says.
READ_MARKS = f"""
WITH told AS (
    SELECT s.*, count(*) FILTER (WHERE s.is_clearance) OVER (
        PARTITION BY s.mark_id ORDER BY s.at, s.is_clearance, s.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS clearances
    FROM appeals_marksighting s WHERE s.mark_id = ANY (%(marks)s)
), episode AS (
    SELECT mark_id, clearances, min(at) AS first_seen_at, max(at) AS last_seen_at, bool_or(origin <> 'company') AS is_confirmed,
           count(*) OVER (PARTITION BY mark_id) AS episodes
    FROM told WHERE NOT is_clearance GROUP BY mark_id, clearances
), present AS (
    SELECT DISTINCT ON (mark_id) * FROM episode ORDER BY mark_id, clearances DESC
), reading AS (
    SELECT present.*, words.label, words.people,
           (SELECT min(t.at) FROM told t WHERE t.mark_id = present.mark_id AND t.is_clearance AND t.clearances >= present.clearances) AS cleared_at,
           CASE WHEN present.episodes > 1 THEN
               (SELECT max(t.at) FROM told t WHERE t.mark_id = present.mark_id AND t.is_clearance AND t.clearances < present.clearances)
           END AS cleared_before
    FROM present CROSS JOIN LATERAL (
        SELECT t.label, t.people FROM told t
        WHERE t.mark_id = present.mark_id AND t.clearances = present.clearances AND NOT t.is_clearance
        ORDER BY t.origin <> 'company' DESC, t.at DESC, t.people DESC NULLS LAST, t.label LIMIT 1
    ) AS words
), before AS (
    SELECT mark.* FROM appeals_mark mark WHERE mark.id = ANY (%(marks)s)
), changed AS (
    UPDATE appeals_mark mark SET
        label = reading.label, people = reading.people, first_seen_at = reading.first_seen_at, last_seen_at = reading.last_seen_at,
        cleared_at = reading.cleared_at, is_confirmed = reading.is_confirmed, episodes = reading.episodes,
        cleared_before = reading.cleared_before
    FROM reading WHERE mark.id = reading.mark_id
    RETURNING mark.*
), step AS (
    SELECT changed.id, changed.company_id, changed.number_id, changed.platform_id, changed.cleared_before,
           before.episodes AS episodes_before, changed.episodes,
           {STATE.format("before")} AS state_before, {STATE.format("changed")} AS state_after,
           before.is_confirmed AS was_confirmed, changed.is_confirmed
    FROM changed JOIN before ON before.id = changed.id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'mark', id, 'state', state_before, state_after, %(reason)s FROM step WHERE state_before <> state_after
    UNION ALL
    SELECT {journal.BY}, company_id, 'mark', id, 'confirmed', CASE WHEN was_confirmed THEN 'yes' ELSE '' END,
           CASE WHEN is_confirmed THEN 'yes' ELSE '' END, %(reason)s
    FROM step WHERE was_confirmed <> is_confirmed
), returned AS (
    -- What several platforms show of several numbers at once is one message per company. It has its key from the first
    -- of these returns, and each return is found once.
    SELECT step.company_id, min(step.id || '.' || step.episodes) AS first, count(DISTINCT step.number_id) AS numbers,
           min(n.ref) AS number, min(step.cleared_before) AS cleared_on,
           string_agg(DISTINCT platform.name_zh, '、') AS platforms_zh, string_agg(DISTINCT platform.name_en, ', ') AS platforms_en
    FROM step
    JOIN certification_phonenumber n ON n.id = step.number_id AND n.released_at IS NULL
    JOIN appeals_platform platform ON platform.id = step.platform_id
    WHERE step.state_after = 'returned' AND step.episodes > step.episodes_before AND %(said_by)s <> 'company'
    GROUP BY step.company_id
), noticed AS (
    {notices.INSERT}
    SELECT 'mark_returned:' || returned.first || ':' || member.user_id, 'mark_returned', member.user_id, returned.company_id,
           jsonb_build_object('numbers', returned.numbers, 'number', returned.number, 'cleared_on', returned.cleared_on,
                              'platforms_zh', returned.platforms_zh, 'platforms_en', returned.platforms_en),
           true, %(at)s, now()
    FROM returned JOIN accounts_membership member ON member.company_id = returned.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter


@transaction.atomic
def observe(
    *,
    sightings: Sequence[Sighting],
    source: str,
    origin: Origin,
    actor: Actor,
    now: dt.datetime,
    reporter: User | None = None,
    reason: str = "",
) -> set[str]:
    """Keep what was said and let the marks concerned read so; returns the events that were new.

    `source` is the name under which the event ids are unique; an event that is known is left alone, so the same call
    twice is one. A mark that comes back after a clearance is told to its company, once per return. The statements are
    five, whatever the number of sightings. `reason` goes to the journal.
    """
    if not sightings:
        return set()
    parameters = {
        **journal.by_parameters(at=now, actor=actor),
        "source": source,
        "said_by": origin,
        "reporter": reporter.pk if reporter is not None else None,
        "events": [said.event for said in sightings],
        "numbers": [said.number_id for said in sightings],
        "platforms": [said.platform_id for said in sightings],
        "moments": [said.at for said in sightings],
        "labels": [str(said.label) for said in sightings],
        "people": [said.people for said in sightings],
        "clearances": [said.is_clearance for said in sightings],
        "reasons": [said.reason for said in sightings],
        "reason": reason,
        "roles": [*RESPONSIBLE_ROLES, CompanyRole.OPERATOR],
    }
    with connection.cursor() as cursor:
        cursor.execute(TAKE_MARKS, parameters)
        cursor.execute(LOCK_MARKS, parameters)
        cursor.execute(KEEP_SIGHTINGS, parameters)
        kept = cursor.fetchall()
        if not kept:
            return set()
        cursor.execute(READ_MARKS, {**parameters, "marks": sorted({mark for _event, mark in kept})})
        (noticed,) = cursor.fetchone() or (0,)
    if noticed:
        notices.wake_delivery()
    return {event for event, _mark in kept}


def clear(
    *,
    number: PhoneNumber,
    platform: Platform,
    actor: Actor,
    now: dt.datetime,
    reason: str,
    reporter: User | None = None,
) -> bool:
    """Note that the platform has cleared its mark of the number; False, and nothing, where none stands."""
    if not Mark.objects.open().filter(number=number, platform=platform).exists():
        return False
    cleared = Sighting(secrets.token_hex(8), number.pk, platform.pk, now, is_clearance=True, reason=reason)
    observe(
        sightings=[cleared],
        source="staff",
        origin=Origin.STAFF,
        actor=actor,
        now=now,
        reporter=reporter,
        reason=reason,
    )
    return True


def open_marks(numbers: Iterable[PhoneNumber]) -> MarkQuerySet:
    """The marks that stand on the numbers (a queryset or a list of them), with their platforms, the latest first."""
    marks = Mark.objects.open().filter(number__in=numbers).select_related("platform")
    return marks.order_by("-last_seen_at", "-pk")
