"""The forms of plans: a new one, what becomes of one, and what becomes of a recurring one. Each is read before it is saved."""

from __future__ import annotations

import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_http_methods

from accounts.access import SignedInRequest, staff_view
from accounts.working_days import CHINA
from certification.maintenance.effects import Effects
from certification.maintenance.models import Maintenance
from certification.maintenance.plan_drafts import PlanDraft, PlanRefused, Problems, problems_of, problems_of_series
from certification.maintenance.plan_forms import ChangePlanForm, ChangeSeriesForm, EndSeriesForm, PlanForm
from certification.maintenance.plan_pages import PLANNERS, add_problems, with_words
from certification.maintenance.plan_preview import preview_of, times_of
from certification.maintenance.plans import PlanMovedOn, change_plan, create_plan, may_plan, problems_of_change
from certification.maintenance.recurrence import Recurrence
from certification.maintenance.series import (
    change_series,
    create_series,
    end_series,
    may_plan_series,
    running_times,
)
from certification.maintenance.series_models import MaintenanceSeries
from certification.maintenance.series_words import repeats_initial
from certification.maintenance.story import effect_words, scope_words

#: So many of a series' coming and past times are on its page.
LISTED_TIMES = 60


def problems_of_form(form: PlanForm, *, now: dt.datetime) -> tuple[PlanDraft, Recurrence | None, Problems]:
    """What a valid form asks for, and what is wrong with it."""
    draft = form.draft()
    if not form.recurs:
        return draft, None, problems_of(draft=draft, now=now)
    recurrence = form.recurrence()
    return draft, recurrence, problems_of_series(draft=draft, recurrence=recurrence, now=now)


def place_problems(form: forms.Form, problems: Problems) -> None:
    """Put what the domain found wrong beside the fields; what is wrong with a rule beside what made it."""
    if "rule" in problems and form.cleaned_data.get("repeats") != "rule":
        problems["repeats"] = problems.pop("rule")
    add_problems(form, problems)


@staff_view(read=PLANNERS, write=PLANNERS)
@require_http_methods(["GET", "POST"])
def plan_new(request: SignedInRequest) -> HttpResponse:
    """A new plan: filled in, shown with whom it affects, then saved."""
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        user=request.user,
        initial={"cause": request.GET.get("cause")},
    )
    context: dict[str, Any] = {"form": form}
    if request.method == "POST" and form.is_valid():
        now = timezone.now()
        draft, recurrence, problems = problems_of_form(form, now=now)
        if not problems and "confirm" in request.POST:
            try:
                return saved(request, draft, recurrence, now=now)
            except PlanRefused as refused:
                problems = refused.problems
        if not problems:
            context["check"] = preview_of(draft=draft, now=now, recurrence=recurrence)
        context["other"] = other_page(problems)
        place_problems(form, problems)
    return render(request, "maintenance/plan_new.html", context, status=422 if form.errors else 200)


def saved(
    request: SignedInRequest, draft: PlanDraft, recurrence: Recurrence | None, *, now: dt.datetime
) -> HttpResponse:
    """Save the plan and go to its page. Raises PlanRefused."""
    if recurrence is None:
        plan = create_plan(draft=draft, planner=request.user, actor=request.actor, now=now)
        messages.success(request, _("The plan is saved and the companies that it concerns are told."))
        return redirect("maintenance:detail", plan.ref)
    series = create_series(draft=draft, recurrence=recurrence, planner=request.user, actor=request.actor, now=now)
    messages.success(request, _("The recurring plan is saved; its times are in the calendar."))
    series.refresh_from_db()
    return redirect("maintenance:series", series.ref)


def other_page(problems: Problems) -> dict[str, Any] | None:
    """The plan that stands in the way: what it is called, its window where it has one, and its address."""
    other = problems.other
    if other is None:
        return None
    window = (other.planned_start, other.planned_end) if isinstance(other, Maintenance) else (None, None)
    return {"title": str(other), "url": page_of(other), "start": window[0], "end": window[1]}


def page_of(plan: Maintenance | MaintenanceSeries) -> str:
    """The page of a plan or a series."""
    view = "maintenance:series" if isinstance(plan, MaintenanceSeries) else "maintenance:detail"
    return reverse(view, args=[plan.ref])


