"""The lifecycle of appeals: the transition table as data, and its one writer."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction
from django.db.models import Exists, OuterRef

from accounts import journal
from accounts.journal import Actor
from appeals.cases.models import OPEN_STATES, Appeal, AppealNumber, AppealState
from certification.maintenance.diagram import TABLES
from certification.numbers.models import PhoneNumber

#: Domain section 7. An appeal is settled when what it is about has ended without it: the lock was released meanwhile.
TRANSITIONS: dict[AppealState, tuple[AppealState, ...]] = {
    AppealState.DRAFT: (AppealState.SUBMITTED, AppealState.WITHDRAWN),
    AppealState.SUBMITTED: (AppealState.IN_REVIEW, AppealState.SETTLED, AppealState.WITHDRAWN),
    AppealState.IN_REVIEW: (
        AppealState.MORE_INFORMATION,
        AppealState.UPHELD,
        AppealState.PARTLY_UPHELD,
        AppealState.DISMISSED,
        AppealState.SETTLED,
        AppealState.WITHDRAWN,
    ),
    AppealState.MORE_INFORMATION: (
        AppealState.IN_REVIEW,
        AppealState.ABANDONED,
        AppealState.SETTLED,
        AppealState.WITHDRAWN,
    ),
    AppealState.UPHELD: (),
    AppealState.PARTLY_UPHELD: (),
    AppealState.DISMISSED: (),
    AppealState.SETTLED: (),
    AppealState.ABANDONED: (),
    AppealState.WITHDRAWN: (),
}

TABLES["appeal"] = TRANSITIONS


class TransitionRefused(Exception):
    """The table does not allow the move from the state that the appeal is in."""

    def __init__(self, appeal: Appeal, to: AppealState) -> None:
        super().__init__(f"{appeal.state} -> {to}")
        self.appeal, self.to = appeal, to


class AppealOpen(Exception):
    """There is an open appeal about the same thing: one of the numbers with the same subject, or the same decision."""

    def __init__(self, other: Appeal) -> None:
        super().__init__(other.ref)
        self.other = other


def locked(appeal: Appeal) -> Appeal:
    """The row as it is now, locked until the end of the transaction."""
    return Appeal.objects.select_for_update(of=("self",), no_key=True).select_related("company").get(pk=appeal.pk)


@transaction.atomic
def move(*, appeal: Appeal, to: AppealState, actor: Actor, now: dt.datetime, reason: str = "", **changes: Any) -> bool:
    """Move the appeal to `to` and journal it; `changes` are further columns of it.

    True when it moved, False when it was there already (a repeated request is a quiet no-op). Raises TransitionRefused
    when the table does not allow it, AppealOpen when another open appeal is about the same thing.
    """
    current = locked(appeal)
    before = AppealState(current.state)
    if before == to:
        return False
    if to not in TRANSITIONS[before]:
        raise TransitionRefused(current, to)
    if before == AppealState.MORE_INFORMATION:
        changes = {"answer_until": None, "next_step_at": None, **changes}
    if to in OPEN_STATES and before not in OPEN_STATES:
        open_up(appeal=current, to=to, now=now, changes=changes)
    else:
        Appeal.objects.filter(pk=appeal.pk).update(state=to, state_since=now, **changes)
    if to not in OPEN_STATES:
        AppealNumber.objects.filter(appeal=appeal, is_open=True).update(is_open=False)
    for field, value in {"state": to, "state_since": now, **changes}.items():
        setattr(appeal, field, value)
    journal.record(
        at=now,
        actor=actor,
        company_id=current.company_id,
        subject="appeal",
        subject_id=current.pk,
        aspect="state",
        before=before,
        after=to,
        reason=reason,
    )
    return True


def open_up(*, appeal: Appeal, to: AppealState, now: dt.datetime, changes: dict[str, Any]) -> None:
    """Make the appeal the open one about its subject; the database refuses a second. Raises AppealOpen."""
    # In one order, so that whoever appeals about the same numbers waits instead of failing.
    numbers = PhoneNumber.objects.filter(appeals__appeal=appeal).order_by("pk")
    list(numbers.select_for_update(of=("self",), no_key=True).values_list("pk"))
    try:
        with transaction.atomic():
            Appeal.objects.filter(pk=appeal.pk).update(state=to, state_since=now, **changes)
            AppealNumber.objects.filter(appeal=appeal).update(is_open=True)
    except IntegrityError as refused:
        other = other_open(appeal)
        if other is None:
            raise
        raise AppealOpen(other) from refused


def other_open(appeal: Appeal) -> Appeal | None:
    """The open appeal that is about the same thing as this one; None when there is none."""
    if appeal.appealed_review_id is not None:
        same = Appeal.objects.open().filter(appealed_review=appeal.appealed_review_id).exclude(pk=appeal.pk)
        if (found := same.first()) is not None:
            return found
    mine = AppealNumber.objects.filter(appeal=appeal, number=OuterRef("number"), subject=OuterRef("subject"))
    theirs = AppealNumber.objects.filter(Exists(mine), is_open=True).exclude(appeal=appeal).order_by("appeal_id")
    found_item = theirs.select_related("appeal").first()
    return found_item.appeal if found_item is not None else None
