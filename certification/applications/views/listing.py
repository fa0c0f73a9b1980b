"""The company's applications: the list, one application, its result page, taking it back."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.db.models import Case, Count, IntegerField, Value, When
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import Permission, SignedInRequest, company_view
from accounts.journal import JournalEntry
from accounts.keyset import keyset_page
from certification.applications.facts import COMPANY_TURN, PLATFORM_TURN, facts_of, steps_of, with_facts
from certification.applications.forms import WithdrawForm
from certification.applications.lifecycle import TRANSITIONS, TransitionRefused, sources
from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.applications.needs import needs_of
from certification.applications.snapshot import snapshot_materials
from certification.applications.submission import withdraw as take_back
from certification.applications.timeline import timeline_of
from certification.applications.views.frame import answer_rows, conflict, crumbs, may_edit, own_application
from certification.applications.views.materials import add_url, detail_url
from certification.reviews.clock_story import clock_of
from certification.reviews.due_times import shown
from certification.reviews.models import Review, ReviewState
from certification.reviews.overturning import is_appealable
from certification.reviews.verdicts import say_review
from certification.reviews.waiting import options_for

#: What needs the company first, then what the platform works on, then what is over; each newest first.
ORDER = ("rank", "-created_at", "-id")
ORDER_KINDS = (int, dt.datetime, int)
RANK = Case(
    When(state__in=[ApplicationState.RETURNED, ApplicationState.PENDING_MAINTENANCE], then=Value(0)),
    When(state=ApplicationState.DRAFT, then=Value(1)),
    When(state__in=PLATFORM_TURN, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)


@require_safe
@company_view()
def application_list(request: SignedInRequest) -> HttpResponse:
    """Every application of the company, by state, what needs the company first."""
    now = timezone.now()
    rows = Application.objects.filter(company=request.company)
    counts: dict[str, int] = dict(rows.order_by().values_list("state").annotate(total=Count("pk")))
    state = request.GET.get("state", "")
    if state in ApplicationState.values:
        rows = rows.filter(state=state)
    elif state == "needs":
        rows = rows.filter(state__in=COMPANY_TURN)
    page = keyset_page(with_facts(rows).annotate(rank=RANK), request, order=ORDER, kinds=ORDER_KINDS)
    total = sum(counts.values())
    needs = sum(counts.get(name, 0) for name in COMPANY_TURN)
    shown = needs if state == "needs" else counts.get(state, 0) if state in ApplicationState.values else total
    page.total_label = ngettext("%(count)s application", "%(count)s applications", shown) % {"count": shown}
    context = {
        "page": page,
        "rows": [(application, facts_of(application)) for application in page.rows],
        "tabs": tabs_of(counts, needs, total, state),
        "total": total,
        "state": state,
        "sentence": list_sentence(counts, needs),
        "may_edit": may_edit(request),
        "now": now,
        "breadcrumb": [],
    }
    return render(request, "applications/list.html", context)


def tabs_of(counts: dict[str, int], needs: int, total: int, current: str) -> list[dict[str, Any]]:
    """The states that occur, with their counts."""
    here = reverse("applications:list")
    known = current == "needs" or current in ApplicationState.values
    tabs = [
        {"url": here, "label": _("All"), "count": total, "current": not known},
        {"url": f"{here}?state=needs", "label": _("Needs you"), "count": needs, "current": current == "needs"},
    ]
    for state in ApplicationState:
        if counts.get(state) or current == state:
            label, count = state.label, counts.get(state, 0)
            tabs.append({"url": f"{here}?state={state}", "label": label, "count": count, "current": current == state})
    return tabs


def list_sentence(counts: dict[str, int], needs: int) -> str:
    """What the company came to know."""
    if needs:
        return ngettext("%(count)s application needs you.", "%(count)s applications need you.", needs) % {
            "count": needs
        }
    working = sum(counts.get(name, 0) for name in PLATFORM_TURN)
    if working:
        return ngettext(
            "Nothing needs you; the platform is working on %(count)s application.",
            "Nothing needs you; the platform is working on %(count)s applications.",
            working,
        ) % {"count": working}
    return _("Nothing needs you.") if counts else ""


@require_safe
@company_view()
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One application: where it stands, what it holds, what happened to it."""
    now = timezone.now()
    own_application(request, ref)
    rows = with_facts(Application.objects.for_user(request.user).select_related("company__industry"))
    application = get_object_or_404(rows, ref=ref)
    facts = facts_of(application)
    edit = may_edit(request)
    if application.state == ApplicationState.PENDING_MAINTENANCE:
        facts.action_url = supply_url(application, now)
    reached = list(
        JournalEntry.objects.filter(subject="application", subject_id=application.pk, aspect="state")
        .order_by("at", "id")
        .values_list("after", "at")
    )
    items = application.items.select_related("number__provider", "number__group")
    page = keyset_page(items, request, order=("number_id",), kinds=(int,))
    count = application.number_count  # type: ignore[attr-defined]
    page.total_label = ngettext("%(count)s number", "%(count)s numbers", count) % {"count": count}
    last = Review.objects.filter(subject="application", subject_id=application.pk).exclude(state=ReviewState.CANCELLED)
    review = last.order_by("-opened_at", "-pk").first()
    context = {
        "application": application,
        "facts": facts,
        "steps": steps_of(application, reached) if application.state != ApplicationState.DRAFT else [],
        "answers": answer_rows(application, count, change=False),
        "materials": [(row, detail_url(row)) for row in snapshot_materials(application)],
        "page": page,
        "is_change": application.kind == ApplicationKind.CHANGE,
        "review": review,
        "clock": clock_of(review, application.company.zone) if review else None,
        "options": options_for(review, company=application.company, now=now),
        "said": say_review(review) if review and review.state == ReviewState.DECIDED else None,
        "can_withdraw": edit and ApplicationState.WITHDRAWN in TRANSITIONS[ApplicationState(application.state)],
        "may_edit": edit,
        "appealable": review is not None and is_appealable(review),
        "timeline": timeline_of(application),
        "now": now,
        "breadcrumb": crumbs(last=ref),
    }
    return render(request, "applications/detail.html", context)


