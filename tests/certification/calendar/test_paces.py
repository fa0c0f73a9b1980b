"""The portal's own median time from handing in to the decision, by day of the month."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from certification.calendar.paces import MEDIANS, Paces, paces_until_today, parameters, review_paces
from certification.reviews.models import Review
from tests.cast import NOW, Cast


def make_reviews(cast: Cast, day: int, hours: list[float], **fields: object) -> None:
    """Decided reviews that were handed in on that day of October, at 01:00 in China (the day before in UTC)."""
    opened = dt.datetime(2026, 10, day, 1, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    values: dict[str, object] = {"kind": "material", "state": "decided", "decision": "approved", "decision_text": "OK"}
    for number, length in enumerate(hours):
        Review.objects.create(
            **{
                **values,
                "company": cast.clinic,
                "subject": "material",
                "subject_id": day * 1000 + number,
                "submitted_by": cast.owner,
                "opened_at": opened,
                "due_from": opened,
                "due_at": opened,
                "decided_by": cast.reviewer,
                "decided_at": opened + dt.timedelta(hours=length),
                **fields,
            }
        )


def test_medians_are_by_the_chinese_day_and_over_five_reviews_at_least(cast):
    make_reviews(cast, 20, [10, 20, 30, 40, 50])
    make_reviews(cast, 2, [100, 60, 40, 60, 60, 70])
    make_reviews(cast, 7, [1, 1, 1, 1])
    paces = review_paces(now=NOW)
    assert {day: (p.reviews, p.median) for day, p in paces.by_day.items()} == {
        2: (6, dt.timedelta(hours=60)),
        20: (5, dt.timedelta(hours=30)),
    }
    assert paces.preferred is not None
    assert paces.others is not None
    assert (paces.preferred.median, paces.others.median) == (dt.timedelta(hours=30), dt.timedelta(hours=50))
    assert paces.faster_percent == 40


def test_medians_leave_out_what_is_old_open_or_not_handed_in_by_companies(cast):
    make_reviews(cast, 3, [1] * 5, kind="company")
    make_reviews(cast, 4, [1] * 5, decided_at=NOW - dt.timedelta(days=366))
    make_reviews(cast, 5, [1] * 5, state="open", decision="", decision_text="", decided_by=None, decided_at=None)
    assert review_paces(now=NOW) == Paces({})
    assert Paces({}).faster_percent is None


def test_paces_are_worked_out_once_a_day_up_to_its_beginning(cast, django_assert_num_queries):
    make_reviews(cast, 20, [10, 20, 30, 40, 50])
    first = paces_until_today(now=NOW)
    assert first.by_day[20].median == dt.timedelta(hours=30)
    make_reviews(cast, 7, [1, 1, 1, 1, 1])
    with django_assert_num_queries(0):
        assert paces_until_today(now=NOW + dt.timedelta(hours=12)) == first
    assert set(paces_until_today(now=NOW + dt.timedelta(days=1)).by_day) == {7, 20}


def test_decision_of_today_counts_from_tomorrow_on(cast):
    make_reviews(cast, 20, [24 * 36 + 2 + hour for hour in range(5)])  # on 25 November in China
    assert paces_until_today(now=NOW).by_day == {}
    assert set(paces_until_today(now=NOW + dt.timedelta(days=1)).by_day) == {20}


def test_paces_read_nothing_but_their_index(cast):
    """Among many reviews the year's decisions are found by the moment of their decision, without looking at the table."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO certification_review (kind, company_id, subject, subject_id, opened_at, due_from, due_at, state, decision,
                                              decided_by_id, decided_at, decision_text, is_urgent, is_expedited, times_returned,
                                              internal_note)
            SELECT 'material', %s, 'material', n, moment - interval '2 days', moment, moment, 'decided', 'approved', %s, moment, 'OK',
                   false, false, 0, ''
            FROM generate_series(1, 20000) AS n CROSS JOIN LATERAL (SELECT %s::timestamptz - n * interval '4 hours' AS moment) AS m
            """,
            [cast.clinic.pk, cast.reviewer.pk, NOW],
        )
        cursor.execute("ANALYZE certification_review")
        cursor.execute("EXPLAIN " + MEDIANS, parameters(now=NOW))
        plan = "\n".join(line for (line,) in cursor.fetchall())
    assert "review_decided" in plan
    assert "Seq Scan" not in plan
