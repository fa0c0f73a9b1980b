"""`manage.py simulate`: live through a year in a database of its own and check every invariant after each day."""

from __future__ import annotations

import json
import time
from argparse import ArgumentParser
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from portal.simulation.database import AnotherRuns
from portal.simulation.run import simulate


class Command(BaseCommand):
    help = "Live through so many days with a virtual clock, in a database beside the configured one; exit 1 when an invariant breaks."
    #: Called with each day's number before its check.
    after_day: Callable[[int], None] | None = None

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--days", type=int, default=365)
        parser.add_argument("--companies", type=int, default=500)
        parser.add_argument("--numbers", type=int, default=20_000, help="certified numbers on the first day")
        parser.add_argument("--seed", type=int, default=1, help="the same seed gives the same run")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        parser.add_argument("--keep", action="store_true", help="leave the simulation's database behind for a look")

    def handle(self, *args: Any, **options: Any) -> None:
        days, companies, numbers = options["days"], options["companies"], options["numbers"]
        if min(days, companies) < 1 or numbers < companies:
            self.stderr.write("At least one day and one company, and as many numbers as companies.")
            raise SystemExit(2)
        began = time.monotonic()
        try:
            outcome = simulate(
                days=days,
                companies=companies,
                numbers=numbers,
                seed=options["seed"],
                keep=options["keep"],
                after_day=self.after_day,
            )
        except AnotherRuns as clash:
            self.stderr.write("Another simulation is running in this database server. Let it end, or stop it.")
            raise SystemExit(2) from clash
        if options["json"]:
            self.stdout.write(json.dumps(asdict(outcome), ensure_ascii=False))
        else:
            for name, count in outcome.counts.items():
                self.stdout.write(f"{name:<44} {count:>10,}")
            for invariant, rows in outcome.checked.items():
                self.stdout.write(f"{invariant:<44} {rows:>10,} rows checked")
            seconds = time.monotonic() - began
            self.stdout.write(f"{outcome.lived} of {days} days in {seconds:.0f} s")
            for violation in outcome.violations[:1]:
                self.stdout.write(
                    f"BROKEN on day {violation['day']} ({violation['date']}): {violation['invariant']}: {violation['what']}"
                )
        if outcome.violations:
            raise SystemExit(1)
