"""What the queue runs by itself, and when: declared here, brought into the database by `manage.py sync_schedules`."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import connection, transaction
from django_q.models import Schedule


@dataclass(frozen=True)
class Job:
    """One task that recurs: every so many minutes, or daily at an hour of the portal's zone."""

    name: str
    task: str
    minutes: int | None = None
    daily_at: dt.time | None = None


JOBS: tuple[Job, ...] = (
    Job("tick", "certification.tasks.tick", minutes=1),
    Job("deliver notices", "accounts.tasks.deliver_notices", minutes=1),
    Job("queue heartbeat", "accounts.tasks.beat", minutes=1),
    Job("sample statuses", "certification.tasks.sample_statuses", minutes=60),
    Job("close expedites", "appeals.tasks.close_expedites", minutes=1),
    Job("seal journal", "accounts.tasks.seal_journal", minutes=5),
    Job("sweep files", "certification.tasks.sweep_files", minutes=60),
    Job("sweep imports", "certification.numbers.tasks.sweep_imports", minutes=5),
    Job("sweep exports", "certification.numbers.tasks.sweep_exports", minutes=5),
    Job("sweep complaint imports", "appeals.tasks.sweep_complaint_imports", minutes=5),
    Job("sweep mark imports", "appeals.tasks.sweep_mark_imports", minutes=5),
    Job("match complaints", "appeals.tasks.match_complaints", minutes=10),
    Job("match marks", "appeals.tasks.match_marks", minutes=10),
    Job("decision figures", "certification.tasks.keep_decision_figures", daily_at=dt.time(0, 40)),
    Job("clear sessions", "accounts.tasks.clear_sessions", daily_at=dt.time(3, 30)),
)


@dataclass
class Synchronised:
    """What a synchronisation changed."""

    created: int = 0
    updated: int = 0
    deleted: int = 0


@transaction.atomic
def synchronise(*, now: dt.datetime, jobs: tuple[Job, ...] = JOBS) -> Synchronised:
    """Make the queue's schedules those declared: create, correct and delete; doing it twice changes nothing.

    A job that stays as it is keeps its next moment; what is planned for one time only is left alone. Two at once take
    turns.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"LOCK TABLE {Schedule._meta.db_table} IN SHARE ROW EXCLUSIVE MODE")
    done = Synchronised()
    present: dict[str, Schedule] = {}
    for schedule in Schedule.objects.exclude(schedule_type=Schedule.ONCE).order_by("pk"):
        if schedule.name in {job.name for job in jobs} and schedule.name not in present:
            present[schedule.name] = schedule
        else:
            schedule.delete()
            done.deleted += 1
    for job in jobs:
        wanted = wanted_fields(job)
        schedule = present.get(job.name)
        if schedule is None:
            Schedule.objects.create(name=job.name, next_run=first_run(job, now), **wanted)
            done.created += 1
        elif any(getattr(schedule, field) != value for field, value in wanted.items()):
            Schedule.objects.filter(pk=schedule.pk).update(next_run=first_run(job, now), **wanted)
            done.updated += 1
    return done


def wanted_fields(job: Job) -> dict[str, object]:
    """The columns of a job's row, without its next moment."""
    return {
        "func": job.task,
        "args": None,
        "kwargs": None,
        "hook": None,
        "schedule_type": Schedule.MINUTES if job.minutes else Schedule.DAILY,
        "minutes": job.minutes,
        "repeats": -1,
        "cron": None,
        "cluster": None,
    }


def first_run(job: Job, now: dt.datetime) -> dt.datetime:
    """At once for what recurs in minutes, else the next time that the hour comes."""
    if job.daily_at is None:
        return now
    zone = ZoneInfo(settings.TIME_ZONE)
    today = dt.datetime.combine(now.astimezone(zone).date(), job.daily_at, zone)
    return today if today > now else today + dt.timedelta(days=1)
