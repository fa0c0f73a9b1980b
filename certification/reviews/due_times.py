"""When a review is due: pure functions of (start, kind, calendar, factor); every figure of domain section 6.

Days are calendar days and end at the same clock time; working days are Chinese ones and end with the local day, so that
whatever comes in during a day counts from the next working day.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.working_days import WorkingCalendar, end_of_day
from certification.maintenance.models import LengthUnit
from certification.reviews.models import ReviewKind


@dataclass(frozen=True)
class Promise:
    """How long a kind of review takes: not before `earliest`, at most `latest`, in `unit`."""

    earliest: int
    latest: int
    unit: LengthUnit


#: Domain section 6; (A) marks the article's figures, (D) this project's.
PROMISES: dict[ReviewKind, Promise] = {
    ReviewKind.APPLICATION: Promise(3, 5, LengthUnit.WORKING_DAYS),  # (D)
    ReviewKind.NUMBER_CHANGE: Promise(1, 3, LengthUnit.WORKING_DAYS),  # (D)
    ReviewKind.MATERIAL: Promise(3, 5, LengthUnit.DAYS),  # (A)
    ReviewKind.APPEAL: Promise(3, 7, LengthUnit.DAYS),  # (A)
    ReviewKind.COMPLEX_APPEAL: Promise(3, 10, LengthUnit.DAYS),  # (A) up to 10 days
    ReviewKind.COMPLAINT_LOCK: Promise(0, 48, LengthUnit.HOURS),  # (A)
    ReviewKind.EXPEDITE: Promise(0, 1, LengthUnit.WORKING_DAYS),  # (D)
    ReviewKind.COMPANY: Promise(1, 3, LengthUnit.WORKING_DAYS),  # (D)
}


def after(
    start: dt.datetime, count: int, unit: LengthUnit, *, zone: ZoneInfo, calendar: WorkingCalendar
) -> dt.datetime:
    """The moment `count` units after `start`; days keep the local clock time, working days end with the local day."""
    if unit == LengthUnit.HOURS:
        return start + dt.timedelta(hours=count)
    local = start.astimezone(zone)
    if unit == LengthUnit.DAYS:
        return (local.replace(tzinfo=None) + dt.timedelta(days=count)).replace(tzinfo=zone).astimezone(dt.UTC)
    return end_of_day(calendar.add_working_days(local.date(), count), zone).astimezone(dt.UTC)


def promised(
    kind: ReviewKind, start: dt.datetime, *, zone: ZoneInfo, calendar: WorkingCalendar
) -> tuple[dt.datetime, dt.datetime]:
    """The earliest and the latest moment at which a review of `kind` that started at `start` is decided."""
    promise = PROMISES[kind]
    return (
        after(start, promise.earliest, promise.unit, zone=zone, calendar=calendar),
        after(start, promise.latest, promise.unit, zone=zone, calendar=calendar),
    )


def shown(due: dt.datetime, zone: ZoneInfo) -> dt.date:
    """A due time as people say it: the last day where it ends with one (midnight), else the moment itself."""
    local = due.astimezone(zone)
    if local.time() == dt.time():
        return (local - dt.timedelta(days=1)).date()
    return due


def extended(
    start: dt.datetime, due: dt.datetime, factor: Decimal, *, paused: dt.timedelta = dt.timedelta(0)
) -> dt.datetime:
    """The due time when the whole review time grows by `factor` (1.5: half as long again); never earlier than `due`.

    Time that the review stood `paused`, as far as it is in the due time, does not grow: so it makes no difference
    whether a factor or a pause came first.
    """
    working = due - start - paused
    if factor <= 1 or working <= dt.timedelta(0):
        return due
    return due + working * (float(factor) - 1)


Stretch = tuple[dt.datetime, dt.datetime]


def stretches(pauses: Iterable[Stretch]) -> list[Stretch]:
    """The union of the pauses: what overlaps or touches is one stretch, and counts once; in order of time."""
    union: list[Stretch] = []
    for start, end in sorted(pauses):
        if start >= end:
            continue
        if union and start <= union[-1][1]:
            union[-1] = (union[-1][0], max(union[-1][1], end))
        else:
            union.append((start, end))
    return union


def resumed(due: dt.datetime, pauses: Iterable[Stretch]) -> dt.datetime:
    """The due time after all these pauses: later by the time that the review stood still, as far as it was not overdue yet."""
    for start, end in stretches(pauses):
        if start >= due:
            break
        due += end - start
    return due
