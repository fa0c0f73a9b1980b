"""Requirements against open maintenance: what should be open is opened, what should not be is closed (I1).

One statement finds the companies, one or all, that lack something unnoticed or have again what they lacked; another
opens and closes the difference and writes the journal rows and the notices, so that it is all or nothing and costs the
same for 5 companies and 500.
"""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction

from accounts import journal, notices
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from accounts.working_days import CHINA, WorkingCalendar
from certification.applications.deadlines import settle_waiting
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.models import LengthUnit
from certification.materials.requirements import unmet_in_force
from certification.reviews.clocks import settle_clocks
from certification.reviews.due_times import after

# The companies for which something is to be opened or closed: most looks find none, and planning the statement below
# takes longer than that.
DIFFERING = f"""
WITH unmet AS MATERIALIZED (
    SELECT u.company_id, u.requirement_id FROM ({unmet_in_force()}) AS u
), present AS MATERIALIZED (
    SELECT o.company_id, o.requirement_id FROM certification_maintenance o
    WHERE o.requirement_id IS NOT NULL AND o.opened_at IS NOT NULL AND o.closed_at IS NULL AND o.company_id IS NOT NULL /* its own */
)
SELECT array_agg(DISTINCT company_id) FROM (
    (SELECT * FROM unmet EXCEPT SELECT * FROM present) UNION ALL (SELECT * FROM present EXCEPT SELECT * FROM unmet)) AS differing
"""  # noqa: S608 - constant texts, every value is a parameter
RECONCILE = f"""
WITH unmet AS MATERIALIZED (
    SELECT u.*,
           (SELECT max(m.expires_on) FROM certification_material m
            WHERE m.company_id = u.company_id AND m.kind_id = u.kind_id AND m.state IN ('approved', 'replaced')
              AND m.expires_on < (%(at)s AT TIME ZONE u.time_zone)::date) AS expired_on
    FROM ({unmet_in_force(among="c.id = ANY (%(companies)s)")}) AS u
), usual (cause_id, expected_from, expected_until) AS (
    SELECT * FROM unnest(%(causes)s::bigint[], %(expected_from)s::timestamptz[], %(expected_until)s::timestamptz[])
), opened AS (
    INSERT INTO certification_maintenance
        (cause_id, scope, company_id, requirement_id, opened_at, held_since, expected_from, expected_until,
         suspends_display, locks, review_time_factor, defers, urgent_appeals_only, ends_by_plan,
         title_zh, title_en, message_zh, message_en, achieved_zh, achieved_en, created_at)
    SELECT cause.id, 'company', u.company_id, u.requirement_id, %(at)s,
           -- Since when it truly holds: the midnight after the last valid day, or the start of the requirement, in the
           -- company's own zone; never before the company was verified, was told, or came into the industry.
           least(%(at)s, greatest(
               u.verified_at, u.announced_at, (greatest(u.effective_from, u.expired_on + 1)::timestamp AT TIME ZONE u.time_zone),
               (SELECT max(j.at) FROM accounts_journalentry j
                WHERE j.subject = 'company' AND j.subject_id = u.company_id AND j.aspect IN ('industry', 'kind')))),
           usual.expected_from, usual.expected_until,
           cause.suspends_display, cause.locks, cause.review_time_factor, cause.defers, cause.urgent_appeals_only, false,
           '', '', '', '', '', '', %(at)s
    FROM unmet u
    JOIN certification_maintenancecause cause
      ON cause.id = CASE WHEN u.expired_on IS NULL
                         THEN coalesce(u.cause_id, (SELECT min(id) FROM certification_maintenancecause WHERE opened_by = 'requirement'))
                         ELSE (SELECT id FROM certification_maintenancecause WHERE opened_by = 'expiry') END
    LEFT JOIN usual ON usual.cause_id = cause.id
    WHERE NOT EXISTS (
        SELECT FROM certification_maintenance o
        WHERE o.company_id = u.company_id AND o.requirement_id = u.requirement_id AND o.opened_at IS NOT NULL AND o.closed_at IS NULL)
    ON CONFLICT DO NOTHING
    RETURNING id, ref, cause_id, company_id, requirement_id
), closed AS (
    UPDATE certification_maintenance o SET closed_at = %(at)s, held_until = %(at)s
    WHERE o.requirement_id IS NOT NULL AND o.opened_at IS NOT NULL AND o.closed_at IS NULL AND o.company_id = ANY (%(companies)s)
      AND NOT EXISTS (SELECT FROM unmet u WHERE u.company_id = o.company_id AND u.requirement_id = o.requirement_id)
    RETURNING id, ref, cause_id, company_id, requirement_id
), changed AS (
    SELECT *, '' AS before, 'open' AS after, 'maintenance_opened' AS kind FROM opened
    UNION ALL
    SELECT *, 'open', 'closed', 'maintenance_closed' FROM closed
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, x.company_id, 'maintenance', x.id, 'state', x.before, x.after, cause.code
    FROM changed x JOIN certification_maintenancecause cause ON cause.id = x.cause_id
), affected AS (
    -- Companies without a certified number are not told that their certification stopped: they have none.
    SELECT n.company_id, count(*) AS numbers FROM certification_phonenumber n
    WHERE n.company_id IN (SELECT company_id FROM changed) AND n.lifecycle = 'certified' AND n.released_at IS NULL
    GROUP BY n.company_id
), noticed AS (
    {notices.INSERT}
    SELECT x.kind || ':' || x.id || ':' || member.user_id, x.kind, member.user_id, x.company_id,
           jsonb_build_object(
               'maintenance', x.ref, 'cause_zh', cause.name_zh, 'cause_en', cause.name_en, 'material', kind.code,
               'material_zh', kind.name_zh, 'material_en', kind.name_en, 'numbers', affected.numbers,
               'expired_on', u.expired_on, 'effective_from', requirement.effective_from,
               'expected_from', usual.expected_from, 'expected_until', usual.expected_until,
               -- What still stops the company after this one has ended.
               'still_open', (SELECT count(*) FROM certification_maintenance o
                              WHERE o.company_id = x.company_id AND o.suspends_display AND o.opened_at IS NOT NULL
                                AND o.closed_at IS NULL AND o.id NOT IN (SELECT id FROM closed))),
           x.kind = 'maintenance_opened', %(at)s, now()
    FROM changed x
    JOIN affected ON affected.company_id = x.company_id
    JOIN accounts_membership member ON member.company_id = x.company_id AND member.role = ANY (%(roles)s)
    JOIN certification_maintenancecause cause ON cause.id = x.cause_id
    JOIN certification_requirement requirement ON requirement.id = x.requirement_id
    JOIN certification_materialkind kind ON kind.id = requirement.kind_id
    LEFT JOIN unmet u ON u.company_id = x.company_id AND u.requirement_id = x.requirement_id
    LEFT JOIN usual ON usual.cause_id = x.cause_id
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM opened), (SELECT count(*) FROM closed), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass(frozen=True)
class Reconciled:
    """How many maintenances were opened and closed, what became of applications and of reviews' clocks, and how many notices were written."""

    opened: int
    closed: int
    noticed: int
    held: int = 0
    resumed: int = 0
    lapsed: int = 0
    paused: int = 0
    unpaused: int = 0
    extended: int = 0


