"""The cast that all tests share: two companies with their people, the staff, and things made through the real models.

`clinic` is a verified medical company with every required material and five certified numbers; `shop` is another
company, whose things do not exist for the clinic's people. Times are given, never read from the clock: NOW.
"""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from dataclasses import dataclass

import pytest
from allauth.account.models import EmailAddress
from django.contrib.auth.hashers import make_password
from stdnum.cn import uscc

from accounts.access import CompanyRole, StaffRole
from accounts.companies import Company, CompanyKind, CompanyState, Industry
from accounts.memberships import Membership, StaffAssignment
from accounts.users import User
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from certification.numbers.models import Lifecycle, NumberKind, PhoneNumber, Provider

#: A Wednesday, 11:00 in Shanghai.
NOW = dt.datetime(2026, 11, 25, 3, 0, tzinfo=dt.UTC)
PASSWORD = "correct horse battery"

counter = itertools.count(1)


def credit_code(serial: int) -> str:
    """A valid unified social credit code."""
    body = f"91330100{serial:09d}"
    return body + uscc.calc_check_digit(body)


@functools.cache
def password_hash() -> str:
    """The cast's password as it is stored; made once, because hashing it well is slow."""
    return make_password(PASSWORD)


def make_user(name: str, **fields: object) -> User:
    """A person with a verified address and the cast's password."""
    user = User.objects.create(email=f"{name}@example.com", password=password_hash(), name=name, **fields)
    EmailAddress.objects.create(user=user, email=user.email, primary=True, verified=True)
    return user


def make_staff(name: str, role: StaffRole) -> User:
    """A person with one staff role."""
    user = make_user(name)
    StaffAssignment.objects.create(user=user, role=role)
    return user


def make_company(
    name: str,
    *,
    industry: str = "medical",
    kind: str = CompanyKind.ENTERPRISE,
    verified: bool = True,
    time_zone: str = "Asia/Shanghai",
) -> Company:
    """A company, verified a hundred days before NOW."""
    return Company.objects.create(
        name=name,
        kind=kind,
        credit_code=credit_code(next(counter)),
        industry=Industry.objects.get(code=industry),
        time_zone=time_zone,
        contact_name="王芳",
        contact_phone="0571-87000000",
        state=CompanyState.VERIFIED if verified else CompanyState.PENDING,
        verified_at=NOW - dt.timedelta(days=100) if verified else None,
    )


def add_member(company: Company, user: User, role: CompanyRole = CompanyRole.OWNER) -> User:
    """Make the person a member."""
    Membership.objects.create(company=company, user=user, role=role)
    return user


def make_material(
    company: Company,
    kind: str,
    *,
    by: User,
    expires_on: dt.date | None = None,
    state: str = MaterialState.APPROVED,
    issued_on: dt.date | None = None,
) -> Material:
    """A version of a material, long-term unless it expires."""
    kind_row = MaterialKind.objects.get(code=kind)
    version = Material.objects.filter(company=company, kind=kind_row).count() + 1
    return Material.objects.create(
        company=company,
        kind=kind_row,
        version=version,
        state=state,
        expires_on=expires_on,
        is_long_term=expires_on is None,
        issued_on=issued_on,
        submitted_at=NOW - dt.timedelta(days=90),
        submitted_by=by,
        decided_at=NOW - dt.timedelta(days=85) if state == MaterialState.APPROVED else None,
    )


def make_number(
    company: Company,
    *,
    number: str = "",
    lifecycle: str = Lifecycle.CERTIFIED,
    provider: str = "official",
    **fields: object,
) -> PhoneNumber:
    """A number, certified until ten months after NOW unless told otherwise."""
    certified = lifecycle == Lifecycle.CERTIFIED
    values: dict[str, object] = {
        "company": company,
        "number": number or f"+861990{next(counter):07d}",
        "kind": NumberKind.MOBILE,
        "provider": Provider.objects.get(code=provider),
        "lifecycle": lifecycle,
        "lifecycle_since": NOW - dt.timedelta(days=60),
        "label": company.name[:20],
        "created_at": NOW - dt.timedelta(days=95),
        "certified_at": NOW - dt.timedelta(days=60) if certified else None,
        "term_ends_at": dt.datetime(2027, 9, 30, 16, tzinfo=dt.UTC) if certified else None,
    }
    return PhoneNumber.objects.create(**{**values, **fields})


def meet_requirements(company: Company, *, by: User) -> None:
    """Give the company an approved, long-term material for everything that is required at all times."""
    requirements = Requirement.objects.filter(
        moment="always", withdrawn_at__isnull=True, industry__in=[company.industry_id]
    ) | Requirement.objects.filter(moment="always", withdrawn_at__isnull=True, industry__isnull=True)
    for requirement in requirements.select_related("kind"):
        if not requirement.company_kinds or company.kind in requirement.company_kinds:
            make_material(company, requirement.kind.code, by=by)


@dataclass
class Cast:
    """Who there is."""

    clinic: Company
    shop: Company
    owner: User
    admin: User
    operator: User
    viewer: User
    stranger: User
    reviewer: User
    second_reviewer: User
    lead: User
    operations: User
    policy: User
    auditor: User
    numbers: list[PhoneNumber]


@pytest.fixture
def cast(db: None) -> Cast:
    """The whole cast; every row is new for each test."""
    clinic, shop = make_company("仁和门诊部"), make_company("好味快餐", industry="catering")
    owner = add_member(clinic, make_user("owner"))
    stranger = add_member(shop, make_user("stranger"))
    meet_requirements(clinic, by=owner)
    meet_requirements(shop, by=stranger)
    return Cast(
        clinic=clinic,
        shop=shop,
        owner=owner,
        stranger=stranger,
        admin=add_member(clinic, make_user("admin"), CompanyRole.ADMIN),
        operator=add_member(clinic, make_user("operator"), CompanyRole.OPERATOR),
        viewer=add_member(clinic, make_user("viewer"), CompanyRole.VIEWER),
        reviewer=make_staff("reviewer", StaffRole.REVIEWER),
        second_reviewer=make_staff("second-reviewer", StaffRole.REVIEWER),
        lead=make_staff("lead", StaffRole.LEAD_REVIEWER),
        operations=make_staff("operations", StaffRole.OPERATIONS),
        policy=make_staff("policy", StaffRole.POLICY),
        auditor=make_staff("auditor", StaffRole.AUDITOR),
        numbers=[make_number(clinic) for _ in range(5)],
    )
