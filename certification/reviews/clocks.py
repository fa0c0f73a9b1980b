"""What maintenance does to the due times of open reviews: the one writer of pauses and extensions (domain sections 5, 6).

`settle_clocks` compares what should be with what is, in sets: a review that a maintenance defers has an open pause, one
that it no longer defers has none, a new application's review has grown once by the factor of each maintenance that
covered it, and whatever time a review has stood still is in its due time. Doing it twice is doing it once. The
arithmetic is that of `due_times.extended` and `due_times.stretches`, in SQL.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection

from accounts import journal
from accounts.journal import Actor

#: Whether a maintenance `m` covers the company of a `review`, whose company is `c`.
COVERS = """
    CASE m.scope
        WHEN 'everything' THEN true
        WHEN 'company' THEN m.company_id = review.company_id
        WHEN 'industry' THEN m.industry_id = c.industry_id
        WHEN 'number' THEN review.company_id = (SELECT n.company_id FROM certification_phonenumber n WHERE n.id = m.number_id)
        ELSE EXISTS (SELECT FROM certification_phonenumber n
                     WHERE n.company_id = review.company_id AND n.provider_id = m.provider_id AND n.released_at IS NULL)
    END
"""
#: Whether a maintenance `m` defers a `review` that it covers. Urgent appeals go on whatever is paused.
DEFERS = """
    ((m.urgent_appeals_only OR review.kind = ANY (m.defers))
     AND NOT (review.is_urgent AND review.kind IN ('appeal', 'complex_appeal')))
"""
#: When a maintenance `m` was over; null while it is not.
OVER_AT = """
    coalesce(m.held_until, m.closed_at, CASE WHEN m.ends_by_plan AND m.planned_end <= %(at)s THEN m.planned_end END)
"""
# What is open, and what ended since the last tick or shortly before: a review that somebody was working on is left to
# the next one. `since`: from when on the maintenance concerned the review.
CONCERNED = f"""
effects AS MATERIALIZED (
    SELECT m.*, {OVER_AT} AS over_at FROM certification_maintenance m
    WHERE m.opened_at IS NOT NULL AND (m.review_time_factor > 1 OR m.urgent_appeals_only OR m.defers <> '{{}}')
      AND (m.closed_at IS NULL
           OR m.closed_at >= (SELECT started_at - interval '10 minutes' FROM certification_tickrun WHERE id = 1)
           OR m.closed_at >= %(at)s - interval '10 minutes')
), concerned AS (
    SELECT review.id AS review_id, review.company_id, review.kind, review.due_at, review.overdue_since, m.id AS maintenance_id,
           m.over_at, m.review_time_factor, {DEFERS} AS defers,
           greatest(
               coalesce(m.held_since, m.opened_at), review.opened_at, review.overdue_since,
               CASE m.scope
                   WHEN 'industry' THEN (
                       SELECT max(j.at) FROM accounts_journalentry j
                       WHERE j.subject = 'company' AND j.subject_id = review.company_id AND j.aspect = 'industry')
                   WHEN 'provider' THEN (
                       SELECT min(n.created_at) FROM certification_phonenumber n
                       WHERE n.company_id = review.company_id AND n.provider_id = m.provider_id AND n.released_at IS NULL)
               END) AS since
    FROM effects m
    JOIN certification_review review ON review.state = 'open' /* these reviews */
    JOIN accounts_company c ON c.id = review.company_id
    WHERE {COVERS}
), lasting AS (
    SELECT * FROM concerned WHERE since < coalesce(over_at, 'infinity')
)
"""  # noqa: S608 - constant texts, every value is a parameter
# Each maintenance makes a review of a new application longer once.
TO_STRETCH = """
    x.kind = 'application' AND x.review_time_factor > 1 AND x.overdue_since IS NULL
    AND NOT EXISTS (SELECT FROM certification_duetimeextension e
                    WHERE e.review_id = x.review_id AND e.maintenance_id = x.maintenance_id AND e.reason = 'review_time_factor')
