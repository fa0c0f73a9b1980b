"""How long decisions take: figures worked out by hand, kept figures against live ones, and who may see whose."""

from __future__ import annotations

import csv
import datetime as dt
import io
import itertools
from collections.abc import Iterator
from typing import Any

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.django import TestCase

from accounts.companies import Company
from accounts.journal import JournalEntry
from accounts.users import User
from certification.reviews.models import DecisionFigures, Review, ReviewPause
from certification.reviews.statistics import (
    Figures,
    by_reviewer,
    by_week,
    keep_figures,
    over_range,
    waiting_now,
    week_of,
)
from certification.reviews.statistics_words import length_words, share_words
from tests.cast import NOW, Cast, make_company, make_user

ENGLISH = {"Accept-Language": "en"}
#: Monday of NOW's week, and of the weeks before.
THIS, LAST, BEFORE = dt.date(2026, 11, 23), dt.date(2026, 11, 16), dt.date(2026, 11, 9)
HOUR = 3600.0
serial = itertools.count(1)


@pytest.fixture
def english() -> Iterator[None]:
    with override("en"):
        yield


@pytest.fixture
def time_now() -> Iterator[None]:
    """The clock stands at NOW."""
    with time_machine.travel(NOW, tick=False):
        yield


def at(week: dt.date, *, day: int = 2, hour: int = 12) -> dt.datetime:
    """A moment in a week, Beijing time."""
    return dt.datetime.combine(week, dt.time(), dt.timezone(dt.timedelta(hours=8))) + dt.timedelta(days=day, hours=hour)


def decided(
    company: Company,
    by: User,
    moment: dt.datetime,
    hours: float,
    *,
    kind: str = "material",
    in_time: bool = True,
    pauses: tuple[tuple[float, float], ...] = (),
) -> Review:
    """A review that was decided at a moment, `hours` after it was opened; pauses in hours from the opening."""
    opened = moment - dt.timedelta(hours=hours)
    review = Review.objects.create(
        kind=kind,
        company=company,
        subject="paper",
        subject_id=next(serial),
        opened_at=opened,
        due_from=opened,
        due_at=moment if in_time else moment - dt.timedelta(seconds=1),
        state="decided",
        decision="approved",
        decision_text="approved",
        decided_by=by,
        decided_at=moment,
    )
    for since, until in pauses:
        ReviewPause.objects.create(
            review=review,
            started_at=opened + dt.timedelta(hours=since),
            ended_at=opened + dt.timedelta(hours=until),
            is_counted=True,
        )
    return review


def figures(decided: int, in_time: int, median: float, ninetieth: float) -> Figures:
    """Figures whose 90th percentile is compared as fractions can be."""
    about: Any = pytest.approx(ninetieth)
    return Figures(decided, in_time, median, about)


def weeks_of(cast: Cast, *, weeks: int = 4, kind: str = "") -> dict[dt.date, Figures]:
    return {day: figures for day, figures in by_week(weeks=weeks, kind=kind, now=NOW) if figures.decided}


def test_median_and_percentile_by_hand(cast: Cast) -> None:
    """1, 2, 3, 4 and 10 hours: the median is 3, the 90th percentile lies six tenths of the way from 4 to 10."""
    for hours in (10, 1, 3, 2, 4):
        decided(cast.clinic, cast.reviewer, at(LAST), hours, in_time=hours < 10)
    assert weeks_of(cast) == {LAST: figures(5, 4, 3 * HOUR, 7.6 * HOUR)}
    assert weeks_of(cast)[LAST].share_in_time == 0.8


def test_even_count_takes_the_middle_of_two(cast: Cast) -> None:
    for hours in (2, 4):
        decided(cast.clinic, cast.reviewer, at(THIS, day=0), hours)
    assert weeks_of(cast) == {THIS: figures(2, 2, 3 * HOUR, 3.8 * HOUR)}


def test_paused_time_does_not_count_and_overlapping_pauses_count_once(cast: Cast) -> None:
    """Ten hours, still from 1 to 5 and from 3 to 6 (five hours together), and from 8 to 9: four hours are left."""
    decided(cast.clinic, cast.reviewer, at(LAST), 10, pauses=((1, 5), (3, 6), (8, 9)))
    assert weeks_of(cast)[LAST].median == 4 * HOUR


def test_pause_that_ended_long_before_the_range_is_taken_off(cast: Cast) -> None:
    decided(cast.clinic, cast.reviewer, at(THIS, day=0), 24 * 60, pauses=((0, 24 * 40),))
    assert weeks_of(cast)[THIS].median == 24 * 20 * HOUR


def test_week_begins_on_monday_in_beijing(cast: Cast) -> None:
    midnight = at(LAST, day=0, hour=0)
    decided(cast.clinic, cast.reviewer, midnight, 1)
    decided(cast.clinic, cast.reviewer, midnight - dt.timedelta(seconds=1), 5)
    assert {day: row.median for day, row in weeks_of(cast).items()} == {BEFORE: 5 * HOUR, LAST: HOUR}
    assert (week_of(midnight), week_of(midnight - dt.timedelta(seconds=1))) == (LAST, BEFORE)


