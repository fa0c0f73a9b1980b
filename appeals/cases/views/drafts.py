"""Making an appeal: what is wrong, which numbers, why, with what evidence; then the check, then it is sent."""

from __future__ import annotations

import uuid
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _

from accounts.access import Permission, SignedInRequest, company_view
from appeals.cases.call_logs import ACCEPT
from appeals.cases.drafts import DraftChanged, NotEditable, choose_platforms, create_draft, save_statement
from appeals.cases.evidence import Item, TooManyFiles, attach, checklist_of, detach, missing
from appeals.cases.forms import REVOCATION, DecisionChoiceForm, EvidenceForm, NewForm, PlatformsForm, StatementForm
from appeals.cases.lifecycle import AppealOpen, TransitionRefused
from appeals.cases.matters import appealable_reviews, eligible, marked_platforms
from appeals.cases.models import Appeal, AppealKind, AppealState
from appeals.cases.submission import (
    Blocked,
    NotConfirmed,
    blockers_of,
    held_up,
    is_complex,
    promise,
    submit,
    urgency_of,
)
from appeals.cases.views.frame import (
    after_step,
    answer_rows,
    closed,
    conflict,
    crumbs,
    decision_text,
    matter_text,
    own_appeal,
    read_revision,
    step_label,
    step_url,
    tasks_of,
)
from appeals.platforms import Platform
from certification.materials.store import FilesMissing
from certification.numbers.models import PhoneNumber
from certification.reviews.due_times import shown
from certification.upload_limits import dropped

edits_company = company_view(read=Permission.EDIT_COMPANY)


@edits_company
def new(request: SignedInRequest) -> HttpResponse:
    """What is wrong; the numbers and the decision that the address names come along."""
    company = request.company
    data = request.POST if request.method == "POST" else None
    if data is not None and "decision" in data:
        return choose_decision(request)
    form = NewForm(data)
    if data is not None and form.is_valid():
        chosen = form.cleaned_data
        if chosen["kind"] == AppealKind.DECISION and not chosen["review"] and not chosen["numbers"]:
            return choose_decision(request)
        return make(
            request,
            kind=AppealKind(chosen["kind"]),
            refs=chosen["numbers"].split(",")[:100],
            platform=chosen["platform"],
            review_ref=chosen["review"],
            key=chosen["creation_key"],
        )
    refs = data.get("numbers", "").split(",")[:100] if data is not None else request.GET.getlist("number")[:100]
    numbers = list(PhoneNumber.objects.of_company(company).filter(ref__in=plain(refs)).order_by("pk"))
    review = next((row for row in reviews_of(request) if row.ref == request.GET.get("review")), None)
    if data is None:
        asked = request.GET.get("kind", "")
        kind = AppealKind.DECISION if review is not None else asked if asked in AppealKind.values else ""
        form = NewForm(
            initial={
                "kind": kind,
                "creation_key": uuid.uuid4(),
                "numbers": ",".join(number.ref for number in numbers),
                "platform": request.GET.get("platform", "")[:40],
                "review": review.ref if review is not None else "",
            }
        )
    context = {
        "form": form,
        "numbers": numbers,
        "against": decision_text(review) if review is not None else "",
        "is_gone": bool(request.GET.get("review")) and review is None,
        "breadcrumb": crumbs(last=_("New appeal")),
    }
    return render(request, "appeals/new.html", context, status=422 if data is not None else 200)


def plain(refs: list[str]) -> list[str]:
    """References as the database can be asked for them."""
    return [ref for ref in refs if "\0" not in ref]


def reviews_of(request: SignedInRequest) -> list[Any]:
    """The decisions that the company can appeal against."""
    return appealable_reviews(company=request.company, now=timezone.now())


def choose_decision(request: SignedInRequest) -> HttpResponse:
    """Which decision is wrong: those of the last 90 days that went against the company, and revoked certifications."""
    reviews = reviews_of(request)
    choices = [
        (review.ref, f"{decision_text(review)} · {date_format(timezone.localtime(review.decided_at), 'Y-m-d')}")
        for review in reviews
    ]
    if eligible(company=request.company, kind=AppealKind.DECISION).exists():
        choices.append((REVOCATION, _("Certifications that were revoked")))
    data = request.POST if "decision" in request.POST or request.POST.get("chosen") else None
    initial = {"kind": AppealKind.DECISION, "creation_key": request.POST.get("creation_key") or uuid.uuid4()}
    form = DecisionChoiceForm(data, choices=choices, initial=initial)
    if data is not None and form.is_valid():
        ref = form.cleaned_data["decision"]
        return make(
            request,
            kind=AppealKind.DECISION,
            refs=[],
            platform="",
            review_ref="" if ref == REVOCATION else ref,
            key=form.cleaned_data["creation_key"],
        )
    context = {"form": form, "has_choices": bool(choices), "breadcrumb": crumbs(last=_("New appeal"))}
    return render(request, "appeals/decision.html", context, status=422 if data is not None else 200)