"""

# Whether a maintenance acts on reviews at present or did just now, or time that a review stood still is to be counted.
ANY_TO_SETTLE = """
SELECT EXISTS (
        SELECT FROM certification_maintenance m
        WHERE m.opened_at IS NOT NULL AND (m.review_time_factor > 1 OR m.urgent_appeals_only OR m.defers <> '{}')
          AND (m.closed_at IS NULL
               OR m.closed_at >= (SELECT started_at - interval '10 minutes' FROM certification_tickrun WHERE id = 1)
               OR m.closed_at >= %(at)s - interval '10 minutes'))
    OR EXISTS (
        SELECT FROM certification_reviewpause p JOIN certification_review review ON review.id = p.review_id /* these reviews */
        WHERE NOT p.is_counted)
"""
SETTLE_PAUSES = f"""
WITH {CONCERNED},
to_end AS (
    SELECT p.id, greatest(p.started_at, coalesce({OVER_AT}, %(at)s)) AS until, review.state <> 'open' AS is_moot
    FROM certification_reviewpause p
    JOIN certification_review review ON review.id = p.review_id /* these reviews */
    JOIN certification_maintenance m ON m.id = p.maintenance_id
    WHERE p.ended_at IS NULL
      AND ({OVER_AT} IS NOT NULL
           OR NOT EXISTS (SELECT FROM lasting x WHERE x.review_id = p.review_id AND x.maintenance_id = m.id AND x.defers))
    FOR NO KEY UPDATE OF p SKIP LOCKED
), ended AS (
    UPDATE certification_reviewpause p SET ended_at = to_end.until, is_counted = to_end.is_moot FROM to_end WHERE p.id = to_end.id
    RETURNING p.review_id, p.maintenance_id
), begun AS (
    INSERT INTO certification_reviewpause (review_id, maintenance_id, started_at, ended_at, reason, is_counted)
    SELECT x.review_id, x.maintenance_id, CASE WHEN before.until IS NULL THEN x.since ELSE greatest(before.until, %(at)s) END,
           x.over_at, 'deferred', false
    FROM lasting x
    CROSS JOIN LATERAL (
        SELECT coalesce(bool_or(p.ended_at IS NULL), false) AS is_open, max(p.ended_at) AS until FROM certification_reviewpause p
        WHERE p.review_id = x.review_id AND p.maintenance_id = x.maintenance_id
    ) AS before
    WHERE x.defers AND NOT before.is_open AND (before.until IS NULL OR x.over_at IS NULL)
    ON CONFLICT DO NOTHING
    RETURNING review_id, maintenance_id, ended_at
), changed AS (
    SELECT 1 AS place, review_id, maintenance_id, '' AS before, 'paused' AS after FROM begun
    UNION ALL
    SELECT 2, review_id, maintenance_id, 'paused', '' FROM ended
    UNION ALL
    SELECT 2, review_id, maintenance_id, 'paused', '' FROM begun WHERE ended_at IS NOT NULL
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, review.company_id, 'review', review.id, 'pause:' || changed.maintenance_id, changed.before, changed.after, 'deferred'
    FROM changed JOIN certification_review review ON review.id = changed.review_id
    ORDER BY changed.place, review.id, changed.maintenance_id
)
SELECT (SELECT count(*) FROM begun), (SELECT count(*) FROM ended), EXISTS (SELECT FROM lasting x WHERE {TO_STRETCH}),
       EXISTS (SELECT FROM changed WHERE after = '') OR EXISTS (
           SELECT FROM certification_reviewpause p JOIN certification_review review ON review.id = p.review_id /* these reviews */
           WHERE NOT p.is_counted AND p.ended_at IS NOT NULL AND review.state = 'open')
