"""Imports: what a preview says, what an import does once, and what survives a kill."""

from __future__ import annotations

import datetime as dt
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django_q.models import OrmQ

from accounts.companies import Company
from accounts.journal import Actor, JournalEntry
from accounts.users import User
from certification.numbers.groups.tree import paths
from certification.numbers.imports import intake, run
from certification.numbers.imports.report import write_report
from certification.numbers.imports.sheets import UnreadableFile, look_at, rows_of
from certification.numbers.models import (
    ImportState,
    Lifecycle,
    NumberGroup,
    NumberImport,
    NumberImportRow,
    PhoneNumber,
    Provider,
)
from certification.numbers.problems import Problem
from tests.cast import NOW, Cast, make_number
from tests.certification.numbers.sheets import HEADER, csv_bytes, xlsx_bytes

DATA = Path(__file__).parent / "data"
LATER = NOW + dt.timedelta(minutes=10)


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    return tmp_path


def take_in(company: Company, content: bytes, *, name: str = "a.csv", user: User | None = None) -> NumberImport:
    return intake.take_in(
        company=company,
        file=ContentFile(content, name=name),
        name=name,
        provider=Provider.objects.get(code="official"),
        group=None,
        user=user,
        now=NOW,
    )


def previewed(company: Company, content: bytes, **options: Any) -> NumberImport:
    number_import = take_in(company, content, **options)
    assert intake.write_preview(number_import=number_import, columns=number_import.columns)
    number_import.refresh_from_db()
    return number_import


def confirmed(company: Company, content: bytes, **options: Any) -> NumberImport:
    number_import = previewed(company, content, **options)
    assert intake.confirm(number_import=number_import, actor=Actor.command(), now=NOW)
    return number_import


def imported(company: Company, content: bytes, **options: Any) -> NumberImport:
    number_import = confirmed(company, content, **options)
    run.run(import_id=number_import.pk, now=NOW)
    number_import.refresh_from_db()
    return number_import


def rows(number: int, first: int = 0) -> list[tuple[str, str, str]]:
    return [(f"1990008{serial:04d}", "好味快餐", f"区{serial % 3}") for serial in range(first, first + number)]


def outcomes(number_import: NumberImport) -> dict[int, tuple[str, str]]:
    found = NumberImportRow.objects.filter(number_import=number_import)
    return {row.row: (row.outcome, row.problem) for row in found}


def test_messy_file_comes_out_as_expected(cast: Cast):
    number_import = previewed(cast.shop, (DATA / "messy.gb18030.csv").read_bytes())
    found = {row.row: row for row in NumberImportRow.objects.filter(number_import=number_import)}
    for expected in json.loads((DATA / "messy.expected.json").read_text()):
        row = found[expected["row"]]
        assert (row.number if row.outcome == "accepted" else None) == expected["e164"], expected
    assert found[16].outcome == "skipped"
    assert found[13].problem_detail == "2"
    assert (number_import.rows_accepted, number_import.rows_rejected, number_import.rows_skipped) == (12, 6, 1)


def test_preview_imports_nothing(cast: Cast):
    previewed(cast.shop, csv_bytes(rows(3)))
    assert not PhoneNumber.objects.filter(company=cast.shop).exists()
    assert not NumberGroup.objects.exists()
    assert not OrmQ.objects.exists()


def test_import_adds_each_number_with_its_details_and_one_journal_row(cast: Cast):
    header = ("号码", "显示名称", "备注", "品牌", "大区", "门店", "渠道")
    content = xlsx_bytes(
        [
            ("19900080001", "好味快餐", "前台", "好味", "华北", "一店", "第三方服务商"),
            (19900080002, "好味快餐", "后厨", "好味", "华北", "二店", ""),
        ],
        header=header,
    )
    number_import = imported(cast.shop, content, name="a.xlsx", user=cast.stranger)
    numbers = PhoneNumber.objects.filter(company=cast.shop).order_by("pk")
    where = paths(cast.shop.pk)
    assert [
        (n.number, n.kind, n.label, n.alias, where[n.group_id or 0], n.provider.code, n.lifecycle) for n in numbers
    ] == [
        ("+8619900080001", "mobile", "好味快餐", "前台", "好味 / 华北 / 一店", "third_party", Lifecycle.DRAFT),
        ("+8619900080002", "mobile", "好味快餐", "后厨", "好味 / 华北 / 二店", "official", Lifecycle.DRAFT),
    ]
    assert [group.kind for group in NumberGroup.objects.order_by("pk")] == ["brand", "region", "store", "store"]
    journal = JournalEntry.objects.filter(subject="number")
    assert {(row.subject_id, row.aspect, row.before, row.after, row.actor) for row in journal} == {
        (number.pk, "state", "", "draft", cast.stranger) for number in numbers
    }
    assert number_import.state == ImportState.FINISHED
    assert (number_import.rows_accepted, number_import.rows_done) == (2, 2)


