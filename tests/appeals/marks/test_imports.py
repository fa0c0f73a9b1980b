"""Spreadsheets of marks: seen before they are noted, noted once. What they share with complaints is tested there."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.test import Client
from django.urls import reverse
from django_q.models import OrmQ

from accounts.journal import Actor, JournalEntry
from appeals.complaints.models import Source
from appeals.event_imports import run, taking
from appeals.event_imports.models import EventImport
from appeals.event_imports.report import rejected_rows
from appeals.marks.imports.kind import MARK_IMPORTS
from appeals.marks.imports.models import MarkImport
from appeals.marks.models import Mark, MarkSighting, Origin, UnknownMark
from appeals.tasks import run_mark_import, sweep_mark_imports
from certification.numbers.imports.models import ImportState
from certification.numbers.imports.sheets import FileProblem, UnreadableFile
from tests.cast import NOW, Cast
from tests.certification.numbers.sheets import csv_bytes, upload, xlsx_bytes
from tests.invariants import assert_invariants

HEADER = ("编号", "被标记号码", "标记平台", "标记时间", "标记类型", "标记人数", "已清除")
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
    return Source.objects.create(name="360", created_at=NOW)


def sheet(cast: Cast) -> list[tuple[Any, ...]]:
    """A mark that came back, one of another platform, one of nobody's number, two that cannot be read, one twice."""
    number = cast.numbers[0].number.removeprefix("+86")
    rows: list[tuple[Any, ...]] = [
        ("m1", number, "360", "2026-10-01 09:30", "诈骗", "120", ""),
        ("m2", number, "360", "2026-10-20 09:30", "", "", "是"),
        ("m3", number, "360", "2026-11-02 09:30", "骚扰", "40", "否"),
        ("m4", number, "百度", "2026-11-03 09:30", "广告", "", ""),
        ("m5", "13912345678", "腾讯", "2026-11-04", "诈骗", "8", ""),
        ("bad1", number, "某平台", "2026-11-04", "诈骗", "1", ""),
        ("bad2", "12", "360", "2026-11-04", "诈骗", "1", "=1+1"),
    ]
    return [*rows, rows[0]]


def taken(source: Source, content: bytes, name: str = "标记.csv") -> EventImport:
    """The file, taken in and previewed by its guessed columns."""
    found = taking.take_in(
        kind=MARK_IMPORTS, source=source, file=ContentFile(content, name=name), name=name, user=None, now=NOW
    )
    assert taking.write_preview(kind=MARK_IMPORTS, event_import=found, columns=found.columns, now=NOW)
    return found


def counts(found: EventImport) -> tuple[int, ...]:
    found.refresh_from_db()
    return (
        found.rows_total,
        found.rows_accepted,
        found.rows_unknown_number,
        found.rows_duplicate,
        found.rows_invalid,
    )


@pytest.mark.parametrize("kind", ["utf-8", "gb18030", "xlsx"])
def test_every_kind_of_file_is_previewed_and_then_noted(cast: Cast, source: Source, kind: str) -> None:
    rows = sheet(cast)
    content = xlsx_bytes(rows, header=HEADER) if kind == "xlsx" else csv_bytes(rows, header=HEADER, encoding=kind)
    found = taken(source, content, "标记.xlsx" if kind == "xlsx" else "标记.csv")
    assert (counts(found), found.state) == ((8, 4, 1, 1, 2), ImportState.PREVIEWED)
    assert not MarkSighting.objects.exists()
    assert taking.confirm(kind=MARK_IMPORTS, event_import=found, actor=COMMAND, now=NOW)
    assert not taking.confirm(kind=MARK_IMPORTS, event_import=found, actor=COMMAND, now=NOW)
    assert OrmQ.objects.count() == 1
    assert run_mark_import(found.pk) == {"chunks": 1}
    assert run_mark_import(found.pk) == {"chunks": 0}
    assert (counts(found), found.state, found.storage_name) == ((8, 4, 1, 1, 2), ImportState.FINISHED, "")
    returned = Mark.objects.get(platform__code="360")
    assert (returned.episodes, returned.label, returned.people) == (2, "harassment", 40)
    # Without an offset it is Chinese time.
    assert returned.first_seen_at == dt.datetime(2026, 11, 2, 1, 30, tzinfo=dt.UTC)
    assert UnknownMark.objects.get().dialled == "+8613912345678"
    assert set(MarkSighting.objects.values_list("origin", flat=True)) == {Origin.PLATFORM}
    steps = JournalEntry.objects.filter(subject="mark_import").order_by("pk")
    assert [entry.after for entry in steps] == ["confirmed", "finished"]
    assert counts(taken(source, content, found.file_name)) == (8, 0, 0, 6, 2)
    assert_invariants()


def test_report_holds_the_rows_that_cannot_be_read_with_the_reasons(cast: Cast, source: Source) -> None:
    rows = list(rejected_rows(MARK_IMPORTS, taken(source, csv_bytes(sheet(cast), header=HEADER))))
    assert [row[:2] for row in rows] == [["bad1", cast.numbers[0].number.removeprefix("+86")], ["bad2", "12"]]
    assert [row[-2] for row in rows] == ["7", "8"]
    assert rows[1][6] == "'=1+1"
    assert all(row[-1] for row in rows)


