"""What the queue runs for numbers: read the clock, call the domain, return counts."""

from __future__ import annotations

from django.utils import timezone

from certification.numbers.exports import job as exports
from certification.numbers.imports import run as imports


def run_import(import_id: int) -> dict[str, int]:
    """Import a confirmed spreadsheet, or go on with one."""
    return imports.run(import_id=import_id, now=timezone.now())


def sweep_imports() -> dict[str, int]:
    """Start lost imports again and remove what is left behind."""
    return imports.sweep(now=timezone.now())


def run_export(export_id: int) -> dict[str, int]:
    """Write an export's file."""
    return exports.run(export_id=export_id, now=timezone.now())


def sweep_exports() -> dict[str, int]:
    """Remove exports' files that were fetched or are old, and start lost ones again."""
    return exports.sweep(now=timezone.now())
