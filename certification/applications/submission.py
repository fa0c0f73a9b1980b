"""Handing an application in, again after a correction, and taking it back: the rules around the lifecycle's moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from django.db import transaction
from django.db.models import F

from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from accounts.users import User
from certification.applications.corrections import answers_of
from certification.applications.eligible import eligible
from certification.applications.lifecycle import TransitionRefused, lock_numbers, move
from certification.applications.models import (
    ACTIVE_STATES,
    Application,
    ApplicationKind,
    ApplicationMaterial,
    ApplicationState,
)
from certification.applications.needs import Need
from certification.applications.precheck import Finding, blockers, findings, look, review_kind
from certification.maintenance.reconcile import reconcile_requirements
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Review


class Blocked(Exception):
    """The pre-check found what a reviewer would return the application for."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        super().__init__(", ".join(finding.code for finding in findings))
        self.findings = findings


@transaction.atomic
def submit(*, application: Application, by: User, actor: Actor, now: dt.datetime) -> bool:
    """Hand the application in, first or again; True when it was, False when it had been already (a double click).

    Afterwards: its numbers are held by it, what the reviewer sees is kept, a review with a due time is open, and it
    waits (待维护) where a material is missing that applications wait for. Raises Blocked with the pre-check's blockers,
    NumberTaken when another application was faster, TransitionRefused once it is over.
    """
    current = Application.objects.select_for_update(of=("self",)).select_related("company").get(pk=application.pk)
    if current.state not in (ApplicationState.DRAFT, ApplicationState.RETURNED):
        application.state = current.state
        if current.state not in ACTIVE_STATES:
            raise TransitionRefused(current, ApplicationState.SUBMITTED)
        return False
    lock_numbers(application=current)
    draft = look(application=current, now=now)
    if found := blockers(findings(draft)):
        raise Blocked(found)
    again = current.state == ApplicationState.RETURNED
    move(
        application=current,
        to=ApplicationState.SUBMITTED,
        actor=actor,
        now=now,
        reason="corrected" if again else "",
        submitted_at=now,
        submitted_answers={**answers_of(current), "previous": before_answers(current)},
    )
    keep_snapshot(application=current, needs=draft.needs, now=now)
    review = desk.open_review(
        kind=review_kind(current.kind),
        company=current.company,
        subject="application",
        subject_id=current.pk,
        submitted_by_id=by.pk,
        actor=actor,
        now=now,
    )
    tell_submitted(application=current, review=review, by=by, now=now)
    reconcile_requirements(now=now, actor=actor, company_id=current.company_id)
    current.refresh_from_db(fields=["state"])
    application.state, application.submitted_at = current.state, current.submitted_at
    return True


def before_answers(application: Application) -> dict[str, object]:
    """What was handed in the time before, without what came before that."""
    return {part: value for part, value in application.submitted_answers.items() if part != "previous"}


def keep_snapshot(*, application: Application, needs: Sequence[Need], now: dt.datetime) -> None:
    """Note which versions of which materials the reviewer sees, and which names were asked for."""
    used = {row.pk: row for need in needs for row in need.used}
    ApplicationMaterial.objects.bulk_create(
        [ApplicationMaterial(application=application, material=row, submitted_at=now) for row in used.values()],
        ignore_conflicts=True,
    )
    if application.kind == ApplicationKind.CHANGE:
        application.items.update(submitted_label=F("requested_label"))


def tell_submitted(*, application: Application, review: Review, by: User, now: dt.datetime) -> None:
    """Confirm the receipt, with the promise, to those responsible and to who handed it in."""
    tell(
        application=application,
        kind="application_submitted",
        key=f"application_submitted:{application.pk}:{now.timestamp():.0f}",
        context={"due_from": review.due_from.isoformat(), "due_at": review.due_at.isoformat()},
        also=by.pk,
        now=now,
    )


def tell(
    *,
    application: Application,
    kind: str,
    key: str,
    context: dict[str, object],
    now: dt.datetime,
    also: int | None = None,
    needs_action: bool = False,
) -> None:
    """Write one notice about the application to each owner and administrator, and to `also` if still a member."""
    members = Membership.objects.filter(company=application.company_id).values_list("user_id", "role")
    readers = {user for user, role in members if role in RESPONSIBLE_ROLES or user == also}
    message = Message(
        key=key,
        kind=kind,
        company_id=application.company_id,
        context={
            "application": application.ref,
            "application_kind": application.kind,
            "numbers": application.items.count(),
            **context,
        },
        needs_action=needs_action,
    )
    send(messages=[(message, user_id) for user_id in sorted(readers)], now=now)


@transaction.atomic
def withdraw(*, application: Application, actor: Actor, now: dt.datetime, reason: str = "") -> bool:
    """Take the application back before it is decided; its numbers become drafts again, its review is cancelled.

    True when it was, False when it had been already. Raises TransitionRefused once it is decided.
    """
    # The review first, in the order in which a reviewer's decision locks the two.
    desk.cancel(
        subject="application",
        subject_id=application.pk,
        actor=actor,
        now=now,
        reason=reason or "withdrawn by the company",
    )
    return move(application=application, to=ApplicationState.WITHDRAWN, actor=actor, now=now, reason=reason)


def not_eligible(*, application: Application, now: dt.datetime) -> list[PhoneNumber]:
    """The numbers in a draft that could not be chosen any more; those that the button "take them out" removes."""
    fit = eligible(company=application.company, kind=application.kind, now=now)
    return list(PhoneNumber.objects.filter(applications__application=application).exclude(pk__in=fit.values("pk")))
