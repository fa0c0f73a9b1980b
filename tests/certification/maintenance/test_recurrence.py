"""Rules of recurring plans: what they mean, what is wrong with them, and how they read."""

from __future__ import annotations

import datetime as dt
from contextlib import suppress
from zoneinfo import ZoneInfo

import pytest
from dateutil import rrule
from django.utils import translation
from hypothesis import given, settings
from hypothesis import strategies as st

from certification.maintenance.recurrence import LONGEST, Recurrence, RuleRefused, parse_rule
from certification.maintenance.rule_words import rule_words

SHANGHAI, NEW_YORK = ZoneInfo("Asia/Shanghai"), ZoneInfo("America/New_York")
HOUR = dt.timedelta(hours=1)


def recurrence(rule: str, *, zone: ZoneInfo = SHANGHAI, hours: float = 3, **fields: object) -> Recurrence:
    """02:00-05:00 from Monday 7 December 2026 on, unless told otherwise."""
    values: dict[str, object] = {"starts_on": dt.date(2026, 12, 7), "starts_at": dt.time(2)}
    return Recurrence(rule, length=hours * HOUR, zone=zone, **{**values, **fields})  # type: ignore[arg-type]


def test_weekly_window_is_the_same_clock_time_every_week() -> None:
    times = recurrence("FREQ=WEEKLY;COUNT=3").occurrences
    assert [(time.start.isoformat(), time.end - time.start) for time in times] == [
        ("2026-12-06T18:00:00+00:00", 3 * HOUR),
        ("2026-12-13T18:00:00+00:00", 3 * HOUR),
        ("2026-12-20T18:00:00+00:00", 3 * HOUR),
    ]


def test_window_keeps_its_clock_times_through_the_change_to_summer_time_and_back() -> None:
    spring = recurrence("FREQ=DAILY;COUNT=3", zone=NEW_YORK, starts_on=dt.date(2027, 3, 13)).occurrences
    # On 14 March 02:00 does not come: it is 03:00 then, and the window ends at 05:00 all the same.
    assert [time.start.astimezone(NEW_YORK).hour for time in spring] == [2, 3, 2]
    assert [time.end.astimezone(NEW_YORK).hour for time in spring] == [5, 5, 5]
    autumn = recurrence(
        "FREQ=DAILY;COUNT=2", zone=NEW_YORK, starts_on=dt.date(2027, 11, 7), starts_at=dt.time(1, 30)
    ).occurrences
    assert autumn[0].start.isoformat() == "2027-11-07T05:30:00+00:00"  # the first of the two
    assert autumn[0].end.astimezone(NEW_YORK).hour == 4


def test_window_within_the_hour_that_is_left_out_still_lasts() -> None:
    (time,) = recurrence(
        "FREQ=DAILY;COUNT=1", zone=NEW_YORK, starts_on=dt.date(2027, 3, 14), starts_at=dt.time(2, 30), hours=0.5
    ).occurrences
    assert time.end - time.start == HOUR / 2


@pytest.mark.parametrize(
    ("rule", "words"),
    [
        ("FREQ=DAILY", "never end"),
        ("FREQ=WEEKLY;BYDAY=MO", "never end"),
        ("FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30", "never happens"),
        ("FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30;COUNT=3", "never happens"),
        ("FREQ=MONTHLY;BYDAY=MO;BYSETPOS=40;COUNT=2", "never happens"),
        ("FREQ=SECONDLY;COUNT=10", "once a day"),
        ("FREQ=HOURLY", "once a day"),
        ("FREQ=DAILY;BYHOUR=1,2,3;COUNT=4", "once a day"),
        ("FREQ=DAILY;UNTIL=20261201", "ends before it starts"),
        ("FREQ=DAILY;UNTIL=20300101", "more than two years"),
        ("FREQ=DAILY;COUNT=800", "more than two years"),
        ("FREQ=DAILY;COUNT=3;UNTIL=20270101", "not both"),
        ("BYDAY=MO", "must begin with how often"),
        ("FREQ=FORTNIGHTLY", "must begin with how often"),
        ("FREQ=DAILY;COUNT=0", "COUNT=0"),
        ("FREQ=DAILY;COUNT=-1", "COUNT=-1"),
        ("FREQ=DAILY;INTERVAL=0;COUNT=2", "INTERVAL=0"),
        ("FREQ=DAILY;COUNT=２", "COUNT="),
        ("FREQ=WEEKLY;BYDAY=2MO;COUNT=2", "BYDAY=2MO"),
        ("FREQ=WEEKLY;BYDAY=XX;COUNT=2", "BYDAY=XX"),
        ("FREQ=MONTHLY;BYMONTHDAY=32;COUNT=2", "BYMONTHDAY=32"),
        ("FREQ=DAILY;UNTIL=20270230", "UNTIL=20270230"),
        ("FREQ=DAILY;UNTIL=soon", "UNTIL=SOON"),
        ("FREQ=DAILY;BYEASTER=0;COUNT=2", "BYEASTER"),
        ("FREQ=DAILY;FREQ=DAILY;COUNT=2", "FREQ"),
        ("\x00", "not part of a recurrence rule"),
        ("", "not part of a recurrence rule"),
    ],
)
def test_each_mistake_in_a_rule_has_its_own_words(rule: str, words: str) -> None:
    with translation.override("en"):
        assert words in recurrence(rule).problem()
    with translation.override("zh-hans"):
        assert not any(word in recurrence(rule).problem() for word in ("rule", "It ", "Say"))


