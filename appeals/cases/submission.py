"""Handing an appeal in and taking it back: the rules around the lifecycle's moves."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import transaction
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts import journal
from accounts.companies import CompanyKind
from accounts.journal import Actor
from accounts.notices import Message, send_to_company
from accounts.users import User
from accounts.working_days import stored_calendar
from appeals.cases.evidence import checklist_of, missing
from appeals.cases.lifecycle import TransitionRefused, locked, move, other_open
from appeals.cases.matters import choosable, takes_numbers
from appeals.cases.models import OPEN_STATES, Appeal, AppealKind, AppealState, Urgency
from certification.maintenance.models import Maintenance
from certification.reviews import desk
from certification.reviews.deferrals import deferring
from certification.reviews.due_times import promised
from certification.reviews.models import Review, ReviewKind, ReviewState
from certification.reviews.overturning import is_appealable

SUBJECT = "appeal"


@dataclass(frozen=True)
class Blocker:
    """What stands against sending a draft, and in which step it is mended."""

    code: str
    step: str
    text: str | Promise
    other: Appeal | None = None


class Blocked(Exception):
    """The draft cannot be sent as it is."""

    def __init__(self, blockers: Sequence[Blocker]) -> None:
        super().__init__(", ".join(blocker.code for blocker in blockers))
        self.blockers = blockers


class NotConfirmed(Exception):
    """Evidence is missing and the company has not said that it knows."""


def blockers_of(appeal: Appeal) -> list[Blocker]:
    """What stands against sending the draft now."""
    found = []
    if takes_numbers(appeal):
        count = appeal.items.count()
        if not count:
            found.append(Blocker("no_numbers", "numbers", _("No number is chosen.")))
        else:
            fit = choosable(company=appeal.company, kind=appeal.kind).filter(appeals__appeal=appeal)
            if fit.count() < count:
                text = _("Some of the chosen numbers cannot be in this appeal any more: take them out.")
                found.append(Blocker("unfit", "numbers", text))
    elif appeal.appealed_review is None or not is_appealable(appeal.appealed_review):
        text = _("The decision does not stand any more, so that there is nothing to appeal against.")
        found.append(Blocker("decision_gone", "statement", text))
    if appeal.kind == AppealKind.MARK and not appeal.platforms.exists():
        found.append(Blocker("no_platforms", "platforms", _("No platform is chosen.")))
    if not appeal.statement.strip():
        found.append(Blocker("no_statement", "statement", _("Say what is wrong and why.")))
    if (other := other_open(appeal)) is not None:
        text = _("There is an open appeal about the same thing already.")
        found.append(Blocker("open_already", "numbers" if takes_numbers(appeal) else "statement", text, other))
    return found


def is_complex(appeal: Appeal) -> bool:
    """Marks on two platforms or more make an appeal complex (domain section 6)."""
    return appeal.kind == AppealKind.MARK and appeal.platforms.count() >= 2


def review_kind(appeal: Appeal) -> ReviewKind:
    """The kind of review, which decides the promise."""
    return ReviewKind.COMPLEX_APPEAL if is_complex(appeal) else ReviewKind.APPEAL


def urgency_of(appeal: Appeal) -> Urgency:
    """Whether the appeal would go first: public services always do, others with a reason."""
    if appeal.company.kind == CompanyKind.PUBLIC_SERVICE:
        return Urgency.BY_KIND
    return Urgency.ASKED if appeal.urgency_reason.strip() else Urgency.NONE


def held_up(appeal: Appeal) -> Maintenance | None:
    """The open maintenance that would pause the appeal if it were sent now: in an overhaul urgent ones only go on."""
    urgent = urgency_of(appeal) != Urgency.NONE
    return deferring(kind=review_kind(appeal), company=appeal.company, urgent=urgent)


def promise(appeal: Appeal, now: dt.datetime) -> tuple[dt.datetime, dt.datetime]:
    """When the appeal would be decided if it were sent now: not before, at the latest."""
    return promised(review_kind(appeal), now, zone=appeal.company.zone, calendar=stored_calendar())


def open_review_of(appeal: Appeal) -> Review | None:
    """The appeal's review while it is open."""
    return Review.objects.filter(subject=SUBJECT, subject_id=appeal.pk, state=ReviewState.OPEN).first()


