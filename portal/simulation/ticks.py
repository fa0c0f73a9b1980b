"""The engine's ticks: on time, missed for hours or days, two at once, twice, and with a clock that jumps back."""

from __future__ import annotations

import datetime as dt
import threading
from collections.abc import Callable
from functools import partial

from django.db import connection

from certification.maintenance.engine import Counts, tick
from certification.maintenance.samples import sample_statuses
from portal.simulation.database import set_clock
from portal.simulation.world import World

#: Hours after the Chinese midnight at which the engine looks; in life it does every minute.
HOURS = (0.02, 5.2, 9.05, 15, 23.5)
#: So many numbers' statuses are noted per day, for history to be held against.
SAMPLED = 60


def plan_day(world: World, midnight: dt.datetime) -> None:
    """Put the day's ticks on the agenda, unless the engine stands still; it stops some hours or days now and then."""
    dice = world.rng.random()
    if dice < 0.02:
        world.engine_stops_until = midnight + dt.timedelta(hours=world.rng.uniform(24, 72))
        world.count("outages of days")
    elif dice < 0.08:
        world.engine_stops_until = midnight + dt.timedelta(hours=world.rng.uniform(3, 20))
        world.count("outages of hours")
    for hour in HOURS:
        moment = midnight + dt.timedelta(hours=hour, seconds=world.rng.randint(0, 600))
        if moment >= world.engine_stops_until:
            world.at(moment, partial(look, world))
    world.at(midnight + dt.timedelta(hours=world.rng.uniform(1, 23)), partial(note_statuses, world))


def look(world: World) -> None:
    """One tick, in one of the ways in which it can happen."""
    dice = world.rng.random()
    if dice < 0.08:
        two_at_once(world)
        return
    moment = world.now
    if dice < 0.11:
        moment -= dt.timedelta(hours=world.rng.uniform(0.1, 6))  # the machine's clock jumped back
        world.count("ticks with a clock behind")
    done(world, tick(now=moment))
    if world.chance(0.15):
        again = tick(now=world.now)
        done(world, again)
        if moment == world.now:
            expect_idle(world, again, "a second tick at the same moment")


def done(world: World, counts: Counts) -> None:
    """Count what a tick did."""
    world.count("ticks")
    for name, number in counts.as_dict().items():
        world.count(name, number)


def expect_idle(world: World, counts: Counts, what: str) -> None:
    """Doing it twice is doing it once (I4)."""
    found = {name: number for name, number in counts.as_dict().items() if number}
    if found:
        world.violations.append({"invariant": "I4", "what": f"{what} did {found}"})


def two_at_once(world: World) -> None:
    """Two engines look at one moment, each in a thread with a connection of its own: one of them finds nothing."""
    results: list[Counts | BaseException] = []
    start = threading.Barrier(2)
    threads = [threading.Thread(target=attempt, args=(start, world.now, results.append)) for _engine in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    world.count("two ticks at once")
    both = []
    for result in results:
        if isinstance(result, BaseException):
            raise result
        done(world, result)
        both.append(result)
    idle = min(both, key=lambda counts: sum(counts.as_dict().values()))
    expect_idle(world, idle, "the second of two ticks at once")


def attempt(start: threading.Barrier, now: dt.datetime, report: Callable[[Counts | BaseException], None]) -> None:
    """Tick in a thread, and report the outcome or what went wrong."""
    try:
        set_clock(now)
        start.wait(timeout=60)
        report(tick(now=now))
    except BaseException as fault:  # noqa: BLE001 - handed to the thread that waits, which raises it
        report(fault)
    finally:
        connection.close()


def note_statuses(world: World) -> None:
    """Note what the portal shows of some numbers."""
    world.count("statuses noted", sample_statuses(now=world.now, size=SAMPLED))
