"""What the queue runs by itself: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.utils import timezone

from accounts.journal import Actor
from appeals.expedite import requests


def close_expedites() -> dict[str, int]:
    """Close requests to expedite what is over meanwhile."""
    return {"closed": requests.close_unneeded(now=timezone.now(), actor=Actor.engine())}