def test_length_that_meets_the_next_time_overlaps_itself() -> None:
    with translation.override("en"):
        assert "overlap itself" in recurrence("FREQ=DAILY;COUNT=3", hours=25).problem()
        assert recurrence("FREQ=DAILY;COUNT=3", hours=24).problem() == ""
        assert "must be after the start" in recurrence("FREQ=DAILY;COUNT=3", hours=0).problem()


@pytest.mark.parametrize(
    ("rule", "chinese", "english"),
    [
        ("FREQ=WEEKLY;BYDAY=MO,WE;COUNT=5", "每周一、周三 02:00–05:00（北京时间），共 5 次", "Every week on Monday and Wednesday, 02:00–05:00 (Beijing time), 5 times"),
        ("FREQ=DAILY;UNTIL=20270101", "每天 02:00–05:00（北京时间），至 2027-01-01", "Every day, 02:00–05:00 (Beijing time), until 1 January 2027"),
        ("FREQ=MONTHLY;BYMONTHDAY=-1;COUNT=1", "每月最后一天 02:00–05:00（北京时间），共 1 次", "Every month on the last day, 02:00–05:00 (Beijing time), once"),
        ("FREQ=MONTHLY;BYDAY=1SU;COUNT=2", "每月的第 1 个周日 02:00–05:00（北京时间），共 2 次", "Every month on the first Sunday, 02:00–05:00 (Beijing time), 2 times"),
        ("FREQ=WEEKLY;INTERVAL=2;COUNT=4", "每 2 周的周一 02:00–05:00（北京时间），共 4 次", "Every 2 weeks on Monday, 02:00–05:00 (Beijing time), 4 times"),
    ],
)  # fmt: skip
def test_rule_reads_in_both_languages(rule: str, chinese: str, english: str) -> None:
    for language, words in (("zh-hans", chinese), ("en", english)):
        with translation.override(language):
            assert rule_words(recurrence(rule)) == words


def test_window_over_midnight_says_so() -> None:
    late = recurrence("FREQ=DAILY;COUNT=2", starts_at=dt.time(23), hours=3)
    with translation.override("zh-hans"):
        assert "23:00–次日 02:00" in rule_words(late)
    with translation.override("en"):
        assert "23:00–the next day 02:00" in rule_words(late)


RULES = st.builds(
    lambda frequency, interval, count, days, month_days, months: ";".join(
        filter(
            None,
            [
                f"FREQ={frequency}",
                f"INTERVAL={interval}",
                f"COUNT={count}",
                f"BYDAY={','.join(days)}" if days else "",
                f"BYMONTHDAY={','.join(map(str, month_days))}" if month_days else "",
                f"BYMONTH={','.join(map(str, months))}" if months else "",
            ],
        )
    ),
    st.sampled_from(["DAILY", "WEEKLY", "MONTHLY", "YEARLY"]),
    st.integers(1, 4),
    st.integers(1, 12),
    st.lists(st.sampled_from(["MO", "TU", "WE", "TH", "FR", "SA", "SU"]), max_size=3, unique=True),
    st.lists(st.sampled_from([1, 15, 28, 29, 31, -1]), max_size=2, unique=True),
    st.lists(st.integers(1, 12), max_size=3, unique=True),
)


@settings(max_examples=60, deadline=None)
@given(rule=RULES, first=st.dates(dt.date(2026, 1, 1), dt.date(2040, 1, 1)), zone=st.sampled_from([SHANGHAI, NEW_YORK]))
def test_times_are_those_of_dateutil_and_the_text_means_the_same(rule: str, first: dt.date, zone: ZoneInfo) -> None:
    found = recurrence(rule, zone=zone, starts_on=first)
    start = dt.datetime.combine(first, dt.time(2))
    expected = []
    for moment in rrule.rrulestr(rule, dtstart=start):
        if moment > start + LONGEST:
            break
        expected.append(moment.replace(tzinfo=zone).astimezone(dt.UTC))
    assert [time.start for time in found.occurrences] == expected
    assert all(time.end > time.start for time in found.occurrences)
    again = recurrence(found.parts.text(zone), zone=zone, starts_on=first)
    assert again.occurrences == found.occurrences


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=80) | st.text(alphabet="FREQ=DAILYWKMONTHCUNSB;0123456789,-+", max_size=60))
def test_whatever_is_typed_is_read_or_refused(text: str) -> None:
    with suppress(RuleRefused):
        rule = parse_rule(text, SHANGHAI)
        assert parse_rule(rule.text(SHANGHAI), SHANGHAI) == rule
