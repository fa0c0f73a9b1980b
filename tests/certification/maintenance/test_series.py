"""Recurring plans: their times come into the calendar once, and change or end from one of them on."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from pytest_django import DjangoAssertNumQueries

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.maintenance.effects import Effects
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft, PlanRefused, Problems
from certification.maintenance.plans import NotTheirs, PlanMovedOn, cancel_plan, create_plan
from certification.maintenance.recurrence import Recurrence
from certification.maintenance.series import change_series, create_series, end_series
from certification.maintenance.series_models import MaintenanceSeries
from certification.maintenance.series_steps import plan_due_times
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
SHANGHAI = ZoneInfo("Asia/Shanghai")
#: The first Monday after NOW, 02:00 in Shanghai.
MONDAY = dt.datetime(2026, 11, 29, 18, tzinfo=dt.UTC)


def recurrence(
    rule: str = "FREQ=WEEKLY;COUNT=52", *, start: dt.datetime = MONDAY, hours: int = 3, zone: ZoneInfo = SHANGHAI
) -> Recurrence:
    local = start.astimezone(zone)
    return Recurrence(rule, local.date(), local.time(), hours * HOUR, zone)


def draft(code: str = "routine_window", *, start: dt.datetime = MONDAY, **fields: object) -> PlanDraft:
    values: dict[str, object] = {
        "cause": MaintenanceCause.objects.get(code=code),
        "scope": "everything",
        "planned_start": start,
        "planned_end": start + 3 * HOUR,
    }
    return PlanDraft(**{**values, **fields})  # type: ignore[arg-type]


def make_series(
    cast: Cast, *, wanted: PlanDraft | None = None, rule: Recurrence | None = None, now: dt.datetime = NOW
) -> MaintenanceSeries:
    return create_series(
        draft=wanted or draft(),
        recurrence=rule or recurrence(),
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=now,
    )


def starts(series: MaintenanceSeries) -> list[dt.datetime]:
    rows = Maintenance.objects.filter(series=series, cancelled_at=None).order_by("planned_start")
    return [start for start in rows.values_list("planned_start", flat=True) if start is not None]


def weeks(count: int, *, first: int = 0) -> list[dt.datetime]:
    return [MONDAY + 7 * week * DAY for week in range(first, first + count)]


def test_weekly_window_is_in_the_calendar_for_ninety_days_and_one_more_each_week(cast: Cast) -> None:
    series = make_series(cast)
    assert starts(series) == weeks(13)
    assert (series.rule, JournalEntry.objects.filter(subject="maintenance_series").count()) == (
        "FREQ=WEEKLY;COUNT=52",
        1,
    )
    next_due = MONDAY + 13 * 7 * DAY - 90 * DAY
    assert tick(now=next_due - dt.timedelta(seconds=1)).planned == 0
    assert tick(now=next_due).planned == 1
    assert tick(now=next_due) == Counts()
    assert starts(series) == weeks(14)
    assert_invariants()


def test_last_times_are_planned_and_then_nothing_is_due_any_more(cast: Cast) -> None:
    series = make_series(cast, rule=recurrence("FREQ=WEEKLY;COUNT=14"))
    tick(now=NOW + 60 * DAY)
    series.refresh_from_db()
    assert (len(starts(series)), series.next_due_at) == (14, None)
    assert tick(now=NOW + 400 * DAY).planned == 0


def test_ticks_that_were_missed_for_months_lead_to_the_same_plans(cast: Cast) -> None:
    series = make_series(cast)
    late = NOW + 60 * DAY
    tick(now=late)
    assert starts(series) == [start for start in weeks(52) if start <= late + 90 * DAY]
    assert Maintenance.objects.open_at().count() == 0
    assert_invariants()


def test_times_that_were_over_before_anybody_planned_them_are_not_made_up(cast: Cast) -> None:
    series = make_series(cast)
    later = NOW + 200 * DAY
    tick(now=later)
    made = set(starts(series)) - set(weeks(13))
    assert made == {start for start in weeks(52) if later - 3 * HOUR < start <= later + 90 * DAY}


def test_first_time_is_planned_however_far_it_is(cast: Cast) -> None:
    series = make_series(cast, rule=recurrence("FREQ=YEARLY;COUNT=2", start=MONDAY + 200 * DAY))
    assert starts(series) == [MONDAY + 200 * DAY]
    tick(now=NOW + DAY)
    assert len(starts(series)) == 1


def test_times_run_and_end_as_other_plans_do(cast: Cast) -> None:
    series = make_series(cast)
    assert tick(now=MONDAY).opened == 1
    assert Maintenance.objects.open_at().get().series == series
    assert tick(now=MONDAY + 3 * HOUR).closed == 1
    assert_invariants()


def test_companies_are_told_of_the_series_once_and_not_of_each_time(cast: Cast) -> None:
    make_series(cast, wanted=draft("data_sync"))
    assert list(Notice.objects.values_list("kind", flat=True).distinct()) == ["series_announced"]
    notice = Notice.objects.get(recipient=cast.owner)
    assert (notice.context["rule_zh"], notice.context["numbers"]) == ("每周一 02:00–05:00（北京时间），共 52 次", 5)


def test_routine_series_tells_nobody(cast: Cast) -> None:
    make_series(cast)
    tick(now=MONDAY - DAY)
    tick(now=MONDAY + HOUR)
    assert Notice.objects.count() == 0


def test_series_has_its_own_effects(cast: Cast) -> None:
    effects = Effects(review_time_factor=Decimal("1.2"), defers=("number_change",))
    series = make_series(cast, wanted=draft(own_effects=effects))
    assert {Effects.of(row) for row in Maintenance.objects.filter(series=series)} == {effects}


def problems(cast: Cast, **arguments: object) -> Problems:
    with pytest.raises(PlanRefused) as refused:
        make_series(cast, **arguments)  # type: ignore[arg-type]
    assert MaintenanceSeries.objects.filter(created_at=NOW + HOUR).count() == 0
    return refused.value.problems


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        (recurrence("FREQ=WEEKLY"), "rule"),
        (recurrence("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"), "rule"),
        (recurrence("FREQ=DAILY;COUNT=3", hours=30), "rule"),
        (recurrence("FREQ=DAILY;COUNT=3", hours=0), "planned_end"),
        (recurrence(start=NOW - DAY), "planned_start"),
    ],
)
def test_series_with_a_mistake_is_refused_beside_its_field(cast: Cast, rule: Recurrence, field: str) -> None:
    assert list(problems(cast, rule=rule)) == [field]


def test_series_that_meets_a_plan_names_it_also_beyond_the_horizon(cast: Cast) -> None:
    far = MONDAY + 20 * 7 * DAY
    other = create_plan(
        draft=draft(start=far + HOUR), planner=cast.operations, actor=Actor.person(cast.operations), now=NOW
    )
    found = problems(cast)
    assert (found.other, other.ref in found["planned_start"]) == (other, True)


def test_plan_and_series_that_meet_a_series_name_it_also_beyond_the_horizon(cast: Cast) -> None:
    series = make_series(cast)
    far = MONDAY + 20 * 7 * DAY
    with pytest.raises(PlanRefused) as refused:
        create_plan(
            draft=draft(start=far + 2 * HOUR), planner=cast.operations, actor=Actor.person(cast.operations), now=NOW
        )
    assert refused.value.problems.other == series
    assert problems(cast, rule=recurrence("FREQ=WEEKLY;COUNT=2", start=far + 2 * HOUR)).other == series
    # At another time, or of another cause, it may be.
    make_series(cast, rule=recurrence("FREQ=WEEKLY;COUNT=30", start=MONDAY + 3 * HOUR))
    make_series(cast, wanted=draft("model_upgrade"))


def test_single_time_is_cancelled_alone_and_stays_so(cast: Cast) -> None:
    series = make_series(cast)
    second = Maintenance.objects.get(series=series, occurrence=weeks(2)[1])
    cancel_plan(plan=second, planner=cast.operations, actor=Actor.person(cast.operations), now=NOW, reason="改期")
    tick(now=NOW + 30 * DAY)
    assert second.planned_start not in starts(series)
    assert_invariants()


def test_series_ends_from_a_time_on_and_tells_once(cast: Cast) -> None:
    series = make_series(cast, wanted=draft("data_sync"))
    for _ in range(2):
        end_series(
            series=series,
            start=weeks(4)[3],
            planner=cast.operations,
            actor=Actor.person(cast.operations),
            now=NOW + DAY,
            reason="停止",
        )
    assert starts(series) == weeks(3)
    assert Notice.objects.filter(kind="series_ended").count() == 3
    assert not Notice.objects.filter(kind="plan_cancelled").exists()
    assert tick(now=NOW + 40 * DAY).planned == 0
    assert_invariants()


def test_series_changes_from_a_time_on_and_what_was_before_stays(cast: Cast) -> None:
    series = make_series(cast, wanted=draft("data_sync"))
    third = weeks(3)[2]
    after = change_series(
        series=series,
        start=third,
        draft=draft("data_sync", start=third + HOUR),
        recurrence=recurrence("FREQ=WEEKLY;COUNT=10", start=third + HOUR, hours=2),
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW + DAY,
        reason="改时间",
    )
    assert (starts(series), after.follows) == (weeks(2), series)
    assert starts(after) == [start + HOUR for start in weeks(10, first=2)]
    assert Notice.objects.filter(kind="series_changed").count() == 3
    assert Notice.objects.exclude(kind__in=["series_announced", "series_changed"]).count() == 0
    with pytest.raises(PlanMovedOn):
        change_series(
            series=series,
            start=third,
            draft=draft("data_sync"),
            recurrence=recurrence(),
            planner=cast.operations,
            actor=Actor.person(cast.operations),
            now=NOW + DAY,
            reason="x",
        )
    assert_invariants()


def test_change_that_is_refused_leaves_the_series_as_it_was(cast: Cast) -> None:
    series = make_series(cast)
    with pytest.raises(PlanRefused):
        change_series(
            series=series,
            start=weeks(3)[2],
            draft=draft(),
            recurrence=recurrence("FREQ=DAILY"),
            planner=cast.operations,
            actor=Actor.person(cast.operations),
            now=NOW + DAY,
            reason="x",
        )
    series.refresh_from_db()
    assert (series.ended_at, len(starts(series))) == (None, 13)


def test_only_planners_of_the_family_make_and_end_series(cast: Cast) -> None:
    series = make_series(cast)
    by = {"planner": cast.policy, "actor": Actor.person(cast.policy), "now": NOW}
    with pytest.raises(NotTheirs):
        create_series(draft=draft(start=MONDAY + DAY), recurrence=recurrence(start=MONDAY + DAY), **by)  # type: ignore[arg-type]
    with pytest.raises(NotTheirs):
        end_series(series=series, start=MONDAY, reason="x", **by)  # type: ignore[arg-type]


@pytest.mark.parametrize("count", [1, 3, 20])
def test_statements_do_not_grow_with_the_series(
    cast: Cast, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(count):
        make_series(cast, rule=recurrence(start=MONDAY + index * 4 * HOUR))
    with django_assert_num_queries(2):
        assert plan_due_times(now=NOW + 14 * DAY, actor=Actor.engine()) == 2 * count
    with django_assert_num_queries(1):
        assert plan_due_times(now=NOW + 14 * DAY, actor=Actor.engine()) == 0
