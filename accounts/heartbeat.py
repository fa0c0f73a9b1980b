"""The background queue's sign of life: a task that the queue runs each minute writes the one row."""

from __future__ import annotations

import datetime as dt
from typing import ClassVar

from django.db import models


class QueueHeartbeat(models.Model):
    """When the queue last did what it was asked to; the health page reads its age."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1)
    at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="queue_heartbeat_single_row")]

    def __str__(self) -> str:
        return str(self.at)


def beat(*, now: dt.datetime) -> None:
    """Note that the queue is alive at `now`."""
    QueueHeartbeat.objects.update_or_create(pk=1, defaults={"at": now})


def last_beat() -> dt.datetime | None:
    """When the queue last gave a sign of life; None before the first."""
    return QueueHeartbeat.objects.filter(pk=1).values_list("at", flat=True).first()