"""  # noqa: S608 - constant texts, every value is a parameter

STAMP = '\'YYYY-MM-DD"T"HH24:MI:SS"Z"\''
DUE_CHANGE = f"to_char(%s AT TIME ZONE 'UTC', {STAMP})"
BEFORE, AFTER = DUE_CHANGE.replace("%s", "moved.due_before"), DUE_CHANGE.replace("%s", "moved.due_after")

# Of several maintenances the one that began first; the next ones follow when this runs again.
STRETCH = f"""
WITH {CONCERNED},
next AS (
    SELECT DISTINCT ON (x.review_id) x.review_id, x.maintenance_id, x.review_time_factor FROM lasting x
    WHERE {TO_STRETCH}
      -- What was overdue before it began has no time that could grow; standing still until then is not in the due time yet.
      AND x.due_at + coalesce((
          SELECT sum(upper(piece) - lower(piece)) FROM unnest((
              SELECT range_agg(tstzrange(p.started_at, coalesce(p.ended_at, 'infinity'))) FROM certification_reviewpause p
              WHERE p.review_id = x.review_id AND NOT p.is_counted
          ) * tstzmultirange(tstzrange('-infinity', x.since))) AS piece), interval '0') > x.since
    ORDER BY x.review_id, x.since, x.maintenance_id
), taken AS (
    SELECT review.id, review.company_id, review.due_from, review.due_at, next.maintenance_id,
           next.review_time_factor::float - 1 AS growth,
           review.opened_at + coalesce((SELECT sum(e.paused_until - e.paused_from) FROM certification_duetimeextension e
                                        WHERE e.review_id = review.id), interval '0') AS working_since
    FROM certification_review review JOIN next ON next.review_id = review.id
    WHERE review.state = 'open' FOR NO KEY UPDATE OF review SKIP LOCKED
), extended AS (
    INSERT INTO certification_duetimeextension (review_id, maintenance_id, at, due_before, due_after, reason)
    SELECT id, maintenance_id, %(at)s, due_at,
           due_at + make_interval(secs => greatest(0, extract(epoch FROM due_at - working_since))::float * growth), 'review_time_factor'
    FROM taken ON CONFLICT DO NOTHING RETURNING review_id, due_before, due_after
), moved AS (
    SELECT taken.*, extended.due_before, extended.due_after FROM extended JOIN taken ON taken.id = extended.review_id
), due AS (
    UPDATE certification_review review
    SET due_at = moved.due_after,
        due_from = moved.due_from + make_interval(secs => greatest(0, extract(epoch FROM moved.due_from - moved.working_since))::float * moved.growth)
    FROM moved WHERE review.id = moved.id
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'review', id, 'due', {BEFORE}, {AFTER}, 'review_time_factor' FROM moved
)
SELECT count(*) FROM moved
"""  # noqa: S608 - constant texts, every value is a parameter

# Time that was paused twice over counts once; so does what a later look finds again.
COUNT_PAUSES = f"""
WITH resumed AS (
    SELECT review.id, review.company_id, review.due_at, review.overdue_since FROM certification_review review
    WHERE review.state = 'open' /* these reviews */
      AND review.id IN (SELECT p.review_id FROM certification_reviewpause p WHERE NOT p.is_counted)
      AND NOT EXISTS (SELECT FROM certification_reviewpause p WHERE p.review_id = review.id AND p.ended_at IS NULL)
    FOR NO KEY UPDATE SKIP LOCKED
), counted AS (
    UPDATE certification_reviewpause p SET is_counted = true FROM resumed
    WHERE p.review_id = resumed.id AND NOT p.is_counted AND p.ended_at IS NOT NULL
    RETURNING p.review_id, p.maintenance_id, p.reason, p.started_at, p.ended_at
), stretches AS (
    SELECT new.review_id, unnest(new.span - coalesce((
               SELECT range_agg(tstzrange(p.started_at, p.ended_at)) FROM certification_reviewpause p
               WHERE p.review_id = new.review_id AND p.is_counted), '{{}}')) AS stretch
    FROM (SELECT review_id, range_agg(tstzrange(started_at, ended_at)) AS span FROM counted GROUP BY review_id) AS new
), due AS (
    SELECT resumed.id, resumed.company_id, resumed.overdue_since, lower(stretch) AS paused_from, upper(stretch) AS paused_until,
           resumed.due_at + coalesce(sum(upper(stretch) - lower(stretch)) OVER (
               PARTITION BY resumed.id ORDER BY lower(stretch) ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING), interval '0') AS due_before
    FROM stretches JOIN resumed ON resumed.id = stretches.review_id
), judged AS (
    -- Reviews that were overdue already stay so: a promise that is broken is not moved.
    SELECT *, bool_and(overdue_since IS NULL AND paused_from < due_before) OVER (PARTITION BY id ORDER BY paused_from) AS moves FROM due
), moved AS (
    INSERT INTO certification_duetimeextension (review_id, maintenance_id, at, due_before, due_after, reason, paused_from, paused_until)
    SELECT judged.id, cause.maintenance_id, %(at)s, due_before, due_before + (paused_until - paused_from), cause.reason, paused_from, paused_until
    FROM judged CROSS JOIN LATERAL (
        SELECT maintenance_id, reason FROM counted
        WHERE counted.review_id = judged.id AND counted.started_at < judged.paused_until AND counted.ended_at > judged.paused_from
        ORDER BY ended_at DESC, started_at, maintenance_id LIMIT 1
    ) AS cause
    WHERE judged.moves
    ORDER BY judged.id, paused_from
    RETURNING review_id, reason, due_before, due_after
), total AS (
    SELECT review_id, min(due_before) AS due_before, max(due_after) AS due_after,
           (array_agg(reason ORDER BY due_after DESC))[1] AS reason FROM moved GROUP BY review_id
), reviews AS (
    UPDATE certification_review review
    SET due_at = total.due_after, due_from = review.due_from + (total.due_after - total.due_before)
    FROM total WHERE review.id = total.review_id
    RETURNING review.id, review.company_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, resumed.company_id, 'review', resumed.id, 'due', {BEFORE}, {AFTER}, moved.reason
    FROM total AS moved JOIN resumed ON resumed.id = moved.review_id
)
SELECT count(*) FROM total
"""  # noqa: S608 - constant texts, every value is a parameter

# Whoever looked after the planned end, while no tick did, found the maintenance over and the pauses with it.
CARRY_ON = f"""
WITH {CONCERNED},
carried AS (
    INSERT INTO certification_reviewpause (review_id, maintenance_id, started_at, reason, is_counted)
    SELECT p.review_id, p.maintenance_id, p.ended_at, 'deferred', false
    FROM lasting x JOIN certification_reviewpause p ON p.review_id = x.review_id AND p.maintenance_id = x.maintenance_id
    WHERE x.maintenance_id = %(maintenance)s AND x.defers AND p.ended_at = %(since)s
    ON CONFLICT DO NOTHING
    RETURNING review_id, maintenance_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, review.company_id, 'review', review.id, 'pause:' || carried.maintenance_id, '', 'paused', 'deferred'
    FROM carried JOIN certification_review review ON review.id = carried.review_id
    ORDER BY review.id
)
SELECT count(*) FROM carried
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass
class ClockCounts:
    """What became of reviews' clocks."""

    paused: int = 0
    unpaused: int = 0
    extended: int = 0


