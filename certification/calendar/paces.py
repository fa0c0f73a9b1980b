"""Which days of a month are good for handing something in: what the article says, and what the portal's records say."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.core.cache import cache
from django.db import connection

from accounts.working_days import CHINA, start_of_day
from certification.reviews.models import ReviewKind

#: "About the 20th" (A): so many days around it (D).
PREFERRED = range(18, 23)
#: How much faster reviews are then, in per cent (A).
FASTER_PERCENT = 30
#: Fewer reviews say nothing about a day (D).
LEAST_REVIEWS = 5
#: How far back the portal's own figures reach (D).
LOOKS_BACK = dt.timedelta(days=365)
#: A day's figures are no longer asked for when the next day's are there.
KEPT = 25 * 60 * 60
#: What companies hand in when they choose the day themselves.
KINDS = (ReviewKind.APPLICATION, ReviewKind.NUMBER_CHANGE, ReviewKind.MATERIAL)

MEDIANS = """
    SELECT handed_in.day, handed_in.preferred, count(*),
           percentile_cont(0.5) WITHIN GROUP (ORDER BY handed_in.seconds)
    FROM (
        SELECT extract(day FROM timezone(%(zone)s, r.opened_at))::int AS day,
               extract(day FROM timezone(%(zone)s, r.opened_at)) BETWEEN %(first)s AND %(last)s AS preferred,
               extract(epoch FROM r.decided_at - r.opened_at) AS seconds
        FROM certification_review r
        WHERE r.state = 'decided' AND r.kind = ANY (%(kinds)s) AND r.decided_at > %(since)s AND r.decided_at <= %(now)s
    ) AS handed_in
    GROUP BY GROUPING SETS ((handed_in.day), (handed_in.preferred))
    HAVING count(*) >= %(least)s
    ORDER BY handed_in.day NULLS LAST
"""


@dataclass(frozen=True)
class Pace:
    """The median time from handing in to the decision, and over how many reviews."""

    reviews: int
    median: dt.timedelta


@dataclass(frozen=True)
class Paces:
    """The portal's own records, each figure over enough reviews only."""

    by_day: dict[int, Pace]
    preferred: Pace | None = None
    others: Pace | None = None

    @property
    def faster_percent(self) -> int | None:
        """By how many per cent the preferred days are faster than the others (negative: slower); None without both."""
        if self.preferred is None or self.others is None or not self.others.median:
            return None
        return round((1 - self.preferred.median / self.others.median) * 100)


def quarter_ends(day: dt.date) -> bool:
    """Whether a quarter ends with `day`."""
    return day.month % 3 == 0 and (day + dt.timedelta(days=1)).day == 1


def advice(day: dt.date) -> str:
    """Say "avoid" on the first of a month and on the last day of a quarter, "prefer" about the 20th (A), else ""."""
    if day.day == 1 or quarter_ends(day):
        return "avoid"
    return "prefer" if day.day in PREFERRED else ""


def paces_until_today(*, now: dt.datetime) -> Paces:
    """The medians over the year that ended with yesterday, in China: worked out once a day, kept in the shared cache."""
    today = start_of_day(now.astimezone(CHINA).date(), CHINA)
    key = f"review-paces:{today:%Y-%m-%d}"
    paces: Paces | None = cache.get(key)
    if paces is None:
        paces = review_paces(now=today)
        cache.set(key, paces, KEPT)
    return paces


def parameters(*, now: dt.datetime) -> dict[str, Any]:
    """What MEDIANS asks for: the year that ended with `now`."""
    return {
        "zone": CHINA.key,
        "first": PREFERRED.start,
        "last": PREFERRED.stop - 1,
        "kinds": [kind.value for kind in KINDS],
        "since": now - LOOKS_BACK,
        "now": now,
        "least": LEAST_REVIEWS,
    }


def review_paces(*, now: dt.datetime) -> Paces:
    """The medians by the day of the month, in China, on which something was handed in; one query over a year's decisions.

    It reads nothing but the index review_decided.
    """
    by_day: dict[int, Pace] = {}
    either: dict[bool, Pace] = {}
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS, parameters(now=now))
        for day, preferred, reviews, seconds in cursor.fetchall():
            pace = Pace(int(reviews), dt.timedelta(seconds=float(seconds)))
            if day is not None:
                by_day[int(day)] = pace
            else:
                either[bool(preferred)] = pace
    return Paces(by_day, either.get(True), either.get(False))