def test_stopped_import_goes_on_and_the_sweep_cleans_up(
    cast: Cast, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run, "CHUNK", 2)
    left, found = (taken(source, csv_bytes(sheet(cast), header=HEADER)) for _ in range(2))
    taking.confirm(kind=MARK_IMPORTS, event_import=found, actor=COMMAND, now=NOW, start=False)
    assert run.take_chunk(kind=MARK_IMPORTS, import_id=found.pk, now=NOW)
    found.refresh_from_db()
    assert (found.state, found.rows_done, found.last_row) == (ImportState.RUNNING, 2, 3)
    assert run.run(kind=MARK_IMPORTS, import_id=found.pk, now=NOW) == {"chunks": 3}
    assert MarkSighting.objects.count() == 4
    assert run.sweep(kind=MARK_IMPORTS, now=NOW + dt.timedelta(days=3)) == {"started": 0, "discarded": 1, "rows": 6}
    left.refresh_from_db()
    assert left.state == ImportState.DISCARDED
    assert set(sweep_mark_imports()) == {"started", "discarded", "rows"}


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", FileProblem.ZERO_BYTES),
        (b"PK\x03\x04 not a workbook", FileProblem.BROKEN),
        ("号码,平台,时间\n".encode(), FileProblem.EMPTY),
        ("姓名,年龄\n张三,3\n".encode(), FileProblem.NO_NUMBERS),
    ],
)
def test_file_that_is_no_list_of_marks_is_refused(source: Source, content: bytes, problem: FileProblem) -> None:
    with pytest.raises(UnreadableFile) as caught:
        taken(source, content)
    assert caught.value.problem == problem
    assert not MarkImport.objects.exists()


# --- The pages ------------------------------------------------------------------------------------------------------


def pages(cast: Cast) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.operations)
    return client


def test_operations_take_a_spreadsheet_from_file_to_result(cast: Cast, source: Source) -> None:
    client = pages(cast)
    address = reverse("marks:imports")
    assert address in client.get(reverse("marks:staff_list")).content.decode()
    refused = client.post(address, {"source": source.pk, "file": upload(b"", "a.csv")})
    assert (refused.status_code, "This file has 0 bytes" in refused.content.decode()) == (422, True)
    sent = client.post(address, {"source": source.pk, "file": upload(csv_bytes(sheet(cast), header=HEADER), "a.csv")})
    found = MarkImport.objects.get()
    columns, detail = (reverse(f"marks:import_{name}", args=[found.ref]) for name in ("columns", "detail"))
    assert (sent.status_code, sent["Location"]) == (302, columns)
    assert "Marked number" in client.get(columns).content.decode()
    chosen = {key: str(value) for key, value in found.columns.items()}
    incomplete = client.post(columns, {**chosen, "platform": ""})
    assert (incomplete.status_code, "Choose the column that holds this." in incomplete.content.decode()) == (422, True)
    again = client.post(columns, {"read_again": "1", "encoding": "utf-8", "delimiter": ","})
    assert again["Location"] == columns
    assert client.post(columns, chosen)["Location"] == detail
    preview = client.get(detail).content.decode()
    assert "4 will be noted, 1 kept until their number appears" in preview
    assert cast.numbers[0].number.removeprefix("+86") not in preview  # masked
    assert "The platform is not known." in client.get(f"{detail}?show=invalid").content.decode()
    assert client.post(reverse("marks:import_confirm", args=[found.ref]))["Location"] == detail
    assert "Importing" in client.get(detail).content.decode()
    progress = reverse("marks:import_progress", args=[found.ref])
    assert "0%" in client.get(progress).content.decode()
    run.run(kind=MARK_IMPORTS, import_id=found.pk, now=NOW)
    assert client.get(progress)["HX-Redirect"] == detail
    assert "4 noted, 1 kept until their number appears" in client.get(detail).content.decode()
    report = client.get(reverse("marks:import_report", args=[found.ref, "csv"]))
    assert "bad1" in b"".join(report.streaming_content).decode()  # type: ignore[attr-defined]
    assert client.get(columns)["Location"] == detail
    assert "a.csv" in client.get(address).content.decode()


def test_discarded_spreadsheet_notes_nothing(cast: Cast, source: Source) -> None:
    client = pages(cast)
    found = taken(source, csv_bytes(sheet(cast), header=HEADER))
    found.refresh_from_db()
    client.post(reverse("marks:import_discard", args=[found.ref]))
    client.post(reverse("marks:import_confirm", args=[found.ref]))
    found.refresh_from_db()
    assert (found.state, found.storage_name) == (ImportState.DISCARDED, "")
    assert "Nothing was taken in" in client.get(reverse("marks:import_detail", args=[found.ref])).content.decode()
    assert not MarkSighting.objects.exists()


def test_imports_of_marks_and_of_complaints_are_kept_apart(cast: Cast, source: Source) -> None:
    found = taken(source, csv_bytes(sheet(cast), header=HEADER))
    found.refresh_from_db()
    client = pages(cast)
    assert client.get(reverse("complaints:import_detail", args=[found.ref])).status_code == 404
    assert found.file_name not in client.get(reverse("complaints:imports")).content.decode()


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_preview_takes_the_same_queries_for_any_number_of_rows(
    cast: Cast, source: Source, rows: int, django_assert_num_queries: Any
) -> None:
    client = pages(cast)
    content = csv_bytes(
        [(cast.numbers[0].number, "360", f"2026-11-24 10:{place:02d}") for place in range(rows)],
        header=("号码", "平台", "时间"),
    )
    found = taken(source, content)
    found.refresh_from_db()
    address = reverse("marks:import_detail", args=[found.ref])
    client.get(address)
    with django_assert_num_queries(8):
        assert client.get(address).status_code == 200
