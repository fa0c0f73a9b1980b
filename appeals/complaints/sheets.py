"""Complaints from a spreadsheet: what its columns are called, and guesses for people to correct. Two equal rows are two complaints."""

from __future__ import annotations

from collections.abc import Sequence

from appeals.event_sheets import LOOK_AT, EventSheet
from certification.numbers.imports.columns import ENOUGH, number_shares
from certification.numbers.shapes import Cell, ReadNumber, read_number

COMPLAINTS = EventSheet(
    words={
        "id": ("id", "eventid", "complaintid", "事件编号", "投诉编号", "编号", "流水号"),
        "number": ("number", "phone", "phonenumber", "号码", "电话号码", "手机号", "被投诉号码", "主叫号码"),
        "platform": ("platform", "source", "平台", "来源", "投诉平台", "投诉来源", "来源平台"),
        "at": ("at", "time", "date", "datetime", "时间", "投诉时间", "日期", "来电时间"),
        "category": ("category", "type", "label", "类别", "类型", "投诉类型", "投诉类别"),
        "evidence": ("evidence", "note", "description", "证据", "说明", "备注", "投诉内容"),
    },
    needed=("number", "at", "category"),
    counts_repeats=True,
)


def find_header(rows: Sequence[tuple[int, list[Cell]]]) -> int:
    """The index among `rows` of the row that names the columns; -1 where the first row is a complaint already."""
    known = [len(COMPLAINTS.columns_of(cells)) for _row, cells in rows[:LOOK_AT]]
    if known and max(known) >= 2:
        return known.index(max(known))
    return -1 if rows and any(isinstance(read_number(cell), ReadNumber) for cell in rows[0][1]) else 0


def guess_columns(header: Sequence[str], rows: Sequence[tuple[int, list[Cell]]]) -> dict[str, int]:
    """Which column holds what: by the header's words, and by content for the number."""
    columns = COMPLAINTS.columns_of(header)
    if "number" not in columns:
        taken = set(columns.values())
        shares = number_shares(rows)
        free = [place for place in range(len(shares)) if place not in taken and shares[place] >= ENOUGH]
        if free:
            columns["number"] = max(free, key=lambda place: shares[place])
    return columns