def make(
    request: SignedInRequest, *, kind: AppealKind, refs: list[str], platform: str, review_ref: str, key: uuid.UUID
) -> HttpResponse:
    """Make the draft and go to its steps."""
    company = request.company
    review = next((row for row in reviews_of(request) if row.ref == review_ref), None)
    if review_ref and review is None and not Appeal.objects.filter(creation_key=key).exists():
        here = f"{reverse('appeals:new')}?{urlencode({'kind': kind})}"
        return conflict(
            request, _("This decision cannot be appealed against any more, or an appeal is open."), url=here
        )
    chosen = PhoneNumber.objects.of_company(company).filter(ref__in=plain(refs))
    try:
        appeal = create_draft(
            company=company,
            kind=kind,
            numbers=chosen,
            appealed_review=review,
            platforms=list(Platform.objects.filter(code=platform, is_active=True)) if "\0" not in platform else [],
            creation_key=key,
            by=request.user,
            actor=request.actor,
            now=timezone.now(),
        )
    except NotEditable:
        return redirect("appeals:new")
    if appeal.state == AppealState.DRAFT and chosen.count() > appeal.items.count() and review is None:
        messages.warning(request, _("Numbers that this kind of appeal cannot hold were left out."))
    return redirect("appeals:edit", ref=appeal.ref)


@edits_company
def edit(request: SignedInRequest, ref: str) -> HttpResponse:
    """The task list of a draft."""
    now = timezone.now()
    appeal = own_appeal(request, ref)
    if appeal.state != AppealState.DRAFT:
        return redirect("appeals:detail", ref=ref)
    found = blockers_of(appeal)
    checklist = checklist_of(appeal, now)
    context = {
        "appeal": appeal,
        "against": matter_text(appeal),
        "tasks": tasks_of(appeal, found, checklist),
        "left": len({blocker.step for blocker in found}),
        "is_complex": is_complex(appeal),
        "held_up": held_up(appeal),
        "breadcrumb": crumbs(last=appeal.ref),
    }
    return render(request, "appeals/edit.html", context)


@edits_company
def platforms(request: SignedInRequest, ref: str) -> HttpResponse:
    """Which platforms show the mark; those that the portal knows of are ticked."""
    appeal = own_appeal(request, ref)
    if appeal.state != AppealState.DRAFT or appeal.kind != AppealKind.MARK:
        return closed(request, appeal) if request.method == "POST" else redirect("appeals:edit", ref=ref)
    chosen = [row.platform.code for row in appeal.platforms.select_related("platform")]
    form = PlatformsForm(request.POST if request.method == "POST" else None, initial={"platforms": chosen})
    if form.is_bound and form.is_valid():
        try:
            choose_platforms(appeal=appeal, platforms=list(form.cleaned_data["platforms"]))
        except NotEditable:
            return closed(request, appeal)
        return redirect(after_step(request, appeal, "platforms"))
    known = Platform.objects.filter(pk__in=marked_platforms(appeal))
    context = {
        "appeal": appeal,
        "form": form,
        "known": [str(platform) for platform in known],
        "breadcrumb": crumbs(appeal, step_label("platforms")),
    }
    return render(request, "appeals/platforms.html", context, status=422 if form.is_bound else 200)


@edits_company
def statement(request: SignedInRequest, ref: str) -> HttpResponse:
    """What is wrong and why, and whether it is urgent; another tab's save is never overwritten unseen."""
    appeal = own_appeal(request, ref)
    data = request.POST if request.method == "POST" else None
    form = StatementForm(
        data,
        initial={
            "statement": appeal.statement,
            "is_urgent": bool(appeal.urgency_reason),
            "urgency_reason": appeal.urgency_reason,
        },
    )
    if appeal.state != AppealState.DRAFT:
        typed = {_("What is wrong, and why?"): request.POST.get("statement", "")}
        return closed(request, appeal, typed) if data is not None else redirect("appeals:detail", ref=ref)
    status, revision, stored = 200, appeal.revision, None
    if data is not None:
        status, revision = 422, read_revision(request)
        if form.is_valid():
            try:
                save_statement(
                    appeal=appeal,
                    statement=form.cleaned_data["statement"],
                    urgency_reason=form.cleaned_data["urgency_reason"],
                    revision=revision,
                )
            except DraftChanged as changed:
                status, revision, stored = 409, changed.current.revision, changed.current.statement
            except NotEditable:
                return closed(request, appeal, {_("What is wrong, and why?"): data.get("statement", "")})
            else:
                return redirect(after_step(request, appeal, "statement"))
    context = {
        "appeal": appeal,
        "form": form,
        "revision": revision,
        "stored": stored,
        "is_public_service": urgency_of(appeal) == "by_kind",
        "breadcrumb": crumbs(appeal, step_label("statement")),
    }
    return render(request, "appeals/statement.html", context, status=status)


