"""The import itself: a thousand rows at a time, each in a transaction of its own that also says how far it came.

A killed job goes on where the last committed thousand ended; two jobs for one import take turns, and an event is
taken once whatever happens.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from django.db import connection, transaction
from django.db.models.functions import Now
from django_q.tasks import async_task

from accounts import journal
from accounts.journal import Actor, ActorKind
from appeals.event_imports.kinds import ImportKind
from appeals.event_imports.models import EventImport, RowOutcome
from appeals.event_imports.taking import discard, note_counts
from appeals.events import MOST_EVENTS
from certification.numbers.imports.models import OPEN_STATES, ImportState
from certification.numbers.imports.stored import remove_file

#: Rows per transaction.
CHUNK = MOST_EVENTS
#: A running import that has not moved for so long has lost its job.
STANDS_STILL = dt.timedelta(minutes=2)
#: An upload that nobody confirmed is removed.
ABANDONED = dt.timedelta(days=2)
#: What the report does not need is removed a day after the end, the report after a month.
ROWS_KEPT, REPORT_KEPT = dt.timedelta(days=1), dt.timedelta(days=30)

NOTE_OUTCOMES = """
    UPDATE {table} r SET outcome = said.outcome
    FROM unnest(%s::int[], %s::text[]) AS said (row, outcome)
    WHERE r.{owner}_id = %s AND r.row = said.row
"""


def run(*, kind: ImportKind, import_id: int, now: dt.datetime) -> dict[str, int]:
    """Take in what was confirmed, from where an earlier run was stopped, to the end. Running it again changes nothing."""
    chunks = 0
    while take_chunk(kind=kind, import_id=import_id, now=now):
        chunks += 1
    return {"chunks": chunks}


@transaction.atomic
def take_chunk(*, kind: ImportKind, import_id: int, now: dt.datetime) -> bool:
    """Take in the next rows, or finish; False when nothing is left to do."""
    current: EventImport | None = (
        kind.imports.objects.select_for_update(of=("self",))
        .select_related("source", "created_by")
        .filter(pk=import_id, state__in=[ImportState.QUEUED, ImportState.RUNNING])
        .first()
    )
    if current is None:
        return False
    actor = Actor.person(current.created_by) if current.created_by else Actor(ActorKind.COMMAND)
    rows = list(kind.rows.objects.filter(**{kind.owner: current}, row__gt=current.last_row).order_by("row")[:CHUNK])
    if not rows:
        finish(kind, current, actor, now)
        return False
    results, counted = kind.take(current.source, [row.event for row in rows], actor, now)
    outcomes = [result.outcome for result in results]
    statement = NOTE_OUTCOMES.format(table=kind.rows._meta.db_table, owner=kind.owner)
    with connection.cursor() as cursor:
        cursor.execute(statement, [[row.row for row in rows], outcomes, current.pk])
    current.state, current.last_row = ImportState.RUNNING, rows[-1].row
    current.rows_done += len(rows)
    for column in kind.counted:
        setattr(current, column, getattr(current, column) + counted[column])
    counts: Counter[str] = Counter({str(outcome): getattr(current, f"rows_{outcome}") for outcome in RowOutcome})
    counts.update(outcomes)
    counts.subtract([row.outcome for row in rows])
    note_counts(current, counts)
    current.progress_at = Now()
    current.save()
    return True


def finish(kind: ImportKind, current: EventImport, actor: Actor, now: dt.datetime) -> None:
    """End the import; its upload is removed."""
    kind.imports.objects.filter(pk=current.pk).update(state=ImportState.FINISHED, finished_at=now, progress_at=Now())
    journal.record(
        at=now,
        actor=actor,
        subject=kind.name,
        subject_id=current.pk,
        aspect="import",
        before="confirmed",
        after="finished",
        detail={
            **{str(outcome): getattr(current, f"rows_{outcome}") for outcome in RowOutcome},
            **{column: getattr(current, column) for column in kind.counted},
        },
    )
    remove_file(current)


def sweep(*, kind: ImportKind, now: dt.datetime) -> dict[str, int]:
    """Start imports again whose job was lost, discard what nobody confirmed, remove old rows; twice is once."""
    lost = kind.imports.objects.filter(
        state__in=[ImportState.QUEUED, ImportState.RUNNING], progress_at__lt=now - STANDS_STILL
    )
    started = 0
    for import_id in lost.values_list("pk", flat=True)[:100]:
        with transaction.atomic():
            if lost.filter(pk=import_id).update(progress_at=now):
                async_task(kind.task, import_id)
                started += 1
    abandoned = kind.imports.objects.filter(state__in=OPEN_STATES, created_at__lt=now - ABANDONED)
    discarded = sum(discard(kind=kind, event_import=row) for row in abandoned[:100])
    finished = kind.imports.objects.filter(state=ImportState.FINISHED)
    rows, _details = (
        kind.rows.objects.filter(**{f"{kind.owner}__in": finished.filter(finished_at__lt=now - ROWS_KEPT)})
        .exclude(outcome=RowOutcome.INVALID)
        .delete()
    )
    old, _details = kind.rows.objects.filter(
        **{f"{kind.owner}__in": finished.filter(finished_at__lt=now - REPORT_KEPT)}
    ).delete()
    return {"started": started, "discarded": discarded, "rows": rows + old}
