"""The statements behind `check_invariants`: each answers with (rows looked at, a list of what is wrong or null)."""

from __future__ import annotations


def replayed(*, subject: str, aspect: str, table: str, stored: str, initial: str, condition: str = "true") -> str:
    """The last `after` of the journal against the `stored` expression, and an unbroken chain of values in between.

    Rows are compared in the order in which they were written: an engine that is ahead of the clock writes later moments.
    """
    return f"""
        WITH entries AS (
            SELECT j.subject_id, j.before, j.after, lead(j.id) OVER same IS NULL AS is_last,
                   coalesce(lag(j.after) OVER same, j.before) AS previous
            FROM accounts_journalentry j WHERE j.subject = '{subject}' AND j.aspect = '{aspect}'
            WINDOW same AS (PARTITION BY j.subject_id ORDER BY j.id)
        ), compared AS (
            SELECT x.id, {stored} AS stored, entries.after AS replayed FROM {table} x
            LEFT JOIN entries ON entries.subject_id = x.id AND entries.is_last
            WHERE {condition}
        )
        SELECT (SELECT count(*) FROM compared), array_cat(
            (SELECT array_agg(format('%%s {aspect}: stored %%L, journal %%L', id, stored, replayed) ORDER BY id) FROM compared
             WHERE stored IS DISTINCT FROM coalesce(replayed, CASE WHEN %(from_the_start)s THEN '{initial}' ELSE stored END)),
            (SELECT array_agg(format('%%s {aspect}: changed from %%L after it had become %%L', subject_id, before, previous) ORDER BY subject_id)
             FROM entries WHERE before <> previous))
    """  # noqa: S608 - constant texts


STATE_OF_MAINTENANCE = """
    CASE WHEN x.cancelled_at IS NOT NULL THEN 'cancelled' WHEN x.closed_at IS NOT NULL THEN 'closed'
         WHEN x.opened_at IS NOT NULL THEN 'open' ELSE 'planned' END
"""
REPLAYED: dict[str, str] = {
    "number": replayed(
        subject="number", aspect="state", table="certification_phonenumber", stored="x.lifecycle", initial="draft"
    ),
    "application": replayed(
        subject="application", aspect="state", table="certification_application", stored="x.state", initial="draft"
    ),
    "material": replayed(
        subject="material", aspect="state", table="certification_material", stored="x.state", initial="submitted"
    ),
    "company": replayed(
        subject="company", aspect="state", table="accounts_company", stored="x.state", initial="pending"
    ),
    "review": replayed(
        subject="review", aspect="state", table="certification_review", stored="x.state", initial="open"
    ),
    # Whose claim it was loses its meaning with the decision.
    "review's": replayed(
        subject="review",
        aspect="claim",
        table="certification_review",
        stored="coalesce(x.claimed_by_id::text, '')",
        initial="",
        condition="x.state = 'open'",
    ),
    "maintenance": replayed(
        subject="maintenance",
        aspect="state",
        table="certification_maintenance",
        stored=STATE_OF_MAINTENANCE,
        initial="planned",
    ),
    "recurring maintenance": replayed(
        subject="maintenance_series",
        aspect="state",
        table="certification_maintenanceseries",
        stored="CASE WHEN x.ended_at IS NULL THEN 'running' ELSE 'ended' END",
        initial="running",
    ),
    "membership of person": """
        WITH last AS (
            SELECT DISTINCT ON (subject_id, aspect) subject_id, aspect, after FROM accounts_journalentry
            WHERE subject = 'membership' AND aspect LIKE 'role:%%' ORDER BY subject_id, aspect, id DESC
        ), compared AS (
            SELECT coalesce(last.subject_id, x.user_id) AS person, coalesce(last.aspect, 'role:' || x.company_id) AS aspect,
                   coalesce(x.role, '') AS stored, last.after AS replayed
            FROM accounts_membership x
            FULL JOIN last ON last.subject_id = x.user_id AND last.aspect = 'role:' || x.company_id
        )
        SELECT count(*), array_agg(format('%%s %%s: stored %%L, journal %%L', person, aspect, stored, replayed))
               FILTER (WHERE stored <> coalesce(replayed, CASE WHEN %(from_the_start)s THEN '' ELSE stored END))
        FROM compared
    """,
}


def apart(source: str, one: str, other: str) -> str:
    """Rows of `source` (with the key `id`) whose two companies differ."""
    return f"SELECT count(*), array_agg(x.id) FILTER (WHERE {one} <> {other}) FROM {source}"  # noqa: S608 - constants


