"""The check of a day beside the next day: in a process of its own, on a snapshot of the evening, on another core.

It answers each line of JSON on its standard input with two: that it has its snapshot, so that life can go on, and then
what it found.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
from collections.abc import Collection, Sequence
from contextlib import closing
from types import TracebackType
from typing import Any, Self

from django.conf import settings
from django.db import connection
from django.db.models import F

from accounts.companies import Company
from certification.maintenance.invariants import check_invariants, one_snapshot
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet
from portal.benchmarks.data import switch_to
from portal.simulation.database import keep_plans, parameters_apart, set_clock

#: What the other process runs.
PROGRAM = "import django, sys; django.setup(); from portal.simulation.checker import serve; serve(sys.argv[1])"
SEEN = "seen"
#: Into so many shares the numbers are divided where not all are looked at.
SHARES = 7
#: So many companies' calendars are read each day.
CALENDARS = 1


class Checker:
    """The other process; one check at a time."""

    def __init__(self, database: str) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, database],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=settings.BASE_DIR,
            env={**os.environ, "DJANGO_SETTINGS_MODULE": os.environ.get("DJANGO_SETTINGS_MODULE", "portal.settings")},
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, fault: BaseException | None, at: TracebackType | None) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()  # it ends when nothing more is asked
        try:
            self.process.wait(timeout=120)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    def ask(self, *, moment: dt.datetime, day: int, share: int | None, ages: Collection[int]) -> None:
        """Begin a check of everything as it is at this instant, and return as soon as that is held fast.

        `day`: its number, which says whose calendars I17 reads. `share`: which of the SHARES of the numbers I7 looks at;
        None: all of them. `ages` as in `check_invariants`.
        """
        assert self.process.stdin is not None
        question = {"moment": moment.isoformat(), "day": day, "share": share, "ages": list(ages)}
        self.process.stdin.write(json.dumps(question) + "\n")
        self.process.stdin.flush()
        if (answer := self.answer()) != SEEN:
            raise RuntimeError(f"the checker said {answer!r}")

    def answer(self) -> Any:
        """The next line that it says. Raises RuntimeError when it has ended instead."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError("the checker has ended; what stopped it stands above")
        return json.loads(line)


def numbers_of(share: int | None) -> PhoneNumberQuerySet:
    """Every number that is held, or one share of them."""
    held = PhoneNumber.objects.held()
    return held if share is None else held.alias(share=F("pk") % SHARES).filter(share=share)


def companies_of(day: int) -> Sequence[Company]:
    """CALENDARS companies, each day the next."""
    companies = Company.objects.order_by("pk")
    first = day * CALENDARS % companies.count()
    return list(companies[first : first + CALENDARS])


def say(value: Any) -> None:
    """One line of JSON."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False) + "\n")
    sys.stdout.flush()


def serve(database: str) -> None:
    """Answer until nothing more is asked."""
    switch_to(database)
    with parameters_apart(), closing(connection):
        keep_plans()
        for line in sys.stdin:
            question = json.loads(line)
            set_clock(dt.datetime.fromisoformat(question["moment"]))
            with one_snapshot():
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1")  # the snapshot is that of the first statement
                say(SEEN)
                report = check_invariants(
                    numbers=numbers_of(question["share"]),
                    ages=question["ages"],
                    companies=companies_of(question["day"]),
                )
            say({"checked": report.checked, "violations": report.violations})
