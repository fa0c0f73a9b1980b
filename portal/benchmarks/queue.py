"""P11: how fast the queue takes up a task, and how many it works off, with the settings of the portal.

Runs a cluster of its own against the database that the settings name; no other cluster may work there meanwhile.
"""

from __future__ import annotations

import json
import os
import signal
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction
from django_q.models import OrmQ
from django_q.tasks import async_task

from portal.benchmarks.registry import Row, benchmark, limit, own_installation

#: Tasks of one drain, and single tasks timed from being asked for to being started.
DRAINED = 2000
TIMED = 60
#: Seconds after which something is wrong.
PATIENCE = 120
STARTS = "benchmark_task_start"


def nothing() -> None:
    """A task that does nothing: what remains is the queue's own work."""


def note_start(number: int) -> None:
    """A task that notes when it was started, by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute(f"UPDATE {STARTS} SET started_at = clock_timestamp() WHERE number = %s", [number])  # noqa: S608


def measure_queue(*, drained: int = DRAINED, timed: int = TIMED) -> dict[str, float]:
    """Start a cluster, time `timed` single tasks and the drain of `drained` empty ones; stop it again.

    Returns `p95_seconds` (asked for until started) and `drained_per_second`. Raises TimeoutError when tasks are not
    worked off.
    """
    OrmQ.objects.all().delete()
    with connection.cursor() as cursor:
        cursor.execute(f"DROP TABLE IF EXISTS {STARTS}")
        cursor.execute(f"CREATE TABLE {STARTS} (number int PRIMARY KEY, asked_at timestamptz, started_at timestamptz)")
    try:
        with cluster():
            time_one(0)  # the cluster is up when this returns
            waits = [time_one(number) for number in range(1, timed + 1)]
            rate = time_drain(drained)
    finally:
        with connection.cursor() as cursor:
            cursor.execute(f"DROP TABLE IF EXISTS {STARTS}")
    return {"p95_seconds": statistics.quantiles(waits, n=20)[-1], "drained_per_second": rate}


@contextmanager
def cluster() -> Iterator[subprocess.Popen[bytes]]:
    """A running cluster, stopped at the end; its tasks see the database of this process."""
    environment = {**os.environ, "PORTAL_BENCHMARK": "1"}
    process = subprocess.Popen(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "qcluster"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        yield process
    finally:
        process.send_signal(signal.SIGTERM)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


def time_one(number: int) -> float:
    """Ask for one task in a quiet queue and wait until it was started; seconds in between."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(f"INSERT INTO {STARTS} VALUES (%s, clock_timestamp(), NULL)", [number])  # noqa: S608
        async_task("portal.benchmarks.queue.note_start", number)
    waited = wait_for(
        f"SELECT extract(epoch FROM started_at - asked_at) FROM {STARTS} WHERE number = {int(number)} AND started_at IS NOT NULL"  # noqa: S608
    )
    return float(waited)


def time_drain(count: int) -> float:
    """Put `count` empty tasks into the queue at once and wait until it is empty; tasks per second."""
    with transaction.atomic():
        for _ in range(count):
            async_task("portal.benchmarks.queue.nothing")
    started = time.monotonic()
    wait_for(f"SELECT 1 WHERE NOT EXISTS (SELECT FROM {OrmQ._meta.db_table})")  # noqa: S608
    return count / (time.monotonic() - started)


def wait_for(query: str) -> Any:
    """The query's first value, as soon as it has a row."""
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline:
        with connection.cursor() as cursor:
            cursor.execute(query)
            row = cursor.fetchone()
        if row is not None:
            return row[0]
        time.sleep(0.01)
    raise TimeoutError(f"The queue did not get there within {PATIENCE} seconds.")


@benchmark("P11")
def queue() -> list[Row]:
    """From asking for a task to its start, and how fast empty tasks drain; in an installation of its own."""
    manage = str(settings.BASE_DIR / "manage.py")
    environment = own_installation()
    subprocess.run(
        [sys.executable, manage, "migrate", "-v", "0"], env=environment, check=True, stdout=subprocess.DEVNULL
    )
    measure = "import json; from portal.benchmarks.queue import measure_queue; print(json.dumps(measure_queue()))"
    done = subprocess.run(
        [sys.executable, manage, "shell", "-v", "0", "-c", measure],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    figures = json.loads(done.stdout.strip().splitlines()[-1])
    per_task = 1000 / figures["drained_per_second"]
    return [
        limit(
            "P11", "asked for until started, 95th percentile", value=figures["p95_seconds"] * 1000, bar=1000, unit="ms"
        ),
        limit("P11", "one empty task of a drain (4 ms: 250 a second)", value=per_task, bar=4, unit="ms"),
    ]
