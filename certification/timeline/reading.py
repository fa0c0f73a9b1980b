"""One page of a timeline: the newest events of all sources, merged in one order, at the same cost however much there is.

The order is by moment, then by the source's name, then by the row's key, all falling: it is total, so a page ends at a place
from which the next goes on, with nothing left out or shown twice. Each source is asked for one page's worth of rows.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.http import HttpRequest
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy

from accounts.keyset import PAGE_SIZE, Page, address, decode, encode
from certification.timeline.sources import KINDS, SOURCES, About, Event, Source

ORDER = ("at", "name", "pk")
TYPES = (dt.datetime, str, int)


@dataclass(frozen=True)
class Place:
    """Where an event stands in the order."""

    at: dt.datetime
    name: str
    pk: int

    def beyond(self, source: Source, *, newer: bool) -> Q:
        """The rows of the source that stand after this place, or with `newer` before it."""
        side = "gt" if newer else "lt"
        strictly = Q(**{f"{source.moment}__{side}": self.at})
        same = Q(**{source.moment: self.at})
        if source.name == self.name:
            return strictly | (same & Q(**{f"pk__{side}": self.pk}))
        after_it = source.name > self.name if newer else source.name < self.name
        return strictly | same if after_it else strictly


def read_place(token: str) -> Place | None:
    """The place that an address names; None where it names none."""
    values = decode(token, ORDER, TYPES)
    return Place(*values) if values else None


def rows_of(source: Source, about: About, place: Place | None, *, newer: bool, size: int) -> list[Any]:
    """The source's next rows from the place, nearest first."""
    rows = source.rows(about)
    if rows is None:
        return []
    if about.until is not None:
        rows = rows.filter(**{f"{source.moment}__lte": about.until})
    if place is not None:
        rows = rows.filter(place.beyond(source, newer=newer))
    sign = "" if newer else "-"
    return list(rows.order_by(f"{sign}{source.moment}", f"{sign}pk")[:size])


def chosen_sources(kind: str) -> list[Source]:
    """The sources of the kind, or all of them."""
    return [source for source in SOURCES.values() if not kind or source.kind == kind]


def timeline_page(about: About, request: HttpRequest, *, kind: str = "", size: int = PAGE_SIZE) -> Page:
    """The page that the address asks for (`?after=`, `?before=`), its `rows` events, the newest first."""
    after = read_place(request.GET.get("after", ""))
    before = None if after else read_place(request.GET.get("before", ""))
    newer = before is not None
    found: list[tuple[Place, Source, Any]] = []
    for source in chosen_sources(kind):
        rows = rows_of(source, about, after or before, newer=newer, size=size + 1)
        found += [(Place(getattr(row, source.moment), source.name, row.pk), source, row) for row in rows]
    found.sort(key=lambda item: (item[0].at, item[0].name, item[0].pk), reverse=not newer)
    more, found = len(found) > size, found[:size]
    if newer:
        found.reverse()
    page = Page(said(found, about))
    if found and (newer or more):
        page.next_url = address(request, after=token(found[-1][0]))
    if found and (more if newer else after is not None):
        page.previous_url = address(request, before=token(found[0][0]))
    if after is not None or before is not None:
        page.first_url = address(request)
    return page


@dataclass(frozen=True)
class KindTab:
    """One kind that the timeline can be narrowed to."""

    url: str
    label: str | Promise
    current: bool
    count: None = None


@dataclass(frozen=True)
class Timeline:
    """A timeline as its page shows it."""

    page: Page
    tabs: list[KindTab]
    #: Without the filter; "" where there is none.
    clear_url: str


def timeline_of(about: About, request: HttpRequest, *, size: int = PAGE_SIZE) -> Timeline:
    """The page of the timeline that the address asks for (`?kind=`, `?after=`, `?before=`); unknown kinds are no filter."""
    kind = request.GET.get("kind", "")
    kind = kind if kind in KINDS else ""
    query = request.GET.copy()
    for name in ("after", "before", "kind"):
        query.pop(name, None)

    def url(name: str) -> str:
        narrowed = query.copy()
        if name:
            narrowed["kind"] = name
        return f"{request.path}?{narrowed.urlencode()}" if narrowed else request.path

    used = {source.kind for source in SOURCES.values()}
    tabs = [KindTab(url(""), gettext_lazy("All"), not kind)]
    tabs += [KindTab(url(name), label, name == kind) for name, label in KINDS.items() if name in used]
    return Timeline(timeline_page(about, request, kind=kind, size=size), tabs, url("") if kind else "")


def token(place: Place) -> str:
    """The place as it can stand in an address."""
    return encode([place.at, place.name, place.pk])


def said(found: list[tuple[Place, Source, Any]], about: About) -> list[Event]:
    """The rows in words, in their order; each source says all of its rows at once."""
    by_source: dict[str, list[tuple[int, Any]]] = {}
    for index, (_place, source, row) in enumerate(found):
        by_source.setdefault(source.name, []).append((index, row))
    events: dict[int, Event] = {}
    for name, rows in by_source.items():
        source = SOURCES[name]
        for (index, _row), event in zip(rows, source.say([row for _index, row in rows], about), strict=True):
            events[index] = dataclasses.replace(event, kind=source.kind, kind_label=KINDS[source.kind])
    return [events[index] for index in range(len(found))]
