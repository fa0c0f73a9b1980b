"""What platforms said about numbers that were unknown finds its number as soon as a company registers it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from accounts.journal import Actor
from appeals.marks.unknown import match_numbers
from certification.numbers.arrivals import AFTER_ARRIVAL


def match(numbers: Sequence[str], actor: Actor, now: dt.datetime) -> None:
    """Tell again what had been said of them."""
    match_numbers(dialled=numbers, actor=actor, now=now)


AFTER_ARRIVAL.append(match)
