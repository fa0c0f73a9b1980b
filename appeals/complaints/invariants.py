"""What must always hold of complaints: I10, and counters that say what the complaints say."""

from __future__ import annotations

from certification.maintenance.invariant_queries import FURTHER

# Staff may have lowered the limit since the last complaint: then the next one locks.
OVER_THE_LIMIT = """
    WITH cause AS (
        SELECT id, lock_above,
               (SELECT max(j.at) FROM accounts_journalentry j
                WHERE j.subject = 'cause' AND j.subject_id = c.id AND j.aspect = 'lock_above') AS limit_since
        FROM certification_maintenancecause c WHERE c.opened_by = 'complaints' AND c.lock_above IS NOT NULL
    ), over AS (
        SELECT DISTINCT d.number_id FROM appeals_complaintday d CROSS JOIN cause
        JOIN certification_phonenumber n ON n.id = d.number_id AND n.released_at IS NULL
        WHERE d.counted > cause.lock_above
          AND EXISTS (SELECT FROM appeals_complaint x WHERE x.number_id = d.number_id AND x.day = d.day
                      AND (cause.limit_since IS NULL OR x.received_at > cause.limit_since))
    ), locks AS (
        SELECT m.number_id, count(*) AS open FROM certification_maintenance m
        WHERE m.locks AND m.number_id IS NOT NULL AND m.opened_at IS NOT NULL AND m.closed_at IS NULL GROUP BY m.number_id
    )
    SELECT count(*), array_agg(format('number %%s is over the limit, %%s locks', over.number_id, coalesce(locks.open, 0)))
                     FILTER (WHERE coalesce(locks.open, 0) <> 1)
    FROM over LEFT JOIN locks USING (number_id)
"""
LOCKED_FOR_A_REASON = """
    WITH locks AS (
        SELECT m.id, m.number_id, cause.lock_above FROM certification_maintenance m
        JOIN certification_maintenancecause cause ON cause.id = m.cause_id AND cause.opened_by = 'complaints'
        WHERE m.opened_at IS NOT NULL AND m.closed_at IS NULL AND m.number_id IS NOT NULL
          -- What was put in by hand has no journal.
          AND EXISTS (SELECT FROM accounts_journalentry j WHERE j.subject = 'maintenance' AND j.subject_id = m.id)
    )
    SELECT count(*), array_agg(format('lock %%s without a day of complaints', id)) FILTER (WHERE NOT EXISTS (
        SELECT FROM appeals_complaintday d WHERE d.number_id = locks.number_id AND d.counted > 0))
    FROM locks
"""
# The end of a lock is a decision: of its own review, or of an appeal, by a person.
ENDED_BY_A_PERSON = """
    SELECT count(*), array_agg(format('lock %%s ended by %%s', m.id, j.actor_kind)) FILTER (WHERE j.actor_kind = 'engine')
    FROM certification_maintenance m
    JOIN accounts_journalentry j ON j.subject = 'maintenance' AND j.subject_id = m.id AND j.aspect = 'state' AND j.after = 'closed'
    WHERE m.locks AND m.closed_at IS NOT NULL
"""
COUNTERS_AGREE = """
    WITH told AS (
        SELECT c.number_id, c.day, count(*) AS total,
               count(*) FILTER (WHERE n.released_at IS NULL OR c.at > n.released_at) AS counted
        FROM appeals_complaint c JOIN appeals_numbercomplaints n USING (number_id) GROUP BY c.number_id, c.day
    )
    SELECT count(*), array_agg(format('number %%s on %%s: counted %%s of %%s, told %%s of %%s', coalesce(d.number_id, told.number_id),
                                      coalesce(d.day, told.day), d.counted, d.total, told.counted, told.total))
                     FILTER (WHERE (d.total, d.counted) IS DISTINCT FROM (told.total::int, told.counted::int))
    FROM appeals_complaintday d FULL JOIN told ON told.number_id = d.number_id AND told.day = d.day
"""

FURTHER.extend(
    (
        ("I10", "limit", OVER_THE_LIMIT),
        ("I10", "lock", LOCKED_FOR_A_REASON),
        ("I10", "release", ENDED_BY_A_PERSON),
        ("I10", "counter", COUNTERS_AGREE),
    )
)
