"""I17 in `check_invariants`: a calendar that lacks something is found."""

from __future__ import annotations

import dataclasses
import datetime as dt
from typing import Any

import pytest

from certification.calendar import invariants
from certification.calendar.dates import Dates, dates_of
from certification.maintenance.invariants import check_invariants
from tests.cast import Cast, make_material, make_number
from tests.certification.calendar.conftest import make_plan


def of_calendars() -> list[str]:
    """What I17 says is wrong."""
    report = check_invariants(from_the_start=False)
    assert report.checked["I17"] > 0
    return [row["what"] for row in report.violations if row["invariant"] == "I17"]


@pytest.mark.parametrize(("part", "named"), [("plans", "plans"), ("materials", "documents"), ("terms", "terms")])
def test_calendar_that_lacks_something_is_found(
    cast: Cast, monkeypatch: pytest.MonkeyPatch, part: str, named: str
) -> None:
    now = dt.datetime.now(dt.UTC)
    make_plan(now + dt.timedelta(days=5), now + dt.timedelta(days=5, hours=3))
    make_material(cast.clinic, "radiology_licence", by=cast.owner, expires_on=now.date() + dt.timedelta(days=20))
    number = make_number(cast.clinic)
    type(number).objects.filter(pk=number.pk).update(term_ends_at=now + dt.timedelta(days=30))
    assert of_calendars() == []

    def forgetful(**asked: Any) -> Dates:
        return dataclasses.replace(dates_of(**asked), **{part: []})

    monkeypatch.setattr(invariants, "dates_of", forgetful)
    found = of_calendars()
    assert any(f"calendar of company {cast.clinic.pk}: {named}" in what for what in found)
    assert all(named in what for what in found)
