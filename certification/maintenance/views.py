"""Maintenance as companies and staff see it, and the plans that staff make."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django import forms
from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db.models import Exists, F, OuterRef, Q
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import (
    Permission,
    SignedInRequest,
    company_role_may,
    current_membership,
    signed_in,
    staff_view,
)
from accounts.look_back import look_back
from certification.maintenance.covered import concerning
from certification.maintenance.forms import CancelForm, EndForm, MoveEndForm, UpdateForm
from certification.maintenance.models import Maintenance, MaintenanceQuerySet
from certification.maintenance.past import plans_at, recall_maintenance, recall_page
from certification.maintenance.plan_drafts import PlanRefused
from certification.maintenance.plan_pages import PLANNERS, WORDS, add_problems, with_words
from certification.maintenance.plans import (
    NotTheirs,
    PlanMovedOn,
    cancel_plan,
    causes_for,
    end_plan,
    may_plan,
    move_end,
    post_update,
)
from certification.maintenance.rule_words import rule_words
from certification.maintenance.story import Story, scope_words, state_of, state_words, tell
from certification.reviews.waiting import options_for

#: Rows on a page of plans.
PAGE = 50


@signed_in
@require_GET
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One maintenance: for a member of a company that it covers, and for staff; for everybody else it does not exist."""
    maintenance = get_object_or_404(with_words(), ref=ref)
    if request.user.is_staff:
        return staff_page(request, maintenance)
    enter_covered_company(request, maintenance)
    now = timezone.now()
    story = tell(maintenance, now=now, company=request.company)
    context = {
        "story": story,
        **common(maintenance, story),
        "options": options_for(maintenance, company=request.company, now=now),
        "may_edit": company_role_may(request.membership.role, Permission.EDIT_COMPANY),
    }
    return render(request, "maintenance/detail.html", context)


def enter_covered_company(request: SignedInRequest, maintenance: Maintenance) -> None:
    """Make the person's company that the maintenance covers the request's: the current one if it does. Else 404."""
    current = current_membership(request.user)
    memberships = list(request.user.memberships.select_related("company__industry").order_by("pk"))
    memberships.sort(key=lambda membership: membership != current)
    for membership in memberships:
        if concerning(membership.company).filter(pk=maintenance.pk).exists():
            request.membership, request.company = membership, membership.company
            return
    raise Http404


def common(maintenance: Maintenance, story: Story) -> dict[str, Any]:
    """What the page shows to both sides."""
    return {"maintenance": maintenance, "scope_words": scope_words(maintenance), "now": timezone.now()}


def staff_page(
    request: HttpRequest, maintenance: Maintenance, *, failed: dict[str, forms.Form] | None = None
) -> HttpResponse:
    """The same for staff, with the controls that their role has; 422 with the input kept when one of them failed.

    As of a past moment it has none.
    """
    now = timezone.now()
    moment = look_back(request, now=now)
    if moment.at is not None:
        if maintenance.created_at > moment.at:
            raise Http404
        recall_page(maintenance, at=moment.at)
    story = tell(maintenance, now=moment.at or now, company=None, at=moment.at)
    failed = failed or {}
    context: dict[str, Any] = {
        "story": story,
        **common(maintenance, story),
        "now": moment.at or now,
        "look_back": moment,
        "plans_url": moment.url(reverse("maintenance:plans")),
        "error_forms": [*moment.error_forms, *failed.values()],
    }
    if moment.at is None and not moment.failed and may_plan(request.user, maintenance):  # type: ignore[arg-type]
        achieved = {"achieved_zh": maintenance.achieved_zh, "achieved_en": maintenance.achieved_en}
        offered: dict[str, forms.Form] = {"update": UpdateForm(prefix="update")}
        context["may_change"] = story.state in ("planned", "running", "overrunning")
        if context["may_change"]:
            offered["move"] = MoveEndForm(prefix="move", initial={"planned_end": maintenance.planned_end})
        if story.state == "planned":
            offered["cancel"] = CancelForm(prefix="cancel")
        if story.state in ("running", "overrunning", "ended"):
            offered["end"] = EndForm(prefix="end", initial=achieved)
        context["controls"] = {**offered, **{name: form for name, form in failed.items() if name in offered}}
    return render(request, "maintenance/staff_detail.html", context, status=422 if failed else moment.status)


@dataclass
class Tab:
    """One tab of the list."""

    url: str
    label: str
    count: int
    current: bool


@dataclass
class Page:
    """One page of the list, as `{% pagination %}` shows it."""

    total_label: str
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""


#: Of a recurring plan the list of what is planned holds the next time only.
EARLIER = Maintenance.objects.planned().filter(series=OuterRef("series"), planned_start__lt=OuterRef("planned_start"))
#: The tabs by `state_then` of `past.plans_at` and, for the present, by the words of the table: what each holds, in which order.
TABS: dict[str, tuple[tuple[str, ...], Q, tuple[Any, ...]]] = {
    "planned": (
        ("planned",),
        Q(opened_at__isnull=True, cancelled_at__isnull=True) & (Q(series__isnull=True) | Q(~Exists(EARLIER))),
        ("planned_start", "pk"),
    ),
    "running": (
        ("running",),
        Q(opened_at__isnull=False, closed_at__isnull=True, overrunning_since__isnull=True),
        ("planned_end", "pk"),
    ),
    "overrunning": (
        ("overrunning",),
        Q(opened_at__isnull=False, closed_at__isnull=True, overrunning_since__isnull=False),
        ("planned_end", "pk"),
    ),
    "ended": (
        ("ended", "cancelled"),
        Q(closed_at__isnull=False) | Q(cancelled_at__isnull=False),
        (F("closed_at").desc(nulls_last=True), "-pk"),
    ),
}


