"""Plots drawn on the server: scalable, legible at every width, with title, description and their numbers in a table.

Places along the axis are percentages and heights are pixels, so that letters keep their size on a phone and on a wide
screen; nothing is styled inline.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template

from certification.plots import BarPlot, LinePlot, ceiling, labelled, segments

register = template.Library()

#: Pixels: the drawing, the room above it for a value, and below it for labels.
HEIGHT, ABOVE, BELOW = 200, 26, 26
FLOOR = HEIGHT - BELOW
MARKS = ("circle", "square", "diamond")


class Grid(NamedTuple):
    """One horizontal line with its value."""

    y: str
    text_y: str
    label: str


class Label(NamedTuple):
    """One word below the axis."""

    x: str
    text: str
    anchor: str


def percent(share: float) -> str:
    """A place along the axis."""
    return f"{share * 100:.3f}%"


def height_of(value: float, top: float) -> float:
    """How far down the drawing the value lies."""
    return FLOOR - value / top * (FLOOR - ABOVE)


def grid(top: float) -> list[Grid]:
    """The floor, the middle and the top."""
    rows = []
    for value in (top, top / 2, 0.0):
        y = height_of(value, top)
        rows.append(Grid(f"{y:.1f}", f"{y - 4:.1f}", f"{value:g}"))
    return rows


def axis(texts: list[str], width: float) -> list[Label]:
    """The words below the axis; the outermost stay inside the drawing."""
    places = labelled(len(texts))
    words = []
    for place in sorted(places):
        share = (place + 0.5) * width
        anchor = "start" if share < 0.06 else "end" if share > 0.94 else "middle"
        at = 0.0 if anchor == "start" else 1.0 if anchor == "end" else share
        words.append(Label(percent(at), texts[place], anchor))
    return words


@register.inclusion_tag("components/bar_plot.html")
def bar_plot(plot: BarPlot, plot_id: str = "plot", table: bool = True) -> dict[str, Any]:
    """`{% bar_plot plot %}`: bars with an optional line across; `plot` is a `certification.plots.BarPlot`.

    `plot_id` is unique on the page; `table=False` where the page shows the numbers itself.
    """
    limit = plot.threshold
    most = max([bar.value for bar in plot.bars] + ([limit] if limit is not None else []), default=0)
    top = ceiling(most)
    width = 1 / max(len(plot.bars), 1)
    bars = []
    for place, bar in enumerate(plot.bars):
        y = height_of(bar.value, top)
        over = limit is not None and bar.value > limit
        bars.append(
            {
                "x": percent((place + 0.15) * width),
                "width": percent(0.7 * width),
                "y": f"{y:.1f}",
                "height": f"{FLOOR - y:.1f}",
                "middle": percent((place + 0.5) * width),
                "value_y": f"{y - 5:.1f}",
                "over": over,
                # Few bars say their value; of many only those that stand out.
                "says": bar.value and (over or len(plot.bars) <= 12),
                "bar": bar,
            }
        )
    return {
        "plot": plot,
        "plot_id": plot_id,
        "table": table,
        "height": HEIGHT,
        "floor": FLOOR,
        "grid": grid(top),
        "bars": bars,
        "labels": axis([bar.label for bar in plot.bars], width),
        "limit_y": f"{height_of(limit, top):.1f}" if limit is not None else "",
        "limit_text_y": f"{height_of(limit, top) - 4:.1f}" if limit is not None else "",
    }


@register.inclusion_tag("components/line_plot.html")
def line_plot(plot: LinePlot, plot_id: str = "plot", table: bool = True) -> dict[str, Any]:
    """`{% line_plot plot %}`: one or more lines over the same labels; `plot` is a `certification.plots.LinePlot`."""
    known = [value for line in plot.lines for value in line.values if value is not None]
    top = ceiling(max(known, default=0))
    width = 1 / max(len(plot.labels), 1)
    lines = []
    for position, line in enumerate(plot.lines):
        pieces = [
            (
                percent((place + 0.5) * width),
                f"{height_of(value, top):.1f}",
                percent((after + 0.5) * width),
                f"{height_of(then, top):.1f}",
            )
            for place, value, after, then in segments(line.values)
        ]
        points = [
            {
                "x": percent((place + 0.5) * width),
                "y": f"{height_of(value, top):.1f}",
                "label": plot.labels[place],
                "shown": line.shown[place],
            }
            for place, value in enumerate(line.values)
            if value is not None
        ]
        lines.append({"line": line, "css": position + 1, "mark": MARKS[position], "pieces": pieces, "points": points})
    rows = [
        {"label": label, "cells": [line.shown[place] for line in plot.lines]} for place, label in enumerate(plot.labels)
    ]
    return {
        "plot": plot,
        "plot_id": plot_id,
        "table": table,
        "height": HEIGHT,
        "grid": grid(top),
        "lines": lines,
        "rows": rows,
        "labels": axis(list(plot.labels), width),
    }
