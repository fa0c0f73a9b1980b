"""Marks from a spreadsheet: which column holds what, and each row as an event of the intake."""

from __future__ import annotations

from collections.abc import Iterator
from typing import IO, Any

from appeals.marks.intake import made_up_id, plain
from certification.numbers.imports.columns import normal
from certification.numbers.imports.sheets import FileProblem, UnreadableFile, look_at, rows_of, shown
from certification.numbers.shapes import Cell

#: Header words by key, compared without spaces, signs and case.
WORDS: dict[str, tuple[str, ...]] = {
    "id": ("id", "eventid", "事件编号", "编号", "流水号"),
    "number": ("number", "phone", "phonenumber", "号码", "电话号码", "手机号", "被标记号码"),
    "platform": ("platform", "平台", "标记平台", "来源平台"),
    "at": ("at", "time", "seenat", "date", "时间", "标记时间", "日期", "发现时间"),
    "label": ("label", "category", "标记类型", "类型", "标签", "类别"),
    "people": ("people", "count", "markedby", "标记人数", "人数", "次数", "标记次数"),
    "cleared": ("cleared", "已清除", "是否清除", "清除"),
}
NEEDED = ("number", "platform", "at")
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


def events_of(file: IO[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Each row below the header as (row as the spreadsheet counts, event). Raises UnreadableFile.

    A row without an id of its own gets one from what it says, so that the same file twice is one.
    """
    columns: dict[str, int] = {}
    for place, (row, cells) in enumerate(rows_of(file, look_at(file, name))):
        if not columns:
            columns = columns_of(cells)
            if all(key in columns for key in NEEDED):
                continue
            columns = {}
            if place >= LOOK_AT:
                break
            continue
        event: dict[str, Any] = {key: cells[at] if at < len(cells) else None for key, at in columns.items()}
        event["id"] = plain(event.get("id")) or made_up_id(event)
        yield row, event
    if not columns:
        raise UnreadableFile(FileProblem.NO_NUMBERS)