def test_range_is_the_weeks_before_this_one_by_kind(cast: Cast) -> None:
    decided(cast.clinic, cast.reviewer, at(THIS, day=0), 50)
    decided(cast.clinic, cast.reviewer, at(LAST), 1)
    decided(cast.clinic, cast.reviewer, at(BEFORE), 3, kind="application", in_time=False)
    decided(cast.clinic, cast.reviewer, at(BEFORE) - dt.timedelta(weeks=4), 99)
    in_all, kinds = over_range(weeks=4, now=NOW)
    assert in_all == figures(2, 1, 2 * HOUR, 2.8 * HOUR)
    assert {kind: row.decided for kind, row in kinds.items() if row.decided} == {"material": 1, "application": 1}
    assert kinds["application"] == Figures(1, 0, 3 * HOUR, 3 * HOUR)


def test_reviewers_are_told_apart(cast: Cast) -> None:
    decided(cast.clinic, cast.reviewer, at(LAST), 1)
    decided(cast.clinic, cast.reviewer, at(LAST), 3)
    decided(cast.clinic, cast.second_reviewer, at(LAST), 7, kind="application")
    assert {person: row.median for person, row in by_reviewer(weeks=4, kind="", now=NOW)} == {
        cast.reviewer: 2 * HOUR,
        cast.second_reviewer: 7 * HOUR,
    }
    assert [person for person, _row in by_reviewer(weeks=4, kind="application", now=NOW)] == [cast.second_reviewer]


def everything(cast: Cast) -> object:
    """All that the page shows."""
    return [
        (
            by_week(weeks=weeks, kind=kind, now=NOW),
            over_range(weeks=weeks, now=NOW),
            by_reviewer(weeks=weeks, kind=kind, now=NOW),
        )
        for weeks in (4, 12)
        for kind in ("", "material", "application")
    ]


def test_kept_figures_are_those_worked_out_live(cast: Cast) -> None:
    for week, hours in itertools.product(range(14), (1, 5, 30)):
        moment = at(THIS - dt.timedelta(weeks=week), day=0)
        person = cast.reviewer if hours < 30 else cast.second_reviewer
        decided(cast.clinic, person, moment, hours + week, kind="application" if week % 2 else "material")
    live = everything(cast)
    assert keep_figures(now=NOW) == {"stretches": 52 + 4}
    assert everything(cast) == live
    assert keep_figures(now=NOW) == {"stretches": 0}


def test_next_week_adds_one_week_and_replaces_the_ranges(cast: Cast) -> None:
    decided(cast.clinic, cast.reviewer, at(LAST), 1)
    keep_figures(now=NOW)
    assert keep_figures(now=NOW + dt.timedelta(weeks=1)) == {"stretches": 1 + 4}
    over_all = DecisionFigures.objects.filter(kind="", reviewer=None)
    assert sorted(over_all.exclude(weeks=1).values_list("first_week", "weeks")) == sorted(
        (THIS + dt.timedelta(weeks=1 - weeks), weeks) for weeks in (4, 12, 26, 52)
    )
    assert over_all.filter(weeks=1).count() == 53


def test_week_is_worked_out_half_an_hour_after_its_end(cast: Cast) -> None:
    midnight = at(THIS, day=0, hour=0)
    keep_figures(now=midnight + dt.timedelta(minutes=29))
    assert not DecisionFigures.objects.filter(weeks=1, first_week=LAST).exists()
    keep_figures(now=midnight + dt.timedelta(minutes=30))
    assert DecisionFigures.objects.filter(weeks=1, first_week=LAST).exists()


def test_waiting_counts_late_and_still(cast: Cast) -> None:
    for hours, kind in ((-1, "material"), (0, "material"), (1, "material"), (1, "application")):
        review = Review.objects.create(
            kind=kind,
            company=cast.clinic,
            subject="paper",
            subject_id=next(serial),
            opened_at=NOW,
            due_from=NOW,
            due_at=NOW + dt.timedelta(hours=hours),
        )
    ReviewPause.objects.create(review=review, started_at=NOW)
    ReviewPause.objects.create(review=Review.objects.earliest("pk"), started_at=NOW, ended_at=NOW)
    shown = {kind: (row.waiting, row.overdue, row.stands_still) for kind, row in waiting_now(now=NOW).items()}
    assert shown == {"material": (3, 2, 0), "application": (1, 0, 1)}


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(None, "–"), (90, "2 minutes"), (3600, "1.0 hours"), (47.5 * 3600, "47.5 hours"), (60 * 3600, "2.5 days")],
)
def test_lengths_in_words(seconds: float | None, words: str, english: None) -> None:
    assert length_words(seconds) == words


