"""Which maintenance concerns a company or a number: what runs or is planned by where they belong now, what is over by where
they belonged then (its industry, its numbers' providers).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import Q
from django.db.models.functions import Coalesce

from accounts.companies import Company
from accounts.journal import JournalEntry
from certification.maintenance.models import Maintenance, MaintenanceQuerySet, Scope
from certification.numbers.models import PhoneNumber


@dataclass(frozen=True)
class Spell:
    """From when to when something had a value; without an end it has it still, without a start it always had."""

    value: int
    since: dt.datetime | None
    until: dt.datetime | None

    def covers(self, field: str) -> Q:
        """The condition on a maintenance of the value (in the column `field`) to have concerned who had it.

        Needs the aliases of `with_times`.
        """
        value = Q(**{field: self.value})
        overlaps = Q(over__isnull=False)
        if self.since is not None:
            overlaps &= Q(over__gt=self.since)
        if self.until is not None:
            return value & overlaps & Q(began__lt=self.until)
        return value & (Q(over__isnull=True) | overlaps)

    def contains(self, at: dt.datetime) -> bool:
        """Whether it was so at the moment."""
        return (self.since is None or self.since <= at) and (self.until is None or at < self.until)

    def held_at(self, field: str, moment: str) -> Q:
        """The condition on a maintenance of the value to have concerned who had it at the moment in its column `moment`."""
        condition = Q(**{field: self.value})
        if self.since is not None:
            condition &= Q(**{f"{moment}__gte": self.since})
        if self.until is not None:
            condition &= Q(**{f"{moment}__lte": self.until})
        return condition


def with_times(rows: MaintenanceQuerySet) -> MaintenanceQuerySet:
    """With `over`, when it was over (null: it is not), and `began`, when it began or, given up before, ended."""
    return rows.alias(over=Coalesce("closed_at", "cancelled_at"), began=Coalesce("opened_at", "cancelled_at"))


def industry_spells(company: Company) -> list[Spell]:
    """The industries that the company has been in, the first first; one query."""
    rows = JournalEntry.objects.filter(subject="company", subject_id=company.pk, aspect="industry").order_by("at", "id")
    spells, since = [], None
    for at, before in rows.values_list("at", "before"):
        if before.isdigit():
            spells.append(Spell(int(before), since, at))
        since = at
    return [*spells, Spell(company.industry_id, since, None)]


# The journal's rows are found by the partial index journal_provider_changes. Numbers that came together are one spell
# before anything is merged.
PROVIDER_SPELLS = """
    WITH changes AS (
        SELECT j.subject_id AS number_id, j.at, j.before, j.after, j.id,
               lag(j.at) OVER turns AS previous, lead(j.at) OVER turns AS next
        FROM accounts_journalentry j
        WHERE j.company_id = %(company)s AND j.aspect = 'provider' AND j.subject = 'number'
        WINDOW turns AS (PARTITION BY j.subject_id ORDER BY j.at, j.id)
    ), numbers AS (
        SELECT id, provider_id, created_at, released_at FROM certification_phonenumber
        WHERE {which}
    ), spells (provider_id, since, until) AS (
        SELECT DISTINCT provider_id, created_at, released_at FROM numbers
        WHERE NOT EXISTS (SELECT FROM changes WHERE changes.number_id = numbers.id)
        UNION ALL
        SELECT changes.before::bigint, coalesce(changes.previous, numbers.created_at), changes.at
        FROM changes JOIN numbers ON numbers.id = changes.number_id WHERE changes.before <> ''
        UNION ALL
        SELECT changes.after::bigint, changes.at, numbers.released_at
        FROM changes JOIN numbers ON numbers.id = changes.number_id WHERE changes.next IS NULL
    ), merged AS (
        SELECT provider_id, unnest(range_agg(tstzrange(since, until))) AS spell FROM spells
        WHERE until IS NULL OR until > since GROUP BY provider_id
    )
    SELECT provider_id, lower(spell), upper(spell) FROM merged ORDER BY lower(spell), provider_id
"""


def provider_spells(company: Company, numbers: Sequence[PhoneNumber] | None = None) -> list[Spell]:
    """When any of the company's numbers (or of `numbers`, which are its) was certified through which provider; one query."""
    which = "company_id = %(company)s" if numbers is None else "id = ANY (%(numbers)s)"
    keys = [number.pk for number in numbers or ()]
    with connection.cursor() as cursor:
        cursor.execute(PROVIDER_SPELLS.format(which=which), {"company": company.pk, "numbers": keys})
        return [Spell(provider, since, until) for provider, since, until in cursor.fetchall()]


def any_of(field: str, spells: Sequence[Spell], *, moment: str, at: dt.datetime | None) -> Q:
    """The condition that one of the spells covers; False without any."""
    condition = Q(pk__in=[])
    for spell in spells:
        if at is not None:
            condition |= Q(**{field: spell.value}) if spell.contains(at) else Q(pk__in=[])
        else:
            condition |= spell.held_at(field, moment) if moment else spell.covers(field)
    return condition


def concerning(
    company: Company,
    numbers: Sequence[PhoneNumber] | None = None,
    *,
    moment: str = "",
    at: dt.datetime | None = None,
) -> MaintenanceQuerySet:
    """The maintenance that concerns the company, or those of its `numbers`.

    With `moment` what did at the moment in that column, with `at` what would have at that moment. Two queries are made at
    once, one is left. Each part has its index, also among many past rows.
    """
    held = PhoneNumber.objects.filter(company=company)
    own = Maintenance.objects.filter(company=company)
    if numbers is not None:
        held = held.filter(pk__in=[number.pk for number in numbers])
    alone = Maintenance.objects.filter(number__in=held.values("pk"))
    wide = with_times(Maintenance.objects.exclude(scope__in=[Scope.COMPANY, Scope.NUMBER])).filter(
        Q(scope=Scope.EVERYTHING)
        | any_of("industry", industry_spells(company), moment=moment, at=at)
        | any_of("provider", provider_spells(company, numbers), moment=moment, at=at)
    )
    return Maintenance.objects.filter(pk__in=own.values("pk").union(alone.values("pk"), wide.values("pk"), all=True))
