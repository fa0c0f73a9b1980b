"""What a reviewer does on the case page of an appeal beside deciding it: write, ask, judge the urgency, note platforms."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django import forms
from django.contrib import messages
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_view
from appeals.cases.clearance import MoveRefused, set_platform
from appeals.cases.conversation import NothingSaid, mark_read, say_as_staff, take_back_question
from appeals.cases.forms import PlatformForm, StaffMessageForm, UrgencyForm
from appeals.cases.lifecycle import TransitionRefused
from appeals.cases.models import Appeal, AppealPlatform, PlatformState, Urgency
from appeals.cases.submission import SUBJECT
from appeals.cases.urgency import ReasonMissing, UrgencyRefused, judge_urgency
from certification.reviews.models import Review
from certification.reviews.refusals import REFUSALS, say_refusal
from certification.reviews.views.cases import case_frame, conflict, find_review


def find_case(ref: str) -> tuple[Review, Appeal]:
    """The review of that reference and its appeal; 404 where it is about something else."""
    review = find_review(ref)
    if review.subject != SUBJECT:
        raise Http404
    appeal = Appeal.objects.select_related("company").get(pk=review.subject_id)
    return review, appeal


def act(
    request: SignedInRequest, review: Review, do: Callable[[], Any], kept: dict[str, str] | None = None
) -> HttpResponse | None:
    """Do it, or say what stands against it with everything kept; None when it was done."""
    try:
        do()
    except REFUSALS as refused:
        return conflict(request, say_refusal(refused, find_review(review.ref)), review, kept)
    except TransitionRefused as refused:
        words = _("The appeal is “%(state)s” at present, so this cannot be done.")
        return conflict(request, words % {"state": refused.appeal.get_state_display()}, review, kept)
    except (MoveRefused, UrgencyRefused):
        return conflict(request, _("Somebody has changed it in the meantime; look at how it stands now."), review, kept)
    return None


def again(request: SignedInRequest, review: Review, form: forms.Form, *, title: str, action: str) -> HttpResponse:
    """The form by itself, with what is wrong and everything that was typed."""
    context = {
        **case_frame(request, review, timezone.now()),
        "form": form,
        "form_title": title,
        "form_action": action,
    }
    return render(request, "appeals/staff_form.html", context, status=422)


def back(review: Review, place: str = "") -> HttpResponse:
    """To the case."""
    return redirect(f"{reverse('reviews:case', args=[review.ref])}{place}")


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def message(request: SignedInRequest, ref: str) -> HttpResponse:
    """Write to the company, or ask for more information, which stops the clock."""
    review, appeal = find_case(ref)
    form = StaffMessageForm(request.POST)
    asks = "ask" in request.POST
    action = reverse("appeals:staff_message", args=[ref])
    if not form.is_valid():
        return again(request, review, form, title=_("Write to the company"), action=action)

    def do() -> None:
        now = timezone.now()
        say_as_staff(
            appeal=appeal,
            text=form.cleaned_data["text"],
            submission=form.cleaned_data["submission"],
            review=review,
            reviewer=request.user,
            actor=request.actor,
            now=now,
            asks=asks,
        )
        mark_read(appeal=appeal, by_staff=True, now=now)

    try:
        refused = act(request, review, do, {_("Message to the company"): form.cleaned_data["text"]})
    except NothingSaid:
        form.add_error("text", _("Write a message."))
        return again(request, review, form, title=_("Write to the company"), action=action)
    if refused is not None:
        return refused
    messages.success(
        request,
        _("The company was asked; the clock stands still until it answers.") if asks else _("The message was sent."),
    )
    return back(review, "#thread")


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def read(request: SignedInRequest, ref: str) -> HttpResponse:
    """Note that the company's messages were read."""
    review, appeal = find_case(ref)
    mark_read(appeal=appeal, by_staff=True, now=timezone.now())
    return back(review, "#thread")


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def take_back(request: SignedInRequest, ref: str) -> HttpResponse:
    """Go on without the answer."""
    review, appeal = find_case(ref)

    def do() -> None:
        take_back_question(appeal=appeal, review=review, reviewer=request.user, actor=request.actor, now=timezone.now())

    refused = act(request, review, do)
    if refused is not None:
        return refused
    messages.success(request, _("The clock runs again; the company has been told."))
    return back(review, "#thread")


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def urgency(request: SignedInRequest, ref: str, to: str) -> HttpResponse:
    """Confirm that the appeal is urgent, or withdraw it with a reason."""
    if to not in (Urgency.CONFIRMED, Urgency.REFUSED):
        raise Http404
    review, appeal = find_case(ref)
    form = UrgencyForm(request.POST)
    action = reverse("appeals:staff_urgency", args=[ref, to])
    title = _("Withdraw the urgency") if to == Urgency.REFUSED else _("Confirm the urgency")
    if not form.is_valid():
        return again(request, review, form, title=title, action=action)

    def do() -> None:
        judge_urgency(
            appeal=appeal,
            to=Urgency(to),
            reason=form.cleaned_data["reason"],
            review=review,
            reviewer=request.user,
            actor=request.actor,
            now=timezone.now(),
        )

    try:
        refused = act(request, review, do, {_("Reason"): form.cleaned_data["reason"]})
    except ReasonMissing:
        form.add_error("reason", _("Say why it is not urgent: the company reads it."))
        return again(request, review, form, title=title, action=action)
    if refused is not None:
        return refused
    messages.success(
        request, _("The urgency was withdrawn.") if to == Urgency.REFUSED else _("The urgency was confirmed.")
    )
    return back(review)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def platform(request: SignedInRequest, ref: str, code: str) -> HttpResponse:
    """Note what became of one platform; the company sees it at once."""
    review, appeal = find_case(ref)
    row = get_object_or_404(
        AppealPlatform.objects.select_related("appeal", "platform"), appeal=appeal, platform__code=code
    )
    form = PlatformForm(request.POST)
    if not form.is_valid():
        action = reverse("appeals:staff_platform", args=[ref, code])
        return again(request, review, form, title=str(row.platform), action=action)

    def do() -> None:
        set_platform(
            row=row,
            to=PlatformState(form.cleaned_data["to"]),
            note=form.cleaned_data["note"],
            review=review,
            reviewer=request.user,
            actor=request.actor,
            now=timezone.now(),
        )

    refused = act(request, review, do, {_("Note for the company"): form.cleaned_data["note"]})
    return refused if refused is not None else back(review, "#platforms")
