"""The engine: `tick(now)` compares what should be with what is, and changes the difference, in sets, once.

Each step is one statement that finds its work by an index on a due column, changes the rows if they are still in the
state it expects, and writes the journal rows and the notices with them. So a tick costs next to nothing when nothing
is due, catches up after any outage, and doing it twice is doing it once. The steps are those of domain section 5.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import asdict, dataclass
from typing import Any

from django.db import connection, transaction

from accounts import journal, notices
from accounts.access import StaffRole
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from certification.applications.lifecycle import PENDING_DAYS
from certification.maintenance.clock import engine_moment
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.requirements import unmet_in_force
from certification.reminders.sweep import send_due_reminders
from certification.reviews.desk import CLAIM_IDLE

#: The key of the advisory lock under which ticks take turns.
TICK_LOCK = 0x7469636B


@dataclass
class Counts:
    """What one tick did."""

    opened: int = 0
    closed: int = 0
    overrunning: int = 0
    expired: int = 0
    held: int = 0
    resumed: int = 0
    lapsed: int = 0
    overdue: int = 0
    released: int = 0
    sent: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name, as the command prints them."""
        return asdict(self)


class DryRun(Exception):
    """Carries the counts out of a transaction that is rolled back."""


# The companies that a maintenance x covers: those that hold a number in its scope.
COVERED = """
    c.state = 'verified' AND (
        x.scope = 'everything'
        OR x.company_id = c.id
        OR x.industry_id = c.industry_id
        OR x.scope = 'provider' AND EXISTS (
            SELECT FROM certification_phonenumber n
            WHERE n.company_id = c.id AND n.provider_id = x.provider_id AND n.lifecycle = 'certified' AND n.released_at IS NULL)
        OR x.scope = 'number' AND c.id = (SELECT n.company_id FROM certification_phonenumber n WHERE n.id = x.number_id)
    )
"""
# Companies hear of what they can feel; a routine window shows in the calendar and on its page only.
FELT = "(x.suspends_display OR x.urgent_appeals_only OR x.review_time_factor > 1 OR cardinality(x.defers) > 0)"
PLAN_NOTICE = f"""
    {notices.INSERT}
    SELECT x.kind || ':' || x.id || ':' || member.user_id, x.kind, member.user_id, c.id,
           jsonb_build_object(
               'maintenance', x.ref, 'cause_zh', coalesce(nullif(x.title_zh, ''), cause.name_zh),
               'cause_en', coalesce(nullif(x.title_en, ''), cause.name_en), 'suspends', x.suspends_display,
               'expected_from', x.expected_from, 'expected_until', x.expected_until),
           false, %(at)s, now()
    FROM changed x
    JOIN certification_maintenancecause cause ON cause.id = x.cause_id
    JOIN accounts_company c ON {COVERED}
    JOIN accounts_membership member ON member.company_id = c.id AND member.role = ANY (%(roles)s)
    WHERE {FELT}
    ON CONFLICT (key) DO NOTHING RETURNING id
"""  # noqa: S608 - constant texts, every value is a parameter

START_PLANS = f"""
WITH due AS (
    -- Of several plans of one cause and scope the first; the others follow when it has ended (I2).
    SELECT DISTINCT ON (p.cause_id, p.scope, p.provider_id, p.industry_id, p.company_id, p.number_id, p.requirement_id) p.id
    FROM certification_maintenance p
    WHERE p.opened_at IS NULL AND p.cancelled_at IS NULL AND p.planned_start <= %(at)s
      AND NOT EXISTS (
          SELECT FROM certification_maintenance o
          WHERE o.opened_at IS NOT NULL AND o.closed_at IS NULL AND o.cause_id = p.cause_id AND o.scope = p.scope
            AND (o.provider_id, o.industry_id, o.company_id, o.number_id, o.requirement_id)
                IS NOT DISTINCT FROM (p.provider_id, p.industry_id, p.company_id, p.number_id, p.requirement_id))
    ORDER BY p.cause_id, p.scope, p.provider_id, p.industry_id, p.company_id, p.number_id, p.requirement_id, p.planned_start, p.id
), changed AS (
    UPDATE certification_maintenance m
    SET opened_at = %(at)s, held_since = planned_start,
        expected_from = coalesce(expected_from, planned_end), expected_until = coalesce(expected_until, planned_end)
    FROM due WHERE m.id = due.id
    RETURNING m.*, 'plan_started' AS kind
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'maintenance', id, 'state', 'planned', 'open', '' FROM changed
), noticed AS ({PLAN_NOTICE})
SELECT (SELECT count(*) FROM changed), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter

END_PLANS = f"""
WITH ended AS (
    UPDATE certification_maintenance SET closed_at = %(at)s, held_until = greatest(planned_end, held_since)
    WHERE opened_at IS NOT NULL AND closed_at IS NULL AND planned_end <= %(at)s AND ends_by_plan
    RETURNING *
), overrun AS (
    UPDATE certification_maintenance SET overrunning_since = planned_end
    WHERE opened_at IS NOT NULL AND closed_at IS NULL AND planned_end <= %(at)s AND NOT ends_by_plan AND overrunning_since IS NULL
    RETURNING *
), changed AS (
    SELECT *, 'plan_ended' AS kind FROM ended
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'maintenance', id, 'state', 'open', 'closed', '' FROM ended
    UNION ALL
    SELECT {journal.BY}, company_id, 'maintenance', id, 'overrun', '', 'overrunning', '' FROM overrun
), noticed AS ({PLAN_NOTICE}
), staff AS (
    {notices.INSERT}
    SELECT 'plan_overrunning:' || x.id || ':' || assignment.user_id, 'plan_overrunning', assignment.user_id, NULL,
           jsonb_build_object('maintenance', x.ref, 'cause_zh', cause.name_zh, 'cause_en', cause.name_en, 'planned_end', x.planned_end),
           true, %(at)s, now()
    FROM overrun x
    JOIN certification_maintenancecause cause ON cause.id = x.cause_id
    JOIN accounts_staffassignment assignment ON assignment.role = %(operations)s
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM ended), (SELECT count(*) FROM overrun),
       (SELECT count(*) FROM noticed) + (SELECT count(*) FROM staff)
