"""Which figures there are, and how one is taken: the median of several runs, beside a reference of the same run."""

from __future__ import annotations

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from django.conf import settings
from django.db import connection, transaction

#: One row of the table and of var/bench.json: id, name, value, unit, reference, ratio, bar, pass.
Row = dict[str, Any]
Benchmark = Callable[[], list[Row]]

#: Every benchmark by the ids that it answers for, in the order in which it was declared.
BENCHMARKS: list[tuple[tuple[str, ...], Benchmark]] = []
#: A figure is the median of so many runs.
RUNS = 5


def benchmark(*ids: str) -> Callable[[Benchmark], Benchmark]:
    """Declare a function that measures the figures `ids`; it runs in the benchmark database."""

    def declare(function: Benchmark) -> Benchmark:
        BENCHMARKS.append((ids, function))
        return function

    return declare


def chosen(only: set[str]) -> list[Benchmark]:
    """The benchmarks that answer for one of `only`; all of them where it is empty."""
    return [function for ids, function in BENCHMARKS if not only or only & set(ids)]


@contextmanager
def undone() -> Iterator[None]:
    """Do what the block does, and take it back."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def milliseconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return (time.perf_counter() - start) * 1000


def median(work: Callable[[], object], *, before: Callable[[], object] | None = None, runs: int = RUNS) -> float:
    """The median of `runs` calls in milliseconds, each undone; `before` prepares each and is not counted. One call warms up."""
    taken = []
    for _ in range(runs + 1):
        with undone():
            if before is not None:
                before()
            taken.append(milliseconds(work))
    return statistics.median(taken[1:])


def alternating(
    works: dict[str, Callable[[], object]],
    *,
    before: dict[str, Callable[[], object]] | None = None,
    runs: int = RUNS * 3,
) -> dict[str, float]:
    """The median of each in milliseconds, each run undone; in turns, so that a slow moment of the machine strikes all alike.

    `before` is what is done first, unmeasured, for some of them.
    """
    taken: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(runs + 1):
        for name, work in works.items():
            with undone():
                if before is not None and name in before:
                    before[name]()
                taken[name].append(milliseconds(work))
    return {name: statistics.median(values[1:]) for name, values in taken.items()}


def statements(work: Callable[[], object], *, before: Callable[[], object] | None = None) -> int:
    """How many statements one call sends, undone afterwards."""
    count = 0

    def counting(execute: Any, sql: Any, params: Any, many: Any, context: Any) -> Any:
        nonlocal count
        count += 1
        return execute(sql, params, many, context)

    with undone():
        if before is not None:
            before()
        with connection.execute_wrapper(counting):
            work()
    return count


def row(name_id: str, name: str, *, value: float, reference: float, bar: float, unit: str = "ms") -> Row:
    """A figure that must be at most `bar` times its reference."""
    ratio = value / reference if reference else float("inf")
    return {
        "id": name_id,
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "reference": round(reference, 3),
        "ratio": round(ratio, 4),
        "bar": f"ratio <= {bar:g}",
        "pass": ratio <= bar,
    }


def limit(name_id: str, name: str, *, value: float, bar: float, unit: str) -> Row:
    """A figure that must be at most `bar` itself."""
    return {
        "id": name_id,
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "reference": None,
        "ratio": None,
        "bar": f"value <= {bar:g}",
        "pass": value <= bar,
    }


def own_installation() -> dict[str, str]:
    """The environment of an installation that only benchmarks use: `var/bench-demo`, with an embedded database of its own."""
    inherited = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "PORTAL_MODE"}}
    return {**inherited, "PORTAL_VAR": str(settings.VAR / "bench-demo")}
