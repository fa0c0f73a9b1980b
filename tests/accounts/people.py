"""Readers of notices, made without a password: hashing one is slow and nobody signs in with it here."""

from __future__ import annotations

from typing import Any

from accounts.access import CompanyRole, StaffRole
from accounts.companies import Company
from accounts.memberships import Membership, StaffAssignment
from accounts.notices import Notice
from accounts.users import User
from tests.cast import NOW


def reader(name: str, *companies: Company, role: CompanyRole = CompanyRole.OWNER, **fields: Any) -> User:
    """A person, member of the companies."""
    user = User.objects.create(email=f"{name}@example.com", name=name, **fields)
    Membership.objects.bulk_create([Membership(user=user, company=company, role=role) for company in companies])
    return user


def staff(name: str, role: StaffRole) -> User:
    """A person who works for the portal."""
    user = User.objects.create(email=f"{name}@example.com", name=name)
    StaffAssignment.objects.create(user=user, role=role)
    return user


def notice_to(user: User, company: Company | None, key: str, kind: str = "application_lapsed", **fields: Any) -> Notice:
    """A notice in the outbox, due since NOW."""
    values: dict[str, Any] = {
        "context": {"application": "aa11bb22cc33", "numbers": 2},
        "created_at": NOW,
        "next_attempt_at": NOW,
        **fields,
    }
    return Notice.objects.create(key=key, kind=kind, recipient=user, company=company, **values)
