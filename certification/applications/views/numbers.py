"""Choosing the numbers of an application, one by one or all that match, and the new names of a change."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db.models import Q
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import SignedInRequest
from accounts.keyset import address, keyset_page
from certification.applications.corrections import editable_parts
from certification.applications.drafts import (
    OPEN_TO_CHANGE,
    DraftChanged,
    NotEditable,
    TooManyNumbers,
    add_numbers,
    remove_numbers,
    request_label_for_all,
    request_labels,
)
from certification.applications.eligible import MOST_NUMBERS, choosable, eligible
from certification.applications.findings import part_label
from certification.applications.forms import LabelForm, NumberFilterForm
from certification.applications.models import Application, ApplicationNumber, ApplicationState
from certification.applications.submission import not_eligible
from certification.applications.views.drafts import edits_company, read_revision
from certification.applications.views.frame import after_step, closed, crumbs, own_application, steps_for
from certification.maintenance.facts import last_day_of_term
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet


def narrowed(numbers: PhoneNumberQuerySet, form: NumberFilterForm) -> PhoneNumberQuerySet:
    """Those of the numbers that the filter leaves."""
    form.is_valid()
    text = (form.cleaned_data.get("q") or "").strip()
    if text:
        digits = "".join(
            character for character in text if character.isascii() and (character.isdigit() or character == "+")
        )
        condition = Q(alias__icontains=text)
        if digits:
            condition |= Q(number__contains=digits.lstrip("0") or digits)
        numbers = numbers.filter(condition)
    if group := form.cleaned_data.get("group"):
        numbers = numbers.filter(group=group)
    return numbers


@edits_company
def choose(request: SignedInRequest, ref: str) -> HttpResponse:
    """The company's numbers that this application can hold, and those that it holds."""
    now = timezone.now()
    application = own_application(request, ref)
    if application.state not in OPEN_TO_CHANGE:
        return redirect("applications:detail", ref=ref)
    parts = editable_parts(application)
    if parts is not None and "numbers" not in parts:
        return closed(request, application) if request.method == "POST" else redirect("applications:edit", ref=ref)
    form = NumberFilterForm(request.GET, company=application.company)
    mine = PhoneNumber.objects.filter(applications__application=application)
    if request.method == "POST":
        return change_choice(request, application, form)
    returned = application.state == ApplicationState.RETURNED
    view = "chosen" if returned or request.GET.get("view") == "chosen" else "available"
    if view == "chosen":
        rows = narrowed(mine, form)
        matching = rows.count()
    else:
        rows = narrowed(choosable(company=application.company, kind=application.kind, now=now), form)
        rows = rows.exclude(pk__in=mine.values("pk"))
        fit = eligible(company=application.company, kind=application.kind, now=now).exclude(pk__in=mine.values("pk"))
        matching = narrowed(fit, form).count()
    listed = rows.select_related("company", "group", "provider")
    page = keyset_page(listed, request, order=("id",), kinds=(int,))
    count = application.items.count()
    unfit = len(not_eligible(application=application, now=now)) if not returned else 0
    page.total_label = ngettext("%(count)s number", "%(count)s numbers", matching) % {"count": matching}
    context = {
        "application": application,
        "filter": form,
        "page": page,
        "rows": [(number, last_day_of_term(number)) for number in page.rows],
        "view": view,
        "count": count,
        "matching": matching,
        "unfit": unfit,
        "is_returned": returned,
        "tabs": []
        if returned
        else [
            {
                "url": f"{request.path}{keep_back(request)}",
                "label": _("To choose from"),
                "current": view == "available",
            },
            {
                "url": f"{request.path}{keep_back(request, view='chosen')}",
                "label": _("Chosen"),
                "count": count,
                "current": view == "chosen",
            },
        ],
        "is_filtered": bool(request.GET.get("q") or request.GET.get("group")),
        "clear_url": f"{request.path}{keep_back(request, view=view)}",
        "done_url": after_step(request, application, "numbers"),
        "breadcrumb": crumbs(application, part_label("numbers")),
    }
    return render(request, "applications/numbers.html", context)


def keep_back(request: SignedInRequest, **values: str) -> str:
    """A query string with `values`, and with the way back to the check page where one came from there."""
    query = request.GET.copy()
    for name in list(query):
        if name != "back":
            query.pop(name)
    for name, value in values.items():
        query[name] = value
    return f"?{query.urlencode()}" if query else ""


