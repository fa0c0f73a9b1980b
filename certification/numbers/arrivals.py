"""What happens when numbers come to be held: higher rooms add their functions, whoever registers numbers calls them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from accounts.journal import Actor

#: Called in the transaction that registers numbers, with them (E.164, or as dialled), who did it, and when.
AFTER_ARRIVAL: list[Callable[[Sequence[str], Actor, dt.datetime], None]] = []


def arrived(numbers: Sequence[str], actor: Actor, now: dt.datetime) -> None:
    """Tell everybody who wants to know that these numbers are held by a company from now on."""
    for react in AFTER_ARRIVAL:
        react(numbers, actor, now)
