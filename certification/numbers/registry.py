"""The one writer of phone numbers: adding, changing, giving up, revealing. (Their lifecycle: applications.lifecycle.)"""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.db import IntegrityError, transaction

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from certification.applications.lifecycle import move_numbers
from certification.applications.models import ApplicationNumber
from certification.maintenance.models import Maintenance
from certification.numbers.arrivals import arrived
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import ReadNumber

#: In these states nothing depends on the provider, the displayed name or the number's being there.
CERTIFIED_OR_UNDER_WAY = frozenset(
    {
        Lifecycle.CERTIFIED,
        Lifecycle.SUBMITTED,
        Lifecycle.IN_REVIEW,
        Lifecycle.RETURNED,
        Lifecycle.PENDING_MAINTENANCE,
    }
)


class NumberUnavailable(Exception):
    """The number is held: by this company (`own`), or by another one, which nobody is told."""

    def __init__(self, *, own: bool) -> None:
        super().__init__("own" if own else "unavailable")
        self.own = own


class InOpenApplication(Exception):
    """The number is in an application that is still open; that has to be withdrawn or decided first."""


class LockedByComplaints(Exception):
    """A complaint lock is open on the number; it ends only by a reviewer's decision."""


class NotCertified(Exception):
    """There is no certification to withdraw."""


class ChangeNeedsApplication(Exception):
    """Provider and displayed name of a certified number change by an application only."""


class BackupImpossible(Exception):
    """A backup stands in for a primary number of the same company, which is no backup itself."""


def add_number(
    *,
    company: Company,
    read: ReadNumber,
    provider: Provider,
    actor: Actor,
    now: dt.datetime,
    label: str = "",
    alias: str = "",
    group: NumberGroup | None = None,
    backup_of: PhoneNumber | None = None,
) -> PhoneNumber:
    """Register a number for the company, as a draft. Raises NumberUnavailable where somebody holds it already.

    Two companies that add the same number at one moment: the unique constraint lets one of them.
    """
    with transaction.atomic():
        if backup_of is not None:
            check_backup(company=company, primary=backup_of, number=None)
        try:
            with transaction.atomic():
                number = PhoneNumber.objects.create(
                    company=company,
                    number=read.number,
                    kind=read.kind,
                    provider=provider,
                    label=label,
                    alias=alias,
                    group=group,
                    backup_of=backup_of,
                    lifecycle_since=now,
                    created_at=now,
                )
        except IntegrityError as error:
            own = PhoneNumber.objects.of_company(company).filter(number=read.number).exists()
            raise NumberUnavailable(own=own) from error
        journal.record(
            at=now,
            actor=actor,
            company_id=company.pk,
            subject="number",
            subject_id=number.pk,
            aspect="state",
            before="",
            after=Lifecycle.DRAFT,
        )
        arrived([number.number], actor, now)
    return number


def check_backup(*, company: Company, primary: PhoneNumber, number: PhoneNumber | None) -> None:
    """Raise BackupImpossible unless `number` (None: a new one) can stand in for `primary`."""
    if primary.company_id != company.pk or primary.released_at is not None or primary.backup_of_id is not None:
        raise BackupImpossible
    if number is not None and (number.pk == primary.pk or number.backups.filter(released_at__isnull=True).exists()):
        raise BackupImpossible


