"""Whom a maintenance covers: companies, and how many of their certified numbers."""

from __future__ import annotations

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


def impact_of(maintenance: Maintenance) -> Impact:
    """Whom the maintenance covers at present."""
    return impact(
        scope=maintenance.scope,
        provider_id=maintenance.provider_id,
        industry_id=maintenance.industry_id,
        company_id=maintenance.company_id,
        number_id=maintenance.number_id,
    )
