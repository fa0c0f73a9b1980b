"""How often a feed may be read: per link, and per origin for links that do not work, counted in the shared cache."""

from __future__ import annotations

import datetime as dt
import hashlib

from django.core.cache import cache

#: Counts are per stretch of so many seconds; caches keep what they count up as long by default.
STRETCH = 300
#: Readings of one link (D): programs read it every few minutes at most.
READINGS = 30
#: Attempts from one origin with links that do not work (D).
MISSES = 30


def counter(name: str, now: dt.datetime) -> str:
    """The cache's key of a counter in the present stretch; names are hashed, for keys of one length."""
    digest = hashlib.sha256(name.encode()).hexdigest()
    return f"calendar-feed:{digest}:{int(now.timestamp()) // STRETCH}"


def count(name: str, *, now: dt.datetime) -> int:
    """Count one, and say how many that makes in the present stretch."""
    key = counter(name, now)
    if cache.add(key, 1, STRETCH):
        return 1
    try:
        return int(cache.incr(key))
    except ValueError:  # it went out of the cache between the two
        cache.set(key, 1, STRETCH)
        return 1


def counted(name: str, *, now: dt.datetime) -> int:
    """How many were counted in the present stretch."""
    return int(cache.get(counter(name, now), 0))


def seconds_left(*, now: dt.datetime) -> int:
    """Seconds until the next stretch begins."""
    return STRETCH - int(now.timestamp()) % STRETCH
