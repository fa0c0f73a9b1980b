"""The opening balance: verified companies with approved documents and certified numbers, on the first day."""

from __future__ import annotations

import datetime as dt

from django.db import connection
from stdnum.cn import uscc

from accounts import journal
from accounts.access import CompanyRole, StaffRole
from accounts.companies import Company, CompanyKind, CompanyState, Industry
from accounts.journal import Actor, Change
from accounts.memberships import Membership, StaffAssignment
from accounts.users import User
from accounts.working_days import end_of_day
from certification.materials.models import Material, MaterialState, Requirement, RequirementMoment
from certification.numbers.models import Lifecycle, NumberKind
from certification.reminders.models import Reminder
from certification.reminders.steps import first_due
from portal.simulation.database import analyze
from portal.simulation.world import DAY, START, Staff, Tenant, World

#: When what is there on the first day came to be.
FOUNDED = START - 150 * DAY
ZONES = ("Asia/Shanghai", "Asia/Shanghai", "Asia/Shanghai", "Asia/Urumqi", "America/New_York", "Europe/Berlin")
KINDS = (
    CompanyKind.ENTERPRISE,
    CompanyKind.ENTERPRISE,
    CompanyKind.ENTERPRISE,
    CompanyKind.SOLE_TRADER,
    CompanyKind.PUBLIC_SERVICE,
)
DOMAIN = "simulation.example"
BATCH = 2000
#: Each company's proofs name all its numbers.
NAME_NUMBERS = """
    INSERT INTO certification_materialnumber (material_id, number_id)
    SELECT m.id, n.id FROM certification_material m
    JOIN certification_materialkind kind ON kind.id = m.kind_id AND kind.names_numbers
    JOIN certification_phonenumber n ON n.company_id = m.company_id ORDER BY m.id, n.id
"""
#: Batches of numbers that follow each other, each of one company and provider, with one end of the term.
CERTIFIED_NUMBERS = """
    INSERT INTO certification_phonenumber
        (company_id, number, kind, provider_id, label, alias, lifecycle, lifecycle_since, certified_at, term_ends_at, created_at)
    SELECT c.id, '+86199' || lpad(number::text, 8, '0'), %(kind)s, batch.provider, c.name, '', %(certified)s, %(founded)s, %(founded)s,
           batch.ends_at, %(founded)s
    FROM unnest(%(companies)s::bigint[], %(providers)s::bigint[], %(first)s::int[], %(last)s::int[], %(ends)s::timestamptz[])
         AS batch (company, provider, first, last, ends_at)
    JOIN accounts_company c ON c.id = batch.company
    CROSS JOIN LATERAL generate_series(batch.first, batch.last) AS number
    ORDER BY number
"""
JOURNAL_OF_NUMBERS = f"""
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'number', id, 'state', 'in_review', lifecycle, '' FROM certification_phonenumber ORDER BY id
"""  # noqa: S608 - constant texts


def person(name: str) -> User:
    """Somebody who never signs in; not saved yet."""
    return User(email=f"{name}@{DOMAIN}", password="!", name=name, joined_at=FOUNDED)  # noqa: S106 - matches nothing


def credit_code(serial: int) -> str:
    """A code with the right check digit, the same for the same serial."""
    body = f"91330108{serial:05d}MA2X"[:17]
    return body + str(uscc.calc_check_digit(body))


def unsaved_company(world: World, industry: Industry | None = None) -> Company:
    """The next company, waiting for verification."""
    world.serial += 1
    return Company(
        name=f"模拟企业{world.serial}",
        kind=world.one_of(KINDS),
        credit_code=credit_code(world.serial),
        industry=industry or world.one_of(world.industries),
        time_zone=world.one_of(ZONES),
        contact_name="模拟",
        contact_phone="0571-86000000",
        created_at=world.now,
    )


def tenant_of(world: World, company: Company, owner: User) -> Tenant:
    """The company with habits of its own: most renew in time, some on the last day, some when it is too late."""
    lead = world.one_of((55, 45, 40, 30, 25, 20, 14, 10, 7, 3, 1, 0, -2, -6, -12))
    return Tenant(company=company, owner=owner, lead=lead, care=world.rng.uniform(0.8, 1.0))


def hire(world: World) -> None:
    """The people who work on certification."""
    names = ("reviewer1", "reviewer2", "reviewer3", "reviewer4", "lead", "operations", "policy")
    people = User.objects.bulk_create([person(name) for name in names])
    roles = [StaffRole.REVIEWER] * 4 + [StaffRole.LEAD_REVIEWER, StaffRole.OPERATIONS, StaffRole.POLICY]
    StaffAssignment.objects.bulk_create(
        [StaffAssignment(user=user, role=role) for user, role in zip(people, roles, strict=True)]
    )
    world.staff = Staff(reviewers=people[:4], lead=people[4], operations=people[5], policy=people[6])


