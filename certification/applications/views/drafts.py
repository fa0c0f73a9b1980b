"""Making an application: what for, then one question a step, then the check, then it is submitted."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Permission, SignedInRequest, company_view
from certification.applications.corrections import correct_by, corrections_of, editable_parts
from certification.applications.drafts import (
    ANSWERS,
    OPEN_TO_CHANGE,
    DraftChanged,
    NotEditable,
    create_draft,
    save_answer,
)
from certification.applications.eligible import eligible, lifecycle_allows
from certification.applications.findings import part_label, safe_reverse, words_of
from certification.applications.forms import ANSWER_FORMS, NewForm
from certification.applications.lifecycle import NumberTaken, TransitionRefused
from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.applications.needs import needs_of
from certification.applications.precheck import blockers, precheck, promise
from certification.applications.snapshot import say_applicant
from certification.applications.submission import Blocked, submit
from certification.applications.views.frame import (
    after_step,
    answer_rows,
    closed,
    conflict,
    crumbs,
    own_application,
    step_url,
    tasks_of,
)
from certification.applications.views.materials import material_rows
from certification.numbers.models import PhoneNumber
from certification.reviews.due_times import shown
from certification.reviews.subjects import item_label

edits_company = company_view(read=Permission.EDIT_COMPANY)


def usual_kind(numbers: list[PhoneNumber], asked: str) -> str:
    """The kind that the address asks for, else the one that fits the numbers."""
    if asked in ApplicationKind.values:
        return asked
    now = timezone.now()
    for kind in (ApplicationKind.NEW, ApplicationKind.RENEWAL, ApplicationKind.CHANGE):
        pks = [number.pk for number in numbers]
        if pks and PhoneNumber.objects.filter(lifecycle_allows(kind, now), pk__in=pks).count() == len(pks):
            return kind
    return ApplicationKind.NEW


@edits_company
def new(request: SignedInRequest) -> HttpResponse:
    """What is applied for; the numbers that the address names come along."""
    now = timezone.now()
    company = request.company
    refs = request.GET.getlist("number")[:100]
    if request.method == "POST":
        form = NewForm(request.POST)
        if form.is_valid():
            refs = form.cleaned_data["numbers"].split(",")[:100]
            chosen = PhoneNumber.objects.of_company(company).filter(ref__in=refs)
            application = create_draft(
                company=company,
                kind=ApplicationKind(form.cleaned_data["kind"]),
                numbers=chosen,
                creation_key=form.cleaned_data["creation_key"],
                by=request.user,
                actor=request.actor,
                now=now,
            )
            left_out = chosen.count() - application.items.count()
            if left_out > 0:
                messages.warning(request, _("Numbers that this kind of application cannot hold were left out."))
            return redirect("applications:edit", ref=application.ref)
        refs = request.POST.get("numbers", "").split(",")[:100]
    else:
        form = None
    numbers = list(PhoneNumber.objects.of_company(company).filter(ref__in=refs).order_by("pk"))
    counts = {kind: eligible(company=company, kind=kind, now=now)[:1000].count() for kind in ApplicationKind}
    if form is None:
        form = NewForm(
            initial={
                "kind": usual_kind(numbers, request.GET.get("kind", "")),
                "creation_key": uuid.uuid4(),
                "numbers": ",".join(number.ref for number in numbers),
            }
        )
    context = {
        "form": form,
        "numbers": numbers,
        "counts": [(kind.label, count) for kind, count in counts.items()],
        "has_numbers": PhoneNumber.objects.of_company(company).exists(),
        "add_number_url": safe_reverse("numbers:add"),
        "breadcrumb": crumbs(last=_("New application")),
    }
    return render(request, "applications/new.html", context, status=422 if form.is_bound else 200)


@edits_company
def edit(request: SignedInRequest, ref: str) -> HttpResponse:
    """The task list of a draft, or what a returned application needs."""
    now = timezone.now()
    application = own_application(request, ref)
    if application.state not in OPEN_TO_CHANGE:
        return redirect("applications:detail", ref=ref)
    found = precheck(application=application, now=now)
    count = application.items.count()
    stopping = blockers(found)
    context = {
        "application": application,
        "tasks": tasks_of(application, found, count),
        "left": len({finding.part for finding in stopping}),
        "is_returned": application.state == ApplicationState.RETURNED,
        "corrections": correction_rows(application),
        "correct_by": correct_by(application),
        "company_findings": [words_of(application, row) for row in found if row.part == "company"],
        "now": now,
        "breadcrumb": crumbs(last=application.ref),
    }
    return render(request, "applications/edit.html", context)


def correction_rows(application: Application) -> list[dict[str, Any]]:
    """Each returned item: the reason, how to fix it, old and new, and where it is corrected."""
    if application.state != ApplicationState.RETURNED:
        return []
    return [
        {
            "row": row,
            "name": item_label("application", row.item),
            "url": correction_url(application, row),
            "old": say_answer(row.part, row.old),
            "new": say_answer(row.part, row.new),
        }
        for row in corrections_of(application)
    ]


def say_answer(part: str, value: str) -> str:
    """An answer of a correction in words."""
    if part != "applicant" or not value:
        return value
    return say_applicant(value == "yes")


def correction_url(application: Application, row: Any) -> str:
    """Where an item is corrected."""
    if row.part == "material":
        page = safe_reverse("materials:add")
        query = urlencode(
            {"kind": row.material.kind.code, "next": reverse("applications:edit", args=[application.ref])}
        )
        return f"{page}?{query}" if page else step_url(application, "materials")
    return step_url(application, row.part) if row.part else ""


@edits_company
def step(request: SignedInRequest, ref: str, step: str) -> HttpResponse:
    """One question, the materials, or the check at the end."""
    application = own_application(request, ref)
    if step == "materials":
        return materials(request, application)
    if step == "check":
        return check(request, application)
    if step not in ANSWERS:
        raise Http404
    return answer(request, application, step)


def answer(request: SignedInRequest, application: Application, part: str) -> HttpResponse:
    """One question of the draft: saved on the server; another tab's save is never overwritten unseen."""
    parts = editable_parts(application)
    is_open = parts is None or part in parts
    form_class = ANSWER_FORMS[part]
    stored = getattr(application, ANSWERS[part])
    revision = application.revision
    context: dict[str, Any] = {}
    status = 200
    if request.method == "POST":
        form = form_class(request.POST)
        typed = {part_label(part): str(request.POST.get("answer", ""))}
        if not is_open:
            return closed(request, application, typed)
        revision = read_revision(request)
        status = 422
        if form.is_valid():
            try:
                save_answer(application=application, part=part, value=form.cleaned_data["answer"], revision=revision)
            except DraftChanged as changed:
                status, revision = 409, changed.current.revision
                context["stored"] = say_answer(part, stored_text(getattr(changed.current, ANSWERS[part])))
            except NotEditable:
                return closed(request, application, typed)
            else:
                return redirect(after_step(request, application, part))
    elif not is_open:
        return redirect("applications:edit", ref=application.ref)
    else:
        form = form_class(initial={"answer": stored_text(stored)})
    context |= {
        "application": application,
        "form": form,
        "part": part,
        "heading": part_label(part),
        "revision": revision,
        "back_url": after_step(request, application, part) if request.GET.get("back") else "",
        "breadcrumb": crumbs(application, part_label(part)),
    }
    return render(request, "applications/answer.html", context, status=status)