"""  # noqa: S608 - constant texts, every value is a parameter

EXPIRE_TERMS = f"""
WITH target AS (
    SELECT id, company_id, term_ends_at FROM certification_phonenumber
    WHERE lifecycle = 'certified' AND term_ends_at <= %(at)s ORDER BY id FOR NO KEY UPDATE
), moved AS (
    UPDATE certification_phonenumber n SET lifecycle = 'expired', lifecycle_since = %(at)s
    FROM target WHERE n.id = target.id RETURNING n.id, target.company_id, target.term_ends_at
), journalled AS (
    {journal.INSERT} SELECT {journal.BY}, company_id, 'number', id, 'state', 'certified', 'expired', 'term' FROM moved
), ended AS (
    SELECT company_id, term_ends_at, count(*) AS numbers FROM moved GROUP BY company_id, term_ends_at
), noticed AS (
    {notices.INSERT}
    SELECT 'term_expired:' || ended.company_id || ':' || extract(epoch FROM ended.term_ends_at)::bigint || ':' || member.user_id,
           'term_expired', member.user_id, ended.company_id,
           jsonb_build_object('numbers', ended.numbers, 'ended_on', ((ended.term_ends_at AT TIME ZONE c.time_zone) - interval '1 second')::date),
           true, %(at)s, now()
    FROM ended
    JOIN accounts_company c ON c.id = ended.company_id
    JOIN accounts_membership member ON member.company_id = ended.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM moved), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter

