"""The warning beside the status of a number: it has come near the limit of complaints today; the status stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import connection
from django.db.models import Exists, OuterRef, QuerySet, Subquery
from django.utils.translation import ngettext

from appeals.complaints.models import ComplaintDay
from certification.maintenance.models import Maintenance, MaintenanceCause, OpenedBy
from certification.numbers.notes import Noted, register_notes


def near_the_limit() -> QuerySet[ComplaintDay]:
    """The days of numbers that were warned about, are still near the limit, and did not pass it."""
    cause = MaintenanceCause.objects.filter(opened_by=OpenedBy.COMPLAINTS)
    lock = Maintenance.objects.open_at().filter(number=OuterRef("number"), locks=True)
    return ComplaintDay.objects.filter(
        ~Exists(lock), warned_at__isnull=False, counted__gte=Subquery(cause.values("warn_at")[:1])
    )


#: The days of these numbers that were warned about; asked for every page of numbers, hence without the ORM.
WARNED_ABOUT = """
    SELECT id FROM appeals_complaintday WHERE number_id = ANY (%s) AND day = ANY (%s::date[]) AND warned_at IS NOT NULL
"""


def warnings_of(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
    """For each number that was warned about today, by its company's calendar; one query, two where there are such."""
    today = {number.pk: number.company.today(now) for number in numbers}
    with connection.cursor() as cursor:
        cursor.execute(WARNED_ABOUT, [list(today), list(set(today.values()))])
        told = [pk for (pk,) in cursor.fetchall()]
    if not told:  # mostly: then limits and locks are not looked up
        return {}
    warned = near_the_limit().filter(pk__in=told)
    return {
        number_id: [
            ngettext(
                "Warning: %(count)d complaint today; a few more lock the number.",
                "Warning: %(count)d complaints today; a few more lock the number.",
                total,
            )
            % {"count": total}
        ]
        for number_id, day, total in warned.values_list("number_id", "day", "total")
        if day == today[number_id]
    }


register_notes("complaints", warnings_of)
