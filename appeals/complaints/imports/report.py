"""Rows of a spreadsheet of complaints in words: why one cannot be read, and the file of those, to be corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import IO

from django.utils.translation import gettext as _

from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow, ComplaintRowOutcome
from appeals.complaints.intake import read_event
from appeals.events import Invalid
from certification.numbers.exports.writing import safe, write
from certification.numbers.imports.report import letter


def reason_of(row: ComplaintImportRow, *, at: dt.datetime) -> str:
    """Why the row cannot be read, in the active language; "" where it can. `at` is when the file was judged."""
    try:
        read_event(row.event, now=at)
    except Invalid as invalid:
        return str(invalid)
    return ""


def judged_at(complaint_import: ComplaintImport) -> dt.datetime:
    """When the rows were judged."""
    return complaint_import.judged_at or complaint_import.created_at


def header_of(complaint_import: ComplaintImport) -> list[str]:
    """The original columns, the row in the original file, and the reason."""
    names = [
        name or _("Column %(letter)s") % {"letter": letter(index)} for index, name in enumerate(complaint_import.header)
    ]
    return [*[safe(name) for name in names], _("Original row"), _("Reason")]


def rejected_rows(complaint_import: ComplaintImport) -> Iterator[list[str]]:
    """The cells of each row that cannot be read as they were, made safe to open, with the reason."""
    width, at = len(complaint_import.header), judged_at(complaint_import)
    found = ComplaintImportRow.objects.filter(complaint_import=complaint_import, outcome=ComplaintRowOutcome.INVALID)
    for row in found.order_by("row").iterator(chunk_size=2000):
        cells = (list(row.cells) + [""] * width)[:width]
        yield [*[safe(cell) for cell in cells], str(row.row), reason_of(row, at=at)]


def write_report(file: IO[bytes], complaint_import: ComplaintImport, *, file_format: str) -> None:
    """Write the report to `file`."""
    rows = rejected_rows(complaint_import)
    for _done in write(file, rows, file_format=file_format, header=header_of(complaint_import)):
        pass
