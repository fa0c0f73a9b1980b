"""Which companies lack which required material: the one statement of it, as SQL, for the engine, the status and the matrix.

A requirement is met on a day by an approved version of its kind that is valid on that day. Days are local to the company.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from certification.materials.models import Requirement


@dataclass(frozen=True)
class CompanyColumns:
    """What the rules read of a company `c`, as SQL expressions: at present its columns, at a past moment its history."""

    state: str = "c.state"
    industry: str = "c.industry_id"
    kind: str = "c.kind"
    zone: str = "c.time_zone"

    @property
    def local_day(self) -> str:
        """The company's date at `%(at)s`."""
        return f"(%(at)s AT TIME ZONE {self.zone})::date"

    @property
    def concerns(self) -> str:
        """A requirement `r` concerns it by industry and by kind; only verified companies are held to it."""
        return f"""
            {self.state} = 'verified' AND r.moment = 'always'
            AND (r.industry_id IS NULL OR r.industry_id = {self.industry})
            AND (r.company_kinds = '{{}}' OR {self.kind} = ANY (r.company_kinds))
            AND r.announced_at <= %(at)s AND (r.withdrawn_at IS NULL OR r.withdrawn_at > %(at)s)
        """


def then(aspect: str, present: str) -> str:
    """SQL for what `aspect` of a company was at `%(at)s`: the `before` of its first later change in the journal."""
    return f"""
        coalesce((SELECT j.before FROM accounts_journalentry j
                  WHERE j.subject = 'company' AND j.subject_id = c.id AND j.aspect = '{aspect}' AND j.at > %(at)s
                  ORDER BY j.at, j.id LIMIT 1), {present}::text)
    """  # noqa: S608 - constant texts, the moment is a parameter


PRESENT = CompanyColumns()
PAST = CompanyColumns(
    state=then("state", "c.state"),
    industry=f"({then('industry', 'c.industry_id')})::bigint",
    kind=then("kind", "c.kind"),
    zone=then("time_zone", "c.time_zone"),
)
#: An approved version of the kind that is valid on {day}, as the portal knew at the moment %(at)s.
HAS_VALID = """
    EXISTS (
        SELECT FROM certification_material m
        WHERE m.company_id = c.id AND m.kind_id = r.kind_id AND m.state IN ('approved', 'replaced')
          AND m.decided_at <= %(at)s AND (m.replaced_at IS NULL OR m.replaced_at > %(at)s)
          AND (m.expires_on IS NULL OR m.expires_on >= {day}) AND (m.issued_on IS NULL OR m.issued_on <= {day})
    )
"""
#: The same for the present moment, in the words of the partial index material_approved.
HAS_VALID_NOW = """
    EXISTS (
        SELECT FROM certification_material m
        WHERE m.company_id = c.id AND m.kind_id = r.kind_id AND m.state = 'approved'
          AND (m.expires_on IS NULL OR m.expires_on >= {day}) AND (m.issued_on IS NULL OR m.issued_on <= {day})
    )
"""


def unmet_in_force() -> str:
    """SQL rows (company_id, requirement_id, ...) of what verified companies lack at `%(at)s`; for the engine's present."""
    return f"""
        SELECT c.id AS company_id, c.time_zone, c.verified_at, r.id AS requirement_id, r.kind_id, r.cause_id, r.effective_from, r.announced_at,
               r.holds_applications
        FROM certification_requirement r JOIN accounts_company c ON {PRESENT.concerns}
        WHERE r.effective_from <= {PRESENT.local_day} AND NOT {HAS_VALID_NOW.format(day=PRESENT.local_day)}
    """  # noqa: S608 - constant texts, the moment is a parameter


def companies_lacking_announced(*, past: bool) -> str:
    """SQL for the ids of companies that do not meet a requirement which is announced and takes effect after `%(at)s`.

    It is not met when no approved version is valid on the day on which it takes effect.
    """
    company = PAST if past else PRESENT
    has_valid = HAS_VALID if past else HAS_VALID_NOW
    return f"""
        SELECT c.id FROM certification_requirement r JOIN accounts_company c ON {company.concerns}
        WHERE r.effective_from >= (%(at)s AT TIME ZONE 'UTC')::date  -- true of all that follow; spares looking at companies
          AND r.effective_from > {company.local_day} AND NOT {has_valid.format(day="r.effective_from")}
    """  # noqa: S608 - constant texts, the moment is a parameter


ANNOUNCED_UNMET = f"""
    SELECT r.*, c.id AS for_company FROM certification_requirement r
    JOIN accounts_company c ON {PAST.concerns}
    WHERE c.id = ANY (%(companies)s) AND r.effective_from > {PAST.local_day} AND NOT {HAS_VALID.format(day="r.effective_from")}
    ORDER BY r.effective_from, r.id
"""  # noqa: S608 - constant texts, the values are parameters


def announced_unmet(*, company_ids: Iterable[int], at: dt.datetime) -> dict[int, list[Requirement]]:
    """What each of the companies does not meet yet and must from a later day on, the earliest first."""
    rows = Requirement.objects.raw(ANNOUNCED_UNMET, {"companies": list(company_ids), "at": at}).prefetch_related("kind")
    unmet: dict[int, list[Requirement]] = {}
    for row in rows:
        unmet.setdefault(row.for_company, []).append(row)  # type: ignore[attr-defined]
    return unmet
