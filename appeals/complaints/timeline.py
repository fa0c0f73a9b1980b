"""What timelines say of complaints: one line per number and local day, the warning, and how locks were decided."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from typing import Any

from django.db.models import Count, Exists, F, Max, Min, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.journal import ActorKind
from appeals.categories import Category
from appeals.complaints.locks import SUBJECT as COMPLAINT_LOCK
from appeals.complaints.models import Complaint, ComplaintDay
from certification.maintenance.models import Maintenance
from certification.numbers.shapes import mask_number
from certification.reviews.models import Review, ReviewKind
from certification.timeline.of_reviews import TITLES, decisions, say_decided
from certification.timeline.sources import About, Event, Source, register, register_kind

#: No local day is longer, even where its company moved to another zone in the middle of it.
LONGEST_DAY = dt.timedelta(days=3)


def of_timeline(about: About) -> QuerySet[Complaint]:
    """The complaints about the number, or about the company's numbers, that had come in."""
    rows = Complaint.objects.filter(company=about.company, number__isnull=False)
    if about.numbers is not None:
        rows = Complaint.objects.filter(number__in=about.number_keys)
    return rows.filter(received_at__lte=about.until) if about.until is not None else rows


def first_of_day(about: About) -> QuerySet[Complaint]:
    """The first complaint of each number and local day: it stands for the day, whose moment never moves to a later one."""
    earlier = Complaint.objects.filter(
        Q(at__lt=OuterRef("at")) | Q(at=OuterRef("at"), pk__lt=OuterRef("pk")),
        number=OuterRef("number"),
        day=OuterRef("day"),
        # So that the index complaint_of_number is read near the complaint only.
        at__range=(OuterRef("at") - LONGEST_DAY, OuterRef("at")),
    )
    if about.until is not None:
        earlier = earlier.filter(received_at__lte=about.until)
    return of_timeline(about).filter(~Exists(earlier)).select_related("number__company")


def say_days(rows: Sequence[Complaint], about: About) -> list[Event]:
    """How many there were of the day, of which kinds, between which hours; as known at the moment looked back to."""
    found: Iterable[Any] = (
        of_timeline(about)
        .filter(
            number__in={row.number_id for row in rows},
            day__in={row.day for row in rows},
            at__gte=min(row.at for row in rows),
            at__lte=max(row.at for row in rows) + LONGEST_DAY,
        )
        .order_by()
        .values("number", "day", "category")
        .annotate(total=Count("pk"), first=Min("at"), last=Max("at"))
    )
    days: dict[tuple[int, dt.date], list[dict[str, Any]]] = {}
    for part in found:
        days.setdefault((part["number"], part["day"]), []).append(part)
    events = []
    for row in rows:
        assert row.number is not None
        assert row.day is not None
        parts = sorted(days[row.number.pk, row.day], key=lambda part: (-part["total"], part["category"]))
        total = sum(part["total"] for part in parts)
        text = ngettext("%(count)d complaint on %(day)s", "%(count)d complaints on %(day)s", total) % {
            "count": total,
            "day": row.day.isoformat(),
        }
        kinds = [f"{Category(part['category']).label} {part['total']}" for part in parts]
        zone, last = row.number.company.zone, max(part["last"] for part in parts)
        clocks = dict.fromkeys(f"{at.astimezone(zone):%H:%M}" for at in (row.at, last))
        detail = " · ".join([_(", ").join(kinds), " – ".join(clocks)])
        url = about.page_of(row.number)
        events.append(Event(row.at, about.of(row.number, text), "amber", "", detail, url))
    return events


def warnings(about: About) -> QuerySet[ComplaintDay]:
    """The days whose complaints came near the limit, and of which the company was warned: a number that is locked needs no warning."""
    locked = Maintenance.objects.filter(
        Q(closed_at__isnull=True) | Q(closed_at__gt=OuterRef("warned_at")),
        number=OuterRef("number"),
        locks=True,
        opened_at__lte=OuterRef("warned_at"),
    )
    rows = ComplaintDay.objects.filter(~Exists(locked), warned_at__isnull=False)
    if about.numbers is None:
        return rows.filter(number__company=about.company)
    return rows.filter(number__in=about.number_keys)


def say_warnings(rows: Sequence[ComplaintDay], about: About) -> list[Event]:
    """With how many there were when it came to that. One query."""
    known = Complaint.objects.filter(
        number=OuterRef("number"), day=OuterRef("day"), received_at__lte=OuterRef("warned_at")
    )
    counted = known.order_by().values("number").annotate(total=Count("pk")).values("total")
    days = (
        ComplaintDay.objects.select_related("number").annotate(then=Subquery(counted)).in_bulk([row.pk for row in rows])
    )
    events = []
    for row in rows:
        day = days[row.pk]
        count = day.then or 0
        text = ngettext(
            "Warning: %(count)d complaint on %(day)s, near the limit",
            "Warning: %(count)d complaints on %(day)s, near the limit",
            count,
        ) % {"count": count, "day": row.day.isoformat()}
        assert row.warned_at is not None
        who = str(ActorKind.ENGINE.label)
        events.append(Event(row.warned_at, about.of(day.number, text), "amber", who, url=about.page_of(day.number)))
    return events


def lock_decisions(about: About) -> QuerySet[Review] | None:
    """What was decided about the number's locks; a company's own timeline tells that with all of its reviews."""
    if about.numbers is None:
        return None
    locks = Maintenance.objects.filter(number__in=about.number_keys, locks=True)
    return decisions(Review.objects.filter(subject=COMPLAINT_LOCK, subject_id__in=locks.values("pk")))


def lock_titles(keys: set[int]) -> dict[int, str]:
    """Locks by their masked number; one query."""
    numbers = Maintenance.objects.filter(pk__in=keys).values_list("pk", F("number__number"))
    return {pk: f"{ReviewKind.COMPLAINT_LOCK.label} {mask_number(number or '')}" for pk, number in numbers}


TITLES[COMPLAINT_LOCK] = lock_titles
register_kind("complaint", gettext_lazy("Complaints"))
register(
    Source("complaint_days", "complaint", "at", first_of_day, say_days),
    Source("complaint_warnings", "complaint", "warned_at", warnings, say_warnings),
    Source("lock_decided", "review", "decided_at", lock_decisions, say_decided),
)
