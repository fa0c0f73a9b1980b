"""`manage.py check_invariants`: whether everything that must always hold does; reads only, exit code 1 when not."""

from __future__ import annotations

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand

from certification.maintenance.invariants import check_invariants, random_numbers


class Command(BaseCommand):
    help = "Check the engine's invariants on this database, without changing it."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
        parser.add_argument(
            "--sample",
            type=int,
            default=20_000,
            help="hold so many numbers, chosen at random, against the slow reference where there are more (0: all)",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        report = check_invariants(numbers=random_numbers(options["sample"]) if options["sample"] else None)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(report), ensure_ascii=False))
        else:
            for invariant, rows in report.checked.items():
                broken = [row["what"] for row in report.violations if row["invariant"] == invariant]
                self.stdout.write(f"{invariant:<4} {rows:>9} rows  {'BROKEN' if broken else 'holds'}")
                for what in broken:
                    self.stdout.write(f"     {what}")
        if report.violations:
            raise SystemExit(1)
