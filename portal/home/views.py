"""The first pages: the company's overview and the staff console."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from accounts.access import Permission, SignedInRequest, company_view, staff_may, staff_view
from portal.home.desk import desk_of
from portal.home.overview import overview_of
from portal.home.search import search


@company_view()
def overview(request: SignedInRequest) -> HttpResponse:
    """The company's overview."""
    now = timezone.now()
    return render(request, "home/overview.html", {"overview": overview_of(request.company, now=now), "now": now})


@company_view()
def search_results(request: SignedInRequest) -> HttpResponse:
    """What the company has that fits `q`."""
    now = timezone.now()
    text = request.GET.get("q", "")[:80]
    context = {"search_query": text, "found": search(request.company, text, now=now), "now": now}
    return render(request, "home/search.html", context)


@staff_view()
def staff_home(request: SignedInRequest) -> HttpResponse:
    """The staff console: what waits, the oldest due first, and what is the person's own."""
    now = timezone.now()
    may_decide = staff_may(request.user, Permission.DECIDE_REVIEWS)
    context = {"desk": desk_of(request.user, now=now), "now": now, "may_decide": may_decide}
    return render(request, "home/staff.html", context)
