"""The times of recurring plans within the calendar's horizon, planned by the engine as they come into it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection

from accounts import journal
from accounts.journal import Actor
from certification.maintenance.advance import next_notice
from certification.maintenance.effects import Effects
from certification.maintenance.series_models import MaintenanceSeries

#: How far ahead the calendar holds the times of a recurring plan (D, domain section 5).
HORIZON = dt.timedelta(days=90)

# What meets another plan of the same cause and scope is left out: the database keeps them apart, and the other was
# there first. So is what somebody planned at the same instant.
PLAN_TIMES = f"""
WITH times AS (
    SELECT * FROM unnest(%(series)s::bigint[], %(starts)s::timestamptz[], %(ends)s::timestamptz[], %(notices)s::timestamptz[])
        AS t (series_id, starts, ends, next_notice_at)
), planned AS (
    INSERT INTO certification_maintenance
        (series_id, occurrence, planned_start, planned_end, expected_from, expected_until, next_notice_at,
         cause_id, scope, provider_id, industry_id, company_id, ends_by_plan,
         suspends_display, locks, review_time_factor, defers, urgent_appeals_only,
         title_zh, title_en, message_zh, message_en, achieved_zh, achieved_en, planned_by_id, created_at)
    SELECT s.id, t.starts, t.starts, t.ends, t.ends, t.ends, t.next_notice_at,
           s.cause_id, s.scope, s.provider_id, s.industry_id, s.company_id, s.ends_by_plan,
           s.suspends_display, false, s.review_time_factor, s.defers, s.urgent_appeals_only,
           s.title_zh, s.title_en, s.message_zh, s.message_en, '', '', s.planned_by_id, %(at)s
    FROM times t JOIN certification_maintenanceseries s ON s.id = t.series_id
    WHERE s.ended_at IS NULL
    ORDER BY t.starts, s.id
    ON CONFLICT DO NOTHING
    RETURNING id, company_id
), moved AS (
    UPDATE certification_maintenanceseries s SET next_due_at = due.next_due_at
    FROM unnest(%(due_series)s::bigint[], %(due_at)s::timestamptz[]) AS due (series_id, next_due_at)
    WHERE s.id = due.series_id AND s.ended_at IS NULL
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'maintenance', id, 'state', '', 'planned', 'series' FROM planned
)
SELECT coalesce(array_agg(id ORDER BY id), '{{}}') FROM planned
"""  # noqa: S608 - constant texts, every value is a parameter


def plan_times(*, rows: Sequence[MaintenanceSeries], now: dt.datetime, actor: Actor) -> list[int]:
    """Plan what the series' rules bring within the horizon of `now`, and return the new plans. One statement.

    In the caller's transaction, who has the engine's turn. A series' first time is planned however far away it is; one
    that was over before anybody planned it is not made up. Doing it twice plans nothing.
    """
    series: list[int] = []
    starts: list[dt.datetime] = []
    ends: list[dt.datetime] = []
    notices: list[dt.datetime | None] = []
    due: list[dt.datetime | None] = []
    for row in rows:
        times, effects = row.recurrence.occurrences, Effects.of(row)
        first = row.next_due_at + HORIZON if row.next_due_at is not None else times[0].start
        until = max(now + HORIZON, times[0].start)
        for time in times:
            if first <= time.start <= until and time.end > now:
                series.append(row.pk)
                starts.append(time.start)
                ends.append(time.end)
                notices.append(next_notice(planned_start=time.start, effects=effects, now=now))
        later = row.recurrence.first_after(until)
        due.append(later.start - HORIZON if later is not None else None)
    parameters = {
        **journal.by_parameters(at=now, actor=actor),
        "series": series,
        "starts": starts,
        "ends": ends,
        "notices": notices,
        "due_series": [row.pk for row in rows],
        "due_at": due,
    }
    with connection.cursor() as cursor:
        cursor.execute(PLAN_TIMES, parameters)
        (planned,) = cursor.fetchone()
    return list(planned)


def plan_due_times(*, now: dt.datetime, actor: Actor) -> int:
    """Plan the next times of every series that is due at `now`; return how many. Two statements, however many are due."""
    rows = list(MaintenanceSeries.objects.filter(next_due_at__lte=now).order_by("pk"))
    return len(plan_times(rows=rows, now=now, actor=actor)) if rows else 0
