"""The one place through which submitting asks the engine whether an application must wait for a material."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from accounts import journal
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from certification.applications.lifecycle import PENDING_DAYS
from certification.maintenance import engine


def hold_applications(*, now: dt.datetime, actor: Actor) -> tuple[int, int, int]:
    """Hold what must wait and let go on what need not any more; return how many of each, and how many notices.

    The engine's own step, in the caller's transaction: after it the application reads as after the next tick.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            engine.HOLD_APPLICATIONS,
            {
                **journal.by_parameters(at=now, actor=actor),
                "roles": list(RESPONSIBLE_ROLES),
                "pending_days": PENDING_DAYS,
            },
        )
        held, resumed, told = cursor.fetchone()
    return held, resumed, told
