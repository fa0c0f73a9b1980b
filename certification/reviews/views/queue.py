"""The queue: what waits for staff, narrowed by the address, and "claim next"."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from accounts.companies import Company
from accounts.keyset import keyset_page
from accounts.look_back import look_back
from accounts.past_companies import recall_companies
from certification.reviews import desk
from certification.reviews.due_times import shown
from certification.reviews.forms import QueueFilterForm
from certification.reviews.models import Review
from certification.reviews.past_queue import ORDER_THEN, is_late, listed_at, narrowed, queue_at, recall_reviews
from certification.reviews.queue import (
    AT_RISK,
    MOST_COUNTED,
    ORDER,
    ORDER_KINDS,
    QueueFilter,
    count_overdue,
    counted,
    listed,
    queue_for,
)
from certification.reviews.refusals import say_pause
from certification.reviews.subjects import closed_to

#: What in the address of the queue is no filter.
NO_FILTERS = ("after", "before", "since", "known", "at")


def total_words(count: int) -> str:
    """How many cases there are."""
    if count > MOST_COUNTED:
        return _("More than %(count)s cases") % {"count": MOST_COUNTED}
    return ngettext("%(count)s case", "%(count)s cases", count) % {"count": count}


def row_of(
    review: Review, *, now: dt.datetime, user_id: int, closed: Sequence[str], then: bool = False
) -> dict[str, Any]:
    """What the queue says of one case; `closed` names the subjects that take another role than the reader's.

    `then`: it is one of a past moment, of which nobody knows whether its holder was away.
    """
    idle = not then and review.claimed_by is not None and desk.is_idle(review, now)
    pauses = review.open_pauses  # type: ignore[attr-defined]
    late = review.overdue_since is not None or (review.due_at <= now and not pauses)
    return {
        "review": review,
        "due": shown(review.due_at, review.company.zone),
        "is_late": late,
        "is_at_risk": not late and not pauses and review.due_at <= now + AT_RISK,
        "paused": say_pause(pauses[0]) if pauses else "",
        "is_mine": review.claimed_by_id == user_id,
        "is_idle": idle,
        "can_claim": review.subject not in closed
        and review.submitted_by_id != user_id
        and (review.claimed_by is None or idle),
    }


def filters_of(query: QueryDict) -> dict[str, str]:
    """What narrows the queue, as it stands in the address."""
    return {key: str(value) for key, value in query.items() if value and key not in NO_FILTERS}


def with_filters(view: str, filters: dict[str, str], **more: str) -> str:
    """The address of a view of the queue with the same filters."""
    query = urlencode({**filters, **more})
    return f"{reverse(view)}?{query}" if query else reverse(view)


@staff_view()
def queue(request: SignedInRequest) -> HttpResponse:
    """The open cases in the order in which they are taken, as they are or as they were."""
    now = timezone.now()
    moment = look_back(request, now=now)
    form = QueueFilterForm(request.GET)
    filters = filters_of(request.GET)
    chosen = form.chosen()
    without_company = {key: value for key, value in filters.items() if key != "company"}
    context: dict[str, Any] = {
        "form": None,
        "filter": form,
        "is_filtered": bool(filters),
        "only_company": Company.objects.filter(ref=chosen.company).first(),
        "all_companies_url": moment.url(reverse("reviews:queue"), without_company),
        "clear_url": moment.url(reverse("reviews:queue")),
        "look_back": moment,
        "error_forms": moment.error_forms,
        "now": moment.at or now,
    }
    if moment.at is not None:
        if context["only_company"] is not None:
            recall_companies([context["only_company"]], at=moment.at)
        context |= queue_then(request, chosen, moment.at)
    elif not moment.failed:
        context |= queue_now(request, chosen, filters, now)
    return render(request, "reviews/queue.html", context, status=moment.status)


def queue_now(
    request: SignedInRequest, chosen: QueueFilter, filters: dict[str, str], now: dt.datetime
) -> dict[str, Any]:
    """What waits at present, with what the reader can do about it."""
    everything = queue_for(request.user)
    rows = chosen.apply(everything, user=request.user, now=now)
    page = keyset_page(listed(rows), request, order=ORDER, kinds=ORDER_KINDS)
    count = counted(rows)
    page.total_label = total_words(count)
    closed = closed_to(request.user)
    may_decide = staff_may(request.user, Permission.DECIDE_REVIEWS)
    return {
        "page": page,
        "rows": [row_of(review, now=now, user_id=request.user.pk, closed=closed) for review in page.rows],
        "count": count,
        "sentence": sentence(everything, now),
        "may_decide": may_decide,
        "may_lead": staff_may(request.user, Permission.LEAD_REVIEWS),
        "next_url": with_filters("reviews:next", filters),
        "news_url": with_filters("reviews:news", filters, since=now.isoformat()),
        # Cases of one company and one kind can be decided together.
        "can_select": may_decide and bool(chosen.company and chosen.kind),
    }


def queue_then(request: SignedInRequest, chosen: QueueFilter, at: dt.datetime) -> dict[str, Any]:
    """What waited at the moment, to be read only."""
    everything = queue_at(request.user, at)
    rows = narrowed(chosen, everything, user=request.user, at=at)
    page = keyset_page(listed_at(rows, at), request, order=ORDER_THEN, kinds=ORDER_KINDS)
    recall_reviews(page.rows, at=at)
    page.total_label = total_words(counted(rows))
    return {
        "page": page,
        "rows": [row_of(review, now=at, user_id=request.user.pk, closed=(), then=True) for review in page.rows],
        "sentence": sentence_then(everything, at),
    }


@require_safe
@staff_view()
def news(request: SignedInRequest) -> HttpResponse:
    """How many cases came into the queue, as it is narrowed, since it was shown; asked for by the page itself.

    The rows stay as they are until the reader asks for the new ones.
    """
    now = timezone.now()
    try:
        since = parse_datetime(request.GET.get("since", "").replace(" ", "+"))
    except ValueError:
        since = None
    if since is None or since.tzinfo is None:
        return HttpResponse(status=204)
    rows = QueueFilterForm(request.GET).chosen().apply(queue_for(request.user), user=request.user, now=now)
    count = counted(rows.filter(opened_at__gt=since).order_by("opened_at"))
    if str(count) == request.GET.get("known", "0"):
        return HttpResponse(status=204)
    filters = filters_of(request.GET)
    context = {
        "new": count,
        "new_label": new_words(count),
        "queue_url": with_filters("reviews:queue", filters),
        "news_url": with_filters("reviews:news", filters, since=since.isoformat(), known=str(count)),
    }
    return render(request, "reviews/_news.html", context)


def new_words(count: int) -> str:
    """How many cases are new."""
    if count > MOST_COUNTED:
        return _("More than %(count)s new cases") % {"count": MOST_COUNTED}
    return ngettext("%(count)s new case", "%(count)s new cases", count) % {"count": count}


def sentence(everything: Any, now: dt.datetime) -> str:
    """What is late, and what comes first."""
    late = count_overdue(everything, now)
    if late > MOST_COUNTED:
        return _("More than %(count)s cases are overdue.") % {"count": MOST_COUNTED}
    if late:
        return ngettext("%(count)s case is overdue.", "%(count)s cases are overdue.", late) % {"count": late}
    soon = counted(everything.filter(due_at__gt=now, due_at__lte=now + AT_RISK).order_by("due_at", "id"))
    if soon:
        return ngettext(
            "Nothing is overdue; %(count)s case is due within 24 hours.",
            "Nothing is overdue; %(count)s cases are due within 24 hours.",
            soon,
        ) % {"count": soon}
    return _("Nothing is overdue, and nothing is due within 24 hours.")


def sentence_then(everything: QuerySet[Review], at: dt.datetime) -> str:
    """How many cases waited at the moment, and how many were late."""

    def figure(rows: QuerySet[Review]) -> str:
        count = counted(rows)
        return str(count) if count <= MOST_COUNTED else f"{MOST_COUNTED}+"

    return _("Then %(waiting)s were waiting, %(overdue)s of them overdue.") % {
        "waiting": figure(everything),
        "overdue": figure(everything.filter(is_late(at))),
    }


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
