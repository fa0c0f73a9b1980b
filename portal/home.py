"""What a person sees first: the company's overview, the staff console."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import SignedInRequest, company_view, staff_view


@company_view()
def overview(request: SignedInRequest) -> HttpResponse:
    """The company's overview."""
    return render(request, "home/overview.html")


@staff_view()
def staff_home(request: SignedInRequest) -> HttpResponse:
    """The staff console."""
    return render(request, "home/staff.html")
