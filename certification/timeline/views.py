"""A company's timeline: for its members, and for staff."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET

from accounts.access import SignedInRequest, company_view, staff_view
from accounts.companies import Company
from accounts.views.settings_menu import settings_tabs
from certification.numbers.pages import Crumb
from certification.timeline.reading import timeline_of
from certification.timeline.sources import About


@company_view()
@require_GET
def company_timeline(request: SignedInRequest) -> HttpResponse:
    """What happened to the company's certification, in one order."""
    timeline = timeline_of(About(request.company, None, for_staff=False), request)
    context = {"timeline": timeline, "tabs": settings_tabs(request, "timeline")}
    return render(request, "timeline/company.html", context)


@staff_view()
@require_GET
def staff_company_timeline(request: SignedInRequest, ref: str) -> HttpResponse:
    """The same for staff, who read who among staff it was."""
    company = get_object_or_404(Company.objects.select_related("industry"), ref=ref)
    timeline = timeline_of(About(company, None, for_staff=True), request)
    breadcrumb = [
        Crumb(_("Companies"), reverse("staff_companies")),
        Crumb(company.name, reverse("staff_company", args=[ref])),
        Crumb(_("Timeline")),
    ]
    return render(
        request, "timeline/staff_company.html", {"timeline": timeline, "subject": company, "breadcrumb": breadcrumb}
    )