@staff_view(read=PLANNERS)
@require_GET
def plan_impact(request: SignedInRequest) -> HttpResponse:
    """The fragment that says, while the form is filled in, whom the plan would affect."""
    form = PlanForm(request.GET, user=request.user)
    context: dict[str, Any] = {}
    now = timezone.now()
    if form.is_valid():
        draft, recurrence, problems = problems_of_form(form, now=now)
        readable = recurrence is None or not recurrence.problem()
        if readable and "planned_end" not in problems:
            context["check"] = preview_of(draft=draft, now=now, recurrence=recurrence)
        context |= {"problems": list(problems.values()), "other": other_page(problems)}
    return render(request, "maintenance/_impact.html", context)


@staff_view(read=PLANNERS)
@require_GET
def plan_effects(request: SignedInRequest) -> HttpResponse:
    """The fragment with the effects, preset with those of the chosen cause."""
    cause = request.GET.get("cause", "")
    form = PlanForm(None, user=request.user, initial={"cause": cause, "effects": request.GET.get("effects", "cause")})
    return render(request, "maintenance/_effects.html", {"form": form})


@staff_view(read=PLANNERS, write=PLANNERS)
@require_http_methods(["GET", "POST"])
def plan_change(request: SignedInRequest, ref: str) -> HttpResponse:
    """Another window, other effects or words for a plan: filled in, shown with whom it affects, then saved."""
    plan = get_object_or_404(with_words(), ref=ref)
    if not may_plan(request.user, plan):
        raise PermissionDenied
    if plan.closed_at is not None or plan.cancelled_at is not None:
        return redirect("maintenance:detail", ref)
    now = timezone.now()
    zone = plan.series.time_zone if plan.series is not None else CHINA.key
    initial = {
        "time_zone": zone,
        "planned_start": local_in(plan.planned_start, zone),
        "planned_end": local_in(plan.planned_end, zone),
        "ends": "plan" if plan.ends_by_plan else "hand",
        **{name: getattr(plan, name) for name in ("title_zh", "title_en", "message_zh", "message_en")},
    }
    form = ChangePlanForm(request.POST if request.method == "POST" else None, plan=plan, initial=initial)
    context: dict[str, Any] = {"form": form, "maintenance": plan}
    if request.method == "POST" and form.is_valid():
        draft = form.draft()
        problems = problems_of_change(plan=plan, draft=draft, now=now)
        if not problems and "confirm" in request.POST:
            try:
                changed = change_plan(
                    plan=plan,
                    draft=draft,
                    planner=request.user,
                    actor=request.actor,
                    now=now,
                    reason=form.cleaned_data["reason"],
                )
            except PlanRefused as refused:
                problems = refused.problems
            except PlanMovedOn:
                form.add_error(
                    None, _("Meanwhile this maintenance has started, ended or been cancelled. See its state below.")
                )
            else:
                messages.success(
                    request,
                    _("The plan is changed and the companies are told.") if changed else _("Nothing was different."),
                )
                return redirect("maintenance:detail", ref)
        if not problems and not form.errors:
            context["check"] = preview_of(draft=draft, now=now, plan=plan)
        context["other"] = other_page(problems)
        place_problems(form, problems)
    return render(request, "maintenance/plan_change.html", context, status=422 if form.errors else 200)


def local_in(moment: dt.datetime | None, zone: str) -> dt.datetime | None:
    """A moment as clocks of the zone show it, for a form's field."""
    return moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None) if moment is not None else None


# --- Recurring plans -------------------------------------------------------------------------------------------------


def series_or_404(ref: str) -> MaintenanceSeries:
    """The series with everything that its words are made of."""
    rows = MaintenanceSeries.objects.select_related("cause", "provider", "industry", "company", "planned_by", "follows")
    return get_object_or_404(rows, ref=ref)


@staff_view()
@require_GET
def series_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """A recurring plan: its rule, its coming times, and what was before it or follows it."""
    series = series_or_404(ref)
    now = timezone.now()
    context = {
        "series": series,
        "times": times_of(series.recurrence),
        "coming": list(running_times(series).select_related("cause")[:LISTED_TIMES]),
        "past": series.occurrences.filter(closed_at__isnull=False).count(),
        "scope_words": scope_words(series),
        "effects": effect_words(Effects.of(series)),
        "followed_by": series.followed_by.first(),
        "may_plan": may_plan_series(request.user, series) and series.ended_at is None,
        "now": now,
    }
    return render(request, "maintenance/series.html", context)