# Applications whose company lacks a material that applications wait for (domain section 3, telemarketing) are held as
# 待维护 with their review's clock stopped; when it is there they go on in review, due later by the time they waited.
HOLD_APPLICATIONS = f"""
WITH lacking AS MATERIALIZED (
    SELECT u.company_id, u.requirement_id FROM (
        {unmet_in_force()} AND r.holds_applications
          AND c.id IN (SELECT company_id FROM certification_application WHERE state IN ('submitted', 'in_review', 'pending_maintenance'))
    ) AS u
), to_hold AS (
    SELECT id, company_id, state, kind, ref, (SELECT min(requirement_id) FROM lacking WHERE lacking.company_id = a.company_id) AS requirement_id
    FROM certification_application a
    WHERE state IN ('submitted', 'in_review') AND company_id IN (SELECT company_id FROM lacking) FOR NO KEY UPDATE
), held AS (
    UPDATE certification_application a
    SET state = 'pending_maintenance', state_since = %(at)s, waits_for_id = to_hold.requirement_id,
        waits_until = %(at)s + make_interval(days => %(pending_days)s)
    FROM to_hold WHERE a.id = to_hold.id
    RETURNING a.id, a.ref, a.company_id, a.waits_for_id, a.waits_until, to_hold.state AS before
), to_resume AS (
    SELECT id, company_id FROM certification_application a
    WHERE state = 'pending_maintenance' AND NOT EXISTS (SELECT FROM lacking WHERE lacking.company_id = a.company_id) FOR NO KEY UPDATE
), resumed AS (
    UPDATE certification_application a SET state = 'in_review', state_since = %(at)s, waits_for_id = NULL, waits_until = NULL
    FROM to_resume WHERE a.id = to_resume.id RETURNING a.id, a.company_id
), states AS (
    SELECT id, company_id, before, 'pending_maintenance' AS after FROM held
    UNION ALL SELECT id, company_id, 'pending_maintenance', 'in_review' FROM resumed
), targets AS (
    SELECT n.id, n.company_id, n.lifecycle, states.after FROM certification_phonenumber n
    JOIN certification_applicationnumber item ON item.number_id = n.id
    JOIN states ON states.id = item.application_id
    WHERE n.lifecycle IN ('submitted', 'in_review', 'pending_maintenance') AND n.lifecycle <> states.after
    ORDER BY n.id FOR NO KEY UPDATE OF n
), numbers AS (
    UPDATE certification_phonenumber n SET lifecycle = targets.after, lifecycle_since = %(at)s
    FROM targets WHERE n.id = targets.id RETURNING n.id, n.company_id, targets.lifecycle AS before, n.lifecycle AS after
), paused AS (
    INSERT INTO certification_reviewpause (review_id, started_at, reason)
    SELECT review.id, %(at)s, 'pending_maintenance' FROM certification_review review
    JOIN held ON review.subject = 'application' AND review.subject_id = held.id AND review.state = 'open'
    ON CONFLICT DO NOTHING
), unpaused AS (
    UPDATE certification_reviewpause pause SET ended_at = %(at)s
    FROM certification_review review JOIN resumed ON review.subject = 'application' AND review.subject_id = resumed.id
    WHERE pause.review_id = review.id AND pause.ended_at IS NULL AND pause.reason = 'pending_maintenance' AND review.state = 'open'
    RETURNING review.id AS review_id, %(at)s - pause.started_at AS waited, review.due_at
), extended AS (
    INSERT INTO certification_duetimeextension (review_id, at, due_before, due_after, reason)
    SELECT review_id, %(at)s, due_at, due_at + waited, 'pending_maintenance' FROM unpaused
), due AS (
    UPDATE certification_review review SET due_at = unpaused.due_at + waited, due_from = review.due_from + waited
    FROM unpaused WHERE review.id = unpaused.review_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'application', id, 'state', before, after, 'requirement' FROM states
    UNION ALL
    SELECT {journal.BY}, company_id, 'number', id, 'state', before, after, 'requirement' FROM numbers
), noticed AS (
    {notices.INSERT}
    SELECT 'application_held:' || held.id || ':' || extract(epoch FROM held.waits_until)::bigint || ':' || member.user_id, 'application_held',
           member.user_id, held.company_id,
           jsonb_build_object('application', held.ref, 'material', kind.code, 'material_zh', kind.name_zh, 'material_en', kind.name_en, 'waits_until', held.waits_until),
           true, %(at)s, now()
    FROM held
    JOIN certification_requirement requirement ON requirement.id = held.waits_for_id
    JOIN certification_materialkind kind ON kind.id = requirement.kind_id
    JOIN accounts_membership member ON member.company_id = held.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM held), (SELECT count(*) FROM resumed), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter

LAPSE_APPLICATIONS = f"""
WITH target AS (
    SELECT id, company_id FROM certification_application
    WHERE state = 'pending_maintenance' AND waits_until <= %(at)s FOR NO KEY UPDATE
), lapsed AS (
    UPDATE certification_application a SET state = 'lapsed', state_since = %(at)s
    FROM target WHERE a.id = target.id RETURNING a.id, a.ref, a.company_id
), items AS (
    UPDATE certification_applicationnumber item SET is_active = false FROM lapsed WHERE item.application_id = lapsed.id
), targets AS (
    SELECT n.id, n.company_id FROM certification_phonenumber n
    JOIN certification_applicationnumber item ON item.number_id = n.id JOIN target ON target.id = item.application_id
    WHERE n.lifecycle = 'pending_maintenance' ORDER BY n.id FOR NO KEY UPDATE OF n
), numbers AS (
    UPDATE certification_phonenumber n SET lifecycle = 'lapsed', lifecycle_since = %(at)s
    FROM targets WHERE n.id = targets.id RETURNING n.id, n.company_id
), reviews AS (
    UPDATE certification_review review SET state = 'cancelled', claimed_by_id = NULL, claimed_at = NULL, claim_active_at = NULL
    FROM lapsed WHERE review.subject = 'application' AND review.subject_id = lapsed.id AND review.state = 'open'
    RETURNING review.id, review.company_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'application', id, 'state', 'pending_maintenance', 'lapsed', 'waited too long' FROM lapsed
    UNION ALL
    SELECT {journal.BY}, company_id, 'number', id, 'state', 'pending_maintenance', 'lapsed', 'waited too long' FROM numbers
    UNION ALL
    SELECT {journal.BY}, company_id, 'review', id, 'state', 'open', 'cancelled', 'application lapsed' FROM reviews
), noticed AS (
    {notices.INSERT}
    SELECT 'application_lapsed:' || lapsed.id || ':' || member.user_id, 'application_lapsed', member.user_id, lapsed.company_id,
           jsonb_build_object('application', lapsed.ref), true, %(at)s, now()
    FROM lapsed JOIN accounts_membership member ON member.company_id = lapsed.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM lapsed), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter

