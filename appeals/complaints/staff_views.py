"""The staff's pages about complaints: what came in today, unknown numbers, locked numbers, one complaint by hand."""

from __future__ import annotations

import datetime as dt

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
from appeals.complaints.figures import today_by_platform, today_by_source
from appeals.complaints.forms import ComplaintForm
from appeals.complaints.intake import receive
from appeals.complaints.locks import SUBJECT, number_of, review_again
from appeals.complaints.models import Complaint
from appeals.complaints.sources import staff_source
from appeals.complaints.staff_pages import crumbs, may_take, tabs
from certification.maintenance.models import Maintenance
from certification.reviews.models import Review, ReviewState

RECEIVED_ORDER, LOCK_ORDER = ("-received_at", "-id"), ("-opened_at", "-id")
ORDER_KINDS = (dt.datetime, int)
#: So many of the latest complaints stand on a page.
LATEST = 20
#: So many unknown numbers are listed, those with the most complaints first.
UNKNOWN_SHOWN = 100


@staff_view()
@require_safe
def overview(request: SignedInRequest) -> HttpResponse:
    """What came in today, by source and by platform, and the latest complaints."""
    now = timezone.now()
    by_source = today_by_source(now=now)
    page = keyset_page(
        Complaint.objects.select_related("source", "platform", "company", "number").defer("evidence"),
        request,
        order=RECEIVED_ORDER,
        kinds=ORDER_KINDS,
        size=LATEST,
    )
    page.total_label = ngettext(
        "%(count)d complaint on this page", "%(count)d complaints on this page", len(page.rows)
    ) % {"count": len(page.rows)}
    context = {
        "tabs": tabs("complaints:staff_overview"),
        "by_source": by_source,
        "by_platform": today_by_platform(now=now),
        "total": sum(share.total for share in by_source),
        "unknown": sum(share.unknown for share in by_source),
        "page": page,
        "may_take": may_take(request),
    }
    return render(request, "complaints/staff_overview.html", context)


@staff_view()
@require_safe
def unknown(request: SignedInRequest) -> HttpResponse:
    """Complaints about numbers that no company holds; they are matched when a number is registered."""
    waiting = Complaint.objects.filter(number__isnull=True)
    rows = list(
        waiting.order_by()
        .values("dialled")
        .annotate(total=Count("pk"), first=Min("at"), latest=Max("at"))
        .order_by("-total", "dialled")[: UNKNOWN_SHOWN + 1]
    )
    context = {
        "tabs": tabs("complaints:staff_unknown"),
        "rows": rows[:UNKNOWN_SHOWN],
        "more": len(rows) > UNKNOWN_SHOWN,
        "shown": UNKNOWN_SHOWN,
        "breadcrumb": crumbs((_("Unknown numbers"), "")),
    }
    return render(request, "complaints/staff_unknown.html", context)


@staff_view()
@require_safe
def locks(request: SignedInRequest) -> HttpResponse:
    """The locks that are open: which are being reviewed, and which a reviewer has kept."""
    rows = Maintenance.objects.open_at().filter(locks=True, number__isnull=False)
    page = keyset_page(rows.select_related("number__company"), request, order=LOCK_ORDER, kinds=ORDER_KINDS)
    page.total_label = ngettext("%(count)d lock on this page", "%(count)d locks on this page", len(page.rows)) % {
        "count": len(page.rows)
    }
    reviews: dict[int, Review] = {}
    found = Review.objects.filter(subject=SUBJECT, subject_id__in=[lock.pk for lock in page.rows])
    for review in found.select_related("claimed_by").order_by("opened_at", "pk"):
        reviews[review.subject_id] = review
    context = {
        "tabs": tabs("complaints:staff_locks"),
        "page": page,
        "rows": [(lock, reviews.get(lock.pk)) for lock in page.rows],
        "may_lead": staff_may(request.user, Permission.LEAD_REVIEWS),
        "breadcrumb": crumbs((_("Locked numbers"), "")),
        "now": timezone.now(),
    }
    return render(request, "complaints/staff_locks.html", context)


@require_POST
@staff_view(write=Permission.LEAD_REVIEWS)
def review_lock_again(request: SignedInRequest, ref: str) -> HttpResponse:
    """A lead has a lock that was kept looked at once more."""
    lock = get_object_or_404(Maintenance.objects.filter(locks=True, number__isnull=False), ref=ref)
    company = number_of(lock).company
    review = review_again(lock=lock, company=company, actor=request.actor, now=timezone.now())
    if review is None:
        messages.info(request, _("This lock is over already."))
        return redirect("complaints:staff_locks")
    if review.state == ReviewState.OPEN:
        messages.success(request, _("The lock is in the queue again."))
    return redirect("reviews:case", review.ref)


@staff_view(read=Permission.TAKE_COMPLAINTS, write=Permission.TAKE_COMPLAINTS)
def record(request: SignedInRequest) -> HttpResponse:
    """Record one complaint that somebody told staff about; sent twice it is one."""
    now = timezone.now()
    posted = request.method == "POST"
    form = ComplaintForm(request.POST if posted else None, now=now)
    if posted and form.is_valid():
        source = form.cleaned_data["source"] or staff_source(actor=request.actor, now=now)
        receipt = receive(source=source, events=[form.event], actor=request.actor, now=now)
        result = receipt.results[0]
        if result.outcome == "invalid":
            form.add_error(None, result.reason)
        else:
            say(request, result.outcome, locked=bool(receipt.locked))
            return redirect("complaints:staff_overview")
    context = {"form": form, "breadcrumb": crumbs((_("Record a complaint"), ""))}
    return render(request, "complaints/staff_record.html", context, status=422 if form.errors else 200)


def say(request: SignedInRequest, outcome: str, *, locked: bool) -> None:
    """Tell the person what became of the complaint."""
    if locked:
        messages.warning(
            request, _("Noted. This was one too many today: the number is locked and waits for a reviewer.")
        )
    elif outcome == "unknown_number":
        messages.info(request, _("Noted. No company holds this number; the complaint counts when one registers it."))
    elif outcome == "duplicate":
        messages.info(request, _("This complaint was noted already."))
    else:
        messages.success(request, _("Noted, and counted for the number's company."))
