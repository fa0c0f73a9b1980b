"""Notes beside the status of a number: what apps above this one know about it, and what does not change its status.

They register a function when they are ready:

    from certification.numbers.notes import register_notes

    def warnings_of(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
        return {number.pk: ["3 complaints today"], ...}

    register_notes("complaints", warnings_of)

Each is asked once for a whole page of numbers, so its queries must not grow with them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Protocol

from accounts.companies import Company


class Noted(Protocol):
    """What a note can know of a number without asking: exports bring no whole objects."""

    @property
    def pk(self) -> int: ...
    @property
    def company(self) -> Company: ...
    @property
    def company_id(self) -> int: ...


Notes = Callable[[Sequence[Noted], dt.datetime], dict[int, list[str]]]
NOTES: dict[str, Notes] = {}


def register_notes(name: str, notes: Notes) -> None:
    """Let `notes` add to the numbers that it has something to say about; again under one name replaces it."""
    NOTES[name] = notes


def notes_of(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
    """What there is to say about each of the numbers, by primary key, in the order of registration."""
    found: dict[int, list[str]] = defaultdict(list)
    for notes in NOTES.values():
        for number_id, texts in notes(numbers, now).items():
            found[number_id] += texts
    return found
