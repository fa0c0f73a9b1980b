"""Spreadsheets of complaints: seen before they count, counted once, whatever stops the job or how often it runs."""

from __future__ import annotations

import datetime as dt
import io
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import xlsxwriter
from django.conf import settings as django_settings
from django.core.files.base import ContentFile
from django.db import connection
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from accounts.journal import Actor, JournalEntry
from appeals.complaints.imports.kind import COMPLAINT_IMPORTS
from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow
from appeals.complaints.locks import open_lock_of
from appeals.complaints.models import Complaint, ComplaintDay, Source
from appeals.complaints.sheets import COMPLAINTS
from appeals.event_imports import run, taking
from appeals.event_imports.report import rejected_rows
from certification.numbers.imports.models import ImportState
from certification.numbers.imports.sheets import FileProblem, UnreadableFile
from tests.cast import NOW, Cast, make_company, make_number
from tests.certification.numbers.sheets import csv_bytes, upload, xlsx_bytes
from tests.invariants import assert_invariants

HEADER = ("编号", "被投诉号码", "投诉时间", "平台", "类别", "说明")
COMMAND = Actor.command()


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }


@pytest.fixture
def source(db: None) -> Source:
    return Source.objects.create(name="12321", created_at=NOW)


def sheet(cast: Cast) -> list[tuple[Any, ...]]:
    """Six complaints about one number, one about nobody's, one that cannot be read, one that comes twice."""
    number = cast.numbers[0].number.removeprefix("+86")
    rows: list[tuple[Any, ...]] = [
        (f"c{place}", number, f"2026-11-24 0{place}:30:00", "360", "诈骗", "冒充客服") for place in range(6)
    ]
    return [
        *rows,
        ("u", "13912345678", "2026-11-24 09:00:00", "腾讯", "骚扰", ""),
        ("bad", "12", "2026-11-24 09:00:00", "腾讯", "骚扰", "=1+1"),
        rows[0],
    ]


def taken(source: Source, content: bytes, name: str = "投诉.csv") -> ComplaintImport:
    """The file, taken in and previewed by its guessed columns."""
    found = taking.take_in(
        kind=COMPLAINT_IMPORTS, source=source, file=ContentFile(content, name=name), name=name, user=None, now=NOW
    )
    assert taking.write_preview(kind=COMPLAINT_IMPORTS, event_import=found, columns=found.columns, now=NOW)
    assert isinstance(found, ComplaintImport)
    found.refresh_from_db()
    return found


def counts(found: ComplaintImport) -> tuple[int, int, int, int, int]:
    found.refresh_from_db()
    return (
        found.rows_total,
        found.rows_accepted,
        found.rows_unknown_number,
        found.rows_duplicate,
        found.rows_invalid,
    )


@pytest.mark.parametrize("kind", ["utf-8", "gb18030", "utf-16", "xlsx"])
def test_every_kind_of_file_is_previewed_and_then_counted(cast: Cast, source: Source, kind: str) -> None:
    rows = sheet(cast)
    content = xlsx_bytes(rows, header=HEADER) if kind == "xlsx" else csv_bytes(rows, header=HEADER, encoding=kind)
    found = taken(source, content, "投诉.xlsx" if kind == "xlsx" else "投诉.csv")
    assert (found.state, counts(found)) == (ImportState.PREVIEWED, (9, 6, 1, 1, 1))
    assert not Complaint.objects.exists()
    assert taking.confirm(kind=COMPLAINT_IMPORTS, event_import=found, actor=COMMAND, now=NOW)
    assert not taking.confirm(kind=COMPLAINT_IMPORTS, event_import=found, actor=COMMAND, now=NOW)
    assert OrmQ.objects.count() == 1
    run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW)
    assert (counts(found), found.state, found.locked) == ((9, 6, 1, 1, 1), ImportState.FINISHED, 1)
    assert open_lock_of(cast.numbers[0]) is not None
    first = Complaint.objects.get(event="c0")
    # Without an offset it is Chinese time.
    assert first.at == dt.datetime(2026, 11, 23, 16, 30, tzinfo=dt.UTC)
    assert (str(first.platform), first.category, first.evidence) == ("360", "fraud", "冒充客服")
    again = taken(source, content, found.file_name)
    assert counts(again) == (9, 0, 0, 8, 1)
    assert_invariants()


