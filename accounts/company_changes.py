"""The one writer of a company's own data after its registration: what changed, by whom, from what to what."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from typing import Any

from django.db import transaction

from accounts import journal
from accounts.companies import Company, CompanyState, Industry
from accounts.encryption import decrypt, encrypt
from accounts.journal import Actor, Change

#: What members may change at any time.
FREE_FIELDS = ("contact_name", "contact_phone", "contact_email", "time_zone")
#: What staff verified; members may change it until then only.
VERIFIED_FIELDS = ("name", "kind", "credit_code", "industry")

#: What further apps do when a company moved to another time zone: (company, zone name before, actor, now).
AFTER_TIME_ZONE_CHANGE: list[Callable[[Company, str, Actor, dt.datetime], None]] = []
#: What further apps do when a company moved to another industry: (company, actor, now).
AFTER_INDUSTRY_CHANGE: list[Callable[[Company, Actor, dt.datetime], None]] = []


class VerifiedDataLocked(Exception):
    """Staff have verified this; only they can change it."""


def journal_text(value: Any) -> str:
    """A value as the journal keeps it: an industry by its id, everything else as text."""
    return str(value.pk) if isinstance(value, Industry) else str(value)[:120]


@transaction.atomic
def change_company_data(
    *,
    company: Company,
    values: Mapping[str, Any],
    actor: Actor,
    now: dt.datetime,
    by_staff: bool = False,
    reason: str = "",
) -> list[str]:
    """Write the given fields, journal each that differs, and return their names; nothing happens when none does.

    Raises VerifiedDataLocked when somebody who is not staff changes what staff have verified, and IntegrityError when
    the credit code is registered already; the form checks both before.
    """
    current = Company.objects.select_for_update(of=("self",)).select_related("industry").get(pk=company.pk)
    differing = [
        name for name in values if name in FREE_FIELDS + VERIFIED_FIELDS and getattr(current, name) != values[name]
    ]
    if not differing:
        return []
    if current.state == CompanyState.VERIFIED and not by_staff and set(differing) & set(VERIFIED_FIELDS):
        raise VerifiedDataLocked
    zone_before = current.time_zone
    changes = [
        Change(
            subject="company",
            subject_id=company.pk,
            aspect=name,
            before=journal_text(getattr(current, name)),
            after=journal_text(values[name]),
            company_id=company.pk,
            reason=reason,
        )
        for name in differing
    ]
    for name in differing:
        setattr(current, name, values[name])
        setattr(company, name, values[name])
    current.save(update_fields=differing)
    journal.record_many(at=now, actor=actor, changes=changes)
    if "time_zone" in differing:
        for follow in AFTER_TIME_ZONE_CHANGE:
            follow(current, zone_before, actor, now)
    if "industry" in differing:
        for react in AFTER_INDUSTRY_CHANGE:
            react(current, actor, now)
    return differing


def replace_identity_number(*, company: Company, identity_number: str, actor: Actor, now: dt.datetime) -> None:
    """Store another identity number, encrypted; the journal says that it changed, never what it is."""
    if company.identity_number_encrypted and decrypt(company.identity_number_encrypted) == identity_number:
        return
    before = "set" if company.identity_number_encrypted else ""
    company.identity_number_encrypted = encrypt(identity_number) if identity_number else ""
    company.save(update_fields=["identity_number_encrypted"])
    after = "set" if identity_number else ""
    if before or after:
        journal.record(
            at=now,
            actor=actor,
            company_id=company.pk,
            subject="company",
            subject_id=company.pk,
            aspect="identity_number",
            before=before,
            after=after,
        )


def reveal_identity_number(*, company: Company, actor: Actor, now: dt.datetime) -> str:
    """The identity number in full; reading it is itself journalled. Empty when the company has none."""
    if not company.identity_number_encrypted:
        return ""
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="company",
        subject_id=company.pk,
        aspect="reveal",
        after="identity_number",
    )
    return decrypt(company.identity_number_encrypted)


def masked_identity_number(company: Company) -> str:
    """The identity number as it is shown: its first three and last two characters. Empty when there is none."""
    if not company.identity_number_encrypted:
        return ""
    number = decrypt(company.identity_number_encrypted)
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}"
