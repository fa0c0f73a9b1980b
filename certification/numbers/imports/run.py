"""The import itself: chunk after chunk, each in a transaction of its own that also says how far it came.

A killed job goes on where the last committed chunk ended; two jobs for one import take turns and change nothing twice.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import OperationalError, connection, transaction
from django.db.models.functions import Now
from django_q.tasks import async_task

from accounts import journal
from accounts.journal import Actor, ActorKind
from certification.numbers.arrivals import arrived
from certification.numbers.groups.tree import Step, ensure_paths, path_steps
from certification.numbers.imports.intake import RUN_TASK, discard
from certification.numbers.imports.stored import remove_file
from certification.numbers.models import ImportState, NumberImport, NumberImportRow, RowOutcome

CHUNK = 5000
#: A running import that has not moved for so long has lost its job.
STANDS_STILL = dt.timedelta(minutes=2)
#: An upload that nobody confirmed is removed.
ABANDONED = dt.timedelta(days=2)
#: What the report does not need is removed a day after the end, the report after a month.
ROWS_KEPT, REPORT_KEPT = dt.timedelta(days=1), dt.timedelta(days=30)

IMPORT_CHUNK = f"""
    WITH chunk AS (
        SELECT r.id, r.row, r.number, r.kind, r.label, r.alias, r.provider_id, coalesce(g.id, %(root)s) AS group_id
        FROM certification_numberimportrow r
        LEFT JOIN unnest(%(paths)s::text[], %(groups)s::bigint[]) AS g (path, id) ON g.path = r.group_path
        WHERE r.number_import_id = %(import)s AND r.outcome = 'accepted' AND r.row > %(after)s AND r.row <= %(until)s
    ), added AS (
        INSERT INTO certification_phonenumber
            (company_id, number, kind, provider_id, label, alias, group_id, lifecycle, lifecycle_since, created_at)
        SELECT %(company)s, number, kind, provider_id, label, alias, group_id, 'draft', %(at)s, %(at)s
        FROM chunk ORDER BY row
        ON CONFLICT (number) WHERE released_at IS NULL DO NOTHING
        RETURNING id, number
    ), journalled AS (
        {journal.INSERT} SELECT {journal.BY}, %(company)s, 'number', id, 'state', '', 'draft', %(reason)s FROM added
    )
    SELECT ARRAY(SELECT chunk.id FROM chunk WHERE NOT EXISTS (SELECT FROM added WHERE added.number = chunk.number))
"""  # noqa: S608 - interpolated are constants; the values are parameters
#: What somebody added in the meantime; by a colleague, it is the company's own.
REFUSE = """
    UPDATE certification_numberimportrow r SET
        outcome = CASE WHEN n.id IS NULL THEN 'rejected' ELSE 'skipped' END,
        problem = CASE WHEN n.id IS NULL THEN 'unavailable' ELSE 'already_yours' END
    FROM unnest(%(refused)s::bigint[]) AS refused (id)
    JOIN certification_numberimportrow taken ON taken.id = refused.id
    LEFT JOIN certification_phonenumber n
        ON n.number = taken.number AND n.released_at IS NULL AND n.company_id = %(company)s
    WHERE r.id = taken.id
    RETURNING n.id IS NOT NULL
"""
LINK_BACKUPS = f"""
    WITH linked AS (
        UPDATE certification_phonenumber n SET backup_of_id = main.id
        FROM certification_numberimportrow r
        JOIN certification_phonenumber main ON main.number = r.backup_for AND main.released_at IS NULL
        WHERE r.number_import_id = %(import)s AND r.outcome = 'accepted' AND r.backup_for <> ''
          AND n.number = r.number AND n.released_at IS NULL AND n.company_id = %(company)s
          AND main.company_id = %(company)s AND n.backup_of_id IS NULL AND main.backup_of_id IS NULL AND main.id <> n.id
          AND NOT EXISTS (
              SELECT FROM certification_numberimportrow other
              WHERE other.number_import_id = %(import)s AND other.number = main.number AND other.backup_for <> ''
          )
          AND NOT EXISTS (SELECT FROM certification_phonenumber backup WHERE backup.backup_of_id = n.id)
        RETURNING n.id, main.id AS main_id
    )
    {journal.INSERT} SELECT {journal.BY}, %(company)s, 'number', id, 'backup_of', '', main_id::text, %(reason)s FROM linked
"""  # noqa: S608 - interpolated are constants; the values are parameters
NOT_LINKED = """
    UPDATE certification_numberimportrow r SET problem = 'backup_unknown', problem_detail = left(r.backup_for, 120)
    FROM certification_phonenumber n
    WHERE r.number_import_id = %(import)s AND r.outcome = 'accepted' AND r.backup_for <> ''
      AND n.number = r.number AND n.released_at IS NULL AND n.company_id = %(company)s AND n.backup_of_id IS NULL
