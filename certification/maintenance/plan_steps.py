"""The engine's first step: planned maintenance whose start has come starts, whose end has come ends or overruns.

With it go the next times of recurring plans (`series_steps`) and the notices that a plan is near (`advance`).
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from django.db import connection

from accounts import journal, notices
from accounts.access import StaffRole
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from certification.maintenance.advance import take_due_steps
from certification.maintenance.coverage import COVERED_COMPANIES
from certification.maintenance.series_steps import plan_due_times

SCOPE = "cause_id, scope, provider_id, industry_id, company_id, number_id, requirement_id"
START_PLANS = f"""
WITH due AS (
    -- Of several plans of one cause and scope the first; the others follow when it has ended (I2).
    SELECT DISTINCT ON ({SCOPE}) p.id FROM certification_maintenance p
    WHERE p.opened_at IS NULL AND p.cancelled_at IS NULL AND p.planned_start <= %(at)s
      AND NOT EXISTS (
          SELECT FROM certification_maintenance o
          WHERE o.opened_at IS NOT NULL AND o.closed_at IS NULL AND o.cause_id = p.cause_id AND o.scope = p.scope
            AND (o.provider_id, o.industry_id, o.company_id, o.number_id, o.requirement_id)
                IS NOT DISTINCT FROM (p.provider_id, p.industry_id, p.company_id, p.number_id, p.requirement_id))
    ORDER BY {SCOPE}, p.planned_start, p.id
), changed AS (
    UPDATE certification_maintenance m
    SET opened_at = %(at)s, held_since = planned_start,
        expected_from = coalesce(expected_from, planned_end), expected_until = coalesce(expected_until, planned_end)
    FROM due WHERE m.id = due.id AND m.opened_at IS NULL AND m.cancelled_at IS NULL
    RETURNING m.id, m.company_id
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'maintenance', id, 'state', 'planned', 'open', '' FROM changed
)
SELECT coalesce(array_agg(id), '{{}}'),
       -- What else is due, so that a tick in which nothing is asks no further.
       EXISTS (SELECT FROM certification_maintenanceseries WHERE next_due_at <= %(at)s),
       EXISTS (SELECT FROM certification_maintenance WHERE next_notice_at <= %(at)s)
FROM changed
"""  # noqa: S608 - constant texts, every value is a parameter

END_PLANS = f"""
WITH ended AS (
    UPDATE certification_maintenance SET closed_at = %(at)s, held_until = greatest(planned_end, held_since)
    WHERE opened_at IS NOT NULL AND closed_at IS NULL AND planned_end <= %(at)s AND ends_by_plan
    RETURNING id, company_id
), overrun AS (
    UPDATE certification_maintenance SET overrunning_since = planned_end
    WHERE opened_at IS NOT NULL AND closed_at IS NULL AND planned_end <= %(at)s AND NOT ends_by_plan AND overrunning_since IS NULL
    RETURNING id, company_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'maintenance', id, 'state', 'open', 'closed', '' FROM ended
    UNION ALL
    SELECT {journal.BY}, company_id, 'maintenance', id, 'overrun', '', 'overrunning', '' FROM overrun
)
SELECT (SELECT coalesce(array_agg(id), '{{}}') FROM ended), (SELECT coalesce(array_agg(id), '{{}}') FROM overrun)
"""  # noqa: S608 - constant texts, every value is a parameter

# Companies hear of what they can feel; a routine window shows in the calendar and on its page only.
TELL_COMPANIES = f"""
    {notices.INSERT}
    SELECT %(kind)s || ':' || x.id || %(occasion)s || CASE WHEN %(by_start)s THEN ':' || extract(epoch FROM x.planned_start)::bigint ELSE '' END
               || ':' || member.user_id,
           %(kind)s, member.user_id, covered.company_id,
           jsonb_build_object(
               'maintenance', x.ref, 'cause_zh', coalesce(nullif(x.title_zh, ''), cause.name_zh),
               'cause_en', coalesce(nullif(x.title_en, ''), cause.name_en), 'suspends', x.suspends_display,
               'numbers', covered.numbers, 'planned_start', x.planned_start, 'planned_end', x.planned_end,
               'expected_from', x.expected_from, 'expected_until', x.expected_until,
               'message_zh', coalesce(nullif(x.message_zh, ''), cause.sentence_zh),
               'message_en', coalesce(nullif(x.message_en, ''), cause.sentence_en),
               'achieved_zh', x.achieved_zh, 'achieved_en', x.achieved_en,
               'days_left', greatest(0, round(extract(epoch FROM x.planned_start - %(at)s) / 86400)),
               'sequence', changed.times) || %(more)s::jsonb,
           false, %(at)s, now()
    FROM certification_maintenance x
    JOIN certification_maintenancecause cause ON cause.id = x.cause_id
    -- How often it was changed since it was announced: a calendar program takes the entry that was changed most often.
    CROSS JOIN LATERAL (
        SELECT count(*) AS times FROM accounts_journalentry j
        WHERE j.subject = 'maintenance' AND j.subject_id = x.id AND NOT (j.aspect = 'state' AND j.after = 'planned')
    ) AS changed
    CROSS JOIN LATERAL ({COVERED_COMPANIES}) AS covered
    JOIN accounts_membership member ON member.company_id = covered.company_id AND member.role = ANY (%(roles)s)
    WHERE x.id = ANY (%(maintenances)s)
      AND (%(was_felt)s OR x.suspends_display OR x.urgent_appeals_only OR x.review_time_factor > 1 OR cardinality(x.defers) > 0)
    ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - constant texts, every value is a parameter

