"""`manage.py tick`: run the engine once, now or as of a given moment."""

from __future__ import annotations

import datetime as dt
import json
from argparse import ArgumentParser
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.journal import Actor
from accounts.working_days import CHINA
from certification.maintenance.engine import tick

#: In production the engine is not sent further ahead than two clocks can differ: its clock never runs backwards.
AHEAD = dt.timedelta(minutes=5)


def moment(text: str) -> dt.datetime:
    """The moment that `text` names; without an offset it is Beijing time. Raises CommandError (exit code 2)."""
    try:
        value = dt.datetime.fromisoformat(text.strip())
        value = value if value.tzinfo else value.replace(tzinfo=CHINA)
        return value.astimezone(dt.UTC)
    except (ValueError, OverflowError) as problem:
        raise CommandError(
            f"--at {text!r} is not a moment. Write it like 2026-06-30T23:59 (Beijing time) or 2026-06-30T23:59:00+08:00.",
            returncode=2,
        ) from problem


class Command(BaseCommand):
    help = "Run the engine once: start and end plans, reconcile requirements, expire terms, send what is due."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--at", help="as of this moment, ISO 8601; without an offset it is Beijing time")
        parser.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")

    def handle(self, *args: Any, **options: Any) -> None:
        clock = timezone.now()
        now = moment(options["at"]) if options["at"] is not None else clock
        if settings.PRODUCTION and now > clock + AHEAD and not options["dry_run"]:
            raise CommandError(
                f"{now.isoformat()} is in the future. In production the engine is not run ahead of the clock, because it "
                "never goes back; use --dry-run to see what would happen.",
                returncode=2,
            )
        counts = tick(now=now, actor=Actor.command(), dry_run=options["dry_run"]).as_dict()
        if options["json"]:
            self.stdout.write(json.dumps(counts))
            return
        done = ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "nothing to do"
        self.stdout.write(f"{'Would do' if options['dry_run'] else 'Done'} as of {now.isoformat()}: {done}")
