"""The engine's look at appeals that wait for an answer: two warnings, then they are closed; a step of every tick."""

from __future__ import annotations

import datetime as dt

from django.db import connection

from accounts import journal, notices
from accounts.journal import Actor
from accounts.notices import RESPONSIBLE_ROLES
from appeals.cases.conversation import WARN_BEFORE
from certification.maintenance.engine import FurtherStep, add_step

#: Asked with every tick; the index is `appeal_next_step`.
DUE = "SELECT FROM appeals_appeal WHERE next_step_at <= %(at)s"
READERS = """
    JOIN accounts_membership member ON member.company_id = {0}.company_id
     AND (member.role = ANY (%(roles)s) OR member.user_id = {0}.created_by_id)
"""
# Rows that a person is working on at this instant are left to the next tick. A warning whose time has passed by when the
# next one is due already is not sent any more.
WARN = f"""
WITH target AS (
    SELECT id, answer_until,
           CASE WHEN answer_until - %(last)s::interval <= %(at)s THEN answer_until ELSE answer_until - %(last)s::interval END AS next_step
    FROM appeals_appeal
    WHERE next_step_at <= %(at)s AND answer_until > %(at)s AND state = 'more_information'
    FOR NO KEY UPDATE SKIP LOCKED
), warned AS (
    UPDATE appeals_appeal a SET next_step_at = target.next_step FROM target WHERE a.id = target.id
    RETURNING a.id, a.ref, a.kind, a.company_id, a.created_by_id, a.answer_until, target.next_step
), noticed AS (
    {notices.INSERT}
    SELECT 'appeal_warned:' || warned.id || ':' || extract(epoch FROM warned.answer_until)::bigint || ':'
               || CASE WHEN warned.next_step = warned.answer_until THEN 2 ELSE 1 END || ':' || member.user_id,
           'appeal_warned', member.user_id, warned.company_id,
           jsonb_build_object('appeal', warned.ref, 'appeal_kind', warned.kind, 'answer_until', warned.answer_until,
                              'days_left', ceil(extract(epoch FROM warned.answer_until - %(at)s) / 86400)::int),
           true, %(at)s, now()
    FROM warned {READERS.format("warned")}
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT count(*) FROM noticed
"""  # noqa: S608 - constant texts, every value is a parameter
CLOSE = f"""
WITH review AS (
    -- The reviews before the appeals, in the order in which a person's decision locks the two.
    SELECT review.id, review.company_id, review.subject_id FROM certification_review review
    JOIN appeals_appeal a ON review.subject = 'appeal' AND review.subject_id = a.id
    WHERE a.next_step_at <= %(at)s AND a.answer_until <= %(at)s AND a.state = 'more_information' AND review.state = 'open'
    FOR NO KEY UPDATE OF review SKIP LOCKED
), target AS (
    SELECT a.id FROM appeals_appeal a JOIN review ON review.subject_id = a.id
    WHERE a.state = 'more_information' FOR NO KEY UPDATE OF a SKIP LOCKED
), closed AS (
    UPDATE appeals_appeal a SET state = 'abandoned', state_since = %(at)s, answer_until = NULL, next_step_at = NULL
    FROM target WHERE a.id = target.id
    RETURNING a.id, a.ref, a.kind, a.company_id, a.created_by_id
), items AS (
    UPDATE appeals_appealnumber item SET is_open = false FROM closed WHERE item.appeal_id = closed.id
), reviews AS (
    UPDATE certification_review r SET state = 'cancelled', claimed_by_id = NULL, claimed_at = NULL, claim_active_at = NULL
    FROM review JOIN closed ON closed.id = review.subject_id WHERE r.id = review.id
    RETURNING r.id, r.company_id
), pauses AS (
    UPDATE certification_reviewpause pause SET ended_at = coalesce(pause.ended_at, %(at)s), is_counted = true
    FROM reviews WHERE pause.review_id = reviews.id AND NOT pause.is_counted
), journalled AS (
    {journal.INSERT}
    SELECT {journal.BY}, company_id, 'appeal', id, 'state', 'more_information', 'abandoned', 'not answered in time' FROM closed
    UNION ALL
    SELECT {journal.BY}, company_id, 'review', id, 'state', 'open', 'cancelled', 'not answered in time' FROM reviews
), noticed AS (
    {notices.INSERT}
    SELECT 'appeal_abandoned:' || closed.id || ':' || member.user_id, 'appeal_abandoned', member.user_id, closed.company_id,
           jsonb_build_object('appeal', closed.ref, 'appeal_kind', closed.kind), true, %(at)s, now()
    FROM closed {READERS.format("closed")}
    ON CONFLICT (key) DO NOTHING RETURNING id
)
SELECT count(*) FROM noticed
"""  # noqa: S608 - constant texts, every value is a parameter


def step_waiting(now: dt.datetime, actor: Actor) -> int:
    """Warn 7 days and 1 day before the end of the time to answer, and close at its end; return how many notices.

    In the tick's transaction, two statements whatever the number of appeals. Doing it twice does nothing more.
    """
    parameters = {
        **journal.by_parameters(at=now, actor=actor),
        "roles": list(RESPONSIBLE_ROLES),
        "last": WARN_BEFORE[-1],
    }
    sent = 0
    with connection.cursor() as cursor:
        for statement in (CLOSE, WARN):
            cursor.execute(statement, parameters)
            (count,) = cursor.fetchone()
            sent += count
    return sent


add_step(FurtherStep("appeals that wait for an answer", DUE, step_waiting))
