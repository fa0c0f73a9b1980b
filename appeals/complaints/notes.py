"""The warning beside the status of a number: it has come near the limit of complaints today; the status stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

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


def warnings_of(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
    """For each number that was warned about today, by its company's calendar; one query."""
    today = {number.pk: number.company.today(now) for number in numbers}
    if not today:
        return {}
    warned = near_the_limit().filter(number__in=list(today), day__gte=min(today.values()), day__lte=max(today.values()))
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
