"""The engine's clock never runs backwards, and ticks take turns.

A machine's clock can jump back (and `tick --at` can be ahead of it in a rehearsal). What the engine opened at a later
moment must not be undone, or closed before it was opened, by a look from an earlier one.
"""

from __future__ import annotations

import datetime as dt

from django.db import connection

#: The key of the advisory lock under which ticks take turns.
TICK_LOCK = 0x7469636B


def engine_moment(now: dt.datetime) -> dt.datetime:
    """The later of `now` and the moment of the last tick."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT started_at FROM certification_tickrun WHERE id = 1")
        last = cursor.fetchone()
    return max(now, last[0]) if last else now


def take_turn(*, shared: bool = False) -> None:
    """Wait until no tick is running, until the end of the caller's transaction.

    A tick takes it alone. What changes one company takes it `shared`, with others like it: so a tick never decides by
    what a person is just about to change, and people never wait for each other.
    """
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_xact_lock{'_shared' if shared else ''}(%s)", [TICK_LOCK])
