"""Choosing the numbers of an appeal: one by one, all that match, by group, or from a list that is pasted."""

from __future__ import annotations

import re

from django.contrib import messages
from django.db.models import Q
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import SignedInRequest
from accounts.keyset import address, keyset_page
from appeals.cases.drafts import NotEditable, TooManyNumbers, add_numbers, remove_numbers
from appeals.cases.forms import NumberFilterForm, PasteForm
from appeals.cases.matters import MOST_NUMBERS, choosable, eligible, narrow, takes_numbers
from appeals.cases.models import Appeal, AppealKind, AppealState
from appeals.cases.views.drafts import edits_company
from appeals.cases.views.frame import after_step, closed, crumbs, own_appeal, step_label
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet
from certification.numbers.problems import Problem
from certification.numbers.shapes import read_number

#: So many lines of a pasted list are read.
MOST_PASTED = MOST_NUMBERS


def narrowed(numbers: PhoneNumberQuerySet, form: NumberFilterForm) -> PhoneNumberQuerySet:
    """Those of the numbers that the filter leaves."""
    form.is_valid()
    text = (form.cleaned_data.get("q") or "").strip()
    if text:
        numbers = numbers.filter(narrow(text))
    if group := form.cleaned_data.get("group"):
        numbers = numbers.filter(group=group)
    if form.cleaned_data.get("marked"):
        numbers = numbers.filter(Q(is_marked=True))
    return numbers


@edits_company
def numbers(request: SignedInRequest, ref: str) -> HttpResponse:
    """The company's numbers that this appeal can hold, and those that it holds."""
    appeal = own_appeal(request, ref)
    if appeal.state != AppealState.DRAFT or not takes_numbers(appeal):
        return closed(request, appeal) if request.method == "POST" else redirect("appeals:edit", ref=ref)
    form = NumberFilterForm(request.GET, company=appeal.company, kind=appeal.kind)
    paste, status = PasteForm(), 200
    if request.method == "POST":
        if request.POST.get("action") == "paste":
            paste = PasteForm(request.POST)
            if paste.is_valid():
                return take_pasted(request, appeal, paste.cleaned_data["pasted"])
            status = 422
        else:
            return change_choice(request, appeal, form)
    mine = PhoneNumber.objects.filter(appeals__appeal=appeal)
    view = "chosen" if request.GET.get("view") == "chosen" else "available"
    offered = choosable(company=appeal.company, kind=appeal.kind)
    if view == "chosen":
        rows = narrowed(offered.filter(pk__in=mine.values("pk")), form)
        matching = rows.count()
    else:
        rows = narrowed(offered, form).exclude(pk__in=mine.values("pk"))
        matching = rows.filter(Q(taken=False)).count()
    page = keyset_page(rows.select_related("group", "provider"), request, order=("id",), kinds=(int,))
    page.total_label = ngettext("%(count)s number", "%(count)s numbers", matching) % {"count": matching}
    count = appeal.items.count()
    unfit = count - offered.filter(pk__in=mine.values("pk")).count()
    here = request.path
    context = {
        "appeal": appeal,
        "filter": form,
        "paste_form": paste,
        "error_forms": [paste] if status == 422 else [],
        "page": page,
        "view": view,
        "count": count,
        "matching": matching,
        "unfit": unfit,
        "shows_marks": appeal.kind == AppealKind.MARK,
        "tabs": [
            {"url": f"{here}{keep_back(request)}", "label": _("To choose from"), "current": view == "available"},
            {
                "url": f"{here}{keep_back(request, view='chosen')}",
                "label": _("Chosen"),
                "count": count,
                "current": view == "chosen",
            },
        ],
        "is_filtered": any(request.GET.get(name) for name in ("q", "group", "marked")),
        "clear_url": f"{here}{keep_back(request, view=view)}",
        "done_url": after_step(request, appeal, "numbers"),
        "breadcrumb": crumbs(appeal, step_label("numbers")),
    }
    return render(request, "appeals/numbers.html", context, status=status)


def keep_back(request: SignedInRequest, **values: str) -> str:
    """A query string with `values`, and with the way back to the check page where one came from there."""
    query = request.GET.copy()
    for name in list(query):
        if name != "back":
            query.pop(name)
    for name, value in values.items():
        query[name] = value
    return f"?{query.urlencode()}" if query else ""


def change_choice(request: SignedInRequest, appeal: Appeal, form: NumberFilterForm) -> HttpResponse:
    """Add or remove the ticked numbers, or all that match."""
    action = request.POST.get("action", "")
    own = PhoneNumber.objects.of_company(appeal.company)
    ticked = own.filter(ref__in=[ref for ref in request.POST.getlist("number")[:1000] if "\0" not in ref])
    mine = PhoneNumber.objects.filter(appeals__appeal=appeal)
    offered = choosable(company=appeal.company, kind=appeal.kind)
    try:
        if action in ("add", "add_all"):
            wanted = narrowed(offered, form) if action == "add_all" else ticked
            return say_added(request, add_numbers(appeal=appeal, numbers=wanted))
        gone = {
            "remove": mine.filter(pk__in=ticked.values("pk")),
            "remove_all": mine.filter(pk__in=narrowed(offered, form).values("pk")),
            "remove_unfit": mine.exclude(pk__in=offered.values("pk")),
        }.get(action, mine.none())
        removed = remove_numbers(appeal=appeal, numbers=gone)
    except TooManyNumbers:
        return say_too_many(request)
    except NotEditable:
        return closed(request, appeal)
    if removed:
        words = ngettext("%(count)s number was taken out.", "%(count)s numbers were taken out.", removed)
        messages.success(request, words % {"count": removed})
    return redirect(address(request))


def say_added(request: SignedInRequest, added: int) -> HttpResponse:
    """How many numbers came in, back on the page."""
    if added:
        words = ngettext("%(count)s number was added.", "%(count)s numbers were added.", added)
        messages.success(request, words % {"count": added})
    else:
        messages.info(request, _("No number was added. Tick the numbers that the appeal is about."))
    return redirect(address(request))


def say_too_many(request: SignedInRequest) -> HttpResponse:
    """An appeal is full."""
    words = _("One appeal holds at most %(most)s numbers. Nothing was added.")
    messages.error(request, words % {"most": MOST_NUMBERS})
    return redirect(address(request))


def take_pasted(request: SignedInRequest, appeal: Appeal, text: str) -> HttpResponse:
    """Add the numbers of a pasted list; say how many lines are no number of the company's that can be in the appeal."""
    pieces = [piece.strip() for piece in re.split(r"[\n\r,;，；、\t]+", text) if piece.strip()][:MOST_PASTED]
    read = [read_number(piece) for piece in pieces]
    wanted = {number.number for number in read if not isinstance(number, Problem)}
    found = PhoneNumber.objects.of_company(appeal.company).filter(number__in=wanted)
    fitting = eligible(company=appeal.company, kind=appeal.kind).filter(number__in=wanted).count()
    try:
        added = add_numbers(appeal=appeal, numbers=found)
    except TooManyNumbers:
        return say_too_many(request)
    except NotEditable:
        return closed(request, appeal)
    if left_out := len(pieces) - fitting:
        words = ngettext(
            "%(count)s line was left out: it is no number of yours that this appeal can hold.",
            "%(count)s lines were left out: they are no numbers of yours that this appeal can hold.",
            left_out,
        )
        messages.warning(request, words % {"count": left_out})
    return say_added(request, added)