def supply_url(application: Application, now: Any) -> str | None:
    """Where the document is added that an application waits for."""
    for need in needs_of(application=application, now=now):
        if application.waits_for is not None and need.kind.pk == application.waits_for.kind_id:
            return add_url(application, need) or None
    return None


@require_safe
@company_view()
def result(request: SignedInRequest, ref: str) -> HttpResponse:
    """What a submission ends on: the reference, the due time, what happens next. Reloading sends nothing."""
    application = own_application(request, ref)
    if application.state == ApplicationState.DRAFT:
        return redirect("applications:edit", ref=ref)
    review = Review.objects.filter(subject="application", subject_id=application.pk, state=ReviewState.OPEN).first()
    count = application.items.count()
    waits = application.state == ApplicationState.PENDING_MAINTENANCE
    steps = [
        _("A reviewer compares your documents with your data."),
        _("You get a message as soon as it is decided, or when something needs correction."),
        _("Once it is approved, the certification is displayed on calls."),
    ]
    if waits and application.waits_for is not None:
        steps.insert(
            0, _("Supply %(material)s: the application waits for it.") % {"material": application.waits_for.kind}
        )
    context = {
        "application": application,
        "review": review,
        "due_from": shown(review.due_from, application.company.zone) if review else None,
        "due_at": shown(review.due_at, application.company.zone) if review else None,
        "waits": waits,
        "count": count,
        "steps": steps,
        "breadcrumb": crumbs(application, _("Result")),
    }
    return render(request, "applications/result.html", context)


@company_view(read=Permission.EDIT_COMPANY)
def withdraw(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take the application back, after a confirmation that says what it means."""
    application = own_application(request, ref)
    detail_page = reverse("applications:detail", args=[ref])
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            take_back(
                application=application,
                actor=request.actor,
                now=timezone.now(),
                reason=form.cleaned_data["reason"].strip(),
            )
        except TransitionRefused:
            return conflict(request, _("It has been decided already and cannot be withdrawn."), url=detail_page)
        messages.success(request, _("Application %(ref)s has been withdrawn.") % {"ref": ref})
        return redirect(detail_page)
    if application.state not in sources(TRANSITIONS, ApplicationState.WITHDRAWN):
        return redirect(detail_page)
    context = {
        "application": application,
        "form": form,
        "count": application.items.count(),
        "is_draft": application.state == ApplicationState.DRAFT,
        "breadcrumb": crumbs(application, _("Withdraw")),
    }
    return render(request, "applications/withdraw.html", context, status=422 if form.is_bound else 200)
