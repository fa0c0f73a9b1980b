"""Editing the catalogue: kinds of material, causes of maintenance, reasons, and single days of the working calendar.

Each field that changes is one journal row with its old and new value.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, TypeVar

from django.db import models, transaction

from accounts import journal
from accounts.journal import Actor
from accounts.working_days import CalendarDay

#: Longest value that the journal's columns hold; longer texts are kept in `detail`.
SHOWN = 120

Row = TypeVar("Row", bound=models.Model)


def shown(value: Any) -> str:
    """A value as the journal keeps it."""
    if value is None:
        return ""
    if isinstance(value, list | tuple):
        return ",".join(str(item) for item in value)
    return str(value)


@transaction.atomic
def save_row(*, row: Row, subject: str, fields: list[str], actor: Actor, now: dt.datetime) -> bool:
    """Save a new or changed row of the catalogue and journal each of `fields` that differs; True when any does.

    `row` holds the new values; what the database holds is read here, under a lock.
    """
    manager = type(row)._default_manager
    before = manager.select_for_update(of=("self",)).get(pk=row.pk) if row.pk else None
    changed = [field for field in fields if before is None or getattr(before, field) != getattr(row, field)]
    if before is not None and not changed:
        return False
    if before is None:
        row.save(force_insert=True)
    else:
        row.save(update_fields=changed)
    changes = []
    for field in changed:
        old, new = shown(getattr(before, field)) if before else "", shown(getattr(row, field))
        if old == new:
            continue
        long = {"before": old, "after": new} if max(len(old), len(new)) > SHOWN else {}
        changes.append(journal.Change(subject, row.pk, field[:32], old[:SHOWN], new[:SHOWN], detail=long))
    journal.record_many(at=now, actor=actor, changes=changes)
    return True


@transaction.atomic
def correct_day(*, day: dt.date, is_working: bool, note: str, actor: Actor, now: dt.datetime) -> CalendarDay:
    """Note that `day` is, or is not, a working day, whatever the published calendar says. Later due times count by it."""
    before = CalendarDay.objects.select_for_update().filter(day=day).first()
    corrected, _created = CalendarDay.objects.update_or_create(
        day=day, defaults={"is_working": is_working, "note": note}
    )
    if before is None or before.is_working != is_working:
        journal_day(corrected, before.is_working if before else None, is_working, actor=actor, now=now, reason=note)
    return corrected


@transaction.atomic
def forget_day(*, day: CalendarDay, actor: Actor, now: dt.datetime) -> bool:
    """Take a correction back; False when it was taken back already."""
    pk = day.pk
    deleted, _rows = CalendarDay.objects.filter(pk=pk).delete()
    if deleted:
        day.pk = pk
        journal_day(day, day.is_working, None, actor=actor, now=now, reason="")
    return bool(deleted)


def journal_day(
    day: CalendarDay, before: bool | None, after: bool | None, *, actor: Actor, now: dt.datetime, reason: str
) -> None:
    """One row about a day: working, off, or as published."""
    words = {None: "", True: "working", False: "off"}
    journal.record(
        at=now,
        actor=actor,
        subject="calendar_day",
        subject_id=day.pk,
        aspect="state",
        before=words[before],
        after=words[after],
        reason=reason,
        detail={"day": day.day.isoformat()},
    )
