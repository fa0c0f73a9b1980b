"""Opening strangers' files: each that cannot be read is refused for its own reason."""

from __future__ import annotations

import contextlib
import io
import struct
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.numbers.imports.columns import Target, guess_columns, meaning
from certification.numbers.imports.intake import examine_numbers
from certification.numbers.imports.sheets import (
    FileProblem,
    Layout,
    UnreadableFile,
    guess_delimiter,
    look_at,
    rows_of,
)
from tests.certification.numbers.sheets import HEADER, csv_bytes, xlsx_bytes, zipped

ROW = ("19900070008", "好味快餐", "华北")
WORKBOOK = b"<workbook/>"


def problem_of(content: bytes, name: str) -> FileProblem:
    with pytest.raises(UnreadableFile) as caught:
        examine_numbers(io.BytesIO(content), name)
    return caught.value.problem


def sheet(cells: bytes) -> bytes:
    return zipped(
        {
            "xl/workbook.xml": WORKBOOK,
            "xl/worksheets/sheet1.xml": b"<worksheet><sheetData>" + cells + b"</sheetData></worksheet>",
        }
    )


OLE = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600)


@pytest.mark.parametrize(
    ("content", "name", "problem"),
    [
        (b"", "a.csv", FileProblem.ZERO_BYTES),
        (b"", "a.xlsx", FileProblem.ZERO_BYTES),
        (b"\n\n , \n", "a.csv", FileProblem.EMPTY),
        (csv_bytes([]), "a.csv", FileProblem.EMPTY),
        (xlsx_bytes([]), "a.xlsx", FileProblem.EMPTY),
        (xlsx_bytes([], header=()), "a.xlsx", FileProblem.EMPTY),
        (b"x" * (10 * 1024 * 1024 + 1), "a.csv", FileProblem.TOO_LARGE),
        (csv_bytes([ROW]), "a.xlsx", FileProblem.NOT_AS_NAMED),
        (xlsx_bytes([ROW]), "a.csv", FileProblem.NOT_AS_NAMED),
        (b"%PDF-1.7 ...", "a.csv", FileProblem.NOT_AS_NAMED),
        (b"\x89PNG\r\n\x1a\n...", "a.csv", FileProblem.NOT_AS_NAMED),
        (b"199\x0000070008\n", "a.csv", FileProblem.NOT_AS_NAMED),
        (zipped({"readme.txt": b"x"}), "a.xlsx", FileProblem.NOT_AS_NAMED),
        (b"%PDF-1.7 ...", "a.pdf", FileProblem.WRONG_KIND),
        (OLE, "a.xls", FileProblem.OLD_EXCEL),
        (OLE, "a.xlsx", FileProblem.OLD_EXCEL),
        (b"<html><table>", "a.xls", FileProblem.OLD_EXCEL),
        (OLE + "EncryptedPackage".encode("utf-16-le"), "a.xlsx", FileProblem.ENCRYPTED),
        (zipped({"Index/Document.iwa": b"x"}), "a.numbers", FileProblem.APPLE_NUMBERS),
        (zipped({"Index/Document.iwa": b"x"}), "a.xlsx", FileProblem.APPLE_NUMBERS),
        (xlsx_bytes([ROW])[:-200], "a.xlsx", FileProblem.BROKEN),
        (b"PK\x03\x04" + bytes(40), "a.xlsx", FileProblem.BROKEN),
        (sheet(b"<not-closed"), "a.xlsx", FileProblem.BROKEN),
        (b"\xff\xff\xfd\xfc" * 20, "a.csv", FileProblem.UNDECODABLE),
        (csv_bytes([["好味快餐", "华北"]], header=("名称", "区域")), "a.csv", FileProblem.NO_NUMBERS),
        (csv_bytes([[str(n) for n in range(80)]], header=[f"c{n}" for n in range(80)]), "a.csv", FileProblem.TOO_MANY_COLUMNS),
        (sheet(b'<row r="1"><c r="XFD1"><v>1</v></c></row>'), "a.xlsx", FileProblem.TOO_MANY_COLUMNS),
        (sheet(b'<row r="1"><c r="BI1"><v>1</v></c></row>'), "a.xlsx", FileProblem.TOO_MANY_COLUMNS),
        (sheet(b'<row r="1048576"><c r="A1048576"><v>1</v></c></row>'), "a.xlsx", FileProblem.TOO_MANY_ROWS),
    ],
)  # fmt: skip
def test_file_that_cannot_be_read_is_refused_for_its_own_reason(content: bytes, name: str, problem: FileProblem):
    assert problem_of(content, name) == problem


def test_sixty_thousand_rows_are_refused_in_both_formats():
    rows = [(f"199{number:08d}",) for number in range(60_000)]
    assert problem_of(csv_bytes(rows, header=("号码",)), "a.csv") == FileProblem.TOO_MANY_ROWS
    assert problem_of(xlsx_bytes(rows, header=("号码",)), "a.xlsx") == FileProblem.TOO_MANY_ROWS


def test_fifty_thousand_rows_are_taken():
    rows = [(f"199{number:08d}",) for number in range(50_000)]
    assert examine_numbers(io.BytesIO(csv_bytes(rows, header=("号码",))), "a.csv").columns == {"number": 0}


