"""Where complaints stand beside other things: on the page of a number, and on the cases about it."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appeals.complaints.models import ComplaintDay
from appeals.complaints.notes import near_the_limit
from appeals.complaints.pattern import Pattern, pattern_of
from certification.numbers.models import PhoneNumber
from certification.numbers.panels import NumberPanel
from certification.numbers.panels import register_panel as register_number_panel
from certification.plots import Bar, BarPlot
from certification.reviews.models import Review, ReviewKind
from certification.reviews.panels import CasePanel, register_panel
from certification.reviews.subjects import SUBJECTS

#: The cases that are about what is wrong with numbers.
KINDS = (ReviewKind.COMPLAINT_LOCK, ReviewKind.APPEAL, ReviewKind.COMPLEX_APPEAL)


def plot_of(pattern: Pattern) -> BarPlot:
    """Bars per local day, with the line above which a number is locked."""
    busiest, most = max(pattern.days, key=lambda day: day[1])
    words = ngettext(
        "%(count)d complaint in 30 days, most of them on %(day)s: %(most)d.",
        "%(count)d complaints in 30 days, most of them on %(day)s: %(most)d.",
        pattern.total,
    ) % {"count": pattern.total, "day": date_format(busiest, "MONTH_DAY_FORMAT"), "most": most}
    return BarPlot(
        title=_("Complaints per day"),
        description=words,
        bars=[
            Bar(f"{day:%m-%d}", count) for day, count in pattern.days
        ],  # short: six of them stand side by side on a phone
        label_heading=_("Day"),
        value_heading=_("Complaints"),
        threshold=pattern.lock_above,
        threshold_label=_("locks above %(count)d") % {"count": pattern.lock_above} if pattern.lock_above else "",
    )


def hours_plot_of(pattern: Pattern) -> BarPlot:
    """Bars per local hour: at which times the calls were."""
    busiest, most = max(pattern.hours, key=lambda hour: hour[1])
    return BarPlot(
        title=_("Complaints by hour of the call"),
        description=_("Most calls complained of were between %(start)d:00 and %(end)d:00: %(most)d.")
        % {"start": busiest, "end": busiest + 1, "most": most},
        bars=[Bar(f"{hour}:00", count) for hour, count in pattern.hours],
        label_heading=_("Hour"),
        value_heading=_("Complaints"),
    )


def number_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel | None:
    """What the company sees of complaints about its number; nothing where there were none."""
    pattern = pattern_of(number=number, now=now)
    if not pattern.latest:
        return None
    today = now.astimezone(number.company.zone).date()
    counter = ComplaintDay.objects.filter(number=number, day=today).first()
    context = {
        "pattern": pattern,
        "plot": plot_of(pattern) if pattern.total else None,
        "today": counter.total if counter else 0,
        "warned": near_the_limit().filter(number=number, day=today).exists(),
        "number": number,
    }
    return NumberPanel("complaints/_panel.html", context)


def case_panel(review: Review, now: dt.datetime) -> CasePanel | None:
    """What the reviewer of a lock or an appeal sees of the complaints: when, at which hours, where, about what.

    Of a case about several numbers it is the one with the most complaints in all.
    """
    hook = getattr(SUBJECTS.get(review.subject), "numbers", None)
    if review.kind not in KINDS or hook is None:
        return None
    worst = hook(review).annotate(complained=Count("complaints")).filter(complained__gt=0).order_by("-complained", "pk")
    number = worst.select_related("company").first()
    if number is None:
        return None
    pattern = pattern_of(number=number, until=review.decided_at, now=now)
    if not pattern.total:
        return None
    context = {"pattern": pattern, "plot": plot_of(pattern), "hours": hours_plot_of(pattern), "number": number}
    return CasePanel(_("Complaints"), "complaints/_case_panel.html", context)


register_number_panel("complaints", number_panel)
register_panel("complaints", case_panel)
