"""The queue: what waits for staff, narrowed by the address, and "claim next"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.keyset import keyset_page
from certification.reviews import desk
from certification.reviews.due_times import shown
from certification.reviews.forms import QueueFilterForm
from certification.reviews.models import Review
from certification.reviews.queue import AT_RISK, ORDER, ORDER_KINDS, queue_for
from certification.reviews.subjects import closed_to

#: Counting stops here: beyond it nobody needs to know how many exactly.
MOST_COUNTED = 1000


def total_words(count: int) -> str:
    """How many cases there are."""
    if count > MOST_COUNTED:
        return _("More than %(count)s cases") % {"count": MOST_COUNTED}
    return ngettext("%(count)s case", "%(count)s cases", count) % {"count": count}


def row_of(review: Review, *, now: dt.datetime, user_id: int, closed: Sequence[str]) -> dict[str, Any]:
    """What the queue says of one case; `closed` names the subjects that take another role than the reader's."""
    idle = review.claimed_by is not None and desk.is_idle(review, now)
    return {
        "review": review,
        "due": shown(review.due_at, review.company.zone),
        "is_late": review.due_at <= now,
        "is_at_risk": now < review.due_at <= now + AT_RISK,
        "is_mine": review.claimed_by_id == user_id,
        "is_idle": idle,
        "can_claim": review.subject not in closed
        and review.submitted_by_id != user_id
        and (review.claimed_by is None or idle),
    }


@staff_view()
def queue(request: SignedInRequest) -> HttpResponse:
    """The open cases in the order in which they are taken."""
    now = timezone.now()
    form = QueueFilterForm(request.GET)
    everything = queue_for(request.user)
    rows = form.chosen().apply(everything, user=request.user, now=now)
    listed = rows.select_related("company__industry", "claimed_by")
    page = keyset_page(listed, request, order=ORDER, kinds=ORDER_KINDS)
    count = rows.order_by()[: MOST_COUNTED + 1].count()
    page.total_label = total_words(count)
    closed = closed_to(request.user)
    filters = {key: value for key, value in request.GET.items() if value and key not in ("after", "before")}
    return render(
        request,
        "reviews/queue.html",
        {
            "form": None,
            "filter": form,
            "page": page,
            "rows": [row_of(review, now=now, user_id=request.user.pk, closed=closed) for review in page.rows],
            "now": now,
            "count": count,
            "is_filtered": bool(filters),
            "sentence": sentence(everything, now),
            "may_decide": staff_may(request.user, Permission.DECIDE_REVIEWS),
            "next_url": f"{reverse('reviews:next')}?{urlencode(filters)}" if filters else reverse("reviews:next"),
        },
    )


def sentence(everything: Any, now: dt.datetime) -> str:
    """What is late, and what comes first."""
    late = everything.order_by().filter(due_at__lte=now)[: MOST_COUNTED + 1].count()
    if late:
        return ngettext("%(count)s case is overdue.", "%(count)s cases are overdue.", late) % {"count": late}
    soon = everything.order_by().filter(due_at__lte=now + AT_RISK)[: MOST_COUNTED + 1].count()
    if soon:
        return ngettext(
            "Nothing is overdue; %(count)s case is due within 24 hours.",
            "Nothing is overdue; %(count)s cases are due within 24 hours.",
            soon,
        ) % {"count": soon}
    return _("Nothing is overdue, and nothing is due within 24 hours.")


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def claim_next(request: SignedInRequest) -> HttpResponse:
    """Claim the first free case of the queue as it is narrowed, and open it."""
    now = timezone.now()
    form = QueueFilterForm(QueryDict(request.META.get("QUERY_STRING", "")))
    rows = form.chosen().apply(queue_for(request.user), user=request.user, now=now)
    review = desk.claim_next(queue=rows, reviewer=request.user, actor=request.actor, now=now)
    if review is None:
        messages.info(request, _("No free case is left here."))
        return redirect(f"{reverse('reviews:queue')}?{request.META.get('QUERY_STRING', '')}".rstrip("?"))
    return redirect("reviews:case", ref=review.ref)
