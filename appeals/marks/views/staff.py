"""The staff's pages about marks: what companies report and nobody has confirmed, and recording what a platform shows."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.keyset import keyset_page
from appeals.categories import Category
from appeals.marks.forms import RecordForm, RefusalForm
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Mark, Origin
from appeals.marks.reports import STAFF_SOURCE, NotWaiting, confirm, refuse
from appeals.marks.story import label_words, story_of
from appeals.marks.views.company import ORDER, ORDER_KINDS, Tab, mark_words

#: Counting stops here.
MOST_COUNTED = 1000


def crumbs(label: str) -> list[dict[str, str]]:
    """The way to a page of this slice."""
    return [{"label": _("Marks"), "url": reverse("marks:staff_list")}, {"label": label, "url": ""}]


@staff_view()
@require_safe
def staff_marks(request: SignedInRequest) -> HttpResponse:
    """What companies have reported and waits for a look; and everything that stands."""
    everything = request.GET.get("state") == "open"
    standing = Mark.objects.open().filter(number__released_at__isnull=True)
    waiting = standing.filter(is_confirmed=False)
    count = waiting.order_by()[: MOST_COUNTED + 1].count()
    rows = standing if everything else waiting
    page = keyset_page(rows.select_related("number", "platform", "company"), request, order=ORDER, kinds=ORDER_KINDS)
    page.total_label = ngettext("%(count)d mark on this page", "%(count)d marks on this page", len(page.rows)) % {
        "count": len(page.rows)
    }
    address = reverse("marks:staff_list")
    context = {
        "page": page,
        "rows": [(mark, label_words(str(mark.get_label_display()), mark.people)) for mark in page.rows],
        "tabs": [
            Tab(address, _("To confirm"), count, not everything),
            Tab(f"{address}?state=open", _("All that stand"), None, everything),
        ],
        "count": count,
        "everything": everything,
        "may_record": staff_may(request.user, Permission.DECIDE_REVIEWS),
    }
    return render(request, "marks/staff_list.html", context)


def any_mark(ref: str) -> Mark:
    """The mark of that reference; 404 where there is none."""
    return get_object_or_404(Mark.objects.seen().select_related("number", "platform", "company"), ref=ref)


def staff_page(request: SignedInRequest, mark: Mark, form: RefusalForm, *, status: int = 200) -> HttpResponse:
    """The page of one mark."""
    context = {
        **mark_words(mark),
        "story": story_of(mark, for_staff=True),
        "can_settle": mark.is_open and not mark.is_confirmed and staff_may(request.user, Permission.DECIDE_REVIEWS),
        "form": form,
        "breadcrumb": crumbs(str(mark)),
    }
    return render(request, "marks/staff_detail.html", context, status=status)


@staff_view()
@require_safe
def staff_mark(request: SignedInRequest, ref: str) -> HttpResponse:
    """One mark with everything that was said about it."""
    return staff_page(request, any_mark(ref), RefusalForm())


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def staff_confirm(request: SignedInRequest, ref: str) -> HttpResponse:
    """The reviewer has seen the mark, too."""
    mark = any_mark(ref)
    try:
        confirm(mark=mark, reviewer=request.user, actor=request.actor, now=timezone.now())
    except NotWaiting:
        messages.info(request, _("Somebody has settled this mark in the meantime."))
    else:
        messages.success(request, _("The mark is confirmed. The company is being told."))
    return redirect("marks:staff_detail", ref)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def staff_refuse(request: SignedInRequest, ref: str) -> HttpResponse:
    """The reviewer could not find the mark."""
    mark = any_mark(ref)
    form = RefusalForm(request.POST)
    if not form.is_valid():
        return staff_page(request, mark, form, status=422)
    try:
        refuse(
            mark=mark,
            reviewer=request.user,
            reason=form.cleaned_data["reason"],
            actor=request.actor,
            now=timezone.now(),
        )
    except NotWaiting:
        messages.info(request, _("Somebody has settled this mark in the meantime."))
    else:
        messages.success(request, _("The report is laid aside. The company is being told."))
    return redirect("marks:staff_detail", ref)


@staff_view(read=Permission.DECIDE_REVIEWS, write=Permission.DECIDE_REVIEWS)
def staff_record(request: SignedInRequest) -> HttpResponse:
    """Record that a platform marks a number, or no longer does."""
    now = timezone.now()
    posted = request.method == "POST"
    form = RecordForm(request.POST if posted else None, now=now)
    if posted and form.is_valid():
        data = form.cleaned_data
        number, platform = data["number_text"], data["platform"]
        cleared = data["what"] == "cleared"
        said = Sighting(
            str(data["submission"]), number.pk, platform.pk, form.seen_at(),
            Category(data["label"] or Category.OTHER), data["people"], is_clearance=cleared, reason=data["reason"],
        )  # fmt: skip
        observe(
            sightings=[said],
            source=STAFF_SOURCE,
            origin=Origin.STAFF,
            actor=request.actor,
            now=now,
            reporter=request.user,
            reason=data["reason"],
        )
        mark = Mark.objects.seen().filter(number=number, platform=platform).first()
        if mark is None:
            messages.info(request, _("Nobody had seen this mark; its clearance is noted."))
            return redirect("marks:staff_list")
        messages.success(request, _("Noted."))
        return redirect("marks:staff_detail", mark.ref)
    context = {"form": form, "breadcrumb": crumbs(_("Record a mark"))}
    return render(request, "marks/staff_record.html", context, status=422 if posted else 200)
