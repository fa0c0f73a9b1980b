"""Due times as pure functions: what holds for all factors and pauses."""

from __future__ import annotations

import datetime as dt
import itertools
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from certification.reviews.due_times import Stretch, extended, resumed, stretches
from tests.cast import NOW

MINUTE = dt.timedelta(minutes=1)
ZERO = dt.timedelta(0)
minutes = st.integers(0, 20_000).map(lambda count: NOW + count * MINUTE)
pauses = st.lists(st.tuples(minutes, minutes).map(lambda pair: (min(pair), max(pair))), max_size=6)
factors = st.sampled_from([Decimal(text) for text in ("0.5", "1", "1.25", "1.5", "2", "3")])


@given(minutes, factors, st.integers(0, 500))
def test_factor_never_moves_a_due_time_earlier_nor_counts_paused_time(
    due: dt.datetime, factor: Decimal, paused: int
) -> None:
    still = paused * MINUTE
    moved = extended(NOW, due, factor, paused=still)
    assert moved >= due
    if factor > 1 and due - NOW > still:
        assert moved - NOW - still == (due - NOW - still) * float(factor)
    else:
        assert moved == due


@given(minutes, st.lists(factors, max_size=4), st.integers(0, 500))
def test_factors_and_a_pause_give_the_same_due_time_in_any_order(
    due: dt.datetime, applied: list[Decimal], paused: int
) -> None:
    still = paused * MINUTE
    factors_first = due
    for factor in applied:
        factors_first = extended(NOW, factors_first, factor)
    pause_first = due + still
    for factor in reversed(applied):
        pause_first = extended(NOW, pause_first, factor, paused=still)
    assert abs(factors_first + still - pause_first) <= dt.timedelta(microseconds=10)


def counted_by_the_minute(pauses: list[Stretch]) -> int:
    """How many minutes lie in at least one pause, counted one by one."""
    return len({minute for start, end in pauses for minute in range((start - NOW) // MINUTE, (end - NOW) // MINUTE)})


@given(pauses)
def test_union_counts_each_minute_once_and_its_stretches_lie_apart(several: list[Stretch]) -> None:
    union = stretches(several)
    assert sum((end - start for start, end in union), ZERO) == counted_by_the_minute(several) * MINUTE
    assert all(start < end for start, end in union)
    assert all(before[1] < after[0] for before, after in itertools.pairwise(union))
    assert stretches([*several, *union]) == union


@given(minutes, pauses)
def test_pauses_move_a_due_time_by_what_began_before_it(due: dt.datetime, several: list[Stretch]) -> None:
    moved = resumed(due, several)
    assert due <= moved <= due + counted_by_the_minute(several) * MINUTE
    assert resumed(due, [pause for pause in several if pause[0] < moved]) == moved
    assert resumed(NOW + 40_000 * MINUTE, several) == (40_000 + counted_by_the_minute(several)) * MINUTE + NOW
