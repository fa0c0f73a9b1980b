"""Companies as staff see them: the list, one company's facts, members and history."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.companies import Company, CompanyState
from accounts.company_changes import change_company_data, masked_identity_number, reveal_identity_number
from accounts.forms import StaffCompanyForm
from accounts.journal import JournalEntry
from accounts.journal_words import in_words
from accounts.keyset import page_of
from accounts.registration import waiting_until

#: Rows of the journal on a company's page; the rest is one link away.
TIMELINE_ROWS = 30
TONES = {CompanyState.PENDING: "blue", CompanyState.VERIFIED: "green", CompanyState.REFUSED: "red"}


class CompanyFilter(forms.Form):
    """Search by name or credit code, narrow by state."""

    q = forms.CharField(label=gettext_lazy("Name or credit code"), required=False, max_length=120)
    state = forms.ChoiceField(
        label=gettext_lazy("State"),
        required=False,
        choices=lambda: [("", gettext_lazy("All states")), *CompanyState.choices],
    )

    def narrow(self, companies: models.QuerySet[Company]) -> models.QuerySet[Company]:
        """The companies that fit."""
        self.is_valid()
        if text := self.cleaned_data.get("q"):
            companies = companies.filter(models.Q(name__icontains=text) | models.Q(credit_code__icontains=text))
        if state := self.cleaned_data.get("state"):
            companies = companies.filter(state=state)
        return companies

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return any(self.data.get(name) for name in self.fields)


@staff_view()
def staff_companies(request: SignedInRequest) -> HttpResponse:
    """Every company, newest first."""
    chosen = CompanyFilter(request.GET)
    companies = chosen.narrow(Company.objects.select_related("industry"))
    page = page_of(companies, request, total=companies.count())
    rows = [(company, TONES[CompanyState(company.state)]) for company in page.rows]
    waiting = Company.objects.filter(state=CompanyState.PENDING).count()
    context = {"filter_form": chosen, "filtered": chosen.is_narrowed, "page": page, "rows": rows, "waiting": waiting}
    return render(request, "staff/companies.html", context)


@staff_view(write=Permission.LEAD_REVIEWS)
def staff_company(request: SignedInRequest, ref: str) -> HttpResponse:
    """One company: facts, members, history; a lead reviewer corrects what was verified."""
    company = company_of(ref)
    form = StaffCompanyForm(request.POST if request.method == "POST" else None, company=company)
    if request.method == "POST":
        if form.is_valid() and try_to_correct(request, company, form):
            messages.success(request, _("Saved. The company sees the change and its reason in its journal."))
            return redirect("staff_company", ref=ref)
        return company_page(request, company_of(ref), form=form, status=422)
    return company_page(request, company, form=form)


def company_of(ref: str) -> Company:
    """The company of the address, whoever its members are."""
    return get_object_or_404(Company.objects.select_related("industry", "created_by"), ref=ref)


def try_to_correct(request: SignedInRequest, company: Company, form: StaffCompanyForm) -> bool:
    """Store what the form holds; False, with the reason at its field, when the code was taken meanwhile."""
    values: dict[str, Any] = {
        name: form.cleaned_data[name] for name in ("name", "credit_code", "industry") if name in form.fields
    }
    try:
        change_company_data(
            company=company,
            values=values,
            actor=request.actor,
            now=timezone.now(),
            by_staff=True,
            reason=form.cleaned_data["reason"],
        )
    except IntegrityError:
        form.add_error("credit_code", _("Another company is registered with this credit code."))
        return False
    return True


def company_page(
    request: SignedInRequest,
    company: Company,
    *,
    form: StaffCompanyForm,
    status: int = 200,
    identity_number: str = "",
) -> HttpResponse:
    """The page, after a look or a failed change."""
    history = JournalEntry.objects.filter(company=company).order_by("-at", "-pk")[:TIMELINE_ROWS]
    context: dict[str, Any] = {
        "subject": company,
        "tone": TONES[CompanyState(company.state)],
        "people": company.memberships.select_related("user").order_by("pk"),
        "lines": in_words(history),
        "form": form,
        "may_correct": staff_may(request.user, Permission.LEAD_REVIEWS),
        "may_reveal": staff_may(request.user, Permission.DECIDE_REVIEWS),
        "identity_number": identity_number,
        "masked_identity": masked_identity_number(company),
        "due_at": waiting_until(company),
    }
    return render(request, "staff/company.html", context, status=status)


@staff_view(write=Permission.DECIDE_REVIEWS)
@require_POST
def staff_company_identity(request: SignedInRequest, ref: str) -> HttpResponse:
    """Show an individual's identity number in full, once; the journal keeps who did."""
    company = company_of(ref)
    number = reveal_identity_number(company=company, actor=request.actor, now=timezone.now())
    if not number:
        raise Http404
    return company_page(request, company, form=StaffCompanyForm(company=company), identity_number=number)
