"""The one writer of recurring plans, by people: announced, changed or ended from one of their times on.

Their single times are ordinary plans, which `plans` moves and cancels one by one; the engine plans the next ones.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db import connection, models, transaction
from django.utils import translation

from accounts import journal
from accounts.access import staff_may
from accounts.journal import Actor
from accounts.users import User
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.effects import Effects
from certification.maintenance.models import Maintenance
from certification.maintenance.plan_drafts import (
    PlanDraft,
    PlanRefused,
    Problems,
    in_the_way,
    overlap_text,
    problems_of_series,
)
from certification.maintenance.plan_steps import tell_companies
from certification.maintenance.plans import PERMISSIONS, NotTheirs, PlanMovedOn, causes_for
from certification.maintenance.recurrence import Recurrence
from certification.maintenance.rule_words import rule_words
from certification.maintenance.series_models import MaintenanceSeries
from certification.maintenance.series_steps import HORIZON, plan_times

CANCEL_TIMES = f"""
WITH cancelled AS (
    UPDATE certification_maintenance SET cancelled_at = %(at)s, next_notice_at = NULL
    WHERE series_id = %(series)s AND occurrence >= %(start)s AND opened_at IS NULL AND cancelled_at IS NULL
    RETURNING id, company_id, planned_start
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'maintenance', id, 'state', 'planned', 'cancelled', %(reason)s FROM cancelled
)
SELECT coalesce(array_agg(id ORDER BY planned_start, id), '{{}}') FROM cancelled
"""  # noqa: S608 - constant texts, every value is a parameter


def may_plan_series(user: User, series: MaintenanceSeries) -> bool:
    """Whether the person's role plans maintenance of this family."""
    permission = PERMISSIONS.get(series.cause.family)
    return permission is not None and staff_may(user, permission)


def words_in_both(recurrence: Recurrence) -> dict[str, str]:
    """The rule in words, in both languages, as notices hold them."""
    words = {}
    for name, language in (("rule_zh", "zh-hans"), ("rule_en", "en")):
        with translation.override(language):
            words[name] = rule_words(recurrence)
    return words


@transaction.atomic
def create_series(
    *, draft: PlanDraft, recurrence: Recurrence, planner: User, actor: Actor, now: dt.datetime
) -> MaintenanceSeries:
    """Save the recurring plan, plan its times within the calendar's horizon, and announce it once.

    Raises PlanRefused or NotTheirs.
    """
    if not causes_for(planner).filter(pk=draft.cause.pk).exists():
        raise NotTheirs
    take_turn(shared=True)
    series, planned = begin(draft=draft, recurrence=recurrence, planner=planner, actor=actor, now=now)
    more = words_in_both(recurrence)
    tell_companies(maintenance_ids=planned[:1], kind="series_announced", at=engine_moment(now), more=more)
    return series


def begin(
    *,
    draft: PlanDraft,
    recurrence: Recurrence,
    planner: User,
    actor: Actor,
    now: dt.datetime,
    follows: MaintenanceSeries | None = None,
) -> tuple[MaintenanceSeries, list[int]]:
    """A new series and its first times, untold; in the transaction of who has the turn."""
    now = engine_moment(now)
    problems = problems_of_series(draft=draft, recurrence=recurrence, now=now)
    if problems:
        raise PlanRefused(problems)
    times = recurrence.occurrences
    series = MaintenanceSeries.objects.create(
        cause=draft.cause,
        scope=draft.scope,
        **draft.keys,
        rule=recurrence.parts.text(recurrence.zone),
        time_zone=recurrence.zone.key,
        starts_on=recurrence.starts_on,
        starts_at=recurrence.starts_at,
        length=recurrence.length,
        follows=follows,
        ends_by_plan=draft.ends_by_plan,
        **draft.effects.columns(),
        **draft.texts,
        planned_by=planner,
        created_at=now,
    )
    planned = plan_times(rows=[series], now=now, actor=actor)
    if len(planned) < len([time for time in times if time.start <= max(now + HORIZON, times[0].start)]):
        # Somebody planned the like of one of them at the same instant.
        refused = Problems()
        refused.other = in_the_way(draft=draft, times=times)
        refused["planned_start"] = overlap_text(refused.other) if refused.other is not None else ""
        raise PlanRefused(refused)
    note(series, actor=actor, now=now, before="", after="running")
    return series, planned


