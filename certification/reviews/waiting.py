"""What a company can do while it waits for a review or for the end of a maintenance: apps above this one say so.

They register a function when they are ready:

    from certification.reviews.waiting import WaitingOption, register_option

    def expedite_option(thing: Review | Maintenance, company: Company, now: dt.datetime) -> WaitingOption | None:
        return WaitingOption("expedite/_offer.html", {"offer": ...})

    register_option("expedite", expedite_option)

The company's page of the thing includes the template, which finds the values under `option`, and `may_edit`.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from accounts.companies import Company
from certification.maintenance.models import Maintenance
from certification.reviews.models import Review


@dataclass(frozen=True)
class WaitingOption:
    """One thing that can be done: its template, and what that shows."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


OptionBuilder = Callable[[Review | Maintenance, Company, dt.datetime], WaitingOption | None]
OPTIONS: dict[str, OptionBuilder] = {}


def register_option(name: str, build: OptionBuilder) -> None:
    """Let `build` say what can be done; again under one name replaces it."""
    OPTIONS[name] = build


def options_for(thing: Review | Maintenance | None, *, company: Company, now: dt.datetime) -> list[WaitingOption]:
    """What the company can do about the thing; nothing about none."""
    if thing is None:
        return []
    built = (build(thing, company, now) for build in OPTIONS.values())
    return [option for option in built if option is not None]
