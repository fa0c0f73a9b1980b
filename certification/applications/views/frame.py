"""What the pages of one application have in common: finding it, its steps, its place in the site."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Permission, SignedInRequest, company_role_may, enter_company_of
from certification.applications.corrections import editable_parts
from certification.applications.findings import part_label
from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.applications.precheck import Finding
from certification.applications.snapshot import say_applicant


def own_application(request: SignedInRequest, ref: str) -> Application:
    """The application of that reference; for strangers there is none."""
    rows = Application.objects.for_user(request.user).select_related("company__industry", "waits_for__kind")
    application = get_object_or_404(rows, ref=ref)
    enter_company_of(request, application.company_id)
    return application


def may_edit(request: SignedInRequest) -> bool:
    """Whether the person may change applications of the company."""
    return company_role_may(request.membership.role, Permission.EDIT_COMPANY)


def crumbs(application: Application | None = None, last: str = "") -> list[dict[str, str]]:
    """The way to a page of an application."""
    items = [{"label": _("Applications"), "url": reverse("applications:list")}]
    if application is not None:
        editing = application.state in (ApplicationState.DRAFT, ApplicationState.RETURNED)
        name = "applications:edit" if editing else "applications:detail"
        items.append({"label": application.ref, "url": reverse(name, args=[application.ref])})
    if last:
        items.append({"label": last, "url": ""})
    return items


def conflict(
    request: SignedInRequest, explanation: str, *, url: str, kept: dict[str, str] | None = None
) -> HttpResponse:
    """409: somebody else was first; `kept` shows what was typed."""
    return render(request, "409.html", {"explanation": explanation, "url": url, "kept": kept or {}}, status=409)


def closed(request: SignedInRequest, application: Application, kept: dict[str, str] | None = None) -> HttpResponse:
    """What a form gets whose part of the application cannot be changed any more."""
    return conflict(
        request,
        _("This part of the application cannot be changed: it has been submitted or accepted."),
        url=reverse("applications:detail", args=[application.ref]),
        kept=kept,
    )


def steps_for(application: Application) -> list[str]:
    """The steps of the application in their order."""
    steps = ["numbers", "applicant", "purpose", "script", "materials", "check"]
    if application.kind == ApplicationKind.CHANGE:
        steps.insert(1, "labels")
    return steps


def step_url(application: Application, step: str) -> str:
    """The address of a step."""
    if step in ("numbers", "labels"):
        return reverse(f"applications:{step}", args=[application.ref])
    return reverse("applications:step", args=[application.ref, step])


def after_step(request: SignedInRequest, application: Application, step: str) -> str:
    """Where saving a step leads: back to where a "change" link came from, else on to the next open one."""
    if request.GET.get("back") == "check":
        return step_url(application, "check")
    if application.state == ApplicationState.RETURNED:
        return reverse("applications:edit", args=[application.ref])
    steps = steps_for(application)
    return step_url(application, steps[steps.index(step) + 1])


@dataclass(frozen=True)
class Task:
    """One line of the task list."""

    label: str
    url: str
    state: str
    state_label: str = ""
    hint: str = ""


def tasks_of(application: Application, found: Sequence[Finding], count: int) -> list[Task]:
    """The steps with what is left in each. Parts that were accepted are locked."""
    open_parts = editable_parts(application)
    returned = application.state == ApplicationState.RETURNED
    blocked: dict[str, int] = {}
    for finding in found:
        if finding.blocks:
            part = "materials" if finding.part == "material" else finding.part
            blocked[part] = blocked.get(part, 0) + 1
    tasks = []
    for step in steps_for(application)[:-1]:
        url = step_url(application, step)
        hint = hint_of(step, application, count, blocked.get(step, 0))
        if open_parts is not None and step not in open_parts and step != "materials":
            tasks.append(Task(part_label(step), "", "done", _("Accepted"), hint))
        elif step == "labels" and not count:
            tasks.append(
                Task(part_label(step), "", "blocked", "", _("Choose the numbers whose name is to change first."))
            )
        elif blocked.get(step):
            tasks.append(Task(part_label(step), url, "returned" if returned else "todo", "", hint))
        else:
            tasks.append(Task(part_label(step), url, "done", "", hint))
    stopped = sum(1 for finding in found if finding.blocks)
    words = (
        ngettext("%(count)s thing left", "%(count)s things left", stopped) % {"count": stopped}
        if stopped
        else _("Ready to submit")
    )
    tasks.append(Task(part_label("check"), step_url(application, "check"), "todo" if stopped else "current", words))
    return tasks


def hint_of(step: str, application: Application, count: int, blocked: int) -> str:
    """What a step holds so far, in a few words."""
    if step == "numbers":
        return ngettext("%(count)s number", "%(count)s numbers", count) % {"count": count} if count else ""
    if step == "applicant" and application.applicant_is_agent is not None:
        return say_applicant(application.applicant_is_agent)
    if step == "materials" and blocked:
        return ngettext("%(count)s document is missing", "%(count)s documents are missing", blocked) % {
            "count": blocked
        }
    text = {"purpose": application.purpose, "script": application.sample_script}.get(step, "")
    return text[:60] + "…" if len(text) > 60 else text


def say_labels(application: Application) -> str:
    """The new names that are asked for, the first few."""
    asked = application.items.exclude(requested_label="").order_by("requested_label")
    labels = list(asked.values_list("requested_label", flat=True).distinct()[:4])
    return _(", ").join(labels[:3]) + (" …" if len(labels) > 3 else "")


def answer_rows(application: Application, count: int, *, change: bool) -> list[tuple[Any, ...]]:
    """The answers for a description list, each with its "change" link where it is open."""
    open_parts = editable_parts(application)
    values = {
        "numbers": ngettext("%(count)s number", "%(count)s numbers", count) % {"count": count},
        "applicant": say_applicant(application.applicant_is_agent),
        "purpose": application.purpose,
        "script": application.sample_script,
    }
    if application.kind == ApplicationKind.CHANGE:
        values["labels"] = say_labels(application)
    rows: list[tuple[Any, ...]] = [(_("Kind"), application.get_kind_display())]
    for part, value in values.items():
        may = change and (open_parts is None or part in open_parts)
        rows.append((part_label(part), value, f"{step_url(application, part)}?back=check" if may else ""))
    return rows
