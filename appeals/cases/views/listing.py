"""The company's appeals: the list, one appeal with its thread, its result page, taking it back, its files."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.contrib import messages
from django.core.files.storage import default_storage
from django.db.models import Case, Count, IntegerField, Value, When
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, company_view, signed_in, staff_may
from accounts.journal import JournalEntry
from accounts.keyset import keyset_page
from appeals.cases.call_logs import ACCEPT
from appeals.cases.case import file_title, files_of, missing_words, platform_rows, thread_of
from appeals.cases.conversation import NothingSaid, ThreadClosed, mark_read, say_as_company
from appeals.cases.facts import COMPANY_TURN, PLATFORM_TURN, facts_of, steps_of, with_facts
from appeals.cases.forms import MessageForm, WithdrawForm
from appeals.cases.lifecycle import TRANSITIONS, TransitionRefused
from appeals.cases.matters import takes_numbers
from appeals.cases.models import OPEN_STATES, Appeal, AppealFile, AppealKind, AppealState
from appeals.cases.submission import withdraw as take_back
from appeals.cases.timeline import timeline_of
from appeals.cases.views.drafts import edits_company
from appeals.cases.views.frame import answer_rows, conflict, crumbs, matter_text, matter_url, may_edit, own_appeal
from certification.materials.documents import JPEG, PNG, TURNS, XLSX
from certification.materials.file_views import guarded, missing
from certification.materials.store import FilesMissing, page_picture
from certification.reviews.clock_story import clock_of
from certification.reviews.due_times import shown
from certification.reviews.models import Review, ReviewState
from certification.reviews.verdicts import say_review
from certification.reviews.waiting import options_for
from certification.upload_limits import dropped

#: What needs the company first, then what the platform works on, then what is over; each newest first.
ORDER = ("rank", "-created_at", "-id")
ORDER_KINDS = (int, dt.datetime, int)
RANK = Case(
    When(state=AppealState.MORE_INFORMATION, then=Value(0)),
    When(state=AppealState.DRAFT, then=Value(1)),
    When(state__in=PLATFORM_TURN, then=Value(2)),
    default=Value(3),
    output_field=IntegerField(),
)
SHEET = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"


@require_safe
@company_view()
def appeal_list(request: SignedInRequest) -> HttpResponse:
    """Every appeal of the company, what needs the company first."""
    now = timezone.now()
    rows = Appeal.objects.filter(company=request.company)
    counts: dict[str, int] = dict(rows.order_by().values_list("state").annotate(total=Count("pk")))
    tab = request.GET.get("state", "")
    groups = {
        "needs": COMPANY_TURN,
        "open": PLATFORM_TURN,
        "over": [state for state in AppealState if not TRANSITIONS[state]],
    }
    if tab in groups:
        rows = rows.filter(state__in=groups[tab])
    page = keyset_page(with_facts(rows).annotate(rank=RANK), request, order=ORDER, kinds=ORDER_KINDS)
    total = sum(counts.values())
    sizes = {name: sum(counts.get(state, 0) for state in states) for name, states in groups.items()}
    listed = sizes.get(tab, total)
    page.total_label = ngettext("%(count)s appeal", "%(count)s appeals", listed) % {"count": listed}
    here = reverse("appeals:list")
    labels = {"needs": _("Needs you"), "open": _("Being looked into"), "over": _("Over")}
    context = {
        "page": page,
        "rows": [(appeal, facts_of(appeal)) for appeal in page.rows],
        "tabs": [
            {"url": here, "label": _("All"), "count": total, "current": tab not in groups},
            *(
                {"url": f"{here}?state={name}", "label": labels[name], "count": sizes[name], "current": tab == name}
                for name in groups
            ),
        ],
        "total": total,
        "sentence": list_sentence(sizes),
        "may_edit": may_edit(request),
        "now": now,
        "breadcrumb": [],
    }
    return render(request, "appeals/list.html", context)


def list_sentence(sizes: dict[str, int]) -> str:
    """What the company came to know."""
    if sizes["needs"]:
        words = ngettext("%(count)s appeal needs you.", "%(count)s appeals need you.", sizes["needs"])
        return words % {"count": sizes["needs"]}
    if sizes["open"]:
        return ngettext(
            "Nothing needs you; reviewers are looking into %(count)s appeal.",
            "Nothing needs you; reviewers are looking into %(count)s appeals.",
            sizes["open"],
        ) % {"count": sizes["open"]}
    return _("Nothing needs you.") if sizes["over"] else ""


def latest_review(appeal: Appeal) -> Review | None:
    """The appeal's review, open or decided."""
    rows = Review.objects.filter(subject="appeal", subject_id=appeal.pk)
    return rows.select_related("company").order_by("-opened_at", "-pk").first()


