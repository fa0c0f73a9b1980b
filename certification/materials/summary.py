"""The first sentence about a company's materials: what needs it, by when; else what expires next."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _

from accounts.companies import Company
from certification.materials.matrix import MatrixRow
from certification.materials.models import Material, MaterialKind


@dataclass(frozen=True)
class Summary:
    """What the sentence says; the template words it. `case` is one of stopped, needed, waiting, ends, endless, nothing."""

    case: str
    count: int = 0
    names: list[str] = field(default_factory=list)
    kind: MaterialKind | None = None
    day: dt.date | None = None

    @property
    def names_text(self) -> str:
        """The names as a list in the active language."""
        return _(", ").join(self.names)


def summarise(*, rows: Sequence[MatrixRow], company: Company, next_to_end: Material | None, today: dt.date) -> Summary:
    """The most urgent thing that there is to say. `next_to_end` is the version in force that ends first."""
    needed = [row for row in rows if row.needs_company]
    stopped = [row for row in needed if row.stops]
    if stopped and company.is_verified:
        return Summary("stopped", len(stopped), list(dict.fromkeys(str(row.kind) for row in stopped)))
    if needed:
        dated = [(row.deadline, row) for row in needed if row.deadline is not None]
        if not dated:
            return Summary("needed", len(needed))
        day, first = min(dated, key=lambda pair: pair[0])
        return Summary("needed", len(needed), kind=first.kind, day=day)
    if any(row.submitted for row in rows):
        return Summary("waiting")
    if next_to_end is not None:
        return Summary("ends", kind=next_to_end.kind, day=next_to_end.expires_on)
    return Summary("endless" if rows else "nothing")
