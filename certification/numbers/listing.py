"""A company's list of numbers: filters from the query string, one page at a time, at the same cost wherever it is."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from urllib.parse import urlencode

from django.db import models
from django.db.models import Q, Subquery
from django.db.models.lookups import Contains

from accounts.companies import Company
from certification.maintenance.facts import StatusFacts, facts_for
from certification.maintenance.status import (
    Status,
    counts_by_status,
    give_status,
    having_status,
)
from certification.numbers.groups.tree import below
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet

PAGE = 50
#: Longer than any number or alias.
LONGEST_QUERY = 60
#: The tabs of the list: what needs the company first. Each stands for one or more statuses.
TABS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("", ()),
    ("maintenance", (Status.MAINTENANCE,)),
    ("locked", (Status.LOCKED,)),
    ("pending_maintenance", (Status.PENDING_MAINTENANCE,)),
    ("returned", (Status.RETURNED,)),
    ("expired", (Status.EXPIRED,)),
    ("certified", (Status.CERTIFIED,)),
    ("draft", (Status.DRAFT,)),
    ("review", (Status.SUBMITTED, Status.IN_REVIEW)),
    ("ended", (Status.REJECTED, Status.LAPSED, Status.WITHDRAWN, Status.REVOKED)),
)
TAB_STATUSES = {tab: statuses for tab, statuses in TABS if tab}
#: Beside the tabs, every single status is understood: other pages link to it.
STATUS_FILTERS = {**{str(status): (str(status),) for status in Status}, **TAB_STATUSES}
BACKUP_FILTERS = ("primary", "backup", "covered", "uncovered")


@dataclass(frozen=True)
class Filters:
    """What narrows the list; as in its query string."""

    q: str = ""
    status: str = ""
    group: str = ""
    provider: str = ""
    backup: str = ""

    @classmethod
    def from_query(cls, query: Mapping[str, Any]) -> Filters:
        """The filters of a query string; what is not understood is left out."""
        status, backup = str(query.get("status", "")), str(query.get("backup", ""))
        return cls(
            q=str(query.get("q", "")).replace("\0", "").strip()[:LONGEST_QUERY],
            status=status if status in STATUS_FILTERS else "",
            group=str(query.get("group", ""))[:12].replace("\0", ""),
            provider=str(query.get("provider", ""))[:40].replace("\0", ""),
            backup=backup if backup in BACKUP_FILTERS else "",
        )

    @property
    def any(self) -> bool:
        """Whether anything is left out of the list."""
        return self != Filters()

    def query(self, **more: str) -> str:
        """The query string with these filters and `more`, beginning with `?`; only a `?` where there is nothing."""
        values = {
            "q": self.q,
            "status": self.status,
            "group": self.group,
            "provider": self.provider,
            "backup": self.backup,
        }
        return "?" + urlencode({name: value for name, value in {**values, **more}.items() if value})

    def with_status(self, status: str) -> Filters:
        """The same filters under another tab."""
        return replace(self, status=status)


@models.CharField.register_lookup
class ContainsInAnyCase(Contains):
    """`column ILIKE '%text%'`, which the trigram index answers; Django's icontains compares upper case, which it cannot."""

    lookup_name = "anycase"

    def get_rhs_op(self, connection: Any, rhs: str) -> str:
        return f"ILIKE {rhs}"


def searched(text: str) -> Q:
    """Numbers that contain the digits of `text`, or whose alias contains it."""
    digits = "".join(character for character in text if character.isdecimal() and character.isascii())
    condition = Q(alias__anycase=text)
    if digits and not any(character.isalpha() for character in text):
        # What people type is how they dial: 0571-8700 is stored as +865718700.
        condition |= Q(number__contains=digits.lstrip("0") or digits)
    return condition