def message_form(request: SignedInRequest, appeal: Appeal, *, posted: bool = False) -> MessageForm:
    """The form of a message to the reviewer."""
    form = MessageForm(
        *((request.POST, request.FILES) if posted else ()),
        company=appeal.company,
        user=request.user,
        now=timezone.now(),
        dropped=dropped(request, "documents") if posted else [],
        initial={"submission": uuid.uuid4()},
    )
    if posted:
        form.receive_files()
    return form


@require_safe
@company_view()
def detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One appeal: who holds it, whose move it is, thread, evidence, platforms, decision."""
    appeal = own_appeal(request, ref)
    if appeal.state == AppealState.DRAFT and may_edit(request):
        return redirect("appeals:edit", ref=ref)
    return show(request, appeal, message_form(request, appeal))


def show(request: SignedInRequest, appeal: Appeal, form: MessageForm, status: int = 200) -> HttpResponse:
    """The page of an appeal around a form for a message."""
    now = timezone.now()
    read = with_facts(Appeal.objects.select_related("company__industry", "appealed_review")).get(pk=appeal.pk)
    edit = may_edit(request)
    facts = facts_of(read)
    review = latest_review(read)
    items = read.items.select_related("number__group", "number__provider")
    page = keyset_page(items, request, order=("number_id",), kinds=(int,))
    count = read.number_count  # type: ignore[attr-defined]
    page.total_label = ngettext("%(count)s number", "%(count)s numbers", count) % {"count": count}
    reached = (
        JournalEntry.objects.filter(subject="appeal", subject_id=read.pk, aspect="state")
        .order_by("at", "id")
        .values_list("after", "at")
    )
    is_open = read.state in OPEN_STATES
    thread = thread_of(read)
    context = {
        "appeal": read,
        "facts": facts,
        "options": options_for(review, company=read.company, now=now),
        "against": matter_text(read),
        "against_url": matter_url(read),
        "steps": steps_of(read, list(reached)) if read.state != AppealState.DRAFT else [],
        "answers": answer_rows(read, change=False),
        "platforms": platform_rows(read) if read.kind == AppealKind.MARK else [],
        "files": [(file, file_title(file)) for file in files_of(read) if file.message_id is None],
        "lacking": missing_words(read),
        "thread": thread,
        # A draft of its own for each message: what was sent does not come back into the form.
        "draft_key": f"appeal-message-{read.ref}-{len(thread)}",
        "takes_numbers": takes_numbers(read),
        "page": page,
        "review": review,
        "is_held": review is not None and review.state == ReviewState.OPEN and review.claimed_by_id is not None,
        "clock": clock_of(review, read.company.zone) if review else None,
        "said": say_review(review) if review and review.state == ReviewState.DECIDED else None,
        "form": form,
        "accept": ACCEPT,
        "is_open": is_open,
        "asks": read.state == AppealState.MORE_INFORMATION,
        "may_edit": edit,
        "can_withdraw": edit and AppealState.WITHDRAWN in TRANSITIONS[AppealState(read.state)],
        "timeline": timeline_of(read),
        "now": now,
        "breadcrumb": crumbs(last=read.ref),
    }
    return render(request, "appeals/detail.html", context, status=status)


@edits_company
def message(request: SignedInRequest, ref: str) -> HttpResponse:
    """Write to the reviewer, or answer what was asked; what is wrong with it leaves it in place."""
    appeal = own_appeal(request, ref)
    if request.method != "POST":
        return redirect("appeals:detail", ref=ref)
    form = message_form(request, appeal, posted=True)
    if not form.is_valid():
        return show(request, appeal, form, status=422)
    answered = appeal.state == AppealState.MORE_INFORMATION
    try:
        say_as_company(
            appeal=appeal,
            text=form.cleaned_data["text"],
            files=form.staged,
            submission=form.cleaned_data["submission"],
            by=request.user,
            actor=request.actor,
            now=timezone.now(),
        )
    except NothingSaid:
        form.add_error("text", _("Write a message or choose a file."))
        return show(request, appeal, form, status=422)
    except FilesMissing:
        form.add_error("documents", _("The file is not there any more. Choose it again."))
        return show(request, appeal, form, status=422)
    except ThreadClosed:
        detail_page = reverse("appeals:detail", args=[ref])
        kept = {_("Message"): form.cleaned_data["text"]}
        return conflict(request, _("The appeal is over, so nobody would read the message."), url=detail_page, kept=kept)
    mark_read(appeal=appeal, by_staff=False, now=timezone.now())
    messages.success(
        request, _("Your answer was sent; the review goes on.") if answered else _("Your message was sent.")
    )
    return redirect(f"{reverse('appeals:detail', args=[ref])}#thread")


@require_POST
@edits_company
def read(request: SignedInRequest, ref: str) -> HttpResponse:
    """Note that the reviewer's messages were read."""
    appeal = own_appeal(request, ref)
    mark_read(appeal=appeal, by_staff=False, now=timezone.now())
    return redirect(f"{reverse('appeals:detail', args=[ref])}#thread")


