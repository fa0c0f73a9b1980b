"""A company that moves to another time zone is reminded at nine in the morning there."""

from __future__ import annotations

import datetime as dt
from zoneinfo import ZoneInfo

from accounts.companies import Company
from accounts.journal import Actor
from certification.reminders.models import Reminder
from certification.reminders.steps import STEPS, due_moment

#: A term ends with the end of its last day: the instant before tells that day.
INSTANT = dt.timedelta(seconds=1)


def move_reminders(company: Company, zone_before: str, actor: Actor, now: dt.datetime) -> None:
    """Give every reminder that is still to come the moment of the same step in the company's new time zone.

    What names a day keeps it; a term ends at a moment, whose last day is found anew. A step whose moment is past in the new zone is sent with the next sweep, so that none is left out. Reminders are
    plans, not states: nothing is journalled beyond the change of the zone itself.
    """
    before, after = ZoneInfo(zone_before), company.zone
    moved = []
    for reminder in Reminder.objects.filter(company=company, next_due_at__isnull=False):
        step = next(
            (step for step in STEPS if due_moment(reminder.expires_on, step, before) == reminder.next_due_at), None
        )
        if reminder.term_ends_at is not None:  # a moment, whose last day is another one there
            reminder.expires_on = company.today(reminder.term_ends_at - INSTANT)
        if step is not None:  # else it is due at once, whatever the zone
            reminder.next_due_at = due_moment(reminder.expires_on, step, after)
        moved.append(reminder)
    Reminder.objects.bulk_update(moved, ["next_due_at", "expires_on"], batch_size=1000)