"""


def run(*, import_id: int, now: dt.datetime) -> dict[str, int]:
    """Import what was confirmed, from where an earlier run was stopped, to the end. Running it again changes nothing."""
    known: dict[tuple[Step, ...], int] = {}
    chunks = 0
    while take_chunk(import_id=import_id, known=known, now=now):
        chunks += 1
    return {"chunks": chunks}


def take_chunk(*, import_id: int, known: dict[tuple[Step, ...], int], now: dt.datetime) -> bool:
    """Import the next chunk, or finish; False when nothing is left to do.

    Two imports that hold the same numbers in different order can stop each other; the database ends one chunk, which
    is then simply tried again.
    """
    for attempt in range(5):
        try:
            with transaction.atomic():
                return _take_chunk(import_id, known, now)
        except OperationalError as error:
            known.clear()
            deadlock = getattr(error.__cause__, "sqlstate", "") in ("40P01", "40001")
            if not deadlock or attempt == 4:
                raise
    return False


def _take_chunk(import_id: int, known: dict[tuple[Step, ...], int], now: dt.datetime) -> bool:
    current = (
        NumberImport.objects.select_for_update(of=("self",))
        .select_related("company", "created_by")
        .filter(pk=import_id, state__in=[ImportState.QUEUED, ImportState.RUNNING])
        .first()
    )
    if current is None:
        return False
    actor = Actor.person(current.created_by) if current.created_by else Actor(ActorKind.COMMAND)
    rows = NumberImportRow.objects.filter(
        number_import=current, outcome=RowOutcome.ACCEPTED, row__gt=current.last_row
    ).order_by("row")
    chunk = list(rows.values_list("row", "group_path", "number")[:CHUNK])
    if not chunk:
        finish(current, actor, now)
        return False
    paths = {text: path_steps(text) for _row, text, _number in chunk if text}
    ensure_paths(
        company=current.company, wanted=list(paths.values()), known=known, root=current.group_id, actor=actor, now=now
    )
    values: dict[str, Any] = {
        **journal.by_parameters(at=now, actor=actor),
        "import": current.pk,
        "company": current.company_id,
        "after": current.last_row,
        "until": chunk[-1][0],
        "root": current.group_id,
        "paths": list(paths),
        "groups": [known[path] for path in paths.values()],
        "reason": "",
    }
    with connection.cursor() as cursor:
        # Of rows that were copied a moment ago the planner knows nothing, and would compare each with each.
        cursor.execute("SET LOCAL enable_nestloop = off")
        cursor.execute(IMPORT_CHUNK, values)
        (refused,) = cursor.fetchone()
        cursor.execute("SET LOCAL enable_nestloop = on")
        own = 0
        if refused:
            cursor.execute(REFUSE, {"refused": refused, "company": current.company_id})
            own = sum(is_own for (is_own,) in cursor.fetchall())
    arrived([number for _row, _text, number in chunk], actor, now)
    NumberImport.objects.filter(pk=current.pk).update(
        state=ImportState.RUNNING,
        last_row=chunk[-1][0],
        rows_done=current.rows_done + len(chunk),
        rows_accepted=current.rows_accepted - len(refused),
        rows_rejected=current.rows_rejected + len(refused) - own,
        rows_skipped=current.rows_skipped + own,
        progress_at=Now(),
    )
    return True


def finish(current: NumberImport, actor: Actor, now: dt.datetime) -> None:
    """Link the backups and end the import; its upload is removed."""
    values = {
        **journal.by_parameters(at=now, actor=actor),
        "import": current.pk,
        "company": current.company_id,
        "reason": "",
    }
    if current.columns.get("backup_for") is not None:
        with connection.cursor() as cursor:
            cursor.execute(LINK_BACKUPS, values)
            cursor.execute(NOT_LINKED, values)
    NumberImport.objects.filter(pk=current.pk).update(state=ImportState.FINISHED, finished_at=now, progress_at=Now())
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="number_import",
        subject_id=current.pk,
        aspect="import",
        before="confirmed",
        after="finished",
        detail={
            "accepted": current.rows_accepted,
            "rejected": current.rows_rejected,
            "skipped": current.rows_skipped,
        },
    )
    remove_file(current)


def sweep(*, now: dt.datetime) -> dict[str, int]:
    """Start imports again whose job was lost, discard what nobody confirmed, remove old rows; twice is once."""
    lost = NumberImport.objects.filter(
        state__in=[ImportState.QUEUED, ImportState.RUNNING], progress_at__lt=now - STANDS_STILL
    )
    started = 0
    for import_id in lost.values_list("pk", flat=True)[:100]:
        with transaction.atomic():
            if lost.filter(pk=import_id).update(progress_at=now):
                async_task(RUN_TASK, import_id)
                started += 1
    abandoned = NumberImport.objects.filter(
        state__in=[ImportState.UPLOADED, ImportState.PREVIEWED], created_at__lt=now - ABANDONED
    )
    discarded = sum(discard(number_import=row) for row in abandoned[:100])
    finished = NumberImport.objects.filter(state=ImportState.FINISHED)
    rows, _details = NumberImportRow.objects.filter(
        number_import__in=finished.filter(finished_at__lt=now - ROWS_KEPT), outcome=RowOutcome.ACCEPTED, problem=""
    ).delete()
    old, _details = NumberImportRow.objects.filter(
        number_import__in=finished.filter(finished_at__lt=now - REPORT_KEPT)
    ).delete()
    return {"started": started, "discarded": discarded, "rows": rows + old}
