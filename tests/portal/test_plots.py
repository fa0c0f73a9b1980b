"""Plots: axes that hold their values, lines with gaps, and a table with the same numbers."""

from __future__ import annotations

import re

import pytest
from django.template import Context, Template
from hypothesis import given
from hypothesis import strategies as st

from certification.plots import Bar, BarPlot, Line, LinePlot, ceiling, labelled, segments

BARS = BarPlot(
    title="Complaints <by> day",
    description="Six on 3 June.",
    bars=[Bar("06-01", 0), Bar("06-02", 5), Bar("06-03", 6)],
    label_heading="Day",
    value_heading="Complaints",
    threshold=5,
    threshold_label="Lock above 5",
)
LINES = LinePlot(
    title="Pace",
    description="Falling.",
    labels=["w1", "w2", "w3"],
    lines=[Line("Median", [1.0, None, 3.0], ["1 h", "–", "3 h"]), Line("90th", [2.0, 2.0, 4.0], ["2 h", "2 h", "4 h"])],
    label_heading="Week",
)


def drawn(tag: str, plot: object) -> str:
    return Template("{% load components %}{% " + tag + " plot plot_id='p' %}").render(Context({"plot": plot}))


@pytest.mark.parametrize(
    ("most", "end"), [(0, 1), (1, 1), (1.1, 2), (6, 8), (10, 10), (11, 20), (101, 200), (480, 500)]
)
def test_axis_ends_at_a_round_number(most: float, end: float) -> None:
    assert ceiling(most) == end


@given(st.floats(0, 1e9))
def test_axis_holds_its_values(most: float) -> None:
    assert most <= ceiling(most) <= max(2.5 * most, 1)


@given(st.integers(0, 400))
def test_labels_are_few_and_include_the_last(count: int) -> None:
    places = labelled(count)
    assert len(places) <= 5
    assert count == 0 or count - 1 in places


def test_line_has_no_piece_across_a_gap() -> None:
    assert segments([1.0, 2.0, None, 4.0]) == [(0, 1.0, 1, 2.0)]


def test_bars_have_title_description_line_and_table() -> None:
    text = drawn("bar_plot", BARS)
    assert "Complaints &lt;by&gt; day" in text
    assert 'role="img" aria-labelledby="p-title p-description"' in text
    assert text.count('<rect class="plot-bar') == 3
    assert text.count("plot-bar-over") == 1  # five is not above five
    assert "Lock above 5" in text
    assert re.findall(r'<td class="num">(\d+)</td>', text) == ["0", "5", "6"]
    assert "style=" not in text


def test_lines_have_marks_for_values_only_and_a_table_of_all() -> None:
    text = drawn("line_plot", LINES)
    assert (text.count("plot-mark plot-mark-1"), text.count("plot-mark plot-mark-2")) == (1 + 2, 1 + 3)
    assert text.count('class="plot-line plot-line-1"') == 1  # the sample of the legend; its two values stand apart
    assert re.findall(r'<td class="num">(.*?)</td>', text) == ["1 h", "2 h", "–", "2 h", "3 h", "4 h"]


def test_plot_of_nothing_is_drawn() -> None:
    empty = BarPlot(title="t", description="d", bars=[], label_heading="l", value_heading="v")
    assert "<svg" in drawn("bar_plot", empty)
