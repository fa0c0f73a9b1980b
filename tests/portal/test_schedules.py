"""What the queue runs by itself, and the sign of life that it gives."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO

import pytest
from django.core.management import call_command
from django.utils.module_loading import import_string
from django_q.models import Schedule

from accounts.heartbeat import beat
from portal.health import readiness
from portal.schedules import JOBS, Job, Synchronised, synchronise
from tests.cast import NOW

pytestmark = pytest.mark.django_db
MINUTE = dt.timedelta(minutes=1)


def rows() -> list[tuple[object, ...]]:
    return sorted(Schedule.objects.values_list("name", "func", "schedule_type", "minutes", "repeats", "next_run"))


def test_schedules_become_those_declared() -> None:
    assert synchronise(now=NOW) == Synchronised(created=len(JOBS))

    assert {(name, func) for name, func, *_rest in rows()} == {(job.name, job.task) for job in JOBS}
    for job in JOBS:
        assert callable(import_string(job.task))


def test_synchronising_twice_changes_nothing() -> None:
    synchronise(now=NOW)
    before = rows()

    assert synchronise(now=NOW + 90 * MINUTE) == Synchronised()
    assert rows() == before


def test_undeclared_and_doubled_schedules_go_and_changed_ones_are_corrected() -> None:
    synchronise(now=NOW)
    Schedule.objects.create(name="old job", func="gone.task", schedule_type=Schedule.HOURLY)
    Schedule.objects.create(name="tick", func="certification.tasks.tick", schedule_type=Schedule.HOURLY)
    Schedule.objects.filter(name="seal journal").update(minutes=99)

    assert synchronise(now=NOW) == Synchronised(updated=1, deleted=2)
    assert Schedule.objects.get(name="seal journal").minutes == 5
    assert Schedule.objects.count() == len(JOBS)


def test_what_is_planned_for_one_time_is_left_alone() -> None:
    Schedule.objects.create(func="accounts.late_mails.send_again", schedule_type=Schedule.ONCE)

    synchronise(now=NOW)

    assert Schedule.objects.filter(schedule_type=Schedule.ONCE).count() == 1


def test_daily_job_runs_at_its_hour_of_the_portals_zone() -> None:
    job = Job("nightly", "accounts.tasks.beat", daily_at=dt.time(3, 30))
    synchronise(now=NOW, jobs=(job,))  # 11:00 in Shanghai

    assert Schedule.objects.get().next_run == dt.datetime(2026, 11, 25, 19, 30, tzinfo=dt.UTC)


def test_command_prints_what_it_changed() -> None:
    output = StringIO()
    call_command("sync_schedules", "--json", stdout=output)

    assert json.loads(output.getvalue()) == {"created": len(JOBS), "updated": 0, "deleted": 0}


def test_queue_is_well_while_its_heart_beats() -> None:
    assert readiness(NOW)["queue"] == {"ok": False, "age": None, "waiting": 0}
    beat(now=NOW - MINUTE)
    assert readiness(NOW)["queue"] == {"ok": True, "age": 60.0, "waiting": 0}
    assert readiness(NOW + 10 * MINUTE)["queue"]["ok"] is False
