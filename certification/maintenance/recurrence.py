"""When a recurring plan takes place: an RFC 5545 rule, the clock of its own time zone, and the words for both. Pure.

A rule is a recurrence of days (FREQ from DAILY to YEARLY); the time of day is the plan's. It says when it ends, at most
two years ahead, so everything here is finite.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import Literal
from zoneinfo import ZoneInfo

from dateutil import rrule
from django.utils.translation import gettext as _

#: A rule ends within so many days of its first day (D): two years, with their leap day.
LONGEST = dt.timedelta(days=731)
FREQUENCIES: dict[str, Literal[0, 1, 2, 3]] = {
    "DAILY": rrule.DAILY,
    "WEEKLY": rrule.WEEKLY,
    "MONTHLY": rrule.MONTHLY,
    "YEARLY": rrule.YEARLY,
}
#: Rules for several times a day.
TOO_OFTEN = ("SECONDLY", "MINUTELY", "HOURLY", "BYHOUR", "BYMINUTE", "BYSECOND")
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
BYDAY = re.compile(r"(?:([+-]?)([1-9]|[1-4]\d|5[0-3]))?(MO|TU|WE|TH|FR|SA|SU)", re.ASCII)
UNTIL = re.compile(r"(\d{8})(?:T(\d{6})(Z?))?", re.ASCII)
#: The numbers that a part may hold, without zero.
RANGES = {"BYMONTH": (1, 12), "BYMONTHDAY": (-31, 31), "BYSETPOS": (-366, 366)}
#: The calendar repeats itself, weekdays included, after so many years.
CYCLE = 400


class RuleRefused(ValueError):
    """The rule cannot be as it is; the text says what to do."""


@dataclass(frozen=True)
class Rule:
    """An RRULE in parts. `until` is the last moment at which a time may start, as clocks of the plan's zone show it."""

    frequency: str
    interval: int = 1
    count: int | None = None
    until: dt.datetime | None = None
    #: (which one of the month or year, or None; the day of the week from Monday = 0)
    days: tuple[tuple[int | None, int], ...] = ()
    month_days: tuple[int, ...] = ()
    months: tuple[int, ...] = ()
    positions: tuple[int, ...] = ()
    week_start: str = ""

    def text(self, zone: ZoneInfo) -> str:
        """The rule as RFC 5545 writes it, its end in UTC."""
        parts = [f"FREQ={self.frequency}"]
        if self.interval > 1:
            parts.append(f"INTERVAL={self.interval}")
        if self.count is not None:
            parts.append(f"COUNT={self.count}")
        if self.until is not None:
            parts.append(f"UNTIL={self.until.replace(tzinfo=zone).astimezone(dt.UTC):%Y%m%dT%H%M%SZ}")
        if self.months:
            parts.append("BYMONTH=" + ",".join(map(str, self.months)))
        if self.month_days:
            parts.append("BYMONTHDAY=" + ",".join(map(str, self.month_days)))
        if self.days:
            parts.append("BYDAY=" + ",".join(f"{which or ''}{WEEKDAYS[day]}" for which, day in self.days))
        if self.positions:
            parts.append("BYSETPOS=" + ",".join(map(str, self.positions)))
        if self.week_start:
            parts.append(f"WKST={self.week_start}")
        return ";".join(parts)


@dataclass(frozen=True)
class Occurrence:
    """One time of a recurring plan, in UTC."""

    start: dt.datetime
    end: dt.datetime


