"""How long decisions take: by week, kind and reviewer.

The time of a decision runs from opening to deciding, without the stretches in which the clock stood still, in hours and
days of the calendar (not working hours: what a company waits, it waits). In time is what was decided up to its due
time, extensions included. Weeks begin on Monday in China.

Decisions are final, so a week that is over never changes: its figures are worked out once, by a job, and kept in
`DecisionFigures`; so are those of the ranges that end with last week. Over a year of 2,000,000 decisions working them
out takes ten seconds, reading them a millisecond. The present week, and what the job has not done yet, is read from the
reviews through the index `review_decided`.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.db.models import Count, Q

from accounts.users import User
from accounts.working_days import CHINA, start_of_day
from certification.reviews.deferrals import paused
from certification.reviews.models import DecisionFigures, Review, ReviewKind, ReviewState

#: How many weeks one can look back, besides the present one.
RANGES = (4, 12, 26, 52)
USUAL_RANGE = 12
#: A week is worked out so long after its end: whoever was deciding at midnight has finished.
SETTLED = dt.timedelta(minutes=30)

#: One row per group of decisions; stretches of several pauses at once count once.
FIGURES = """
    WITH decided AS MATERIALIZED (
        SELECT r.id, r.kind, r.decided_by_id AS reviewer, r.decided_at <= r.due_at AS in_time,
               date_trunc('week', timezone(%(zone)s, r.decided_at))::date AS week,
               extract(epoch FROM r.decided_at - r.opened_at)::float8 AS seconds
        FROM certification_review r
        WHERE r.state = 'decided' AND r.decided_at >= %(since)s AND r.decided_at < %(until)s
          AND (%(kind)s = '' OR r.kind = %(kind)s)
    ),
    stretches AS (
        SELECT p.review_id, unnest(range_agg(tstzrange(p.started_at, greatest(p.ended_at, p.started_at)))) AS stretch
        FROM certification_reviewpause p
        WHERE p.ended_at IS NOT NULL AND p.review_id IN (SELECT id FROM decided)
        GROUP BY p.review_id
    ),
    paused AS (
        SELECT review_id, sum(extract(epoch FROM upper(stretch) - lower(stretch)))::float8 AS seconds
        FROM stretches WHERE NOT isempty(stretch) GROUP BY review_id
    ),
    timed AS (
        SELECT d.week, d.kind, d.reviewer, d.in_time, greatest(d.seconds - coalesce(p.seconds, 0), 0) AS seconds
        FROM decided d LEFT JOIN paused p ON p.review_id = d.id
    )
