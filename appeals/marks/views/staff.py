"""The staff's pages about marks: what companies report and nobody has confirmed, and recording what a platform shows."""

from __future__ import annotations

from django.contrib import messages
from django.db.models import Count, Max, Min
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.keyset import keyset_page
from appeals.complaints.staff_pages import may_take
from appeals.marks.forms import RecordForm, RefusalForm
from appeals.marks.intake import keep
from appeals.marks.models import Mark, Origin, UnknownMark
from appeals.marks.reports import STAFF_SOURCE, NotWaiting, confirm, refuse
from appeals.marks.staff_pages import ALL, TO_CONFIRM, UNKNOWN, crumbs, tabs
from appeals.marks.story import label_words, story_of
from appeals.marks.views.company import ORDER, ORDER_KINDS, mark_words
from certification.numbers.models import PhoneNumber

#: Counting stops here.
MOST_COUNTED = 1000
#: So many unknown numbers are listed, those of which most was said first.
UNKNOWN_SHOWN = 100


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
    context = {
        "page": page,
        "rows": [(mark, label_words(str(mark.get_label_display()), mark.people)) for mark in page.rows],
        "tabs": tabs(ALL if everything else TO_CONFIRM, waiting=count),
        "count": count,
        "everything": everything,
        "may_record": staff_may(request.user, Permission.DECIDE_REVIEWS),
        "may_take": may_take(request),
    }
    return render(request, "marks/staff_list.html", context)


@staff_view()
@require_safe
def staff_unknown(request: SignedInRequest) -> HttpResponse:
    """What was said about numbers that no company holds; it is told again when a number is registered."""
    rows = list(
        UnknownMark.objects.order_by()
        .values("dialled")
        .annotate(total=Count("pk"), platforms=Count("platform", distinct=True), first=Min("at"), latest=Max("at"))
        .order_by("-total", "dialled")[: UNKNOWN_SHOWN + 1]
    )
    context = {
        "tabs": tabs(UNKNOWN),
        "rows": rows[:UNKNOWN_SHOWN],
        "more": len(rows) > UNKNOWN_SHOWN,
        "shown": UNKNOWN_SHOWN,
        "breadcrumb": crumbs((_("Unknown numbers"), "")),
    }
    return render(request, "marks/staff_unknown.html", context)


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
        "breadcrumb": crumbs((str(mark), "")),
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
    """Record that a platform marks a number, or no longer does; of a number of nobody's it is kept until it appears."""
    now = timezone.now()
    posted = request.method == "POST"
    chosen = named_number(request)
    form = RecordForm(request.POST if posted else None, chosen=chosen, now=now)
    if posted and form.is_valid():
        said = form.sighting
        new, _held = keep(
            sightings=[(form.dialled, said)],
            source=STAFF_SOURCE,
            origin=Origin.STAFF,
            actor=request.actor,
            now=now,
            reporter=request.user,
            reason=said.reason,
        )
        number = form.cleaned_data["number_text"]
        if number is None:
            messages.info(request, _("Noted. No company holds this number; the mark shows when one registers it."))
            return redirect(UNKNOWN)
        mark = Mark.objects.seen().filter(number=number, platform=said.platform_id).first()
        if mark is None:
            messages.info(request, _("Nobody had seen this mark; its clearance is noted."))
            return redirect("marks:staff_list")
        messages.success(request, _("Noted.") if new else _("This was noted already."))
        return redirect("marks:staff_detail", mark.ref)
    context = {"form": form, "chosen": chosen, "breadcrumb": crumbs((_("Record a mark"), ""))}
    return render(request, "marks/staff_record.html", context, status=422 if posted else 200)


def named_number(request: SignedInRequest) -> PhoneNumber | None:
    """The number that the address names; None where it names none. Raises Http404."""
    ref = request.GET.get("number", "")[:12].replace("\0", "")
    if not ref:
        return None
    return get_object_or_404(PhoneNumber.objects.held().select_related("company"), ref=ref)