def reconcile_requirements(*, now: dt.datetime, actor: Actor, company_id: int | None = None) -> Reconciled:
    """Bring the open maintenance of requirements into line with what companies have, for one company or for all.

    For whoever changes what a company has or must have, in the same transaction; the tick does the same every minute.
    Afterwards I1 holds at the moment `now` (or the last tick's, where that is later), and applications that waited for
    what is there now go on. Doing it twice changes nothing.
    """
    with transaction.atomic(savepoint=False):
        take_turn(shared=True)
        done = reconcile_at(now=engine_moment(now), actor=actor, company_id=company_id)
        if done.noticed:
            notices.wake_delivery()
        return done


def reconcile_at(*, now: dt.datetime, actor: Actor, company_id: int | None = None) -> Reconciled:
    """The same for who has the turn and knows the engine's moment; in the caller's transaction."""
    opened, closed, noticed = open_and_close(now=now, actor=actor, company_id=company_id)
    waiting = settle_waiting(now=now, actor=actor, company_id=company_id)
    clocks = settle_clocks(now=now, actor=actor, company_id=company_id)
    return Reconciled(
        opened,
        closed,
        noticed + waiting.sent,
        held=waiting.held,
        resumed=waiting.resumed,
        lapsed=waiting.lapsed,
        paused=clocks.paused,
        unpaused=clocks.unpaused,
        extended=clocks.extended,
    )


def open_and_close(*, now: dt.datetime, actor: Actor, company_id: int | None) -> tuple[int, int, int]:
    """Open and close the difference; return how many were opened, closed, and how many notices were written."""
    differing = DIFFERING
    if company_id is not None:
        differing = differing.replace("/* one company */", "AND c.id = %(company)s")
        differing = differing.replace("/* its own */", "AND o.company_id = %(company)s")
    with connection.cursor() as cursor:
        cursor.execute(differing, {"at": now, "company": company_id})
        (companies,) = cursor.fetchone()
        if not companies:
            return 0, 0, 0
        parameters = {
            "at": now,
            "companies": companies,
            **journal.by_parameters(at=now, actor=actor),
            "roles": list(RESPONSIBLE_ROLES),
            **usual_lengths(now),
        }
        cursor.execute(RECONCILE, parameters)
        opened, closed, noticed = cursor.fetchone()
    return opened, closed, noticed


def usual_lengths(now: dt.datetime) -> dict[str, list[Any]]:
    """When a maintenance that opens at `now` is expected to end, per cause that requirements open; one query."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT cause.id, cause.usual_from, cause.usual_until, cause.usual_unit,
                   (SELECT jsonb_object_agg(day, is_working) FROM accounts_calendarday)
            FROM certification_maintenancecause cause
            WHERE cause.opened_by = 'requirement' AND cause.usual_from IS NOT NULL AND cause.usual_until IS NOT NULL
            """
        )
        rows = cursor.fetchall()
    lengths: dict[str, list[Any]] = {"causes": [], "expected_from": [], "expected_until": []}
    for cause, earliest, latest, unit, corrections in rows:
        calendar = WorkingCalendar(
            {dt.date.fromisoformat(day): works for day, works in json.loads(corrections or "{}").items()}
        )
        lengths["causes"].append(cause)
        for name, count in (("expected_from", earliest), ("expected_until", latest)):
            lengths[name].append(after(now, count, LengthUnit(unit), zone=CHINA, calendar=calendar))
    return lengths
