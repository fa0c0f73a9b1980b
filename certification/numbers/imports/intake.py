"""Before the import: taking a file in, settling its columns, writing the preview, confirming or discarding it.

Nothing is imported here. The one writer of `NumberImport.state` is this module together with `run`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice
from typing import IO

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django_q.tasks import async_task

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.users import User
from certification.numbers.imports.columns import Target, find_header, guess_columns
from certification.numbers.imports.preview import Judge, JudgedRow
from certification.numbers.imports.sheets import (
    MOST_ROWS,
    FileProblem,
    Layout,
    Rows,
    UnreadableFile,
    look_at,
    rows_of,
    shown,
)
from certification.numbers.models import (
    ImportState,
    NumberGroup,
    NumberImport,
    NumberImportRow,
    Provider,
    RowOutcome,
)
from certification.numbers.shapes import Cell

RUN_TASK = "certification.numbers.tasks.run_import"
#: The states in which nothing has been confirmed yet.
OPEN_STATES = (ImportState.UPLOADED, ImportState.PREVIEWED)
SAMPLE_ROWS = 5


@dataclass(frozen=True)
class Taken:
    """What a file holds, before anybody has looked at it."""

    layout: Layout
    header_row: int
    header: list[str]
    columns: dict[str, int]
    sample: list[list[str]]


def examine(file: IO[bytes], name: str, layout: Layout | None = None) -> Taken:
    """Look at the file's first rows and guess its columns. Raises UnreadableFile; reads to the end to count the rows."""
    layout = layout or look_at(file, name)
    rows = rows_of(file, layout)
    first: list[tuple[int, list[Cell]]] = list(islice(rows, 220))
    if not first:
        raise UnreadableFile(FileProblem.EMPTY)
    at = find_header(first)
    header_row = first[at][0] if at >= 0 else 0
    header = [shown(cell).strip()[:60] for cell in first[at][1]] if at >= 0 else []
    below = first[at + 1 :]
    if not below:
        raise UnreadableFile(FileProblem.EMPTY)
    total = len(below) + sum(1 for _row in rows)
    if total > MOST_ROWS:
        raise UnreadableFile(FileProblem.TOO_MANY_ROWS)
    width = max(len(cells) for _number, cells in first)
    header += [""] * (width - len(header))
    columns = guess_columns(header, below)
    if Target.NUMBER not in columns:
        raise UnreadableFile(FileProblem.NO_NUMBERS)
    sample = [[shown(cell)[:60] for cell in cells] for _number, cells in below[:SAMPLE_ROWS]]
    return Taken(layout, header_row, header, columns, sample)


def data_rows(file: IO[bytes], layout: Layout, header_row: int) -> Rows:
    """The rows below the header."""
    return ((number, cells) for number, cells in rows_of(file, layout) if number > header_row)


def take_in(
    *,
    company: Company,
    file: File[bytes],
    name: str,
    provider: Provider,
    group: NumberGroup | None,
    user: User | None,
    now: dt.datetime,
) -> NumberImport:
    """Store the upload and what was guessed about it. Raises UnreadableFile, and then stores nothing."""
    taken = examine(file, name)
    file.seek(0)
    stored = default_storage.save(f"imports/{company.ref}/{now:%Y%m%d%H%M%S}.{taken.layout.kind}", file)
    try:
        return NumberImport.objects.create(
            company=company,
            created_by=user,
            created_at=now,
            file_name=name[-200:].replace("\0", ""),
            storage_name=stored,
            provider=provider,
            group=group,
            **described(taken),
        )
    except Exception:
        default_storage.delete(stored)
        raise


def described(taken: Taken) -> dict[str, object]:
    """The columns of NumberImport that say how a file is read."""
    return {
        "encoding": taken.layout.encoding,
        "delimiter": taken.layout.delimiter,
        "header_row": taken.header_row,
        "header": taken.header,
        "columns": taken.columns,
        "sample": taken.sample,
    }


def layout_of(number_import: NumberImport) -> Layout:
    """How the stored file is read."""
    kind = "csv" if number_import.encoding else "xlsx"
    return Layout(kind, number_import.encoding, number_import.delimiter)


def read_again(*, number_import: NumberImport, encoding: str, delimiter: str) -> None:
    """Read a csv in another encoding or with another delimiter, and guess the columns anew.

    Raises UnreadableFile, and then changes nothing.
    """
    with default_storage.open(number_import.storage_name) as file:
        taken = examine(file, number_import.file_name, Layout("csv", encoding, delimiter))
    values = described(taken)
    if NumberImport.objects.filter(pk=number_import.pk, state__in=OPEN_STATES).update(
        **values, state=ImportState.UPLOADED
    ):
        for name, value in values.items():
            setattr(number_import, name, value)
        number_import.state = ImportState.UPLOADED


