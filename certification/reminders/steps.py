"""On which days before an expiry people are reminded; pure functions."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from accounts.working_days import start_of_day

#: Days before the last valid day (D), and the day itself.
STEPS = (60, 30, 14, 7, 3, 1, 0)
#: Reminders go out in the morning, local time (D): hours after midnight.
SEND_HOUR = 9


def due_moment(expires_on: dt.date, step: int, zone: ZoneInfo) -> dt.datetime:
    """When the reminder `step` days before `expires_on` is due: 09:00 local time of that day."""
    day = start_of_day(expires_on - dt.timedelta(days=step), zone)
    return (day + dt.timedelta(hours=SEND_HOUR)).astimezone(dt.UTC)


def step_due(expires_on: dt.date, zone: ZoneInfo, now: dt.datetime) -> int | None:
    """The latest step that is due at `now`: after a pause of the engine the last missed one, not all of them."""
    due = [step for step in STEPS if due_moment(expires_on, step, zone) <= now]
    return due[-1] if due else None


def next_due(expires_on: dt.date, zone: ZoneInfo, now: dt.datetime) -> dt.datetime | None:
    """The moment of the first step after `now`; None when none is left."""
    later = [moment for step in STEPS if (moment := due_moment(expires_on, step, zone)) > now]
    return later[0] if later else None


def first_due(expires_on: dt.date, zone: ZoneInfo, now: dt.datetime) -> dt.datetime | None:
    """When a newly known expiry is first reminded of: at once when steps are past already, else at its first step.

    None when it is over: then the maintenance that opens is the message.
    """
    if start_of_day(expires_on + dt.timedelta(days=1), zone) <= now:
        return None
    if step_due(expires_on, zone, now) is not None:
        return now
    return next_due(expires_on, zone, now)
