"""Planned maintenance: made, moved, cancelled, ended by people; started and ended by the engine; told once."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from decimal import Decimal

import pytest

from accounts.companies import Company, Industry
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from accounts.users import User
from certification.maintenance.effects import Effects
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.past import recall_maintenance
from certification.maintenance.plan_drafts import PlanDraft, PlanRefused, draft_of, problems_of
from certification.maintenance.plans import (
    NotTheirs,
    PlanMovedOn,
    cancel_plan,
    causes_for,
    change_plan,
    create_plan,
    end_plan,
    move_end,
    post_update,
)
from certification.maintenance.status import counts_by_status
from certification.numbers.models import PhoneNumber, Provider
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def draft(code: str = "data_sync", *, start: dt.datetime = NOW + DAY, days: int = 3, **fields: object) -> PlanDraft:
    """A plan that covers everything, unless told otherwise."""
    values: dict[str, object] = {
        "cause": MaintenanceCause.objects.get(code=code),
        "scope": "everything",
        "planned_start": start,
        "planned_end": start + days * DAY,
    }
    return PlanDraft(**{**values, **fields})  # type: ignore[arg-type]


def plan(planner: User, wanted: PlanDraft | None = None, *, now: dt.datetime = NOW) -> Maintenance:
    return create_plan(draft=wanted or draft(), planner=planner, actor=Actor.person(planner), now=now)


def start_of(row: Maintenance) -> dt.datetime:
    assert row.planned_start is not None
    return row.planned_start


def end_of(row: Maintenance) -> dt.datetime:
    assert row.planned_end is not None
    return row.planned_end


def told(kind: str) -> set[str]:
    return set(Notice.objects.filter(kind=kind).values_list("recipient__name", flat=True))


def test_plan_copies_effects_journals_and_tells_responsible_people_once(cast: Cast) -> None:
    row = plan(cast.operations)
    assert (row.suspends_display, row.defers, row.planned_by) == (True, ["number_change"], cast.operations)
    assert list(JournalEntry.objects.values_list("aspect", "before", "after")) == [("state", "", "planned")]
    assert told("plan_announced") == {"owner", "admin", "stranger"}
    notice = Notice.objects.get(kind="plan_announced", recipient=cast.owner)
    assert (notice.context["numbers"], notice.context["maintenance"]) == (5, row.ref)


def test_plan_that_nobody_feels_tells_nobody(cast: Cast) -> None:
    plan(cast.operations, draft("routine_window"))
    assert Notice.objects.count() == 0


def test_plan_covers_only_its_scope(cast: Cast) -> None:
    medical = Industry.objects.get(code="medical")
    row = plan(cast.policy, draft("temporary_policy", scope="industry", industry=medical))
    assert told("plan_announced") == {"owner", "admin"}
    tick(now=start_of(row))
    assert counts_by_status(PhoneNumber.objects.all()) == {"maintenance": 5}


def test_plan_starts_runs_and_ends_by_itself(cast: Cast) -> None:
    row = plan(cast.operations)
    assert tick(now=start_of(row) - dt.timedelta(seconds=1)).opened == 0
    started = tick(now=start_of(row))
    assert (started.opened, started.sent) == (1, 3)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"maintenance": 5}
    ended = tick(now=end_of(row))
    assert (ended.closed, ended.sent) == (1, 3)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"certified": 5}
    assert_invariants()


def test_plan_ended_by_hand_overruns_and_tells_staff_once(cast: Cast) -> None:
    row = plan(cast.operations, draft(ends_by_plan=False))
    tick(now=start_of(row))
    counts = tick(now=end_of(row))
    assert (counts.closed, counts.overrunning, counts.sent) == (0, 1, 1)
    assert told("plan_overrunning") == {"operations"}
    assert tick(now=end_of(row) + HOUR).overrunning == 0
    late = end_of(row) + DAY
    end_plan(
        plan=row,
        achieved_zh="误标率 12% 降至 6%",
        achieved_en="",
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=late,
    )
    row.refresh_from_db()
    assert (row.closed_at, row.achieved_zh) == (late, "误标率 12% 降至 6%")
    assert_invariants()


def test_plans_that_came_and_went_while_ticks_were_missed_all_open_and_close_at_one_tick(cast: Cast) -> None:
    first = plan(cast.operations, draft(days=1))
    second = plan(cast.operations, draft(start=NOW + 3 * DAY, days=1))
    running = plan(cast.operations, draft(start=NOW + 5 * DAY, days=9))
    counts = tick(now=NOW + 6 * DAY)
    assert (counts.opened, counts.closed) == (3, 2)
    assert tick(now=NOW + 6 * DAY).as_dict() == dict.fromkeys(counts.as_dict(), 0)
    for row in (first, second, running):
        row.refresh_from_db()
    assert [first.is_open, second.is_open, running.is_open] == [False, False, True]
    assert (running.held_since, running.opened_at) == (NOW + 5 * DAY, NOW + 6 * DAY)
    assert_invariants()


def test_moving_the_end_tells_each_change_once_and_stops_overrunning(cast: Cast) -> None:
    row = plan(cast.operations, draft(ends_by_plan=False))
    tick(now=end_of(row))
    row.refresh_from_db()
    assert row.overrunning_since is not None
    now, end = end_of(row) + HOUR, end_of(row) + 2 * DAY
    for _ in range(2):
        move_end(
            plan=row,
            planned_end=end,
            planner=cast.operations,
            actor=Actor.person(cast.operations),
            now=now,
            reason="延期",
        )
    row.refresh_from_db()
    assert (end_of(row), row.expected_until) == (end, end)
    assert not Maintenance.objects.filter(overrunning_since__isnull=False).exists()
    assert Notice.objects.filter(kind="plan_changed").count() == 3
    with pytest.raises(PlanRefused):
        move_end(
            plan=row, planned_end=now, planner=cast.operations, actor=Actor.person(cast.operations), now=now, reason="x"
        )


def test_cancelled_plan_never_starts_and_cancelling_twice_is_once(cast: Cast) -> None:
    row = plan(cast.operations)
    for _ in range(2):
        cancel_plan(plan=row, planner=cast.operations, actor=Actor.person(cast.operations), now=NOW, reason="改期")
    assert told("plan_cancelled") == {"owner", "admin", "stranger"}
    assert JournalEntry.objects.filter(after="cancelled").count() == 1
    assert tick(now=start_of(row)).opened == 0
    assert_invariants()


def test_started_plan_cannot_be_cancelled(cast: Cast) -> None:
    row = plan(cast.operations)
    tick(now=start_of(row))
    with pytest.raises(PlanMovedOn):
        cancel_plan(
            plan=row, planner=cast.operations, actor=Actor.person(cast.operations), now=start_of(row), reason="x"
        )


def test_same_update_twice_at_once_is_one(cast: Cast) -> None:
    row = plan(cast.operations)
    for _ in range(2):
        post_update(
            plan=row,
            text_zh="进展顺利",
            text_en="",
            planner=cast.operations,
            actor=Actor.person(cast.operations),
            now=NOW,
        )
    assert row.updates.count() == 1


@pytest.mark.parametrize(
    ("person", "codes"),
    [
        ("operations", {"routine_window", "model_upgrade", "data_sync"}),
        ("policy", {"regulatory_material", "temporary_policy", "standard_overhaul"}),
        ("lead", set()),
        ("auditor", set()),
    ],
)
def test_each_role_plans_its_family_only(cast: Cast, person: str, codes: set[str]) -> None:
    assert set(causes_for(getattr(cast, person)).values_list("code", flat=True)) == codes


def test_plan_of_another_family_is_refused(cast: Cast) -> None:
    with pytest.raises(NotTheirs):
        plan(cast.operations, draft("standard_overhaul"))
    row = plan(cast.operations)
    with pytest.raises(NotTheirs):
        cancel_plan(plan=row, planner=cast.policy, actor=Actor.person(cast.policy), now=NOW, reason="x")


@pytest.mark.parametrize(
    ("wanted", "field"),
    [
        ({"days": 0}, "planned_end"),
        ({"days": -1}, "planned_end"),
        ({"start": NOW - HOUR}, "planned_start"),
        ({"scope": "provider"}, "provider"),
        ({"scope": "industry"}, "industry"),
        ({"scope": "company"}, "company"),
    ],
)
def test_problem_is_named_beside_its_field(cast: Cast, wanted: dict[str, object], field: str) -> None:
    assert list(problems_of(draft=draft(**wanted), now=NOW)) == [field]  # type: ignore[arg-type]


def test_scope_that_covers_nobody_is_refused(cast: Cast) -> None:
    education = Industry.objects.get(code="education")
    third_party = Provider.objects.get(code="third_party")
    assert list(problems_of(draft=draft(scope="industry", industry=education), now=NOW)) == ["scope"]
    assert list(problems_of(draft=draft(scope="provider", provider=third_party), now=NOW)) == ["scope"]


def test_overlap_with_the_same_cause_and_scope_names_the_other(cast: Cast) -> None:
    row = plan(cast.operations)
    with pytest.raises(PlanRefused) as refused:
        plan(cast.operations, draft(start=NOW + 2 * DAY))
    assert row.ref in refused.value.problems["planned_start"]
    plan(cast.operations, draft(start=end_of(row)))  # the next begins where this one ends
    plan(cast.operations, draft("model_upgrade", start=NOW + 2 * DAY))  # another cause
    shop = Company.objects.get(pk=cast.shop.pk)
    plan(cast.operations, draft(start=NOW + 2 * DAY, scope="company", company=shop))  # another scope


def test_changed_plan_is_read_back_as_it_was(cast: Cast) -> None:
    row = plan(cast.operations, draft(texts={"title_zh": "旧标题", "message_zh": "长" * 300}))
    before = draft_of(row)
    wanted = draft(
        start=NOW + 4 * DAY,
        texts={"title_zh": "新标题", "title_en": "", "message_zh": "短", "message_en": ""},
        own_effects=Effects(review_time_factor=Decimal("1.25"), defers=("appeal", "material")),
        ends_by_plan=False,
    )
    by = {"planner": cast.operations, "actor": Actor.person(cast.operations), "reason": "改"}
    assert change_plan(plan=row, draft=wanted, now=NOW + HOUR, **by)  # type: ignore[arg-type]
    assert not change_plan(plan=row, draft=wanted, now=NOW + 2 * HOUR, **by)  # type: ignore[arg-type]
    assert told("plan_changed") == {"owner", "admin", "stranger"}
    assert Notice.objects.filter(kind="plan_changed").count() == 3
    row = Maintenance.objects.select_related("cause").get(pk=row.pk)
    assert draft_of(row) == replace(wanted, cause=row.cause)
    recall_maintenance([row], at=NOW)
    assert draft_of(row) == before
    assert_invariants()


def test_plan_that_has_started_keeps_its_start_and_effects(cast: Cast) -> None:
    row = plan(cast.operations)
    tick(now=start_of(row))
    wanted = draft(start=NOW + 2 * DAY, own_effects=Effects(), texts={"title_zh": "新标题"})
    by = {"planner": cast.operations, "actor": Actor.person(cast.operations), "reason": "改"}
    was = start_of(row)
    assert change_plan(plan=row, draft=wanted, now=was + HOUR, **by)  # type: ignore[arg-type]
    row.refresh_from_db()
    assert (row.planned_start, row.suspends_display, row.title_zh, row.planned_end) == (
        was,
        True,
        "新标题",
        NOW + 5 * DAY,
    )
    assert_invariants()


def test_company_is_told_when_it_no_longer_feels_a_plan(cast: Cast) -> None:
    row = plan(cast.operations)
    by = {"planner": cast.operations, "actor": Actor.person(cast.operations), "reason": "改"}
    change_plan(plan=row, draft=draft(own_effects=Effects()), now=NOW + HOUR, **by)  # type: ignore[arg-type]
    assert told("plan_changed") == {"owner", "admin", "stranger"}
