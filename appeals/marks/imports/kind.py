"""Marks as a sort of spreadsheet: each row is kept like one that came by the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.journal import Actor
from appeals.complaints.models import Source
from appeals.event_imports.kinds import ImportKind, Reader, Told
from appeals.events import Result
from appeals.marks.imports.models import MarkImport, MarkImportRow
from appeals.marks.intake import known_events, known_platforms, read_event, source_key, take_in
from appeals.marks.sheets import MARKS


def reader(now: dt.datetime) -> Reader:
    """Reads marks as the intake would at that moment, by the platforms that are known now."""
    platforms = known_platforms()

    def read(event: Mapping[str, Any]) -> Told:
        dialled, sighting = read_event(event, platforms=platforms, now=now)
        return Told(sighting.event, dialled)

    return read


def known(source: Source, events: Sequence[str]) -> set[str]:
    """Which of these the source has told already."""
    return known_events(source=source_key(source), events=events)


def take(
    source: Source, events: Sequence[Mapping[str, Any]], actor: Actor, now: dt.datetime
) -> tuple[list[Result], dict[str, int]]:
    """Keep them."""
    return take_in(events=events, source=source_key(source), actor=actor, now=now), {}


MARK_IMPORTS = ImportKind(
    name="mark_import",
    imports=MarkImport,
    rows=MarkImportRow,
    owner="mark_import",
    sheet=MARKS,
    task="appeals.tasks.run_mark_import",
    reader=reader,
    known=known,
    take=take,
)
