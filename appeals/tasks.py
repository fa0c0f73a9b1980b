"""What the queue runs by itself: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints import intake as complaints
from appeals.complaints.imports.kind import COMPLAINT_IMPORTS
from appeals.event_imports import run
from appeals.expedite import requests
from appeals.marks import unknown as unknown_marks
from appeals.marks.imports.kind import MARK_IMPORTS


def match_complaints() -> dict[str, int]:
    """Count complaints whose number was registered at the moment they came in."""
    return {"matched": complaints.match_left_over(actor=Actor.engine(), now=timezone.now())}


def match_marks() -> dict[str, int]:
    """Tell again what was said of numbers that were registered at that very moment."""
    return {"matched": unknown_marks.match_left_over(actor=Actor.engine(), now=timezone.now())}


def run_complaint_import(import_id: int) -> dict[str, int]:
    """Take in a confirmed spreadsheet of complaints, or go on with one."""
    return run.run(kind=COMPLAINT_IMPORTS, import_id=import_id, now=timezone.now())


def run_mark_import(import_id: int) -> dict[str, int]:
    """Take in a confirmed spreadsheet of marks, or go on with one."""
    return run.run(kind=MARK_IMPORTS, import_id=import_id, now=timezone.now())


def sweep_complaint_imports() -> dict[str, int]:
    """Start lost imports of complaints again and remove what is left behind."""
    return run.sweep(kind=COMPLAINT_IMPORTS, now=timezone.now())


def sweep_mark_imports() -> dict[str, int]:
    """Start lost imports of marks again and remove what is left behind."""
    return run.sweep(kind=MARK_IMPORTS, now=timezone.now())


def close_expedites() -> dict[str, int]:
    """Close requests to expedite what is over meanwhile."""
    return {"closed": requests.close_unneeded(now=timezone.now(), actor=Actor.engine())}
