"""A rejected or returned application comes back to the reviewers as it was handed in: an appeal against it was upheld."""

from __future__ import annotations

import datetime as dt

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.journal import Actor
from accounts.users import User
from certification.applications.lifecycle import NumberTaken, move
from certification.applications.models import Application, ApplicationNumber, ApplicationState
from certification.applications.precheck import review_kind
from certification.maintenance.reconcile import reconcile_requirements
from certification.reviews import desk
from certification.reviews.models import Review, ReviewState
from certification.reviews.subjects import Reopened

#: From these states an application can come back.
REOPENED_FROM = (ApplicationState.REJECTED, ApplicationState.RETURNED)


def can_reopen(application: Application, review: Review) -> bool:
    """Whether the decision still stands: nothing was handed in or decided since."""
    later = Review.objects.filter(subject="application", subject_id=application.pk, pk__gt=review.pk)
    return application.state in REOPENED_FROM and not later.exclude(state=ReviewState.CANCELLED).exists()


@transaction.atomic
def reopen(*, application: Application, review: Review, by: User | None, actor: Actor, now: dt.datetime) -> Reopened:
    """Open a new review of the application with what was handed in. Numbers that were released meanwhile are left out.

    Where there is nothing to bring back (it was handed in again, its numbers are in another application), it says so.
    """
    current = Application.objects.select_for_update(of=("self",)).select_related("company").get(pk=application.pk)
    if not can_reopen(current, review):
        return Reopened(None, _("The application has moved on meanwhile; nothing had to be reopened."))
    if current.state == ApplicationState.REJECTED:
        ApplicationNumber.objects.filter(application=current, number__released_at__isnull=False).delete()
    if not current.items.exists():
        return Reopened(None, _("The company does not hold the numbers of the application any more."))
    try:
        with transaction.atomic():
            move(
                application=current,
                to=ApplicationState.SUBMITTED,
                actor=actor,
                now=now,
                reason="an appeal was upheld",
                submitted_at=now,
            )
    except NumberTaken:
        return Reopened(None, _("The numbers are in another application by now, which is reviewed in its place."))
    opened = desk.open_review(
        kind=review_kind(current.kind),
        company=current.company,
        subject="application",
        subject_id=current.pk,
        submitted_by_id=review.submitted_by_id or (by.pk if by else None),
        actor=actor,
        now=now,
    )
    reconcile_requirements(now=now, actor=actor, company_id=current.company_id)
    return Reopened(opened)
