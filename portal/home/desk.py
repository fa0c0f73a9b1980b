"""The staff console: what waits for staff, how late, and what runs on the platform."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.notices import Notice
from accounts.users import User
from certification.maintenance.models import Maintenance, Scope
from certification.reviews.models import Review
from certification.reviews.queue import desk_summary
from portal.home.overview import Tile
from portal.templatetags.moments import moment_text

#: How many rows of each list the console shows; the queue shows the rest.
SHOWN = 10


@dataclass
class Desk:
    """Everything on the staff's first page."""

    sentence: str
    tiles: list[Tile]
    mine: list[Review]
    first: list[Review]
    #: Open or coming maintenance of more than one company.
    maintenance: list[Maintenance]
    failed_mails: int


def desk_of(user: User, *, now: dt.datetime) -> Desk:
    """The console of one person of the staff; a constant number of queries."""
    summary = desk_summary(user, now, size=SHOWN)
    queue = reverse("reviews:queue")
    tiles = [
        Tile(f"{queue}?overdue=on", _("Overdue"), summary.overdue, "red" if summary.overdue else "grey"),
        Tile(queue, _("Due within 24 hours"), summary.at_risk, "amber" if summary.at_risk else "grey"),
        Tile(f"{queue}?mine=on", _("My cases"), summary.mine, "blue" if summary.mine else "grey"),
        Tile(f"{queue}?unclaimed=on", _("Unclaimed"), summary.unclaimed, "blue" if summary.unclaimed else "grey"),
    ]
    wide = Maintenance.objects.exclude(scope__in=[Scope.COMPANY, Scope.NUMBER]).select_related(
        "cause", "provider", "industry"
    )
    running = list(wide.filter(opened_at__isnull=False, closed_at__isnull=True).order_by("opened_at")[:SHOWN])
    coming = wide.filter(
        opened_at__isnull=True, cancelled_at__isnull=True, planned_start__lte=now + dt.timedelta(days=30)
    )
    return Desk(
        sentence=desk_sentence(summary.waiting, summary.overdue, summary.earliest_due),
        tiles=tiles,
        mine=summary.my_cases,
        first=summary.first,
        maintenance=[*running, *coming.order_by("planned_start")[:SHOWN]],
        failed_mails=Notice.objects.filter(failed_at__isnull=False).count(),
    )


def desk_sentence(waiting: int, overdue: int, earliest: dt.datetime | None) -> str:
    """How much waits and what is late, in one sentence."""
    if not waiting or earliest is None:
        return _("Nothing waits.")
    due = moment_text(earliest)
    if overdue:
        return ngettext(
            "%(waiting)d case waits, %(overdue)d of them overdue; the oldest was due %(due)s.",
            "%(waiting)d cases wait, %(overdue)d of them overdue; the oldest was due %(due)s.",
            waiting,
        ) % {"waiting": waiting, "overdue": overdue, "due": due}
    return ngettext(
        "%(waiting)d case waits, none overdue; the next is due %(due)s.",
        "%(waiting)d cases wait, none overdue; the next is due %(due)s.",
        waiting,
    ) % {"waiting": waiting, "due": due}
