"""The calendar of a company and of the staff, and the feed for calendar programs."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import get_conditional_response
from django.utils.dates import WEEKDAYS
from django.utils.http import quote_etag
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST, require_safe

from accounts.access import Permission, SignedInRequest, company_view, public, staff_view
from accounts.mails import absolute
from accounts.working_days import CHINA
from certification.calendar import limits, links
from certification.calendar.dates import all_plans, dates_of, expiry_counts
from certification.calendar.entries import (
    Entry,
    company_entries,
    day_in_month_text,
    duration_text,
    month_text,
    staff_entries,
)
from certification.calendar.feeds import feed_of, feed_path
from certification.calendar.months import Month, last_of, lay_out, month_from, neighbours
from certification.calendar.paces import FASTER_PERCENT, LEAST_REVIEWS, PREFERRED, Pace, paces_until_today

#: Where the session keeps a new link until it was shown once.
SHOWN_ONCE = "calendar_link"


@dataclass(frozen=True)
class Tab:
    """One way to look at the month."""

    url: str
    label: str
    current: bool
    count: None = None


@dataclass(frozen=True)
class PaceRow:
    """One line of the portal's own figures."""

    label: str
    median: str
    reviews: int


def address(name: str, view: str, first: dt.date) -> str:
    """The page of another month, or another view of it."""
    return f"{reverse(name)}?{urlencode({'view': view, 'month': f'{first:%Y-%m}'})}"


def page(
    request: HttpRequest, *, name: str, entries: Sequence[Entry], first: dt.date, today: dt.date
) -> dict[str, Any]:
    """What both calendars show of a month."""
    view = "agenda" if request.GET.get("view") == "agenda" else "month"
    before, after = neighbours(first)
    month: Month = lay_out(entries, first=first, today=today)
    avoid = [day.day for week in month.weeks for day in week if day and day.advice == "avoid"]
    return {
        "view": view,
        "month": month,
        "month_text": month_text(first),
        "entries": len(entries),
        "avoid": _(" and ").join(day_in_month_text(day) for day in avoid),
        "weekdays": [str(WEEKDAYS[number]) for number in range(7)],
        "tabs": [
            Tab(address(name, "month", first), _("Month"), view == "month"),
            Tab(address(name, "agenda", first), _("Agenda"), view == "agenda"),
        ],
        "before": {"url": address(name, view, before), "label": month_text(before)},
        "after": {"url": address(name, view, after), "label": month_text(after)},
        "present": None if first == today.replace(day=1) else address(name, view, today.replace(day=1)),
        "preferred_first": PREFERRED.start,
        "preferred_last": PREFERRED.stop - 1,
    }


def pace_rows(now: dt.datetime) -> dict[str, Any]:
    """What the article says about the days of a month, and what the portal's own records say."""
    paces = paces_until_today(now=now)

    def words(pace: Pace | None) -> str:
        return duration_text(pace.median) if pace else ""

    return {
        "faster_percent": FASTER_PERCENT,
        "least_reviews": LEAST_REVIEWS,
        "paces": {
            "preferred": paces.preferred,
            "preferred_words": words(paces.preferred),
            "others": paces.others,
            "others_words": words(paces.others),
            "faster": paces.faster_percent,
            "slower": -paces.faster_percent if paces.faster_percent is not None else None,
            "days": [PaceRow(str(day), words(pace), pace.reviews) for day, pace in sorted(paces.by_day.items())],
        },
    }


@company_view()
@require_GET
def company_calendar(request: SignedInRequest) -> HttpResponse:
    """The month of the current company."""
    now, company = timezone.now(), request.company
    today = company.today(now)
    first = month_from(request.GET.get("month", ""), today=today)
    dates = dates_of(company=company, first=first, last=last_of(first), now=now)
    entries = company_entries(dates, zone=company.zone, today=today)
    new = request.session.pop(SHOWN_ONCE, None) if SHOWN_ONCE in request.session else None
    return render(
        request,
        "calendar/company.html",
        {
            **page(request, name="calendar", entries=entries, first=first, today=today),
            **pace_rows(now),
            "link": links.link_of(user=request.user, company=company),
            "new_link": new["url"] if new and new["company"] == company.pk else "",
            "now": now,
        },
    )


@staff_view()
@require_GET
def staff_calendar(request: SignedInRequest) -> HttpResponse:
    """The month over everything: every plan, and how much ends on each day."""
    now = timezone.now()
    today = now.astimezone(CHINA).date()
    first = month_from(request.GET.get("month", ""), today=today)
    last = last_of(first)
    entries = staff_entries(all_plans(first=first, last=last, now=now), expiry_counts(first=first, last=last))
    context = page(request, name="staff_calendar", entries=entries, first=first, today=today)
    context["plans"] = sum(entry.kind == "plan" for entry in entries)
    return render(request, "calendar/staff.html", {**context, **pace_rows(now), "now": now})


@company_view(write=Permission.READ_COMPANY)
@require_POST
def link_make(request: SignedInRequest) -> HttpResponse:
    """Make the person's link; an older one stops working."""
    token = links.make_link(user=request.user, company=request.company, actor=request.actor, now=timezone.now())
    request.session[SHOWN_ONCE] = {"company": request.company.pk, "url": absolute(feed_path(token))}
    return redirect(f"{reverse('calendar')}#link")


@company_view(write=Permission.READ_COMPANY)
@require_POST
def link_revoke(request: SignedInRequest) -> HttpResponse:
    """End the person's link."""
    links.revoke_link(user=request.user, company=request.company, actor=request.actor, now=timezone.now())
    messages.success(request, _("The link no longer works."))
    return redirect(f"{reverse('calendar')}#link")


def too_often(now: dt.datetime) -> HttpResponse:
    """429 in plain text, for programs."""
    return HttpResponse(
        _("Too many readings. Try again later."),
        status=429,
        content_type="text/plain; charset=utf-8",
        headers={"Retry-After": str(limits.seconds_left(now=now))},
    )


@public
@require_safe
def feed(request: HttpRequest, token: str) -> HttpResponseBase:
    """The calendar behind a secret link. Unknown and revoked links answer alike, too many readings are refused."""
    now = timezone.now()
    origin = f"origin:{request.META.get('REMOTE_ADDR', '')}"
    if limits.counted(origin, now=now) >= limits.MISSES:
        return too_often(now)
    found = links.find(token)
    if found is None:
        limits.count(origin, now=now)
        raise Http404
    if limits.count(f"link:{found.pk}", now=now) > limits.READINGS:
        return too_often(now)
    body = feed_of(company=found.company, user=found.user, now=now)
    links.note_reading(found, now=now)
    response = HttpResponse(
        body,
        content_type="text/calendar; charset=utf-8",
        headers={
            "Cache-Control": "private, no-cache",
            "Content-Disposition": 'inline; filename="calendar.ics"',
            "X-Robots-Tag": "noindex",
        },
    )
    etag = quote_etag(links.token_hash(body.decode()))
    response.headers["ETag"] = etag
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    return answer
