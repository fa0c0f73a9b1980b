"""Staff pages about the rules: who must supply what from when, and the catalogue behind it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django import forms
from django.contrib import messages
from django.db.models import Count, Q
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.companies import CompanyKind
from accounts.working_days import CHINA, LAST_PUBLISHED_YEAR, CalendarDay
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.catalogue import correct_day, forget_day, save_row
from certification.materials.models import MaterialKind, Requirement, RequirementMoment
from certification.materials.rule_forms import (
    CauseForm,
    DayForm,
    KindForm,
    ReasonForm,
    RequirementForm,
    WithdrawForm,
)
from certification.materials.rules import AnnouncedAlready, announce, reach_of, withdraw_requirement
from certification.reviews.models import ReviewKind
from certification.reviews.reasons import reasons_in_use

rules_view = staff_view(write=Permission.EDIT_RULES)
writing_view = staff_view(read=Permission.EDIT_RULES, write=Permission.EDIT_RULES)
reasons_view = staff_view(read=Permission.EDIT_REASONS, write=Permission.EDIT_REASONS)


@dataclass(frozen=True)
class Tab:
    """One part of the rules."""

    url: str
    label: str
    current: bool
    count: int | None = None


def frame(request: SignedInRequest, current: str, **more: Any) -> dict[str, Any]:
    """What every page of the rules shows: the tabs, and whether the person may change anything."""
    names = {
        "rules": _("Requirements"),
        "kinds": _("Kinds of document"),
        "causes": _("Causes"),
        "reasons": _("Reasons"),
        "days": _("Working days"),
    }
    return {
        "tabs": [Tab(reverse(f"materials:{name}"), label, name == current) for name, label in names.items()],
        "may_write": staff_may(request.user, Permission.EDIT_RULES),
        "now": timezone.now(),
        **more,
    }


def back_to(view: str, label: str, here: str) -> list[dict[str, str]]:
    """The way to a form of the rules."""
    return [
        {"label": _("Rules and materials"), "url": reverse("materials:rules")},
        *([{"label": label, "url": reverse(f"materials:{view}")}] if view != "rules" else []),
        {"label": here, "url": ""},
    ]


# --- Requirements ----------------------------------------------------------------------------------------------------


def state_of(requirement: Requirement, today: dt.date) -> tuple[str, str]:
    """Label and tone of a requirement on `today`."""
    if requirement.withdrawn_at is not None:
        return _("Withdrawn"), "outline"
    if requirement.effective_from > today:
        return _("Announced"), "amber"
    return _("In force"), "green"


def company_kinds_text(requirement: Requirement) -> str:
    """The kinds of company that a requirement is for, in words."""
    if not requirement.company_kinds:
        return _("Every kind of company")
    return _(", ").join(str(CompanyKind(kind).label) for kind in requirement.company_kinds)


@rules_view
def rules(request: SignedInRequest) -> HttpResponse:
    """Every requirement: what is announced first, then what is in force, then what was withdrawn."""
    now = timezone.now()
    today = now.astimezone(CHINA).date()
    requirements = Requirement.objects.select_related("kind", "industry", "cause")
    current = requirements.filter(withdrawn_at__isnull=True).order_by("-effective_from", "kind__ordering", "pk")
    withdrawn = requirements.filter(withdrawn_at__isnull=False).order_by("-withdrawn_at")[:20]
    rows = [(row, *state_of(row, today), company_kinds_text(row)) for row in [*current, *withdrawn]]
    announced = sum(1 for row in current if row.effective_from > today)
    context = frame(request, "rules", rows=rows, announced=announced, in_force=len(current) - announced)
    return render(request, "materials/rules.html", context)


@writing_view
def requirement_announce(request: SignedInRequest) -> HttpResponse:
    """Announce a requirement: fill in, see whom it concerns and what they read, confirm."""
    now = timezone.now()
    form = RequirementForm(request.POST if request.method == "POST" else None, now=now)
    context: dict[str, Any] = {
        "form": form,
        "now": now,
        "breadcrumb": back_to("rules", "", _("Announce a requirement")),
    }
    if request.method == "POST" and form.is_valid():
        if "confirm" in request.POST:
            requirement = announced(request, form, now=now)
            if requirement is not None:
                messages.success(request, _("Announced. The companies that lack the document are being told."))
                return redirect("materials:requirement", requirement.ref)
        elif "change" not in request.POST:
            values = [(name, value) for name, values in form.data.lists() for value in values if name in form.fields]  # type: ignore[attr-defined]
            preview = {
                **context,
                "reach": form.reach(),
                "check": form.touched(),
                "values": values,
                "data": form.cleaned_data,
            }
            return render(request, "materials/requirement_preview.html", preview)
    failed = form.is_bound and not form.is_valid()
    context["reach"] = form.reach() if form.is_bound else None
    return render(request, "materials/requirement_form.html", context, status=422 if failed else 200)


def announced(request: SignedInRequest, form: RequirementForm, *, now: dt.datetime) -> Requirement | None:
    """The requirement that the valid form announces; None where the same is asked already, with the error in the form."""
    data = form.cleaned_data
    try:
        return announce(
            kind=data["kind"],
            industry=data["industry"],
            company_kinds=data["company_kinds"],
            moment=RequirementMoment(data["moment"]),
            cause=data["cause"],
            effective_from=data["effective_from"],
            holds_applications=data["holds_applications"],
            notice_zh=data["notice_zh"],
            notice_en=data["notice_en"],
            notice_url=data["notice_url"],
            actor=request.actor,
            now=now,
        )
    except AnnouncedAlready:
        form.add_error("kind", _("This document is asked of these companies already. Withdraw that requirement first."))
    return None


@writing_view
def requirement_reach(request: SignedInRequest) -> HttpResponse:
    """The live count beside the form: whom the requirement would concern as it stands."""
    now = timezone.now()
    form = RequirementForm(request.GET, now=now)
    form.is_valid()
    return render(request, "materials/_reach.html", {"reach": form.reach()})


@rules_view
def requirement_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One requirement: whom it concerns, who lacks it, what they read."""
    now = timezone.now()
    requirement = get_object_or_404(
        Requirement.objects.select_related("kind", "industry", "cause", "created_by"), ref=ref
    )
    label, tone = state_of(requirement, now.astimezone(CHINA).date())
    context = {
        "now": now,
        "requirement": requirement,
        "label": label,
        "tone": tone,
        "company_kinds": company_kinds_text(requirement),
        "breadcrumb": back_to("rules", "", str(requirement.kind)),
        "may_write": staff_may(request.user, Permission.EDIT_RULES),
        "reach": reach_of(
            kind=requirement.kind,
            industry=requirement.industry,
            company_kinds=requirement.company_kinds,
            effective_from=requirement.effective_from,
            now=now,
        ),
    }
    return render(request, "materials/requirement.html", context)


