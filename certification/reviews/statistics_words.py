"""The statistics of the desk in words and plots."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.naming import day_words
from certification.plots import Bar, BarPlot, Line, LinePlot
from certification.reviews.models import ReviewKind
from certification.reviews.statistics import Figures, Waiting

HOUR, DAY = 3600, 86400
Weekly = Sequence[tuple[dt.date, Figures]]


def length_words(seconds: float | None) -> str:
    """A length of time: minutes below an hour, hours below two days, else days."""
    if seconds is None:
        return "–"
    if seconds < HOUR:
        minutes = round(seconds / 60)
        return ngettext("%(count)d minute", "%(count)d minutes", minutes) % {"count": minutes}
    if seconds < 2 * DAY:
        return _("%(hours)s hours") % {"hours": f"{seconds / HOUR:.1f}"}
    return _("%(days)s days") % {"days": f"{seconds / DAY:.1f}"}


def share_words(share: float | None) -> str:
    """A share in per cent; never rounded up to all or down to none."""
    if share is None:
        return "–"
    shown = round(share * 100)
    if shown == 100 and share < 1:
        shown = 99
    if shown == 0 and share > 0:
        shown = 1
    return f"{shown}%"


def hours(seconds: float | None) -> str:
    """Seconds as hours for a file."""
    return "" if seconds is None else f"{seconds / HOUR:.2f}"


def figure_cells(figures: Figures) -> list[str]:
    """The figures as cells of a file."""
    return [str(figures.decided), str(figures.in_time), hours(figures.median), hours(figures.ninetieth)]


def sentence(waiting: Mapping[str, Waiting]) -> str:
    """What waits, and how much of it is late."""
    total = sum(row.waiting for row in waiting.values())
    late = sum(row.overdue for row in waiting.values())
    if not total:
        return _("Nothing is waiting.")
    said = ngettext("%(count)s case is waiting", "%(count)s cases are waiting", total) % {"count": total}
    if not late:
        return _("%(waiting)s, none is overdue.") % {"waiting": said}
    return ngettext(
        "%(waiting)s, %(count)s of them is overdue.", "%(waiting)s, %(count)s of them are overdue.", late
    ) % {
        "waiting": said,
        "count": late,
    }


def of_kind(kind: str) -> str:
    """Which decisions a plot is about."""
    return str(ReviewKind(kind).label) if kind else _("All kinds")


def short_week(monday: dt.date) -> str:
    """The first day of a week, beneath a plot."""
    return f"{monday:%m-%d}"


def paces_plot(weekly: Weekly, *, kind: str) -> LinePlot:
    """Median and 90th percentile of the decision time, week by week, in days or hours."""
    longest = max((figures.ninetieth or 0 for _day, figures in weekly), default=0)
    unit, name = (DAY, _("days")) if longest >= 2 * DAY else (HOUR, _("hours"))
    known = [(day, figures) for day, figures in weekly if figures.median is not None]
    if known:
        day, last = known[-1]
        description = _(
            "%(kind)s, in %(unit)s. Week of %(day)s: half were decided within %(median)s, nine of ten within %(ninetieth)s."
        ) % {
            "kind": of_kind(kind),
            "unit": name,
            "day": day_words(day),
            "median": length_words(last.median),
            "ninetieth": length_words(last.ninetieth),
        }
    else:
        description = _("%(kind)s: nothing was decided in these weeks.") % {"kind": of_kind(kind)}
    return LinePlot(
        title=_("Time until the decision, by week (%(unit)s)") % {"unit": name},
        description=description,
        labels=[short_week(day) for day, _figures in weekly],
        lines=[
            Line(
                _("Median"),
                [None if row.median is None else row.median / unit for _day, row in weekly],
                [length_words(row.median) for _day, row in weekly],
            ),
            Line(
                _("90th percentile"),
                [None if row.ninetieth is None else row.ninetieth / unit for _day, row in weekly],
                [length_words(row.ninetieth) for _day, row in weekly],
            ),
        ],
        label_heading=_("Week from"),
    )


def volume_plot(weekly: Weekly, *, kind: str) -> BarPlot:
    """How much was decided, week by week."""
    total = sum(figures.decided for _day, figures in weekly)
    return BarPlot(
        title=_("Decided, by week"),
        description=ngettext("%(kind)s: %(count)s decision.", "%(kind)s: %(count)s decisions.", total)
        % {"kind": of_kind(kind), "count": total},
        bars=[Bar(short_week(day), figures.decided) for day, figures in weekly],
        label_heading=_("Week from"),
        value_heading=_("Decided"),
    )
