"""A number's complaints as a pattern: per day, per hour, by platform and by category, and the latest ones."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field

from appeals.complaints.models import Complaint, ComplaintDay
from certification.maintenance.models import MaintenanceCause, OpenedBy
from certification.numbers.models import PhoneNumber

#: So many days are looked back on (domain section 7: complaints of 30 days), and so many complaints listed.
DAYS, LATEST = 30, 50


@dataclass
class Pattern:
    """What a chart and the tables beside it show; days and hours are the company's own."""

    days: list[tuple[dt.date, int]] = field(default_factory=list)
    hours: list[tuple[int, int]] = field(default_factory=list)
    platforms: list[tuple[str, int]] = field(default_factory=list)
    categories: list[tuple[str, int]] = field(default_factory=list)
    latest: list[Complaint] = field(default_factory=list)
    total: int = 0
    most: int = 0
    lock_above: int | None = None

    @property
    def busy_days(self) -> list[tuple[dt.date, int]]:
        """The days on which there were complaints, the latest first."""
        return [(day, count) for day, count in reversed(self.days) if count]


def platform_of(complaint: Complaint) -> str:
    """Where it was complained: the platform's name, or what the source calls it, or the source."""
    if complaint.platform is not None:
        return str(complaint.platform)
    return complaint.platform_name or str(complaint.source)


def pattern_of(*, number: PhoneNumber, until: dt.datetime | None = None, now: dt.datetime | None = None) -> Pattern:
    """The number's complaints of the 30 local days up to `until` (a case that is over), else up to its latest complaint.

    Three queries, however many complaints there are; per hour and platform the last 5,000 are looked at.
    """
    zone = number.company.zone
    complaints = Complaint.objects.filter(number=number)
    if until is not None:
        complaints = complaints.filter(at__lte=until)
    rows = list(complaints.select_related("platform", "source").order_by("-at", "-pk")[:5000])
    pattern = Pattern(
        lock_above=MaintenanceCause.objects.filter(opened_by=OpenedBy.COMPLAINTS)
        .values_list("lock_above", flat=True)
        .first()
    )
    if not rows:
        return pattern
    last = max(rows[0].day or rows[0].at.date(), (until or now or rows[0].at).astimezone(zone).date())
    first = last - dt.timedelta(days=DAYS - 1)
    per_day = dict(
        ComplaintDay.objects.filter(number=number, day__gte=first, day__lte=last).values_list("day", "total")
    )
    pattern.days = [(day, per_day.get(day, 0)) for day in (first + dt.timedelta(days=n) for n in range(DAYS))]
    recent = [row for row in rows if row.day is not None and row.day >= first]
    hours = Counter(row.at.astimezone(zone).hour for row in recent)
    pattern.hours = [(hour, hours.get(hour, 0)) for hour in range(24)]
    pattern.platforms = Counter(platform_of(row) for row in recent).most_common()
    pattern.categories = Counter(str(row.get_category_display()) for row in recent).most_common()
    pattern.latest = rows[:LATEST]
    pattern.total = sum(count for _day, count in pattern.days)
    pattern.most = max(count for _day, count in pattern.days)
    return pattern
