"""What must always hold of marks: replayed states, and one company each."""

from __future__ import annotations

from appeals.marks.marks import STATE
from certification.maintenance.invariant_queries import COMPANIES_APART, REPLAYED, apart, replayed

REPLAYED["mark"] = replayed(subject="mark", aspect="state", table="appeals_mark", stored=STATE.format("x"), initial="")
REPLAYED["mark's"] = replayed(
    subject="mark",
    aspect="confirmed",
    table="appeals_mark",
    stored="CASE WHEN x.is_confirmed THEN 'yes' ELSE '' END",
    initial="",
)
COMPANIES_APART["number of a mark"] = apart(
    "appeals_mark x JOIN certification_phonenumber n ON n.id = x.number_id", "x.company_id", "n.company_id"
)
