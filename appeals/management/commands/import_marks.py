"""`manage.py import_marks FILE --source NAME --json`: take in a spreadsheet of marks from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints.models import Source
from appeals.complaints.sources import NameTaken, create_source
from appeals.events import MOST_EVENTS
from appeals.marks.intake import source_key, take_in
from appeals.marks.sheets import MARKS
from certification.numbers.imports.sheets import UnreadableFile


class Command(BaseCommand):
    """Take in every row that can be taken; say of each other row what is wrong with it."""

    help = "Import marks (xlsx or csv; columns number, platform, time, and optionally id, label, people, cleared)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the spreadsheet, .xlsx or .csv")
        parser.add_argument("--source", required=True, help="the name under which the ids of the rows are unique")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                outcome = self.carry_out(list(MARKS.events_of(file, path.name)), options["source"].strip())
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from error
        except UnreadableFile as error:
            raise CommandError(f"{path.name}: {error.problem.label}") from error
        if options["json"]:
            self.stdout.write(json.dumps(outcome, ensure_ascii=False))
            return
        self.stdout.write(
            f"{outcome['accepted']} accepted, {outcome['duplicate']} known, {outcome['unknown_number']} of unknown numbers."
        )
        for row in outcome["invalid"]:
            self.stdout.write(f"row {row['row']}: {row['reason']}")

    def carry_out(self, rows: list[tuple[int, dict[str, Any]]], name: str) -> dict[str, Any]:
        """Every row, a thousand at a time; counts, and the rows that are wrong. The source is made where there is none."""
        if not name or len(name) > 80 or not name.isprintable():
            raise CommandError("The name of a source is 1 to 80 printable characters.")
        try:
            source = create_source(name=name, actor=Actor.command(), now=timezone.now())
        except NameTaken:
            source = Source.objects.get(name=name)
        outcome: dict[str, Any] = {"accepted": 0, "duplicate": 0, "unknown_number": 0, "invalid": []}
        for start in range(0, len(rows), MOST_EVENTS):
            batch = rows[start : start + MOST_EVENTS]
            results = take_in(
                events=[event for _row, event in batch],
                source=source_key(source),
                actor=Actor.command(),
                now=timezone.now(),
            )
            for (row, _event), result in zip(batch, results, strict=True):
                if result.outcome == "invalid":
                    outcome["invalid"].append({"row": row, "reason": result.reason})
                else:
                    outcome[result.outcome] += 1
        return outcome
