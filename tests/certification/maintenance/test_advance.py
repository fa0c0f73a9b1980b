"""Companies hear of a plan 7 days and 1 day before it starts; each step once, of the date that holds."""

from __future__ import annotations

import datetime as dt

import pytest
from icalendar import Calendar

from accounts.journal import Actor
from accounts.mails import compose
from accounts.notices import Notice
from certification.maintenance.effects import Effects
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft, draft_of
from certification.maintenance.plans import cancel_plan, change_plan, create_plan
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def plan(cast: Cast, code: str = "data_sync", *, days: float = 10, **fields: object) -> Maintenance:
    start = NOW + days * DAY
    values: dict[str, object] = {
        "cause": MaintenanceCause.objects.get(code=code),
        "scope": "everything",
        "planned_start": start,
        "planned_end": start + 3 * DAY,
    }
    return create_plan(
        draft=PlanDraft(**{**values, **fields}),  # type: ignore[arg-type]
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW,
    )


def ahead(cast: Cast) -> list[int]:
    """How many days ahead the owner was told, in order."""
    rows = Notice.objects.filter(kind="plan_ahead", recipient=cast.owner).order_by("pk")
    return [notice.context["days_left"] for notice in rows]


def test_companies_are_told_seven_days_and_one_day_before_each_person_once(cast: Cast) -> None:
    plan(cast)
    assert tick(now=NOW + 3 * DAY - HOUR) == Counts()
    assert tick(now=NOW + 3 * DAY).sent == 3
    assert tick(now=NOW + 3 * DAY) == Counts()
    assert tick(now=NOW + 9 * DAY).sent == 3
    assert ahead(cast) == [7, 1]
    assert tick(now=NOW + 10 * DAY).opened == 1
    assert ahead(cast) == [7, 1]
    assert_invariants()


def test_plan_that_is_made_three_days_ahead_is_told_of_one_day_before_only(cast: Cast) -> None:
    plan(cast, days=3)
    tick(now=NOW)
    tick(now=NOW + 2 * DAY)
    assert ahead(cast) == [1]


def test_plan_that_nobody_feels_is_not_told_of(cast: Cast) -> None:
    plan(cast, "routine_window")
    tick(now=NOW + 9 * DAY)
    assert ahead(cast) == []


def test_routine_plan_with_effects_of_its_own_is_told_of(cast: Cast) -> None:
    plan(cast, "routine_window", own_effects=Effects(suspends_display=True))
    tick(now=NOW + 9 * DAY)
    assert ahead(cast) == [1]


def test_after_an_outage_only_the_latest_step_speaks_and_none_once_it_began(cast: Cast) -> None:
    plan(cast)
    plan(cast, "model_upgrade", days=8)
    tick(now=NOW + 9 * DAY + HOUR)
    assert ahead(cast) == [1]


def test_cancelled_plan_is_not_told_of(cast: Cast) -> None:
    row = plan(cast)
    cancel_plan(plan=row, planner=cast.operations, actor=Actor.person(cast.operations), now=NOW, reason="x")
    tick(now=NOW + 9 * DAY)
    assert ahead(cast) == []


def move(cast: Cast, row: Maintenance, *, days: float, now: dt.datetime) -> None:
    start = NOW + days * DAY
    draft = PlanDraft(
        cause=row.cause, scope=row.scope, planned_start=start, planned_end=start + DAY, own_effects=draft_of(row).own_effects,
        texts=draft_of(row).texts,
    )  # fmt: skip
    assert change_plan(
        plan=row, draft=draft, planner=cast.operations, actor=Actor.person(cast.operations), now=now, reason="改期"
    )


def test_moved_plan_tells_the_new_date_and_its_steps_again(cast: Cast) -> None:
    row = plan(cast)
    tick(now=NOW + 3 * DAY)
    move(cast, row, days=20, now=NOW + 4 * DAY)
    changed = Notice.objects.get(kind="plan_changed", recipient=cast.owner)
    assert (changed.context["what"], changed.context["planned_start"][:10]) == ("start", "2026-12-15")
    tick(now=NOW + 9 * DAY)
    assert ahead(cast) == [7]
    tick(now=NOW + 13 * DAY)
    tick(now=NOW + 19 * DAY)
    assert ahead(cast) == [7, 7, 1]
    assert_invariants()


def entry(notice: Notice) -> tuple[Calendar, dict[str, object]]:
    """The calendar in the notice's mail, and what its entry says."""
    (part,) = [part for part in compose(notice).message().walk() if part.get_content_type() == "text/calendar"]
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    calendar = Calendar.from_ical(payload)
    (event,) = calendar.walk("VEVENT")
    return calendar, {name: event.get(name) for name in ("UID", "SEQUENCE", "STATUS")} | {
        "start": event.decoded("DTSTART"),
        "end": event.decoded("DTEND"),
    }


def test_mails_carry_one_entry_whose_later_versions_replace_it(cast: Cast) -> None:
    row = plan(cast)
    tick(now=NOW + 3 * DAY)
    move(cast, row, days=20, now=NOW + 4 * DAY)
    row.refresh_from_db()
    cancel_plan(plan=row, planner=cast.operations, actor=Actor.person(cast.operations), now=NOW + 5 * DAY, reason="x")
    said = []
    for kind in ("plan_announced", "plan_ahead", "plan_changed", "plan_cancelled"):
        calendar, event = entry(Notice.objects.get(kind=kind, recipient=cast.owner))
        assert calendar["METHOD"] == "PUBLISH"
        said.append(event)
    assert len({str(event["UID"]) for event in said}) == 1
    sequences = [int(str(event["SEQUENCE"])) for event in said]
    assert sequences[0] == sequences[1] < sequences[2] < sequences[3]
    assert [str(event["STATUS"]) for event in said] == ["CONFIRMED"] * 3 + ["CANCELLED"]
    assert (said[0]["start"], said[2]["start"]) == (NOW + 10 * DAY, NOW + 20 * DAY)


@pytest.mark.parametrize("days", [0.5, 1, 7])
def test_plan_within_a_step_is_announced_only(cast: Cast, days: float) -> None:
    plan(cast, days=days)
    tick(now=NOW)
    assert ahead(cast) == []
