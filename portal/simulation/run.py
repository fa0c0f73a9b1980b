"""The run: day after day, with every invariant checked at the end of each, until one is broken or the days are over."""

from __future__ import annotations

import datetime as dt
import gc
import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial

from accounts.working_days import CHINA
from portal.simulation import companies, complaints, planners, staff, ticks
from portal.simulation.checker import SHARES, Checker
from portal.simulation.database import analyze, keep_plans, own_database, set_dice
from portal.simulation.opening import found
from portal.simulation.world import DAY, START, World


@dataclass
class Outcome:
    """What `manage.py simulate --json` prints; the same for the same arguments."""

    days: int
    companies: int
    numbers: int
    seed: int
    #: How many days were lived through and checked.
    lived: int = 0
    counts: dict[str, int] = field(default_factory=dict)
    #: How many rows were looked at, per invariant.
    checked: dict[str, int] = field(default_factory=dict)
    violations: list[dict[str, str]] = field(default_factory=list)


def simulate(
    *,
    days: int,
    companies: int,
    numbers: int,
    seed: int,
    keep: bool = False,
    after_day: Callable[[int], None] | None = None,
) -> Outcome:
    """Live through `days` days from 1 January 2026 with so many companies and certified numbers, in an own database.

    Stops after the first day on which an invariant is broken. `keep` leaves the database for a look; `after_day` is
    called with the day's number before its check.
    """
    outcome = Outcome(days=days, companies=companies, numbers=numbers, seed=seed)
    quiet = logging.getLogger("django-q")
    level = quiet.level
    quiet.setLevel(logging.WARNING)  # each act that writes notices would be announced
    try:
        with own_database(keep=keep) as database, Checker(database) as checker, few_collections():
            live(outcome, checker, after_day)
    finally:
        quiet.setLevel(level)
    return outcome


@contextmanager
def few_collections() -> Iterator[None]:
    """Let Python look for cyclic garbage rarely: what is loaded stays, and acts leave little that is not freed at once."""
    before = gc.get_threshold()
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 20, 20)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


def live(outcome: Outcome, checker: Checker, after_day: Callable[[int], None] | None) -> None:
    """The days, in the simulation's database; while one is lived through, the evening before it is checked."""
    world = World(companies=outcome.companies, numbers=outcome.numbers, seed=outcome.seed)
    world.on_desk = partial(staff.put_on_desk, world)
    world.move_clock(START)
    found(world)
    keep_plans()
    intend(world)
    for day in range(1, outcome.days + 1):
        midnight = START + (day - 1) * DAY
        begin(world, midnight, day)
        world.live_until(midnight + DAY - dt.timedelta(seconds=1))
        if after_day is not None:
            after_day(day)
        if day > 1 and conclude(outcome, checker, day - 1):
            return
        ask(world, outcome, checker, day)
    conclude(outcome, checker, outcome.days)


def intend(world: World) -> None:
    """What the companies of the opening balance have before them."""
    for tenant in world.tenants:
        world.sometime(0, companies.LOOKS[1], partial(companies.look_around, world, tenant))
    for tenant, material in companies.ending_materials(world):
        companies.plan_renewal(world, tenant, material)


def begin(world: World, midnight: dt.datetime, day: int) -> None:
    """Put on the agenda what will happen in the course of this day."""
    world.now = midnight
    set_dice(day / (world.size + day))
    ticks.plan_day(world, midnight)
    size = world.size
    happenings: tuple[tuple[float, Callable[[], None]], ...] = (
        (size * 0.0004, lambda: companies.sign_up(world)),
        (size * 0.0015, lambda: companies.add_numbers(world, world.tenant())),
        (world.numbers * 0.00002, lambda: companies.end_certification(world, world.tenant())),
        (world.numbers * 0.00003, lambda: companies.release(world, world.tenant())),
        (size * 0.001, lambda: companies.change_provider(world, world.tenant())),
        (size * 0.0006, lambda: companies.rename(world, world.tenant())),
        (size * 0.0003, lambda: staff.revoke_some(world, world.tenant())),
        (size * 0.0006, lambda: staff.change_company(world, world.tenant())),
        (size * 0.004, lambda: complaints.scattered(world)),
        (size * 0.001, lambda: complaints.burst(world)),
        (0.15, lambda: planners.plan_something(world, world.staff.operations)),
        (0.06, lambda: planners.plan_something(world, world.staff.policy)),
        (0.02, lambda: planners.announce(world)),
    )
    for rate, act in happenings:
        for _time in range(world.times(rate)):
            world.sometime(0, 0.99, act)
    if day % 7 == 4:
        world.sometime(0.3, 0.7, partial(planners.weekly_window, world))
    if day % 30 == 15:
        analyze()


def ask(world: World, outcome: Outcome, checker: Checker, day: int) -> None:
    """Have every invariant checked as of the end of the day, and note what was counted until then.

    I7 looks at a seventh of the numbers, each day at the next, so that it has seen every number in any seven days; I8 at
    the statuses that were noted today and six days ago. On the last day they look at all. I17 reads the calendars of some
    companies, each day of the next. Everything else always looks at everything.
    """
    last = day == outcome.days
    checker.ask(
        moment=world.now,
        day=day,
        share=None if last else day % SHARES,
        ages=range(SHARES) if last else (0, SHARES - 1),
    )
    outcome.lived = day
    outcome.counts = dict(sorted(world.counts.items()))
    outcome.violations = dated(world.violations, day)


def conclude(outcome: Outcome, checker: Checker, day: int) -> bool:
    """Note what the check of the day found; whether something is wrong."""
    report = checker.answer()
    for invariant, rows in report["checked"].items():
        outcome.checked[invariant] = outcome.checked.get(invariant, 0) + rows
    outcome.violations += dated(report["violations"], day)
    return bool(outcome.violations)


def dated(violations: list[dict[str, str]], day: int) -> list[dict[str, str]]:
    """The violations with the day on which they were found."""
    date = (START + day * DAY - dt.timedelta(hours=1)).astimezone(CHINA).date().isoformat()
    return [{"day": str(day), "date": date, **violation} for violation in violations]
