"""What the queue runs: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.core.management import call_command
from django.utils import timezone

from accounts import delivery, heartbeat, journal


def deliver_notices() -> dict[str, int | bool]:
    """Mail what is due."""
    return delivery.deliver_in_turn(now=timezone.now()).as_dict()


def seal_journal() -> int:
    """Close the journal up to its last row."""
    return journal.seal()


def beat() -> None:
    """Say that the queue is alive."""
    heartbeat.beat(now=timezone.now())


def clear_sessions() -> None:
    """Forget sessions that have ended."""
    call_command("clearsessions")
