"""Keyset pages: every page of a list costs the same, however far down it is; the address says after which row to go on."""

from __future__ import annotations

import base64
import binascii
import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from django.db.models import F, Model, Q, QuerySet
from django.db.models.fields.tuple_lookups import Tuple, TupleGreaterThan, TupleLessThan
from django.http import HttpRequest
from django.utils.translation import ngettext

#: Rows on a page.
PAGE_SIZE = 50


@dataclass
class Page:
    """One page as `{% pagination %}` shows it."""

    rows: list[Any] = field(default_factory=list)
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""
    total_label: str = ""


def encode(values: Sequence[Any]) -> str:
    """The place of a row in the order, as it can stand in an address."""
    plain = [value.isoformat() if isinstance(value, dt.datetime) else value for value in values]
    return base64.urlsafe_b64encode(json.dumps(plain).encode()).decode().rstrip("=")


def decode(token: str, order: Sequence[str], kinds: Sequence[type]) -> list[Any] | None:
    """The values of `encode`; None when the text is not one of ours."""
    try:
        values = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        if not isinstance(values, list) or len(values) != len(order):
            return None
        read = [
            dt.datetime.fromisoformat(value) if kind is dt.datetime else value
            for value, kind in zip(values, kinds, strict=True)
        ]
    except (ValueError, TypeError, binascii.Error, UnicodeError):
        return None
    if any(type(value) is not kind for value, kind in zip(read, kinds, strict=True)):
        return None
    if any(isinstance(value, dt.datetime) and value.tzinfo is None for value in read):
        return None
    if any(type(value) is int and not -(2**63) <= value < 2**63 for value in read):
        return None
    return read


def beyond(order: Sequence[str], values: Sequence[Any], *, backwards: bool) -> Q:
    """The rows after (or before) the place that `values` names in the order.

    Where all columns run the same way it is one comparison of tuples, which an index answers from the place on; else the
    rows before the place are read and passed over.
    """
    runs = {name.startswith("-") != backwards for name in order}
    if len(runs) == 1 and len(order) > 1:
        compare = TupleLessThan if runs.pop() else TupleGreaterThan
        return Q(compare(Tuple(*(F(name.removeprefix("-")) for name in order)), tuple(values)))
    condition, equal = Q(), Q()
    for name, value in zip(order, values, strict=True):
        column = name.removeprefix("-")
        falls = name.startswith("-") != backwards
        condition |= equal & Q(**{f"{column}__{'lt' if falls else 'gt'}": value})
        equal &= Q(**{column: value})
    return condition


def reverse_order(order: Sequence[str]) -> list[str]:
    """The same order from its end."""
    return [name.removeprefix("-") if name.startswith("-") else f"-{name}" for name in order]


def keyset_page(
    rows: QuerySet[Any], request: HttpRequest, *, order: Sequence[str], kinds: Sequence[type], size: int = PAGE_SIZE
) -> Page:
    """The page that the address asks for (`?after=`, `?before=`), in one query; an unreadable place is the first page.

    `order` names columns or annotations that are never null, the last one unique; `kinds` are their types.
    """
    after = decode(request.GET.get("after", ""), order, kinds)
    before = None if after else decode(request.GET.get("before", ""), order, kinds)
    if before is not None:
        found = list(rows.filter(beyond(order, before, backwards=True)).order_by(*reverse_order(order))[: size + 1])
        has_previous, has_next = len(found) > size, True
        found = found[:size][::-1]
    else:
        if after is not None:
            rows = rows.filter(beyond(order, after, backwards=False))
        found = list(rows.order_by(*order)[: size + 1])
        has_previous, has_next = after is not None, len(found) > size
        found = found[:size]
    page = Page(found)
    if found and has_next:
        page.next_url = address(request, after=encode(place(found[-1], order)))
    if found and has_previous:
        page.previous_url = address(request, before=encode(place(found[0], order)))
    if after is not None or before is not None:
        page.first_url = address(request)
    return page


def page_of(rows: QuerySet[Any], request: HttpRequest, *, size: int = PAGE_SIZE, total: int | None = None) -> Page:
    """The page of `rows` that the address asks for, newest (highest key) first; with `total` the page says how many there are."""
    page = keyset_page(rows, request, order=["-pk"], kinds=[int], size=size)
    if total is not None:
        page.total_label = ngettext("%(count)d entry", "%(count)d entries", total) % {"count": total}
    return page


def place(row: Model, order: Sequence[str]) -> list[Any]:
    """The values of the row's columns in the order."""
    return [getattr(row, name.removeprefix("-")) for name in order]


def address(request: HttpRequest, **changes: str) -> str:
    """The page's own address with its filters and another place in the list."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    return f"{request.path}?{query.urlencode()}" if query else request.path
