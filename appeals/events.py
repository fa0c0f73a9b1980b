"""What outsiders tell the portal about numbers, complaints and marks alike: an id, a number, a moment, read one by one.

Each event is judged by itself and answered by itself; the same id of the same source is taken once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.working_days import CHINA
from certification.numbers.problems import Problem, reason
from certification.numbers.shapes import read_number

#: Events of one call (issue: complaint intake).
MOST_EVENTS = 1000
#: Clocks differ; what lies further ahead is refused (issue: complaint intake).
AHEAD = dt.timedelta(minutes=10)
LONGEST_ID = 80


@dataclass(frozen=True)
class Result:
    """What became of one event: accepted, duplicate, unknown_number, or invalid with a reason."""

    event: str
    outcome: str
    reason: str = ""


class Invalid(Exception):
    """An event that cannot be taken; the message says why, in the active language."""


def plain(value: Any) -> str:
    """A value as text, without what no text column can hold."""
    text = str(value) if value is not None else ""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def read_identifier(event: Mapping[str, Any]) -> str:
    """By what the source tells the event apart. Raises Invalid."""
    identifier = plain(event.get("id"))
    if not identifier:
        raise Invalid(_("The event has no id."))
    if len(identifier) > LONGEST_ID:
        raise Invalid(_("The id is longer than 80 characters."))
    return identifier


def read_dialled(event: Mapping[str, Any]) -> str:
    """The number in E.164, short codes as they are dialled, from any shape that people write. Raises Invalid."""
    value = event.get("number")
    number = read_number(value if value is None or isinstance(value, str | int | float) else plain(value))
    if isinstance(number, Problem):
        raise Invalid(str(reason(number, "")))
    return number.number


def read_moment(value: Any, *, now: dt.datetime, needs_offset: bool = False) -> dt.datetime:
    """A moment from ISO 8601 or a spreadsheet's date, not further than ten minutes ahead of `now`. Raises Invalid.

    Without an offset it is Chinese time, or wrong where `needs_offset`.
    """
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, dt.date):
        moment = dt.datetime.combine(value, dt.time())
    else:
        try:
            moment = dt.datetime.fromisoformat(plain(value).replace("/", "-"))
        except ValueError:
            raise Invalid(_("The time cannot be read. Write it as 2025-06-03T14:00+08:00.")) from None
    if moment.tzinfo is None:
        if needs_offset:
            raise Invalid(_("The time has no offset. Write it as 2025-06-03T14:00:00+08:00."))
        moment = moment.replace(tzinfo=CHINA)
    try:
        moment = moment.astimezone(dt.UTC)
    except OverflowError:
        raise Invalid(_("The time cannot be read. Write it as 2025-06-03T14:00+08:00.")) from None
    if moment > now + AHEAD:
        raise Invalid(_("The time lies in the future."))
    return moment
