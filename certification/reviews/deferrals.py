"""Which maintenance stretches or stops the work on reviews: what is so at present, for pages, the desk and the pre-check.

A review that stands still has an open pause, written by `clocks.settle_clocks`; everybody asks for that. Before there is
a review, the pre-check asks what would happen to it.
"""

from __future__ import annotations

from django.db import models

from accounts.companies import Company
from certification.maintenance.models import Maintenance
from certification.reviews.clocks import COVERS, DEFERS
from certification.reviews.models import Review, ReviewKind, ReviewPause


def pauses_of(review: Review) -> list[ReviewPause]:
    """Why the review's clock stands still at present: the pause expected to last longest first; empty while it runs."""
    # Mostly there is none: then what it would be joined to is not read.
    rows = ReviewPause.objects.filter(review=review, ended_at__isnull=True).prefetch_related("maintenance__cause")
    return list(rows.order_by(models.F("maintenance__expected_until").desc(nulls_first=True), "pk"))


def paused() -> models.Exists:
    """The condition under which a review's clock stands still: the same in sets."""
    return models.Exists(ReviewPause.objects.filter(review=models.OuterRef("pk"), ended_at__isnull=True))


# The same conditions by which the engine pauses and stretches.
ACTING_ON = f"""
    SELECT m.* FROM certification_maintenance m
    JOIN accounts_company c ON c.id = %(company)s
    CROSS JOIN (SELECT %(company)s::bigint AS company_id, %(kind)s::text AS kind, %(urgent)s::boolean AS is_urgent) AS review
    WHERE m.opened_at IS NOT NULL AND m.closed_at IS NULL AND {COVERS}
"""  # noqa: S608 - constant texts, every value is a parameter


def acting_on(*, kind: str, company: Company, urgent: bool, how: str) -> Maintenance | None:
    """The first open maintenance that would act on a review of `kind` of the company; `how` is a constant text."""
    parameters = {"company": company.pk, "kind": str(kind), "urgent": urgent}
    found = Maintenance.objects.raw(f"{ACTING_ON} {how} LIMIT 1", parameters)
    return next(iter(found.prefetch_related("cause")), None)


def deferring(*, kind: str, company: Company, urgent: bool) -> Maintenance | None:
    """The open maintenance that would pause a review of `kind` of the company, the one that ends last; None when none would."""
    how = f"AND {DEFERS} ORDER BY m.expected_until DESC NULLS FIRST, m.id"
    return acting_on(kind=kind, company=company, urgent=urgent, how=how)


def stretching(*, company: Company) -> Maintenance | None:
    """The open maintenance that makes reviews of new applications take longest; None when none does."""
    how = "AND m.review_time_factor > 1 ORDER BY m.review_time_factor DESC, m.id"
    return acting_on(kind=ReviewKind.APPLICATION, company=company, urgent=False, how=how)
