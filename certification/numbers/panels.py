"""Panels that apps above this one add to the page of a number: what only they know about it.

They register a function when they are ready:

    from certification.numbers.panels import NumberPanel, register_panel

    def health_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel | None:
        return NumberPanel("health/_panel.html", {"card": ...})

    register_panel("health", health_panel)

The template finds the values under `panel`, next to what the page itself knows (`number`, `may_edit`, `now`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.numbers.models import PhoneNumber


@dataclass(frozen=True)
class NumberPanel:
    """One panel: its template, which brings its own frame, and what that template shows."""

    template: str
    context: Mapping[str, Any] = field(default_factory=dict)


PanelBuilder = Callable[[PhoneNumber, dt.datetime], NumberPanel | None]
PANELS: dict[str, PanelBuilder] = {}
#: Those of the staff's page of a number.
STAFF_PANELS: dict[str, PanelBuilder] = {}


def register_panel(name: str, build: PanelBuilder) -> None:
    """Let `build` add a panel to the numbers that it has something to say about; again under one name replaces it."""
    PANELS[name] = build


def register_staff_panel(name: str, build: PanelBuilder) -> None:
    """The same for the staff's page, whose template knows `number`, `may_decide` and `now`."""
    STAFF_PANELS[name] = build


def panels_of(number: PhoneNumber, now: dt.datetime) -> list[NumberPanel]:
    """The panels of the number, in the order of registration."""
    return built(PANELS, number, now)


def staff_panels_of(number: PhoneNumber, now: dt.datetime) -> list[NumberPanel]:
    """The panels of the number for staff, in the order of registration."""
    return built(STAFF_PANELS, number, now)


def built(builders: Mapping[str, PanelBuilder], number: PhoneNumber, now: dt.datetime) -> list[NumberPanel]:
    """What they have to say about the number."""
    panels = (build(number, now) for build in builders.values())
    return [panel for panel in panels if panel is not None]
