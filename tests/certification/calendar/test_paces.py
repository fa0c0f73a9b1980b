"""The portal's own median time from handing in to the decision, by day of the month."""

from __future__ import annotations

import datetime as dt

from certification.calendar.paces import Paces, review_paces
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
