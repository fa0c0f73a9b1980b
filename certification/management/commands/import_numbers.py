"""`manage.py import_numbers FILE --company ID [--dry-run] --json`: import a spreadsheet of numbers from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

from django.core.files.base import File
from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from accounts.companies import Company
from accounts.journal import Actor
from certification.numbers.exports.writing import safe
from certification.numbers.imports import intake, run
from certification.numbers.imports.examining import data_rows
from certification.numbers.imports.preview import Judge, JudgedRow
from certification.numbers.imports.sheets import UnreadableFile
from certification.numbers.models import NumberImportRow, Provider, RowOutcome
from certification.numbers.problems import reason

NUMBER_LIKE = re.compile(r"[+-][\d\s()-]*$")
#: The keys of the printed document, by outcome.
KEYS = {RowOutcome.ACCEPTED: "accepted", RowOutcome.REJECTED: "rejected", RowOutcome.SKIPPED: "skipped"}


class Command(BaseCommand):
    """Import every valid row; say of each other row what is wrong with it."""

    help = "Import the phone numbers of a spreadsheet (xlsx or csv) for a company."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", type=Path, help="the spreadsheet, .xlsx or .csv")
        parser.add_argument(
            "--company", required=True, help="the company's id or reference, as `demo --json` prints it"
        )
        parser.add_argument("--provider", default="official", help="code of the provider of rows that name none")
        parser.add_argument("--dry-run", action="store_true", help="say what would happen, and import nothing")
        parser.add_argument("--json", action="store_true", help="print one JSON document")

    def handle(self, *args: Any, **options: Any) -> None:
        company, provider = self.company(options["company"]), self.provider(options["provider"])
        path: Path = options["file"]
        try:
            with path.open("rb") as file:
                if options["dry_run"]:
                    result = self.look(file, path.name, company, provider)
                else:
                    result = self.carry_out(file, path.name, company, provider)
        except OSError as error:
            raise CommandError(f"{path} cannot be read: {error.strerror or error}.") from error
        except UnreadableFile as error:
            raise CommandError(f"{path.name}: {error.problem.label}") from error
        if options["json"]:
            self.stdout.write(json.dumps(result, ensure_ascii=False))
        else:
            self.describe(result, dry_run=options["dry_run"])

    def company(self, wanted: str) -> Company:
        """The company with this primary key or reference."""
        found = Company.objects.filter(ref=wanted).first()
        if found is None and wanted.isascii() and wanted.isdigit() and len(wanted) < 18:
            found = Company.objects.filter(pk=int(wanted)).first()
        if found is None:
            raise CommandError(f"There is no company {wanted!r}.")
        return found

    def provider(self, wanted: str) -> Provider:
        """The provider with this code."""
        found = Provider.objects.filter(code=wanted).first()
        if found is None:
            raise CommandError(f"There is no provider {wanted!r}.")
        return found

    def look(self, file: Any, name: str, company: Company, provider: Provider) -> dict[str, list[dict[str, Any]]]:
        """Judge the rows and write nothing."""
        taken = intake.examine_numbers(file, name)
        file.seek(0)
        judge = Judge(company, taken.columns, list(Provider.objects.all()), provider)
        result: dict[str, list[dict[str, Any]]] = {key: [] for key in KEYS.values()}
        for row in judge.judge(data_rows(file, taken.layout, taken.header_row)):
            result[KEYS[RowOutcome(row.outcome)]].append(entry(row))
        return result

    def carry_out(self, file: Any, name: str, company: Company, provider: Provider) -> dict[str, list[dict[str, Any]]]:
        """Import as a company would, without the queue."""
        now = timezone.now()
        number_import = intake.take_in(
            company=company, file=File(file), name=name, provider=provider, group=None, user=None, now=now
        )
        intake.write_preview(number_import=number_import, columns=number_import.columns)
        intake.confirm(number_import=number_import, actor=Actor.command(), now=now, start=False)
        run.run(import_id=number_import.pk, now=now)
        result: dict[str, list[dict[str, Any]]] = {key: [] for key in KEYS.values()}
        for row in NumberImportRow.objects.filter(number_import=number_import).order_by("row").iterator():
            result[KEYS[RowOutcome(row.outcome)]].append(entry(row))
        return result

    def describe(self, result: dict[str, list[dict[str, Any]]], *, dry_run: bool) -> None:
        """The result in words."""
        done = "would be imported" if dry_run else "imported"
        counts = {key: len(rows) for key, rows in result.items()}
        self.stdout.write(f"{counts['accepted']} {done}, {counts['rejected']} rejected, {counts['skipped']} left out.")
        for key in ("rejected", "skipped"):
            for row in result[key]:
                self.stdout.write(f"row {row['row']}: {row['value']!r} - {row['reason']}")


def inert(text: str) -> str:
    """The text, with an apostrophe before what a spreadsheet would take for a formula; a number with its + stays as it is."""
    return text if NUMBER_LIKE.match(text) else safe(text)


def entry(row: JudgedRow | NumberImportRow) -> dict[str, Any]:
    """One row as it is printed; what a spreadsheet would take for a formula is neutralised."""
    if row.outcome == RowOutcome.ACCEPTED:
        accepted: dict[str, Any] = {"row": row.row, "number": row.number}
        if row.extension:
            accepted["extension"] = row.extension
        return accepted
    detail = row.detail if isinstance(row, JudgedRow) else row.problem_detail
    return {
        "row": row.row,
        "value": inert(row.value),
        "reason": reason(row.problem, inert(detail)),
        "code": str(row.problem),
    }
