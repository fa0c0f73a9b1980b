"""`manage.py import_complaints FILE --source NAME --json`: take in a spreadsheet of complaints from the command line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints.intake import receive
from appeals.complaints.models import Source
from appeals.complaints.sheets import COMPLAINTS
from appeals.complaints.sources import NameTaken, create_source
from appeals.events import MOST_EVENTS
from certification.numbers.imports.sheets import UnreadableFile


class Command(BaseCommand):
    """Take in every row that can be taken; say of each other row what is wrong with it."""

    help = "Import complaints (xlsx or csv; columns number, at, category, and optionally id, platform, evidence)."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the spreadsheet, .xlsx or .csv")
        parser.add_argument("--source", required=True, help="who reports them; made where there is no such source")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                rows = list(COMPLAINTS.events_of(file, path.name))
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from error
        except UnreadableFile as error:
            raise CommandError(f"{path.name}: {error.problem.label}") from error
        outcome = self.carry_out(rows, self.source(options["source"].strip()))
        if options["json"]:
            self.stdout.write(json.dumps(outcome, ensure_ascii=False))
            return
        self.stdout.write(
            f"{outcome['accepted']} accepted, {outcome['duplicate']} known, {outcome['unknown_number']} about unknown numbers,"
            f" {len(outcome['locked'])} numbers locked."
        )
        for row in outcome["invalid"]:
            self.stdout.write(f"row {row['row']}: {row['reason']}")

    def source(self, name: str) -> Source:
        """The source of this name."""
        if not name or len(name) > 80 or not name.isprintable():
            raise CommandError("The name of a source is 1 to 80 printable characters.")
        try:
            return create_source(name=name, actor=Actor.command(), now=timezone.now())
        except NameTaken:
            return Source.objects.get(name=name)

    def carry_out(self, rows: list[tuple[int, dict[str, Any]]], source: Source) -> dict[str, Any]:
        """Everything in the file, a thousand rows at a time; counts, the rows that are wrong, the numbers locked."""
        outcome: dict[str, Any] = {"accepted": 0, "duplicate": 0, "unknown_number": 0, "invalid": [], "locked": []}
        for start in range(0, len(rows), MOST_EVENTS):
            batch = rows[start : start + MOST_EVENTS]
            receipt = receive(
                source=source, events=[event for _row, event in batch], actor=Actor.command(), now=timezone.now()
            )
            for (row, _event), result in zip(batch, receipt.results, strict=True):
                if result.outcome == "invalid":
                    outcome["invalid"].append({"row": row, "reason": result.reason})
                else:
                    outcome[result.outcome] += 1
            outcome["locked"] += receipt.locked
        return outcome
