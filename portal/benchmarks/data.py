"""The data that is measured: made by SQL in databases of their own, beside the configured one, and kept between runs.

`full` is quality section 1: 10,000 companies (four of 50,000 numbers, the rest of about 80), 1,000,000 numbers, 30,000
materials, 500,000 closed maintenances. `small` has the same companies and materials, 10,000 numbers and no past: what
a figure should not depend on is seen by comparing the two. `desk` and `desk_small` are for the review desk: 100,000 open
and 2,000,000 closed reviews of 10,000 companies, and 100 open ones of as many.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from django.db.migrations.exceptions import InconsistentMigrationHistory
from django.db.migrations.executor import MigrationExecutor

#: Raised when the data below changes, so that databases of before are made anew.
VERSION = 2
#: The moment at which the benchmarks tick: nothing is due in the data then.
NOW = dt.datetime(2026, 6, 15, 2, 0, tzinfo=dt.UTC)
#: The first companies have so many numbers each.
BIG_COMPANIES, BIG = 4, 50_000


@dataclass(frozen=True)
class Size:
    """How much of everything one benchmark database holds."""

    name: str
    companies: int
    numbers: int
    closed: int
    #: Reviews that wait, and those that were decided.
    open_reviews: int = 0
    closed_reviews: int = 0


FULL = Size("bench", companies=10_000, numbers=1_000_000, closed=500_000)
SMALL = Size("bench_small", companies=10_000, numbers=10_000, closed=0)
DESK = Size("bench_desk", companies=10_000, numbers=10_000, closed=0, open_reviews=100_000, closed_reviews=2_000_000)
DESK_SMALL = Size("bench_desk_small", companies=10_000, numbers=10_000, closed=0, open_reviews=100)

INDUSTRY = "(ARRAY['medical', 'catering', 'education', 'logistics', 'ride_hailing'])[1 + k %% 5]"
LICENCE = """(ARRAY['medical_practice_licence', 'food_licence', 'school_licence', 'courier_licence', 'ride_hailing_licence'])[1 + k %% 5]"""
#: Which company number k belongs to: the big ones first, the rest scattered evenly.
OWNER = """CASE WHEN k <= least(%(big)s * %(big_companies)s, %(numbers)s / 5) THEN 1 + (k - 1) %% %(big_companies)s
               ELSE %(big_companies)s + 1 + (k::bigint * 7919) %% (%(companies)s - %(big_companies)s) END"""
STEPS = (
    (
        "accounts_user",
        """
        INSERT INTO accounts_user (id, password, email, name, language, is_active)
        SELECT k, '!', 'person' || k || '@bench.example', 'Person ' || k, CASE WHEN k %% 4 = 0 THEN 'en' ELSE 'zh-hans' END, true
        FROM generate_series(1, 2 * %(companies)s) AS k
        """,
    ),
    (
        "accounts_company",
        f"""
        INSERT INTO accounts_company (id, name, kind, credit_code, identity_number_encrypted, industry_id, time_zone, contact_name,
                                      contact_phone, contact_email, state, state_reason, verified_at, created_at, created_by_id)
        SELECT k, '企业' || k, 'enterprise', 'B' || lpad(k::text, 17, '0'), '',
               (SELECT id FROM accounts_industry WHERE code = {INDUSTRY}),
               CASE WHEN k %% 100 = 0 THEN 'America/New_York' ELSE 'Asia/Shanghai' END, '', '', '', 'verified', '',
               '2021-01-01', '2021-01-01', k
        FROM generate_series(1, %(companies)s) AS k
        """,  # noqa: S608 - constant texts
    ),
    (
        "accounts_membership",
        """
        INSERT INTO accounts_membership (user_id, company_id, role)
        SELECT k, 1 + (k - 1) %% %(companies)s, CASE WHEN k <= %(companies)s THEN 'owner' ELSE 'admin' END
        FROM generate_series(1, 2 * %(companies)s) AS k
        """,
    ),
    (
        "certification_material",
        f"""
        INSERT INTO certification_material (company_id, kind_id, version, state, holder_name, document_number, issued_on, expires_on,
                                            is_long_term, note, submitted_at, submitted_by_id, decided_at)
        SELECT k, (SELECT id FROM certification_materialkind WHERE code = kind), 1, 'approved', '企业' || k, '', '2021-01-01',
               CASE WHEN is_licence THEN date '2028-01-01' + k %% 700 END, NOT is_licence, '', '2021-01-01', k, '2021-01-02'
        FROM generate_series(1, %(companies)s) AS k
        CROSS JOIN LATERAL (VALUES ('business_licence', false), ('legal_representative_id', false), ({LICENCE}, true)) AS m (kind, is_licence)
        """,  # noqa: S608 - constant texts
    ),
    (
        "certification_phonenumber",
        f"""
        INSERT INTO certification_phonenumber (id, company_id, number, kind, provider_id, label, alias, lifecycle, lifecycle_since,
                                               certified_at, term_ends_at, created_at)
        SELECT k, {OWNER}, '+86' || (13000000000 + k), 'mobile', (SELECT min(id) + (k %% 10 = 0)::int FROM certification_provider),
               '企业', '门店' || k, CASE WHEN k %% 20 = 0 THEN 'draft' WHEN k %% 20 = 1 THEN 'in_review' ELSE 'certified' END,
               '2025-03-01', '2025-03-01', '2029-01-01', '2025-01-01'
        FROM generate_series(1, %(numbers)s) AS k
        """,  # noqa: S608 - constant texts
    ),
    (
        "accounts_journalentry",
        """
        INSERT INTO accounts_journalentry (at, actor_kind, company_id, subject, subject_id, aspect, before, after, reason)
        SELECT '2025-03-01', 'person', company_id, 'number', id, 'state', 'in_review', 'certified', ''
        FROM certification_phonenumber WHERE lifecycle = 'certified'
        """,
    ),
    (
        "certification_maintenance",
        """
        INSERT INTO certification_maintenance (cause_id, scope, company_id, requirement_id, planned_start, planned_end, ends_by_plan,
            opened_at, held_since, closed_at, held_until, suspends_display, locks, review_time_factor, defers, urgent_appeals_only,
            title_zh, title_en, message_zh, message_en, achieved_zh, achieved_en, created_at)
        SELECT (SELECT id FROM certification_maintenancecause WHERE code = CASE WHEN wide THEN 'routine_window' ELSE 'material_expired' END),
               CASE WHEN wide THEN 'everything' ELSE 'company' END, CASE WHEN wide THEN NULL ELSE 1 + k %% %(companies)s END,
               CASE WHEN wide THEN NULL ELSE (SELECT min(id) FROM certification_requirement WHERE moment = 'always') END,
               CASE WHEN wide THEN at END, CASE WHEN wide THEN at + interval '3 hours' END, wide,
               at, at, at + interval '3 hours', at + interval '3 hours', NOT wide, false, 1, '{}', false, '', '', '', '', '', '', at
        FROM generate_series(1, %(closed)s) AS k
        CROSS JOIN LATERAL (SELECT k %% 100 = 0 AS wide, timestamptz '2021-02-01' + make_interval(mins => k * 5) AS at) AS past
        """,
    ),
    (
        # Of what waits 2 in 100 are urgent, 1 is expedited, 10 are overdue, 3 are held by somebody.
        "certification_review",
        """
        INSERT INTO certification_review (ref, kind, company_id, subject, subject_id, submitted_by_id, opened_at, due_from, due_at,
            is_urgent, is_expedited, overdue_since, times_returned, claimed_by_id, claimed_at, claim_active_at, state, decision,
            decided_by_id, decided_at, decision_text, internal_note)
        SELECT lpad(to_hex(k), 12, '0'), (ARRAY['application', 'material', 'number_change'])[1 + k %% 3], 1 + k %% %(companies)s,
               'material', k, 1 + k %% %(companies)s, at, at + interval '3 days', due, k %% 50 = 0, k %% 100 = 1,
               CASE WHEN waits AND k %% 10 = 0 THEN due END, 0,
               CASE WHEN waits AND k %% 33 = 0 THEN 2 END, CASE WHEN waits AND k %% 33 = 0 THEN %(now)s END,
               CASE WHEN waits AND k %% 33 = 0 THEN %(now)s END, CASE WHEN waits THEN 'open' ELSE 'decided' END,
               CASE WHEN waits THEN '' ELSE 'approved' END, CASE WHEN NOT waits THEN 1 + (k + 1) %% %(companies)s END,
               CASE WHEN NOT waits THEN at + interval '2 days' END, CASE WHEN waits THEN '' ELSE 'approved' END, ''
        FROM generate_series(1, %(open_reviews)s + %(closed_reviews)s) AS k
        CROSS JOIN LATERAL (SELECT k > %(closed_reviews)s AS waits) AS open
        CROSS JOIN LATERAL (
            SELECT CASE WHEN waits THEN %(now)s::timestamptz - make_interval(secs => (k::bigint * 7919) %% 172800)
                        ELSE timestamptz '2021-02-01' + make_interval(secs => k * 60) END AS at) AS began
        CROSS JOIN LATERAL (
            SELECT CASE WHEN waits AND k %% 10 = 0 THEN %(now)s::timestamptz - interval '1 hour' ELSE at + interval '5 days' END AS due
        ) AS promised
        """,
    ),
)


def switch_to(name: str) -> None:
    """Make every query of this process go to the database `name` of the configured server."""
    connection.close()
    connection.settings_dict["NAME"] = name
    settings.DATABASES["default"]["NAME"] = name


@contextmanager
def database(size: Size) -> Iterator[None]:
    """Have the benchmark database of this size, with its data, and run the block in it."""
    configured = str(connection.settings_dict["NAME"])
    name = f"{configured}_{size.name}"
    try:
        if not (exists(name) and is_usable(name)):
            switch_to(configured)
            with connection.cursor() as cursor:
                cursor.execute(f'DROP DATABASE IF EXISTS "{name}"')  # what an interrupted run or another version left
                cursor.execute(f'CREATE DATABASE "{name}"')
        switch_to(name)
        call_command("migrate", verbosity=0, interactive=False)
        fill(size)
        yield
    finally:
        switch_to(configured)


def exists(name: str) -> bool:
    """Whether the server has a database of this name."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT 1 FROM pg_database WHERE datname = %s", [name])
        return cursor.fetchone() is not None