WATCH_REVIEWS = f"""
WITH overdue AS (
    UPDATE certification_review review SET overdue_since = due_at
    WHERE state = 'open' AND overdue_since IS NULL AND due_at <= %(at)s
      AND NOT EXISTS (SELECT FROM certification_reviewpause pause WHERE pause.review_id = review.id AND pause.ended_at IS NULL)
    RETURNING id, ref, kind, company_id, due_at
), stale AS (
    SELECT id, company_id, claimed_by_id FROM certification_review
    WHERE state = 'open' AND claimed_by_id IS NOT NULL AND claim_active_at < %(claims_before)s
      AND id NOT IN (SELECT id FROM overdue)  -- one statement changes a row once; those are released by the next tick
    FOR NO KEY UPDATE SKIP LOCKED
), released AS (
    UPDATE certification_review review SET claimed_by_id = NULL, claimed_at = NULL, claim_active_at = NULL
    FROM stale WHERE review.id = stale.id RETURNING review.id, review.company_id, stale.claimed_by_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'review', id, 'overdue', '', 'overdue', '' FROM overdue
    UNION ALL
    SELECT {journal.BY}, company_id, 'review', id, 'claim', claimed_by_id::text, '', 'idle' FROM released
), noticed AS (
    {notices.INSERT}
    SELECT 'review_overdue:' || overdue.id || ':' || reader.user_id, reader.kind, reader.user_id, reader.company_id,
           jsonb_build_object('review', overdue.ref, 'review_kind', overdue.kind, 'due_at', overdue.due_at),
           true, %(at)s, now()
    FROM overdue CROSS JOIN LATERAL (
        SELECT member.user_id, member.company_id, 'review_overdue' AS kind FROM accounts_membership member
        WHERE member.company_id = overdue.company_id AND member.role = ANY (%(roles)s)
        UNION ALL
        SELECT assignment.user_id, NULL, 'review_overdue_staff' FROM accounts_staffassignment assignment
        WHERE assignment.role = %(lead)s
    ) AS reader
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM overdue), (SELECT count(*) FROM released), (SELECT count(*) FROM noticed)
"""  # noqa: S608 - constant texts, every value is a parameter


def tick(*, now: dt.datetime, actor: Actor | None = None, dry_run: bool = False) -> Counts:
    """Run the engine once, as of `now` or of the last tick's moment where that is later, and return what it did.

    Ticks take turns under an advisory lock; a second one at the same moment finds nothing to do. With `dry_run`
    everything is computed and rolled back.
    """
    try:
        with transaction.atomic():
            counts = run(now=now, actor=actor or Actor.engine())
            if dry_run:
                raise DryRun
    except DryRun:
        pass
    return counts


def run(*, now: dt.datetime, actor: Actor) -> Counts:
    """The steps, in the caller's transaction."""
    counts = Counts()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [TICK_LOCK])
        now = engine_moment(now)
        parameters: dict[str, Any] = {
            **journal.by_parameters(at=now, actor=actor),
            "roles": list(RESPONSIBLE_ROLES),
            "operations": StaffRole.OPERATIONS,
            "lead": StaffRole.LEAD_REVIEWER,
            "pending_days": PENDING_DAYS,
            "claims_before": now - CLAIM_IDLE,
        }

        def step(statement: str) -> tuple[int, ...]:
            cursor.execute(statement, parameters)
            row: tuple[int, ...] = cursor.fetchone()
            return row

        started, told = step(START_PLANS)
        counts.opened, counts.sent = started, told
        ended, counts.overrunning, told = step(END_PLANS)
        counts.closed += ended
        counts.sent += told
        reconciled = reconcile_requirements(now=now, actor=actor)
        counts.opened += reconciled.opened
        counts.closed += reconciled.closed
        counts.sent += reconciled.noticed
        counts.expired, told = step(EXPIRE_TERMS)
        counts.sent += told
        counts.held, counts.resumed, told = step(HOLD_APPLICATIONS)
        counts.sent += told
        counts.lapsed, told = step(LAPSE_APPLICATIONS)
        counts.sent += told
        counts.overdue, counts.released, told = step(WATCH_REVIEWS)
        counts.sent += told
        counts.sent += send_due_reminders(now=now)
        if counts.sent:
            notices.wake_delivery()
        cursor.execute(
            """
            INSERT INTO certification_tickrun (id, started_at, finished_at, counts) VALUES (1, %s, clock_timestamp(), '{}')
            ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at
            """,
            [now],
        )
    return counts
