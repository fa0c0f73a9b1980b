"""What one sort of import, of complaints or of marks, says about itself; everything else they have in common."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from accounts.journal import Actor
from appeals.complaints.models import Source
from appeals.event_imports.models import EventImport, EventImportRow
from appeals.event_sheets import EventSheet
from appeals.events import Result


@dataclass(frozen=True)
class Told:
    """One event as far as the preview needs it: by what its source tells it apart, and the number it is about."""

    event: str
    dialled: str


#: Reads one event, raising Invalid where it cannot be taken.
Reader = Callable[[Mapping[str, Any]], Told]


@dataclass(frozen=True)
class ImportKind:
    """One sort of spreadsheet that staff hand in."""

    #: What the journal and the folder of the uploads call it.
    name: str
    imports: type[EventImport]
    rows: type[EventImportRow]
    #: The column of `rows` that names the import.
    owner: str
    sheet: EventSheet
    #: The task that takes in what was confirmed.
    task: str
    #: How events are read by that moment.
    reader: Callable[[dt.datetime], Reader]
    #: Which of these events the source has told already.
    known: Callable[[Source, Sequence[str]], set[str]]
    #: Takes events in: a result for each, and what else is counted, by the column of `imports` that counts it.
    take: Callable[[Source, Sequence[Mapping[str, Any]], Actor, dt.datetime], tuple[list[Result], dict[str, int]]]
    #: Those columns.
    counted: tuple[str, ...] = ()