@edits_company
def evidence(request: SignedInRequest, ref: str) -> HttpResponse:
    """The checklist: what is asked for, what is there, and where to add it. Good files are kept whatever else is wrong."""
    now = timezone.now()
    appeal = own_appeal(request, ref)
    if appeal.state != AppealState.DRAFT:
        return closed(request, appeal) if request.method == "POST" else redirect("appeals:detail", ref=ref)
    items = checklist_of(appeal, now)
    status, forms = 200, {item.key: evidence_form(request, appeal, item) for item in items}
    if request.method == "POST":
        if "remove" in request.POST:
            try:
                detach(appeal=appeal, ref=request.POST["remove"].replace("\0", ""))
            except NotEditable:
                return closed(request, appeal)
            return redirect(request.get_full_path())
        key = request.POST.get("item", "")
        item = next((row for row in items if row.key == key), None)
        if item is None:
            return redirect(request.get_full_path())
        form = evidence_form(request, appeal, item, posted=True)
        try:
            if keep_files(form, appeal, item, request):
                return redirect(f"{request.get_full_path()}#item-{item.key}")
        except NotEditable:
            return closed(request, appeal)
        status, items = 422, checklist_of(appeal, now)
        forms = {row.key: evidence_form(request, appeal, row) for row in items} | {item.key: form}
    lacking = missing(items)
    context = {
        "appeal": appeal,
        "rows": [(item, forms[item.key]) for item in items],
        "error_forms": [form for form in forms.values() if form.is_bound],
        "lacking": len(lacking),
        "accept": ACCEPT,
        "next_url": after_step(request, appeal, "evidence"),
        "breadcrumb": crumbs(appeal, step_label("evidence")),
    }
    return render(request, "appeals/evidence.html", context, status=status)


def evidence_form(request: SignedInRequest, appeal: Appeal, item: Item, *, posted: bool = False) -> EvidenceForm:
    """The form of one line of the checklist."""
    form = EvidenceForm(
        *((request.POST, request.FILES) if posted else ()),
        company=appeal.company,
        user=request.user,
        now=timezone.now(),
        dropped=dropped(request, "documents") if posted else [],
        label=item.label,
        auto_id=f"id_{item.key}_%s",
    )
    if posted:
        form.receive_files()
    return form


def keep_files(form: EvidenceForm, appeal: Appeal, item: Item, request: SignedInRequest) -> bool:
    """Keep the good files of one line; True when there was nothing wrong."""
    valid = form.is_valid()
    if valid and not form.staged:
        form.add_error("documents", _("Choose a file."))
        return False
    try:
        if form.staged:
            attach(
                appeal=appeal,
                files=form.staged,
                kind=item.kind,
                platform=item.platform,
                by=request.user,
                now=timezone.now(),
            )
    except TooManyFiles:
        form.add_error("documents", _("One appeal takes at most 40 files. Remove some first."))
        return False
    except FilesMissing:
        form.add_error("documents", _("The file is not there any more. Choose it again."))
        return False
    return valid


@edits_company
def check(request: SignedInRequest, ref: str) -> HttpResponse:
    """Everything once more, with what is missing and how long it takes; from here it is sent."""
    now = timezone.now()
    appeal = own_appeal(request, ref)
    if appeal.state != AppealState.DRAFT:
        return redirect("appeals:result", ref=ref)
    status, unconfirmed = 200, False
    if request.method == "POST":
        here = step_url(appeal, "check")
        try:
            submit(
                appeal=appeal,
                confirmed=request.POST.get("without") == "yes",
                by=request.user,
                actor=request.actor,
                now=now,
            )
        except Blocked:
            status = 422
        except NotConfirmed:
            status, unconfirmed = 422, True
        except AppealOpen as taken:
            explanation = _("There is an open appeal about the same thing already: %(ref)s.") % {"ref": taken.other.ref}
            return conflict(request, explanation, url=reverse("appeals:detail", args=[taken.other.ref]))
        except TransitionRefused:
            return conflict(request, _("This appeal is over and cannot be sent."), url=here)
        else:
            return redirect("appeals:result", ref=ref)
    items = checklist_of(appeal, now)
    earliest, latest = promise(appeal, now)
    zone = appeal.company.zone
    context = {
        "appeal": appeal,
        "blockers": [(row, step_url(appeal, row.step)) for row in blockers_of(appeal)],
        "items": items,
        "lacking": missing(items),
        "unconfirmed": unconfirmed,
        "page_has_errors": status == 422,
        "answers": answer_rows(appeal, change=True),
        "is_complex": is_complex(appeal),
        "held_up": held_up(appeal),
        "due_from": shown(earliest, zone),
        "due_at": shown(latest, zone),
        "breadcrumb": crumbs(appeal, step_label("check")),
    }
    return render(request, "appeals/check.html", context, status=status)
