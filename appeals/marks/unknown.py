"""What is said about marks of numbers that no company holds: kept as it came, and told again when the number appears."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from django.db import connection, transaction

from accounts.journal import Actor
from accounts.users import User
from appeals.categories import Category
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Origin, UnknownMark

# Of an event that was told before, when the number was held, nothing is kept again.
KEEP = """
INSERT INTO appeals_unknownmark (source, event, origin, dialled, platform_id, at, is_clearance, label, people, reason,
                                 recorded_at, recorded_by_id)
SELECT DISTINCT ON (said.event) %(source)s, said.event, %(said_by)s, said.dialled, said.platform_id, said.at, said.is_clearance,
       said.label, said.people, said.reason, %(at)s, %(reporter)s
FROM unnest(%(events)s::text[], %(dialled)s::text[], %(platforms)s::bigint[], %(moments)s::timestamptz[], %(labels)s::text[],
            %(people)s::int[], %(clearances)s::boolean[], %(reasons)s::text[])
     WITH ORDINALITY AS said (event, dialled, platform_id, at, label, people, is_clearance, reason, place)
WHERE NOT EXISTS (SELECT FROM appeals_marksighting s WHERE s.source = %(source)s AND s.event = said.event)
ORDER BY said.event, said.place
ON CONFLICT (source, event) DO NOTHING
RETURNING event
"""
# In the order of their keys, so that two at once take turns.
TAKE = """
WITH due AS (
    SELECT u.id, n.id AS number_id FROM appeals_unknownmark u
    JOIN certification_phonenumber n ON n.number = u.dialled AND n.released_at IS NULL
    WHERE u.dialled = ANY (%s) ORDER BY u.id FOR UPDATE OF u
)
DELETE FROM appeals_unknownmark u USING due WHERE u.id = due.id
RETURNING u.id, due.number_id, u.source, u.event, u.origin, u.platform_id, u.at, u.is_clearance, u.label, u.people, u.reason,
          u.recorded_by_id
"""


def keep(
    *,
    sightings: Sequence[tuple[str, Sighting]],
    source: str,
    origin: Origin,
    now: dt.datetime,
    reporter: User | None = None,
) -> set[str]:
    """Keep what was said of these numbers (as they are dialled), each event once; returns those that were new."""
    if not sightings:
        return set()
    parameters: dict[str, Any] = {
        "source": source,
        "said_by": origin,
        "at": now,
        "reporter": reporter.pk if reporter is not None else None,
        "events": [said.event for _dialled, said in sightings],
        "dialled": [dialled for dialled, _said in sightings],
        "platforms": [said.platform_id for _dialled, said in sightings],
        "moments": [said.at for _dialled, said in sightings],
        "labels": [str(said.label) for _dialled, said in sightings],
        "people": [said.people for _dialled, said in sightings],
        "clearances": [said.is_clearance for _dialled, said in sightings],
        "reasons": [said.reason for _dialled, said in sightings],
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP, parameters)
        return {event for (event,) in cursor.fetchall()}


@transaction.atomic
def match_numbers(*, dialled: Sequence[str], actor: Actor, now: dt.datetime) -> int:
    """Give what was said of unknown numbers to those of these numbers that are held now; how much it was.

    For whoever registers numbers, in the same transaction. What was said keeps its own moment, source and author.
    """
    with connection.cursor() as cursor:
        cursor.execute(TAKE, [list(dialled)])
        rows = sorted(cursor.fetchall())
    if not rows:
        return 0
    people = User.objects.in_bulk({row[-1] for row in rows if row[-1] is not None})
    told = defaultdict(list)
    for _id, number_id, source, event, origin, platform_id, at, is_clearance, label, count, reason, by in rows:
        said = Sighting(event, number_id, platform_id, at, Category(label), count, is_clearance, reason)
        told[source, origin, by].append(said)
    for (source, origin, by), sightings in told.items():
        observe(
            sightings=sightings, source=source, origin=Origin(origin), actor=actor, now=now, reporter=people.get(by)
        )
    return len(rows)


def match_left_over(*, actor: Actor, now: dt.datetime) -> int:
    """Match what was said at the very moment at which the number was registered; how much it was."""
    held = UnknownMark.objects.with_a_holder().order_by("dialled").values_list("dialled", flat=True).distinct()
    dialled = list(held)
    return match_numbers(dialled=dialled, actor=actor, now=now) if dialled else 0
