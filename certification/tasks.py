"""What the queue runs: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.utils import timezone

from certification.maintenance import engine, samples
from certification.materials import store
from certification.reviews import staging, statistics


def tick() -> dict[str, int]:
    """Run the engine."""
    return engine.tick(now=timezone.now()).as_dict()


def sweep_files() -> dict[str, int]:
    """Remove uploads that no form used, and files that no row names."""
    return store.sweep(now=timezone.now())


def sample_statuses() -> dict[str, int]:
    """Note what some numbers show, so that history can be held against it."""
    return {"noted": samples.sample_statuses(now=timezone.now())}


def keep_decision_figures() -> dict[str, int]:
    """Work out how long decisions took in the weeks that are over."""
    return statistics.keep_figures(now=timezone.now())


def apply_decisions() -> dict[str, int]:
    """Let decisions take effect that can no longer be taken back."""
    return staging.apply_due(now=timezone.now()).as_dict()
