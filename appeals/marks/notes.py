"""The note beside the status of a number that platforms mark it; the status stays as it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db.models import Count
from django.utils.translation import ngettext

from appeals.marks.models import Mark
from certification.numbers.notes import Noted, register_notes


def marks_on(numbers: Sequence[Noted], now: dt.datetime) -> dict[int, list[str]]:
    """For each number on which marks stand, on how many platforms; one query."""
    standing = Mark.objects.open().filter(number__in=[number.pk for number in numbers])
    counted = standing.order_by().values_list("number").annotate(total=Count("pk"))
    return {
        number_id: [
            ngettext("Marked on %(count)d platform.", "Marked on %(count)d platforms.", total) % {"count": total}
        ]
        for number_id, total in counted
    }


register_notes("marks", marks_on)
