"""Before the import: taking a spreadsheet of events in, settling its columns, writing the preview, confirming it.

Nothing is counted here. The one writer of the imports' state is this module together with `run`.
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
from appeals.complaints.models import Source
from appeals.event_imports.kinds import ImportKind, Told
from appeals.event_imports.models import EventImport, RowOutcome
from appeals.events import Invalid
from certification.numbers.imports.examining import Taken, data_rows, examine
from certification.numbers.imports.models import OPEN_STATES, ImportState
from certification.numbers.imports.sheets import Layout, shown
from certification.numbers.imports.stored import described, layout_of, remove_file
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import Cell

#: Rows compared with the database in one statement.
BATCH = 5000
#: The preview shows as much of a cell; the event keeps all of its evidence.
LONGEST_TEXT = 4000

COPY_ROWS = "COPY {table} ({owner}_id, row, cells, event, outcome) FROM STDIN"


def examine_events(kind: ImportKind, file: IO[bytes], name: str, layout: Layout | None = None) -> Taken:
    """Look at a list of events. Raises UnreadableFile."""
    return examine(
        file,
        name,
        layout,
        find_header=kind.sheet.find_header,
        guess_columns=kind.sheet.guess_columns,
        needed=frozenset({"number"}),
    )


def take_in(
    *, kind: ImportKind, source: Source, file: File[bytes], name: str, user: User | None, now: dt.datetime
) -> EventImport:
    """Store the upload and what was guessed about it. Raises UnreadableFile, and then stores nothing."""
    taken = examine_events(kind, file, name)
    file.seek(0)
    stored = default_storage.save(f"{kind.name.replace('_', '-')}s/{now:%Y%m%d%H%M%S}.{taken.layout.kind}", file)
    try:
        created: EventImport = kind.imports.objects.create(
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
    return created


def read_again(*, kind: ImportKind, event_import: EventImport, encoding: str, delimiter: str) -> None:
    """Read a csv in another encoding or with another delimiter, and guess the columns anew.

    Raises UnreadableFile, and then changes nothing.
    """
    with default_storage.open(event_import.storage_name) as file:
        taken = examine_events(kind, file, event_import.file_name, Layout("csv", encoding, delimiter))
    kind.imports.objects.filter(pk=event_import.pk, state__in=OPEN_STATES).update(
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
Judged = tuple[int, list[str], dict[str, Any], Told | None]


def judged(
    kind: ImportKind, rows: Iterable[tuple[int, list[Cell], dict[str, Any]]], now: dt.datetime
) -> Iterator[Judged]:
    """Each row by itself."""
    reader = kind.reader(now)
    for row, cells, raw in rows:
        event = {key: storable(value) for key, value in raw.items()}
        try:
            read = reader(event)
        except Invalid:
            read = None
        yield row, [shown(cell) for cell in cells], event, read


def expected(
    kind: ImportKind, batch: list[Judged], *, source: Source, seen: set[str]
) -> Iterator[tuple[Judged, RowOutcome]]:
    """What would become of each row now; `seen` are the ids of the rows above."""
    read = [event for *_row, event in batch if event is not None]
    ids, dialled = [event.event for event in read], {event.dialled for event in read}
    known = kind.known(source, ids)
    held = set(PhoneNumber.objects.held().filter(number__in=dialled).values_list("number", flat=True))
    for row in batch:
        event = row[3]
        if event is None:
            yield row, RowOutcome.INVALID
        elif event.event in known or event.event in seen:
            yield row, RowOutcome.DUPLICATE
        else:
            seen.add(event.event)
            yield row, RowOutcome.ACCEPTED if event.dialled in held else RowOutcome.UNKNOWN_NUMBER


@transaction.atomic
def write_preview(*, kind: ImportKind, event_import: EventImport, columns: dict[str, int], now: dt.datetime) -> bool:
    """Judge every row and write the preview, in place of an earlier one; True where there is a preview afterwards.

    False where the import was confirmed or discarded in the meantime. Raises UnreadableFile.
    """
    current: EventImport = (
        kind.imports.objects.select_for_update(of=("self",)).select_related("source").get(pk=event_import.pk)
    )
    if current.state not in OPEN_STATES:
        return False
    kind.rows.objects.filter(**{kind.owner: current}).delete()
    counts: Counter[str] = Counter()
    encode = json.JSONEncoder(ensure_ascii=False).encode
    seen: set[str] = set()
    copy_rows = COPY_ROWS.format(table=kind.rows._meta.db_table, owner=kind.owner)
    with default_storage.open(current.storage_name) as file:
        rows = data_rows(file, layout_of(current), current.header_row)
        every = judged(kind, kind.sheet.as_events(rows, columns), now)
        while batch := list(islice(every, BATCH)):
            lines = list(expected(kind, batch, source=current.source, seen=seen))
            with connection.cursor() as cursor, cursor.copy(copy_rows) as copy:
                for (row, cells, event, _read), outcome in lines:
                    counts[outcome] += 1
                    copy.write_row((current.pk, row, encode(cells), encode(event), str(outcome)))
    current.columns, current.state, current.judged_at = columns, ImportState.PREVIEWED, now
    current.rows_total = sum(counts.values())
    note_counts(current, counts)
    current.save()
    return True


def note_counts(current: EventImport, counts: Counter[str]) -> None:
    """Put the counts per outcome into the import's columns."""
    for outcome in RowOutcome:
        setattr(current, f"rows_{outcome}", counts[outcome])


@transaction.atomic
def confirm(*, kind: ImportKind, event_import: EventImport, actor: Actor, now: dt.datetime, start: bool = True) -> bool:
    """Start the import: once, however often it is confirmed. False where it was confirmed or discarded already."""
    moved = kind.imports.objects.filter(pk=event_import.pk, state=ImportState.PREVIEWED).update(
        state=ImportState.QUEUED, confirmed_at=now, progress_at=now
    )
    if not moved:
        return False
    journal.record(
        at=now,
        actor=actor,
        subject=kind.name,
        subject_id=event_import.pk,
        aspect="import",
        before="",
        after="confirmed",
        detail={"file": event_import.file_name, "rows": event_import.rows_total},
    )
    if start:
        async_task(kind.task, event_import.pk)
    return True


@transaction.atomic
def discard(*, kind: ImportKind, event_import: EventImport) -> bool:
    """Give an import up that was not confirmed; its file and its preview are removed."""
    moved = kind.imports.objects.filter(pk=event_import.pk, state__in=OPEN_STATES).update(state=ImportState.DISCARDED)
    if moved:
        kind.rows.objects.filter(**{kind.owner: event_import}).delete()
        remove_file(event_import)
    return bool(moved)
