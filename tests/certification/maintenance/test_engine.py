"""The engine: what opens, closes, expires, lapses; once, whenever it is asked."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance
from certification.maintenance.reconcile import reconcile_requirements
from certification.maintenance.status import counts_by_status
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber
from tests.cast import NOW, Cast, make_material

NOTHING = Counts()


def expire(cast: Cast, kind: str, last_day: dt.date) -> Material:
    """Give the clinic's material of this kind a last valid day."""
    Material.objects.filter(company=cast.clinic, kind__code=kind).update(is_long_term=False, expires_on=last_day)
    return Material.objects.get(company=cast.clinic, kind__code=kind)


def test_tick_with_nothing_due_does_nothing(cast: Cast) -> None:
    assert tick(now=NOW) == NOTHING
    assert JournalEntry.objects.count() == 0


def test_look_that_finds_no_difference_plans_none_of_the_statements_that_change_it(cast: Cast) -> None:
    parts = ("WITH unmet AS", "reviewpause", "WITH lacking AS", "lapsed AS")
    with CaptureQueriesContext(connection) as idle:
        reconcile_requirements(now=NOW, actor=Actor.engine(), company_id=cast.clinic.pk)
    large = [query["sql"] for query in idle if "INSERT INTO" in query["sql"]]
    assert large == []
    assert len(idle) == 5  # the turn, the engine's moment, and one question per step
    assert [sum(part in query["sql"] for query in idle) for part in parts] == [1, 1, 0, 0]


def test_licence_holds_through_its_last_day_and_stops_at_local_midnight(cast: Cast) -> None:
    expire(cast, "medical_practice_licence", dt.date(2026, 11, 30))
    midnight = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    assert tick(now=midnight - dt.timedelta(seconds=1)).opened == 0
    counts = tick(now=midnight)
    assert (counts.opened, counts.closed, counts.sent) == (1, 0, 2)
    row = Maintenance.objects.get()
    assert (row.cause.code, row.company, row.opened_at, row.held_since) == (
        "material_expired",
        cast.clinic,
        midnight,
        midnight,
    )
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"maintenance": 5}
    assert tick(now=midnight) == NOTHING
    assert JournalEntry.objects.filter(subject="maintenance").count() == 1
    assert {notice.recipient for notice in Notice.objects.filter(kind="maintenance_opened")} == {cast.owner, cast.admin}


def test_new_version_closes_what_was_open(cast: Cast) -> None:
    old = expire(cast, "medical_practice_licence", dt.date(2026, 11, 23))
    assert tick(now=NOW).opened == 1
    old.state = "replaced"
    old.save()
    make_material(cast.clinic, "medical_practice_licence", by=cast.owner, expires_on=dt.date(2027, 11, 23))
    counts = tick(now=NOW + dt.timedelta(minutes=1))
    assert (counts.opened, counts.closed, counts.sent) == (0, 1, 2)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"certified": 5}


@pytest.mark.parametrize("late", [dt.timedelta(0), dt.timedelta(days=7)])
def test_missed_ticks_open_late_and_remember_since_when_it_holds(cast: Cast, late: dt.timedelta) -> None:
    expire(cast, "medical_practice_licence", dt.date(2026, 11, 30))
    midnight = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    tick(now=midnight + late)
    row = Maintenance.objects.get()
    assert (row.opened_at, row.held_since) == (midnight + late, midnight)
