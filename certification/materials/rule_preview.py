"""What else a requirement would touch, read before it is announced: reviews that would be due later, plans that it meets."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection
from django.db.models import QuerySet

from accounts.companies import Company, CompanyState, Industry
from accounts.working_days import CHINA, start_of_day, stored_calendar
from certification.maintenance.meeting import meeting
from certification.maintenance.models import LengthUnit, Maintenance, MaintenanceCause
from certification.maintenance.plan_preview import LISTED_PLANS, DelayedReviews, read_delayed
from certification.maintenance.series_steps import HORIZON
from certification.materials.models import MaterialKind
from certification.materials.requirements import HAS_VALID_NOW, PRESENT
from certification.materials.rules import DAY, DRAFT
from certification.reviews.clocks import DEFERS
from certification.reviews.due_times import after

# Open reviews at present of the companies that lack the document, by what would be done to them if it were in force now:
# its cause's effects, and that applications wait for it.
DELAYED = f"""
    {DRAFT}, lacking AS MATERIALIZED (
        SELECT c.id FROM r JOIN accounts_company c ON {PRESENT.concerns} WHERE NOT {HAS_VALID_NOW.format(day=DAY)}
    )
    SELECT review.kind, count(*) FILTER (WHERE waits.stands_still), count(*)
    FROM certification_review review
    JOIN lacking ON lacking.id = review.company_id
    CROSS JOIN (SELECT %(defers)s::text[] AS defers, %(urgent_appeals_only)s::boolean AS urgent_appeals_only) AS m
    CROSS JOIN LATERAL (SELECT {DEFERS} OR (%(holds)s AND review.subject = 'application') AS stands_still) AS waits
    WHERE review.state = 'open' AND (waits.stands_still OR (%(factor)s > 1 AND review.kind = 'application'))
    GROUP BY review.kind ORDER BY review.kind
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass(frozen=True)
class Touched:
    """Which open reviews would be due later, and which plans meet the same companies while they lack the document."""

    reviews: list[DelayedReviews]
    beside: list[Maintenance]
    #: The window that `beside` is about: from the day on, for the usual length of its cause.
    start: dt.datetime
    end: dt.datetime

    @property
    def last_day(self) -> dt.date:
        """The last day of the window, in China."""
        return (self.end - dt.timedelta(seconds=1)).astimezone(CHINA).date()


def touched_by(
    *,
    kind: MaterialKind,
    industry: Industry | None,
    company_kinds: list[str],
    cause: MaintenanceCause,
    effective_from: dt.date,
    holds_applications: bool,
    now: dt.datetime,
) -> Touched:
    """What a requirement that is asked for at all times would touch besides display; three queries, nothing is saved."""
    parameters = {
        "kind": kind.pk,
        "industry": industry.pk if industry else None,
        "company_kinds": [str(value) for value in company_kinds],
        "effective_from": effective_from,
        "at": now,
        "defers": list(cause.defers),
        "urgent_appeals_only": cause.urgent_appeals_only,
        "factor": cause.review_time_factor,
        "holds": holds_applications,
    }
    with connection.cursor() as cursor:
        cursor.execute(DELAYED, parameters)
        reviews = read_delayed(cursor.fetchall())
    start = start_of_day(effective_from, CHINA)
    end = usual_end(cause, start)
    plans = meeting(concerned(industry, company_kinds), start=start, end=end)
    return Touched(reviews, list(plans[:LISTED_PLANS]), start, end)


def concerned(industry: Industry | None, company_kinds: list[str]) -> QuerySet[Company]:
    """The companies that the requirement is for."""
    companies = Company.objects.filter(state=CompanyState.VERIFIED)
    if industry is not None:
        companies = companies.filter(industry=industry)
    return companies.filter(kind__in=company_kinds) if company_kinds else companies


def usual_end(cause: MaintenanceCause, start: dt.datetime) -> dt.datetime:
    """When a maintenance of the cause that begins at `start` is over at the latest, usually; without that after 90 days."""
    if cause.usual_until is None:
        return start + HORIZON
    return after(start, cause.usual_until, LengthUnit(cause.usual_unit), zone=CHINA, calendar=stored_calendar())
