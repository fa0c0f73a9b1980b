"""How a case says what it knows: facts beside what the portal has, what a machine found, what changed since a return."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from certification.reviews.models import Decision, Review, ReviewState


@dataclass(frozen=True)
class Fact:
    """One line of the facts: what was entered, what the portal knows, what stood there in the version before."""

    label: str
    entered: str
    known: str = ""
    #: None: there is nothing to compare.
    agrees: bool | None = None
    before: str = ""


@dataclass(frozen=True)
class CaseFinding:
    """One thing that a machine found in a case; the reviewer judges it."""

    title: str
    fix: str = ""
    #: Whether the case can hardly be approved like this.
    blocks: bool = False
    numbers: str = ""
    url: str = ""
    action: str = ""


@dataclass(frozen=True)
class CaseChange:
    """One thing that was returned the time before: why, what stood there then, and what stands there now."""

    name: str
    reason: str = ""
    text: str = ""
    before: str = ""
    after: str = ""
    #: False: it was handed in again as it was.
    is_changed: bool = True


def last_return(*, subject: str, subject_ids: list[int], before: dt.datetime) -> Review | None:
    """The decision that sent one of these things back last before a moment; None where the last one did not."""
    rows = Review.objects.filter(
        subject=subject, subject_id__in=subject_ids, state=ReviewState.DECIDED, decided_at__lte=before
    )
    last = rows.order_by("-decided_at", "-pk").first()
    return last if last is not None and last.decision == Decision.RETURNED else None
