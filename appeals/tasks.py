"""What the queue runs by itself: each task reads the clock, calls the domain, returns counts."""

from __future__ import annotations

from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints.imports import run as complaint_imports
from appeals.complaints.intake import match_left_over
from appeals.expedite import requests


def match_complaints() -> dict[str, int]:
    """Count complaints whose number was registered at the moment they came in."""
    return {"matched": match_left_over(actor=Actor.engine(), now=timezone.now())}


def run_complaint_import(import_id: int) -> dict[str, int]:
    """Take in a confirmed spreadsheet of complaints, or go on with one."""
    return complaint_imports.run(import_id=import_id, now=timezone.now())


def sweep_complaint_imports() -> dict[str, int]:
    """Start lost imports of complaints again and remove what is left behind."""
    return complaint_imports.sweep(now=timezone.now())


def close_expedites() -> dict[str, int]:
    """Close requests to expedite what is over meanwhile."""
    return {"closed": requests.close_unneeded(now=timezone.now(), actor=Actor.engine())}