@pytest.mark.parametrize(("share", "words"), [(None, "–"), (1, "100%"), (0.999, "99%"), (0.001, "1%"), (0, "0%")])
def test_share_is_never_rounded_to_all_or_none(share: float | None, words: str) -> None:
    assert share_words(share) == words


# --- The page --------------------------------------------------------------------------------------------------------


def test_page_shows_figures_and_plots_with_title_and_table(client: Client, cast: Cast, time_now: None) -> None:
    for hours in (1, 3):
        decided(cast.clinic, cast.reviewer, at(LAST), hours)
    client.force_login(cast.reviewer)
    text = client.get(reverse("reviews:statistics"), headers=ENGLISH).content.decode()
    assert text.count('role="img"') == 2
    assert text.count("<title id=") == text.count("<desc id=") == 2
    assert "2.0 hours" in text
    assert "16 November 2026" in text
    assert "By reviewer" not in text


@pytest.mark.parametrize(
    ("name", "sees"),
    [("lead", True), ("auditor", True), ("reviewer", False), ("operations", False), ("policy", False)],
)
def test_single_reviewers_are_for_leads_and_auditors(client: Client, cast: Cast, name: str, sees: bool) -> None:
    client.force_login(getattr(cast, name))
    page = client.get(reverse("reviews:statistics"), headers=ENGLISH)
    assert ("By reviewer" in page.content.decode()) is sees
    assert client.get(reverse("reviews:statistics_reviewers")).status_code == (200 if sees else 403)


@pytest.mark.parametrize("query", ["weeks=7", "weeks=x&kind=nothing", "weeks=&kind=", "weeks=%00&kind=%F0%9F%98%80"])
def test_what_does_not_fit_is_ignored(client: Client, cast: Cast, query: str) -> None:
    client.force_login(cast.lead)
    page = client.get(f"{reverse('reviews:statistics')}?{query}")
    assert (page.status_code, page.context["weeks"], page.context["kind"]) == (200, 12, "")


def test_files_hold_the_figures_and_no_formula(client: Client, cast: Cast, time_now: None) -> None:
    User.objects.filter(pk=cast.reviewer.pk).update(name="=1+1")
    decided(cast.clinic, cast.reviewer, at(LAST), 1.5)
    client.force_login(cast.lead)
    weeks = client.get(reverse("reviews:statistics_weeks") + "?weeks=4&kind=material", headers=ENGLISH)
    rows = list(csv.reader(io.StringIO(weeks.content.decode("utf-8-sig"))))
    assert rows == [
        ["Week from", "Kind", "Decided", "Decided in time", "Median, hours", "90th percentile, hours"],
        ["2026-11-16", "Material resubmission", "1", "1", "1.50", "1.50"],
    ]
    people = client.get(reverse("reviews:statistics_reviewers") + "?weeks=4", headers=ENGLISH)
    assert list(csv.reader(io.StringIO(people.content.decode("utf-8-sig"))))[1][0] == "'=1+1"
    taken = JournalEntry.objects.get(aspect="reviewer_figures")
    assert (taken.actor, taken.after, taken.detail) == (cast.lead, "4", {"kind": ""})


def test_page_costs_the_same_for_any_number_of_decisions(client: Client, cast: Cast) -> None:
    client.force_login(cast.lead)
    client.get(reverse("reviews:statistics"))
    counts = []
    for count in (1, 3, 50):
        for _ in range(count):
            decided(cast.clinic, cast.reviewer, at(LAST), 1)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("reviews:statistics"))
        counts.append(len(captured))
    assert len(set(counts)) == 1


class Properties(TestCase):
    """What holds for any decisions."""

    @settings(max_examples=25, deadline=None)
    @given(
        lengths=st.lists(
            st.tuples(st.integers(1, 400), st.integers(0, 400), st.integers(0, 400)), min_size=1, max_size=12
        )
    )
    def test_figures_equal_plain_python(self, lengths: list[tuple[int, int, int]]) -> None:
        company = make_company(f"C{next(serial)}")
        person = make_user(f"r{next(serial)}")
        spans = []
        for hours, first, second in lengths:
            since, until = sorted((min(first, hours), min(second, hours)))
            decided(company, person, at(LAST), hours, pauses=((since, until),))
            spans.append((hours - (until - since)) * HOUR)
        spans.sort()
        place = (len(spans) - 1) * 0.9
        low = int(place)
        high = min(low + 1, len(spans) - 1)
        expected = spans[low] + (spans[high] - spans[low]) * (place - low)
        middle = (spans[(len(spans) - 1) // 2] + spans[len(spans) // 2]) / 2
        row = dict(by_week(weeks=4, kind="", now=NOW))[LAST]
        assert row.decided == len(spans)
        assert row.median == pytest.approx(middle)
        assert row.ninetieth == pytest.approx(expected)
        Review.objects.all().delete()
