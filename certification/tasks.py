"""What the queue runs: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.utils import timezone

from certification.maintenance import engine


def tick() -> dict[str, int]:
    """Run the engine."""
    return engine.tick(now=timezone.now()).as_dict()
