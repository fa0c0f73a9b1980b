"""Tasks that the queue takes up at a moment of their own, to the second.

The queue's own schedules are looked at twice a minute, which is too coarse for "in thirty seconds", and a task that
sleeps would keep a worker from everybody else. With the database as broker a task is a row that workers leave alone
until its `lock` has passed; one written with a lock ahead waits by itself, costs nothing meanwhile, and is committed or
rolled back with the change that asked for it.
"""

from __future__ import annotations

import datetime as dt

from django_q.brokers import get_broker
from django_q.brokers.orm import ORM
from django_q.conf import Conf
from django_q.models import Schedule
from django_q.tasks import async_task


class Waiting(ORM):
    """The database as broker, for one task that waits until `at`."""

    def __init__(self, at: dt.datetime) -> None:
        super().__init__()
        self.at = at

    def enqueue(self, task: str) -> int:
        """Write the task's row."""
        row = self.get_connection().create(key=self.list_key or Conf.CLUSTER_NAME, payload=task, lock=self.at)
        return int(row.pk)


def run_at(task: str, *, at: dt.datetime, group: str) -> None:
    """Ask the queue to run `task` (its dotted name) at `at`, in the caller's transaction.

    With another broker than the database it is a schedule, which comes up to half a minute late: whatever is asked for
    here must also be found by the tick.
    """
    if isinstance(get_broker(), ORM):
        async_task(task, group=group, broker=Waiting(at))
    else:
        Schedule.objects.create(func=task, schedule_type=Schedule.ONCE, next_run=at)