def test_zip_bomb_is_refused_by_its_declared_size():
    bomb = zipped({"xl/workbook.xml": WORKBOOK, "xl/worksheets/sheet1.xml": bytes(160 * 1024 * 1024)})
    assert len(bomb) < 1024 * 1024
    assert problem_of(bomb, "a.xlsx") == FileProblem.UNPACKED


def test_zip_bomb_that_lies_about_its_size_is_refused():
    bomb = bytearray(zipped({"xl/workbook.xml": WORKBOOK, "xl/worksheets/sheet1.xml": bytes(50_000_000)}))
    real = struct.pack("<L", 50_000_000)
    for _place in range(2):
        at = bomb.index(real)
        bomb[at : at + 4] = struct.pack("<L", 1000)
    assert problem_of(bytes(bomb), "a.xlsx") == FileProblem.BROKEN


def test_rows_that_are_only_coloured_do_not_count():
    coloured = b"".join(b'<row r="%d"><c r="A%d" s="1"/></row>' % (n, n) for n in (60_000, 1_048_576))
    look_at(io.BytesIO(sheet(coloured)), "a.xlsx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_text_is_read_in_every_encoding_and_with_every_delimiter(encoding: str, delimiter: str):
    content = csv_bytes([ROW, ROW], encoding=encoding, delimiter=delimiter)
    taken = examine_numbers(io.BytesIO(content), "a.csv")
    assert taken.header == list(HEADER)
    assert taken.sample == [list(ROW)] * 2
    assert taken.columns == {"number": 0, "label": 1, "region": 2}
    assert taken.layout.delimiter == delimiter


def test_rows_keep_the_numbers_of_the_spreadsheet():
    content = xlsx_bytes([("",), (), ROW, (), ROW])
    rows = list(rows_of(io.BytesIO(content), Layout("xlsx")))
    assert [number for number, _cells in rows] == [1, 4, 6]
    text = b'a,b\n\n1,2\n"x\ny",3\n5,6\n'
    assert [number for number, _cells in rows_of(io.BytesIO(text), Layout("csv", "utf-8", ","))] == [1, 3, 4, 5]


def test_header_below_a_title_is_found():
    content = csv_bytes([("2026 年号码清单", "", ""), HEADER, ROW], header=())
    taken = examine_numbers(io.BytesIO(content), "a.csv")
    assert (taken.header_row, taken.columns["number"]) == (2, 0)


def test_file_without_header_begins_in_its_first_row():
    taken = examine_numbers(io.BytesIO(csv_bytes([("好味快餐", "19900070008")], header=())), "a.csv")
    assert (taken.header_row, taken.columns) == (0, {"number": 1})


@pytest.mark.parametrize(
    ("word", "target"),
    [
        ("手机号码", Target.NUMBER), ("联系电话", Target.NUMBER), ("Phone Number", Target.NUMBER), ("号码（必填）", Target.NUMBER),
        ("名称", Target.LABEL), ("显示名称", Target.LABEL), ("大区", Target.REGION), ("区域", Target.REGION), ("门店", Target.STORE),
        ("渠道", Target.PROVIDER), ("备注", Target.ALIAS), ("分组", Target.GROUP), ("主号码", Target.BACKUP_FOR), ("品牌", Target.BRAND),
        ("序号", None), ("号码类型", None), ("身份证号码", None), ("主备", None), ("", None),
    ],
)  # fmt: skip
def test_header_word_is_understood(word: str, target: Target | None):
    found = meaning(word)
    assert (found[0] if found else None) == target


def test_number_column_is_found_by_its_content():
    rows: list[Any] = [(number, ["x", f"1990007{number:04d}"]) for number in range(2, 30)]
    assert guess_columns(["电话", "其他"], rows) == {"number": 1}


@given(st.text(max_size=300))
def test_delimiter_is_always_one_that_is_offered(text: str):
    assert guess_delimiter(text) in (",", ";", "\t")


@given(st.binary(max_size=400), st.sampled_from(["a.csv", "a.xlsx", "a.xls", "a.numbers", "a", ""]))
def test_any_bytes_are_read_or_refused(content: bytes, name: str):
    for candidate in (content, b"PK\x03\x04" + content, b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + content):
        with contextlib.suppress(UnreadableFile):
            assert examine_numbers(io.BytesIO(candidate), name).columns


@pytest.mark.parametrize(
    "cells",
    [
        b"<row r='1'><c r='XFD1'><v>1</v></c></row>",
        b'<x:row><x:c s="1" r="xfd1" t="s"><x:v>1</x:v></x:c></x:row>',
        b'<row><c\n r = "ZZ1"><v>1</v></c></row>',
        b"<row>" + b"<c><v>1</v></c>" * 3000 + b"</row>",
    ],
)
def test_cell_far_out_is_found_however_it_is_written(cells: bytes):
    assert problem_of(sheet(cells), "a.xlsx") == FileProblem.TOO_MANY_COLUMNS
    elsewhere = zipped({"xl/workbook.xml": WORKBOOK, "custom/anything.bin": b"<worksheet>" + cells + b"</worksheet>"})
    assert problem_of(elsewhere, "a.xlsx") == FileProblem.TOO_MANY_COLUMNS


def test_rows_without_positions_are_counted():
    assert problem_of(sheet(b"<row><c><v>1</v></c></row>" * 50_100), "a.xlsx") == FileProblem.TOO_MANY_ROWS