@transaction.atomic
def end_series(
    *, series: MaintenanceSeries, start: dt.datetime, planner: User, actor: Actor, now: dt.datetime, reason: str
) -> None:
    """Give up the times that start at `start` (by the rule) or later, and tell the companies once. Twice is once.

    What is running goes on. Raises NotTheirs.
    """
    current = take(series, planner=planner)
    if current.ended_at is not None:
        return
    now = engine_moment(now)
    cancelled = stop(series, start=start, actor=actor, now=now, reason=reason)
    tell_companies(maintenance_ids=cancelled[:1] or last_time(series), kind="series_ended", at=now)


@transaction.atomic
def change_series(
    *,
    series: MaintenanceSeries,
    start: dt.datetime,
    draft: PlanDraft,
    recurrence: Recurrence,
    planner: User,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> MaintenanceSeries:
    """From the time that starts at `start` on it is what the draft and the recurrence say; the companies are told once.

    What was before stays as it was: another series follows this one. Cause and scope stay. Raises PlanRefused,
    PlanMovedOn when it was ended meanwhile, or NotTheirs.
    """
    current = take(series, planner=planner)
    if current.ended_at is not None:
        raise PlanMovedOn
    now = engine_moment(now)
    stop(series, start=start, actor=actor, now=now, reason=reason)
    after, planned = begin(draft=draft, recurrence=recurrence, planner=planner, actor=actor, now=now, follows=current)
    tell_companies(
        maintenance_ids=planned[:1],
        kind="series_changed",
        at=now,
        more=words_in_both(recurrence),
        was_felt=Effects.of(current).are_felt,
    )
    return after


def take(series: MaintenanceSeries, *, planner: User) -> MaintenanceSeries:
    """The series as it is now, locked for the rest of the transaction; no tick runs meanwhile. Raises NotTheirs."""
    take_turn(shared=True)
    current = MaintenanceSeries.objects.select_for_update(of=("self",)).select_related("cause").get(pk=series.pk)
    if not may_plan_series(planner, current):
        raise NotTheirs
    return current


def stop(
    series: MaintenanceSeries, *, start: dt.datetime, actor: Actor, now: dt.datetime, reason: str
) -> Sequence[int]:
    """Cancel the times from `start` on and plan no further ones; returns what was cancelled, the first one first."""
    changes: dict[str, Any] = {"ended_at": now, "ended_from": start, "next_due_at": None}
    MaintenanceSeries.objects.filter(pk=series.pk).update(**changes)
    for name, value in changes.items():
        setattr(series, name, value)
    parameters = {**journal.by_parameters(at=now, actor=actor), "series": series.pk, "start": start, "reason": reason}
    with connection.cursor() as cursor:
        cursor.execute(CANCEL_TIMES, parameters)
        (cancelled,) = cursor.fetchone()
    note(series, actor=actor, now=now, before="running", after="ended", reason=reason)
    return list(cancelled)


def last_time(series: MaintenanceSeries) -> list[int]:
    """The last time that was planned, for who must be told about the series and has no other."""
    return list(Maintenance.objects.filter(series=series).order_by("-occurrence").values_list("pk", flat=True)[:1])


def note(
    series: MaintenanceSeries, *, actor: Actor, now: dt.datetime, before: str, after: str, reason: str = ""
) -> None:
    """Write the journal row of one change of the series."""
    journal.record(
        at=now,
        actor=actor,
        company_id=series.company_id,
        subject="maintenance_series",
        subject_id=series.pk,
        aspect="state",
        before=before,
        after=after,
        reason=reason,
    )


def running_times(series: MaintenanceSeries) -> models.QuerySet[Maintenance, Maintenance]:
    """The times of the series that are planned or running, the next one first."""
    rows = Maintenance.objects.filter(series=series, closed_at__isnull=True, cancelled_at__isnull=True)
    return rows.order_by("planned_start", "pk")
