"""The engine's look at open reviews: past their due time they are overdue; claims without activity are released."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from accounts import journal, notices
from accounts.access import StaffRole
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from certification.reviews.desk import CLAIM_IDLE

# Rows that a person is working on at this instant are left to the next tick rather than waited for; one that somebody has
# decided, though it can still be taken back, is neither late nor idle.
WATCH_REVIEWS = f"""
WITH found AS (
    SELECT id, claimed_by_id,
           overdue_since IS NULL AND due_at <= %(at)s
               AND NOT EXISTS (SELECT FROM certification_reviewpause pause
                               WHERE pause.review_id = review.id AND (pause.ended_at IS NULL OR NOT pause.is_counted))
               AS is_overdue,
           claimed_by_id IS NOT NULL AND claim_active_at < %(claims_before)s AS is_stale
    FROM certification_review review
    WHERE state = 'open' AND NOT EXISTS (SELECT FROM certification_stageddecision staged
                                         WHERE staged.review_id = review.id AND staged.stands_at IS NOT NULL)
      AND (overdue_since IS NULL AND due_at <= %(at)s OR claimed_by_id IS NOT NULL AND claim_active_at < %(claims_before)s)
    FOR NO KEY UPDATE SKIP LOCKED
), changed AS (
    UPDATE certification_review review SET
        overdue_since = CASE WHEN found.is_overdue THEN review.due_at ELSE review.overdue_since END,
        claimed_by_id = CASE WHEN found.is_stale THEN NULL ELSE review.claimed_by_id END,
        claimed_at = CASE WHEN found.is_stale THEN NULL ELSE review.claimed_at END,
        claim_active_at = CASE WHEN found.is_stale THEN NULL ELSE review.claim_active_at END
    FROM found WHERE review.id = found.id AND (found.is_overdue OR found.is_stale)
    RETURNING review.id, review.ref, review.kind, review.company_id, review.due_at, found.is_overdue, found.is_stale, found.claimed_by_id
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'review', id, 'overdue', '', 'overdue', '' FROM changed WHERE is_overdue
    UNION ALL
    SELECT {journal.BY}, company_id, 'review', id, 'claim', claimed_by_id::text, '', 'idle' FROM changed WHERE is_stale
), noticed AS (
    {notices.INSERT}
    SELECT 'review_overdue:' || changed.id || ':' || extract(epoch FROM changed.due_at)::bigint || ':' || reader.user_id,
           reader.kind, reader.user_id, reader.company_id,
           jsonb_build_object('review', changed.ref, 'review_kind', changed.kind, 'due_at', changed.due_at),
           true, %(at)s, now()
    FROM changed CROSS JOIN LATERAL (
        SELECT member.user_id, member.company_id, 'review_overdue' AS kind FROM accounts_membership member
        WHERE member.company_id = changed.company_id AND member.role = ANY (%(roles)s)
        UNION ALL
        SELECT assignment.user_id, NULL, 'review_overdue_staff' FROM accounts_staffassignment assignment
        WHERE assignment.role = %(lead)s
    ) AS reader
    WHERE changed.is_overdue
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT (SELECT count(*) FROM changed WHERE is_overdue), (SELECT count(*) FROM changed WHERE is_stale), (SELECT count(*) FROM noticed),
       EXISTS (SELECT FROM certification_stageddecision WHERE stands_at <= %(at)s)
"""  # noqa: S608 - constant texts, every value is a parameter


def watch_reviews(*, now: dt.datetime, actor: Actor) -> tuple[int, int, int, bool]:
    """Mark, release, tell; in the caller's transaction.

    Returns how many became overdue, were released, notices written, and whether staged decisions are due.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            WATCH_REVIEWS,
            {
                **journal.by_parameters(at=now, actor=actor),
                "claims_before": now - CLAIM_IDLE,
                "roles": list(RESPONSIBLE_ROLES),
                "lead": StaffRole.LEAD_REVIEWER,
            },
        )
        overdue, released, sent, decisions_due = cursor.fetchone()
    return overdue, released, sent, decisions_due
