"""The engine's reminder step: what has become due is written to the outbox, each (subject, step, person) once (I13)."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from accounts import notices
from accounts.companies import Company
from accounts.notices import RESPONSIBLE_ROLES
from certification.materials.models import Material
from certification.reminders.steps import SEND_HOUR, STEPS, first_due

# A step's moment is that of `steps.due_moment`: SEND_HOUR o'clock local time, so many days before the last valid day.
# Of several that are past (ticks were missed) only the latest speaks. Nothing is said of what is over, was renewed, or
# is under review; its later steps stay planned.
SEND_REMINDERS = f"""
WITH due AS (
    SELECT r.id, r.company_id, r.material_id, r.term_ends_at, r.expires_on, c.time_zone,
           (%(at)s AT TIME ZONE c.time_zone)::date AS today, steps.latest, steps.next_moment
    FROM certification_reminder r
    JOIN accounts_company c ON c.id = r.company_id
    CROSS JOIN LATERAL (
        SELECT min(step) FILTER (WHERE moment <= %(at)s) AS latest, min(moment) FILTER (WHERE moment > %(at)s) AS next_moment
        FROM (SELECT step, ((r.expires_on - step)::timestamp + make_interval(hours => %(hour)s)) AT TIME ZONE c.time_zone AS moment
              FROM unnest(%(steps)s::int[]) AS step) AS moments
    ) AS steps
    WHERE r.next_due_at <= %(at)s FOR UPDATE OF r
), of_materials AS (
    SELECT due.*, m.ref, kind.code, kind.name_zh, kind.name_en,
           (SELECT count(*) FROM certification_phonenumber n
            WHERE n.company_id = due.company_id AND n.lifecycle = 'certified' AND n.released_at IS NULL) AS numbers
    FROM due
    JOIN certification_material m ON m.id = due.material_id
    JOIN certification_materialkind kind ON kind.id = m.kind_id
    WHERE m.state = 'approved' AND due.latest IS NOT NULL AND due.today <= due.expires_on
      AND NOT EXISTS (SELECT FROM certification_material s
                      WHERE s.company_id = m.company_id AND s.kind_id = m.kind_id AND s.state = 'submitted')
), of_terms AS (
    SELECT due.*, ending.numbers
    FROM due
    CROSS JOIN LATERAL (
        SELECT count(*) AS numbers FROM certification_phonenumber n
        WHERE n.company_id = due.company_id AND n.lifecycle = 'certified' AND n.released_at IS NULL AND n.term_ends_at = due.term_ends_at
          AND NOT EXISTS (SELECT FROM certification_applicationnumber item WHERE item.number_id = n.id AND item.is_active)
    ) AS ending
    WHERE due.material_id IS NULL AND due.latest IS NOT NULL AND due.today <= due.expires_on AND ending.numbers > 0
), messages AS (
    SELECT 'reminder:material:' || material_id || ':' || latest AS key, 'material_expires' AS kind, company_id,
           jsonb_build_object('expires_on', expires_on, 'days_left', expires_on - today, 'material', code, 'material_ref', ref,
                              'material_zh', name_zh, 'material_en', name_en, 'numbers', numbers) AS context
    FROM of_materials
    UNION ALL
    SELECT 'reminder:term:' || id || ':' || latest, 'term_expires', company_id,
           jsonb_build_object('expires_on', expires_on, 'days_left', expires_on - today, 'numbers', numbers)
    FROM of_terms
), noticed AS (
    {notices.INSERT}
    SELECT messages.key || ':' || member.user_id, messages.kind, member.user_id, messages.company_id, messages.context, true, %(at)s, now()
    FROM messages
    JOIN accounts_membership member ON member.company_id = messages.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
), planned AS (
    UPDATE certification_reminder r SET next_due_at = CASE
        WHEN due.material_id IS NOT NULL AND (SELECT m.state FROM certification_material m WHERE m.id = due.material_id) <> 'approved' THEN NULL
        ELSE due.next_moment END
    FROM due WHERE r.id = due.id
)
SELECT count(*) FROM noticed
"""  # noqa: S608 - constant texts, every value is a parameter


def remind_of_material(*, material: Material, now: dt.datetime) -> None:
    """Plan the reminders of an approved version; one with no end needs none."""
    if material.expires_on is None:
        return
    plan_reminder(
        company=material.company, material_id=material.pk, term_ends_at=None, last_day=material.expires_on, now=now
    )


def remind_of_term(*, company: Company, term_ends_at: dt.datetime, now: dt.datetime) -> None:
    """Plan the reminders of all the company's certifications whose term ends at this moment."""
    last_day = (term_ends_at.astimezone(company.zone) - dt.timedelta(seconds=1)).date()
    plan_reminder(company=company, material_id=None, term_ends_at=term_ends_at, last_day=last_day, now=now)


def plan_reminder(
    *,
    company: Company,
    material_id: int | None,
    term_ends_at: dt.datetime | None,
    last_day: dt.date,
    now: dt.datetime,
) -> None:
    """Plan the reminders of one thing that ends, from the first step that is still to come; one statement."""
    once = "(material_id)" if material_id is not None else "(company_id, term_ends_at) WHERE material_id IS NULL"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO certification_reminder (company_id, material_id, term_ends_at, expires_on, next_due_at) VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT {once} DO UPDATE SET expires_on = excluded.expires_on, next_due_at = excluded.next_due_at
            """,  # noqa: S608 - one of two constant texts
            [company.pk, material_id, term_ends_at, last_day, first_due(last_day, company.zone, now)],
        )


def send_due_reminders(*, now: dt.datetime) -> int:
    """Write the notices of every reminder that is due, move each to its next step, return how many notices.

    In the caller's transaction. The number of statements is the same however many are due.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            SEND_REMINDERS, {"at": now, "hour": SEND_HOUR, "steps": list(STEPS), "roles": list(RESPONSIBLE_ROLES)}
        )
        (sent,) = cursor.fetchone()
    return int(sent)
