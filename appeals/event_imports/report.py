"""Rows of a spreadsheet of events in words: why one cannot be read, and the file of those, to be corrected."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import IO

from django.utils.translation import gettext as _

from appeals.event_imports.kinds import ImportKind, Reader
from appeals.event_imports.models import EventImport, EventImportRow, RowOutcome
from appeals.events import Invalid
from certification.numbers.exports.writing import safe, write
from certification.numbers.imports.report import letter


def reason_of(row: EventImportRow, reader: Reader) -> str:
    """Why the row cannot be read, in the active language; "" where it can. `reader` reads as when the file was judged."""
    try:
        reader(row.event)
    except Invalid as invalid:
        return str(invalid)
    return ""


def judged_at(event_import: EventImport) -> dt.datetime:
    """When the rows were judged."""
    return event_import.judged_at or event_import.created_at


def header_of(event_import: EventImport) -> list[str]:
    """The original columns, the row in the original file, and the reason."""
    names = [
        name or _("Column %(letter)s") % {"letter": letter(index)} for index, name in enumerate(event_import.header)
    ]
    return [*[safe(name) for name in names], _("Original row"), _("Reason")]


def rejected_rows(kind: ImportKind, event_import: EventImport) -> Iterator[list[str]]:
    """The cells of each row that cannot be read as they were, made safe to open, with the reason."""
    width, reader = len(event_import.header), kind.reader(judged_at(event_import))
    found = kind.rows.objects.filter(**{kind.owner: event_import}, outcome=RowOutcome.INVALID)
    for row in found.order_by("row").iterator(chunk_size=2000):
        cells = (list(row.cells) + [""] * width)[:width]
        yield [*[safe(cell) for cell in cells], str(row.row), reason_of(row, reader)]


def write_report(kind: ImportKind, file: IO[bytes], event_import: EventImport, *, file_format: str) -> None:
    """Write the report to `file`."""
    rows = rejected_rows(kind, event_import)
    for _done in write(file, rows, file_format=file_format, header=header_of(event_import)):
        pass
