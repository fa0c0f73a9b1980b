"""When companies are told that a planned maintenance is near: 7 days and 1 day before its start (interface, section 5).

Each step once; of several that are past (ticks were missed) only the latest speaks, and none once it has started. What
nobody feels is not told of. A plan that is made, or moved, later than a step is not told of by that step: its
announcement says the same.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection

from certification.maintenance.effects import Effects

#: Days before the planned start.
STEPS = (7, 1)

# A plan that has started or was cancelled meanwhile has nothing left to tell.
DUE_STEPS = """
WITH due AS (
    SELECT m.id, steps.latest, steps.next_moment,
           m.opened_at IS NULL AND m.cancelled_at IS NULL AND m.planned_start > %(at)s AS is_ahead
    FROM certification_maintenance m
    CROSS JOIN LATERAL (
        SELECT min(step) FILTER (WHERE moment <= %(at)s) AS latest, min(moment) FILTER (WHERE moment > %(at)s) AS next_moment
        FROM (SELECT step, m.planned_start - make_interval(days => step) AS moment FROM unnest(%(steps)s::int[]) AS step) AS moments
    ) AS steps
    WHERE m.next_notice_at <= %(at)s FOR NO KEY UPDATE OF m
), moved AS (
    UPDATE certification_maintenance m SET next_notice_at = CASE WHEN due.is_ahead THEN due.next_moment END
    FROM due WHERE m.id = due.id
)
SELECT latest, array_agg(id ORDER BY id) FROM due WHERE is_ahead AND latest IS NOT NULL GROUP BY latest
"""


def next_notice(*, planned_start: dt.datetime, effects: Effects, now: dt.datetime) -> dt.datetime | None:
    """The moment of the first step after `now`; None when nobody feels the plan or no step is left."""
    if not effects.are_felt:
        return None
    later = [moment for days in STEPS if (moment := planned_start - dt.timedelta(days=days)) > now]
    return min(later, default=None)


def take_due_steps(*, now: dt.datetime) -> dict[int, list[int]]:
    """The plans whose companies are to be told at `now`, by step; each moves to its next step. One statement."""
    with connection.cursor() as cursor:
        cursor.execute(DUE_STEPS, {"at": now, "steps": list(STEPS)})
        return {int(step): list(plans) for step, plans in cursor.fetchall()}
