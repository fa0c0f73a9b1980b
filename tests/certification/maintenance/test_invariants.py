"""The checker itself: what it must not hold against a portal that is right."""

from __future__ import annotations

import datetime as dt

from accounts.journal import Actor
from certification.maintenance.engine import tick
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.maintenance.plans import end_plan
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import Material
from tests.cast import NOW, Cast


def violated(invariant: str) -> list[dict[str, str]]:
    """What the invariant says is wrong."""
    return [row for row in check_invariants(from_the_start=False).violations if row["invariant"] == invariant]


def of_requirements() -> list[dict[str, str]]:
    """What I1 says is wrong."""
    return violated("I1")


def test_company_that_was_settled_after_the_last_tick_is_left_to_the_next(cast: Cast) -> None:
    licence = Material.objects.get(company=cast.clinic, kind__code="medical_practice_licence")
    Material.objects.filter(pk=licence.pk).update(expires_on=NOW.date() + dt.timedelta(days=1), is_long_term=False)
    tick(now=NOW)
    assert of_requirements() == []
    # No tick for three days; a decision about another of its documents settles the company meanwhile.
    reconcile_requirements(now=NOW + dt.timedelta(days=3), actor=Actor.engine(), company_id=cast.clinic.pk)
    opened = Maintenance.objects.open_at().filter(company=cast.clinic)
    assert opened.count() == 1
    assert of_requirements() == []
    tick(now=NOW + dt.timedelta(days=3, hours=1))
    assert of_requirements() == []
    opened.delete()
    assert len(of_requirements()) == 1


def test_plan_whose_way_was_cleared_after_the_last_tick_is_left_to_the_next(cast: Cast) -> None:
    cause = MaintenanceCause.objects.get(code="model_upgrade")

    def plan(start: dt.datetime, days: int, *, by_plan: bool) -> Maintenance:
        return Maintenance.objects.create(
            cause=cause, scope=Scope.EVERYTHING, planned_start=start, planned_end=start + dt.timedelta(days=days),
            ends_by_plan=by_plan, created_at=start - dt.timedelta(days=9), planned_by=cast.operations,
        )  # fmt: skip

    first = plan(NOW, 2, by_plan=False)
    second = plan(NOW + dt.timedelta(days=2), 3, by_plan=True)
    tick(now=NOW)
    tick(now=NOW + dt.timedelta(days=3))  # the first overruns, the second waits for it
    assert violated("I3") == []
    ended = NOW + dt.timedelta(days=3, hours=1)
    end_plan(
        plan=first,
        achieved_zh="",
        achieved_en="",
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=ended,
    )
    assert violated("I3") == []  # no tick since
    tick(now=ended + dt.timedelta(minutes=1))
    second.refresh_from_db()
    assert second.opened_at == ended + dt.timedelta(minutes=1)
    assert violated("I3") == []
    Maintenance.objects.filter(pk=second.pk).update(opened_at=None, held_since=None)
    assert len(violated("I3")) == 1
