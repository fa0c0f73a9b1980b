"""A month as a table of weeks and as an agenda; pure functions."""

from __future__ import annotations

import datetime as dt
from calendar import Calendar, monthrange
from collections.abc import Sequence
from dataclasses import dataclass, field

from certification.calendar.entries import Entry
from certification.calendar.paces import PREFERRED, advice, quarter_ends

#: Months that can be asked for; dates of the portal lie well within.
YEARS = range(2000, 2101)


@dataclass
class Day:
    """One day with what stands on it."""

    day: dt.date
    advice: str
    is_today: bool
    is_quarter_end: bool
    entries: list[Entry] = field(default_factory=list)


@dataclass(frozen=True)
class Month:
    """One month: its weeks from Monday (None: a day of another month), and the same days as an agenda."""

    first: dt.date
    last: dt.date
    weeks: list[list[Day | None]]
    #: The days on which something begins, or which are to be avoided; the preferred days once, at their first.
    agenda: list[Day]


def month_from(text: str, *, today: dt.date) -> dt.date:
    """The first day of the month `YYYY-MM`; of this month where the text is no month, or one far away."""
    try:
        first = dt.datetime.strptime(text, "%Y-%m").replace(tzinfo=dt.UTC).date()
    except ValueError:
        return today.replace(day=1)
    return first if first.year in YEARS else today.replace(day=1)


def last_of(first: dt.date) -> dt.date:
    """The last day of the month."""
    return first.replace(day=monthrange(first.year, first.month)[1])


def neighbours(first: dt.date) -> tuple[dt.date, dt.date]:
    """The first days of the month before and of the month after."""
    return (first - dt.timedelta(days=1)).replace(day=1), last_of(first) + dt.timedelta(days=1)


def lay_out(entries: Sequence[Entry], *, first: dt.date, today: dt.date) -> Month:
    """Put each entry on its days of the month that begins with `first`."""
    last = last_of(first)
    days = {
        day: Day(day, advice(day), day == today, quarter_ends(day))
        for day in (first + dt.timedelta(days=offset) for offset in range(last.day))
    }
    beginning: dict[dt.date, list[Entry]] = {}
    for entry in entries:
        begins, ends = max(entry.first, first), min(entry.last, last)
        if begins <= ends:
            beginning.setdefault(begins, []).append(entry)
        while begins <= ends:
            days[begins].entries.append(entry)
            begins += dt.timedelta(days=1)
    agenda = []
    for day in days.values():
        shown = day.advice if day.advice == "avoid" or day.day.day == PREFERRED.start else ""
        if shown or day.day in beginning:
            agenda.append(Day(day.day, shown, day.is_today, day.is_quarter_end, beginning.get(day.day, [])))
    weeks = [
        [days[first.replace(day=number)] if number else None for number in week]
        for week in Calendar().monthdayscalendar(first.year, first.month)
    ]
    return Month(first, last, weeks, agenda)
