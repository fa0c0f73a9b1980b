"""What time does to applications and certifications: terms end; applications that lack a material wait, go on, or lapse.

Domain sections 4 and 5. Each is one set-based statement for the engine's tick; what concerns a single company also
runs when one of its materials is decided, so that nobody waits for the next tick.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db import connection

from accounts import journal, notices
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from certification.applications.lifecycle import PENDING_DAYS
from certification.materials.requirements import unmet_in_force

#: An application that waits is warned of so many days before it lapses.
WARNING_DAYS = (7, 3, 1)

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

#: The moment of the first warning after this one; null when none is left.
NEXT_WARNING = """
    (SELECT min(moment) FROM (SELECT {waits_until} - make_interval(days => days) AS moment FROM unnest(%(warning_days)s::int[]) AS days) AS moments
     WHERE moment > %(at)s)
"""
WITH_APPLICATIONS = "c.id IN (SELECT company_id FROM certification_application WHERE state IN ('submitted', 'in_review', 'pending_maintenance'))"
# Applications whose company lacks a material that applications wait for (domain section 3, telemarketing) are held as
# 待维护 with their review's clock stopped; when it is there they go on in review, and `settle_clocks` counts the wait.
HOLD_APPLICATIONS = f"""
WITH lacking AS MATERIALIZED (
    SELECT u.company_id, u.requirement_id FROM (
        {unmet_in_force(among=WITH_APPLICATIONS)} AND r.holds_applications
    ) AS u
), since AS (
    -- Of what a company lacks, what it has lacked longest: since then the maintenance of the requirement truly holds.
    SELECT DISTINCT ON (lacking.company_id) lacking.company_id, lacking.requirement_id, coalesce(m.held_since, %(at)s) AS held_since
    FROM lacking
    LEFT JOIN certification_maintenance m
      ON m.company_id = lacking.company_id AND m.requirement_id = lacking.requirement_id AND m.opened_at IS NOT NULL AND m.closed_at IS NULL
    ORDER BY lacking.company_id, m.held_since, lacking.requirement_id
), to_hold AS (
    -- The wait counts from when it truly began, so that ticks which were missed lengthen nobody's (I5).
    SELECT a.id, a.state, since.requirement_id,
           least(%(at)s, greatest(since.held_since, coalesce(a.submitted_at, a.state_since))) + make_interval(days => %(pending_days)s) AS waits_until
    FROM certification_application a JOIN since ON since.company_id = a.company_id
    WHERE a.state IN ('submitted', 'in_review') FOR NO KEY UPDATE OF a
), held AS (
    UPDATE certification_application a
    SET state = 'pending_maintenance', state_since = %(at)s, waits_for_id = to_hold.requirement_id, waits_until = to_hold.waits_until,
        next_warning_at = {NEXT_WARNING.format(waits_until="to_hold.waits_until")}
    FROM to_hold WHERE a.id = to_hold.id
    RETURNING a.id, a.ref, a.company_id, a.waits_for_id, a.waits_until, to_hold.state AS before
), to_resume AS (
    SELECT id, company_id FROM certification_application a
    WHERE state = 'pending_maintenance' /* its own */
      AND NOT EXISTS (SELECT FROM lacking WHERE lacking.company_id = a.company_id) FOR NO KEY UPDATE
), resumed AS (
    UPDATE certification_application a SET state = 'in_review', state_since = %(at)s, waits_for_id = NULL, waits_until = NULL, next_warning_at = NULL
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
    INSERT INTO certification_reviewpause (review_id, started_at, reason, is_counted)
    SELECT review.id, greatest(review.opened_at, review.overdue_since, held.waits_until - make_interval(days => %(pending_days)s)),
           'pending_maintenance', false
    FROM certification_review review
    JOIN held ON review.subject = 'application' AND review.subject_id = held.id AND review.state = 'open'
    ON CONFLICT DO NOTHING
), unpaused AS (
    UPDATE certification_reviewpause pause SET ended_at = %(at)s
    FROM certification_review review JOIN resumed ON review.subject = 'application' AND review.subject_id = resumed.id
    WHERE pause.review_id = review.id AND pause.ended_at IS NULL AND pause.reason = 'pending_maintenance' AND review.state = 'open'
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

# Whether there is anything to hold, resume or lapse. Runs after the reconcile: what a company lacks is open by then.
ANY_WAITING = """
SELECT EXISTS (SELECT FROM certification_application WHERE state = 'pending_maintenance' /* its own */)
    OR EXISTS (
        SELECT FROM certification_maintenance m
        JOIN certification_requirement r ON r.id = m.requirement_id AND r.holds_applications
        JOIN certification_application a ON a.company_id = m.company_id AND a.state IN ('submitted', 'in_review')
        WHERE m.opened_at IS NOT NULL AND m.closed_at IS NULL AND m.company_id IS NOT NULL /* of it */)
"""
# What is about to lapse is warned of in the same statement: of several steps that are past (ticks were missed) only the
# latest speaks.
LAPSE_APPLICATIONS = f"""
WITH to_warn AS (
    SELECT a.id, a.ref, a.company_id, a.waits_for_id, a.waits_until, {NEXT_WARNING.format(waits_until="a.waits_until")} AS next_warning_at,
           (SELECT min(days) FROM unnest(%(warning_days)s::int[]) AS days WHERE a.waits_until - make_interval(days => days) <= %(at)s) AS step
    FROM certification_application a
    WHERE state = 'pending_maintenance' AND next_warning_at <= %(at)s AND waits_until > %(at)s /* its own */ FOR NO KEY UPDATE
), warned AS (
    UPDATE certification_application a SET next_warning_at = to_warn.next_warning_at FROM to_warn WHERE a.id = to_warn.id
), warnings AS (
    {notices.INSERT}
    SELECT 'application_lapses:' || to_warn.id || ':' || extract(epoch FROM to_warn.waits_until)::bigint || ':' || to_warn.step || ':' || member.user_id,
           'application_lapses', member.user_id, to_warn.company_id,
           jsonb_build_object('application', to_warn.ref, 'material', kind.code, 'material_zh', kind.name_zh, 'material_en', kind.name_en,
                              'waits_until', to_warn.waits_until,
                              'days_left', ceil(extract(epoch FROM to_warn.waits_until - %(at)s) / 86400)),
           true, %(at)s, now()
    FROM to_warn
    JOIN certification_requirement requirement ON requirement.id = to_warn.waits_for_id
    JOIN certification_materialkind kind ON kind.id = requirement.kind_id
    JOIN accounts_membership member ON member.company_id = to_warn.company_id AND member.role = ANY (%(roles)s)
    ON CONFLICT (key) DO NOTHING RETURNING id
), target AS (
    SELECT id, company_id FROM certification_application
    WHERE state = 'pending_maintenance' AND waits_until <= %(at)s /* its own */ FOR NO KEY UPDATE
), lapsed AS (
    UPDATE certification_application a SET state = 'lapsed', state_since = %(at)s, next_warning_at = NULL
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
), pauses AS (
    UPDATE certification_reviewpause pause SET ended_at = coalesce(pause.ended_at, greatest(pause.started_at, %(at)s)), is_counted = true
    FROM reviews WHERE pause.review_id = reviews.id AND NOT pause.is_counted
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
SELECT (SELECT count(*) FROM lapsed), (SELECT count(*) FROM noticed) + (SELECT count(*) FROM warnings)
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass
class WaitCounts:
    """What became of applications that wait for a material, and how many notices were written about it."""

    held: int = 0
    resumed: int = 0
    lapsed: int = 0
    sent: int = 0


def expire_terms(*, now: dt.datetime, actor: Actor) -> tuple[int, int]:
    """Expire the certifications whose term is over (I16); return how many, and how many notices. In the caller's transaction."""
    with connection.cursor() as cursor:
        cursor.execute(EXPIRE_TERMS, {**journal.by_parameters(at=now, actor=actor), "roles": list(RESPONSIBLE_ROLES)})
        expired, sent = cursor.fetchone()
    return expired, sent


def settle_waiting(*, now: dt.datetime, actor: Actor, company_id: int | None = None) -> WaitCounts:
    """Warn of, lapse, hold and resume applications, of one company or of all, in the caller's transaction.

    What waited too long lapses before anything goes on, and what is found to have waited too long already (ticks were
    missed) lapses too, so that the outcome is the same however often this runs. Runs after the reconcile.
    """
    parameters = {
        **journal.by_parameters(at=now, actor=actor),
        "roles": list(RESPONSIBLE_ROLES),
        "pending_days": PENDING_DAYS,
        "warning_days": list(WARNING_DAYS),
        "company": company_id,
    }
    waiting, hold, lapse = ANY_WAITING, HOLD_APPLICATIONS, LAPSE_APPLICATIONS
    if company_id is not None:
        waiting = waiting.replace("/* its own */", "AND company_id = %(company)s").replace(
            "/* of it */", "AND m.company_id = %(company)s"
        )
        hold = hold.replace("/* one company */", "AND c.id = %(company)s").replace(
            "/* its own */", "AND company_id = %(company)s"
        )
        lapse = lapse.replace("/* its own */", "AND company_id = %(company)s")
    counts = WaitCounts()
    with connection.cursor() as cursor:

        def lapse_what_waited() -> None:
            cursor.execute(lapse, parameters)
            lapsed, sent = cursor.fetchone()
            counts.lapsed += lapsed
            counts.sent += sent

        cursor.execute(waiting, parameters)
        (any_waiting,) = cursor.fetchone()
        if not any_waiting:
            return counts
        lapse_what_waited()
        cursor.execute(hold, parameters)
        counts.held, counts.resumed, sent = cursor.fetchone()
        counts.sent += sent
        if counts.held:
            lapse_what_waited()
    return counts
