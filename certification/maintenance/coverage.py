"""Whom a maintenance covers: companies, and how many of their certified numbers."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from certification.maintenance.models import Maintenance, Scope

#: The verified companies that a maintenance `x` covers, with how many certified numbers of each lie in its scope. A
#: provider's maintenance concerns those that have a certified number there, a number's the company that holds it.
COVERED_COMPANIES = """
    SELECT c.id AS company_id, count(n.id) AS numbers
    FROM accounts_company c
    LEFT JOIN certification_phonenumber n
      ON n.company_id = c.id AND n.lifecycle = 'certified' AND n.released_at IS NULL
     AND (x.provider_id IS NULL OR n.provider_id = x.provider_id) AND (x.number_id IS NULL OR n.id = x.number_id)
    WHERE c.state = 'verified'
      AND (x.company_id IS NULL OR c.id = x.company_id)
      AND (x.industry_id IS NULL OR c.industry_id = x.industry_id)
      AND (x.number_id IS NULL OR c.id = (SELECT own.company_id FROM certification_phonenumber own WHERE own.id = x.number_id))
    GROUP BY c.id
    HAVING x.provider_id IS NULL OR count(n.id) > 0
"""


# The same at a past moment: of what has changed since, and of that only, the values of then are read from the journal.
COVERED_AT = """
    WITH later AS MATERIALIZED (
        SELECT DISTINCT ON (subject, subject_id, aspect) subject, subject_id, aspect, before FROM accounts_journalentry
        WHERE at > %(at)s AND (subject = 'number' AND aspect IN ('state', 'provider') OR subject = 'company' AND aspect IN ('state', 'industry'))
        ORDER BY subject, subject_id, aspect, at, id
    ), company AS (
        SELECT c.id FROM accounts_company c
        LEFT JOIN later state ON state.subject = 'company' AND state.aspect = 'state' AND state.subject_id = c.id
        LEFT JOIN later industry ON industry.subject = 'company' AND industry.aspect = 'industry' AND industry.subject_id = c.id
        WHERE c.created_at <= %(at)s AND coalesce(state.before, c.state) = 'verified'
          AND (%(company)s::bigint IS NULL OR c.id = %(company)s)
          AND (%(industry)s::bigint IS NULL OR coalesce(nullif(industry.before, '')::bigint, c.industry_id) = %(industry)s)
          AND (%(number)s::bigint IS NULL OR c.id = (SELECT own.company_id FROM certification_phonenumber own WHERE own.id = %(number)s))
    ), number AS (
        SELECT n.id, n.company_id FROM certification_phonenumber n
        LEFT JOIN later state ON state.subject = 'number' AND state.aspect = 'state' AND state.subject_id = n.id
        LEFT JOIN later provider ON provider.subject = 'number' AND provider.aspect = 'provider' AND provider.subject_id = n.id
        WHERE n.created_at <= %(at)s AND (n.released_at IS NULL OR n.released_at > %(at)s)
          AND coalesce(state.before, n.lifecycle) = 'certified'
          AND (%(number)s::bigint IS NULL OR n.id = %(number)s)
          AND (%(provider)s::bigint IS NULL OR coalesce(nullif(provider.before, '')::bigint, n.provider_id) = %(provider)s)
    ), covered AS (
        SELECT company.id, count(number.id) AS numbers FROM company LEFT JOIN number ON number.company_id = company.id
        GROUP BY company.id HAVING %(provider)s::bigint IS NULL OR count(number.id) > 0
    )
    SELECT count(*), coalesce(sum(numbers), 0) FROM covered
"""


@dataclass(frozen=True)
class Impact:
    """How many verified companies a scope covers, and how many of their certified numbers."""

    companies: int
    numbers: int


def impact(
    *,
    scope: str,
    provider_id: int | None = None,
    industry_id: int | None = None,
    company_id: int | None = None,
    number_id: int | None = None,
) -> Impact:
    """Whom a maintenance of this scope would cover at present; one query."""
    keys = {
        Scope.PROVIDER: provider_id,
        Scope.INDUSTRY: industry_id,
        Scope.COMPANY: company_id,
        Scope.NUMBER: number_id,
    }
    chosen = {name: key if name == scope else None for name, key in keys.items()}
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            SELECT count(*), coalesce(sum(covered.numbers), 0)
            FROM (SELECT %(provider)s::bigint AS provider_id, %(industry)s::bigint AS industry_id,
                         %(company)s::bigint AS company_id, %(number)s::bigint AS number_id) AS x
            CROSS JOIN LATERAL ({COVERED_COMPANIES}) AS covered
            """,  # noqa: S608 - constant text, the values are parameters
            {str(name): key for name, key in chosen.items()},
        )
        companies, numbers = cursor.fetchone()
    return Impact(int(companies), int(numbers))


def impact_of(maintenance: Maintenance, *, at: dt.datetime | None = None) -> Impact:
    """Whom the maintenance covers at present; with `at` whom it covered, or would have, at a past moment."""
    if at is not None:
        keys = {name: getattr(maintenance, f"{name}_id") for name in ("provider", "industry", "company", "number")}
        with connection.cursor() as cursor:
            cursor.execute(COVERED_AT, {"at": at, **keys})
            companies, numbers = cursor.fetchone()
        return Impact(int(companies), int(numbers))
    return impact(
        scope=maintenance.scope,
        provider_id=maintenance.provider_id,
        industry_id=maintenance.industry_id,
        company_id=maintenance.company_id,
        number_id=maintenance.number_id,
    )