@transaction.atomic
def submit(*, appeal: Appeal, confirmed: bool, by: User, actor: Actor, now: dt.datetime) -> bool:
    """Hand the appeal in; True when it was, False when it had been already (a double click).

    Afterwards it is the open one about its subject and a review with a due time is open. Raises Blocked; NotConfirmed
    when evidence is missing and `confirmed` is False; AppealOpen when another appeal about the same was faster;
    TransitionRefused once it is over.
    """
    current = locked(appeal)
    if current.state != AppealState.DRAFT:
        appeal.state = current.state
        if current.state not in OPEN_STATES:
            raise TransitionRefused(current, AppealState.SUBMITTED)
        return False
    if blockers := [row for row in blockers_of(current) if row.code != "open_already"]:
        raise Blocked(blockers)
    lacking = missing(checklist_of(current, now))
    if lacking and not confirmed:
        raise NotConfirmed
    urgency, kind = urgency_of(current), review_kind(current)
    move(
        appeal=current,
        to=AppealState.SUBMITTED,
        actor=actor,
        now=now,
        submitted_at=now,
        urgency=urgency,
        is_complex=kind == ReviewKind.COMPLEX_APPEAL,
        missing_evidence=[item.key for item in lacking],
    )
    if urgency != Urgency.NONE:
        note_urgency(
            appeal=current, before=Urgency.NONE, after=urgency, reason=current.urgency_reason, actor=actor, now=now
        )
    review = desk.open_review(
        kind=kind,
        company=current.company,
        subject=SUBJECT,
        subject_id=current.pk,
        submitted_by_id=by.pk,
        actor=actor,
        now=now,
        urgent=urgency != Urgency.NONE,
    )
    tell(
        appeal=current,
        kind="appeal_submitted",
        key=f"appeal_submitted:{current.pk}",
        context={"due_from": review.due_from.isoformat(), "due_at": review.due_at.isoformat()},
        also=by.pk,
        now=now,
    )
    appeal.state, appeal.submitted_at = current.state, now
    return True


def note_urgency(
    *, appeal: Appeal, before: Urgency, after: Urgency, reason: str, actor: Actor, now: dt.datetime
) -> None:
    """Journal why an appeal goes first, or does not any more."""
    journal.record(
        at=now,
        actor=actor,
        company_id=appeal.company_id,
        subject="appeal",
        subject_id=appeal.pk,
        aspect="urgency",
        before=before,
        after=after,
        reason=reason,
    )


def tell(
    *,
    appeal: Appeal,
    kind: str,
    key: str,
    context: dict[str, object],
    now: dt.datetime,
    also: int | None = None,
    needs_action: bool = False,
) -> None:
    """Write one notice about the appeal to owners and administrators, to whoever made it, and to `also`."""
    message = Message(
        key=key,
        kind=kind,
        company_id=appeal.company_id,
        context={"appeal": appeal.ref, "appeal_kind": appeal.kind, **context},
        needs_action=needs_action,
    )
    members = set(appeal.company.memberships.values_list("user_id", flat=True))
    further = {user_id for user_id in (appeal.created_by_id, also) if user_id in members}
    send_to_company(message=message, also=further, now=now)


@transaction.atomic
def withdraw(*, appeal: Appeal, actor: Actor, now: dt.datetime, reason: str = "") -> bool:
    """Take the appeal back at any time before it is decided; its review is cancelled. A draft is put aside.

    True when it was, False when it had been already. Raises TransitionRefused once it is over.
    """
    # The review first, in the order in which a reviewer's decision locks the two.
    desk.cancel(
        subject=SUBJECT, subject_id=appeal.pk, actor=actor, now=now, reason=reason or "withdrawn by the company"
    )
    return move(appeal=appeal, to=AppealState.WITHDRAWN, actor=actor, now=now, reason=reason)


@transaction.atomic
def settle(*, appeal: Appeal, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """End an open appeal whose matter has ended without it (the lock was released); its company is told.

    False when it was over already.
    """
    desk.cancel(subject=SUBJECT, subject_id=appeal.pk, actor=actor, now=now, reason=reason)
    current = locked(appeal)
    if current.state not in OPEN_STATES:
        return False
    move(appeal=current, to=AppealState.SETTLED, actor=actor, now=now, reason=reason)
    tell(appeal=current, kind="appeal_settled", key=f"appeal_settled:{current.pk}", context={}, now=now)
    return True
