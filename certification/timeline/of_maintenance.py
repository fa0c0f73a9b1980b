"""What timelines say of maintenance that covered a number or a company, and of the reminders that were sent."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from django.db.models import CharField, F, Func, Min, Q, QuerySet, Value
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.journal import ActorKind
from accounts.notices import Notice
from certification.maintenance.covered import concerning
from certification.maintenance.models import Maintenance
from certification.naming import in_language
from certification.numbers.models import PhoneNumber
from certification.timeline.of_numbers import while_held
from certification.timeline.sources import About, Event, Source

#: A start that the portal noticed within so short a time needs no second date.
AT_ONCE = dt.timedelta(minutes=2)
REMINDERS = ("material_expires", "term_expires")


def covering(moment: str) -> Callable[[About], QuerySet[Maintenance]]:
    """The maintenance that covered the number or the company at the moment in the column."""

    def rows(about: About) -> QuerySet[Maintenance]:
        if about.numbers is None:
            found = concerning(about.company, moment=moment).filter(**{f"{moment}__gte": about.company.created_at})
        else:
            condition = Q(pk__in=[])
            for number in about.numbers:
                condition |= Q(pk__in=held_under(number, moment).values("pk"))
            found = Maintenance.objects.filter(condition)
        began = found.filter(opened_at__isnull=False).filter(**{f"{moment}__isnull": False})
        return began.select_related("cause", "requirement__kind")

    return rows


def held_under(number: PhoneNumber, moment: str) -> QuerySet[Maintenance]:
    """The maintenance that covered the number at the moment in the column, while its company held it."""
    rows = concerning(number.company, [number], moment=moment).filter(**{f"{moment}__gte": number.created_at})
    return rows.filter(**{f"{moment}__lte": number.released_at}) if number.released_at is not None else rows


def title_of(row: Maintenance) -> str:
    """The maintenance in a few words, with the material that it asks for."""
    return f"{row.title} ({row.requirement.kind})" if row.requirement else row.title


def say_opened(rows: Sequence[Maintenance], about: About) -> list[Event]:
    """It began: when the portal showed it, and since when it held."""
    return [
        Event(
            row.opened_at,  # type: ignore[arg-type]
            _("Maintenance began: %(title)s") % {"title": title_of(row)},
            "red" if row.suspends_display else "blue",
            str(ActorKind.ENGINE.label),
            row.message,
            reverse("maintenance:detail", args=[row.ref]),
            differing(row.held_since, row.opened_at),
        )
        for row in rows
    ]


def say_closed(rows: Sequence[Maintenance], about: About) -> list[Event]:
    """It ended, and what it achieved."""
    return [
        Event(
            row.closed_at,  # type: ignore[arg-type]
            _("Maintenance ended: %(title)s") % {"title": title_of(row)},
            "green",
            str(ActorKind.ENGINE.label),
            in_language(row.achieved_zh, row.achieved_en),
            reverse("maintenance:detail", args=[row.ref]),
            differing(row.held_until, row.closed_at),
        )
        for row in rows
    ]


def differing(held: dt.datetime | None, shown: dt.datetime | None) -> dt.datetime | None:
    """When it truly held, where that is not when it was shown."""
    if held is None or shown is None or abs(shown - held) <= AT_ONCE:
        return None
    return held


def reminders(about: About) -> QuerySet[Notice]:
    """The reminders of expiries that the company was sent, each once however many people it went to."""
    sent = Notice.objects.filter(kind__in=REMINDERS)
    if about.numbers is None:
        sent = sent.filter(company=about.company)
    else:
        sent = sent.filter(while_held(about, "created_at", "company_id"))
    # The key is that of the message and, last, the person's.
    message = Func(F("key"), Value(":[0-9]+$"), Value(""), function="regexp_replace", output_field=CharField())
    first = sent.order_by().annotate(message=message).values("message").annotate(first=Min("pk")).values("first")
    return Notice.objects.filter(pk__in=first)


def say_reminders(rows: Sequence[Notice], about: About) -> list[Event]:
    """What was reminded of."""
    events = []
    for row in rows:
        context, days = row.context, int(row.context.get("days_left", 0))
        if row.kind == "material_expires":
            material = in_language(context.get("material_zh", ""), context.get("material_en", ""))
            what = _("%(material)s expires") % {"material": material}
        else:
            count = int(context.get("numbers", 0))
            numbers = ngettext("%(count)d number", "%(count)d numbers", count) % {"count": count}
            what = _("The certification of %(numbers)s ends") % {"numbers": numbers}
        left = _("%(day)s, the same day") % {"day": context.get("expires_on", "")}
        if days:
            left = ngettext("%(day)s, in %(days)d day", "%(day)s, in %(days)d days", days) % {
                "day": context.get("expires_on", ""),
                "days": days,
            }
        text = _("Reminder sent: %(what)s") % {"what": what}
        events.append(Event(row.created_at, text, "amber", str(ActorKind.ENGINE.label), left))
    return events


SOURCES = (
    Source("maintenance_ended", "maintenance", "closed_at", covering("closed_at"), say_closed),
    Source("maintenance_began", "maintenance", "opened_at", covering("opened_at"), say_opened),
    Source("reminders", "reminder", "created_at", reminders, say_reminders),
)