@writing_view
def requirement_withdraw(request: SignedInRequest, ref: str) -> HttpResponse:
    """End a requirement, with the reason."""
    now = timezone.now()
    requirement = get_object_or_404(Requirement.objects.select_related("kind", "industry"), ref=ref)
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if requirement.withdrawn_at is not None:
        return redirect("materials:requirement", requirement.ref)
    if form.is_valid():
        withdraw_requirement(requirement=requirement, actor=request.actor, now=now, reason=form.cleaned_data["reason"])
        messages.success(request, _("Withdrawn. What it had suspended comes back within a minute."))
        return redirect("materials:requirement", requirement.ref)
    context = {
        "form": form,
        "requirement": requirement,
        "breadcrumb": back_to("rules", "", str(requirement.kind)),
        "reach": reach_of(
            kind=requirement.kind,
            industry=requirement.industry,
            company_kinds=requirement.company_kinds,
            effective_from=requirement.effective_from,
            now=now,
        ),
    }
    return render(request, "materials/requirement_withdraw.html", context, status=422 if form.is_bound else 200)


# --- The catalogue ---------------------------------------------------------------------------------------------------


@rules_view
def kinds(request: SignedInRequest) -> HttpResponse:
    """Every kind of document, with how many requirements ask for it."""
    current = Count("requirements", filter=Q(requirements__withdrawn_at__isnull=True))
    rows = MaterialKind.objects.annotate(asked=current).order_by("ordering", "pk")
    return render(request, "materials/kinds.html", frame(request, "kinds", rows=rows))


@rules_view
def causes(request: SignedInRequest) -> HttpResponse:
    """Every cause of maintenance, with its usual length and effects, and what runs or is planned for it."""
    used = uses_of_causes()
    rows = [(row, used.get(row.pk)) for row in MaintenanceCause.objects.all()]
    return render(request, "materials/causes.html", frame(request, "causes", rows=rows))


def uses_of_causes(**chosen: Any) -> dict[int, dict[str, int]]:
    """How many maintenances are running and planned by cause; they keep what they were planned with. One query."""
    current = Maintenance.objects.filter(closed_at__isnull=True, cancelled_at__isnull=True, **chosen)
    counts = current.values("cause").annotate(
        running=Count("pk", filter=Q(opened_at__isnull=False)), planned=Count("pk", filter=Q(opened_at__isnull=True))
    )
    return {row["cause"]: {"running": row["running"], "planned": row["planned"]} for row in counts.order_by("cause")}


