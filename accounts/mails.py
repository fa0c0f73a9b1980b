"""A notice as an e-mail: text and html that say the same, one link, and the date it announces as a calendar entry."""

from __future__ import annotations

import datetime as dt
import hashlib
from email.utils import parseaddr
from urllib.parse import urljoin, urlsplit

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.core.mail.message import SafeMIMEText
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import translation
from icalendar import Calendar, Event

from accounts.notice_texts import NoticeText, text_of
from accounts.notices import KINDS, Day, Notice


def compose(notice: Notice) -> EmailMultiAlternatives:
    """The mail for a notice, in the recipient's language. Whatever the notice holds, its headers are one line each."""
    language = language_of(notice)
    text = text_of(notice, language=language)
    values = {"text": text, "url": absolute(text.path), "notice": notice}
    with translation.override(language):
        plain = render_to_string("emails/message.txt", values)
        html = render_to_string("emails/message.html", values)
    mail = EmailMultiAlternatives(
        subject=text.subject, body=plain, to=[address_of(notice)], headers=headers_of(notice, language)
    )
    mail.attach_alternative(html, "text/html")
    if text.day:
        mail.attach(calendar_entry(notice, text, text.day))
    return mail


def language_of(notice: Notice) -> str:
    """The language that the recipient reads; that of who invites, for somebody who has no account yet."""
    wanted = notice.recipient.language if notice.recipient else str(notice.context.get("language", ""))
    return wanted if wanted in dict(settings.LANGUAGES) else str(settings.LANGUAGE_CODE)


def address_of(notice: Notice) -> str:
    """Where it goes."""
    return notice.recipient.email if notice.recipient else notice.address


def absolute(path: str) -> str:
    """The address of a page, for people who are not on the site."""
    return str(urljoin(settings.SITE_URL, path))


def mail_domain() -> str:
    """The domain that message ids and list headers carry: that of the sender's address."""
    return (
        parseaddr(settings.DEFAULT_FROM_EMAIL)[1].rpartition("@")[2]
        or urlsplit(settings.SITE_URL).hostname
        or "localhost"
    )


def message_id(notice: Notice) -> str:
    """The same for the same notice, however often it is sent: a repeat can be recognised by it."""
    return f"<{hashlib.sha256(notice.key.encode()).hexdigest()[:40]}@{mail_domain()}>"


def headers_of(notice: Notice, language: str) -> dict[str, str]:
    """What tells other machines that a machine wrote this, what sort it is, and where its e-mails can be switched off."""
    headers = {
        "Message-ID": message_id(notice),
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "Content-Language": "zh-Hans" if language == "zh-hans" else language,
        "List-Id": f"<{notice.kind.replace('_', '-')}.notices.{mail_domain()}>",
    }
    if not KINDS[notice.kind].mandatory:
        headers["List-Unsubscribe"] = f"<{absolute(reverse('settings:notifications'))}>"
    return headers


def calendar_entry(notice: Notice, text: NoticeText, day: Day) -> SafeMIMEText:
    """The announced date or time as an entry (RFC 5545, PUBLISH); a later mail about the same thing replaces it."""
    event = Event()
    event.add("uid", f"{day.uid}@{mail_domain()}")
    event.add("sequence", day.sequence)
    event.add("dtstamp", notice.created_at.astimezone(dt.UTC))
    start, end = day.window or (day.day, day.day + dt.timedelta(days=1))
    event.add("dtstart", start)
    event.add("dtend", end)
    event.add("status", "CANCELLED" if day.is_cancelled else "CONFIRMED")
    event.add("summary", text.entry or text.subject)
    event.add("description", "\n".join(part for part in (text.what, text.consequence) if part))
    event.add("url", absolute(text.path))
    event.add("transp", "TRANSPARENT")
    event.add("class", "PRIVATE")
    calendar = Calendar()
    calendar.add("prodid", f"-//{mail_domain()}//certification portal//ZH")
    calendar.add("version", "2.0")
    calendar.add("method", "PUBLISH")
    calendar.add_component(event)
    part = SafeMIMEText(calendar.to_ical().decode(), "calendar", "utf-8")
    part.set_param("method", "PUBLISH")
    part.add_header("Content-Disposition", "attachment", filename="date.ics")
    return part
