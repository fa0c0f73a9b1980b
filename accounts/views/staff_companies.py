"""Companies as staff see them: the list, one company's facts, members and history."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.contrib import messages
from django.db import IntegrityError, models
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.companies import Company, CompanyState
from accounts.company_changes import change_company_data, masked_identity_number, reveal_identity_number
from accounts.company_panels import PANELS
from accounts.forms import StaffCompanyForm
from accounts.journal import JournalEntry
from accounts.journal_words import in_words
from accounts.keyset import page_of
from accounts.look_back import look_back
from accounts.past_companies import companies_at, recall_companies, waiting_at
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

    def narrow(self, companies: models.QuerySet[Company], *, at: dt.datetime | None) -> models.QuerySet[Company]:
        """The companies that fit; as of a past moment by their name, code and state of then."""
        self.is_valid()
        then = "_then" if at is not None else ""
        if text := self.cleaned_data.get("q"):
            companies = companies.filter(
                models.Q(**{f"name{then}__icontains": text}) | models.Q(**{f"credit_code{then}__icontains": text})
            )
        if state := self.cleaned_data.get("state"):
            companies = companies.filter(**{f"state{then}": state})
        return companies

    @property
    def is_narrowed(self) -> bool:
        """Whether anything was chosen."""
        return any(self.data.get(name) for name in self.fields)


@staff_view()
def staff_companies(request: SignedInRequest) -> HttpResponse:
    """Every company, newest first; as they are or as they were."""
    moment = look_back(request, now=timezone.now())
    chosen = CompanyFilter(request.GET)
    known = Company.objects.all() if moment.at is None else companies_at(moment.at)
    companies = chosen.narrow(known.select_related("industry"), at=moment.at)
    page = page_of(companies, request, total=companies.count())
    if moment.at is not None:
        recall_companies(page.rows, at=moment.at)
        waiting = waiting_at(moment.at)
    else:
        waiting = known.filter(state=CompanyState.PENDING).count()
    rows = [
        (company, TONES[CompanyState(company.state)], moment.url(reverse("staff_company", args=[company.ref])))
        for company in page.rows
    ]
    context = {
        "filter_form": chosen,
        "filtered": chosen.is_narrowed,
        "page": page,
        "rows": rows,
        "waiting": waiting,
        "look_back": moment,
        "error_forms": moment.error_forms,
        "clear_url": moment.url(reverse("staff_companies")),
    }
    return render(request, "staff/companies.html", context, status=moment.status)


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
    now = timezone.now()
    moment = look_back(request, now=now)
    history = JournalEntry.objects.filter(company=company).order_by("-at", "-pk")
    if moment.at is not None:
        if company.created_at > moment.at:
            raise Http404
        history = history.filter(at__lte=moment.at)
        recall_companies([company], at=moment.at)
    context: dict[str, Any] = {
        "subject": company,
        "tone": TONES[CompanyState(company.state)],
        "people": company.memberships.select_related("user").order_by("pk"),
        "lines": in_words(history[:TIMELINE_ROWS]),
        "form": form,
        "may_correct": moment.at is None and staff_may(request.user, Permission.LEAD_REVIEWS),
        "may_reveal": moment.at is None and staff_may(request.user, Permission.DECIDE_REVIEWS),
        "identity_number": identity_number,
        "masked_identity": masked_identity_number(company),
        "due_at": waiting_until(company) if moment.at is None else None,
        "panels": [] if moment.failed else [panel(company, moment, now) for panel in PANELS],
        "look_back": moment,
        "companies_url": moment.url(reverse("staff_companies")),
    }
    if moment.failed:
        context["error_forms"] = moment.error_forms
    return render(request, "staff/company.html", context, status=max(status, moment.status))


@staff_view(write=Permission.DECIDE_REVIEWS)
@require_POST
def staff_company_identity(request: SignedInRequest, ref: str) -> HttpResponse:
    """Show an individual's identity number in full, once; the journal keeps who did."""
    company = company_of(ref)
    number = reveal_identity_number(company=company, actor=request.actor, now=timezone.now())
    if not number:
        raise Http404
    return company_page(request, company, form=StaffCompanyForm(company=company), identity_number=number)
