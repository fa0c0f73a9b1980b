"""Before the import: taking a file in, settling its columns, writing the preview, confirming or discarding it.

Nothing is imported here. The one writer of `NumberImport.state` is this module together with `run`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable
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
from certification.numbers.imports.examining import Taken, data_rows, examine
from certification.numbers.imports.models import OPEN_STATES, ImportState
from certification.numbers.imports.preview import Judge, JudgedRow
from certification.numbers.imports.sheets import Layout
from certification.numbers.imports.stored import described, layout_of, remove_file
from certification.numbers.models import (
    NumberGroup,
    NumberImport,
    NumberImportRow,
    Provider,
    RowOutcome,
)

RUN_TASK = "certification.numbers.tasks.run_import"


def examine_numbers(file: IO[bytes], name: str, layout: Layout | None = None) -> Taken:
    """Look at a list of numbers. Raises UnreadableFile."""
    return examine(
        file, name, layout, find_header=find_header, guess_columns=guess_columns, needed=frozenset({str(Target.NUMBER)})
    )


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
    taken = examine_numbers(file, name)
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


def read_again(*, number_import: NumberImport, encoding: str, delimiter: str) -> None:
    """Read a csv in another encoding or with another delimiter, and guess the columns anew.

    Raises UnreadableFile, and then changes nothing.
    """
    with default_storage.open(number_import.storage_name) as file:
        taken = examine_numbers(file, number_import.file_name, Layout("csv", encoding, delimiter))
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
