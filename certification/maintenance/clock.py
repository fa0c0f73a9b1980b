"""The engine's clock never runs backwards.

A machine's clock can jump back (and `tick --at` can be ahead of it in a rehearsal). What the engine opened at a later
moment must not be undone, or closed before it was opened, by a look from an earlier one.
"""

from __future__ import annotations

import datetime as dt

from certification.maintenance.models import TickRun


def engine_moment(now: dt.datetime) -> dt.datetime:
    """The later of `now` and the moment of the last tick."""
    last = TickRun.objects.filter(pk=1).values_list("started_at", flat=True).first()
    return max(now, last) if last else now
