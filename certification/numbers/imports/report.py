"""The rows that were not imported, as a file: the original columns and what was wrong, to be corrected and handed in again."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO

from django.utils.translation import gettext as _

from certification.numbers.exports.writing import safe, write
from certification.numbers.models import NumberImport, NumberImportRow, RowOutcome
from certification.numbers.problems import reason


def header_of(number_import: NumberImport) -> list[str]:
    """The original columns, the row in the original file, and the reason."""
    names = [
        name or _("Column %(letter)s") % {"letter": letter(index)} for index, name in enumerate(number_import.header)
    ]
    if not number_import.header_row and "number" in number_import.columns:
        names[number_import.columns["number"]] = _("Phone number")
    return [*[safe(name) for name in names], _("Original row"), _("Reason")]


def letter(index: int) -> str:
    """The name of a column as a spreadsheet shows it: A, B, ... Z, AA."""
    return (chr(64 + index // 26) if index >= 26 else "") + chr(65 + index % 26)


def rejected_rows(number_import: NumberImport) -> Iterator[list[str]]:
    """The cells of each rejected row as they were, made safe to open, with the reason in the active language."""
    width = len(number_import.header)
    found = NumberImportRow.objects.filter(number_import=number_import, outcome=RowOutcome.REJECTED).order_by("row")
    for row in found.iterator(chunk_size=2000):
        cells = (list(row.cells) + [""] * width)[:width]
        yield [*[safe(cell) for cell in cells], str(row.row), reason(row.problem, safe(row.problem_detail))]


def write_report(file: IO[bytes], number_import: NumberImport, *, file_format: str) -> None:
    """Write the report to `file`."""
    for _done in write(file, rejected_rows(number_import), file_format=file_format, header=header_of(number_import)):
        pass
