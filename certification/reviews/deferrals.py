"""Maintenance that stretches or stops the work on reviews: longer due times, deferred kinds, urgent appeals only."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

from django.db import models
from django.db.models import Q

from accounts.companies import Company
from certification.maintenance.models import Maintenance, Scope
from certification.numbers.models import PhoneNumber
from certification.reviews.due_times import extended
from certification.reviews.models import DueTimeExtension, Review, ReviewKind

#: What goes on in an overhaul when it is urgent (domain section 7).
APPEALS = (ReviewKind.APPEAL, ReviewKind.COMPLEX_APPEAL)


def deferring(*, kind: str, company: Company, urgent: bool) -> Maintenance | None:
    """The open maintenance that pauses reviews of `kind` for the company, the one that ends last; None when none does.

    Urgent appeals go on whatever is paused.
    """
    if urgent and kind in APPEALS:
        return None
    rows = (
        Maintenance.objects.open_at().covering_company(company).filter(defers__contains=[kind]).select_related("cause")
    )
    return rows.order_by(models.F("expected_until").desc(nulls_first=True), "pk").distinct().first()


def deferred() -> Q:
    """The condition under which an open review is deferred at present, in terms of the handful of open maintenances."""
    condition = Q(pk__in=[])
    for row in (
        Maintenance.objects.open_at()
        .exclude(defers=[])
        .only("scope", "defers", "provider_id", "industry_id", "company_id", "number_id")
    ):
        concerned = Q(kind__in=row.defers)
        if row.scope == Scope.PROVIDER:
            holders = PhoneNumber.objects.held().filter(provider=row.provider_id)
            concerned &= Q(company__in=holders.values("company"))
        elif row.scope == Scope.INDUSTRY:
            concerned &= Q(company__industry=row.industry_id)
        elif row.scope == Scope.COMPANY:
            concerned &= Q(company=row.company_id)
        elif row.scope == Scope.NUMBER:
            concerned &= Q(company__in=PhoneNumber.objects.filter(pk__in=[row.number_id]).values("company"))
        condition |= concerned
    return condition & ~Q(kind__in=APPEALS, is_urgent=True)


def stretching(*, company: Company) -> Maintenance | None:
    """The open maintenance that makes reviews of new applications take longest; None when none does."""
    rows = Maintenance.objects.open_at().covering_company(company).filter(review_time_factor__gt=Decimal(1))
    return rows.select_related("cause").order_by("-review_time_factor", "pk").distinct().first()


def stretch(*, review: Review, company: Company, now: dt.datetime) -> None:
    """Let the due times of a new application's review grow by the factor of an open maintenance, and record it.

    While a major upgrade covers it, a new application's time grows by 50 % (A). Other kinds are left alone.
    """
    if review.kind != ReviewKind.APPLICATION:
        return
    maintenance = stretching(company=company)
    if maintenance is None:
        return
    before = review.due_at
    review.due_from = extended(review.opened_at, review.due_from, maintenance.review_time_factor)
    review.due_at = extended(review.opened_at, review.due_at, maintenance.review_time_factor)
    review.save(update_fields=["due_from", "due_at"])
    DueTimeExtension.objects.create(
        review=review,
        maintenance=maintenance,
        at=now,
        due_before=before,
        due_after=review.due_at,
        reason="review_time_factor",
    )
