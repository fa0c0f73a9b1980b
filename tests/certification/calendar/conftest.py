"""Plans, terms and links for the calendar's tests."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.cache import cache
from django.utils import translation

from accounts.companies import Company
from certification.maintenance.models import Maintenance, MaintenanceCause
from tests.cast import NOW

LONG_AGO = NOW - dt.timedelta(days=400)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


def utc(year: int, month: int, day: int, hour: int = 0, minute: int = 0) -> dt.datetime:
    return dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC)


def make_plan(
    start: dt.datetime, end: dt.datetime, *, cause: str = "data_sync", scope: str = "everything", **fields: Any
):
    """A plan as the table holds it."""
    plan = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code=cause),
        scope=scope,
        planned_start=start,
        planned_end=end,
        created_at=LONG_AGO,
        **fields,
    )
    plan.refresh_from_db()
    return plan


def founded_long_ago(*companies: Company) -> None:
    """The portal knows the companies since before every date of the tests."""
    for company in companies:
        Company.objects.filter(pk=company.pk).update(created_at=LONG_AGO)
        company.created_at = LONG_AGO