def test_groups_that_exist_are_taken_and_made_once(cast: Cast):
    imported(cast.shop, csv_bytes(rows(6)))
    imported(cast.shop, csv_bytes(rows(6, first=6)))
    assert {group.name for group in NumberGroup.objects.all()} == {"区0", "区1", "区2"}
    assert JournalEntry.objects.filter(subject="group").count() == 3


def test_upload_is_removed_when_the_import_ends(cast: Cast, files: Path, django_capture_on_commit_callbacks: Any):
    with django_capture_on_commit_callbacks(execute=True):
        number_import = imported(cast.shop, csv_bytes(rows(2)))
    assert number_import.storage_name == ""
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_own_number_is_left_out_and_anothers_is_refused_without_saying_whose(cast: Cast):
    make_number(cast.shop, number="+8619900080000")
    make_number(cast.clinic, number="+8619900080001")
    number_import = previewed(cast.shop, csv_bytes(rows(3)))
    assert outcomes(number_import) == {
        2: ("skipped", Problem.ALREADY_YOURS),
        3: ("rejected", Problem.UNAVAILABLE),
        4: ("accepted", ""),
    }
    assert cast.clinic.name not in str(Problem.UNAVAILABLE.label)


def test_released_number_can_be_imported_by_another_company(cast: Cast):
    make_number(cast.clinic, number="+8619900080000", released_at=NOW)
    assert imported(cast.shop, csv_bytes(rows(1))).rows_accepted == 1


def test_number_taken_between_preview_and_import_is_refused_then(cast: Cast):
    number_import = confirmed(cast.shop, csv_bytes(rows(4)))
    make_number(cast.clinic, number="+8619900080001")
    make_number(cast.shop, number="+8619900080002")
    run.run(import_id=number_import.pk, now=LATER)
    number_import.refresh_from_db()
    assert outcomes(number_import) == {
        2: ("accepted", ""),
        3: ("rejected", Problem.UNAVAILABLE),
        4: ("skipped", Problem.ALREADY_YOURS),
        5: ("accepted", ""),
    }
    assert (number_import.rows_accepted, number_import.rows_rejected, number_import.rows_skipped) == (2, 1, 1)


def test_confirming_twice_is_one_import(cast: Cast):
    number_import = previewed(cast.shop, csv_bytes(rows(3)))
    assert [intake.confirm(number_import=number_import, actor=Actor.command(), now=NOW) for _turn in range(2)] == [
        True,
        False,
    ]
    assert OrmQ.objects.count() == 1
    assert JournalEntry.objects.filter(subject="number_import", aspect="import").count() == 1


def test_second_job_of_one_import_changes_nothing(cast: Cast):
    number_import = imported(cast.shop, csv_bytes(rows(3)))
    before = JournalEntry.objects.count()
    run.run(import_id=number_import.pk, now=LATER)
    assert PhoneNumber.objects.filter(company=cast.shop).count() == 3
    assert JournalEntry.objects.count() == before