def parse_rule(text: str, zone: ZoneInfo) -> Rule:
    """The rule in its parts, with or without the property's name. Raises RuleRefused, naming the part that is wrong."""
    parts: dict[str, str] = {}
    for part in re.sub(r"^\s*RRULE:", "", text.strip(), flags=re.IGNORECASE).strip(" ;").upper().split(";"):
        name, _sign, value = (piece.strip() for piece in part.partition("="))
        if name in TOO_OFTEN or (name == "FREQ" and value in TOO_OFTEN):
            raise RuleRefused(_("At most once a day. Choose every day, week, month or year."))
        if name in parts or not value:
            raise RuleRefused(_("“%(part)s” is not part of a recurrence rule.") % {"part": part[:40]})
        parts[name] = value
    if parts.get("FREQ") not in FREQUENCIES:
        raise RuleRefused(_("The rule must begin with how often: FREQ=DAILY, WEEKLY, MONTHLY or YEARLY."))
    known = {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST", *RANGES}
    for name in parts:
        if name not in known:
            raise RuleRefused(_("“%(part)s” is not part of a recurrence rule.") % {"part": name[:40]})
    if "COUNT" in parts and "UNTIL" in parts:
        raise RuleRefused(_("Say until when or how many times, not both."))
    return Rule(
        frequency=parts["FREQ"],
        interval=number_of("INTERVAL", parts.get("INTERVAL", "1"), 1, 366),
        count=number_of("COUNT", parts["COUNT"], 1, 1000) if "COUNT" in parts else None,
        until=until_of(parts["UNTIL"], zone) if "UNTIL" in parts else None,
        days=days_of(parts["BYDAY"], parts["FREQ"]) if "BYDAY" in parts else (),
        month_days=numbers_of("BYMONTHDAY", parts),
        months=numbers_of("BYMONTH", parts),
        positions=numbers_of("BYSETPOS", parts),
        week_start=week_start_of(parts.get("WKST", "")),
    )


def refused(name: str, value: str) -> RuleRefused:
    """What to say of a value that a part cannot have."""
    return RuleRefused(_("“%(part)s” is not part of a recurrence rule.") % {"part": f"{name}={value}"[:40]})


def number_of(name: str, value: str, least: int, most: int) -> int:
    """One number of a part."""
    number = int(value) if re.fullmatch(r"[+-]?\d{1,4}", value, re.ASCII) else 0
    if not number or not least <= number <= most:
        raise refused(name, value)
    return number


def numbers_of(name: str, parts: dict[str, str]) -> tuple[int, ...]:
    """The numbers of a part that may hold several; none where it is left out."""
    if name not in parts:
        return ()
    return tuple(sorted({number_of(name, value, *RANGES[name]) for value in parts[name].split(",")}))


def days_of(value: str, frequency: str) -> tuple[tuple[int | None, int], ...]:
    """The days of the week; which one of the month or year only where the rule is of months or years."""
    days = set()
    for day in value.split(","):
        found = BYDAY.fullmatch(day.strip())
        if found is None or (found[2] and frequency not in ("MONTHLY", "YEARLY")):
            raise refused("BYDAY", day)
        which = int(f"{found[1]}{found[2]}") if found[2] else None
        days.add((which, WEEKDAYS.index(found[3])))
    return tuple(sorted(days, key=lambda day: (day[0] or 0, day[1])))


def until_of(value: str, zone: ZoneInfo) -> dt.datetime:
    """The last moment, as clocks of the zone show it; a date is meant to its end."""
    found = UNTIL.fullmatch(value)
    if found is None:
        raise refused("UNTIL", value)
    try:
        moment = dt.datetime.fromisoformat(f"{found[1]}T{found[2] or '235959'}")
    except ValueError as error:
        raise refused("UNTIL", value) from error
    if moment.year < 1900 or moment.year > 9000:
        raise refused("UNTIL", value)
    return moment.replace(tzinfo=dt.UTC).astimezone(zone).replace(tzinfo=None) if found[3] else moment


def week_start_of(value: str) -> str:
    """The day on which weeks begin, where the rule says so."""
    if value and value not in WEEKDAYS:
        raise refused("WKST", value)
    return value


@dataclass(frozen=True)
class Recurrence:
    """A rule with its first day, its time of day, how long each time lasts, and the zone whose clocks say so."""

    rule: str
    starts_on: dt.date
    starts_at: dt.time
    length: dt.timedelta
    zone: ZoneInfo

    @functools.cached_property
    def parts(self) -> Rule:
        """The rule in its parts. Raises RuleRefused."""
        return parse_rule(self.rule, self.zone)

    @functools.cached_property
    def occurrences(self) -> list[Occurrence]:
        """Every time, in order; those later than LONGEST after the first day are left out. Raises RuleRefused."""
        return [self.occurrence(start) for start in self.local_starts()]

    def local_starts(self) -> Iterator[dt.datetime]:
        """When each time starts, as clocks of the zone show it."""
        rule, first = self.parts, dt.datetime.combine(self.starts_on, self.starts_at)
        last = first + LONGEST
        # dateutil looks for a day that never comes up to the year 9999, so it is asked about the calendar's last round.
        later = (9990 - first.year) // CYCLE * CYCLE
        found = rrule.rrule(
            FREQUENCIES[rule.frequency],
            dtstart=shifted(first, later),
            until=shifted(min(rule.until or last, last), later),
            interval=rule.interval,
            bymonth=rule.months or None,
            bymonthday=rule.month_days or None,
            byweekday=[rrule.weekday(day, which) for which, day in rule.days] or None,
            bysetpos=rule.positions or None,
            wkst=rrule.weekday(WEEKDAYS.index(rule.week_start)) if rule.week_start else None,
        )
        for start in islice(found, rule.count):
            yield shifted(start, -later)

    def occurrence(self, start: dt.datetime) -> Occurrence:
        """The time that starts when clocks show `start`: it ends when they show `length` more.

        A clock time that the change to summer time leaves out is as much later (RFC 5545, 3.3.5); of one that comes
        twice the first is meant.
        """
        begin = start.replace(tzinfo=self.zone).astimezone(dt.UTC)
        end = (start + self.length).replace(tzinfo=self.zone).astimezone(dt.UTC)
        return Occurrence(begin, end if end > begin else begin + self.length)

    def between(self, after: dt.datetime | None, until: dt.datetime) -> list[Occurrence]:
        """The times that start after `after` (all, without one) and not later than `until`."""
        return [time for time in self.occurrences if (after is None or time.start > after) and time.start <= until]

    def first_after(self, moment: dt.datetime) -> Occurrence | None:
        """The first time that starts after the moment; None when there is none."""
        return next((time for time in self.occurrences if time.start > moment), None)

    def meets(self, start: dt.datetime, end: dt.datetime) -> Occurrence | None:
        """The first time that overlaps the window; None when none does."""
        return next((time for time in self.occurrences if time.start < end and time.end > start), None)

    def problem(self) -> str:
        """What is wrong with it, in words that say what to do; empty where it can be saved."""
        if self.length <= dt.timedelta(0):
            return _("The end must be after the start. Enter a later end.")
        try:
            rule = self.parts
        except RuleRefused as refusal:
            return str(refusal)
        first = dt.datetime.combine(self.starts_on, self.starts_at)
        if rule.until is not None and rule.until < first:
            return _("It ends before it starts. Enter a later last day.")
        if rule.until is not None and rule.until.date() > (first + LONGEST).date():
            return _("It ends more than two years after it starts. Enter an earlier last day.")
        times = self.occurrences
        if not times:
            return _("It never happens: no day within two years and before its end fits the rule.")
        if rule.count is None and rule.until is None:
            return _("It would never end. Say until when (UNTIL) or how many times (COUNT), at most two years ahead.")
        if rule.count is not None and len(times) < rule.count:
            return _("So many times take more than two years. Enter fewer.")
        if any(later.start < earlier.end for earlier, later in pairwise(times)):
            return _(
                "It would overlap itself: it lasts longer than until the next time. Shorten it or let it recur less often."
            )
        return ""


def shifted(moment: dt.datetime, years: int) -> dt.datetime:
    """The same day and clock time so many years later; a whole number of calendar rounds keeps the weekday."""
    return moment.replace(year=moment.year + years)
