"""What is late in the tests of expediting."""

from __future__ import annotations

import datetime as dt

from accounts.journal import Actor
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.models import MaterialState
from certification.reviews import desk
from certification.reviews.models import Review, ReviewKind
from tests.cast import NOW, Cast, make_material

DAY = dt.timedelta(days=1)


def waiting_review(cast: Cast, *, kind: str = "business_licence", days: float = 6, now: dt.datetime = NOW) -> Review:
    """A document of the clinic's that was handed in `days` before `now`: due after five, marked as overdue by a tick."""
    handed_in = now - days * DAY
    material = make_material(cast.clinic, kind, by=cast.owner, state=MaterialState.SUBMITTED)
    return desk.open_review(
        kind=ReviewKind.MATERIAL,
        company=cast.clinic,
        subject="material",
        subject_id=material.pk,
        submitted_by_id=cast.owner.pk,
        actor=Actor.person(cast.owner),
        now=handed_in,
    )


def late_review(cast: Cast) -> Review:
    """The same, overdue."""
    review = waiting_review(cast)
    tick(now=NOW)
    review.refresh_from_db()
    return review


def late_maintenance(*, hours: float = 30) -> Maintenance:
    """A data synchronisation that was to end a day ago and goes on."""
    found = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="data_sync"),
        scope="everything",
        planned_start=NOW - dt.timedelta(hours=hours),
        planned_end=NOW - DAY,
        ends_by_plan=False,
        suspends_display=True,
        created_at=NOW - 9 * DAY,
    )
    tick(now=NOW - dt.timedelta(hours=hours))
    tick(now=NOW)
    found.refresh_from_db()
    return found
