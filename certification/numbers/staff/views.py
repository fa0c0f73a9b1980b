"""The numbers of all companies for staff: found, read, looked back at; a whole number is shown on request only."""

from __future__ import annotations

import datetime as dt

from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.keyset import keyset_page
from accounts.look_back import look_back
from certification.maintenance.facts import StatusFacts, facts_for
from certification.maintenance.status import give_status, with_status
from certification.numbers.models import PhoneNumber
from certification.numbers.pages import Crumb
from certification.numbers.panels import staff_panels_of
from certification.numbers.registry import reveal_number
from certification.numbers.shapes import dialled, mask_number
from certification.numbers.staff.listing import NumberFilter
from certification.timeline.of_maintenance import differing
from certification.timeline.reading import timeline_of
from certification.timeline.sources import About

#: Events on a number's page.
EVENTS = 20


@staff_view()
@require_GET
def number_list(request: SignedInRequest) -> HttpResponse:
    """Every company's numbers in order of entry, as they are or as they were."""
    now = timezone.now()
    moment = look_back(request, now=now)
    chosen = NumberFilter(request.GET)
    numbers = chosen.narrow(at=moment.at).select_related("company__industry", "provider", "group")
    page = keyset_page(
        numbers.none() if moment.failed else numbers, request, order=chosen.order, kinds=[int] * len(chosen.order)
    )
    if moment.at is None and page.rows:
        give_status(page.rows)
    facts = facts_for(page.rows, now=now, at=moment.at)
    count = len(page.rows)
    page.total_label = ngettext("%(count)d number on this page", "%(count)d numbers on this page", count) % {
        "count": count
    }
    context = {
        "page": page,
        "rows": [
            (number, facts[number.pk], moment.url(reverse("staff_numbers:detail", args=[number.ref])))
            for number in page.rows
        ],
        "filter_form": chosen,
        "filtered": chosen.is_narrowed,
        "look_back": moment,
        "clear_url": moment.url(reverse("staff_numbers:list")),
        "error_forms": [*moment.error_forms, *([chosen] if chosen.errors else [])],
        "now": moment.at or now,
    }
    return render(request, "numbers/staff/list.html", context, status=422 if chosen.errors else moment.status)


def number_or_404(ref: str) -> PhoneNumber:
    """The number of the address, whoever holds or held it."""
    rows = with_status(PhoneNumber.objects.all()).select_related("company__industry", "provider", "group", "backup_of")
    return get_object_or_404(rows, ref=ref)


@staff_view()
@require_GET
def number_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One number: what holds or held, who holds and held it, and everything that happened to it."""
    return number_page(request, number_or_404(ref))


@staff_view(write=Permission.DECIDE_REVIEWS)
@require_POST
def number_reveal(request: SignedInRequest, ref: str) -> HttpResponse:
    """The same page with the whole number, once; who looked is written to the journal."""
    number = number_or_404(ref)
    whole = reveal_number(number=number, actor=request.actor, now=timezone.now())
    response = number_page(request, number, revealed=dialled(whole))
    response.headers["Cache-Control"] = "no-store, private"
    return response


def number_page(request: SignedInRequest, number: PhoneNumber, *, revealed: str = "") -> HttpResponse:
    """The page of one number, at present or as of the moment that the address names."""
    now = timezone.now()
    moment = look_back(request, now=now)
    same = PhoneNumber.objects.filter(number=number.number).select_related("company__industry").order_by("-created_at")
    holders = [row for row in same if moment.at is None or row.created_at <= moment.at or row.pk == number.pk]
    shown, facts = number, None
    if moment.at is not None:
        then = with_status(PhoneNumber.objects.filter(pk=number.pk).held_at(moment.at), at=moment.at)
        found = then.select_related("company__industry", "provider", "group", "backup_of").first()
        if found is not None:
            shown, facts = found, facts_of(found, moment.at, now=now)
    elif number.released_at is None and not moment.failed:
        facts = facts_of(number, None, now=now)
    masked = mask_number(number.number)
    context = {
        "number": shown,
        "facts": facts,
        "held_since": differing(facts.held_since, facts.since) if facts else None,
        "masked": masked,
        "revealed": revealed,
        "holders": [(row, moment.url(reverse("staff_numbers:detail", args=[row.ref]))) for row in holders],
        "timeline": timeline_of(
            About(number.company, tuple(holders), for_staff=True, until=moment.at), request, size=EVENTS
        ),
        "look_back": moment,
        "error_forms": moment.error_forms,
        "panels": staff_panels_of(number, now) if moment.at is None and not moment.failed else [],
        "may_decide": staff_may(request.user, Permission.DECIDE_REVIEWS),
        "may_reveal": staff_may(request.user, Permission.DECIDE_REVIEWS) and moment.at is None,
        "company_url": moment.url(reverse("staff_company", args=[number.company.ref])),
        "breadcrumb": [Crumb(_("Numbers"), moment.url(reverse("staff_numbers:list"))), Crumb(masked)],
        "now": moment.at or now,
    }
    return render(request, "numbers/staff/detail.html", context, status=moment.status)


def facts_of(number: PhoneNumber, at: dt.datetime | None, *, now: dt.datetime) -> StatusFacts:
    """The four facts of one number, without the next actions: those are its company's."""
    facts = facts_for([number], now=now, at=at)[number.pk]
    facts.action_label, facts.action_url = "", None
    return facts