def settle_clocks(
    *, now: dt.datetime, actor: Actor, company_id: int | None = None, review_id: int | None = None
) -> ClockCounts:
    """Pause, resume and extend open reviews: one review's, a company's, or all; in the caller's transaction.

    One statement where nothing is due; at most one per maintenance that began since the last look, and three more,
    however many reviews there are.
    """
    chosen = ""
    if review_id is not None:
        chosen = "AND review.id = %(review)s"
    elif company_id is not None:
        chosen = "AND review.company_id = %(company)s"
    parameters: dict[str, Any] = {
        **journal.by_parameters(at=now, actor=actor),
        "company": company_id,
        "review": review_id,
    }
    counts = ClockCounts()
    with connection.cursor() as cursor:

        def run(statement: str) -> tuple[Any, ...]:
            cursor.execute(statement.replace("/* these reviews */", chosen), parameters)
            return tuple(cursor.fetchone())

        (anything,) = run(ANY_TO_SETTLE)
        if not anything:
            return counts
        counts.paused, counts.unpaused, may_stretch, may_count = run(SETTLE_PAUSES)
        stretched = int(may_stretch)
        while stretched:
            (stretched,) = run(STRETCH)
            counts.extended += stretched
        if may_count:
            (moved,) = run(COUNT_PAUSES)
            counts.extended += moved
    return counts


def carry_on(*, maintenance_id: int, since: dt.datetime, now: dt.datetime, actor: Actor) -> int:
    """Pause again, from `since` on, what was taken to be over then: the maintenance was given a later end before a tick
    ended it, so it held all along (I5). Returns how many reviews; in the caller's transaction.
    """
    parameters = {**journal.by_parameters(at=now, actor=actor), "maintenance": maintenance_id, "since": since}
    with connection.cursor() as cursor:
        cursor.execute(CARRY_ON, parameters)
        (carried,) = cursor.fetchone()
    return int(carried)