@transaction.atomic
def change_number(
    *,
    number: PhoneNumber,
    label: str,
    alias: str,
    provider: Provider,
    group: NumberGroup | None,
    backup_of: PhoneNumber | None,
    actor: Actor,
    now: dt.datetime,
    reason: str = "",
) -> list[str]:
    """Change what a company may change itself; return the aspects that changed, each with one journal row.

    Raises ChangeNeedsApplication for provider or label of a number that is certified or being reviewed, BackupImpossible
    for a backup of a backup, of another company's number, or of itself.
    """
    # The primary too: it must not become a backup itself at the same moment.
    keys = [number.pk] + ([backup_of.pk] if backup_of else [])
    locked = {row.pk: row for row in PhoneNumber.objects.select_for_update().filter(pk__in=keys).order_by("pk")}
    current = locked[number.pk]
    if current.released_at is not None:
        raise NumberUnavailable(own=False)
    fixed = current.lifecycle in CERTIFIED_OR_UNDER_WAY
    if fixed and (label != current.label or provider.pk != current.provider_id):
        raise ChangeNeedsApplication
    if backup_of is not None and backup_of.pk != current.backup_of_id:
        check_backup(company=current.company, primary=locked[backup_of.pk], number=current)
    wanted: dict[str, tuple[str, str, Any]] = {
        "label": (current.label, label, label),
        "alias": (current.alias, alias, alias),
        "provider": (str(current.provider_id), str(provider.pk), provider.pk),
        "group": (str(current.group_id or ""), str(group.pk if group else ""), group.pk if group else None),
        "backup_of": (
            str(current.backup_of_id or ""),
            str(backup_of.pk if backup_of else ""),
            backup_of.pk if backup_of else None,
        ),
    }
    changed = {aspect: values for aspect, values in wanted.items() if values[0] != values[1]}
    if not changed:
        return []
    columns = {"provider": "provider_id", "group": "group_id", "backup_of": "backup_of_id"}
    PhoneNumber.objects.filter(pk=current.pk).update(
        **{columns.get(aspect, aspect): value for aspect, (_before, _after, value) in changed.items()}
    )
    journal.record_many(
        at=now,
        actor=actor,
        changes=[
            journal.Change("number", current.pk, aspect, before, after, current.company_id, reason)
            for aspect, (before, after, _value) in changed.items()
        ],
    )
    return list(changed)


def lock_for_ending(number: PhoneNumber) -> PhoneNumber:
    """The number's row, locked. Raises InOpenApplication where an application holds it."""
    current = PhoneNumber.objects.select_for_update(of=("self",)).select_related("company").get(pk=number.pk)
    if ApplicationNumber.objects.filter(number=current, is_active=True).exists():
        raise InOpenApplication
    return current


@transaction.atomic
def withdraw_certification(*, number: PhoneNumber, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """End the number's certification at the company's wish; False where it had ended so already.

    Raises InOpenApplication, NotCertified.
    """
    current = lock_for_ending(number)
    if current.lifecycle == Lifecycle.WITHDRAWN:
        return False
    if current.lifecycle != Lifecycle.CERTIFIED:
        raise NotCertified
    rows = PhoneNumber.objects.filter(pk=current.pk)
    return bool(move_numbers(numbers=rows, to=Lifecycle.WITHDRAWN, actor=actor, now=now, reason=reason))


@transaction.atomic
def release_number(*, number: PhoneNumber, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """Give the number up: its certification ends, its backups stand alone, and another company can register it.

    False where it had been given up already. Raises InOpenApplication, and LockedByComplaints: a lock cannot be got rid
    of by giving the number up and registering it again.
    """
    current = lock_for_ending(number)
    if current.released_at is not None:
        return False
    if Maintenance.objects.open_at().filter(number=current, locks=True).exists():
        raise LockedByComplaints
    if current.lifecycle == Lifecycle.CERTIFIED:
        rows = PhoneNumber.objects.filter(pk=current.pk)
        move_numbers(numbers=rows, to=Lifecycle.WITHDRAWN, actor=actor, now=now, reason=reason)
    changes = [journal.Change("number", current.pk, "held", "held", "released", current.company_id, reason)]
    backups = PhoneNumber.objects.select_for_update().filter(backup_of=current).order_by("pk")
    changes += [
        journal.Change("number", backup.pk, "backup_of", str(current.pk), "", current.company_id, reason)
        for backup in backups
    ]
    PhoneNumber.objects.filter(backup_of=current).update(backup_of=None)
    PhoneNumber.objects.filter(pk=current.pk).update(released_at=now)
    journal.record_many(at=now, actor=actor, changes=changes)
    return True


def reveal_number(*, number: PhoneNumber, actor: Actor, now: dt.datetime) -> str:
    """The whole number, for a person who asked; written to the journal each time."""
    journal.record(
        at=now,
        actor=actor,
        company_id=number.company_id,
        subject="number",
        subject_id=number.pk,
        aspect="reveal",
    )
    return number.number
