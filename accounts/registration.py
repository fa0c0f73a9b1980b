"""How a company comes to be: by its first owner, waiting for staff to verify it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from accounts import journal
from accounts.access import CompanyRole, switch_company
from accounts.companies import Company, CompanyState, change_company_state
from accounts.company_changes import VerifiedDataLocked, change_company_data, replace_identity_number
from accounts.encryption import encrypt
from accounts.journal import Actor
from accounts.memberships import set_role
from accounts.users import User

#: Until when staff have promised to verify a company that waits; the first answer counts.
WAITING_UNTIL: list[Callable[[Company], dt.datetime | None]] = []
#: What further apps do when a company was registered or handed in again: (company, submitted by, actor, now).
AFTER_REGISTRATION: list[Callable[[Company, User, Actor, dt.datetime], None]] = []


@transaction.atomic
def register_company(
    *, company: Company, owner: User, actor: Actor, now: dt.datetime, identity_number: str = ""
) -> Company:
    """Save a new company with `owner` as its first member and hand it to staff for verification.

    Individuals have an identity number (stored encrypted) in place of a credit code. The same company handed in twice
    by the same person (a double click) is returned, not made twice. Raises IntegrityError when the credit code is
    registered already by others; the form checks that before.
    """
    User.objects.select_for_update(of=("self",)).get(pk=owner.pk)
    twin = waiting_twin(company, owner)
    if twin is not None:
        return twin
    company.created_by, company.created_at = owner, now
    company.identity_number_encrypted = encrypt(identity_number) if identity_number else ""
    company.save()
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="company",
        subject_id=company.pk,
        aspect="state",
        after=CompanyState.PENDING,
    )
    set_role(company=company, user=owner, role=CompanyRole.OWNER, actor=actor, now=now)
    switch_company(user=owner, company_id=company.pk)
    for hand_on in AFTER_REGISTRATION:
        hand_on(company, owner, actor, now)
    return company


def waiting_twin(company: Company, owner: User) -> Company | None:
    """The same company, registered by the same person and not verified yet."""
    return Company.objects.filter(
        created_by=owner,
        state=CompanyState.PENDING,
        kind=company.kind,
        name=company.name,
        credit_code=company.credit_code,
    ).first()


def waiting_until(company: Company) -> dt.datetime | None:
    """Until when staff have promised to verify the company; None when it does not wait."""
    moments = [moment for ask in WAITING_UNTIL if (moment := ask(company)) is not None]
    return moments[0] if moments else None


@transaction.atomic
def hand_in_again(
    *,
    company: Company,
    values: Mapping[str, Any],
    by: User,
    actor: Actor,
    now: dt.datetime,
    identity_number: str | None = None,
) -> None:
    """Correct the data of a company that is not verified, and hand it to staff (again).

    A refused company waits for verification afterwards; one that waits already starts over with its new data, so that
    nobody verifies what has changed under their eyes. `identity_number` None keeps the one that is stored. Raises
    VerifiedDataLocked for a verified company, and IntegrityError like `register_company`.
    """
    current = Company.objects.select_for_update(of=("self",)).get(pk=company.pk)
    if current.state == CompanyState.VERIFIED:
        raise VerifiedDataLocked
    change_company_data(company=company, values=values, actor=actor, now=now)
    if identity_number is not None:
        replace_identity_number(company=company, identity_number=identity_number, actor=actor, now=now)
    company.state = current.state
    change_company_state(company=company, to=CompanyState.PENDING, actor=actor, now=now, reason="")
    for hand_on in AFTER_REGISTRATION:
        hand_on(company, by, actor, now)
