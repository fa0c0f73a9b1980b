"""The company's pages about expediting: asking, and how far the request is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_safe

from accounts.access import (
    Permission,
    SignedInRequest,
    company_role_may,
    company_view,
    enter_company_of,
    require_company_permission,
)
from appeals.expedite.models import ExpediteRequest, ExpediteState
from appeals.expedite.offers import Offer, offer_for, promised_end
from appeals.expedite.requests import NotOffered, ask
from appeals.expedite.subject import title_of
from certification.maintenance.models import Maintenance
from certification.maintenance.views import enter_covered_company
from certification.reviews.models import Review, ReviewState
from certification.reviews.subjects import company_url


class AskForm(forms.Form):
    """Why it is urgent."""

    reason = forms.CharField(
        label=gettext_lazy("Why should it go first?"),
        help_text=gettext_lazy("For example what stands still meanwhile, and since when. The lead reviewer reads it."),
        max_length=1000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[ProhibitNullCharactersValidator()],
    )


def late_thing(request: SignedInRequest, ref: str) -> Review | Maintenance:
    """The person's review or maintenance of this reference, its company entered. Raises Http404 for anybody else's."""
    ref = ref[:12].replace("\0", "")
    reviews = Review.objects.filter(company__memberships__user=request.user).select_related("company__industry")
    review = reviews.filter(ref=ref).first()
    if review is not None:
        enter_company_of(request, review.company_id)
        return review
    maintenance = get_object_or_404(Maintenance.objects.select_related("cause"), ref=ref)
    enter_covered_company(request, maintenance)
    require_company_permission(request, request.resolver_match.func.access)  # type: ignore[union-attr]
    return maintenance


def page_of(thing: Review | Maintenance) -> str | None:
    """The company's own page about it."""
    return reverse("maintenance:detail", args=[thing.ref]) if isinstance(thing, Maintenance) else company_url(thing)


def crumbs(thing: Review | Maintenance, last: str) -> list[dict[str, str]]:
    """The way to a page of this slice: from what is late."""
    return [{"label": title_of(thing), "url": page_of(thing) or reverse("overview")}, {"label": last, "url": ""}]


@company_view()
def expedite_new(request: SignedInRequest) -> HttpResponse:
    """Ask to have a late case put first; before it is late, the page says from when (interface, section 3)."""
    now = timezone.now()
    thing = late_thing(request, request.GET.get("case", ""))
    offer = offer_for(thing, company=request.company, now=now)
    form = AskForm(request.POST if request.method == "POST" else None)
    status = 200
    if request.method == "POST":
        if form.is_valid():
            try:
                made = ask(
                    thing=thing, company=request.company, reason=form.cleaned_data["reason"], asker=request.user,
                    actor=request.actor, now=now,
                )  # fmt: skip
            except NotOffered as late:
                offer = late.offer
            else:
                return redirect("expedite:detail", made.ref)
        # Nothing to correct: what stands against it has come up in the meantime.
        status = 422 if offer.is_possible else 409
    if offer.state == "asked" and offer.request is not None:
        return redirect("expedite:detail", offer.request.ref)
    context = {
        "form": form,
        "offer": offer,
        "title": title_of(thing),
        "thing_url": page_of(thing),
        "may_edit": company_role_may(request.membership.role, Permission.EDIT_COMPANY),
        "breadcrumb": crumbs(thing, _("Expedite")),
        "now": now,
        "kept": form.data.get("reason", "") if form.is_bound and not offer.is_possible else "",
    }
    return render(request, "expedite/new.html", context, status=status)


@dataclass(frozen=True)
class Step:
    """One step of a request."""

    label: str
    state: str
    at: Any = None
    hint: str = ""


def steps_of(request: ExpediteRequest, offer: Offer) -> list[Step]:
    """Asked, decided by the lead, over."""
    settled = request.state != ExpediteState.REQUESTED
    steps = [Step(_("Asked"), "done", request.requested_at)]
    steps.append(Step(str(request.get_state_display()), "done" if settled else "current", request.settled_at))
    if request.state in (ExpediteState.REQUESTED, ExpediteState.GRANTED):
        over = offer.state == "over"
        label = _("The maintenance ends") if offer.is_maintenance else _("The review is decided")
        steps.append(Step(label, "done" if over else ("current" if settled else "todo")))
    return steps


@company_view()
@require_safe
def expedite_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """A request: with whom it is, until when, what came of it. Reloading asks nothing again."""
    now = timezone.now()
    rows = ExpediteRequest.objects.for_user(request.user).select_related(
        "company__industry", "review__company__industry", "maintenance__cause", "case", "requested_by"
    )
    asked = get_object_or_404(rows, ref=ref)
    enter_company_of(request, asked.company_id)
    thing = asked.thing
    case = asked.case
    answer = case.decision_text if case is not None and case.state == ReviewState.DECIDED else ""
    offer = offer_for(thing, company=asked.company, now=now)
    context = {
        "asked": asked,
        "offer": offer,
        "steps": steps_of(asked, offer),
        "title": title_of(thing),
        "thing_url": page_of(thing),
        "promised": promised_end(thing),
        "case": case,
        "answer": "" if answer == "approved" else answer,
        "may_edit": company_role_may(request.membership.role, Permission.EDIT_COMPANY),
        "breadcrumb": crumbs(thing, _("Expedite")),
        "now": now,
    }
    return render(request, "expedite/detail.html", context)
