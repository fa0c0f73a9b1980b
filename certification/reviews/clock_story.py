"""What people read about the clock of a case: why it stands still, and each time its due time moved, with who and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from certification.maintenance.models import Maintenance
from certification.reviews.deferrals import pauses_of
from certification.reviews.due_times import shown
from certification.reviews.models import DueTimeExtension, Review, ReviewPause, ReviewState
from certification.reviews.standstill import MORE_INFORMATION


@dataclass(frozen=True)
class Standstill:
    """Why the clock stands still: since when, and until about when where that is known."""

    since: dt.datetime
    reason: str
    url: str | None
    until: dt.datetime | None


@dataclass(frozen=True)
class Move:
    """One move of the due time. Where it made up for a pause, from when to when that lasted."""

    at: dt.datetime
    before: dt.date
    after: dt.date
    reason: str
    url: str | None
    paused_from: dt.datetime | None
    paused_until: dt.datetime | None


@dataclass(frozen=True)
class ClockStory:
    """A case's clock in words; false where there is nothing to say."""

    pauses: list[Standstill]
    moves: list[Move]
    is_overdue: bool

    def __bool__(self) -> bool:
        return bool(self.pauses or self.moves)


def page_of(maintenance: Maintenance | None) -> str | None:
    """Where one reads about the maintenance."""
    return reverse("maintenance:detail", args=[maintenance.ref]) if maintenance is not None else None


def pause_reason(pause: ReviewPause) -> str:
    """Why a review stands still."""
    if pause.maintenance is not None:
        return pause.maintenance.title
    if pause.reason == MORE_INFORMATION:
        return _("The reviewer has asked for more information")
    return _("A required document is missing")


def move_reason(row: DueTimeExtension) -> str:
    """Why a due time moved."""
    if row.maintenance is not None and row.reason == "review_time_factor":
        factor = row.maintenance.review_time_factor.normalize()
        return _("%(cause)s: reviews take %(factor)s times as long") % {
            "cause": row.maintenance.title,
            "factor": f"{factor:f}",
        }
    if row.maintenance is not None:
        return _("%(cause)s: the review stood still") % {"cause": row.maintenance.title}
    if row.reason == MORE_INFORMATION:
        return _("the review stood still until more information came")
    if row.reason == "pending_maintenance":
        return _("the review stood still while a document was missing")
    return row.reason


def clock_of(review: Review, zone: ZoneInfo) -> ClockStory:
    """Everything about the clock of the review, the latest move first; two queries."""
    pauses = pauses_of(review) if review.state == ReviewState.OPEN else []
    rows = review.extensions.select_related("maintenance__cause").order_by("-at", "-pk")
    return ClockStory(
        pauses=[
            Standstill(
                pause.started_at,
                pause_reason(pause),
                page_of(pause.maintenance),
                pause.maintenance.expected_until if pause.maintenance is not None else None,
            )
            for pause in pauses
        ],
        moves=[
            Move(
                row.at,
                shown(row.due_before, zone),
                shown(row.due_after, zone),
                move_reason(row),
                page_of(row.maintenance),
                row.paused_from,
                row.paused_until,
            )
            for row in rows
        ],
        is_overdue=review.overdue_since is not None,
    )