COPY_ROWS = """COPY certification_numberimportrow
    (number_import_id, row, cells, value, number, kind, extension, label, alias, group_path, backup_for, provider_id,
     outcome, problem, problem_detail) FROM STDIN"""


def copy_rows(import_id: int, rows: Iterable[JudgedRow]) -> Counter[str]:
    """Write the judged rows by COPY; return how many there are of each outcome."""
    counts: Counter[str] = Counter()
    encode = json.JSONEncoder(ensure_ascii=False).encode
    with connection.cursor() as cursor, cursor.copy(COPY_ROWS) as copy:
        for row in rows:
            counts[row.outcome] += 1
            copy.write_row(
                (
                    import_id,
                    row.row,
                    encode(row.cells),
                    row.value,
                    row.number,
                    str(row.kind),
                    row.extension,
                    row.label,
                    row.alias,
                    row.group_path,
                    row.backup_for,
                    row.provider_id,
                    str(row.outcome),
                    str(row.problem),
                    row.detail,
                )
            )
    return counts


def judge_for(number_import: NumberImport, columns: dict[str, int]) -> Judge:
    """What judges the rows of this import."""
    return Judge(
        company=number_import.company,
        columns=columns,
        providers=list(Provider.objects.all()),
        default_provider=number_import.provider,
    )


@transaction.atomic
def write_preview(*, number_import: NumberImport, columns: dict[str, int]) -> bool:
    """Judge every row and write the preview, in place of an earlier one; True where there is a preview afterwards.

    False where the import was confirmed or discarded in the meantime. Raises UnreadableFile.
    """
    locked = NumberImport.objects.select_for_update(of=("self",)).select_related("company", "provider")
    current = locked.get(pk=number_import.pk)
    if current.state not in OPEN_STATES:
        return False
    NumberImportRow.objects.filter(number_import=current).delete()
    judge = judge_for(current, columns)
    with default_storage.open(current.storage_name) as file:
        rows = data_rows(file, layout_of(current), current.header_row)
        # One COPY per batch: between them the numbers are compared with those that exist.
        counts: Counter[str] = Counter()
        judged = judge.judge(rows)
        while batch := list(islice(judged, 5000)):
            counts += copy_rows(current.pk, batch)
    current.columns = columns
    current.state = ImportState.PREVIEWED
    current.rows_total = sum(counts.values())
    current.rows_accepted = counts[RowOutcome.ACCEPTED]
    current.rows_rejected = counts[RowOutcome.REJECTED]
    current.rows_skipped = counts[RowOutcome.SKIPPED]
    current.save(update_fields=["columns", "state", "rows_total", "rows_accepted", "rows_rejected", "rows_skipped"])
    return True


@transaction.atomic
def confirm(*, number_import: NumberImport, actor: Actor, now: dt.datetime, start: bool = True) -> bool:
    """Start the import: once, however often it is confirmed. False where it was confirmed or discarded already."""
    moved = NumberImport.objects.filter(pk=number_import.pk, state=ImportState.PREVIEWED).update(
        state=ImportState.QUEUED, confirmed_at=now, progress_at=now
    )
    if not moved:
        return False
    journal.record(
        at=now,
        actor=actor,
        company_id=number_import.company_id,
        subject="number_import",
        subject_id=number_import.pk,
        aspect="import",
        before="",
        after="confirmed",
        detail={"file": number_import.file_name, "rows": number_import.rows_accepted},
    )
    if start:
        async_task(RUN_TASK, number_import.pk)
    return True


@transaction.atomic
def discard(*, number_import: NumberImport) -> bool:
    """Give an import up that was not confirmed; its file and its preview are removed."""
    moved = NumberImport.objects.filter(pk=number_import.pk, state__in=OPEN_STATES).update(state=ImportState.DISCARDED)
    if moved:
        NumberImportRow.objects.filter(number_import=number_import).delete()
        remove_file(number_import)
    return bool(moved)


def remove_file(number_import: NumberImport) -> None:
    """Remove the stored upload once this transaction is committed."""
    name = number_import.storage_name
    if name:
        NumberImport.objects.filter(pk=number_import.pk).update(storage_name="")
        transaction.on_commit(lambda: default_storage.delete(name))
