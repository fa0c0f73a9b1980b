"""What an upheld appeal does, in the transaction of its decision: locks end, revoked certifications come back, decisions
go back to the reviewers. Marks need nothing more: they were cleared platform by platform.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Set as AbstractSet

from django.utils.translation import gettext as _

from accounts.journal import Actor
from appeals.cases.matters import lock_of, lock_subject, open_locks
from appeals.cases.models import Appeal, AppealKind
from appeals.cases.submission import settle
from appeals.complaints.locks import AFTER_RELEASE, release
from certification.applications.revocation import RestoreRefused, restore
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review
from certification.reviews.overturning import overturn
from certification.reviews.subjects import DecisionRefused


def apply_outcome(*, appeal: Appeal, review: Review, numbers: AbstractSet[int], actor: Actor, now: dt.datetime) -> None:
    """Do what upholding the appeal for `numbers` (primary keys) means. Raises DecisionRefused where it cannot be done."""
    if appeal.kind == AppealKind.LOCK:
        release_locks(appeal=appeal, numbers=numbers, actor=actor, now=now)
    elif appeal.appealed_review is not None:
        overturn(
            review=appeal.appealed_review,
            by=review.submitted_by,
            actor=actor,
            now=now,
            reason=f"appeal {appeal.ref} upheld",
        )
    elif appeal.kind == AppealKind.DECISION:
        try:
            restore(
                numbers=PhoneNumber.objects.filter(pk__in=numbers),
                actor=actor,
                now=now,
                reason=f"appeal {appeal.ref} upheld",
            )
        except RestoreRefused as refused:
            raise DecisionRefused(
                _("One of the numbers is locked because of complaints and must be released first.")
            ) from refused


def settle_after_release(lock: Maintenance, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Settle the open appeals against a lock that has ended, unless another of their locks is still open."""
    subject = lock_subject(lock)
    for appeal in Appeal.objects.open().filter(items__subject=subject, items__is_open=True).order_by("pk"):
        wanted = [pk for pk in (lock_of(item) for item in appeal.items.all()) if pk is not None]
        if not open_locks().filter(pk__in=wanted).exists():
            settle(appeal=appeal, actor=actor, now=now, reason=reason)


def release_locks(*, appeal: Appeal, numbers: AbstractSet[int], actor: Actor, now: dt.datetime) -> None:
    """End the locks of these numbers that the appeal was made against; the locks' own reviews are closed with them."""
    items = appeal.items.filter(number__in=numbers)
    wanted = [pk for pk in (lock_of(item) for item in items) if pk is not None]
    for lock in open_locks().filter(pk__in=wanted).order_by("pk"):
        release(lock=lock, actor=actor, now=now, reason=f"appeal {appeal.ref} upheld")


AFTER_RELEASE.append(settle_after_release)
