"""What a plot shows: figures with their words. Pages draw it with `{% bar_plot %}` and `{% line_plot %}`, table included."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise


@dataclass(frozen=True)
class Bar:
    """One bar: what it stands for and how high it is. `shown` is the value as people read it, else the number."""

    label: str
    value: float
    shown: str = ""

    @property
    def words(self) -> str:
        """The value as people read it."""
        return self.shown or f"{self.value:g}"


@dataclass(frozen=True)
class BarPlot:
    """Bars in their order, with a line that some of them pass.

    `description` says in a sentence what one sees; `label_heading` and `value_heading` are the table's columns.
    Bars above `threshold` stand out; `threshold_label` says what the line means.
    """

    title: str
    description: str
    bars: Sequence[Bar]
    label_heading: str
    value_heading: str
    threshold: float | None = None
    threshold_label: str = ""


@dataclass(frozen=True)
class Line:
    """One line of a plot: a value per label, None where there is none; `shown` as people read them."""

    name: str
    values: Sequence[float | None]
    shown: Sequence[str]


@dataclass(frozen=True)
class LinePlot:
    """Lines over the same labels, with a description in a sentence."""

    title: str
    description: str
    labels: Sequence[str]
    lines: Sequence[Line]
    label_heading: str


def ceiling(most: float) -> float:
    """The end of an axis that begins at 0 and holds `most`: 1, 2, 4, 5, 8 or 10 times a power of ten, at least 1."""
    size = 1.0
    while size * 10 < most:
        size *= 10
    return next((size * step for step in (1, 2, 4, 5, 8, 10) if size * step >= most), size * 10)


def labelled(count: int, *, most: int = 5) -> frozenset[int]:
    """Which of `count` places on an axis carry their label, evenly from the last one back: at most `most`."""
    if count <= 0:
        return frozenset()
    step = -(-count // most)
    return frozenset(range(count - 1, -1, -step))


def segments(values: Sequence[float | None]) -> list[tuple[int, float, int, float]]:
    """The straight pieces of a line: (place, value, next place, next value), none across a gap."""
    pieces = []
    for (place, value), (after, then) in pairwise(enumerate(values)):
        if value is not None and then is not None:
            pieces.append((place, value, after, then))
    return pieces
