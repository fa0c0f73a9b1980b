"""What must stand in a company's calendar, once more, slowly and in plain Python: what `dates` is held against (I17).

Written from the domain page; it shares no condition with `dates` and `covered`. Rows are read as they are and compared in
memory.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from zoneinfo import ZoneInfo

from accounts.companies import Company
from certification.maintenance.models import Maintenance
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber

MOMENT = dt.timedelta(microseconds=1)


def was_there(number: PhoneNumber, row: Maintenance) -> bool:
    """Whether the company holds the number, or did while a plan ran that is over by now."""
    over, began = row.closed_at or row.cancelled_at, row.opened_at or row.cancelled_at
    if over is None or began is None:
        return number.released_at is None
    return number.created_at < over and (number.released_at is None or number.released_at > began)


def reference_plans(
    company: Company, rows: Iterable[Maintenance], *, first: dt.date, last: dt.date, now: dt.datetime
) -> set[str]:
    """The references of those of the plans that concern the company, which has been in one industry, from `first` to `last`."""
    zone = ZoneInfo(company.time_zone)
    numbers = list(PhoneNumber.objects.filter(company=company))
    found = set()
    for row in rows:
        if row.planned_start is None:
            continue
        covers = {
            "everything": True,
            "industry": row.industry_id == company.industry_id,
            "company": row.company_id == company.pk,
            "number": row.number_id in {number.pk for number in numbers},
            "provider": row.provider_id in {number.provider_id for number in numbers if was_there(number, row)},
        }[row.scope]
        start, end = row.held_since or row.planned_start, row.held_until or row.planned_end
        assert end is not None
        if row.opened_at and not row.closed_at:
            end = max(end, now)
        first_day = start.astimezone(zone).date()
        last_day = max(first_day, (end - MOMENT).astimezone(zone).date())
        if covers and first_day <= last and last_day >= first:
            found.add(row.ref)
    return found


def reference_materials(company: Company, *, first: dt.date, last: dt.date) -> set[tuple[str, dt.date]]:
    """The documents that the company relies on and that end from `first` to `last`, each with its last day."""
    kinds = defaultdict(list)
    for row in Material.objects.filter(company=company):
        if row.state == "approved":
            kinds[row.kind_id].append(row)
    latest = [max(rows, key=lambda row: (row.expires_on or dt.date.max, row.version)) for rows in kinds.values()]
    return {(row.ref, row.expires_on) for row in latest if row.expires_on and first <= row.expires_on <= last}


def reference_terms(company: Company, *, first: dt.date, last: dt.date) -> dict[dt.date, int]:
    """How many of the company's numbers have a certification whose last day is which, from `first` to `last`."""
    zone = ZoneInfo(company.time_zone)
    found: dict[dt.date, int] = defaultdict(int)
    for number in PhoneNumber.objects.filter(company=company):
        if number.released_at is None and number.lifecycle in {"certified", "expired"} and number.term_ends_at:
            found[(number.term_ends_at - MOMENT).astimezone(zone).date()] += 1
    return {day: count for day, count in found.items() if first <= day <= last}
