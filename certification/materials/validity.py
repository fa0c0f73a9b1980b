"""From when until when a document is valid: what can be entered, and where a version stands on a day; pure functions."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from certification.materials.models import Material, MaterialState

#: Further away, a date is a slip of the hand (D); a document without an end is long-term.
MOST_YEARS_AHEAD = 50
#: No document in use is older (D).
MOST_YEARS_BACK = 100
#: A document that ends within so many days asks for renewal (interface section 4).
RENEW_WITHIN = 60

#: What is wrong with dates, by code: the words beside the field.
PROBLEMS: dict[str, str | Promise] = {
    "end_missing": _("Enter the last valid day, or choose long-term."),
    "end_and_long_term": _(
        "A long-term document has no last day. Clear the date, or choose the date instead of long-term."
    ),
    "long_term_refused": _("This kind of document always has an end. Enter the last valid day printed on it."),
    "ends_before_start": _("The last valid day is before the first one. Compare both with the document."),
    "already_over": _("This day is past. Choose a document that is still valid."),
    "end_too_far": _("This day is more than 50 years away. Check the year; a document without an end is long-term."),
    "start_too_far": _("This day is more than 50 years away. Check the year."),
    "start_too_old": _("This day is more than 100 years ago. Check the year."),
}


class DateProblem(NamedTuple):
    """One thing that is wrong: beside which field, and the code of the words."""

    field: str  # "issued_on" | "expires_on" | "is_long_term"
    code: str

    @property
    def message(self) -> str:
        """The words, in the active language."""
        return str(PROBLEMS[self.code])


def years_from(day: dt.date, years: int) -> dt.date:
    """The same day so many years later (28 February for a 29th that is not there)."""
    year = min(max(day.year + years, dt.MINYEAR), dt.MAXYEAR)
    try:
        return day.replace(year=year)
    except ValueError:
        return day.replace(year=year, day=28)


def date_problems(
    *,
    issued_on: dt.date | None,
    expires_on: dt.date | None,
    is_long_term: bool,
    may_be_long_term: bool,
    today: dt.date,
) -> list[DateProblem]:
    """What is wrong with the validity of a document that is handed in on `today` (a date local to the company)."""
    problems = []
    if issued_on is not None:
        if issued_on > years_from(today, MOST_YEARS_AHEAD):
            problems.append(DateProblem("issued_on", "start_too_far"))
        elif issued_on < years_from(today, -MOST_YEARS_BACK):
            problems.append(DateProblem("issued_on", "start_too_old"))
    if is_long_term:
        if not may_be_long_term:
            problems.append(DateProblem("is_long_term", "long_term_refused"))
        elif expires_on is not None:
            problems.append(DateProblem("expires_on", "end_and_long_term"))
        return problems
    if expires_on is None:
        problems.append(DateProblem("expires_on", "end_missing"))
    elif issued_on is not None and expires_on < issued_on:
        problems.append(DateProblem("expires_on", "ends_before_start"))
    elif expires_on < today:
        problems.append(DateProblem("expires_on", "already_over"))
    elif expires_on > years_from(today, MOST_YEARS_AHEAD):
        problems.append(DateProblem("expires_on", "end_too_far"))
    return problems


def is_valid_on(material: Material, day: dt.date) -> bool:
    """Whether the version's dates cover `day`; its state is another matter."""
    return (material.issued_on is None or material.issued_on <= day) and (
        material.expires_on is None or material.expires_on >= day
    )


class Standing(StrEnum):
    """Where a version stands on a day."""

    IN_FORCE = "in_force"
    EXPIRING = "expiring"
    EXPIRED = "expired"
    NOT_YET = "not_yet"
    SUBMITTED = "submitted"
    RETURNED = "returned"
    REJECTED = "rejected"
    REPLACED = "replaced"
    WITHDRAWN = "withdrawn"


#: Label and tone of each standing.
STANDING_WORDS: dict[Standing, tuple[str | Promise, str]] = {
    Standing.IN_FORCE: (_("In force"), "green"),
    Standing.EXPIRING: (_("Expires soon"), "amber"),
    Standing.EXPIRED: (_("Expired"), "red"),
    Standing.NOT_YET: (_("Valid later"), "grey"),
    Standing.SUBMITTED: (_("Under review"), "blue"),
    Standing.RETURNED: (_("Returned for correction"), "amber"),
    Standing.REJECTED: (_("Rejected"), "outline"),
    Standing.REPLACED: (_("Replaced"), "grey"),
    Standing.WITHDRAWN: (_("Withdrawn"), "outline"),
}


def standing(material: Material, *, today: dt.date) -> Standing:
    """Where the version stands on `today` (local to its company): its state, and for an approved one its dates."""
    if material.state != MaterialState.APPROVED:
        return Standing(material.state)
    if material.expires_on is not None and material.expires_on < today:
        return Standing.EXPIRED
    if material.issued_on is not None and material.issued_on > today:
        return Standing.NOT_YET
    if material.expires_on is not None and (material.expires_on - today).days <= RENEW_WITHIN:
        return Standing.EXPIRING
    return Standing.IN_FORCE