@require_safe
@company_view()
def result(request: SignedInRequest, ref: str) -> HttpResponse:
    """What sending ends on: the reference, the due time, what happens next. Reloading sends nothing."""
    appeal = own_appeal(request, ref)
    if appeal.state == AppealState.DRAFT:
        return redirect("appeals:edit", ref=ref)
    review = Review.objects.filter(subject="appeal", subject_id=appeal.pk, state=ReviewState.OPEN).first()
    clock = clock_of(review, appeal.company.zone) if review is not None else None
    steps = [_("A reviewer reads your statement and looks at the evidence.")]
    if appeal.kind == AppealKind.MARK:
        steps.append(_("Each platform is asked by itself; you see every answer at once."))
    steps += [
        _("If something is unclear, the reviewer asks you here; the time stands still until you answer."),
        _("You get a message as soon as it is decided."),
    ]
    context: dict[str, Any] = {
        "appeal": appeal,
        "review": review,
        "due_from": shown(review.due_from, appeal.company.zone) if review else None,
        "due_at": shown(review.due_at, appeal.company.zone) if review else None,
        "is_paused": bool(clock and clock.pauses),
        "clock": clock,
        "steps": steps,
        "breadcrumb": crumbs(appeal, _("Result")),
    }
    return render(request, "appeals/result.html", context)


@edits_company
def withdraw(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take the appeal back, after a confirmation that says what it means."""
    appeal = own_appeal(request, ref)
    detail_page = reverse("appeals:detail", args=[ref])
    form = WithdrawForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        reason = form.cleaned_data["reason"].strip()
        was_draft = appeal.state == AppealState.DRAFT
        try:
            take_back(appeal=appeal, actor=request.actor, now=timezone.now(), reason=reason)
        except TransitionRefused:
            return conflict(request, _("It has been decided already and cannot be withdrawn."), url=detail_page)
        words = _("The draft was discarded.") if was_draft else _("Appeal %(ref)s has been withdrawn.") % {"ref": ref}
        messages.success(request, words)
        return redirect("appeals:list" if was_draft else detail_page)
    if AppealState.WITHDRAWN not in TRANSITIONS[AppealState(appeal.state)]:
        return redirect(detail_page)
    context = {
        "appeal": appeal,
        "form": form,
        "is_draft": appeal.state == AppealState.DRAFT,
        "breadcrumb": crumbs(appeal, _("Withdraw")),
    }
    return render(request, "appeals/withdraw.html", context, status=422 if form.is_bound else 200)


def readable_file(request: SignedInRequest, ref: str) -> AppealFile:
    """The file, for members of its company and for staff who judge documents. Raises Http404 for everybody else."""
    file = get_object_or_404(AppealFile.objects.select_related("appeal"), ref=ref)
    is_member = request.user.memberships.filter(company=file.appeal.company_id).exists()
    if not is_member and not staff_may(request.user, Permission.READ_DOCUMENTS):
        raise Http404
    return file


@require_safe
@signed_in
def appeal_file(request: SignedInRequest, ref: str) -> HttpResponseBase:
    """The file itself: a picture is shown, everything else is downloaded."""
    file = readable_file(request, ref)
    try:
        content = default_storage.open(file.storage_name)
    except OSError:
        return missing(request)
    response = FileResponse(
        content,
        as_attachment=file.content_type not in (JPEG, PNG),
        filename=file.original_name,
        content_type=SHEET if file.content_type == XLSX else file.content_type,
    )
    return guarded(response)


@require_safe
@signed_in
def appeal_page(request: SignedInRequest, ref: str, number: int) -> HttpResponseBase:
    """One page of a file as a picture, for the viewer; `?turn=90` turned to the right, `?size=large` for small print."""
    file = readable_file(request, ref)
    if not 1 <= number <= file.pages:
        raise Http404
    turn = next((known for known in TURNS if str(known) == request.GET.get("turn")), 0)
    try:
        picture = page_picture(file, number, turn=turn, large=request.GET.get("size") == "large")
    except OSError:
        return missing(request)
    if picture is None:
        raise Http404
    is_drawn = file.content_type not in (JPEG, PNG)
    return guarded(HttpResponse(picture, content_type="image/png" if is_drawn else file.content_type))
