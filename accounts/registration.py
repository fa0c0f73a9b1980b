"""How a company comes to be: by its first owner, waiting for staff to verify it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from django.db import transaction

from accounts import journal
from accounts.access import CompanyRole, switch_company
from accounts.companies import Company, CompanyState
from accounts.encryption import encrypt
from accounts.journal import Actor
from accounts.memberships import set_role
from accounts.users import User

#: What further apps do when a company was registered or handed in again: (company, submitted by, actor, now).
AFTER_REGISTRATION: list[Callable[[Company, User, Actor, dt.datetime], None]] = []


@transaction.atomic
def register_company(
    *, company: Company, owner: User, actor: Actor, now: dt.datetime, identity_number: str = ""
) -> Company:
    """Save a new company with `owner` as its first member and hand it to staff for verification.

    Individuals have an identity number (stored encrypted) in place of a credit code. Raises IntegrityError when the
    credit code is registered already; the form checks that before.
    """
    company.created_by = owner
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
