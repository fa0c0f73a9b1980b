"""P12: how long a simulated year takes, every invariant checked after each of its days."""

from __future__ import annotations

import time

from portal.benchmarks.registry import Row, benchmark, limit
from portal.simulation.run import simulate

SECONDS_LIMIT = 300.0  # P12, on two cores
DAYS, COMPANIES, NUMBERS, SEED = 365, 500, 20_000, 7


@benchmark("P12")
def simulated_year() -> list[Row]:
    """One year at full size, from making its database to the last check; once, because it is long."""
    began = time.monotonic()
    outcome = simulate(days=DAYS, companies=COMPANIES, numbers=NUMBERS, seed=SEED)
    seconds = time.monotonic() - began
    lost = DAYS - outcome.lived + len(outcome.violations)
    return [
        limit("P12", "simulated year, 500 companies, 20,000 numbers", value=seconds, bar=SECONDS_LIMIT, unit="s"),
        limit("P12", "days not reached and violations in it", value=lost, bar=0, unit="days"),
    ]
