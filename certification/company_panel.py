"""What a company's page for staff says of its numbers and of what stops them, at present or as of a past moment."""

from __future__ import annotations

import datetime as dt

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.companies import Company
from accounts.company_panels import PANELS, Panel
from accounts.look_back import LookBack
from certification.maintenance.covered import concerning
from certification.maintenance.past import recall_maintenance
from certification.maintenance.status import Status, counts_by_status
from certification.numbers.models import PhoneNumber

#: Running maintenance that is named; the calendar and the timeline have the rest.
NAMED = 10


def numbers_panel(company: Company, moment: LookBack, now: dt.datetime) -> Panel:
    """How many numbers have each status, each count leading to its list."""
    counts = counts_by_status(PhoneNumber.objects.filter(company=company.pk).held_at(moment.at), at=moment.at)
    address = reverse("staff_numbers:list")
    lines = [
        (
            str(status.label),
            f"{counts[status]:,}",
            moment.url(address, {"company": company.ref, "status": status.value}),
        )
        for status in Status
        if status in counts
    ]
    links = [
        (_("All numbers of the company"), moment.url(address, {"company": company.ref})),
        (_("Timeline of the company"), reverse("staff_company_timeline", args=[company.ref])),
    ]
    return Panel(gettext_lazy("Numbers by status"), lines, gettext_lazy("No numbers."), links)


def maintenance_panel(company: Company, moment: LookBack, now: dt.datetime) -> Panel:
    """What was open and covered the company or some of its numbers, the latest first."""
    rows = list(
        concerning(company, at=moment.at or now)
        .open_at(moment.at)
        .select_related("cause", "requirement__kind")
        .order_by("-opened_at", "-pk")[:NAMED]
    )
    if moment.at is not None:
        recall_maintenance(rows, at=moment.at)
    lines = [
        (
            f"{row.title} ({row.requirement.kind})" if row.requirement else row.title,
            _("display suspended") if row.suspends_display else _("without effect on display"),
            reverse("maintenance:detail", args=[row.ref]),
        )
        for row in rows
    ]
    return Panel(gettext_lazy("Maintenance that covers it"), lines, gettext_lazy("None."))


PANELS += [numbers_panel, maintenance_panel]
