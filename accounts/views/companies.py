"""A company's pages about itself: registering, waiting, correcting, its data."""

from __future__ import annotations

import datetime as dt
from email.utils import parseaddr
from typing import Any

from django.conf import settings
from django.contrib import messages
from django.db import IntegrityError
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts.access import (
    Permission,
    SignedInRequest,
    company_role_may,
    company_view,
    enter_company_of,
    signed_in,
    switch_company,
)
from accounts.companies import Company, CompanyState
from accounts.company_changes import (
    FREE_FIELDS,
    VerifiedDataLocked,
    change_company_data,
    masked_identity_number,
    reveal_identity_number,
)
from accounts.forms import CompanyForm, ContactForm
from accounts.invitations import open_invitations_of
from accounts.registration import hand_in_again, register_company, waiting_until
from accounts.views.settings_menu import settings_tabs


def own_company(request: SignedInRequest, ref: str) -> Company:
    """The company of the address, entered; 404 for those who are not its members."""
    company = Company.objects.for_user(request.user).select_related("industry").filter(ref=ref).first()
    if company is None:
        raise Http404
    enter_company_of(request, company.pk)
    return company


@signed_in
def company_create(request: SignedInRequest) -> HttpResponse:
    """Register a company, its first member being oneself."""
    initial = {"contact_name": request.user.name, "contact_email": request.user.email}
    form = CompanyForm(request.POST if request.method == "POST" else None, initial=initial, by=request.user)
    status = 200
    if request.method == "POST":
        if form.is_valid() and (company := try_to_register(request, form)):
            return redirect("company_registered", ref=company.ref)
        status = 422
    invitations = open_invitations_of(request.user, now=timezone.now())
    return render(request, "companies/create.html", {"form": form, "invitations": invitations}, status=status)


def try_to_register(request: SignedInRequest, form: CompanyForm) -> Company | None:
    """Register what the form holds; None, with the reason at its field, when somebody else was faster."""
    try:
        return register_company(
            company=form.save(commit=False),
            owner=request.user,
            actor=request.actor,
            now=timezone.now(),
            identity_number=form.cleaned_data["identity_number"],
        )
    except IntegrityError:
        form.add_error("credit_code", _("A company with this credit code was registered a moment ago."))
        return None


@company_view()
def company_registered(request: SignedInRequest, ref: str) -> HttpResponse:
    """Where the company stands: waiting and until when, verified, or refused and why."""
    company = own_company(request, ref)
    return render(
        request,
        "companies/registered.html",
        {"subject": company, "due_day": last_day(company), "next_steps": next_steps(company)},
    )


def last_day(company: Company) -> dt.date | None:
    """The last day of the promise to verify: promises in working days end with the local day."""
    until = waiting_until(company)
    return company.today(until - dt.timedelta(microseconds=1)) if until else None


def next_steps(company: Company) -> list[str]:
    """What happens next, in sentences."""
    if company.state == CompanyState.PENDING:
        return [
            _("A reviewer compares the company's data with public records."),
            _("You get an e-mail with the result; it also appears in your inbox."),
            _("You can prepare numbers and materials now; applications can be sent once the company is verified."),
        ]
    if company.state == CompanyState.REFUSED:
        return [_("Correct the data and hand it in again; nothing else is lost.")]
    return [_("Upload the required materials, add your numbers, then apply for their certification.")]


@company_view()
def company_correct(request: SignedInRequest, ref: str) -> HttpResponse:
    """Correct the data of a company that is not verified and hand it in (again)."""
    company = own_company(request, ref)
    if company.is_verified:
        return redirect("settings:company")
    form = CompanyForm(request.POST if request.method == "POST" else None, instance=company, by=request.user)
    status = 200
    if request.method == "POST":
        if form.is_valid() and try_to_hand_in(request, form, ref):
            return redirect("company_registered", ref=ref)
        status = 422
    # The form has written into its instance; the page shows what is stored.
    stored = own_company(request, ref)
    context = {"form": form, "subject": stored, "masked_identity": masked_identity_number(stored)}
    return render(request, "companies/correct.html", context, status=status)


def try_to_hand_in(request: SignedInRequest, form: CompanyForm, ref: str) -> bool:
    """Hand in what the form holds; False, with the reason in the form, when that is not possible (any more)."""
    number = form.cleaned_data["identity_number"]
    try:
        hand_in_again(
            company=own_company(request, ref),
            values=form.values(),
            by=request.user,
            actor=request.actor,
            now=timezone.now(),
            identity_number=number if number or form.cleaned_data["credit_code"] else None,
        )
    except IntegrityError:
        form.add_error("credit_code", _("A company with this credit code was registered a moment ago."))
    except VerifiedDataLocked:
        form.add_error(None, _("The company was verified in the meantime. Its data can no longer be changed here."))
    else:
        return True
    return False


@company_view()
def company_settings(request: SignedInRequest) -> HttpResponse:
    """The company's own data: what it may change, and what staff have verified."""
    form = ContactForm(
        request.POST if request.method == "POST" else None, instance=Company.objects.get(pk=request.company.pk)
    )
    if request.method != "POST":
        return company_page(request, form)
    if not form.is_valid():
        return company_page(request, form, status=422)
    changed = change_company_data(
        company=request.company,
        values={name: form.cleaned_data[name] for name in FREE_FIELDS},
        actor=request.actor,
        now=timezone.now(),
    )
    if changed:
        messages.success(request, _("Saved."))
    return redirect("settings:company")


def company_page(
    request: SignedInRequest, form: ContactForm, *, status: int = 200, identity_number: str = ""
) -> HttpResponse:
    """The page of the company's data, after a look or a failed change."""
    context: dict[str, Any] = {
        "form": form,
        "subject": request.company,
        "identity_number": identity_number,
        "masked_identity": masked_identity_number(request.company),
        "may_edit": company_role_may(request.membership.role, Permission.EDIT_COMPANY),
        "tabs": settings_tabs(request, "settings:company"),
        "due_day": last_day(request.company),
        "support_email": getattr(settings, "SUPPORT_EMAIL", "") or parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
    }
    return render(request, "settings/company.html", context, status=status)


@company_view()
@require_POST
def company_identity(request: SignedInRequest) -> HttpResponse:
    """Show the identity number in full, once; the journal keeps who did."""
    number = reveal_identity_number(company=request.company, actor=request.actor, now=timezone.now())
    if not number:
        raise Http404
    return company_page(
        request, ContactForm(instance=Company.objects.get(pk=request.company.pk)), identity_number=number
    )


@signed_in
@require_POST
def company_switch(request: SignedInRequest) -> HttpResponse:
    """Look at another of one's own companies."""
    ref = request.POST.get("company", "")
    company = Company.objects.for_user(request.user).filter(ref=ref).first() if "\x00" not in ref else None
    if company is None:
        raise Http404
    switch_company(user=request.user, company_id=company.pk)
    return redirect("overview")
