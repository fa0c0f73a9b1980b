"""What follows from a count: the warning at three complaints in a local day, the lock at more than five (domain section 7).

The limits are columns of the cause that complaints open, edited by staff.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Exists, OuterRef

from accounts.journal import Actor
from appeals.complaints.locks import open_locks
from appeals.complaints.telling import Warned, lock_messages, tell, warning_messages
from certification.maintenance.models import Maintenance, MaintenanceCause, OpenedBy
from certification.numbers.models import PhoneNumber


@dataclass(frozen=True)
class Counted:
    """One number's day after something was added to it."""

    number_id: int
    day: dt.date
    counted: int
    warned: bool


# What is warned about now, with how many complaints there are of that day and at which local hours.
WARN = """
WITH near AS (
    SELECT * FROM unnest(%(numbers)s::bigint[], %(days)s::date[]) AS near (number_id, day)
), warned AS (
    UPDATE appeals_complaintday d SET warned_at = %(now)s FROM near
    WHERE d.number_id = near.number_id AND d.day = near.day AND d.warned_at IS NULL
    RETURNING d.number_id, d.day, d.total
)
SELECT warned.number_id, warned.day, warned.total,
       (SELECT array_agg(DISTINCT extract(hour FROM c.at AT TIME ZONE company.time_zone)::int)
        FROM appeals_complaint c JOIN accounts_company company ON company.id = c.company_id
        WHERE c.number_id = warned.number_id AND c.day = warned.day)
FROM warned ORDER BY warned.number_id, warned.day
"""


def act_on(*, days: Sequence[Counted], actor: Actor, now: dt.datetime) -> list[str]:
    """Lock the numbers whose day is over the limit, warn about those that have come near it; return what was locked.

    In the caller's transaction, with the numbers' turn. Each number is locked once and each day warned about once; one
    that is locked needs no warning. The numbers come back in E.164, short codes as they are dialled.
    """
    if not days:
        return []
    cause = MaintenanceCause.objects.filter(opened_by=OpenedBy.COMPLAINTS).first()
    if cause is None:
        return []
    over = {day.number_id for day in days if cause.lock_above is not None and day.counted > cause.lock_above}
    near = [day for day in days if cause.warn_at is not None and day.counted >= cause.warn_at and not day.warned]
    if not over and not near:
        return []
    lock = Maintenance.objects.open_at().filter(number=OuterRef("pk"), locks=True)
    numbers = (
        PhoneNumber.objects.held()
        .filter(pk__in=over | {day.number_id for day in near})
        .annotate(is_locked=Exists(lock))
        .select_related("company")
        .in_bulk()
    )
    free = [numbers[key] for key in sorted(over) if key in numbers and not numbers[key].is_locked]  # type: ignore[attr-defined]
    locks = open_locks(cause=cause, numbers=free, actor=actor, now=now)
    warnings = []
    if near:
        with connection.cursor() as cursor:
            cursor.execute(
                WARN,
                {"numbers": [day.number_id for day in near], "days": [day.day for day in near], "now": now},
            )
            for number_id, day, total, hours in cursor.fetchall():
                number = numbers.get(number_id)
                if number is not None and number_id not in over and not number.is_locked:  # type: ignore[attr-defined]
                    warnings.append(Warned(number, day, total, hours or []))
    tell([*lock_messages(locks), *warning_messages(warnings, limit=cause.lock_above)], now=now)
    return [number.number for _lock, number in locks]
