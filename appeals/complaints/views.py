"""The company's page of complaints: which number, when, where, about what; never who complained."""

from __future__ import annotations

import datetime as dt

from django.db.models import Count
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_safe

from accounts.access import SignedInRequest, company_view, enter_company_of
from accounts.keyset import keyset_page
from appeals.complaints.models import Complaint
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number

ORDER, ORDER_KINDS = ("-at", "-id"), (dt.datetime, int)


@company_view()
@require_safe
def complaint_list(request: SignedInRequest) -> HttpResponse:
    """The company's complaints, newest first; of one number where the address names it."""
    now = timezone.now()
    chosen = None
    if ref := request.GET.get("number", "")[:12].replace("\0", ""):
        chosen = get_object_or_404(PhoneNumber.objects.for_user(request.user).select_related("company"), ref=ref)
        enter_company_of(request, chosen.company_id)
    rows = Complaint.objects.filter(company=request.company)
    if chosen is not None:
        rows = rows.filter(number=chosen)
    page = keyset_page(
        rows.select_related("number", "platform").defer("evidence"), request, order=ORDER, kinds=ORDER_KINDS
    )
    page.total_label = ngettext(
        "%(count)d complaint on this page", "%(count)d complaints on this page", len(page.rows)
    ) % {"count": len(page.rows)}
    today = request.company.today(now)
    begun = dt.datetime.combine(today, dt.time(), request.company.zone)
    counted = rows.filter(at__gte=begun, day=today).aggregate(
        complaints=Count("pk"), numbers=Count("number", distinct=True)
    )
    masked = (chosen.alias or mask_number(chosen.number)) if chosen else ""
    numbers = {"label": _("Numbers"), "url": reverse("numbers:list")}
    own = {"label": masked, "url": reverse("numbers:detail", args=[chosen.ref])} if chosen else None
    context = {
        "page": page,
        "chosen": chosen,
        "today": counted["complaints"],
        "today_numbers": counted["numbers"],
        "breadcrumb": [numbers, *([own] if own else []), {"label": _("Complaints"), "url": ""}],
    }
    return render(request, "complaints/list.html", context)
