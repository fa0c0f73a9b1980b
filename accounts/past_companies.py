"""Companies as they were at a past moment, from the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection

from django.db.models import CharField, F, OuterRef, QuerySet
from django.db.models.functions import Cast

from accounts.companies import Company, CompanyState, Industry
from accounts.journal import JournalEntry, value_at

#: What a page shows of a company and history knows.
ASPECTS = (
    "name",
    "kind",
    "credit_code",
    "industry",
    "time_zone",
    "state",
    "contact_name",
    "contact_phone",
    "contact_email",
)


def companies_at(at: dt.datetime) -> QuerySet[Company]:
    """The companies that were registered by then, with `name_then`, `credit_code_then` and `state_then` to filter by."""

    def then(aspect: str) -> object:
        present = Cast(F(aspect), CharField())
        return value_at(subject="company", subject_id=OuterRef("pk"), aspect=aspect, at=at, present=present)

    return Company.objects.filter(created_at__lte=at).alias(
        name_then=then("name"), credit_code_then=then("credit_code"), state_then=then("state")
    )


def waiting_at(at: dt.datetime) -> int:
    """How many companies waited for verification at the moment."""
    present = Cast(F("state"), CharField())
    state = value_at(subject="company", subject_id=OuterRef("pk"), aspect="state", at=at, present=present)
    waited = Company.objects.filter(created_at__lte=at).alias(state_then=state).filter(state_then=CompanyState.PENDING)
    return waited.count()


def recall_companies(companies: Collection[Company], *, at: dt.datetime) -> None:
    """Give the companies what was written about them at the moment, in memory only; two queries at most."""
    rows = (
        JournalEntry.objects.filter(
            subject="company", subject_id__in=[company.pk for company in companies], aspect__in=ASPECTS, at__gt=at
        )
        .order_by("subject_id", "aspect", "at", "id")
        .distinct("subject_id", "aspect")
        .values_list("subject_id", "aspect", "before")
    )
    was: dict[int, dict[str, str]] = {}
    for key, aspect, before in rows:
        was.setdefault(key, {})[aspect] = before
    moved = {int(values["industry"]) for values in was.values() if values.get("industry", "").isdigit()}
    industries = Industry.objects.in_bulk(moved) if moved else {}
    for company in companies:
        for aspect, before in was.get(company.pk, {}).items():
            if aspect != "industry":
                setattr(company, aspect, before)
            elif before.isdigit() and int(before) in industries:
                company.industry = industries[int(before)]
        if "state" in was.get(company.pk, {}):
            company.state_reason = ""
            company.verified_at = None
