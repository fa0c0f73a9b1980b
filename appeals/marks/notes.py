"""The note beside the status of a number that platforms mark it; the status stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.utils.translation import ngettext

from certification.numbers.notes import Noted, register_notes

#: How many marks stand on each of these numbers; asked for every page of numbers, hence without the ORM.
STANDING = """
    SELECT number_id, count(*) FROM appeals_mark WHERE number_id = ANY (%s) AND cleared_at IS NULL GROUP BY number_id
"""


def marks_on(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
    """For each number on which marks stand, on how many platforms; one query."""
    with connection.cursor() as cursor:
        cursor.execute(STANDING, [[number.pk for number in numbers]])
        counted = cursor.fetchall()
    return {
        number_id: [
            ngettext("Marked on %(count)d platform.", "Marked on %(count)d platforms.", total) % {"count": total}
        ]
        for number_id, total in counted
    }


register_notes("marks", marks_on)
