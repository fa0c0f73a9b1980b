"""Bring the queue's schedules into line with `portal.schedules`."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from portal.schedules import synchronise


class Command(BaseCommand):
    help = "Creates, corrects and deletes the queue's schedules so that they are those declared in portal/schedules.py."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--json", action="store_true", help="print the counts as JSON")

    def handle(self, *args: Any, **options: Any) -> None:
        done = asdict(synchronise(now=timezone.now()))
        if options["json"]:
            self.stdout.write(json.dumps(done))
        elif any(done.values()):
            self.stdout.write(
                f"Schedules: {done['created']} created, {done['updated']} corrected, {done['deleted']} deleted."
            )
        else:
            self.stdout.write("The schedules are as declared.")
