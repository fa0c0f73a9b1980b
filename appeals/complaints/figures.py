"""What has come in: today by source and by platform, per source and day. Days are Chinese; staff read them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Count, Max, Q
from django.db.models.functions import TruncDate
from django.utils.translation import gettext as _

from accounts.working_days import CHINA
from appeals.complaints.models import Complaint, Source
from appeals.complaints.pattern import DAYS
from appeals.platforms import Platform


@dataclass(frozen=True)
class Share:
    """One line: who, how many complaints, how many of them about numbers that nobody holds, the latest."""

    name: str
    total: int
    unknown: int
    latest: dt.datetime
    ref: str = ""


def start_of_today(now: dt.datetime) -> dt.datetime:
    """The beginning of the Chinese day."""
    return dt.datetime.combine(now.astimezone(CHINA).date(), dt.time(), CHINA)


def today_by_source(*, now: dt.datetime) -> list[Share]:
    """Today's complaints by who reported them, most first; one query."""
    rows = (
        Complaint.objects.filter(received_at__gte=start_of_today(now))
        .order_by()
        .values("source__name", "source__ref")
        .annotate(total=Count("pk"), unknown=Count("pk", filter=Q(number__isnull=True)), latest=Max("received_at"))
    )
    shares = [
        Share(row["source__name"], row["total"], row["unknown"], row["latest"], row["source__ref"]) for row in rows
    ]
    return sorted(shares, key=lambda share: (-share.total, share.name))


def today_by_platform(*, now: dt.datetime) -> list[Share]:
    """Today's complaints by platform, most first; two queries."""
    rows = (
        Complaint.objects.filter(received_at__gte=start_of_today(now))
        .order_by()
        .values("platform", "platform_name")
        .annotate(total=Count("pk"), unknown=Count("pk", filter=Q(number__isnull=True)), latest=Max("received_at"))
    )
    known = Platform.objects.in_bulk()
    shares = [
        Share(
            str(known[row["platform"]]) if row["platform"] else row["platform_name"] or _("Not known"),
            row["total"],
            row["unknown"],
            row["latest"],
        )
        for row in rows
    ]
    return sorted(shares, key=lambda share: (-share.total, share.name))


def per_day(source: Source, *, now: dt.datetime) -> list[tuple[dt.date, int]]:
    """How many complaints came from the source on each of the last 30 days; one query."""
    first = start_of_today(now) - dt.timedelta(days=DAYS - 1)
    counted = dict(
        Complaint.objects.filter(source=source, received_at__gte=first)
        .annotate(on=TruncDate("received_at", tzinfo=CHINA))
        .order_by()
        .values_list("on")
        .annotate(total=Count("pk"))
    )
    days = (first.date() + dt.timedelta(days=count) for count in range(DAYS))
    return [(day, counted.get(day, 0)) for day in days]