"""
MEASURED = """count(*), count(*) FILTER (WHERE in_time),
    percentile_cont(0.5) WITHIN GROUP (ORDER BY seconds), percentile_cont(0.9) WITHIN GROUP (ORDER BY seconds)"""


def statement(groups: str, grouping: str) -> str:
    """The figures of every group: `groups` are its week, kind and reviewer."""
    return " ".join((FIGURES, "SELECT", groups, ",", MEASURED, "FROM timed", grouping))


BY_WEEK = statement("week, '', NULL::bigint", "GROUP BY week")
BY_WEEK_AND_KIND = statement("week, kind, NULL::bigint", "GROUP BY week, kind")
BY_KIND = statement("NULL::date, kind, NULL::bigint", "GROUP BY kind")
BY_REVIEWER = statement("NULL::date, '', reviewer", "GROUP BY reviewer")
IN_ALL = statement("NULL::date, '', NULL::bigint", "HAVING count(*) > 0")
#: Everything that is kept of a stretch of weeks. The row over all is there even for weeks without a decision: it says
#: that they have been worked out.
KEPT = " ".join(
    (
        """INSERT INTO certification_decisionfigures
        (first_week, weeks, kind, reviewer_id, decided, in_time, median_seconds, ninetieth_seconds)""",
        statement(
            "%(first_week)s::date, %(weeks)s::smallint, coalesce(kind, ''), reviewer",
            "GROUP BY GROUPING SETS ((), (kind), (reviewer), (kind, reviewer)) ON CONFLICT DO NOTHING",
        ),
    )
)


@dataclass(frozen=True)
class Figures:
    """What was decided in a group, and how long it took (seconds)."""

    decided: int = 0
    in_time: int = 0
    median: float | None = None
    ninetieth: float | None = None

    @property
    def share_in_time(self) -> float | None:
        """The part that was decided in time, 0 to 1; None where nothing was decided."""
        return self.in_time / self.decided if self.decided else None


#: (week, kind, reviewer) -> figures; None or "" where the group is over all of them.
Grouped = dict[tuple[dt.date | None, str, int | None], Figures]


def week_of(moment: dt.datetime) -> dt.date:
    """The Monday, in China, of the week that the moment lies in."""
    day = moment.astimezone(CHINA).date()
    return day - dt.timedelta(days=day.weekday())


def begin(week: dt.date) -> dt.datetime:
    """The moment at which a week begins."""
    return start_of_day(week, CHINA)


def parameters(*, since: dt.datetime, until: dt.datetime, kind: str = "") -> dict[str, Any]:
    """What the statements ask for."""
    return {"zone": CHINA.key, "since": since, "until": until, "kind": kind}


def measure(query: str, *, since: dt.datetime, until: dt.datetime, kind: str = "") -> Grouped:
    """Work figures out from the reviews decided from `since` on and before `until`."""
    with connection.cursor() as cursor:
        cursor.execute(query, parameters(since=since, until=until, kind=kind))
        return {(week, group, reviewer): Figures(*values) for week, group, reviewer, *values in cursor.fetchall()}


# --- What is kept ----------------------------------------------------------------------------------------------------


@transaction.atomic
def keep_figures(*, now: dt.datetime) -> dict[str, int]:
    """Work out the weeks of the last year that are over and not kept yet, and the ranges that end with the last one.

    Figures of earlier ranges are removed. Doing it twice changes nothing. Returns how many stretches were worked out.
    """
    this_week = week_of(now - SETTLED)
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtext('decision figures'))")
    over_all = DecisionFigures.objects.filter(kind="", reviewer__isnull=True)
    known = set(over_all.values_list("first_week", "weeks"))
    weekly = {(this_week - dt.timedelta(weeks=ago), 1) for ago in range(1, max(RANGES) + 1)}
    ranges = {(this_week - dt.timedelta(weeks=weeks), weeks) for weeks in RANGES}
    wanted = sorted((weekly | ranges) - known)
    with connection.cursor() as cursor:
        for first_week, weeks in wanted:
            values = parameters(since=begin(first_week), until=begin(first_week + dt.timedelta(weeks=weeks)))
            cursor.execute(KEPT, {**values, "first_week": first_week, "weeks": weeks})
    past = Q()
    for first_week, weeks in ranges:
        past |= Q(weeks=weeks) & ~Q(first_week=first_week)
    DecisionFigures.objects.filter(past).delete()
    return {"stretches": len(wanted)}


def kept(*, first_week: dt.date, weeks: int) -> Grouped | None:
    """What is kept of a stretch of weeks, by kind and reviewer; None where it has not been worked out."""
    rows = DecisionFigures.objects.filter(first_week=first_week, weeks=weeks)
    found: Grouped = {(None, row.kind, row.reviewer_id): figures_of(row) for row in rows}
    return found if (None, "", None) in found else None


def figures_of(row: DecisionFigures) -> Figures:
    """A kept row as figures."""
    return Figures(row.decided, row.in_time, row.median_seconds, row.ninetieth_seconds)


# --- What is read ----------------------------------------------------------------------------------------------------


def by_week(*, weeks: int, kind: str, now: dt.datetime) -> list[tuple[dt.date, Figures]]:
    """The figures of the last `weeks` weeks that are over, and of the present one, the earliest first."""
    this_week = week_of(now)
    days = [this_week - dt.timedelta(weeks=ago) for ago in range(weeks, 0, -1)]
    worked_out = set(
        DecisionFigures.objects.filter(weeks=1, first_week__in=days, kind="", reviewer__isnull=True).values_list(
            "first_week", flat=True
        )
    )
    rows = DecisionFigures.objects.filter(weeks=1, first_week__in=worked_out, kind=kind, reviewer__isnull=True)
    found = {row.first_week: figures_of(row) for row in rows}
    since = min((day for day in days if day not in worked_out), default=this_week)
    query = BY_WEEK_AND_KIND if kind else BY_WEEK
    for (week, _kind, _reviewer), figures in measure(query, since=begin(since), until=now, kind=kind).items():
        if week is not None:
            found.setdefault(week, figures)
    return [(day, found.get(day, Figures())) for day in [*days, this_week]]


def over_range(*, weeks: int, now: dt.datetime) -> tuple[Figures, dict[str, Figures]]:
    """The figures of the last `weeks` weeks that are over: of everything, and by kind."""
    first_week = week_of(now) - dt.timedelta(weeks=weeks)
    found = kept(first_week=first_week, weeks=weeks)
    if found is None:
        since, until = begin(first_week), begin(week_of(now))
        found = measure(IN_ALL, since=since, until=until) | measure(BY_KIND, since=since, until=until)
    in_all = found.get((None, "", None), Figures())
    return in_all, {kind: found.get((None, kind, None), Figures()) for kind in ReviewKind.values}


def by_reviewer(*, weeks: int, kind: str, now: dt.datetime) -> list[tuple[User, Figures]]:
    """The figures of each reviewer over the last `weeks` weeks that are over, by name."""
    first_week = week_of(now) - dt.timedelta(weeks=weeks)
    found = kept(first_week=first_week, weeks=weeks)
    if found is None:
        until = begin(week_of(now))
        live = measure(BY_REVIEWER, since=begin(first_week), until=until, kind=kind)
        figures = {reviewer: row for (_week, _kind, reviewer), row in live.items() if reviewer}
    else:
        figures = {reviewer: row for (_week, group, reviewer), row in found.items() if reviewer and group == kind}
    people = User.objects.in_bulk(figures)
    return sorted(((people[pk], row) for pk, row in figures.items()), key=lambda pair: (str(pair[0]), pair[0].pk))


@dataclass(frozen=True)
class Waiting:
    """What waits for staff at a moment."""

    waiting: int = 0
    overdue: int = 0
    #: Of those that wait, the clock of so many stands still.
    stands_still: int = 0


def waiting_now(*, now: dt.datetime) -> dict[str, Waiting]:
    """What waits, by kind; one query."""
    rows = (
        Review.objects.filter(state=ReviewState.OPEN)
        .order_by()
        .values("kind")
        .annotate(
            waiting=Count("pk"),
            overdue=Count("pk", filter=Q(due_at__lte=now)),
            stands_still=Count("pk", filter=paused()),
        )
    )
    return {row["kind"]: Waiting(row["waiting"], row["overdue"], row["stands_still"]) for row in rows}