TELL_STAFF = f"""
    {notices.INSERT}
    SELECT 'plan_overrunning:' || x.id || ':' || extract(epoch FROM x.planned_end)::bigint || ':' || assignment.user_id,
           'plan_overrunning', assignment.user_id, NULL,
           jsonb_build_object(
               'maintenance', x.ref, 'cause_zh', coalesce(nullif(x.title_zh, ''), cause.name_zh),
               'cause_en', coalesce(nullif(x.title_en, ''), cause.name_en), 'planned_end', x.planned_end),
           true, %(at)s, now()
    FROM certification_maintenance x
    JOIN certification_maintenancecause cause ON cause.id = x.cause_id
    JOIN accounts_staffassignment assignment
      ON assignment.role = CASE cause.family WHEN 'policy' THEN %(policy)s ELSE %(operations)s END
    WHERE x.id = ANY (%(maintenances)s)
    ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass
class PlanCounts:
    """What became of planned maintenance."""

    planned: int = 0
    opened: int = 0
    closed: int = 0
    overrunning: int = 0
    sent: int = 0


def tell_companies(
    *,
    maintenance_ids: Sequence[int],
    kind: str,
    at: dt.datetime,
    occasion: str = "",
    by_start: bool = False,
    more: Mapping[str, str] | None = None,
    was_felt: bool = False,
) -> int:
    """Write one notice per owner and administrator of each covered company; return how many.

    `occasion` tells apart what can happen to one maintenance more than once (a change), `by_start` what is said of
    each start that it is given; the same never writes twice. `more` is added to what the notice says. What nobody
    feels is not told, unless it `was_felt` until now.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            TELL_COMPANIES,
            {
                "kind": kind,
                "occasion": f":{occasion}" if occasion else "",
                "by_start": by_start,
                "was_felt": was_felt,
                "more": json.dumps(more or {}),
                "at": at,
                "roles": list(RESPONSIBLE_ROLES),
                "maintenances": list(maintenance_ids),
            },
        )
        written = int(cursor.rowcount)
    if written:
        notices.wake_delivery()
    return written


def tell_staff_of_overrun(*, maintenance_ids: Sequence[int], at: dt.datetime) -> int:
    """Tell the staff who plan maintenance of its family that it is not over at its planned end; return how many."""
    with connection.cursor() as cursor:
        cursor.execute(
            TELL_STAFF,
            {
                "at": at,
                "maintenances": list(maintenance_ids),
                "operations": StaffRole.OPERATIONS,
                "policy": StaffRole.POLICY,
            },
        )
        return int(cursor.rowcount)


def start_and_end_plans(*, now: dt.datetime, actor: Actor) -> PlanCounts:
    """Start and end what is due at `now`, in the caller's transaction; plan the next times of recurring plans before,
    and tell the companies of what is near.

    One that ends makes room for the next of its cause and scope, so both are repeated until nothing more ends: a
    second call at the same moment finds nothing (I4), also after an outage in which several came and went.
    """
    counts = PlanCounts()
    parameters = journal.by_parameters(at=now, actor=actor)
    while True:
        with connection.cursor() as cursor:
            cursor.execute(START_PLANS, parameters)
            started, series_due, ahead = cursor.fetchone()
        if started:
            counts.opened += len(started)
            counts.sent += tell_companies(maintenance_ids=started, kind="plan_started", at=now)
        if series_due:  # what is planned now can be due at once, and may have to be told of
            counts.planned += plan_due_times(now=now, actor=actor)
            continue
        with connection.cursor() as cursor:
            cursor.execute(END_PLANS, parameters)
            ended, overrun = cursor.fetchone()
        if ended:
            counts.closed += len(ended)
            counts.sent += tell_companies(maintenance_ids=ended, kind="plan_ended", at=now)
        if overrun:
            counts.overrunning += len(overrun)
            counts.sent += tell_staff_of_overrun(maintenance_ids=overrun, at=now)
        if not ended:
            break
    if ahead:
        for step, near in take_due_steps(now=now).items():
            counts.sent += tell_companies(
                maintenance_ids=near, kind="plan_ahead", at=now, occasion=str(step), by_start=True
            )
    return counts
