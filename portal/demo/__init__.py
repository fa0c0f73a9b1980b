"""Demonstration data: nine companies in every situation that the portal is about, made through the domain functions.

Their story begins ten months before `now` and is told in order, so that journal, reviews and mails are those of a
portal that has been in use: nothing here writes a state that a person or the engine could not have brought about.
"""

from __future__ import annotations

import datetime as dt
import io
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from stdnum.cn import uscc

from accounts.access import CompanyRole, StaffRole, switch_company
from accounts.companies import Company, CompanyKind, Industry
from accounts.journal import Actor
from accounts.memberships import StaffAssignment, set_role
from accounts.notices import Notice
from accounts.registration import register_company
from accounts.users import User
from accounts.working_days import CHINA, end_of_day
from certification.applications.drafts import create_draft, save_answer
from certification.applications.models import Application, ApplicationKind
from certification.applications.submission import submit
from certification.maintenance.engine import tick
from certification.maintenance.models import MaintenanceCause, Scope
from certification.maintenance.plans import PlanDraft, create_plan
from certification.materials import rules
from certification.materials.documents import check_document
from certification.materials.models import Material, MaterialKind, RequirementMoment
from certification.materials.store import stage
from certification.materials.versions import submit_version
from certification.numbers.groups.tree import add_group
from certification.numbers.models import GroupKind, PhoneNumber, PhoneNumberQuerySet, Provider
from certification.numbers.registry import add_number, change_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewItem, ReviewState
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
