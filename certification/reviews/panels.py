"""Panels that other slices and apps add to the case page: what only they know about a case, beside its own facts.

`certification` cannot ask the apps above it; they register a function when they are ready:

    from certification.reviews.panels import CasePanel, register_panel

    def complaints_panel(review: Review, now: dt.datetime) -> CasePanel | None:
        plot = BarPlot(...)  # certification.plots; the template draws it with {% bar_plot panel.plot plot_id="..." %}
        return CasePanel(_("Complaints"), "complaints/_case_panel.html", {"plot": plot})

    register_panel("complaints", complaints_panel)

The template finds the values under `panel`, next to everything else that the case page knows (`review`, `now`).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from certification.reviews.models import Review


@dataclass(frozen=True)
class CasePanel:
    """One panel: its title, the template inside it, and what that template shows."""

    title: str
    template: str
    context: Mapping[str, Any] = field(default_factory=dict)
    #: Stands directly below the facts; else it comes after the checklist, with the history.
    is_evidence: bool = True


PanelBuilder = Callable[[Review, dt.datetime], CasePanel | None]
PANELS: dict[str, PanelBuilder] = {}


def register_panel(name: str, build: PanelBuilder) -> None:
    """Let `build` add a panel to the cases that it has something to say about; again under one name replaces it."""
    PANELS[name] = build


def panels_of(review: Review, now: dt.datetime) -> list[CasePanel]:
    """The panels of the case, in the order of registration."""
    built = (build(review, now) for build in PANELS.values())
    return [panel for panel in built if panel is not None]