@rules_view
def reasons(request: SignedInRequest) -> HttpResponse:
    """Every reason that a reviewer can give."""
    may_write = staff_may(request.user, Permission.EDIT_REASONS)
    kind = request.GET.get("kind", "")
    rows = reasons_in_use(kind if kind in ReviewKind.values else "")
    context = frame(request, "reasons", rows=rows, kinds=ReviewKind.choices, kind=kind) | {"may_write": may_write}
    return render(request, "materials/reasons.html", context)


class Part(NamedTuple):
    """One part of the catalogue whose rows have a form: what it is made of and what it is called."""

    form: type[forms.ModelForm[Any]]
    subject: str
    list_view: str
    label: Callable[[], str]
    new: Callable[[], str]


PARTS = {
    "kinds": Part(
        KindForm, "material_kind", "kinds", lambda: _("Kinds of document"), lambda: _("New kind of document")
    ),
    "causes": Part(CauseForm, "cause", "causes", lambda: _("Causes"), lambda: ""),
    "reasons": Part(ReasonForm, "reason", "reasons", lambda: _("Reasons"), lambda: _("New reason")),
}


def given_of(cause: MaintenanceCause) -> list[tuple[str, str]]:
    """What of a cause is given: who may plan it and what opens it follow from it."""
    given = [
        (_("Code"), cause.code),
        (_("Family"), str(cause.get_family_display())),
        (_("Opened by"), str(cause.get_opened_by_display())),
    ]
    if cause.locks:
        given.append((_("Ends"), _("Only by a reviewer's decision; it shows as locked until then")))
    return given


@writing_view
def catalogue_edit(request: SignedInRequest, part: str, code: str = "") -> HttpResponse:
    """Change one row of the catalogue, or add one where its part grows by hand."""
    return edit_row(request, part, code)


@reasons_view
def reason_edit(request: SignedInRequest, code: str = "") -> HttpResponse:
    """Change a reason, or add one; lead reviewers keep them too."""
    return edit_row(request, "reasons", code)


def edit_row(request: SignedInRequest, part: str, code: str) -> HttpResponse:
    """The form of one row of the catalogue."""
    what = PARTS[part]
    model = what.form._meta.model
    row = get_object_or_404(model._default_manager, code=code) if code else None
    if row is None and part == "causes":
        raise Http404  # the engine's causes are given; their figures and words are not
    form = what.form(request.POST if request.method == "POST" else None, instance=row)
    if form.is_valid():
        save_row(
            row=form.save(commit=False),
            subject=what.subject,
            fields=list(form.fields),
            actor=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("Saved."))
        return redirect(f"materials:{what.list_view}")
    heading = str(model._default_manager.get(pk=row.pk)) if row else what.new()
    context = {
        "form": form,
        "heading": heading,
        "part": part,
        "used": uses_of_causes(cause=row.pk).get(row.pk) if row is not None and part == "causes" else None,
        "given": given_of(row) if isinstance(row, MaintenanceCause) else [],
        "list_url": reverse(f"materials:{what.list_view}"),
        "breadcrumb": back_to(what.list_view, what.label(), heading),
    }
    return render(request, "materials/catalogue_form.html", context, status=422 if form.is_bound else 200)


@rules_view
def days(request: SignedInRequest) -> HttpResponse:
    """Single days that differ from the published calendar; add one, or take one back."""
    now = timezone.now()
    form = DayForm(request.POST if "day" in request.POST else None)
    if "forget" in request.POST:
        forgotten = next((row for row in CalendarDay.objects.all() if str(row.pk) == request.POST["forget"]), None)
        if forgotten is not None and forget_day(day=forgotten, actor=request.actor, now=now):
            messages.success(request, _("The correction was taken back."))
        return redirect("materials:days")
    if form.is_valid():
        correct_day(
            day=form.cleaned_data["day"],
            is_working=form.cleaned_data["is_working"],
            note=form.cleaned_data["note"],
            actor=request.actor,
            now=now,
        )
        messages.success(request, _("Saved. Due times that are promised from now on count by it."))
        return redirect("materials:days")
    context = frame(request, "days", rows=CalendarDay.objects.all(), form=form, published=LAST_PUBLISHED_YEAR)
    return render(request, "materials/days.html", context, status=422 if form.is_bound else 200)
