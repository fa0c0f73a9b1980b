"""The journal to read: a company's own, and everything for staff."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import render

from accounts.access import Permission, SignedInRequest, company_view, staff_view
from accounts.companies import Company
from accounts.journal import JournalEntry
from accounts.journal_reading import CompanyJournalFilter, StaffJournalFilter
from accounts.journal_words import in_words
from accounts.keyset import page_of
from accounts.views.settings_menu import settings_tabs


@company_view(read=Permission.MANAGE_MEMBERS, write=Permission.MANAGE_MEMBERS)
def company_journal(request: SignedInRequest) -> HttpResponse:
    """What happened in the company: who, what, when, from what to what, why."""
    chosen = CompanyJournalFilter(request.GET)
    rows = chosen.narrow(JournalEntry.objects.filter(company=request.company))
    page = page_of(rows, request)
    context = {
        "filter_form": chosen,
        "filtered": chosen.is_narrowed,
        "page": page,
        "lines": in_words(page.rows, staff_names=False),
        "tabs": settings_tabs(request, "settings:journal"),
    }
    return render(request, "settings/journal.html", context)


@staff_view()
def staff_journal(request: SignedInRequest) -> HttpResponse:
    """The whole journal, by person, company, subject and date."""
    chosen = StaffJournalFilter(request.GET)
    page = page_of(chosen.narrow(JournalEntry.objects.all()), request)
    companies = Company.objects.in_bulk({row.company_id for row in page.rows if row.company_id})
    lines = [(line, companies.get(line.company_id or 0)) for line in in_words(page.rows)]
    context = {"filter_form": chosen, "filtered": chosen.is_narrowed, "page": page, "lines": lines}
    return render(request, "staff/journal.html", context)
