"""The counters of complaints per number and local day, and whose turn it is to change them.

Whoever counts for a number holds its row of `NumberComplaints` first, in the order of the numbers, and reads everything
else afterwards. So the sixth complaint locks once, whatever the order, batch or concurrency of arrival, and a release
knows exactly what came before it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable

from django.db import connection


def take_turn(number_ids: Iterable[int]) -> None:
    """Hold the numbers' counters until the end of the transaction; read what depends on them only afterwards."""
    numbers = sorted(set(number_ids))
    if not numbers:
        return
    with connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO appeals_numbercomplaints (number_id) SELECT unnest(%s::bigint[]) ON CONFLICT DO NOTHING",
            [numbers],
        )
        cursor.execute(
            "SELECT 1 FROM appeals_numbercomplaints WHERE number_id = ANY (%s) ORDER BY number_id FOR UPDATE", [numbers]
        )


# `new` (number_id, day, at) are complaints that were not counted yet; those before the last release are shown, not counted.
COUNT = """
, per_day AS (
    SELECT new.number_id, new.day, count(*) AS total,
           count(*) FILTER (WHERE counter.released_at IS NULL OR new.at > counter.released_at) AS counted
    FROM new JOIN appeals_numbercomplaints counter USING (number_id)
    GROUP BY new.number_id, new.day
), days AS (
    INSERT INTO appeals_complaintday AS d (number_id, day, total, counted)
    SELECT number_id, day, total, counted FROM per_day ORDER BY number_id, day
    ON CONFLICT (number_id, day) DO UPDATE SET total = d.total + excluded.total, counted = d.counted + excluded.counted
    RETURNING number_id, day, counted, warned_at IS NOT NULL AS warned
)
"""


def count_again(*, number_id: int, released_at: dt.datetime) -> None:
    """After a release: only what was complained of later counts. In the caller's transaction, with the number's turn."""
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE appeals_numbercomplaints SET released_at = %s WHERE number_id = %s", [released_at, number_id]
        )
        cursor.execute(
            """
            UPDATE appeals_complaintday d
            SET counted = (SELECT count(*) FROM appeals_complaint c
                           WHERE c.number_id = d.number_id AND c.day = d.day AND c.at > %(released_at)s)
            WHERE d.number_id = %(number)s AND d.counted > 0
            """,
            {"released_at": released_at, "number": number_id},
        )
