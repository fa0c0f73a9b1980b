"""Calendar arithmetic in hours, calendar days and Chinese working days; pure functions of their arguments.

Public holidays and make-up workdays (调休) come from the maintained `holidays` library. The State Council publishes a
year's plan about November of the year before: until the library has it, only the statutory days of that year are known
(`is_published`), and staff can correct single days (`CalendarDay`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import ClassVar
from zoneinfo import ZoneInfo

import holidays
from django.db import models


class CalendarDay(models.Model):
    """A day that staff corrected: it is, or is not, a working day, whatever the library says."""

    day = models.DateField(unique=True)
    is_working = models.BooleanField()
    note = models.CharField(max_length=200)

    class Meta:
        ordering: ClassVar = ["day"]

    def __str__(self) -> str:
        return f"{self.day}: {'working' if self.is_working else 'off'}"


#: Working days are Chinese ones; where no company is concerned, this is the zone in which days begin and end.
CHINA = ZoneInfo("Asia/Shanghai")
#: The last year whose make-up days the library has; later years know the statutory holidays only.
LAST_PUBLISHED_YEAR = 2026


@dataclass(frozen=True)
class WorkingCalendar:
    """Which days are worked: the Chinese calendar with the corrections that staff made."""

    corrections: Mapping[dt.date, bool] = field(default_factory=dict)

    def is_working_day(self, day: dt.date) -> bool:
        """Whether `day` is a working day: make-up Saturdays are, moved holidays are not."""
        corrected = self.corrections.get(day)
        if corrected is not None:
            return corrected
        return china(day.year).is_working_day(day)

    def add_working_days(self, day: dt.date, count: int) -> dt.date:
        """The day that is `count` working days after `day`; the first one counted is the next working day.

        Raises ValueError for a negative count.
        """
        if count < 0:
            raise ValueError("count must not be negative")
        while count:
            day += dt.timedelta(days=1)
            if self.is_working_day(day):
                count -= 1
        return day

    def is_published(self, day: dt.date) -> bool:
        """Whether the year's make-up days are known, so that a due time on `day` is final."""
        return day.year <= LAST_PUBLISHED_YEAR


_china: dict[int, holidays.HolidayBase] = {}


def china(year: int) -> holidays.HolidayBase:
    """The library's calendar of one year (each year has its own: make-up days are not reset between years)."""
    if year not in _china:
        _china[year] = holidays.country_holidays("CN", years=year, expand=False)
    return _china[year]


def stored_calendar() -> WorkingCalendar:
    """The calendar with the corrections in the database; one query."""
    return WorkingCalendar(dict(CalendarDay.objects.values_list("day", "is_working")))


def end_of_day(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The moment at which `day` is over in `zone`: the following local midnight."""
    return dt.datetime.combine(day + dt.timedelta(days=1), dt.time(), zone)


def start_of_day(day: dt.date, zone: ZoneInfo) -> dt.datetime:
    """The local midnight at which `day` begins in `zone`."""
    return dt.datetime.combine(day, dt.time(), zone)
