"""The one writer of `Material.state`: submitting a version, withdrawing it, deciding it, replacing the one before.

A new version never touches what is in force: the old one counts until the new one is approved.
"""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Iterable, Sequence
from contextlib import suppress

from django.db import connection, models, transaction

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from certification.materials.models import (
    Material,
    MaterialFile,
    MaterialKind,
    MaterialNumber,
    MaterialState,
    StagedFile,
)
from certification.materials.notices import tell_about
from certification.materials.store import FilesMissing, take_files
from certification.materials.validity import DateProblem, date_problems, is_valid_on
from certification.numbers.models import PhoneNumberQuerySet
from certification.reminders.models import Reminder
from certification.reviews import desk
from certification.reviews.models import Review, ReviewKind

#: What a review calls this kind of thing.
SUBJECT = "material"

#: The lifecycle of a version as data: from -> the states it can move to.
TRANSITIONS: dict[MaterialState, tuple[MaterialState, ...]] = {
    MaterialState.SUBMITTED: (
        MaterialState.APPROVED,
        MaterialState.RETURNED,
        MaterialState.REJECTED,
        MaterialState.WITHDRAWN,
    ),
    MaterialState.APPROVED: (MaterialState.REPLACED,),
    MaterialState.RETURNED: (MaterialState.SUBMITTED,),  # an appeal against it was upheld, as below
    MaterialState.REJECTED: (MaterialState.SUBMITTED,),
    MaterialState.REPLACED: (),
    MaterialState.WITHDRAWN: (),
}


class DatesRefused(Exception):
    """The dates of a version cannot be; `problems` says which and why."""

    def __init__(self, problems: Sequence[DateProblem]) -> None:
        super().__init__(", ".join(problem.code for problem in problems))
        self.problems = problems


class NumbersMissing(Exception):
    """A material that names numbers names at least one, and only the company's own."""


class TransitionRefused(Exception):
    """The version is in a state that the table does not lead from to the wanted one."""

    def __init__(self, material: Material, to: MaterialState) -> None:
        super().__init__(f"{material.state} -> {to}")
        self.material, self.to = material, to


@transaction.atomic
def submit_version(
    *,
    company: Company,
    kind: MaterialKind,
    files: Sequence[StagedFile],
    actor: Actor,
    now: dt.datetime,
    issued_on: dt.date | None = None,
    expires_on: dt.date | None = None,
    is_long_term: bool = False,
    numbers: PhoneNumberQuerySet | None = None,
    holder_name: str = "",
    document_number: str = "",
    note: str = "",
    submission: uuid.UUID | None = None,
) -> Material:
    """Save the next version of a kind of material, with its files, and open its review.

    Dates are local to the company. An older version of the kind that still waits for review (for the same numbers, where
    the kind names numbers) is withdrawn with its review. What is approved stays in force. The same `submission` twice
    returns the version that it made. Raises DatesRefused, FilesMissing, or NumbersMissing.
    """
    assert actor.user_id is not None, "somebody hands a version in"
    # Versions of a company are numbered one after the other.
    list(Company.objects.select_for_update(no_key=True).filter(pk=company.pk).values_list("pk"))
    if submission is not None:
        made = Material.objects.filter(company=company, submission=submission).select_related("kind").first()
        if made is not None:
            return made
    problems = date_problems(
        issued_on=issued_on,
        expires_on=expires_on,
        is_long_term=is_long_term,
        may_be_long_term=kind.may_be_long_term,
        today=company.today(now),
    )
    if problems:
        raise DatesRefused(problems)
    if not files or any(file.company_id != company.pk for file in files):
        raise FilesMissing
    earlier = list(
        Material.objects.filter(company=company, kind=kind).order_by("version").values_list("version", "state")
    )
    material = Material.objects.create(
        company=company,
        kind=kind,
        version=earlier[-1][0] + 1 if earlier else 1,
        issued_on=issued_on,
        expires_on=expires_on,
        is_long_term=is_long_term,
        holder_name=holder_name,
        document_number=document_number,
        note=note,
        submission=submission,
        submitted_at=now,
        submitted_by_id=actor.user_id,
    )
    MaterialFile.objects.bulk_create([MaterialFile(material=material, **taken) for taken in take_files(files=files)])
    if kind.names_numbers and not name_numbers(material=material, numbers=numbers):
        raise NumbersMissing
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject=SUBJECT,
        subject_id=material.pk,
        aspect="state",
        after=MaterialState.SUBMITTED,
        detail={"kind": kind.code, "version": material.version},
    )
    for older in covered_by(material, MaterialState.SUBMITTED):
        with suppress(TransitionRefused):  # decided at this moment: then it stays what it became
            withdraw(material=older, actor=actor, now=now, reason="a later version was submitted")
    review = desk.open_review(
        kind=ReviewKind.MATERIAL,
        company=company,
        subject=SUBJECT,
        subject_id=material.pk,
        submitted_by_id=actor.user_id,
        actor=actor,
        now=now,
        times_returned=returned_since_approval([state for _version, state in earlier]),
    )
    tell_about(
        material=material,
        kind="material_submitted",
        key=f"material_submitted:{material.pk}",
        now=now,
        due_from=review.due_from.isoformat(),
        due_at=review.due_at.isoformat(),
    )
    return material


NAME_NUMBERS = """
    INSERT INTO certification_materialnumber (material_id, number_id) SELECT %s, chosen.id FROM ({chosen}) AS chosen
"""


