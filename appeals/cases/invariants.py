"""What must always hold of appeals: replayed states, one company each, one open appeal per number and subject."""

from __future__ import annotations

from certification.maintenance.invariant_queries import COMPANIES_APART, FURTHER, REPLAYED, apart, replayed

REPLAYED["appeal"] = replayed(
    subject="appeal", aspect="state", table="appeals_appeal", stored="x.state", initial="draft"
)
COMPANIES_APART["number of an appeal"] = apart(
    "appeals_appealnumber x JOIN appeals_appeal a ON a.id = x.appeal_id JOIN certification_phonenumber n ON n.id = x.number_id",
    "a.company_id",
    "n.company_id",
)
COMPANIES_APART["review of an appeal"] = apart(
    "certification_review x JOIN appeals_appeal a ON x.subject = 'appeal' AND a.id = x.subject_id",
    "x.company_id",
    "a.company_id",
)
OPEN = "('submitted', 'in_review', 'more_information')"
HELD_WHILE_OPEN = f"""
    SELECT count(*), array_agg(x.id) FILTER (WHERE x.is_open <> (a.state IN {OPEN}))
    FROM appeals_appealnumber x JOIN appeals_appeal a ON a.id = x.appeal_id
"""  # noqa: S608 - constant texts
REVIEWED_WHILE_OPEN = f"""
    SELECT count(*), array_agg(a.id) FILTER (WHERE (a.state IN {OPEN}) <> EXISTS (
        SELECT FROM certification_review r WHERE r.subject = 'appeal' AND r.subject_id = a.id AND r.state = 'open'))
    FROM appeals_appeal a
"""  # noqa: S608 - constant texts
WAITED_TOO_LONG = """
    SELECT count(*), array_agg(id) FILTER (WHERE answer_until <= %(tick)s OR answer_until > state_since + interval '15 days')
    FROM appeals_appeal WHERE state = 'more_information'
"""
CLOCK_STANDS_STILL = """
    SELECT count(*), array_agg(a.id) FILTER (WHERE (a.state = 'more_information') <> EXISTS (
        SELECT FROM certification_reviewpause p WHERE p.review_id = r.id AND p.reason = 'more_information' AND p.ended_at IS NULL))
    FROM appeals_appeal a JOIN certification_review r ON r.subject = 'appeal' AND r.subject_id = a.id AND r.state = 'open'
"""

FURTHER.extend(
    (
        ("I2", "number of an appeal held otherwise than while it is open", HELD_WHILE_OPEN),
        ("I12", "appeal with a review otherwise than while it is open", REVIEWED_WHILE_OPEN),
        ("I16", "appeal that waits for an answer for more than 15 days", WAITED_TOO_LONG),
        ("I11", "clock of an appeal", CLOCK_STANDS_STILL),
    )
)
