"""Complaints from a spreadsheet: which column holds what, and each row as an event of the intake."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import IO, Any

from appeals.marks.intake import plain
from certification.numbers.imports.columns import ENOUGH, normal, number_shares
from certification.numbers.imports.sheets import FileProblem, Rows, UnreadableFile, look_at, rows_of, shown
from certification.numbers.shapes import Cell, ReadNumber, read_number

#: Header words by key, compared without spaces, signs and case.
WORDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "eventid", "complaintid", "事件编号", "投诉编号", "编号", "流水号"),
    "number": ("number", "phone", "phonenumber", "号码", "电话号码", "手机号", "被投诉号码", "主叫号码"),
    "platform": ("platform", "source", "平台", "来源", "投诉平台", "投诉来源", "来源平台"),
    "at": ("at", "time", "date", "datetime", "时间", "投诉时间", "日期", "来电时间"),
    "category": ("category", "type", "label", "类别", "类型", "投诉类型", "投诉类别"),
    "evidence": ("evidence", "note", "description", "证据", "说明", "备注", "投诉内容"),
}
NEEDED = ("number", "at", "category")
#: The header stands in one of the first rows.
LOOK_AT = 20


def columns_of(header: list[Cell]) -> dict[str, int]:
    """Which column holds what; the first that fits."""
    names = [normal(shown(cell)) for cell in header]
    found = {}
    for key, words in WORDS.items():
        place = next((names.index(word) for word in words if word in names), None)
        if place is not None:
            found[key] = place
    return found


def find_header(rows: Sequence[tuple[int, list[Cell]]]) -> int:
    """The index among `rows` of the row that names the columns; -1 where the first row is a complaint already."""
    known = [len(columns_of(cells)) for _row, cells in rows[:LOOK_AT]]
    if known and max(known) >= 2:
        return known.index(max(known))
    return -1 if rows and any(isinstance(read_number(cell), ReadNumber) for cell in rows[0][1]) else 0


def guess_columns(header: Sequence[str], rows: Sequence[tuple[int, list[Cell]]]) -> dict[str, int]:
    """Which column holds what: by the header's words, and by content for the number."""
    columns = columns_of(list(header))
    if "number" not in columns:
        taken = set(columns.values())
        shares = number_shares(rows)
        free = [place for place in range(len(shares)) if place not in taken and shares[place] >= ENOUGH]
        if free:
            columns["number"] = max(free, key=lambda place: shares[place])
    return columns


def as_events(rows: Rows, columns: Mapping[str, int]) -> Iterator[tuple[int, list[Cell], dict[str, Any]]]:
    """Each row as (row as the spreadsheet counts, its cells, event).

    A row without an id of its own gets one from what it says and how often the file has said it before: the same file
    twice is one, and two equal rows are two complaints.
    """
    repeated: dict[str, int] = {}
    for row, cells in rows:
        event: dict[str, Any] = {key: cells[at] if at < len(cells) else None for key, at in columns.items()}
        if not plain(event.get("id")):
            text = "\n".join(plain(event.get(key)) for key in WORDS)
            repeated[text] = repeated.get(text, 0) + 1
            digest = hashlib.sha256(f"{text}\n{repeated[text]}".encode()).hexdigest()
            event["id"] = f"row-{digest[:32]}"
        yield row, cells, event


def events_of(file: IO[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row below the header as (row as the spreadsheet counts, event). Raises UnreadableFile."""
    rows = rows_of(file, look_at(file, name))
    for _row, cells in islice(rows, LOOK_AT):
        columns = columns_of(cells)
        if all(key in columns for key in NEEDED):
            break
    else:
        raise UnreadableFile(FileProblem.NO_NUMBERS)
    for row, _cells, event in as_events(rows, columns):
        yield row, event