COMPANIES_APART: dict[str, str] = {
    "application number": apart(
        "certification_applicationnumber x JOIN certification_application a ON a.id = x.application_id "
        "JOIN certification_phonenumber n ON n.id = x.number_id",
        "a.company_id",
        "n.company_id",
    ),
    "application material": apart(
        "certification_applicationmaterial x JOIN certification_application a ON a.id = x.application_id "
        "JOIN certification_material m ON m.id = x.material_id",
        "a.company_id",
        "m.company_id",
    ),
    "number of a material": apart(
        "certification_materialnumber x JOIN certification_material m ON m.id = x.material_id "
        "JOIN certification_phonenumber n ON n.id = x.number_id",
        "m.company_id",
        "n.company_id",
    ),
    "backup number": apart(
        "certification_phonenumber x JOIN certification_phonenumber n ON n.id = x.backup_of_id",
        "x.company_id",
        "n.company_id",
    ),
    "grouped number": apart(
        "certification_phonenumber x JOIN certification_numbergroup g ON g.id = x.group_id",
        "x.company_id",
        "g.company_id",
    ),
    "group": apart(
        "certification_numbergroup x JOIN certification_numbergroup g ON g.id = x.parent_id",
        "x.company_id",
        "g.company_id",
    ),
    "reminder": apart(
        "certification_reminder x JOIN certification_material m ON m.id = x.material_id",
        "x.company_id",
        "m.company_id",
    ),
    "review of an application": apart(
        "certification_review x JOIN certification_application a ON x.subject = 'application' AND a.id = x.subject_id",
        "x.company_id",
        "a.company_id",
    ),
    "review of a material": apart(
        "certification_review x JOIN certification_material m ON x.subject = 'material' AND m.id = x.subject_id",
        "x.company_id",
        "m.company_id",
    ),
}

#: What the apps above add, in the form of `SIMPLE`.
FURTHER: list[tuple[str, str, str]] = []

