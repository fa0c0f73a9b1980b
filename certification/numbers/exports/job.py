"""Exports too long to wait for: written by the queue, fetched by the person who asked, then removed."""

from __future__ import annotations

import datetime as dt
import tempfile

from django.core.files.base import File
from django.core.files.storage import default_storage
from django.db import connection, transaction
from django.db.models import Q
from django.db.models.functions import Now
from django.utils import translation
from django_q.tasks import async_task

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.users import User
from certification.numbers.exports.writing import rows, write
from certification.numbers.listing import Filters, filtered
from certification.numbers.models import NumberExport

RUN_TASK = "certification.numbers.tasks.run_export"
#: Up to so many rows the file comes at once.
AT_ONCE = 5000
STANDS_STILL = dt.timedelta(minutes=2)
#: A file nobody fetched is removed after a day; one that was fetched a quarter of an hour later, for a connection that broke.
KEPT, KEPT_AFTER_FETCH = dt.timedelta(days=1), dt.timedelta(minutes=15)


def journal_export(
    *, company: Company, filters: Filters, total: int, file_format: str, actor: Actor, now: dt.datetime
) -> None:
    """Write down who took which part of the list out of the portal."""
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="company",
        subject_id=company.pk,
        aspect="export",
        after=file_format,
        detail={"rows": total, "filters": filters.query()},
    )


@transaction.atomic
def note_fetch(*, export: NumberExport, actor: Actor, now: dt.datetime) -> None:
    """Write down that the file was fetched; the first time decides when it is removed."""
    if NumberExport.objects.filter(pk=export.pk, fetched_at__isnull=True).update(fetched_at=now):
        journal.record(
            at=now,
            actor=actor,
            company_id=export.company_id,
            subject="company",
            subject_id=export.company_id,
            aspect="export_fetched",
            after=export.file_format,
            detail={"rows": export.rows_total},
        )


@transaction.atomic
def ask(
    *, company: Company, user: User, filters: Filters, file_format: str, language: str, actor: Actor, now: dt.datetime
) -> NumberExport:
    """Have the queue write the file; one that the person asked for already and that is being written is given again."""
    User.objects.select_for_update(of=("self",), no_key=True).get(pk=user.pk)  # a double click is one export
    values = {
        "company": company,
        "created_by": user,
        "file_format": file_format,
        "language": language,
        "filters": vars(filters),
    }
    running = NumberExport.objects.filter(**values, finished_at__isnull=True, failed_at__isnull=True).first()
    if running is not None:
        return running
    total = filtered(company, filters).count()
    export = NumberExport.objects.create(**values, created_at=now, progress_at=now, rows_total=total)
    journal_export(company=company, filters=filters, total=total, file_format=file_format, actor=actor, now=now)
    async_task(RUN_TASK, export.pk)
    return export


def run(*, export_id: int, now: dt.datetime) -> dict[str, int]:
    """Write the file from the beginning; a second job for the same export waits for the first and then does nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(hashtext('number_export'), %s)", [export_id])
    try:
        export = (
            NumberExport.objects.select_related("company")
            .filter(pk=export_id, finished_at__isnull=True, failed_at__isnull=True)
            .first()
        )
        if export is None:
            return {"rows": 0}
        return {"rows": write_file(export, now)}
    finally:
        with connection.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_unlock(hashtext('number_export'), %s)", [export_id])


def write_file(export: NumberExport, now: dt.datetime) -> int:
    """Write the file and say after each piece how far it is."""
    filters = Filters(**export.filters)
    mine = NumberExport.objects.filter(pk=export.pk)
    done = 0
    with translation.override(export.language), tempfile.TemporaryFile() as file:
        for done in write(file, rows(export.company, filters, now=now), file_format=export.file_format):
            mine.update(rows_done=done, progress_at=Now())
        file.seek(0)
        name = default_storage.save(f"exports/{export.ref}.{export.file_format}", File(file))
    mine.update(rows_done=done, rows_total=done, storage_name=name, finished_at=now, progress_at=Now())
    return done


def sweep(*, now: dt.datetime) -> dict[str, int]:
    """Remove files that were fetched or that nobody fetched; start lost jobs again, give them up after a day."""
    waiting = NumberExport.objects.filter(finished_at__isnull=True, failed_at__isnull=True)
    failed = waiting.filter(created_at__lt=now - KEPT).update(failed_at=now)
    started = 0
    for export_id in waiting.filter(progress_at__lt=now - STANDS_STILL).values_list("pk", flat=True)[:100]:
        with transaction.atomic():
            if waiting.filter(pk=export_id, progress_at__lt=now - STANDS_STILL).update(progress_at=now):
                async_task(RUN_TASK, export_id)
                started += 1
    old = NumberExport.objects.filter(
        Q(created_at__lt=now - KEPT) | Q(fetched_at__lt=now - KEPT_AFTER_FETCH), removed_at__isnull=True
    ).exclude(storage_name="")
    names = list(old.values_list("pk", "storage_name")[:1000])
    for _pk, name in names:
        default_storage.delete(name)
    NumberExport.objects.filter(pk__in=[pk for pk, _name in names]).update(removed_at=now, storage_name="")
    return {"removed": len(names), "started": started, "failed": failed}