def test_dates_of_a_spreadsheet_are_chinese_time(cast: Cast, source: Source) -> None:
    at = dt.datetime(2026, 11, 24, 23, 59)  # noqa: DTZ001 - as a spreadsheet has it
    rows = [(int(cast.numbers[0].number.removeprefix("+86")), at, "other")]
    file = io.BytesIO()
    with xlsxwriter.Workbook(file, {"in_memory": True}) as book:
        page = book.add_worksheet()
        style = book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        page.write_row(0, 0, ("number", "time", "category"))
        for row, (number, moment, category) in enumerate(rows, start=1):
            page.write_number(row, 0, number)
            page.write_datetime(row, 1, moment, style)
            page.write_string(row, 2, category)
    found = taken(source, file.getvalue(), "a.xlsx")
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=found, actor=COMMAND, now=NOW, start=False)
    run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW)
    complaint = Complaint.objects.get()
    assert (complaint.at, complaint.day) == (
        dt.datetime(2026, 11, 24, 15, 59, tzinfo=dt.UTC),
        dt.date(2026, 11, 24),
    )


def test_rows_without_ids_count_apart_and_the_file_once(cast: Cast, source: Source) -> None:
    number = cast.numbers[0].number
    content = csv_bytes([(number, "2026-11-24 10:00", "other")] * 3, header=("号码", "时间", "类别"))
    first = taken(source, content)
    assert counts(first) == (3, 3, 0, 0, 0)
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=first, actor=COMMAND, now=NOW, start=False)
    run.run(kind=COMPLAINT_IMPORTS, import_id=first.pk, now=NOW)
    assert counts(taken(source, content)) == (3, 0, 0, 3, 0)


def test_stopped_import_goes_on_and_a_second_run_changes_nothing(
    cast: Cast, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 2)
    found = taken(source, csv_bytes(sheet(cast), header=HEADER))
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=found, actor=COMMAND, now=NOW, start=False)
    assert run.take_chunk(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.rows_done, found.last_row) == (ImportState.RUNNING, 2, 3)
    assert run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW) == {"chunks": 4}
    journal = JournalEntry.objects.count()
    assert run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW) == {"chunks": 0}
    assert (JournalEntry.objects.count(), Complaint.objects.count()) == (journal, 7)
    found.refresh_from_db()
    assert (found.state, found.storage_name) == (ImportState.FINISHED, "")
    assert_invariants()


def test_sweep_starts_lost_imports_and_removes_what_is_left_behind(cast: Cast, source: Source) -> None:
    lost, left, old = (taken(source, csv_bytes(sheet(cast), header=HEADER)) for _ in range(3))
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=lost, actor=COMMAND, now=NOW, start=False)
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=old, actor=COMMAND, now=NOW, start=False)
    run.run(kind=COMPLAINT_IMPORTS, import_id=old.pk, now=NOW)
    later = NOW + dt.timedelta(days=2, minutes=3)
    waiting = OrmQ.objects.count()
    assert run.sweep(kind=COMPLAINT_IMPORTS, now=later) == {"started": 1, "discarded": 1, "rows": 8}
    assert OrmQ.objects.count() == waiting + 1
    left.refresh_from_db()
    assert left.state == ImportState.DISCARDED
    assert list(ComplaintImportRow.objects.filter(complaint_import=old).values_list("outcome", flat=True)) == [
        "invalid"
    ]
    assert run.sweep(kind=COMPLAINT_IMPORTS, now=later) == {"started": 0, "discarded": 0, "rows": 0}
    assert run.sweep(kind=COMPLAINT_IMPORTS, now=NOW + dt.timedelta(days=31))["rows"] == 1


def test_report_holds_the_rows_that_cannot_be_read(cast: Cast, source: Source) -> None:
    found = taken(source, csv_bytes(sheet(cast), header=HEADER))
    (row,) = rejected_rows(COMPLAINT_IMPORTS, found)
    assert row[:6] == ["bad", "12", "2026-11-24 09:00:00", "腾讯", "骚扰", "'=1+1"]
    assert row[6] == "9"
    assert row[7]


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", FileProblem.ZERO_BYTES),
        (b"%PDF-1.7", FileProblem.NOT_AS_NAMED),
        (b"number,at,category\n", FileProblem.EMPTY),
        ("姓名,年龄\n张三,3\n".encode(), FileProblem.NO_NUMBERS),
    ],
)
def test_file_that_is_no_list_of_complaints_is_refused(source: Source, content: bytes, problem: FileProblem) -> None:
    with pytest.raises(UnreadableFile) as caught:
        taken(source, content)
    assert caught.value.problem == problem
    assert not ComplaintImport.objects.exists()


def test_columns_are_found_by_words_and_by_content() -> None:
    rows: list[tuple[int, list[Any]]] = [
        (1, ["投诉明细"]),
        (2, ["电话", "投诉时间", "类型"]),
        (3, ["13800000000", "x", "y"]),
    ]
    assert COMPLAINTS.find_header(rows) == 1
    assert COMPLAINTS.find_header([(1, ["13800000000", "2026-11-24"])]) == -1
    assert COMPLAINTS.guess_columns(["谁", "何时"], [(2, ["13800000000", "2026-11-24"])]) == {"number": 0}


# --- The pages ------------------------------------------------------------------------------------------------------


def pages(cast: Cast) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.operations)
    return client