def start_from(request: SignedInRequest, series: MaintenanceSeries) -> Maintenance | None:
    """The time from which on something changes: the one that is named, else the next; None where there is none."""
    coming = running_times(series).filter(opened_at__isnull=True)
    named = request.GET.get("from") or request.POST.get("from") or ""
    return coming.filter(ref=named).first() or coming.first()


@staff_view(read=PLANNERS, write=PLANNERS)
@require_http_methods(["GET", "POST"])
def series_end(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give up the later times of a recurring plan, from one of them on."""
    series = series_or_404(ref)
    if not may_plan_series(request.user, series):
        raise PermissionDenied
    if series.ended_at is not None:
        return redirect("maintenance:series", ref)
    first = start_from(request, series)
    form = EndSeriesForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        now = timezone.now()
        start = first.occurrence if first is not None and first.occurrence is not None else now
        end_series(
            series=series,
            start=start,
            planner=request.user,
            actor=request.actor,
            now=now,
            reason=form.cleaned_data["reason"],
        )
        messages.success(request, _("The later times are cancelled and the companies are told."))
        return redirect("maintenance:series", ref)
    context = {"series": series, "first": first, "form": form, "choices": choices_of(series)}
    return render(request, "maintenance/series_end.html", context, status=422 if form.is_bound else 200)


def choices_of(series: MaintenanceSeries) -> list[Maintenance]:
    """The times from which on something can change."""
    return list(running_times(series).filter(opened_at__isnull=True)[:LISTED_TIMES])


@staff_view(read=PLANNERS, write=PLANNERS)
@require_http_methods(["GET", "POST"])
def series_change(request: SignedInRequest, ref: str) -> HttpResponse:
    """From one of its times on a recurring plan is another: filled in, shown with whom it affects, then saved."""
    series = series_or_404(ref)
    if not may_plan_series(request.user, series):
        raise PermissionDenied
    if series.ended_at is not None:
        return redirect("maintenance:series", ref)
    first = start_from(request, series)
    now = timezone.now()
    form = ChangeSeriesForm(
        request.POST if request.method == "POST" else None,
        series=series,
        initial={
            **repeats_initial(series),
            **start_initial(series, first),
            **{name: getattr(series, name) for name in ("title_zh", "title_en", "message_zh", "message_en")},
        },
    )
    context: dict[str, Any] = {"form": form, "series": series, "first": first, "choices": choices_of(series)}
    if request.method == "POST" and form.is_valid():
        draft, recurrence = form.draft(), form.recurrence()
        problems = Problems()
        if text := recurrence.problem():
            problems["rule" if recurrence.length > dt.timedelta(0) else "planned_end"] = text
        elif "confirm" in request.POST:
            try:
                after = change_series(
                    series=series,
                    start=first.occurrence if first is not None and first.occurrence is not None else now,
                    draft=draft,
                    recurrence=recurrence,
                    planner=request.user,
                    actor=request.actor,
                    now=now,
                    reason=form.cleaned_data["reason"],
                )
            except PlanRefused as refused:
                problems = refused.problems
            except PlanMovedOn:
                return redirect("maintenance:series", ref)
            else:
                after.refresh_from_db()
                messages.success(request, _("The recurring plan is changed and the companies are told."))
                return redirect("maintenance:series", after.ref)
        if not problems:
            context["check"] = preview_of(draft=draft, now=now, recurrence=recurrence)
        context["other"] = other_page(problems)
        place_problems(form, problems)
    return render(request, "maintenance/series_change.html", context, status=422 if form.errors else 200)


def start_initial(series: MaintenanceSeries, first: Maintenance | None) -> dict[str, Any]:
    """The window of the first time that changes, as clocks of the series' zone show it."""
    if first is None or first.occurrence is None:
        return {}
    start = local_in(first.occurrence, series.time_zone)
    assert start is not None
    return {"planned_start": start, "planned_end": start + series.length}
