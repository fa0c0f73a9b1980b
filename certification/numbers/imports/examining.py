"""A first look at a spreadsheet of any sort: how to read it, where its header is, which column holds what."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO

from certification.numbers.imports.sheets import (
    MOST_ROWS,
    FileProblem,
    Layout,
    Rows,
    UnreadableFile,
    look_at,
    rows_of,
    shown,
)
from certification.numbers.shapes import Cell

SAMPLE_ROWS = 5
FirstRows = Sequence[tuple[int, list[Cell]]]


@dataclass(frozen=True)
class Taken:
    """What a file holds, before anybody has looked at it."""

    layout: Layout
    header_row: int
    header: list[str]
    columns: dict[str, int]
    sample: list[list[str]]


def examine(
    file: IO[bytes],
    name: str,
    layout: Layout | None = None,
    *,
    find_header: Callable[[FirstRows], int],
    guess_columns: Callable[[Sequence[str], FirstRows], dict[str, int]],
    needed: frozenset[str],
) -> Taken:
    """Look at the file's first rows and guess its columns. Raises UnreadableFile; reads to the end to count the rows.

    `find_header` gives the index of the row that names the columns, or -1; a file without the `needed` columns is none.
    """
    layout = layout or look_at(file, name)
    rows = rows_of(file, layout)
    first: list[tuple[int, list[Cell]]] = list(islice(rows, 220))
    if not first:
        raise UnreadableFile(FileProblem.EMPTY)
    at = find_header(first)
    header_row = first[at][0] if at >= 0 else 0
    header = [shown(cell).strip()[:60] for cell in first[at][1]] if at >= 0 else []
    below = first[at + 1 :]
    if not below:
        raise UnreadableFile(FileProblem.EMPTY)
    total = len(below) + sum(1 for _row in rows)
    if total > MOST_ROWS:
        raise UnreadableFile(FileProblem.TOO_MANY_ROWS)
    width = max(len(cells) for _number, cells in first)
    header += [""] * (width - len(header))
    columns = guess_columns(header, below)
    if not needed <= set(columns):
        raise UnreadableFile(FileProblem.NO_NUMBERS)
    sample = [[shown(cell)[:60] for cell in cells] for _number, cells in below[:SAMPLE_ROWS]]
    return Taken(layout, header_row, header, columns, sample)


def data_rows(file: IO[bytes], layout: Layout, header_row: int) -> Rows:
    """The rows below the header."""
    return ((number, cells) for number, cells in rows_of(file, layout) if number > header_row)
