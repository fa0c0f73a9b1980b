"""Taking certifications away: a lead reviewer chooses the numbers and the reason, sees what the company will read, confirms."""

from __future__ import annotations

from django import forms
from django.contrib import messages
from django.core.validators import ProhibitNullCharactersValidator
from django.db.models import Q, QuerySet
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.access import Permission, SignedInRequest, staff_view
from accounts.companies import Company
from accounts.keyset import keyset_page
from certification.applications.revocation import revoke
from certification.maintenance.facts import last_day_of_term
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews.forms import SearchInput


class RevocationFilterForm(forms.Form):
    """What narrows the company's certified numbers."""

    q = forms.CharField(label=gettext_lazy("Number or alias"), max_length=60, required=False, widget=SearchInput)


class RevocationForm(forms.Form):
    """Why the certifications are taken away."""

    reason = forms.CharField(
        label=gettext_lazy("Reason"),
        help_text=gettext_lazy("The company reads it as it stands."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[ProhibitNullCharactersValidator()],
    )


@staff_view(read=Permission.LEAD_REVIEWS, write=Permission.LEAD_REVIEWS)
def revocation(request: SignedInRequest, ref: str) -> HttpResponse:
    """Choose, preview, confirm. Numbers that are not certified any more are left alone."""
    company = get_object_or_404(Company.objects.select_related("industry"), ref=ref)
    certified = PhoneNumber.objects.of_company(company).filter(lifecycle=Lifecycle.CERTIFIED)
    filter_form = RevocationFilterForm(request.GET)
    rows = certified
    if filter_form.is_valid() and (text := filter_form.cleaned_data["q"].strip()):
        rows = rows.filter(Q(number__contains=text.lstrip("0") or text) | Q(alias__icontains=text))
    page = keyset_page(rows.select_related("company", "group", "provider"), request, order=("id",), kinds=(int,))
    form = RevocationForm(request.POST if request.method == "POST" else None)
    refs = request.POST.getlist("number")[:1000]
    chosen = certified.filter(ref__in=refs)
    status = 200
    if request.method == "POST":
        count = chosen.count()
        if form.is_valid() and not count:
            form.add_error(None, _("Tick at least one certified number."))
        if form.is_valid() and "confirm" in request.POST:
            return finish(request, company, chosen, form.cleaned_data["reason"])
        if form.is_valid() and "change" not in request.POST:
            context = {
                "company_shown": company,
                "form": form,
                "count": count,
                "numbers": chosen.order_by("pk")[:50],
                "refs": refs,
                "breadcrumb": crumbs(company),
            }
            return render(request, "reviews/revocation_preview.html", context)
        status = 200 if form.is_valid() else 422
    page.total_label = ngettext("%(count)s number", "%(count)s numbers", rows.count()) % {"count": rows.count()}
    context = {
        "company_shown": company,
        "form": form,
        "filter": filter_form,
        "page": page,
        "rows": [(number, last_day_of_term(number)) for number in page.rows],
        "ticked": set(refs),
        "breadcrumb": crumbs(company),
    }
    return render(request, "reviews/revocation.html", context, status=status)


def crumbs(company: Company) -> list[dict[str, str]]:
    """The way to the page."""
    return [
        {"label": _("Companies"), "url": reverse("staff_companies")},
        {"label": company.name, "url": reverse("staff_company", args=[company.ref])},
        {"label": _("Revoke certifications")},
    ]


def finish(request: SignedInRequest, company: Company, numbers: QuerySet[PhoneNumber], reason: str) -> HttpResponse:
    """Revoke, say how many, and show what is left."""
    count = revoke(company=company, numbers=numbers, actor=request.actor, now=timezone.now(), reason=reason)
    words = ngettext("%(count)s certification was revoked.", "%(count)s certifications were revoked.", count)
    messages.success(request, words % {"count": count})
    return redirect("reviews:revocation", ref=company.ref)