#: (invariant, what is wrong, statement); `tick` is the moment of the last tick, null before the first.
SIMPLE: tuple[tuple[str, str, str], ...] = (
    (
        "I2",
        "open more than once per cause, scope and requirement",
        """
        WITH same AS (
            SELECT array_agg(id) AS ids FROM certification_maintenance WHERE opened_at IS NOT NULL AND closed_at IS NULL
            GROUP BY cause_id, scope, provider_id, industry_id, company_id, number_id, requirement_id
        )
        SELECT coalesce(sum(cardinality(ids)), 0)::bigint, array_agg(ids::text) FILTER (WHERE cardinality(ids) > 1) FROM same
        """,
    ),
    (
        "I3",
        "maintenance opened before its start, ended before it opened, or without the moment since when it holds",
        """
        SELECT count(*), array_agg(id) FILTER (
            WHERE opened_at < planned_start OR closed_at < opened_at OR closed_at IS NOT NULL AND opened_at IS NULL
               OR opened_at IS NOT NULL AND (held_since IS NULL OR held_since > opened_at)
               OR cancelled_at IS NOT NULL AND opened_at IS NOT NULL)
        FROM certification_maintenance
        """,
    ),
    (
        "I3",
        "plan due at the last tick but not started, not ended or not marked as overrunning",
        """
        SELECT count(*), array_agg(id) FILTER (
            WHERE opened_at IS NOT NULL AND closed_at IS NULL AND planned_end <= %(tick)s AND (ends_by_plan OR overrunning_since IS NULL)
               OR opened_at IS NULL AND cancelled_at IS NULL AND planned_start <= %(tick)s AND created_at < %(tick)s AND NOT EXISTS (
                  SELECT FROM certification_maintenance o
                  WHERE o.opened_at IS NOT NULL AND o.cause_id = p.cause_id AND o.scope = p.scope
                    AND (o.provider_id, o.industry_id, o.company_id, o.number_id)
                        IS NOT DISTINCT FROM (p.provider_id, p.industry_id, p.company_id, p.number_id)
                    AND (o.closed_at IS NULL
                         -- Somebody ended it since the last tick: what comes after it starts with the next.
                         OR o.closed_at >= %(tick)s AND EXISTS (
                             SELECT FROM accounts_journalentry j WHERE j.subject = 'maintenance' AND j.subject_id = o.id
                               AND j.aspect = 'state' AND j.after = 'closed' AND j.actor_kind <> 'engine'))))
        FROM certification_maintenance p WHERE planned_start IS NOT NULL AND closed_at IS NULL
        """,
    ),
    (
        "I11",
        "due time earlier than an extension made it",
        """
        SELECT count(*), array_agg(e.id) FILTER (WHERE e.due_after < e.due_before OR review.due_at < e.due_after)
        FROM certification_duetimeextension e JOIN certification_review review ON review.id = e.review_id
        """,
    ),
    (
        "I11",
        "pause that ends before it begins",
        "SELECT count(*), array_agg(id) FILTER (WHERE ended_at < started_at) FROM certification_reviewpause",
    ),
    (
        "I11",
        "extension that is not exactly the time paused",
        """
        SELECT count(*), array_agg(id) FILTER (WHERE due_after - due_before <> paused_until - paused_from)
        FROM certification_duetimeextension WHERE paused_from IS NOT NULL
        """,
    ),
    (
        "I11",
        "paused time that was counted twice",
        """
        SELECT count(*), array_agg(DISTINCT e.id) FILTER (WHERE EXISTS (
            SELECT FROM certification_duetimeextension o
            WHERE o.review_id = e.review_id AND o.id > e.id AND o.paused_from < e.paused_until AND o.paused_until > e.paused_from))
        FROM certification_duetimeextension e WHERE e.paused_from IS NOT NULL
        """,
    ),
    (
        "I11",
        "paused time of an open review that was over at the last tick and is not in its due time",
        """
        SELECT count(*), array_agg(p.id) FILTER (
            WHERE p.ended_at <= %(tick)s AND NOT p.is_counted
              AND NOT EXISTS (SELECT FROM certification_reviewpause o WHERE o.review_id = p.review_id AND o.ended_at IS NULL))
        FROM certification_reviewpause p JOIN certification_review review ON review.id = p.review_id WHERE review.state = 'open'
        """,
    ),
    (
        "I11",
        "open pause of a review that is over, or by a maintenance that was over at the last tick",
        """
        SELECT count(*), array_agg(p.id) FILTER (WHERE review.state <> 'open' OR m.closed_at <= %(tick)s)
        FROM certification_reviewpause p JOIN certification_review review ON review.id = p.review_id
        LEFT JOIN certification_maintenance m ON m.id = p.maintenance_id WHERE p.ended_at IS NULL
        """,
    ),
    (
        "I11",
        "review that became overdue while its clock stood still",
        """
        SELECT count(*), array_agg(p.id) FILTER (WHERE review.overdue_since > p.started_at AND review.overdue_since < coalesce(p.ended_at, 'infinity'))
        FROM certification_reviewpause p JOIN certification_review review ON review.id = p.review_id
        """,
    ),
    (
        "I11",
        "due time that is not what the journal says",
        """
        WITH last AS (
            SELECT DISTINCT ON (subject_id) subject_id, after FROM accounts_journalentry
            WHERE subject = 'review' AND aspect = 'due' ORDER BY subject_id, id DESC)
        SELECT count(*), array_agg(review.id) FILTER (WHERE date_trunc('second', review.due_at) <> last.after::timestamptz)
        FROM certification_review review JOIN last ON last.subject_id = review.id
        """,
    ),
    (
        "I12",
        "decided without person or reason, by who handed it in, or not exactly once",
        """
        SELECT count(*), array_agg(id) FILTER (
            WHERE decided_by_id IS NULL OR decision = '' OR decision_text = '' OR decided_by_id = submitted_by_id
               OR (SELECT count(*) FROM accounts_journalentry j
                   WHERE j.subject = 'review' AND j.subject_id = review.id AND j.aspect = 'state' AND j.after = 'decided') <> 1)
        FROM certification_review review WHERE state = 'decided'
        """,
    ),
    (
        "I13",
        "reminder that was due at the last tick and not sent",
        "SELECT count(*), array_agg(id) FILTER (WHERE next_due_at < %(tick)s) FROM certification_reminder",
    ),
    (
        "I13",
        "reminder sent after the material was renewed",
        """
        SELECT count(*), array_agg(n.id) FILTER (WHERE m.replaced_at < n.created_at) FROM accounts_notice n
        JOIN certification_material m ON m.ref = n.context ->> 'material_ref' WHERE n.kind = 'material_expires'
        """,
    ),
    (
        "I14",
        "notice that is both delivered and failed, or goes to nobody",
        """
        SELECT count(*), array_agg(id) FILTER (
            WHERE delivered_at IS NOT NULL AND failed_at IS NOT NULL OR recipient_id IS NULL AND address = '')
        FROM accounts_notice
        """,
    ),
    (
        "I14",
        "key written twice",
        """
        WITH same AS (SELECT key, count(*) AS total FROM accounts_notice GROUP BY key)
        SELECT count(*), array_agg(key) FILTER (WHERE total > 1) FROM same
        """,
    ),
    (
        "I15",
        "number held by two companies",
        """
        WITH same AS (SELECT array_agg(id) AS ids FROM certification_phonenumber WHERE released_at IS NULL GROUP BY number)
        SELECT count(*), array_agg(ids::text) FILTER (WHERE cardinality(ids) > 1) FROM same
        """,
    ),
    (
        "I15",
        "number in two applications at a time, or held by one that is over",
        """
        WITH same AS (
            SELECT x.number_id, count(*) AS total, bool_or(a.state NOT IN ('submitted', 'in_review', 'pending_maintenance', 'returned')) AS over
            FROM certification_applicationnumber x JOIN certification_application a ON a.id = x.application_id
            WHERE x.is_active GROUP BY x.number_id)
        SELECT count(*), array_agg(number_id) FILTER (WHERE total > 1 OR over) FROM same
        """,
    ),
    (
        "I16",
        "certified past its term",
        """
        SELECT count(*), array_agg(id) FILTER (WHERE term_ends_at <= %(tick)s OR term_ends_at IS NULL)
        FROM certification_phonenumber WHERE lifecycle = 'certified'
        """,
    ),
    (
        "I16",
        "application that waits for more than 15 days",
        """
        SELECT count(*), array_agg(id) FILTER (
            WHERE waits_until <= %(tick)s OR waits_until IS NULL OR waits_until > state_since + interval '15 days')
        FROM certification_application WHERE state = 'pending_maintenance'
        """,
    ),
)
