"""Which dates stand in a calendar: exactly the plans and the ends of validity that concern a company (I17).

Days are local to the company. A plan is a maintenance that a person planned, whether it is planned, running or over;
what the engine opens by itself follows from the expiry dates and is no plan. Only readings, in a fixed number of queries.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, F, Func, Max, OuterRef, Q, QuerySet, Value
from django.db.models import DateField as DateColumn
from django.db.models import DurationField as DurationColumn
from django.db.models.functions import Cast, Coalesce

from accounts.companies import Company
from accounts.working_days import CHINA, end_of_day, start_of_day
from certification.maintenance.covered import concerning
from certification.maintenance.models import Maintenance, MaintenanceQuerySet
from certification.materials.models import Material, MaterialQuerySet, MaterialState
from certification.numbers.models import Lifecycle, PhoneNumber, PhoneNumberQuerySet

#: A term ends with the end of its last day: the instant before tells that day.
INSTANT = dt.timedelta(seconds=1)


@dataclass(frozen=True)
class PlanDate:
    """A plan, and from when to when it holds as far as known: its true start and end where it has them."""

    plan: Maintenance
    start: dt.datetime
    end: dt.datetime


@dataclass(frozen=True)
class MaterialDate:
    """The last valid day of the version that a company relies on."""

    material: Material
    day: dt.date


@dataclass(frozen=True)
class TermDate:
    """How many numbers' certification ends with `day`, and when the last of them was certified."""

    day: dt.date
    numbers: int
    certified_at: dt.datetime


@dataclass(frozen=True)
class ExpiryCount:
    """For staff: how many documents and how many numbers' certifications end with `day`, over all companies."""

    day: dt.date
    materials: int
    numbers: int


@dataclass(frozen=True)
class Dates:
    """What stands in a company's calendar in a window, each part by its day."""

    plans: list[PlanDate]
    materials: list[MaterialDate]
    terms: list[TermDate]


def plan_dates(
    rows: MaintenanceQuerySet, *, start: dt.datetime, end: dt.datetime, now: dt.datetime, with_cancelled: bool
) -> list[PlanDate]:
    """The plans among `rows` that hold at some moment from `start` until before `end`.

    One that overruns its planned end holds until `now` at least.
    """
    rows = rows.filter(planned_start__isnull=False).select_related("cause", "provider", "industry", "company")
    if not with_cancelled:
        rows = rows.filter(cancelled_at__isnull=True)
    plans = (
        rows.alias(
            from_when=Coalesce("held_since", "planned_start"),
            until_when=Coalesce("held_until", "closed_at", "planned_end", "planned_start"),
        )
        .filter(from_when__lt=end)
        .filter(Q(until_when__gt=start) | Q(from_when__gte=start) | Q(opened_at__isnull=False, closed_at__isnull=True))
        .order_by("from_when", "pk")
    )
    found = [plan_date(plan, now=now) for plan in plans]
    return [date for date in found if date.start < end and (date.end > start or date.start >= start)]


def plan_date(plan: Maintenance, *, now: dt.datetime) -> PlanDate:
    """From when to when the plan holds."""
    start = plan.held_since or plan.planned_start
    assert start is not None
    end = plan.held_until or plan.closed_at or plan.planned_end or start
    if plan.is_open:
        end = max(end, now)
    return PlanDate(plan, start, max(start, end))


def relied_on(rows: MaterialQuerySet, *, first: dt.date, last: dt.date) -> MaterialQuerySet:
    """The approved versions that end from `first` to `last` and that no other approved version of the kind outlasts."""
    outlasting = Material.objects.filter(
        Q(is_long_term=True)
        | Q(expires_on__gt=OuterRef("expires_on"))
        | Q(expires_on=OuterRef("expires_on"), version__gt=OuterRef("version")),
        company=OuterRef("company"),
        kind=OuterRef("kind"),
        state=MaterialState.APPROVED,
    )
    return rows.filter(~Exists(outlasting), state=MaterialState.APPROVED, expires_on__gte=first, expires_on__lte=last)


def terms_by_day(rows: PhoneNumberQuerySet, *, first: dt.date, last: dt.date) -> QuerySet[PhoneNumber, Any]:
    """How many held numbers' terms end with each day from `first` to `last`, each day in the number's company's zone."""
    last_day = Cast(
        Func(
            F("company__time_zone"),
            F("term_ends_at") - Value(INSTANT, output_field=DurationColumn()),
            function="timezone",
        ),
        output_field=DateColumn(),
    )
    return (
        rows.held()
        .filter(
            lifecycle__in=[Lifecycle.CERTIFIED, Lifecycle.EXPIRED],
            # Nowhere on earth is a day off by more than this from the one in China; the index is on the moment.
            term_ends_at__gt=start_of_day(first - dt.timedelta(days=1), CHINA),
            term_ends_at__lte=end_of_day(last + dt.timedelta(days=1), CHINA),
        )
        .annotate(last_day=last_day)
        .filter(last_day__gte=first, last_day__lte=last)
        .order_by("last_day")
        .values("last_day")
        .annotate(total=Count("pk"), latest=Max(Coalesce("certified_at", "lifecycle_since")))
    )


def dates_of(
    *, company: Company, first: dt.date, last: dt.date, now: dt.datetime, with_cancelled: bool = False
) -> Dates:
    """What concerns the company from `first` to `last`, both included, local to it; five queries.

    Plans that were over before the company was there do not concern it; cancelled ones only where they are asked for.
    """
    rows = concerning(company).filter(
        Q(closed_at__isnull=True) | Q(closed_at__gte=company.created_at),
        Q(cancelled_at__isnull=True) | Q(cancelled_at__gte=company.created_at),
    )
    materials = relied_on(Material.objects.filter(company=company), first=first, last=last)
    terms = terms_by_day(PhoneNumber.objects.filter(company=company), first=first, last=last)
    return Dates(
        plans=plan_dates(
            rows,
            start=start_of_day(first, company.zone),
            end=end_of_day(last, company.zone),
            now=now,
            with_cancelled=with_cancelled,
        ),
        materials=[
            MaterialDate(material, material.expires_on)
            for material in materials.select_related("kind").order_by("expires_on", "pk")
            if material.expires_on
        ],
        terms=[term_date(row) for row in terms],
    )


def term_date(row: dict[str, Any]) -> TermDate:
    """One group of `terms_by_day`."""
    return TermDate(row["last_day"], row["total"], row["latest"])


def all_plans(*, first: dt.date, last: dt.date, now: dt.datetime) -> list[PlanDate]:
    """For staff: every plan from `first` to `last`, whatever it covers, in days of China; one query."""
    return plan_dates(
        Maintenance.objects.all(),
        start=start_of_day(first, CHINA),
        end=end_of_day(last, CHINA),
        now=now,
        with_cancelled=False,
    )


def expiry_counts(*, first: dt.date, last: dt.date) -> list[ExpiryCount]:
    """For staff: what ends with each day, over all companies, each day local to its company; two queries."""
    materials = dict(
        relied_on(Material.objects.all(), first=first, last=last)
        .order_by("expires_on")
        .values_list("expires_on")
        .annotate(total=Count("pk"))
    )
    terms = {
        term.day: term.numbers
        for term in map(term_date, terms_by_day(PhoneNumber.objects.all(), first=first, last=last))
    }
    days = sorted({*terms, *(day for day in materials if day is not None)})
    return [ExpiryCount(day, materials.get(day, 0), terms.get(day, 0)) for day in days]
