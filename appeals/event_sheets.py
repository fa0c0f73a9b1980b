"""Events from a spreadsheet, complaints and marks alike: which column holds what, and each row as an event."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import IO, Any

from django.db import models

from appeals.events import plain
from certification.numbers.imports.columns import ENOUGH, normal, number_shares
from certification.numbers.imports.sheets import FileProblem, Rows, UnreadableFile, look_at, rows_of, shown
from certification.numbers.shapes import Cell, ReadNumber, read_number

#: The header stands in one of the first rows.
LOOK_AT = 20


@dataclass(frozen=True)
class EventSheet:
    """What the columns of one sort of sheet are called."""

    #: The keys, and what people call them.
    targets: type[models.TextChoices]
    #: Header words by key, compared without spaces, signs and case.
    words: Mapping[str, tuple[str, ...]]
    #: The keys without which a row says nothing.
    needed: Sequence[str]
    #: Whether two equal rows of one file are two events.
    counts_repeats: bool

    def columns_of(self, header: Sequence[Cell]) -> dict[str, int]:
        """Which column holds what; the first that fits."""
        names = [normal(shown(cell)) for cell in header]
        found = {}
        for key, words in self.words.items():
            place = next((names.index(word) for word in words if word in names), None)
            if place is not None:
                found[key] = place
        return found

    def find_header(self, rows: Sequence[tuple[int, list[Cell]]]) -> int:
        """The index among `rows` of the row that names the columns; -1 where the first row is an event already."""
        known = [len(self.columns_of(cells)) for _row, cells in rows[:LOOK_AT]]
        if known and max(known) >= 2:
            return known.index(max(known))
        return -1 if rows and any(isinstance(read_number(cell), ReadNumber) for cell in rows[0][1]) else 0

    def guess_columns(self, header: Sequence[str], rows: Sequence[tuple[int, list[Cell]]]) -> dict[str, int]:
        """Which column holds what: by the header's words, and by content for the number."""
        columns = self.columns_of(header)
        if "number" not in columns:
            taken = set(columns.values())
            shares = number_shares(rows)
            free = [place for place in range(len(shares)) if place not in taken and shares[place] >= ENOUGH]
            if free:
                columns["number"] = max(free, key=lambda place: shares[place])
        return columns

    def as_events(self, rows: Rows, columns: Mapping[str, int]) -> Iterator[tuple[int, list[Cell], dict[str, Any]]]:
        """Each row as (row as the spreadsheet counts, its cells, event).

        A row without an id of its own gets one from what it says, and where repeats count from how often the file has
        said it before, so that the same file twice is one.
        """
        repeated: Counter[str] = Counter()
        for row, cells in rows:
            event: dict[str, Any] = {key: cells[at] if at < len(cells) else None for key, at in columns.items()}
            event["id"] = plain(event.get("id"))
            if not event["id"]:
                text = "\n".join(plain(event.get(key)) for key in self.words)
                repeated[text] += self.counts_repeats
                digest = hashlib.sha256(f"{text}\n{repeated[text]}".encode()).hexdigest()
                event["id"] = f"row-{digest[:32]}"
            yield row, cells, event

    def events_of(self, file: IO[bytes], name: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """Each row below the header as (row as the spreadsheet counts, event). Raises UnreadableFile."""
        rows = rows_of(file, look_at(file, name))
        for _row, cells in islice(rows, LOOK_AT):
            columns = self.columns_of(cells)
            if all(key in columns for key in self.needed):
                break
        else:
            raise UnreadableFile(FileProblem.NO_NUMBERS)
        for row, _cells, event in self.as_events(rows, columns):
            yield row, event
