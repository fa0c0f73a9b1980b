"""Dates of documents: what can be entered, and where a version stands; against a plain statement of the rules."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.materials.models import Material, MaterialState
from certification.materials.validity import (
    PROBLEMS,
    STANDING_WORDS,
    Standing,
    date_problems,
    is_valid_on,
    standing,
    years_from,
)

TODAY = dt.date(2026, 11, 25)
days = st.dates(min_value=dt.date(1900, 1, 1), max_value=dt.date(2150, 1, 1))


def codes(issued_on=None, expires_on=None, *, long_term=False, may=True, today=TODAY) -> list[tuple[str, str]]:
    problems = date_problems(
        issued_on=issued_on, expires_on=expires_on, is_long_term=long_term, may_be_long_term=may, today=today
    )
    return [(problem.field, problem.code) for problem in problems]


@pytest.mark.parametrize(
    ("entered", "problems"),
    [
        ({"expires_on": TODAY}, []),
        ({"expires_on": TODAY, "issued_on": TODAY}, []),
        ({"expires_on": dt.date(2026, 11, 24)}, [("expires_on", "already_over")]),
        ({"expires_on": dt.date(2027, 1, 1), "issued_on": dt.date(2027, 1, 2)}, [("expires_on", "ends_before_start")]),
        ({"expires_on": dt.date(2076, 11, 25)}, []),
        ({"expires_on": dt.date(2076, 11, 26)}, [("expires_on", "end_too_far")]),
        ({"expires_on": dt.date(9999, 12, 31)}, [("expires_on", "end_too_far")]),
        ({}, [("expires_on", "end_missing")]),
        ({"long_term": True}, []),
        ({"long_term": True, "may": False}, [("is_long_term", "long_term_refused")]),
        ({"long_term": True, "expires_on": dt.date(2030, 1, 1)}, [("expires_on", "end_and_long_term")]),
        ({"long_term": True, "issued_on": dt.date(2206, 1, 1)}, [("issued_on", "start_too_far")]),
        ({"long_term": True, "issued_on": dt.date(206, 1, 1)}, [("issued_on", "start_too_old")]),
    ],
)
def test_date_problems_stand_beside_the_field_that_is_wrong(entered, problems):
    assert codes(**entered) == problems


@given(issued_on=st.none() | days, expires_on=st.none() | days, long_term=st.booleans(), may=st.booleans(), today=days)
def test_date_problems_accept_exactly_what_the_rules_allow(issued_on, expires_on, long_term, may, today):
    start_is_plausible = issued_on is None or years_from(today, -100) <= issued_on <= years_from(today, 50)
    if long_term:
        end_is_right = may and expires_on is None
    else:
        end_is_right = (
            expires_on is not None
            and today <= expires_on <= years_from(today, 50)
            and (issued_on is None or issued_on <= expires_on)
        )
    found = codes(issued_on, expires_on, long_term=long_term, may=may, today=today)
    assert (found == []) == (start_is_plausible and end_is_right)
    assert all(code in PROBLEMS for _field, code in found)


@given(day=days, years=st.integers(min_value=-150, max_value=150))
def test_years_from_keeps_the_day_or_takes_the_last_of_february(day, years):
    later = years_from(day, years)
    assert later.year == day.year + years
    assert (later.month, later.day) == (day.month, day.day) or (day.day, later.day) == (29, 28)


@given(issued_on=st.none() | days, expires_on=st.none() | days, today=days, state=st.sampled_from(MaterialState))
def test_standing_is_in_force_exactly_while_an_approved_version_is_valid(issued_on, expires_on, today, state):
    material = Material(issued_on=issued_on, expires_on=expires_on, is_long_term=expires_on is None, state=state)
    where = standing(material, today=today)
    in_force = where in (Standing.IN_FORCE, Standing.EXPIRING)
    assert in_force == (state == MaterialState.APPROVED and is_valid_on(material, today))
    assert where in STANDING_WORDS


@pytest.mark.parametrize(
    ("left", "where"),
    [(61, Standing.IN_FORCE), (60, Standing.EXPIRING), (0, Standing.EXPIRING), (-1, Standing.EXPIRED)],
)
def test_standing_asks_for_renewal_sixty_days_before_the_end(left, where):
    material = Material(expires_on=TODAY + dt.timedelta(days=left), state=MaterialState.APPROVED)
    assert standing(material, today=TODAY) == where
