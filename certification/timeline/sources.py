"""What a timeline is made of: each source is one sort of row with one moment, and how such rows are said.

Slices and apps above register theirs (`register`, in their `ready`), so that a number's or a company's timeline holds
everything that happened, in one order, without this slice knowing them all. A source returns a queryset; which part of it
a page shows is settled in `reading`, by the same conditions for every source.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import QuerySet
from django.urls import reverse
from django.utils.functional import Promise

from accounts.companies import Company
from accounts.journal_words import actor_names
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number


@dataclass(frozen=True)
class About:
    """Whose timeline it is, and who reads it."""

    #: The company, or the one that holds (or held) the number.
    company: Company
    #: The number's rows, one for each company that held it; None: the company's own timeline.
    numbers: tuple[PhoneNumber, ...] | None
    #: Staff read who among staff it was; companies read that it was the portal's staff.
    for_staff: bool
    #: Nothing later is told, where the page looks back.
    until: dt.datetime | None = None

    @property
    def companies(self) -> list[Company]:
        """The company, or every one that held the number."""
        if self.numbers is None:
            return [self.company]
        return list({number.company_id: number.company for number in self.numbers}.values())

    def whose(self, company_id: int | None, text: str) -> str:
        """The text, with whose number it was where several companies held it."""
        if self.numbers is None or len(companies := self.companies) < 2:
            return text
        return f"{next((row.name for row in companies if row.pk == company_id), '')} · {text}"

    def of(self, number: PhoneNumber, text: str) -> str:
        """The text of an event of one number, as this timeline says it: a company's own names the masked number."""
        if self.numbers is None:
            return f"{mask_number(number.number)} · {text}"
        return self.whose(number.company_id, text)

    def page_of(self, number: PhoneNumber) -> str | None:
        """Where the reader of a company's timeline reads about one of its numbers; None on the number's own page."""
        if self.numbers is not None:
            return None
        return reverse("staff_numbers:detail" if self.for_staff else "numbers:detail", args=[number.ref])

    @property
    def number_keys(self) -> list[int]:
        """The primary keys of the number's rows; none for a company."""
        return [number.pk for number in self.numbers or ()]


@dataclass(frozen=True)
class Event:
    """One line of a timeline: what, when the portal showed it, since when it held where that differs, who, why."""

    at: dt.datetime
    text: str
    tone: str = "grey"
    actor_label: str = ""
    #: The reason, or what companies read about it.
    detail: str = ""
    url: str | None = None
    held_at: dt.datetime | None = None
    #: Filled in by `reading`: the kind, and what it is called.
    kind: str = ""
    kind_label: str | Promise = ""


@dataclass(frozen=True)
class Source:
    """One sort of events."""

    #: Unique; of events at one moment those of a later name stand above.
    name: str
    #: One of KINDS.
    kind: str
    #: The column or annotation of its rows that is the event's moment; never null.
    moment: str
    #: The rows that belong to a timeline; None where the source has nothing to say of it.
    rows: Callable[[About], QuerySet[Any] | None]
    #: The rows of a page in words, in their order; in a number of queries that does not grow with them.
    say: Callable[[Sequence[Any], About], list[Event]]


#: Kinds that a timeline can be filtered by, in the order of the filter.
KINDS: dict[str, str | Promise] = {}
SOURCES: dict[str, Source] = {}


def register_kind(kind: str, label: str | Promise) -> None:
    """Make a kind of events known."""
    KINDS[kind] = label


def register(*sources: Source) -> None:
    """Make sources known; called when the apps are ready. Raises ValueError for a name that is taken or no kind."""
    for source in sources:
        if source.name in SOURCES and SOURCES[source.name] is not source:
            raise ValueError(f"there is a source {source.name} already")
        if source.kind not in KINDS:
            raise ValueError(f"{source.kind} is no kind of events")
        SOURCES[source.name] = source


def people(ids: Iterable[int | None], about: About) -> dict[int, str]:
    """The names of people as the reader may know them; one or two queries, none without people."""
    return actor_names({pk for pk in ids if pk is not None}, staff_names=about.for_staff)
