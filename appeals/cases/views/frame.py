"""What the pages of one appeal have in common: finding it, its steps, its place in the site."""

from __future__ import annotations

from typing import Any

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Permission, SignedInRequest, company_role_may, enter_company_of
from appeals.cases.evidence import Item, missing
from appeals.cases.matters import takes_numbers
from appeals.cases.models import Appeal, AppealKind, AppealState
from appeals.cases.submission import Blocker, urgency_of
from certification.applications.views.frame import Task
from certification.reviews.models import Review
from certification.reviews.subjects import SUBJECTS, decision_words


def own_appeal(request: SignedInRequest, ref: str) -> Appeal:
    """The appeal of that reference; for strangers there is none."""
    rows = Appeal.objects.for_user(request.user).select_related("company__industry", "appealed_review")
    appeal = get_object_or_404(rows, ref=ref)
    enter_company_of(request, appeal.company_id)
    return appeal


def may_edit(request: SignedInRequest) -> bool:
    """Whether the person may change appeals of the company."""
    return company_role_may(request.membership.role, Permission.EDIT_COMPANY)


def crumbs(appeal: Appeal | None = None, last: str = "") -> list[dict[str, str]]:
    """The way to a page of an appeal."""
    items = [{"label": _("Appeals"), "url": reverse("appeals:list")}]
    if appeal is not None:
        name = "appeals:edit" if appeal.state == AppealState.DRAFT else "appeals:detail"
        items.append({"label": appeal.ref, "url": reverse(name, args=[appeal.ref])})
    if last:
        items.append({"label": last, "url": ""})
    return items


def conflict(
    request: SignedInRequest, explanation: str, *, url: str, kept: dict[str, str] | None = None
) -> HttpResponse:
    """409: somebody else was first; `kept` shows what was typed."""
    return render(request, "409.html", {"explanation": explanation, "url": url, "kept": kept or {}}, status=409)


def closed(request: SignedInRequest, appeal: Appeal, kept: dict[str, str] | None = None) -> HttpResponse:
    """What a form gets whose appeal cannot be changed any more."""
    url = reverse("appeals:detail", args=[appeal.ref])
    return conflict(
        request, _("This appeal has been sent and cannot be changed. Write a message instead."), url=url, kept=kept
    )


def step_label(step: str) -> str:
    """What a step is called."""
    return {
        "numbers": _("Numbers"),
        "platforms": _("Platforms"),
        "statement": _("What is wrong"),
        "evidence": _("Evidence"),
        "check": _("Check and send"),
    }[step]


def steps_for(appeal: Appeal) -> list[str]:
    """The steps of the appeal in their order."""
    steps = ["statement", "evidence", "check"]
    if appeal.kind == AppealKind.MARK:
        steps.insert(0, "platforms")
    if takes_numbers(appeal):
        steps.insert(0, "numbers")
    return steps


def step_url(appeal: Appeal, step: str) -> str:
    """The address of a step."""
    return reverse(f"appeals:{step}", args=[appeal.ref])


def after_step(request: SignedInRequest, appeal: Appeal, step: str) -> str:
    """Where saving a step leads: back to where a "change" link came from, else on to the next one."""
    if request.GET.get("back") == "check":
        return step_url(appeal, "check")
    steps = steps_for(appeal)
    return step_url(appeal, steps[steps.index(step) + 1])


def tasks_of(appeal: Appeal, found: list[Blocker], checklist: list[Item]) -> list[Task]:
    """The steps with what is left in each."""
    stopped = {blocker.step for blocker in found}
    tasks = []
    for step in steps_for(appeal)[:-1]:
        is_open = step in stopped
        state = "todo" if is_open else "done"
        if step == "evidence" and (lacking := len(missing(checklist))):
            state = "current"
            hint = ngettext(
                "%(count)s item is missing; you may send without",
                "%(count)s items are missing; you may send without",
                lacking,
            )
            tasks.append(Task(step_label(step), step_url(appeal, step), state, "", hint % {"count": lacking}))
            continue
        tasks.append(Task(step_label(step), step_url(appeal, step), state, "", hint_of(step, appeal)))
    words = _("Ready to send") if not stopped else _("Some steps are left")
    tasks.append(Task(step_label("check"), step_url(appeal, "check"), "todo" if stopped else "current", "", words))
    return tasks


def hint_of(step: str, appeal: Appeal) -> str:
    """What a step holds so far, in a few words."""
    if step == "numbers":
        count = appeal.items.count()
        return ngettext("%(count)s number", "%(count)s numbers", count) % {"count": count} if count else ""
    if step == "platforms":
        return platforms_text(appeal)
    if step == "statement":
        return appeal.statement[:60] + "…" if len(appeal.statement) > 60 else appeal.statement
    return ""


def platforms_text(appeal: Appeal) -> str:
    """The platforms in one line."""
    rows = appeal.platforms.select_related("platform").order_by("platform_id")
    return _(", ").join(str(row.platform) for row in rows)


def decision_text(review: Review) -> str:
    """A decision in one line: what it was about, how it went, and when."""
    subject = SUBJECTS.get(review.subject)
    title = subject.title(review) if subject is not None else review.get_kind_display()
    made = decision_words(review.subject, review.decision).made
    return _("%(title)s: %(decision)s") % {"title": title, "decision": made}


def matter_text(appeal: Appeal) -> str:
    """What the appeal is against, in a few words."""
    if appeal.appealed_review is not None:
        return decision_text(appeal.appealed_review)
    if appeal.kind == AppealKind.DECISION:
        return _("Revoked certification")
    return str(appeal.get_kind_display())


def matter_url(appeal: Appeal) -> str:
    """Where the company reads about what the appeal is against; "" for no page."""
    review = appeal.appealed_review
    hook = getattr(SUBJECTS.get(review.subject), "company_url", None) if review is not None else None
    return str(hook(review)) if hook is not None else ""


def answer_rows(appeal: Appeal, *, change: bool) -> list[tuple[Any, ...]]:
    """The answers for a description list, each with its "change" link while it is a draft."""
    rows: list[tuple[Any, ...]] = [(_("Against"), matter_text(appeal))]
    for step in steps_for(appeal):
        if step in ("evidence", "check"):
            continue
        value = appeal.statement if step == "statement" else hint_of(step, appeal)
        rows.append((step_label(step), value, f"{step_url(appeal, step)}?back=check" if change else ""))
    if change:
        rows.append((_("Urgent"), str(urgency_of(appeal).label), f"{step_url(appeal, 'statement')}?back=check"))
        if appeal.urgency_reason:
            rows.append((_("Why it is urgent"), appeal.urgency_reason))
    else:
        rows.append((_("Urgent"), appeal.get_urgency_display()))
        if appeal.urgency_reason:
            rows.append((_("Why it is urgent"), appeal.urgency_reason))
    return rows


def read_revision(request: SignedInRequest) -> int:
    """The revision that the form was opened with; -1 when it says none."""
    text = request.POST.get("revision", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
