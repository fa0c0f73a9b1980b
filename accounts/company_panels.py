"""What further apps show of a company on its page for staff: each adds a panel, at present or as of a past moment."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from django.utils.functional import Promise

from accounts.companies import Company
from accounts.look_back import LookBack


@dataclass(frozen=True)
class Panel:
    """A heading, lines of (label, value, address or None), and where the rest of it is."""

    title: str | Promise
    lines: Sequence[tuple[str, str, str | None]]
    #: What it says where there are no lines.
    empty: str | Promise = ""
    links: Sequence[tuple[str | Promise, str]] = field(default_factory=tuple)


#: Each is asked for the company of the page, with the moment that the page is about and the present moment.
PANELS: list[Callable[[Company, LookBack, dt.datetime], Panel]] = []
