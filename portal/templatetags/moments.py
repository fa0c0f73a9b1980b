"""Dates and times in the two forms of the house, and what is left of a deadline."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from django import template
from django.utils import timezone, translation
from django.utils.dates import MONTHS
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext, ngettext

register = template.Library()


def is_chinese() -> bool:
    """Whether the active language is Chinese."""
    return (translation.get_language() or "zh").startswith("zh")


def local(value: datetime) -> datetime:
    """`value` in the active time zone; a naive value is taken to be in it already."""
    return timezone.localtime(value) if timezone.is_aware(value) else value


def day_text(value: date) -> str:
    """2025-06-03 in Chinese, 3 June 2025 in English; a moment counts as its local day."""
    if isinstance(value, datetime):
        value = local(value).date()
    if is_chinese():
        return f"{value:%Y-%m-%d}"
    return f"{value.day} {MONTHS[value.month]} {value.year}"


def zone_text(value: datetime) -> str:
    """The name of the zone that `value` is shown in: Beijing time, or the offset from UTC with the zone's own name."""
    moment = local(value)
    zone = str(moment.tzinfo or "")
    if zone in {"Asia/Shanghai", "PRC"}:
        return gettext("Beijing time")
    offset = moment.utcoffset() or timedelta()
    sign, size = ("−", -offset) if offset < timedelta() else ("+", offset)
    hours, minutes = divmod(int(size.total_seconds()) // 60, 60)
    utc = "UTC" if not size else f"UTC{sign}{hours}" + (f":{minutes:02}" if minutes else "")
    return utc if zone in {"UTC", ""} else f"{zone.replace('_', ' ')}, {utc}"


def moment_text(value: datetime, *, zone: bool = False) -> str:
    """2025-06-03 14:00 in Chinese, 3 June 2025, 14:00 in English; with `zone`, the zone's name after it."""
    moment = local(value)
    text = f"{day_text(moment)} {moment:%H:%M}" if is_chinese() else f"{day_text(moment)}, {moment:%H:%M}"
    if not zone:
        return text
    return gettext("%(moment)s (%(zone)s)") % {"moment": text, "zone": zone_text(moment)}


def clock_text(value: datetime) -> str:
    """The time of day to the second, for what happens within a minute."""
    return f"{local(value):%H:%M:%S}"


def when_text(value: date) -> str:
    """A day as a day, a moment as a moment."""
    return moment_text(value) if isinstance(value, datetime) else day_text(value)


def left_text(until: date, now: datetime) -> str:
    """What is left until `until`, or by how much it is overdue: whole days from two days on, else whole hours.

    A day (not a moment) lasts through its end in the active zone, so that on the day itself it "ends today".
    """
    if not isinstance(until, datetime):
        days = (until - local(now).date()).days
        if days == 0:
            return gettext("ends today")
        return days_left(days) if days > 0 else days_overdue(-days)
    seconds = (until - now).total_seconds()
    hours = int(abs(seconds)) // 3600
    if hours >= 48:
        return days_left(hours // 24) if seconds > 0 else days_overdue(hours // 24)
    if hours >= 1:
        if seconds > 0:
            return ngettext("%(count)d hour left", "%(count)d hours left", hours) % {"count": hours}
        return ngettext("overdue by %(count)d hour", "overdue by %(count)d hours", hours) % {"count": hours}
    return gettext("less than an hour left") if seconds > 0 else gettext("overdue by less than an hour")


def days_left(days: int) -> str:
    """What is left, in days."""
    return ngettext("%(count)d day left", "%(count)d days left", days) % {"count": days}


def days_overdue(days: int) -> str:
    """How late it is, in days."""
    return ngettext("overdue by %(count)d day", "overdue by %(count)d days", days) % {"count": days}


def is_past(until: date, now: datetime) -> bool:
    """Whether `until` lies before `now`; a day is past when it is over."""
    return until < now if isinstance(until, datetime) else until < local(now).date()


def machine_text(value: date) -> str:
    """ISO 8601, for `<time datetime>`."""
    return local(value).isoformat(timespec="minutes") if isinstance(value, datetime) else value.isoformat()


def time_element(value: date, text: str) -> SafeString:
    """`<time>` around `text`, readable by machines."""
    return format_html('<time datetime="{}">{}</time>', machine_text(value), text)


def range_element(start: date, end: date) -> SafeString:
    """Two `<time>` elements with a dash; the second leaves out a day that it shares with the first."""
    if isinstance(start, datetime) and isinstance(end, datetime) and local(start).date() == local(end).date():
        return format_html("{} – {}", time_element(start, moment_text(start)), time_element(end, f"{local(end):%H:%M}"))
    return format_html("{} – {}", time_element(start, when_text(start)), time_element(end, when_text(end)))


def clock(context: template.Context, now: datetime | None) -> datetime:
    """The moment that a tag counts from: its argument, else the view's `now`, else the clock, read here at the edge."""
    given = now or context.get("now")
    return given if isinstance(given, datetime) else timezone.now()


@register.simple_tag
def moment(value: datetime | None, zone: bool = False) -> SafeString | str:
    """`{% moment review.due_at zone=True %}`; nothing for None."""
    return time_element(value, moment_text(value, zone=zone)) if value else ""


@register.simple_tag
def day(value: date | None) -> SafeString | str:
    """`{% day material.valid_until %}`; nothing for None."""
    return time_element(value, day_text(value)) if value else ""


@register.simple_tag
def period(start: date | None, end: date | None) -> SafeString | str:
    """`{% period plan.planned_start plan.expected_until %}`: a range; one end missing leaves the other."""
    if start and end and start != end:
        return range_element(start, end)
    one = start or end
    return time_element(one, when_text(one)) if one else ""


@register.simple_tag(takes_context=True)
def left(context: template.Context, until: date | None, now: datetime | None = None) -> SafeString | str:
    """`{% left review.due_at now %}`: "3 days left" or, marked as late, "overdue by 2 days"; nothing for None."""
    if not until:
        return ""
    at = clock(context, now)
    return format_html(
        '<span class="left{}">{}</span>', " left-late" if is_past(until, at) else "", left_text(until, at)
    )


@register.filter(name="day_text")
def day_text_filter(value: Any) -> str:
    """`{{ date|day_text }}`: the plain text, for sentences in blocktranslate."""
    return day_text(value) if isinstance(value, date) else ""


@register.filter(name="clock_text")
def clock_text_filter(value: Any) -> str:
    """`{{ datetime|clock_text }}`: 14:00:30."""
    return clock_text(value) if isinstance(value, datetime) else ""


@register.filter(name="moment_text")
def moment_text_filter(value: Any) -> str:
    """`{{ datetime|moment_text }}`: the plain text, for sentences in blocktranslate."""
    return moment_text(value) if isinstance(value, datetime) else ""


@register.filter
def whole_dates(text: str) -> SafeString:
    """`{{ words|whole_dates }}`: the text with its lines, where "from – until" breaks between its ends only."""
    lines = [
        format_html_join(" – ", '<span class="text-nowrap">{}</span>', ((end,) for end in line.split(" – ")))
        if " – " in line
        else conditional_escape(line)
        for line in str(text).splitlines()
    ]
    return format_html_join(mark_safe("<br>"), "{}", ((line,) for line in lines))
