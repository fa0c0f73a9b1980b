"""Demonstration data: nine companies in every situation that the portal is about, made through the domain functions.

Their story begins ten months before `now` and is told in order, so that journal, reviews and mails are those of a
portal that has been in use: nothing here writes a state that a person or the engine could not have brought about.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts.companies import Company
from accounts.users import User
from portal.demo.companies import COMPANY_LOGINS, STAFF_LOGINS, tell
from portal.demo.story import DOMAIN, Story, password


@dataclass
class Demonstration:
    """What `manage.py demo --json` prints."""

    companies: list[dict[str, Any]] = field(default_factory=list)
    logins: list[dict[str, str]] = field(default_factory=list)


def is_loaded() -> bool:
    """Whether the demonstration's people exist."""
    return User.objects.filter(email=f"owner@{DOMAIN}").exists()


def describe() -> Demonstration:
    """The companies and logins of the loaded demonstration."""
    secret = password()
    if not User.objects.get(email=f"owner@{DOMAIN}").check_password(secret):
        # The database outlived var/: its people get the new password.
        User.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(secret))
    companies = [
        {"id": company.pk, "name": company.name, "numbers": company.numbers.filter(released_at__isnull=True).count()}
        for company in Company.objects.order_by("pk")
    ]
    logins = [
        {"role": role.value, "email": f"{name}@{DOMAIN}", "password": secret}
        for role, name, _ in (*COMPANY_LOGINS, *STAFF_LOGINS)
    ]
    return Demonstration(companies, logins)


def load(*, now: dt.datetime) -> Demonstration:
    """Load the demonstration where there is none, and describe it."""
    if not is_loaded():
        with transaction.atomic():
            tell(Story(now))
    return describe()
