"""The company's pages about marks: what stands, by platform; one mark with its history; reporting one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from io import BytesIO
from typing import Any
from urllib.parse import urlencode

from django.core.files.storage import default_storage
from django.db.models import Count, Q
from django.http import FileResponse, Http404, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import (
    Permission,
    SignedInRequest,
    company_role_may,
    company_view,
    enter_company_of,
    signed_in,
    staff_may,
)
from accounts.companies import Company
from accounts.keyset import keyset_page
from appeals.marks.forms import ReportForm
from appeals.marks.models import Mark, MarkQuerySet, MarkScreenshot
from appeals.marks.reports import report
from appeals.marks.story import label_words, story_of
from appeals.platforms import Platform
from certification.materials.documents import ACCEPT, PDF
from certification.materials.file_views import guarded, missing
from certification.materials.store import FilesMissing
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.upload_limits import dropped

ORDER, ORDER_KINDS = ("-last_seen_at", "-id"), (dt.datetime, int)
STATES = ("open", "cleared")


@dataclass(frozen=True)
class Tab:
    """One tab of the list."""

    url: str
    label: str
    count: int | None
    current: bool


def held_marks(company: Company) -> MarkQuerySet:
    """Every mark on the numbers that the company holds."""
    return Mark.objects.seen().filter(company=company, number__released_at__isnull=True)


def may_edit(request: SignedInRequest) -> bool:
    """Whether the person may report marks and appeal against them."""
    return company_role_may(request.membership.role, Permission.EDIT_COMPANY)


def crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    """The way to a page of this slice."""
    items = [{"label": _("Marks"), "url": reverse("marks:list")}]
    return items + [{"label": label, "url": url} for label, url in more]


def tabs_of(marks: MarkQuerySet, *, state: str, chosen: str) -> tuple[list[Tab], int, int]:
    """The tabs: all that stand, each platform, what was cleared; with how many marks stand on how many numbers. Two queries."""
    standing = {
        row["platform"]: row["total"] for row in marks.open().order_by().values("platform").annotate(total=Count("pk"))
    }
    totals = marks.aggregate(
        numbers=Count("number", distinct=True, filter=Q(cleared_at__isnull=True)),
        cleared=Count("pk", filter=Q(cleared_at__isnull=False)),
    )
    address = reverse("marks:list")
    tabs = [Tab(address, _("All that stand"), sum(standing.values()), state == "open" and not chosen)]
    for platform in Platform.objects.filter(pk__in=standing):
        url = f"{address}?{urlencode({'platform': platform.code})}"
        tabs.append(Tab(url, str(platform), standing[platform.pk], state == "open" and chosen == platform.code))
    if totals["cleared"] or state == "cleared":
        tabs.append(Tab(f"{address}?state=cleared", _("Cleared"), totals["cleared"], state == "cleared"))
    return tabs, len(standing), totals["numbers"]


@company_view()
@require_safe
def mark_list(request: SignedInRequest) -> HttpResponse:
    """What platforms show about the company's numbers, the latest first."""
    state = request.GET.get("state", "open")
    state = state if state in STATES else "open"
    chosen = request.GET.get("platform", "")[:40].replace("\0", "") if state == "open" else ""
    marks = held_marks(request.company)
    tabs, platforms, numbers = tabs_of(marks, state=state, chosen=chosen)
    rows = marks.open() if state == "open" else marks.filter(cleared_at__isnull=False)
    if chosen:
        rows = rows.filter(platform__code=chosen)
    page = keyset_page(rows.select_related("number", "platform"), request, order=ORDER, kinds=ORDER_KINDS)
    page.total_label = ngettext("%(count)d mark on this page", "%(count)d marks on this page", len(page.rows)) % {
        "count": len(page.rows)
    }
    context = {
        "page": page,
        "rows": [(mark, label_words(str(mark.get_label_display()), mark.people)) for mark in page.rows],
        "tabs": tabs,
        "state": state,
        "platforms": platforms,
        "numbers": numbers,
        "is_filtered": bool(chosen) or state == "cleared",
        "may_edit": may_edit(request),
        "now": timezone.now(),
    }
    return render(request, "marks/list.html", context)


