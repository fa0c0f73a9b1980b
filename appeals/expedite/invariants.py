"""What must always hold of expedite requests: replayed states, and one company each."""

from __future__ import annotations

from certification.maintenance.invariant_queries import COMPANIES_APART, REPLAYED, apart, replayed

REPLAYED["expedite request"] = replayed(
    subject="expedite", aspect="state", table="appeals_expediterequest", stored="x.state", initial="requested"
)
COMPANIES_APART["review of an expedite request"] = apart(
    "appeals_expediterequest x JOIN certification_review r ON r.id = x.review_id", "x.company_id", "r.company_id"
)
