"""What staff see of the mails: what waits, what failed with the server's answer, what was delivered today."""

from __future__ import annotations

from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.conf import settings
from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.delivery import MailOutage, resend
from accounts.keyset import page_of
from accounts.mails import address_of
from accounts.notices import KINDS, Notice
from accounts.views.settings_menu import Tab
from accounts.working_days import start_of_day


@dataclass(frozen=True)
class Delivery:
    """One row of the list."""

    notice: Notice
    label: str | Promise
    address: str


@staff_view()
def staff_deliveries(request: SignedInRequest) -> HttpResponse:
    """The outbox as staff see it."""
    now = timezone.now()
    zone = ZoneInfo(settings.TIME_ZONE)
    groups = {
        "failed": Notice.objects.filter(failed_at__isnull=False),
        "waiting": Notice.objects.waiting(),
        "delivered": Notice.objects.filter(delivered_at__gte=start_of_day(now.astimezone(zone).date(), zone)),
    }
    labels = {"failed": _("Failed"), "waiting": _("Waiting"), "delivered": _("Delivered today")}
    counts = {name: rows.count() for name, rows in groups.items()}
    show = request.GET.get("show", "")
    if show not in groups:
        show = "failed" if counts["failed"] or not counts["waiting"] else "waiting"
    page = page_of(groups[show].select_related("recipient", "company"), request, total=counts[show])
    context = {
        "show": show,
        "counts": counts,
        "outage": MailOutage.objects.first(),
        "page": page,
        "rows": [
            Delivery(notice, KINDS[notice.kind].label if notice.kind in KINDS else notice.kind, address_of(notice))
            for notice in page.rows
        ],
        "tabs": [Tab(f"?show={name}", labels[name], name == show, counts[name]) for name in groups],
        "may_resend": staff_may(request.user, Permission.PLAN_TECHNICAL),
        "now": now,
    }
    return render(request, "staff/deliveries.html", context)


@staff_view(write=Permission.PLAN_TECHNICAL)
@require_POST
def staff_deliveries_resend(request: SignedInRequest) -> HttpResponse:
    """Have one failed mail (`ref`), or all of them (`all`), tried again."""
    failed = Notice.objects.filter(failed_at__isnull=False)
    if "all" not in request.POST:
        failed = failed.filter(ref=request.POST.get("ref", ""))
    count = resend(notices=failed, actor=request.actor, now=timezone.now())
    if count:
        messages.success(
            request,
            ngettext("%(count)d mail is sent again.", "%(count)d mails are sent again.", count) % {"count": count},
        )
    else:
        messages.info(request, _("This mail is not among the failed ones any more."))
    return redirect("staff_deliveries")
