"""The dates of a calendar in words: one entry each, as the month, the agenda and the feed show it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.dates import MONTHS
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.working_days import CHINA
from certification.calendar.dates import Dates, ExpiryCount, MaterialDate, PlanDate, TermDate
from certification.maintenance.story import scope_words, state_of, state_words
from certification.naming import in_language

ICONS = {"plan": "wrench-screwdriver", "material": "document-text", "term": "check-badge"}


@dataclass(frozen=True)
class Entry:
    """One thing in a calendar, from its first to its last day."""

    kind: str  # "plan" | "material" | "term"
    first: dt.date
    last: dt.date
    title: str
    tone: str
    #: The state of a plan; what ends for the others.
    label: str
    url: str | None = None
    #: When a plan begins and ends; None for days.
    start: dt.datetime | None = None
    end: dt.datetime | None = None
    detail: str = ""

    @property
    def icon(self) -> str:
        """The icon of its kind."""
        return ICONS[self.kind]


def month_text(day: dt.date) -> str:
    """2026年11月, November 2026."""
    return in_language(f"{day.year}年{day.month}月", f"{MONTHS[day.month]} {day.year}")


def day_in_month_text(day: dt.date) -> str:
    """11月30日, 30 November: where the year is said already."""
    return in_language(f"{day.month}月{day.day}日", f"{day.day} {MONTHS[day.month]}")


def duration_text(length: dt.timedelta) -> str:
    """Whole hours up to two days, then days to the first decimal."""
    hours = round(length.total_seconds() / 3600)
    if hours < 48:
        return ngettext("%(count)d hour", "%(count)d hours", hours) % {"count": hours}
    return _("%(days)s days") % {"days": f"{length.total_seconds() / 86400:.1f}"}


def local_days(date: PlanDate, zone: ZoneInfo) -> tuple[dt.date, dt.date]:
    """The first and the last day of the plan in `zone`; one that ends at midnight ends with the day before."""
    first = date.start.astimezone(zone).date()
    return first, max(first, (date.end - dt.timedelta(microseconds=1)).astimezone(zone).date())


def plan_entry(date: PlanDate, zone: ZoneInfo, *, with_scope: bool = False) -> Entry:
    """A plan in words."""
    state = state_of(date.plan)
    label, tone = state_words(state, stops=date.plan.suspends_display)
    if state == "planned" and date.plan.suspends_display:
        tone = "amber"
    first, last = local_days(date, zone)
    if with_scope:
        detail = scope_words(date.plan)
    elif state == "cancelled":
        detail = _("This plan was cancelled: nothing changes for you.")
    elif state == "ended":
        detail = ""
    elif date.plan.suspends_display:
        detail = _("Certification is not displayed when you call.")
    else:
        detail = _("Your calls display the certification as usual.")
    return Entry(
        kind="plan",
        first=first,
        last=last,
        title=date.plan.title,
        tone=tone,
        label=label,
        url=reverse("maintenance:detail", args=[date.plan.ref]),
        start=date.start,
        end=date.end,
        detail=detail,
    )


def material_entry(date: MaterialDate, today: dt.date) -> Entry:
    """The last day of a document in words."""
    return Entry(
        kind="material",
        first=date.day,
        last=date.day,
        title=_("%(material)s expires") % {"material": date.material.kind},
        tone="red" if date.day < today else "amber",
        label=_("Document expires"),
        url=reverse("materials:detail", args=[date.material.ref]),
        detail=_("Hand in a new version before this day is over."),
    )


def term_entry(date: TermDate, today: dt.date) -> Entry:
    """The last day of certifications in words."""
    numbers = ngettext("%(count)d number", "%(count)d numbers", date.numbers) % {"count": date.numbers}
    return Entry(
        kind="term",
        first=date.day,
        last=date.day,
        title=_("The certification of %(numbers)s ends") % {"numbers": numbers},
        tone="red" if date.day < today else "amber",
        label=_("Certification ends"),
        url=f"{reverse('applications:new')}?kind=renewal",
        detail=_("Apply for renewal before this day is over."),
    )


def company_entries(dates: Dates, *, zone: ZoneInfo, today: dt.date) -> list[Entry]:
    """Everything in a company's calendar, by day; on one day what ends comes before what is planned."""
    entries = [material_entry(date, today) for date in dates.materials]
    entries += [term_entry(date, today) for date in dates.terms]
    entries += [plan_entry(date, zone) for date in dates.plans]
    return sorted(entries, key=lambda entry: entry.first)


def staff_entries(plans: Iterable[PlanDate], counts: Iterable[ExpiryCount]) -> list[Entry]:
    """Everything in the staff's calendar, by day."""
    entries = []
    for count in counts:
        if count.materials:
            title = ngettext("%(count)d document expires", "%(count)d documents expire", count.materials)
            entries.append(
                Entry(
                    "material", count.day, count.day, title % {"count": count.materials}, "grey", _("Document expires")
                )
            )
        if count.numbers:
            title = ngettext(
                "The certification of %(count)d number ends",
                "The certification of %(count)d numbers ends",
                count.numbers,
            )
            entries.append(
                Entry("term", count.day, count.day, title % {"count": count.numbers}, "grey", _("Certification ends"))
            )
    entries += [plan_entry(date, CHINA, with_scope=True) for date in plans]
    return sorted(entries, key=lambda entry: entry.first)