def found(world: World) -> None:
    """Everything that is there on the first day, with the journal of how it came to be."""
    hire(world)
    owners = User.objects.bulk_create([person(f"owner{index}") for index in range(world.size)])
    companies = []
    for owner in owners:
        company = unsaved_company(world)
        company.state, company.verified_at, company.created_at = CompanyState.VERIFIED, FOUNDED, FOUNDED
        company.created_by = owner
        companies.append(company)
    Company.objects.bulk_create(companies)
    changes: list[Change] = []
    for company, owner in zip(companies, owners, strict=True):
        world.join(tenant_of(world, company, owner))
        changes += [
            Change("company", company.pk, "state", "", CompanyState.PENDING, company.pk),
            Change("company", company.pk, "state", CompanyState.PENDING, CompanyState.VERIFIED, company.pk),
            Change("membership", owner.pk, f"role:{company.pk}", "", CompanyRole.OWNER, company.pk),
        ]
    Membership.objects.bulk_create(
        [Membership(company=one.company, user=one.owner, role=CompanyRole.OWNER) for one in world.tenants]
    )
    certified_numbers(world)
    approved_materials(world, changes)
    journal.record_many(at=FOUNDED, actor=Actor.command(), changes=changes)
    with connection.cursor() as cursor:
        cursor.execute(NAME_NUMBERS)
        cursor.execute(JOURNAL_OF_NUMBERS, journal.by_parameters(at=FOUNDED, actor=Actor.command()))
    analyze()


def certified_numbers(world: World) -> None:
    """The numbers of each company, certified in one batch or two whose terms end some day in the coming year."""
    weights = [world.rng.choice((1, 2, 2, 4, 8)) for _tenant in world.tenants]
    shares = [max(1, world.numbers * weight // sum(weights)) for weight in weights]
    shares[0] += max(0, world.numbers - sum(shares))
    batches: dict[str, list[object]] = {"companies": [], "providers": [], "first": [], "last": [], "ends": []}
    reminders = []
    for tenant, share in zip(world.tenants, shares, strict=True):
        company = tenant.company
        parts = 2 if share > 20 and world.chance(0.3) else 1
        for part in range(parts):
            last_day = company.today(START) + dt.timedelta(days=world.rng.randint(3, 362))
            term_ends_at = end_of_day(last_day, company.zone).astimezone(dt.UTC)
            provider = world.one_of((*world.providers, world.providers[0]))
            first = world.last_number + 1
            world.last_number += share // parts + (share % parts if part == 0 else 0)
            batch = (company.pk, provider.pk, first, world.last_number, term_ends_at)
            for values, value in zip(batches.values(), batch, strict=True):
                values.append(value)
            reminders.append((company, term_ends_at, last_day))
    with connection.cursor() as cursor:
        cursor.execute(
            CERTIFIED_NUMBERS,
            {**batches, "kind": NumberKind.MOBILE, "certified": Lifecycle.CERTIFIED, "founded": FOUNDED},
        )
    Reminder.objects.bulk_create(
        [
            Reminder(
                company=company,
                term_ends_at=ends_at,
                expires_on=last_day,
                next_due_at=first_due(last_day, company.zone, START),
            )
            for company, ends_at, last_day in reminders
        ],
        ignore_conflicts=True,
    )


def approved_materials(world: World, changes: list[Change]) -> None:
    """What each company is asked for, approved; a quarter of what can end ends in the coming year."""
    requirements = list(Requirement.objects.select_related("kind").order_by("kind__code", "pk"))
    rows = []
    for tenant in world.tenants:
        company = tenant.company
        today = company.today(START)
        for requirement in requirements:
            if requirement.industry_id not in (None, company.industry_id) or requirement.only_for_agents:
                continue
            if requirement.company_kinds and company.kind not in requirement.company_kinds:
                continue
            kind = requirement.kind
            long_term = kind.may_be_long_term and (
                requirement.moment == RequirementMoment.APPLICATION or world.chance(0.6)
            )
            rows.append(
                Material(
                    company=company,
                    kind=kind,
                    version=1,
                    state=MaterialState.APPROVED,
                    issued_on=today - dt.timedelta(days=400),
                    expires_on=None if long_term else today + dt.timedelta(days=world.rng.randint(2, 1500)),
                    is_long_term=long_term,
                    holder_name=company.name,
                    submitted_at=FOUNDED,
                    submitted_by=tenant.owner,
                    decided_at=FOUNDED,
                )
            )
    Material.objects.bulk_create(rows, batch_size=BATCH)
    ending = [(row, row.expires_on) for row in rows if row.expires_on is not None]
    Reminder.objects.bulk_create(
        [
            Reminder(
                company=row.company,
                material=row,
                expires_on=last_day,
                next_due_at=first_due(last_day, row.company.zone, START),
            )
            for row, last_day in ending
        ]
    )
    for row in rows:
        changes += [
            Change("material", row.pk, "state", "", MaterialState.SUBMITTED, row.company_id),
            Change("material", row.pk, "state", MaterialState.SUBMITTED, MaterialState.APPROVED, row.company_id),
        ]
