"""What must always hold of calendars: each holds exactly the plans and expiry dates that concern its company (I17)."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from accounts.companies import Company
from certification.calendar.dates import dates_of
from certification.calendar.reference import reference_materials, reference_plans, reference_terms
from certification.maintenance.invariants import FURTHER_CHECKS, Report
from certification.maintenance.models import Maintenance
from certification.maintenance.series_steps import HORIZON


def calendars_agree(report: Report, companies: Sequence[Company], now: dt.datetime) -> None:
    """What is to come in each of the companies' calendars, today included, against the slow reference.

    Plans that are over concerned whom they covered in their own time; the tests look at those.
    """
    # Whatever is to come, of whatever company: the reference itself says whom it concerns.
    plans = list(Maintenance.objects.filter(planned_start__isnull=False, closed_at=None, cancelled_at=None))
    seen, problems = 0, []
    for company in companies:
        first = company.today(now)
        last = first + HORIZON
        dates = dates_of(company=company, first=first, last=last, now=now)
        parts: tuple[tuple[str, object, object], ...] = (
            (
                "plans",
                {date.plan.ref for date in dates.plans if date.plan.closed_at is None},
                reference_plans(company, plans, first=first, last=last, now=now),
            ),
            (
                "documents",
                {(date.material.ref, date.day) for date in dates.materials},
                reference_materials(company, first=first, last=last),
            ),
            (
                "terms",
                {date.day: date.numbers for date in dates.terms},
                reference_terms(company, first=first, last=last),
            ),
        )
        seen += len(dates.plans) + len(dates.materials) + len(dates.terms)
        problems += [
            f"calendar of company {company.pk}: {what} {found}, the rules say {expected}"
            for what, found, expected in parts
            if found != expected
        ]
    report.add("I17", seen, problems)


FURTHER_CHECKS.append(calendars_agree)
