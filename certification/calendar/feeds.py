"""A company's calendar as calendar programs read it (RFC 5545).

The same dates give the same bytes: a stamp is the moment of the last change, never that of the reading.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from urllib.parse import urlsplit

from django.conf import settings
from django.db.models import Count, Max, Q
from django.urls import reverse
from django.utils import translation
from django.utils.translation import gettext as _
from icalendar import Calendar, Event

from accounts.companies import Company
from accounts.journal import JournalEntry
from accounts.languages import known_language
from accounts.mails import absolute
from accounts.users import User
from certification.calendar.dates import MaterialDate, PlanDate, TermDate, dates_of
from certification.calendar.entries import Entry, material_entry, plan_entry, term_entry
from certification.maintenance.models import Maintenance
from certification.maintenance.story import state_of

#: What the feed holds, before and after today (D).
DAYS_BACK, DAYS_AHEAD = 60, 400
#: How often programs should read it again.
READ_AGAIN = dt.timedelta(hours=1)


def changes_of(plans: Iterable[Maintenance]) -> dict[int, tuple[int, dt.datetime]]:
    """How often each plan was changed since it was announced, and when last, from the journal; one query."""
    announced = Q(aspect="state", after="planned")
    rows = (
        JournalEntry.objects.filter(subject="maintenance", subject_id__in=[plan.pk for plan in plans])
        .values("subject_id")
        .annotate(changes=Count("pk", filter=~announced), latest=Max("at"))
        .order_by("subject_id")
    )
    return {row["subject_id"]: (row["changes"], row["latest"]) for row in rows}


def feed_of(*, company: Company, user: User, now: dt.datetime) -> bytes:
    """The company's calendar in the person's language; a fixed number of queries."""
    today = company.today(now)
    dates = dates_of(
        company=company,
        first=today - dt.timedelta(days=DAYS_BACK),
        last=today + dt.timedelta(days=DAYS_AHEAD),
        now=now,
        with_cancelled=True,
    )
    changes = changes_of([date.plan for date in dates.plans])
    with translation.override(known_language(user.language)):
        calendar = Calendar()
        calendar.add("prodid", "-//Certification portal//Maintenance calendar//ZH")
        calendar.add("version", "2.0")
        calendar.add("calscale", "GREGORIAN")
        calendar.add("method", "PUBLISH")
        calendar.add("x-wr-calname", _("Maintenance calendar: %(company)s") % {"company": company.name})
        calendar.add("x-wr-timezone", company.time_zone)
        calendar.add("refresh-interval", READ_AGAIN, parameters={"VALUE": "DURATION"})
        calendar.add("x-published-ttl", "PT1H")
        for plan in dates.plans:
            calendar.add_component(plan_event(plan, company, *changes.get(plan.plan.pk, (0, plan.plan.created_at))))
        for material in dates.materials:
            calendar.add_component(material_event(material, company, today))
        for term in dates.terms:
            calendar.add_component(term_event(term, company, today))
        return bytes(calendar.to_ical())


def event(uid: str, company: Company, entry: Entry, *, changes: int, changed_at: dt.datetime) -> Event:
    """What every event says."""
    stamp = changed_at.astimezone(dt.UTC).replace(microsecond=0)
    result = Event()
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    result.add("uid", f"{uid}-{company.ref}@{host}")
    result.add("dtstamp", stamp)
    result.add("last-modified", stamp)
    result.add("sequence", changes)
    result.add("categories", [entry.label])
    result.add("class", "PRIVATE")
    if entry.url:
        joint = "&" if "?" in entry.url else "?"
        result.add("url", absolute(f"{entry.url}{joint}company={company.ref}"))
    return result


def plan_event(date: PlanDate, company: Company, changes: int, changed_at: dt.datetime) -> Event:
    """A plan from its start to its end; an end that has passed stays where it was planned until staff move it."""
    plan, state = date.plan, state_of(date.plan)
    entry = plan_entry(date, company.zone)
    result = event(f"plan-{plan.ref}", company, entry, changes=changes, changed_at=changed_at)
    title = plan.title
    if state in ("cancelled", "overrunning"):
        title = _("%(title)s (%(state)s)") % {"title": title, "state": entry.label}
    end = plan.held_until or plan.closed_at or plan.planned_end or date.start
    result.add("summary", title)
    result.add("dtstart", date.start.astimezone(dt.UTC).replace(microsecond=0))
    result.add("dtend", max(date.start, end).astimezone(dt.UTC).replace(microsecond=0))
    result.add("status", "CANCELLED" if state == "cancelled" else "CONFIRMED")
    result.add("transp", "TRANSPARENT")
    result.add("description", "\n".join(filter(None, [plan.message, entry.detail, plan.achieved])))
    return result


def day_event(uid: str, company: Company, entry: Entry, changed_at: dt.datetime) -> Event:
    """Something that ends with a day."""
    result = event(uid, company, entry, changes=0, changed_at=changed_at)
    result.add("summary", entry.title)
    result.add("dtstart", entry.first)
    result.add("dtend", entry.last + dt.timedelta(days=1))
    result.add("status", "CONFIRMED")
    result.add("transp", "TRANSPARENT")
    result.add("description", entry.detail)
    return result


def material_event(date: MaterialDate, company: Company, today: dt.date) -> Event:
    """The last valid day of a document."""
    changed_at = date.material.decided_at or date.material.submitted_at
    return day_event(f"material-{date.material.ref}", company, material_entry(date, today), changed_at)


def term_event(date: TermDate, company: Company, today: dt.date) -> Event:
    """The last day of certifications."""
    return day_event(f"term-{date.day:%Y%m%d}", company, term_entry(date, today), date.certified_at)


def feed_path(token: str) -> str:
    """The address of the feed, without the site."""
    return reverse("calendar_feed", args=[token])
