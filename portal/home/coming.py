"""What is coming: the dates of the next weeks that concern a company."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Count, Exists, OuterRef, Q
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from accounts.working_days import end_of_day
from certification.maintenance.models import Maintenance
from certification.materials.models import Material, MaterialState
from certification.numbers.models import Lifecycle, PhoneNumber

#: How far "coming up" looks ahead, in days (interface section 3).
COMING_DAYS = 30


@dataclass
class Coming:
    """One date of the next weeks."""

    day: dt.date
    title: str
    url: str | None
    tone: str


def number_count(count: int) -> str:
    """`5 numbers`, in words that fit a sentence."""
    return ngettext("%(count)d number", "%(count)d numbers", count) % {"count": count}


def expiring(company: Company, under_review: set[int], until: dt.date, now: dt.datetime) -> list[Material]:
    """The approved versions that end by `until` and that nothing replaces yet."""
    later = Material.objects.filter(
        Q(is_long_term=True) | Q(expires_on__gt=OuterRef("expires_on")),
        company=company, kind=OuterRef("kind"), state=MaterialState.APPROVED,
    )  # fmt: skip
    return list(
        company.materials.filter(
            ~Exists(later), state=MaterialState.APPROVED, expires_on__gte=company.today(now), expires_on__lte=until
        )
        .exclude(kind__in=under_review)
        .select_related("kind")
        .order_by("expires_on")
    )


def coming_up(company: Company, under_review: set[int], now: dt.datetime) -> list[Coming]:
    """The dates of the next thirty days: documents, certification terms, planned maintenance."""
    today, until = company.today(now), company.today(now) + dt.timedelta(days=COMING_DAYS)
    result = [
        Coming(
            material.expires_on, _("%(material)s expires") % {"material": material.kind},
            reverse("materials:renew", args=[material.ref]), "amber",
        )
        for material in expiring(company, under_review, until, now)
        if material.expires_on
    ]  # fmt: skip
    terms: Any = (
        PhoneNumber.objects.of_company(company)
        .filter(lifecycle=Lifecycle.CERTIFIED, term_ends_at__gt=now, term_ends_at__lte=end_of_day(until, company.zone))
        .order_by("term_ends_at")
        .values("term_ends_at")
        .annotate(total=Count("pk"))
    )
    result += [
        Coming(
            company.today(row["term_ends_at"] - dt.timedelta(seconds=1)),
            _("The certification of %(numbers)s ends") % {"numbers": number_count(row["total"])},
            f"{reverse('applications:new')}?kind=renewal", "amber",
        )
        for row in terms
    ]  # fmt: skip
    plans = (
        Maintenance.objects.planned()
        .covering_company(company)
        .filter(planned_start__lte=end_of_day(until, company.zone))
        .select_related("cause")
        .order_by("planned_start")
        .distinct()
    )
    result += [
        Coming(
            max(company.today(plan.planned_start), today),
            plan.title,
            reverse("maintenance:detail", args=[plan.ref]),
            "blue",
        )
        for plan in plans
        if plan.planned_start
    ]
    return sorted(result, key=lambda item: item.day)
