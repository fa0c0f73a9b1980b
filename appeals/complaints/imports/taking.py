"""Before the import: taking a spreadsheet of complaints in, settling its columns, writing the preview, confirming it.

Nothing is counted here. The one writer of `ComplaintImport.state` is this module together with `run`.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import IO, Any

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django_q.tasks import async_task

from accounts import journal
from accounts.journal import Actor
from accounts.users import User
from appeals.complaints import sheets
from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow, ComplaintRowOutcome
from appeals.complaints.intake import Event, read_event
from appeals.complaints.models import Complaint, Source
from appeals.events import Invalid
from certification.numbers.imports.examining import Taken, data_rows, examine
from certification.numbers.imports.models import OPEN_STATES, ImportState
from certification.numbers.imports.sheets import Layout, shown
from certification.numbers.imports.stored import described, layout_of, remove_file
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import Cell

RUN_TASK = "appeals.tasks.run_complaint_import"
#: Rows compared with the database in one statement.
BATCH = 5000
#: The preview shows as much of a cell; the event keeps all of its evidence.
LONGEST_TEXT = 4000

COPY_ROWS = "COPY appeals_complaintimportrow (complaint_import_id, row, cells, event, outcome) FROM STDIN"


def examine_complaints(file: IO[bytes], name: str, layout: Layout | None = None) -> Taken:
    """Look at a list of complaints. Raises UnreadableFile."""
    return examine(
        file,
        name,
        layout,
        find_header=sheets.find_header,
        guess_columns=sheets.guess_columns,
        needed=frozenset({"number"}),
    )


def take_in(*, source: Source, file: File[bytes], name: str, user: User | None, now: dt.datetime) -> ComplaintImport:
    """Store the upload and what was guessed about it. Raises UnreadableFile, and then stores nothing."""
    taken = examine_complaints(file, name)
    file.seek(0)
    stored = default_storage.save(f"complaint-imports/{now:%Y%m%d%H%M%S}.{taken.layout.kind}", file)
    try:
        return ComplaintImport.objects.create(
            source=source,
            created_by=user,
            created_at=now,
            file_name=name[-200:].replace("\0", ""),
            storage_name=stored,
            **described(taken),
        )
    except Exception:
        default_storage.delete(stored)
        raise


def read_again(*, complaint_import: ComplaintImport, encoding: str, delimiter: str) -> None:
    """Read a csv in another encoding or with another delimiter, and guess the columns anew.

    Raises UnreadableFile, and then changes nothing.
    """
    with default_storage.open(complaint_import.storage_name) as file:
        taken = examine_complaints(file, complaint_import.file_name, Layout("csv", encoding, delimiter))
    ComplaintImport.objects.filter(pk=complaint_import.pk, state__in=OPEN_STATES).update(
        **described(taken), state=ImportState.UPLOADED
    )


def storable(cell: Cell | Any) -> Any:
    """A cell as JSON keeps it: figures as figures, moments in ISO 8601, everything else as text."""
    if cell is None or isinstance(cell, int | float):
        return cell
    if isinstance(cell, dt.date):  # a moment is one, too
        return cell.isoformat()
    text = str(cell)[:LONGEST_TEXT].replace("\0", "")
    return text if text.isascii() else text.encode("utf-8", "ignore").decode()


#: One row before it is judged against what is known: row, cells as text, event, and the event as it was read.
Judged = tuple[int, list[str], dict[str, Any], Event | None]


def judged(rows: Iterable[tuple[int, list[Cell], dict[str, Any]]], now: dt.datetime) -> Iterator[Judged]:
    """Each row by itself."""
    for row, cells, raw in rows:
        event = {key: storable(value) for key, value in raw.items()}
        try:
            read = read_event(event, now=now)
        except Invalid:
            read = None
        yield row, [shown(cell) for cell in cells], event, read


def expected(batch: list[Judged], *, source: Source, seen: set[str]) -> Iterator[tuple[Judged, ComplaintRowOutcome]]:
    """What would become of each row now; `seen` are the ids of the rows above."""
    read = [event for *_row, event in batch if event is not None]
    ids, dialled = [event.event for event in read], {event.dialled for event in read}
    known = set(Complaint.objects.filter(source=source, event__in=ids).values_list("event", flat=True))
    held = set(PhoneNumber.objects.held().filter(number__in=dialled).values_list("number", flat=True))
    for row in batch:
        event = row[3]
        if event is None:
            yield row, ComplaintRowOutcome.INVALID
        elif event.event in known or event.event in seen:
            yield row, ComplaintRowOutcome.DUPLICATE
        else:
            seen.add(event.event)
            yield row, ComplaintRowOutcome.ACCEPTED if event.dialled in held else ComplaintRowOutcome.UNKNOWN_NUMBER


@transaction.atomic
def write_preview(*, complaint_import: ComplaintImport, columns: dict[str, int], now: dt.datetime) -> bool:
    """Judge every row and write the preview, in place of an earlier one; True where there is a preview afterwards.

    False where the import was confirmed or discarded in the meantime. Raises UnreadableFile.
    """
    current = (
        ComplaintImport.objects.select_for_update(of=("self",)).select_related("source").get(pk=complaint_import.pk)
    )
    if current.state not in OPEN_STATES:
        return False
    ComplaintImportRow.objects.filter(complaint_import=current).delete()
    counts: Counter[str] = Counter()
    encode = json.JSONEncoder(ensure_ascii=False).encode
    seen: set[str] = set()
    with default_storage.open(current.storage_name) as file:
        rows = data_rows(file, layout_of(current), current.header_row)
        every = judged(sheets.COMPLAINTS.as_events(rows, columns), now)
        while batch := list(islice(every, BATCH)):
            lines = list(expected(batch, source=current.source, seen=seen))
            with connection.cursor() as cursor, cursor.copy(COPY_ROWS) as copy:
                for (row, cells, event, _read), outcome in lines:
                    counts[outcome] += 1
                    copy.write_row((current.pk, row, encode(cells), encode(event), str(outcome)))
    current.columns, current.state, current.judged_at = columns, ImportState.PREVIEWED, now
    current.rows_total = sum(counts.values())
    note_counts(current, counts)
    current.save()
    return True


def note_counts(current: ComplaintImport, counts: Counter[str]) -> None:
    """Put the counts per outcome into the import's columns."""
    for outcome in ComplaintRowOutcome:
        setattr(current, f"rows_{outcome}", counts[outcome])


@transaction.atomic
def confirm(*, complaint_import: ComplaintImport, actor: Actor, now: dt.datetime, start: bool = True) -> bool:
    """Start the import: once, however often it is confirmed. False where it was confirmed or discarded already."""
    moved = ComplaintImport.objects.filter(pk=complaint_import.pk, state=ImportState.PREVIEWED).update(
        state=ImportState.QUEUED, confirmed_at=now, progress_at=now
    )
    if not moved:
        return False
    journal.record(
        at=now,
        actor=actor,
        subject="complaint_import",
        subject_id=complaint_import.pk,
        aspect="import",
        before="",
        after="confirmed",
        detail={"file": complaint_import.file_name, "rows": complaint_import.rows_total},
    )
    if start:
        async_task(RUN_TASK, complaint_import.pk)
    return True


@transaction.atomic
def discard(*, complaint_import: ComplaintImport) -> bool:
    """Give an import up that was not confirmed; its file and its preview are removed."""
    moved = ComplaintImport.objects.filter(pk=complaint_import.pk, state__in=OPEN_STATES).update(
        state=ImportState.DISCARDED
    )
    if moved:
        ComplaintImportRow.objects.filter(complaint_import=complaint_import).delete()
        remove_file(complaint_import)
    return bool(moved)
