"""Pages of a long list, newest first, that cost the same wherever one is: the address says after which row to go on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from django.db import models
from django.http import HttpRequest, QueryDict
from django.utils.http import base36_to_int, int_to_base36
from django.utils.translation import ngettext

Row = TypeVar("Row", bound=models.Model)
#: Rows of one page.
PAGE_SIZE = 50


@dataclass(frozen=True)
class Page(Generic[Row]):
    """One page and the addresses of its neighbours, as the pagination component takes them."""

    rows: list[Row]
    first_url: str = ""
    previous_url: str = ""
    next_url: str = ""
    last_url: str = ""
    total_label: str = ""


def cursor(query: QueryDict, name: str) -> int | None:
    """The primary key that the address names; None when there is none or it is no key."""
    try:
        return base36_to_int(str(query[name])) if name in query else None
    except ValueError:
        return None


def page_of(
    rows: models.QuerySet[Row], request: HttpRequest, *, size: int = PAGE_SIZE, total: int | None = None
) -> Page[Row]:
    """The page of `rows` that the address asks for, newest (highest key) first, in one query.

    `?after=` names the last row of the page before, `?before=` the first row of the page after.
    """
    before = cursor(request.GET, "before")
    after = cursor(request.GET, "after")
    backwards = before is not None
    if backwards:
        found = list(rows.filter(pk__gt=before).order_by("pk")[: size + 1])
        more = len(found) > size
        shown = found[:size][::-1]
    else:
        window = rows.filter(pk__lt=after) if after is not None else rows
        found = list(window.order_by("-pk")[: size + 1])
        more = len(found) > size
        shown = found[:size]

    def address(**changes: Any) -> str:
        query = request.GET.copy()
        for name in ("before", "after"):
            query.pop(name, None)
        for name, value in changes.items():
            query[name] = int_to_base36(value)
        text = query.urlencode()
        return f"{request.path}?{text}" if text else request.path

    newer = (more if backwards else after is not None) and bool(shown)
    older = bool(shown) and (True if backwards else more)
    return Page(
        rows=shown,
        first_url=address() if newer or (backwards or after is not None) else "",
        previous_url=address(before=shown[0].pk) if newer else "",
        next_url=address(after=shown[-1].pk) if older else "",
        total_label="" if total is None else ngettext("%(count)d entry", "%(count)d entries", total) % {"count": total},
    )