def own_mark(request: SignedInRequest, ref: str) -> Mark:
    """The mark of a company that the person is a member of; that company becomes the request's."""
    marks = Mark.objects.seen().for_user(request.user).select_related("number", "platform", "company")
    mark = get_object_or_404(marks, ref=ref)
    enter_company_of(request, mark.company_id)
    return mark


def screenshots_of(mark: Mark) -> list[MarkScreenshot]:
    """The pictures that came with reports of the mark, the latest first."""
    return list(MarkScreenshot.objects.filter(sighting__mark=mark).order_by("-pk")[:20])


def mark_words(mark: Mark) -> dict[str, Any]:
    """What every page about one mark shows of it."""
    return {
        "mark": mark,
        "words": label_words(str(mark.get_label_display()), mark.people),
        "screenshots": screenshots_of(mark),
        "masked": mask_number(mark.number.number),
    }


@company_view()
@require_safe
def mark_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One mark: does it stand, since when, what was said about it, what can be done."""
    mark = own_mark(request, ref)
    context = {
        **mark_words(mark),
        "story": story_of(mark),
        "may_edit": may_edit(request) and mark.number.released_at is None,
        "breadcrumb": crumbs((str(mark), "")),
    }
    return render(request, "marks/detail.html", context)


@company_view(read=Permission.EDIT_COMPANY)
def mark_report(request: SignedInRequest) -> HttpResponse:
    """Report a mark on one of the company's own numbers, with a screenshot."""
    now = timezone.now()
    posted = request.method == "POST"
    chosen = named_number(request)
    form = ReportForm(
        *((request.POST, request.FILES) if posted else ()),
        chosen=chosen,
        company=request.company,
        user=request.user,
        now=now,
        dropped=dropped(request, "documents") if posted else [],
    )
    if posted:
        form.receive_files()
        if form.is_valid() and (mark := reported(request, form, now=now)) is not None:
            return redirect("marks:detail", mark.ref)
    context = {"form": form, "accept": ACCEPT, "chosen": chosen, "breadcrumb": crumbs((_("Report a mark"), ""))}
    return render(request, "marks/report.html", context, status=422 if posted else 200)


def named_number(request: SignedInRequest) -> PhoneNumber | None:
    """The number that the address names, its company entered; None where it names none. Raises Http404 for a stranger's."""
    ref = request.GET.get("number", "")[:12].replace("\0", "")
    if not ref:
        return None
    numbers = PhoneNumber.objects.held().for_user(request.user).select_related("company")
    number = get_object_or_404(numbers, ref=ref)
    enter_company_of(request, number.company_id)
    return number


def reported(request: SignedInRequest, form: ReportForm, *, now: dt.datetime) -> Mark | None:
    """The mark that the valid form reports; None where its uploads are gone, with the error in the form."""
    data = form.cleaned_data
    try:
        return report(
            number=data["number_text"],
            platform=data["platform"],
            label=data["label"],
            people=data["people"],
            seen_at=form.seen_at(),
            files=form.staged,
            submission=data["submission"],
            reporter=request.user,
            actor=request.actor,
            now=now,
        )
    except FilesMissing:
        form.staged = []
        form.add_error("documents", _("The uploaded files are no longer there. Choose them again."))
    return None


@signed_in
@require_safe
def mark_screenshot(request: SignedInRequest, ref: str) -> HttpResponseBase:
    """A screenshot, for members of its company and for staff who judge documents."""
    file = MarkScreenshot.objects.select_related("sighting__mark").filter(ref=ref).first()
    if file is None:
        raise Http404
    is_member = request.user.memberships.filter(company=file.sighting.mark.company_id).exists()
    if not is_member and not staff_may(request.user, Permission.READ_DOCUMENTS):
        raise Http404
    try:
        with default_storage.open(file.storage_name) as stored:
            content = BytesIO(stored.read())
    except OSError:
        return missing(request)
    return guarded(
        FileResponse(
            content,
            as_attachment=file.content_type == PDF,
            filename=file.original_name,
            content_type=file.content_type,
        )
    )