def filtered(company: Company, filters: Filters, *, in_order: bool = False) -> PhoneNumberQuerySet:
    """The company's numbers that the filters leave; with `in_order`, as they follow each other in the index number_list.

    For `company = 7 ORDER BY id` PostgreSQL also considers walking through the numbers of everybody by their key until
    enough of company 7 have come by, and for a large company it does, which takes for ever where they come late.
    `company >= 7 AND company <= 7 ORDER BY company, id` says the same and leaves it only the index that is meant.
    """
    numbers = PhoneNumber.objects.of_company(company)
    if in_order:
        numbers = PhoneNumber.objects.held().filter(company__gte=company.pk, company__lte=company.pk)
    if filters.q:
        numbers = numbers.filter(searched(filters.q))
    if filters.group == "none":
        numbers = numbers.filter(group__isnull=True)
    elif filters.group:
        numbers = numbers.filter(group__in=below(filters.group, company))
    if filters.provider:
        numbers = numbers.filter(provider__code=filters.provider)
    if filters.backup == "primary":
        numbers = numbers.filter(backup_of__isnull=True)
    elif filters.backup == "backup":
        numbers = numbers.filter(backup_of__isnull=False)
    elif filters.backup:
        covered = PhoneNumber.objects.of_company(company).filter(backup_of__isnull=False).values("backup_of")
        numbers = numbers.filter(backup_of__isnull=True)
        numbers = numbers.filter(pk__in=covered) if filters.backup == "covered" else numbers.exclude(pk__in=covered)
    if filters.status:
        numbers = having_status(numbers, STATUS_FILTERS[filters.status])
    return numbers


@dataclass
class NumberPage:
    """One page of the list: the numbers with their facts, and the addresses of the pages around it."""

    numbers: list[PhoneNumber]
    facts: dict[int, StatusFacts]
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""
    total_label: str = ""
    rows: list[tuple[PhoneNumber, StatusFacts]] = field(default_factory=list)


def page_of(
    company: Company, filters: Filters, *, now: dt.datetime, after: str = "", before: str = "", last: bool = False
) -> NumberPage:
    """The page after or before the number with this reference, the last page, or the first.

    A reference that is unknown or another company's gives the first page. Fifty rows are read by their position in the
    index, one more tells whether there is a further page; nothing counts or skips what comes before.
    """
    # Most of the list, in its order; the rest is found by other indexes and sorted.
    in_order = not filters.q and filters.status in ("", Status.CERTIFIED)
    numbers = filtered(company, filters, in_order=in_order)
    mark = PhoneNumber.objects.filter(company=company)
    backwards = last or bool(before)
    if after:
        numbers = numbers.filter(pk__gt=Subquery(mark.filter(ref=after).values("pk")[:1]))
    elif before:
        numbers = numbers.filter(pk__lt=Subquery(mark.filter(ref=before).values("pk")[:1]))
    order = ("company_id", "pk") if in_order else ("pk",)
    ordered = numbers.order_by(*(f"-{column}" if backwards else column for column in order))
    found = list(ordered.select_related("provider", "group")[: PAGE + 1])
    for number in found:
        number.company = company
    more = len(found) > PAGE
    found = found[:PAGE]
    if backwards:
        found.reverse()
    give_status(found)
    facts = facts_for(found, now=now)
    page = NumberPage(found, facts, rows=[(number, facts[number.pk]) for number in found])
    if not found:
        return page_of(company, filters, now=now) if after or before else page
    has_previous = more if backwards else bool(after)
    has_next = not last if backwards else more
    if has_previous:
        page.first_url = filters.query()
        page.previous_url = filters.query(before=found[0].ref)
    if has_next:
        page.next_url = filters.query(after=found[-1].ref)
        page.last_url = filters.query(last="1")
    return page


def counts(company: Company, filters: Filters) -> dict[str, int]:
    """How many numbers each tab holds, under the other filters."""
    by_status = counts_by_status(filtered(company, filters.with_status("")))
    result = {tab: sum(by_status.get(status, 0) for status in statuses) for tab, statuses in TAB_STATUSES.items()}
    result[""] = sum(by_status.values())
    return result
