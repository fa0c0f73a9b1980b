"""The statistics of the desk: what waits, how long decisions take, and the same as files."""

from __future__ import annotations

import datetime as dt
import io
from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from accounts import journal
from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from certification.naming import day_words
from certification.numbers.exports.writing import write
from certification.numbers.models import ExportFormat
from certification.reviews import statistics
from certification.reviews.forms import StatisticsForm
from certification.reviews.models import ReviewKind
from certification.reviews.statistics import Figures, Waiting
from certification.reviews.statistics_words import (
    figure_cells,
    length_words,
    paces_plot,
    sentence,
    share_words,
    volume_plot,
)


def asked(request: SignedInRequest) -> tuple[StatisticsForm, int, str]:
    """The filter, and what it comes to."""
    weeks, kind = StatisticsForm(request.GET).chosen()
    return StatisticsForm({"weeks": weeks, "kind": kind}), weeks, kind


def row_of(label: str, figures: Figures, **more: Any) -> dict[str, Any]:
    """One line of a table."""
    return {
        "label": label,
        "decided": figures.decided,
        "median": length_words(figures.median),
        "ninetieth": length_words(figures.ninetieth),
        "share": share_words(figures.share_in_time),
        **more,
    }


@require_safe
@staff_view()
def overview(request: SignedInRequest) -> HttpResponse:
    """What waits now, and how long decisions took, by week, kind and, for leads and auditors, reviewer."""
    now = timezone.now()
    form, weeks, kind = asked(request)
    waiting = statistics.waiting_now(now=now)
    weekly = statistics.by_week(weeks=weeks, kind=kind, now=now)
    in_all, kinds = statistics.over_range(weeks=weeks, now=now)
    may_see_people = staff_may(request.user, Permission.READ_PEOPLES_FIGURES)
    people = statistics.by_reviewer(weeks=weeks, kind=kind, now=now) if may_see_people else []
    address = reverse("reviews:statistics")

    def narrowed(to: str) -> str:
        return f"{address}?{urlencode({'weeks': weeks, 'kind': to})}"

    context = {
        "form": None,
        "filter": form,
        "weeks": weeks,
        "kind": kind,
        "kind_label": str(ReviewKind(kind).label) if kind else "",
        "sentence": sentence(waiting),
        "waiting": [
            (str(known.label), waiting.get(known.value, Waiting()), f"{reverse('reviews:queue')}?kind={known.value}")
            for known in ReviewKind
        ],
        "in_all": row_of(_("All kinds"), in_all),
        "kinds": [
            row_of(str(known.label), kinds[known.value], url=narrowed(known.value), current=known.value == kind)
            for known in ReviewKind
            if kinds[known.value].decided
        ],
        "weekly": [row_of(day_words(day), figures) for day, figures in reversed(weekly)],
        "has_decisions": any(figures.decided for _day, figures in weekly),
        "paces": paces_plot(weekly, kind=kind),
        "volume": volume_plot(weekly, kind=kind),
        "may_see_people": may_see_people,
        "people": [row_of(str(person), figures) for person, figures in people],
        "query": urlencode({"weeks": weeks, "kind": kind}),
        "clear_url": address if request.GET else "",
    }
    return render(request, "reviews/statistics.html", context)


def csv_answer(name: str, header: list[str], rows: list[list[str]]) -> HttpResponse:
    """The table as a csv that spreadsheets read; no cell is taken for a formula."""
    content = io.BytesIO()
    for _done in write(content, rows, file_format=ExportFormat.CSV, header=header):
        pass
    response = HttpResponse(content.getvalue(), content_type="text/csv; charset=utf-8")
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


def columns(first: str) -> list[str]:
    """The header of a file."""
    return [
        first,
        _("Kind"),
        _("Decided"),
        _("Decided in time"),
        _("Median, hours"),
        _("90th percentile, hours"),
    ]


@require_safe
@staff_view()
def weeks_file(request: SignedInRequest) -> HttpResponse:
    """The table by week: of the kind that is asked for, else of all together and of each."""
    now = timezone.now()
    _form, weeks, kind = asked(request)
    rows = []
    for shown in [kind] if kind else ["", *ReviewKind.values]:
        label = str(ReviewKind(shown).label) if shown else _("All kinds")
        for day, figures in statistics.by_week(weeks=weeks, kind=shown, now=now):
            if figures.decided or not shown:
                rows.append([day.isoformat(), label, *figure_cells(figures)])
    return csv_answer(f"decisions-{file_day(now)}.csv", columns(_("Week from")), rows)


@require_safe
@staff_view(read=Permission.READ_PEOPLES_FIGURES)
def reviewers_file(request: SignedInRequest) -> HttpResponse:
    """The table by reviewer; that somebody took it is journalled, as it is about people."""
    now = timezone.now()
    _form, weeks, kind = asked(request)
    label = str(ReviewKind(kind).label) if kind else _("All kinds")
    people = statistics.by_reviewer(weeks=weeks, kind=kind, now=now)
    journal.record(
        at=now,
        actor=request.actor,
        subject="user",
        subject_id=request.user.pk,
        aspect="reviewer_figures",
        after=str(weeks),
        detail={"kind": kind},
    )
    rows = [[str(person), label, *figure_cells(figures)] for person, figures in people]
    return csv_answer(f"reviewers-{file_day(now)}.csv", columns(_("Reviewer")), rows)


def file_day(now: dt.datetime) -> str:
    """The day in a file's name."""
    return timezone.localdate(now).isoformat()