def plans_in(tab: str, at: dt.datetime | None) -> MaintenanceQuerySet:
    """The plans of the tab, at present or at a past moment, in its order."""
    states, condition, order = TABS[tab]
    if at is None:
        return Maintenance.objects.filter(condition, planned_start__isnull=False).order_by(*order)
    return plans_at(at, states=states).order_by(*order)


@staff_view()
@require_GET
def plans(request: SignedInRequest) -> HttpResponse:
    """The plans by state, as they are or as they were."""
    now = timezone.now()
    moment = look_back(request, now=now)
    chosen = request.GET.get("state", "")
    counts = {name: plans_in(name, moment.at).count() for name in TABS}
    if chosen not in TABS:
        chosen = next((name for name in ("overrunning", "running", "planned") if counts[name]), "planned")
    try:
        number = max(int(request.GET.get("page", "1")), 1)
    except ValueError:
        number = 1
    pages = max(-(-counts[chosen] // PAGE), 1)
    number = min(number, pages)
    found = list(plans_in(chosen, moment.at).select_related(*WORDS)[(number - 1) * PAGE : number * PAGE])
    if moment.at is not None:
        recall_maintenance(found, at=moment.at)
    address = reverse("maintenance:plans")

    def page_url(page: int) -> str:
        if not 1 <= page <= pages or page == number:
            return ""
        return moment.url(address, {"state": chosen, "page": str(page)})

    total = counts[chosen]
    return render(
        request,
        "maintenance/plans.html",
        {
            "tabs": [
                Tab(
                    moment.url(address, {"state": name}),
                    state_words(name, stops=False)[0],
                    counts[name],
                    name == chosen,
                )
                for name in TABS
            ],
            "rows": [
                {**plan_row(row), "url": moment.url(reverse("maintenance:detail", args=[row.ref]))} for row in found
            ],
            "counts": counts,
            "chosen": chosen,
            "page": Page(
                ngettext("%(count)d plan", "%(count)d plans", total) % {"count": total},
                page_url(1),
                page_url(number - 1),
                page_url(number + 1),
                page_url(pages),
            ),
            "may_plan": moment.at is None and causes_for(request.user).exists(),
            "look_back": moment,
            "error_forms": moment.error_forms,
            "now": moment.at or now,
        },
        status=moment.status,
    )


def plan_row(row: Maintenance) -> dict[str, Any]:
    """One plan as the list shows it."""
    state = state_of(row)
    label, tone = state_words(state, stops=row.suspends_display)
    return {
        "plan": row,
        "scope": scope_words(row),
        "label": label,
        "tone": tone,
        "end": row.closed_at or row.cancelled_at or row.planned_end,
        "repeats": rule_words(row.series.recurrence) if row.series is not None else "",
    }


def control(
    request: SignedInRequest,
    ref: str,
    name: str,
    form: forms.Form,
    act: Callable[[Maintenance, dict[str, Any], dt.datetime], object],
    done: str,
) -> HttpResponse:
    """Apply one control of the staff page and go back to it; with the input kept where it failed."""
    maintenance = get_object_or_404(with_words(), ref=ref)
    if not may_plan(request.user, maintenance):
        raise PermissionDenied
    if form.is_valid():
        try:
            act(maintenance, form.cleaned_data, timezone.now())
        except PlanRefused as refused:
            add_problems(form, refused.problems)
        except PlanMovedOn:
            maintenance.refresh_from_db()
            form.add_error(
                None, _("Meanwhile this maintenance has started, ended or been cancelled. See its state below.")
            )
        except NotTheirs as refusal:
            raise PermissionDenied from refusal
    if form.errors:
        return staff_page(request, maintenance, failed={name: form})
    messages.success(request, done)
    return redirect("maintenance:detail", ref)


@staff_view(write=PLANNERS)
@require_POST
def plan_move(request: SignedInRequest, ref: str) -> HttpResponse:
    """Another end."""

    def act(plan: Maintenance, data: dict[str, Any], now: dt.datetime) -> None:
        end = data["planned_end"].astimezone(dt.UTC)
        move_end(plan=plan, planned_end=end, planner=request.user, actor=request.actor, now=now, reason=data["reason"])

    form = MoveEndForm(request.POST, prefix="move")
    return control(request, ref, "move", form, act, _("The end is changed and the companies are told."))


@staff_view(write=PLANNERS)
@require_POST
def plan_cancel(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give the plan up."""

    def act(plan: Maintenance, data: dict[str, Any], now: dt.datetime) -> None:
        cancel_plan(plan=plan, planner=request.user, actor=request.actor, now=now, reason=data["reason"])

    form = CancelForm(request.POST, prefix="cancel")
    return control(request, ref, "cancel", form, act, _("The plan is cancelled and the companies are told."))


@staff_view(write=PLANNERS)
@require_POST
def plan_end(request: SignedInRequest, ref: str) -> HttpResponse:
    """End it now, or complete what it achieved."""

    def act(plan: Maintenance, data: dict[str, Any], now: dt.datetime) -> None:
        end_plan(plan=plan, planner=request.user, actor=request.actor, now=now, **data)

    form = EndForm(request.POST, prefix="end")
    return control(request, ref, "end", form, act, _("The maintenance is over and what it achieved is recorded."))


@staff_view(write=PLANNERS)
@require_POST
def plan_update(request: SignedInRequest, ref: str) -> HttpResponse:
    """Post an update."""

    def act(plan: Maintenance, data: dict[str, Any], now: dt.datetime) -> None:
        post_update(plan=plan, planner=request.user, actor=request.actor, now=now, **data)

    form = UpdateForm(request.POST, prefix="update")
    return control(request, ref, "update", form, act, _("The update is on the maintenance's page."))