def test_stopped_import_goes_on_where_it_was(cast: Cast, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(run, "CHUNK", 2)
    number_import = confirmed(cast.shop, csv_bytes(rows(5)))
    known: dict[Any, int] = {}
    assert run.take_chunk(import_id=number_import.pk, known=known, now=NOW)
    number_import.refresh_from_db()
    assert (number_import.state, number_import.rows_done, number_import.last_row) == (ImportState.RUNNING, 2, 3)
    assert PhoneNumber.objects.filter(company=cast.shop).count() == 2
    assert run.run(import_id=number_import.pk, now=LATER) == {"chunks": 2}
    number_import.refresh_from_db()
    assert (number_import.state, number_import.rows_done) == (ImportState.FINISHED, 5)
    assert PhoneNumber.objects.filter(company=cast.shop).count() == 5
    assert JournalEntry.objects.filter(subject="number", aspect="state").count() == 5


def test_sweep_starts_an_import_again_whose_job_was_lost(cast: Cast):
    number_import = confirmed(cast.shop, csv_bytes(rows(3)))
    OrmQ.objects.all().delete()
    assert run.sweep(now=NOW + dt.timedelta(minutes=1))["started"] == 0
    assert run.sweep(now=NOW + dt.timedelta(minutes=3))["started"] == 1
    assert run.sweep(now=NOW + dt.timedelta(minutes=3))["started"] == 0
    assert OrmQ.objects.count() == 1
    number_import.refresh_from_db()
    assert number_import.state == ImportState.QUEUED


def test_sweep_discards_what_nobody_confirmed(cast: Cast, files: Path, django_capture_on_commit_callbacks: Any):
    number_import = previewed(cast.shop, csv_bytes(rows(3)))
    assert run.sweep(now=NOW + dt.timedelta(days=1))["discarded"] == 0
    with django_capture_on_commit_callbacks(execute=True):
        assert run.sweep(now=NOW + dt.timedelta(days=3))["discarded"] == 1
    number_import.refresh_from_db()
    assert number_import.state == ImportState.DISCARDED
    assert not NumberImportRow.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_sweep_keeps_the_report_for_a_month(cast: Cast):
    imported(cast.shop, csv_bytes([*rows(2), ("1990000", "", "")]))
    run.sweep(now=NOW + dt.timedelta(days=2))
    assert [row.outcome for row in NumberImportRow.objects.all()] == ["rejected"]
    run.sweep(now=NOW + dt.timedelta(days=31))
    assert not NumberImportRow.objects.exists()


def test_confirmed_import_cannot_be_discarded_or_previewed_again(cast: Cast):
    number_import = confirmed(cast.shop, csv_bytes(rows(3)))
    assert not intake.discard(number_import=number_import)
    assert not intake.write_preview(number_import=number_import, columns={"number": 1})
    run.run(import_id=number_import.pk, now=NOW)
    assert PhoneNumber.objects.filter(company=cast.shop).count() == 3


def test_text_can_be_read_again_in_another_encoding(cast: Cast):
    content = csv_bytes(rows(2), encoding="gb18030")
    number_import = take_in(cast.shop, content)
    with pytest.raises(UnreadableFile):
        intake.read_again(number_import=number_import, encoding="utf-8", delimiter=",")
    number_import.refresh_from_db()
    assert (number_import.encoding, number_import.header) == ("gb18030", list(HEADER))
    intake.read_again(number_import=number_import, encoding="gb18030", delimiter=",")
    assert number_import.columns["number"] == 0


@pytest.mark.parametrize(
    ("header", "row", "problem"),
    [
        (("号码", "渠道"), ("19900080001", "没有的渠道"), Problem.UNKNOWN_PROVIDER),
        (("号码", "名称"), ("19900080001", "名" * 61), Problem.LABEL_TOO_LONG),
        (("号码", "备注"), ("19900080001", "名" * 61), Problem.ALIAS_TOO_LONG),
        (("号码", "门店"), ("19900080001", "名" * 61), Problem.GROUP_TOO_LONG),
        (("号码", "分组"), ("19900080001", "a/b/c/d/e/f/g"), Problem.GROUP_TOO_LONG),
        (("号码", "主号码"), ("19900080001", "x"), Problem.BACKUP_INVALID),
    ],
)
def test_column_beside_the_number_can_be_wrong(
    cast: Cast, header: tuple[str, ...], row: tuple[str, ...], problem: Problem
):
    number_import = previewed(cast.shop, csv_bytes([row, ("19900080002", "")], header=header))
    assert outcomes(number_import) == {2: ("rejected", problem), 3: ("accepted", "")}


def test_backups_are_linked_to_main_numbers_of_the_same_company(cast: Cast):
    make_number(cast.clinic, number="+8619900080009")
    main = make_number(cast.shop, number="+8619900080008")
    content = csv_bytes(
        [
            ("19900080001", ""),
            ("19900080002", "19900080001"),
            ("19900080003", "19900080008"),
            ("19900080004", "19900080009"),
            ("19900080005", "19900080002"),
        ],
        header=("号码", "主号码"),
    )
    number_import = imported(cast.shop, content)
    found = {n.number[-1]: n for n in PhoneNumber.objects.filter(company=cast.shop)}
    assert found["2"].backup_of == found["1"]
    assert found["3"].backup_of == main
    assert found["4"].backup_of is None
    assert found["5"].backup_of is None
    assert outcomes(number_import)[5] == ("accepted", Problem.BACKUP_UNKNOWN)
    assert JournalEntry.objects.filter(aspect="backup_of").count() == 2


def test_report_holds_the_original_columns_and_can_be_uploaded_again(cast: Cast, tmp_path: Path):
    bad = [("1990000", "=cmd|x", "华北"), ("=HYPERLINK(1)", "+danger", "@x")]
    number_import = previewed(cast.shop, csv_bytes([*rows(2), *bad]))
    for file_format in ("csv", "xlsx"):
        path = tmp_path / f"report.{file_format}"
        with path.open("w+b") as file:
            write_report(file, number_import, file_format=file_format)
        with path.open("rb") as file:
            layout = look_at(file, path.name)
            cells = [row for _number, row in rows_of(file, layout)]
        assert cells[0][:3] == list(HEADER)
        assert [row[3] for row in cells[1:]] == ["4", "5"]
        assert not any(str(cell).startswith(("=", "+", "-", "@", "\t")) for row in cells for cell in row)
        assert cells[1][1] == "'=cmd|x"


def test_path_in_a_group_column_becomes_nested_groups(cast: Cast):
    imported(cast.shop, csv_bytes([("19900080001", "好味 / 华北 / 一店")], header=("号码", "分组")))
    number = PhoneNumber.objects.get(company=cast.shop)
    assert paths(cast.shop.pk)[number.group_id or 0] == "好味 / 华北 / 一店"


def test_file_is_stored_only_when_it_can_be_read(cast: Cast, files: Path):
    with pytest.raises(UnreadableFile):
        take_in(cast.shop, b"")
    assert not list(files.rglob("*.csv"))
    number_import = take_in(cast.shop, csv_bytes(rows(1)))
    assert default_storage.exists(number_import.storage_name)