def name_numbers(*, material: Material, numbers: PhoneNumberQuerySet | None) -> int:
    """Note which of the company's numbers the version names, in one statement; return how many."""
    if numbers is None:
        return 0
    own = numbers.filter(company=material.company, released_at__isnull=True).order_by().values("id").distinct()
    sql, parameters = own.query.sql_with_params()
    from_numbers = NAME_NUMBERS.format(chosen=sql)
    with connection.cursor() as cursor:
        cursor.execute(from_numbers, [material.pk, *parameters])
        return int(cursor.rowcount)


def covered_by(material: Material, state: MaterialState) -> list[Material]:
    """The other versions of the kind in `state` whose place this one can take.

    A licence takes the place of the licence; a proof that names numbers only that of proofs all of whose numbers it
    names too, because several of them stand side by side.
    """
    others = Material.objects.filter(company=material.company, kind=material.kind, state=state).exclude(pk=material.pk)
    if material.kind.names_numbers:
        named = MaterialNumber.objects.filter(material=material).values("number")
        not_covered = MaterialNumber.objects.filter(material=models.OuterRef("pk")).exclude(number__in=named)
        others = others.filter(~models.Exists(not_covered))
    found = list(others.order_by("version"))
    for other in found:
        other.company, other.kind = material.company, material.kind
    return found


def returned_since_approval(states: Sequence[str]) -> int:
    """How many versions of a kind were sent back since one was approved last; `states` from the first version on."""
    returned = 0
    for state in states:
        if state in (MaterialState.APPROVED, MaterialState.REPLACED):
            returned = 0
        returned += state == MaterialState.RETURNED
    return returned


@transaction.atomic
def move(
    *, material: Material, to: MaterialState, actor: Actor, now: dt.datetime, reason: str = "", **changes: object
) -> bool:
    """Move the version to `to` and journal it; True when it moved, False when it was there already.

    Raises TransitionRefused when the table does not allow it.
    """
    current = Material.objects.select_for_update().only("state").get(pk=material.pk)
    before = MaterialState(current.state)
    if before == to:
        return False
    if to not in TRANSITIONS[before]:
        raise TransitionRefused(current, to)
    Material.objects.filter(pk=material.pk).update(state=to, **changes)
    material.state = to
    for field, value in changes.items():
        setattr(material, field, value)
    journal.record(
        at=now,
        actor=actor,
        company_id=material.company_id,
        subject=SUBJECT,
        subject_id=material.pk,
        aspect="state",
        before=before,
        after=to,
        reason=reason,
    )
    return True


@transaction.atomic
def withdraw(*, material: Material, actor: Actor, now: dt.datetime, reason: str = "") -> bool:
    """Take a submitted version back, with its review. False when it was withdrawn already.

    Raises TransitionRefused when it was decided in the meantime.
    """
    # The review before the version, in the order in which a decision takes them.
    desk.cancel(subject=SUBJECT, subject_id=material.pk, actor=actor, now=now, reason=reason or "withdrawn")
    return move(material=material, to=MaterialState.WITHDRAWN, actor=actor, now=now, reason=reason)


@transaction.atomic
def approve(*, material: Material, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Put a submitted version in force. It takes the place of older ones when it is valid already, else they stay."""
    move(material=material, to=MaterialState.APPROVED, actor=actor, now=now, reason=reason, decided_at=now)
    older = covered_by(material, MaterialState.APPROVED)
    if is_valid_on(material, material.company.today(now)):
        for version in older:
            move(
                material=version,
                to=MaterialState.REPLACED,
                actor=actor,
                now=now,
                reason=f"version {material.version} was approved",
                replaced_at=now,
            )
        return
    stop_reminding(follower=material, of=older)


def stop_reminding(*, follower: Material, of: Iterable[Material]) -> None:
    """Plan no further reminders of versions after which `follower` goes on without a gap: they are renewed."""
    renewed = [
        version.pk
        for version in of
        if version.expires_on is not None
        and follower.issued_on is not None
        and follower.issued_on <= version.expires_on + dt.timedelta(days=1)
        and (follower.expires_on is None or follower.expires_on > version.expires_on)
    ]
    Reminder.objects.filter(material__in=renewed).update(next_due_at=None)


@transaction.atomic
def send_back(*, material: Material, to: MaterialState, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Return or reject a submitted version; what was in force before stays so."""
    move(material=material, to=to, actor=actor, now=now, reason=reason, decided_at=now)


def can_reopen(material: Material) -> bool:
    """Whether a version that was not approved can come back: no later one waits for a decision or is in force."""
    later = Material.objects.filter(
        company=material.company_id,
        kind=material.kind_id,
        version__gt=material.version,
        state__in=[MaterialState.SUBMITTED, MaterialState.APPROVED],
    )
    return material.state in (MaterialState.RETURNED, MaterialState.REJECTED) and not later.exists()


@transaction.atomic
def reopen(*, material: Material, actor: Actor, now: dt.datetime) -> Review | None:
    """Open a new review of a returned or rejected version, because an appeal was upheld; None where it has moved on."""
    list(Company.objects.select_for_update(no_key=True).filter(pk=material.company_id).values_list("pk"))
    material.refresh_from_db(fields=["state"])
    if not can_reopen(material):
        return None
    move(
        material=material,
        to=MaterialState.SUBMITTED,
        actor=actor,
        now=now,
        reason="an appeal was upheld",
        decided_at=None,
    )
    return desk.open_review(
        kind=ReviewKind.MATERIAL,
        company=material.company,
        subject=SUBJECT,
        subject_id=material.pk,
        submitted_by_id=material.submitted_by_id,
        actor=actor,
        now=now,
    )