def is_usable(name: str) -> bool:
    """Whether the database `name` holds the whole data of this version, and this code's migrations follow its own."""
    switch_to(name)
    try:
        MigrationExecutor(connection).loader.check_consistent_history(connection)
    except InconsistentMigrationHistory:
        return False
    return marked()


def marked() -> bool:
    """Whether the current database says that it holds the whole data of this version."""
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE IF NOT EXISTS benchmark_data (version int PRIMARY KEY)")
        cursor.execute("SELECT version FROM benchmark_data")
        return [version for (version,) in cursor.fetchall()] == [VERSION]


def fill(size: Size) -> None:
    """Make the data in a database that holds nothing but the catalogue; does nothing where it is there."""
    if marked():
        return
    values: dict[str, int | dt.datetime] = {
        "companies": size.companies,
        "numbers": size.numbers,
        "closed": size.closed,
        "open_reviews": size.open_reviews,
        "closed_reviews": size.closed_reviews,
        "now": NOW,
        "big": BIG,
        "big_companies": BIG_COMPANIES,
    }
    with connection.cursor() as cursor:
        for table, statement in STEPS:
            with without_indexes(table):
                cursor.execute(statement, values)
        for table in ("accounts_user", "accounts_company", "certification_phonenumber", "certification_review"):
            cursor.execute(f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT max(id) FROM {table}))")  # noqa: S608
        cursor.execute("INSERT INTO benchmark_data VALUES (%s)", [VERSION])
        cursor.execute("VACUUM ANALYZE")


@contextmanager
def without_indexes(table: str) -> Iterator[None]:
    """Fill a table faster: its plain indexes are made after the block, in one go each."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT i.indexrelid::regclass::text, pg_get_indexdef(i.indexrelid) FROM pg_index i
            WHERE i.indrelid = %s::regclass AND NOT i.indisunique
              AND NOT EXISTS (SELECT FROM pg_constraint c WHERE c.conindid = i.indexrelid)
            """,
            [table],
        )
        indexes = cursor.fetchall()
        for name, _definition in indexes:
            cursor.execute(f"DROP INDEX {name}")
        try:
            yield
        finally:
            for _name, definition in indexes:
                cursor.execute(definition)
