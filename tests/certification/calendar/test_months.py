"""The table of a month and its agenda, and the days to avoid and to prefer."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.calendar.entries import Entry, duration_text
from certification.calendar.months import last_of, lay_out, month_from, neighbours
from certification.calendar.paces import advice

TODAY = dt.date(2026, 11, 25)
MONTHS = st.dates(dt.date(2000, 1, 1), dt.date(2100, 12, 31)).map(lambda day: day.replace(day=1))


def entry(first: dt.date, last: dt.date) -> Entry:
    return Entry("plan", first, last, "Data sync", "blue", "Planned")


@pytest.mark.parametrize(
    ("first", "weeks", "days"),
    [
        (dt.date(2027, 2, 1), 4, 28),
        (dt.date(2028, 2, 1), 5, 29),
        (dt.date(2026, 11, 1), 6, 30),
        (dt.date(2027, 8, 1), 6, 31),
        (dt.date(2026, 12, 1), 5, 31),
    ],
)
def test_month_has_all_its_days_in_weeks_from_monday(first, weeks, days):
    month = lay_out([], first=first, today=TODAY)
    assert len(month.weeks) == weeks
    assert {len(week) for week in month.weeks} == {7}
    assert [day.day.day for week in month.weeks for day in week if day] == list(range(1, days + 1))
    assert all(day.day.weekday() == place for week in month.weeks for place, day in enumerate(week) if day)


def test_entry_stands_on_each_of_its_days_and_once_in_the_agenda():
    month = lay_out([entry(dt.date(2026, 10, 30), dt.date(2026, 11, 3))], first=dt.date(2026, 11, 1), today=TODAY)
    assert [d.day.day for week in month.weeks for d in week if d and d.entries] == [1, 2, 3]
    assert [(d.day.day, len(d.entries), d.advice) for d in month.agenda] == [(1, 1, "avoid"), (18, 0, "prefer")]


@given(MONTHS, st.lists(st.tuples(st.integers(-40, 40), st.integers(0, 60)), max_size=12))
def test_layout_loses_nothing_and_adds_nothing(first, spans):
    entries = [
        entry(begin, begin + dt.timedelta(days=length))
        for offset, length in spans
        for begin in [first + dt.timedelta(days=offset)]
    ]
    month = lay_out(entries, first=first, today=TODAY)
    for day in (day for week in month.weeks for day in week if day):
        assert day.entries == [e for e in entries if e.first <= day.day <= e.last]
    shown = [e for day in month.agenda for e in day.entries]
    assert sorted(map(id, shown)) == sorted(id(e) for e in entries if e.first <= month.last and e.last >= first)


@given(MONTHS)
def test_neighbours_lead_back(first):
    before, after = neighbours(first)
    assert (neighbours(before)[1], neighbours(after)[0]) == (first, first)
    assert last_of(first) + dt.timedelta(days=1) == after


@pytest.mark.parametrize(
    "text", ["", "2026", "2026-13", "november", "0001-01", "9999-12", "2026-11-05", "²026-11", "-1-1"]
)
def test_month_that_is_none_is_the_present_one(text):
    assert month_from(text, today=TODAY) == dt.date(2026, 11, 1)


def test_month_is_read():
    assert month_from("2027-02", today=TODAY) == dt.date(2027, 2, 1)


def test_advice_names_the_first_and_quarter_ends_and_the_days_about_the_20th():
    days = [dt.date(2026, 1, 1) + dt.timedelta(days=offset) for offset in range(365)]
    avoid = [day for day in days if advice(day) == "avoid"]
    assert [day for day in avoid if day.day != 1] == [
        dt.date(2026, 3, 31),
        dt.date(2026, 6, 30),
        dt.date(2026, 9, 30),
        dt.date(2026, 12, 31),
    ]
    assert len([day for day in avoid if day.day == 1]) == 12
    assert {day.day for day in days if advice(day) == "prefer"} == {18, 19, 20, 21, 22}


@pytest.mark.parametrize(
    ("hours", "text"), [(1, "1 hour"), (20, "20 hours"), (47.4, "47 hours"), (48, "2.0 days"), (60, "2.5 days")]
)
def test_duration_keeps_hours_up_to_two_days(hours, text):
    assert duration_text(dt.timedelta(hours=hours)) == text
