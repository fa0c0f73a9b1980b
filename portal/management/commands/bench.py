"""`manage.py bench`: measure against the bars, in databases of its own; print a table and write var/bench.json."""

from __future__ import annotations

import json
import logging
import os
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand

from portal.benchmarks import (  # noqa: F401 - they declare their benchmarks
    complaints,
    desk,
    engine,
    numbers,
    processes,
    queue,
    year,
)
from portal.benchmarks.registry import BENCHMARKS, Row, chosen


def number(value: Any) -> str:
    return "" if value is None else f"{value:,.3f}".rstrip("0").rstrip(".")


class Command(BaseCommand):
    help = "Measure against the bars; the data is made once, in databases beside the configured one, and kept."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--only", default=os.environ.get("ONLY", ""), help="ids, for example P1,P5")

    def handle(self, *args: Any, **options: Any) -> None:
        only = {name.strip().upper() for name in options["only"].split(",") if name.strip()}
        known = {name for names, _function in BENCHMARKS for name in names}
        unknown = sorted(only - known)
        if unknown:
            self.stderr.write(f"No benchmark is called {', '.join(unknown)}. There are: {', '.join(sorted(known))}.")
            raise SystemExit(2)
        logging.getLogger("django-q").setLevel(logging.WARNING)  # each tick that writes notices would be announced
        rows: list[Row] = []
        self.stdout.write(f"{'':<4} {'':<68} {'value':>12} {'reference':>12} {'ratio':>9}  {'bar':<16}")
        for function in chosen(only):
            for figure in function():
                rows.append(figure)
                self.stdout.write(
                    f"{figure['id']:<4} {figure['name']:<68} {number(figure['value']):>12} {number(figure['reference']):>12} "
                    f"{number(figure['ratio']):>9}  {figure['bar']:<16} {'pass' if figure['pass'] else 'FAIL'}  ({figure['unit']})"
                )
                self.stdout.flush()
        path = settings.VAR / "bench.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(rows, indent=1, ensure_ascii=False))
        if not all(figure["pass"] for figure in rows):
            raise SystemExit(1)