def stored_text(value: Any) -> str:
    """A stored answer as the form's initial value."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value or ""


def read_revision(request: SignedInRequest) -> int:
    """The revision that the form was opened with; -1 when it says none."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1


def materials(request: SignedInRequest, application: Application) -> HttpResponse:
    """What documents the application needs, what there is of each, and the way to add what is missing."""
    now = timezone.now()
    if application.state not in OPEN_TO_CHANGE:
        return redirect("applications:detail", ref=application.ref)
    if request.method == "POST":
        return redirect(after_step(request, application, "materials"))
    needs = needs_of(application=application, now=now)
    context = {
        "application": application,
        "rows": material_rows(application, needs),
        "missing": sum(1 for need in needs if not need.is_met),
        "breadcrumb": crumbs(application, part_label("materials")),
    }
    return render(request, "applications/materials.html", context)


def check(request: SignedInRequest, application: Application) -> HttpResponse:
    """Everything once more, with what a reviewer would return it for; from here it is submitted."""
    now = timezone.now()
    if application.state not in OPEN_TO_CHANGE:
        return redirect("applications:result", ref=application.ref)
    status = 200
    if request.method == "POST":
        here = step_url(application, "check")
        try:
            submit(application=application, by=request.user, actor=request.actor, now=now)
        except Blocked:
            status = 422
        except NumberTaken:
            return conflict(request, _("Some of the numbers are in another application by now."), url=here)
        except TransitionRefused:
            detail = reverse("applications:detail", args=[application.ref])
            return conflict(request, _("This application is over and cannot be submitted."), url=detail)
        else:
            return redirect("applications:result", ref=application.ref)
    found = precheck(application=application, now=now)
    count = application.items.count()
    words = [words_of(application, finding) for finding in found]
    earliest, latest = promise(application, now)
    context = {
        "application": application,
        "blockers": [row for row in words if row.blocks],
        "warnings": [row for row in words if not row.blocks],
        "page_has_errors": status == 422,
        "answers": answer_rows(application, count, change=True),
        "rows": material_rows(application, needs_of(application=application, now=now)),
        "due_from": shown(earliest, application.company.zone),
        "due_at": shown(latest, application.company.zone),
        "breadcrumb": crumbs(application, part_label("check")),
    }
    return render(request, "applications/check.html", context, status=status)
