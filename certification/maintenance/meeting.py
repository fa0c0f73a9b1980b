"""Which plans meet the same companies in a window, whatever their scopes: what previews list before something is saved."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.companies import Company, CompanyState
from certification.maintenance.models import Maintenance, MaintenanceQuerySet, Scope
from certification.numbers.models import Lifecycle, PhoneNumber


def displayed_through(provider: Any) -> QuerySet[PhoneNumber]:
    """The certified numbers that the provider displays."""
    return PhoneNumber.objects.held().filter(provider=provider, lifecycle=Lifecycle.CERTIFIED)


def companies_in(*, scope: str, keys: dict[str, int | None]) -> QuerySet[Company]:
    """The verified companies that a scope covers at present, as `coverage.COVERED_COMPANIES` counts them."""
    companies = Company.objects.filter(state=CompanyState.VERIFIED)
    if scope == Scope.PROVIDER:
        return companies.filter(Exists(displayed_through(keys["provider_id"]).filter(company=OuterRef("pk"))))
    if scope == Scope.INDUSTRY:
        return companies.filter(industry=keys["industry_id"])
    if scope == Scope.COMPANY:
        return companies.filter(pk__in=[keys["company_id"]])
    return companies


def meeting(companies: QuerySet[Company], *, start: dt.datetime, end: dt.datetime) -> MaintenanceQuerySet:
    """The plans, planned or running, whose window overlaps this one and that cover one of the companies, the first first.

    One that is past its planned end and goes on overlaps whatever begins later.
    """
    window = Q(planned_end__gt=start) | Q(overrunning_since__isnull=False)
    at_provider = displayed_through(OuterRef("provider")).filter(company__in=companies.values("pk"))
    return (
        Maintenance.objects.filter(
            window,
            Q(scope=Scope.EVERYTHING)
            | Q(scope=Scope.INDUSTRY, industry__in=companies.values("industry"))
            | Q(scope=Scope.COMPANY, company__in=companies.values("pk"))
            | (Q(scope=Scope.PROVIDER) & Exists(at_provider)),
            planned_start__lt=end,
            closed_at__isnull=True,
            cancelled_at__isnull=True,
        )
        .select_related("cause", "provider", "industry", "company")
        .order_by("planned_start", "pk")
    )
