"""Announcing requirements and withdrawing them: whom it concerns, who lacks it, and that they are told.

The one writer of requirements. What follows from them - maintenance, status, held applications - is the engine's.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection, transaction

from accounts import journal, notices
from accounts.companies import CompanyKind, Industry
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from accounts.working_days import CHINA
from certification.maintenance.models import MaintenanceCause
from certification.materials.models import MaterialKind, Requirement, RequirementMoment
from certification.materials.requirements import HAS_VALID_NOW, PRESENT

#: How many of the companies that lack it are named.
NAMED = 20

# The requirement as it would be saved, under the name that `concerns` gives it. Whom it concerns does not depend on when
# it is asked for.
DRAFT = """
    WITH r AS (
        SELECT %(kind)s::bigint AS kind_id, %(industry)s::bigint AS industry_id, %(company_kinds)s::varchar[] AS company_kinds,
               'always' AS moment, %(at)s::timestamptz AS announced_at, NULL::timestamptz AS withdrawn_at,
               %(effective_from)s::date AS effective_from
    )
"""
DAY = f"greatest(r.effective_from, {PRESENT.local_day})"
REACH = f"""
    {DRAFT}, concerned AS MATERIALIZED (
        SELECT c.id, c.name, c.ref, {HAS_VALID_NOW.format(day=DAY)} AS has_it,
               (SELECT count(*) FROM certification_phonenumber n
                WHERE n.company_id = c.id AND n.lifecycle = 'certified' AND n.released_at IS NULL) AS numbers
        FROM r JOIN accounts_company c ON {PRESENT.concerns}
    )
    SELECT count(*), count(*) FILTER (WHERE NOT has_it), coalesce(sum(numbers), 0), coalesce(sum(numbers) FILTER (WHERE NOT has_it), 0),
           (SELECT coalesce(array_agg(name), '{{}}') FROM (
                SELECT name FROM concerned WHERE NOT has_it ORDER BY numbers DESC, id LIMIT {NAMED}) AS first)
    FROM concerned
"""  # noqa: S608 - constant texts, every value is a parameter

TELL = f"""
    WITH r AS (SELECT *, 'always' AS moment FROM (
        SELECT id, ref, kind_id, industry_id, company_kinds, announced_at, withdrawn_at, effective_from, notice_zh, notice_en, notice_url,
               moment AS asked, holds_applications
        FROM certification_requirement WHERE id = %(requirement)s) AS saved
    )
    {notices.INSERT}
    SELECT 'requirement_announced:' || r.id || ':' || c.id || ':' || member.user_id, 'requirement_announced', member.user_id, c.id,
           jsonb_build_object(
               'requirement', r.ref, 'material', kind.code, 'material_zh', kind.name_zh, 'material_en', kind.name_en,
               'effective_from', r.effective_from, 'notice_zh', r.notice_zh, 'notice_en', r.notice_en, 'notice_url', r.notice_url,
               'stops', r.asked = 'always', 'holds_applications', r.holds_applications,
               'numbers', (SELECT count(*) FROM certification_phonenumber n
                           WHERE n.company_id = c.id AND n.lifecycle = 'certified' AND n.released_at IS NULL)),
           r.asked = 'always', %(at)s, now()
    FROM r
    JOIN accounts_company c ON {PRESENT.concerns}
    JOIN certification_materialkind kind ON kind.id = r.kind_id
    JOIN accounts_membership member ON member.company_id = c.id AND member.role = ANY (%(roles)s)
    WHERE NOT {HAS_VALID_NOW.format(day=DAY)}
    ON CONFLICT (key) DO NOTHING
"""  # noqa: S608 - constant texts, every value is a parameter


class StartsInThePast(Exception):
    """A requirement cannot take effect before the day on which it is announced."""


class AnnouncedAlready(Exception):
    """The same material is asked of the same companies already, and not withdrawn."""

    def __init__(self, requirement: Requirement) -> None:
        super().__init__(str(requirement))
        self.requirement = requirement


@dataclass(frozen=True)
class Reach:
    """Whom a requirement concerns: verified companies, those that lack the material on the day, certified numbers of both."""

    companies: int
    lacking: int
    numbers: int
    numbers_lacking: int
    #: Some of the companies that lack it, those with most numbers first.
    names: list[str]


def reach_of(
    *,
    kind: MaterialKind,
    industry: Industry | None,
    company_kinds: list[CompanyKind] | list[str],
    effective_from: dt.date,
    now: dt.datetime,
) -> Reach:
    """Whom a requirement would concern if it were announced now; one query, nothing is saved."""
    parameters = {
        "kind": kind.pk,
        "industry": industry.pk if industry else None,
        "company_kinds": [str(value) for value in company_kinds],
        "effective_from": effective_from,
        "at": now,
    }
    with connection.cursor() as cursor:
        cursor.execute(REACH, parameters)
        companies, lacking, numbers, numbers_lacking, names = cursor.fetchone()
    return Reach(companies, lacking, int(numbers), int(numbers_lacking), list(names))


@transaction.atomic
def announce(
    *,
    kind: MaterialKind,
    industry: Industry | None,
    company_kinds: list[str],
    moment: RequirementMoment,
    cause: MaintenanceCause | None,
    effective_from: dt.date,
    actor: Actor,
    now: dt.datetime,
    holds_applications: bool = False,
    notice_zh: str = "",
    notice_en: str = "",
    notice_url: str = "",
) -> Requirement:
    """Save a requirement and tell every company that lacks the material; the engine acts on it from its day on.

    `effective_from` is a day local to each company. Raises StartsInThePast, or AnnouncedAlready where the same is asked.
    """
    if effective_from < now.astimezone(CHINA).date():
        raise StartsInThePast
    # Two who announce the same at once take turns.
    MaterialKind.objects.select_for_update(no_key=True).get(pk=kind.pk)
    same = Requirement.objects.filter(
        kind=kind, industry=industry, company_kinds=sorted(company_kinds), moment=moment, withdrawn_at__isnull=True
    ).first()
    if same is not None:
        raise AnnouncedAlready(same)
    requirement = Requirement.objects.create(
        kind=kind,
        industry=industry,
        company_kinds=sorted(company_kinds),
        moment=moment,
        cause=cause,
        effective_from=effective_from,
        announced_at=now,
        holds_applications=holds_applications,
        notice_zh=notice_zh,
        notice_en=notice_en,
        notice_url=notice_url,
        created_by_id=actor.user_id,
    )
    journal.record(
        at=now,
        actor=actor,
        subject="requirement",
        subject_id=requirement.pk,
        aspect="state",
        after="announced",
        detail={"kind": kind.code, "industry": industry.code if industry else "", "from": effective_from.isoformat()},
    )
    with connection.cursor() as cursor:
        cursor.execute(TELL, {"requirement": requirement.pk, "at": now, "roles": list(RESPONSIBLE_ROLES)})
        told = cursor.rowcount
    if told:
        notices.wake_delivery()
    return requirement


@transaction.atomic
def withdraw_requirement(*, requirement: Requirement, actor: Actor, now: dt.datetime, reason: str) -> bool:
    """End a requirement; what it stopped comes back with the engine's next tick. False when it was withdrawn already."""
    if not Requirement.objects.filter(pk=requirement.pk, withdrawn_at__isnull=True).update(withdrawn_at=now):
        return False
    requirement.withdrawn_at = now
    journal.record(
        at=now,
        actor=actor,
        subject="requirement",
        subject_id=requirement.pk,
        aspect="state",
        before="announced",
        after="withdrawn",
        reason=reason,
    )
    return True