def change_choice(request: SignedInRequest, application: Application, form: NumberFilterForm) -> HttpResponse:
    """Add or remove the ticked numbers, or all that match."""
    now = timezone.now()
    action = request.POST.get("action", "")
    company_numbers = PhoneNumber.objects.of_company(application.company)
    ticked = company_numbers.filter(ref__in=request.POST.getlist("number")[:1000])
    mine = PhoneNumber.objects.filter(applications__application=application)
    try:
        if action == "add_all":
            added = add_numbers(application=application, numbers=narrowed(company_numbers, form), now=now)
        elif action == "add":
            added = add_numbers(application=application, numbers=ticked, now=now)
        else:
            gone = {
                "remove": mine.filter(pk__in=ticked.values("pk")),
                "remove_all": mine.filter(pk__in=narrowed(company_numbers, form).values("pk")),
                "remove_unfit": mine.filter(pk__in=[row.pk for row in not_eligible(application=application, now=now)]),
            }.get(action, mine.none())
            removed = remove_numbers(application=application, numbers=gone, actor=request.actor, now=now)
            if removed:
                words = ngettext("%(count)s number was taken out.", "%(count)s numbers were taken out.", removed)
                messages.success(request, words % {"count": removed})
            return redirect(address(request))
    except TooManyNumbers:
        messages.error(
            request, _("One application holds at most %(most)s numbers. Nothing was added.") % {"most": MOST_NUMBERS}
        )
    except NotEditable:
        return closed(request, application)
    else:
        if added:
            words = ngettext("%(count)s number was added.", "%(count)s numbers were added.", added)
            messages.success(request, words % {"count": added})
        else:
            messages.info(request, _("No number was added. Tick the numbers that you want to apply for."))
    return redirect(address(request))


@edits_company
def labels(request: SignedInRequest, ref: str) -> HttpResponse:
    """The new displayed names of a change, for each number or one for all."""
    application = own_application(request, ref)
    if "labels" not in steps_for(application):
        raise Http404
    parts = editable_parts(application)
    is_open = application.state in OPEN_TO_CHANGE and (parts is None or "labels" in parts)
    if not is_open:
        return closed(request, application) if request.method == "POST" else redirect("applications:edit", ref=ref)
    items = application.items.select_related("number")
    page = keyset_page(items, request, order=("number_id",), kinds=(int,))
    revision, status, stored = application.revision, 200, False
    data = request.POST if request.method == "POST" else None
    for_all = LabelForm(data if data and "for_all" in data else None, prefix="all")
    forms = [label_form(item, data if data and "for_all" not in data else None) for item in page.rows]
    if data is not None:
        status, revision = 422, read_revision(request)
        try:
            if "for_all" in data:
                if for_all.is_valid() and for_all.cleaned_data["label"]:
                    count = request_label_for_all(application=application, label=for_all.cleaned_data["label"])
                    words = ngettext(
                        "The name was set for %(count)s number.", "The name was set for %(count)s numbers.", count
                    )
                    messages.success(request, words % {"count": count})
                    return redirect(request.get_full_path())
                if for_all.is_valid():
                    for_all.add_error("label", _("Enter the new name."))
            elif not [form for form in forms if not form.is_valid()]:
                wanted = {item.pk: form.cleaned_data["label"] for item, form in zip(page.rows, forms, strict=True)}
                request_labels(application=application, labels=wanted, revision=revision)
                return redirect(page.next_url or after_step(request, application, "labels"))
        except DraftChanged as changed:
            status, revision, stored = 409, changed.current.revision, True
        except NotEditable:
            return closed(request, application)
    context: dict[str, Any] = {
        "application": application,
        "page": page,
        "rows": list(zip(page.rows, forms, strict=True)),
        "all_form": for_all,
        "forms": [*forms, for_all],
        "revision": revision,
        "was_changed": stored,
        "count": application.items.count(),
        "breadcrumb": crumbs(application, part_label("labels")),
    }
    return render(request, "applications/labels.html", context, status=status)


def label_form(item: ApplicationNumber, data: Any) -> LabelForm:
    """The form for one number's new name."""
    return LabelForm(data, prefix=f"item-{item.pk}", initial={"label": item.requested_label})
