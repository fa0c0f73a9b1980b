"""Numbers that have come near the limit of complaints today, among what needs the company."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from accounts.working_days import end_of_day
from appeals.complaints.notes import near_the_limit
from certification.numbers.shapes import mask_number
from portal.home.tasks import EACH, Task


def warned_numbers(company: Company, now: dt.datetime) -> list[Task]:
    """What to do about the numbers that were warned about today, until the day is over; one query."""
    today = company.today(now)
    days = near_the_limit().filter(number__company=company, number__released_at__isnull=True, day=today)
    warned = list(days.select_related("number").order_by("-total", "number_id"))
    reason = _("A few more lock the number: pause outbound calls from it, and check the script and the list.")
    ends = end_of_day(today, company.zone)
    if len(warned) > EACH:
        title = ngettext(
            "%(count)d number has many complaints today", "%(count)d numbers have many complaints today", len(warned)
        ) % {"count": len(warned)}
        return [Task(title, reason, reverse("complaints:list"), _("See the complaints"), due=ends, numbers=len(warned))]
    return [
        Task(
            ngettext("%(number)s: %(count)d complaint today", "%(number)s: %(count)d complaints today", day.total)
            % {"number": day.number.alias or mask_number(day.number.number), "count": day.total},
            reason,
            reverse("numbers:detail", args=[day.number.ref]),
            _("See the complaints"),
            due=ends,
            numbers=1,
        )
        for day in warned
    ]
