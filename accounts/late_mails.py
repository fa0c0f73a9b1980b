"""Mails about somebody's own account that the mail server did not take: the queue tries them again for a day."""

from __future__ import annotations

import datetime as dt
import logging

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.utils import timezone
from django_q.models import Schedule
from django_q.tasks import schedule

logger = logging.getLogger(__name__)

#: Minutes until each further attempt; together about a day, after which links in such mails are stale.
WAITS = (1, 5, 15, 60, 120, 240, 480, 480)


def try_later(*, mail: EmailMultiAlternatives, attempt: int, now: dt.datetime) -> None:
    """Have the queue send the mail after the wait that follows `attempt` failed attempts; give up after the last."""
    if attempt >= len(WAITS):
        logger.error("A mail about an account could not be delivered for a day: %s", mail.subject)
        return
    html = [content for content, kind in mail.alternatives if kind == "text/html"]
    schedule(
        "accounts.late_mails.send_again",
        str(mail.subject),
        str(mail.body),
        str(html[0]) if html else "",
        list(mail.to),
        attempt + 1,
        schedule_type=Schedule.ONCE,
        next_run=now + dt.timedelta(minutes=WAITS[attempt]),
    )


def send_again(subject: str, text: str, html: str, to: list[str], attempt: int) -> bool:
    """One further attempt, run by the queue; True when the server took it."""
    mail = EmailMultiAlternatives(subject, text, settings.DEFAULT_FROM_EMAIL, to)
    if html:
        mail.attach_alternative(html, "text/html")
    try:
        mail.send()
    except OSError:
        try_later(mail=mail, attempt=attempt, now=timezone.now())
        return False
    return True
