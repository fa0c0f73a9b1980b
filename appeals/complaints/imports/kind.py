"""Complaints as a sort of spreadsheet: each row is counted like one that came by the API."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any

from accounts.journal import Actor
from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow
from appeals.complaints.intake import read_event, receive
from appeals.complaints.models import Complaint, Source
from appeals.complaints.sheets import COMPLAINTS
from appeals.event_imports.kinds import ImportKind, Reader, Told
from appeals.events import Result


def reader(now: dt.datetime) -> Reader:
    """Reads complaints as the intake would at that moment."""

    def read(event: Mapping[str, Any]) -> Told:
        complaint = read_event(event, now=now)
        return Told(complaint.event, complaint.dialled)

    return read


def known(source: Source, events: Sequence[str]) -> set[str]:
    """Which of these the source has reported already."""
    return set(Complaint.objects.filter(source=source, event__in=events).values_list("event", flat=True))


def take(
    source: Source, events: Sequence[Mapping[str, Any]], actor: Actor, now: dt.datetime
) -> tuple[list[Result], dict[str, int]]:
    """Count them, and say how many numbers they locked."""
    receipt = receive(source=source, events=events, actor=actor, now=now)
    return receipt.results, {"locked": len(receipt.locked)}


COMPLAINT_IMPORTS = ImportKind(
    name="complaint_import",
    imports=ComplaintImport,
    rows=ComplaintImportRow,
    owner="complaint_import",
    sheet=COMPLAINTS,
    task="appeals.tasks.run_complaint_import",
    reader=reader,
    known=known,
    take=take,
    counted=("locked",),
)
