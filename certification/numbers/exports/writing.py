"""A list of numbers as a file: the same rows and the same words as on the page, written in pieces, safe to open."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

import xlsxwriter
from django.db.models import F
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accounts.companies import Company
from certification.maintenance.facts import StatusFacts, facts_for
from certification.maintenance.status import with_status
from certification.numbers.groups.tree import paths
from certification.numbers.listing import Filters, filtered
from certification.numbers.models import ExportFormat, NumberKind, Provider
from certification.numbers.shapes import dialled

#: Rows read with their facts at a time.
PIECE = 4000
#: What a spreadsheet would take for a formula at the beginning of a cell.
DANGEROUS = ("=", "+", "-", "@", "\t", "\r", "\n")


def safe(text: str) -> str:
    """The text so that no spreadsheet takes it for a formula."""
    return f"'{text}" if text.startswith(DANGEROUS) else text


@dataclass(slots=True)
class ExportedNumber:
    """What a row of the file and the facts of its number need to know: a third of what reading whole objects takes."""

    company: Company
    pk: int
    ref: str
    company_id: int
    number: str
    kind: str
    label: str
    alias: str
    provider_id: int
    group_id: int | None
    term_ends_at: dt.datetime | None
    backup_number: str | None
    added_on: dt.date
    status: str
    # Since when a status holds is on the page, not in the file.
    lifecycle_since: None = None
    certified_at: None = None


COLUMNS = tuple(ExportedNumber.__slots__)[1:-2]


def titles() -> list[str]:
    """The names of the columns in the active language; the import understands them."""
    return [
        _("Phone number"),
        _("Displayed name"),
        _("Alias"),
        _("Kind"),
        _("Provider"),
        _("Group"),
        _("Stands in for the number"),
        _("Status"),
        _("Cause"),
        _("Display"),
        _("Whose turn"),
        _("Until"),
        _("Certified until"),
        _("Added on"),
    ]


class Words:
    """The words that recur in every row, looked up once, and the company's own zone and groups."""

    def __init__(self, company: Company) -> None:
        self.zone = company.zone
        self.groups = paths(company.pk)
        self.kinds = {str(kind): str(kind.label) for kind in NumberKind}
        self.displayed = {True: _("Normal"), False: _("Suspended"), None: _("Not displayed")}
        self.turns = {
            "company": _("Your turn"),
            "platform": _("With the platform"),
            "nobody": _("Nothing to do"),
        }
        self.providers = {provider.pk: str(provider) for provider in Provider.objects.all()}

    def moment(self, value: dt.datetime | dt.date | None) -> str:
        """A moment in the company's zone as text that sorts."""
        if value is None:
            return ""
        if isinstance(value, dt.datetime):
            return value.astimezone(self.zone).strftime("%Y-%m-%d %H:%M")
        return value.isoformat()

    def row(self, number: ExportedNumber, facts: StatusFacts) -> list[str]:
        """One number's cells."""
        last_day = ""
        if number.term_ends_at:
            last_day = (number.term_ends_at - dt.timedelta(seconds=1)).astimezone(self.zone).date().isoformat()
        return [
            dialled(number.number),
            safe(number.label),
            safe(number.alias),
            self.kinds[number.kind],
            self.providers[number.provider_id],
            safe(self.groups.get(number.group_id or 0, "")),
            dialled(number.backup_number) if number.backup_number else "",
            facts.label,
            facts.cause,
            self.displayed[facts.displayed],
            self.turns[facts.turn],
            self.moment(facts.until_latest or facts.until),
            last_day,
            number.added_on.isoformat(),
        ]


def rows(company: Company, filters: Filters, *, now: dt.datetime) -> Iterator[list[str]]:
    """The cells of every number that the filters leave, in the list's order; a few statements for each 2,000 numbers."""
    words = Words(company)
    after = 0
    while True:
        piece = (
            with_status(filtered(company, filters))
            .filter(pk__gt=after)
            .order_by("pk")
            .annotate(backup_number=F("backup_of__number"), added_on=TruncDate("created_at", tzinfo=company.zone))
            .values_list(*COLUMNS)
        )
        found: list[Any] = [ExportedNumber(company, *values) for values in piece[:PIECE]]
        facts = facts_for(found, now=now)
        for number in found:
            yield words.row(number, facts[number.pk])
        if len(found) < PIECE:
            return
        after = found[-1].pk


def write(
    file: IO[bytes], cells: Iterable[list[str]], *, file_format: str, header: list[str] | None = None
) -> Iterator[int]:
    """Write the rows to `file`; yields how many there are after each piece, and when all is written. Memory is constant."""
    writer = write_csv if file_format == ExportFormat.CSV else write_xlsx
    return writer(file, iter(cells), header or titles())


def write_csv(file: IO[bytes], cells: Iterator[list[str]], header: list[str]) -> Iterator[int]:
    """CSV in UTF-8 with a byte order mark, so that Excel shows Chinese."""
    text = io.TextIOWrapper(file, encoding="utf-8", newline="", write_through=False)
    text.write("\ufeff")
    writer = csv.writer(text)
    writer.writerow(header)
    done = 0
    while piece := list(islice(cells, PIECE)):
        # A leading + of a foreign number would be a formula in a csv.
        writer.writerows([[safe(cell) for cell in row] for row in piece])
        done += len(piece)
        yield done
    text.flush()
    text.detach()
    yield done


def write_xlsx(file: IO[bytes], cells: Iterator[list[str]], header: list[str]) -> Iterator[int]:
    """An Excel file, row by row to disk; every cell is text, so that no number loses a digit."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
    }
    book = xlsxwriter.Workbook(file, options)
    sheet = book.add_worksheet(_("Numbers")[:31])
    bold: Any = book.add_format({"bold": True, "bg_color": "#E1EBF9"})
    sheet.freeze_panes(1, 0)
    sheet.set_column(0, 0, 18)
    sheet.set_column(1, len(header) - 1, 16)
    for column, title in enumerate(header):
        sheet.write_string(0, column, title, bold)
    done = 0
    write_cell = sheet._write_string  # the public one looks the arguments up again for each of 700,000 cells
    while piece := list(islice(cells, PIECE)):
        for row, values in enumerate(piece, start=done + 1):
            for column, value in enumerate(values):
                if value:
                    write_cell(row, column, value)
        done += len(piece)
        yield done
    book.close()
    yield done