def test_operations_take_a_spreadsheet_from_file_to_result(cast: Cast, source: Source) -> None:
    client = pages(cast)
    address = reverse("complaints:imports")
    refused = client.post(address, {"source": source.pk, "file": upload(b"", "a.csv")})
    assert refused.status_code == 422
    assert "This file has 0 bytes" in refused.content.decode()
    sent = client.post(address, {"source": source.pk, "file": upload(csv_bytes(sheet(cast), header=HEADER), "a.csv")})
    found = ComplaintImport.objects.get()
    columns = reverse("complaints:import_columns", args=[found.ref])
    assert (sent.status_code, sent["Location"]) == (302, columns)
    assert client.get(columns).status_code == 200
    chosen = {key: str(value) for key, value in found.columns.items()}
    twice = client.post(columns, {**chosen, "evidence": chosen["number"]})
    assert (twice.status_code, "chosen for" in twice.content.decode()) == (422, True)
    detail = reverse("complaints:import_detail", args=[found.ref])
    assert client.post(columns, chosen)["Location"] == detail
    preview = client.get(f"{detail}?show=invalid").content.decode()
    assert "Cannot be read" in preview
    assert cast.numbers[0].number not in client.get(detail).content.decode()  # masked
    assert client.post(reverse("complaints:import_confirm", args=[found.ref]))["Location"] == detail
    assert "Importing" in client.get(detail).content.decode()
    progress = reverse("complaints:import_progress", args=[found.ref])
    assert "0%" in client.get(progress).content.decode()
    run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW)
    assert client.get(progress)["HX-Redirect"] == detail
    assert "6 counted, 1 kept until their number appears" in client.get(detail).content.decode()
    report = client.get(reverse("complaints:import_report", args=[found.ref, "csv"]))
    assert "bad" in b"".join(report.streaming_content).decode()  # type: ignore[attr-defined]
    assert client.get(columns)["Location"] == detail


def test_discarded_spreadsheet_counts_nothing(cast: Cast, source: Source) -> None:
    client = pages(cast)
    found = taken(source, csv_bytes(sheet(cast), header=HEADER))
    client.post(reverse("complaints:import_discard", args=[found.ref]))
    found.refresh_from_db()
    assert (found.state, found.storage_name) == (ImportState.DISCARDED, "")
    client.post(reverse("complaints:import_confirm", args=[found.ref]))
    assert "Nothing was taken in" in client.get(reverse("complaints:import_detail", args=[found.ref])).content.decode()
    assert not ComplaintDay.objects.exists()


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_preview_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, source: Source, rows: int, django_assert_num_queries: Any
) -> None:
    client = pages(cast)
    content = csv_bytes([(cast.numbers[0].number, "2026-11-24 10:00", "other")] * rows, header=("号码", "时间", "类别"))
    found = taken(source, content)
    address = reverse("complaints:import_detail", args=[found.ref])
    client.get(address)
    with django_assert_num_queries(7):
        assert client.get(address).status_code == 200


WORKER = """
import django; django.setup()
import datetime, sys, time
from appeals.complaints.imports.kind import COMPLAINT_IMPORTS
from appeals.event_imports import run
run.CHUNK = 20
while run.take_chunk(kind=COMPLAINT_IMPORTS, import_id=int(sys.argv[1]), now=datetime.datetime.fromisoformat(sys.argv[2])):
    time.sleep(0.02)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_killed_import_goes_on_to_the_same_end() -> None:
    source = Source.objects.create(name="12321", created_at=NOW)
    numbers = [make_number(make_company("好味快餐")).number for _ in range(3)]
    count = 1000
    content = csv_bytes(
        [(numbers[serial % 3], f"2026-11-{1 + serial % 24:02d} 10:00", "other") for serial in range(count)],
        header=("号码", "时间", "类别"),
    )
    found = taken(source, content)
    taking.confirm(kind=COMPLAINT_IMPORTS, event_import=found, actor=COMMAND, now=NOW)
    database = connection.settings_dict
    address = (
        f"postgres://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'])}&port={database['PORT']}"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(found.pk), NOW.isoformat()],
        cwd=django_settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address, "PORTAL_MODE": "test"},
    )
    deadline = time.monotonic() + 60
    while not ComplaintImport.objects.filter(pk=found.pk, rows_done__gt=0).exists():
        assert time.monotonic() < deadline
        assert worker.poll() is None
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    found.refresh_from_db()
    assert found.state == ImportState.RUNNING
    assert 0 < found.rows_done < count
    run.run(kind=COMPLAINT_IMPORTS, import_id=found.pk, now=NOW)
    assert counts(found) == (count, count, 0, 0, 0)
    assert Complaint.objects.count() == count
    assert sum(ComplaintDay.objects.values_list("total", flat=True)) == count
    assert found.locked == 3
