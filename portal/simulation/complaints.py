"""What is complained of: a call here and there, and bursts that lock a number until a reviewer decides.

The world keeps its own account of who complained when, in plain Python, and holds each lock against it (I10).
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import Counter
from functools import partial
from typing import Any

from django.db import connection

from accounts.journal import Actor
from appeals.cases.models import AppealKind
from appeals.complaints.intake import receive
from appeals.complaints.locks import SUBJECT, number_of, open_lock_of, review_again
from appeals.complaints.models import Source
from appeals.complaints.sources import create_source
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Decision
from portal.simulation import appeals
from portal.simulation.database import set_clock
from portal.simulation.world import Tenant, World

CATEGORIES = ("fraud", "advertising", "harassment", "other")
#: More than so many complaints in a local day lock a number (A).
LIMIT = 5
#: A burst is so many complaints.
FEWEST, MOST = 2, 14


def source_of(world: World) -> Source:
    """The platform that tells of complaints."""
    if world.source is None:
        world.source = create_source(name="模拟平台", actor=Actor.command(), now=world.now)
    return world.source


def event(world: World, number: str, at: dt.datetime) -> dict[str, Any]:
    """One complaint, as a source sends it."""
    world.serial += 1
    return {
        "id": f"simulation-{world.serial}",
        "number": number,
        "at": at.isoformat(),
        "category": world.one_of(CATEGORIES),
        "platform": world.one_of(("tencent", "baidu", "somebody")),
    }


def some_held_number(world: World) -> PhoneNumber | None:
    """A number of one of the companies, in whatever state."""
    numbers = list(PhoneNumber.objects.of_company(world.tenant().company).order_by("pk").values_list("pk", flat=True))
    return PhoneNumber.objects.get(pk=world.one_of(numbers)) if numbers else None


def scattered(world: World) -> None:
    """One complaint; now and then about a number that nobody registered."""
    if world.chance(0.1):
        world.serial += 1
        send(world, None, [event(world, f"+86139{world.serial:08d}", world.now)])
        return
    if (number := some_held_number(world)) is not None:
        send(world, number, [event(world, number.number, world.now)])


def burst(world: World) -> None:
    """Many complaints about one number: at once, over the hours, late, or twice."""
    if (number := some_held_number(world)) is None:
        return
    many = world.rng.randint(FEWEST, MOST)
    if world.chance(0.2):
        two_at_once(world, number, [event(world, number.number, world.now) for _one in range(many // 2 * 2)])
        return
    while many > 0:
        part = min(many, world.rng.randint(1, 6))
        many -= part
        world.sometime(0, 0.8, partial(send_some, world, number, part))


def send_some(world: World, number: PhoneNumber, many: int) -> None:
    """A part of a burst; some of it is old, and sometimes the source repeats itself."""
    ages = [world.rng.uniform(0, 70) if world.chance(0.15) else 0.0 for _one in range(many)]
    events = [event(world, number.number, world.now - dt.timedelta(hours=round(age))) for age in ages]
    send(world, number, events)
    if world.chance(0.2):
        send(world, number, events)


def send(world: World, number: PhoneNumber | None, events: list[dict[str, Any]]) -> None:
    """Hand one batch in, and hold what it locks against the world's own account."""
    receipt = receive(source=source_of(world), events=events, actor=Actor.command(), now=world.now)
    outcomes = Counter(result.outcome for result in receipt.results)
    for outcome, times in outcomes.items():
        world.count(f"complaints: {outcome}", times)
    taken = [said for said, result in zip(events, receipt.results, strict=True) if result.outcome == "accepted"]
    judge(world, number, taken, receipt.locked)


def two_at_once(world: World, number: PhoneNumber, events: list[dict[str, Any]]) -> None:
    """Two sources' halves of a burst arrive at one instant, each by a connection of its own: one lock, or none."""
    source, half = source_of(world), len(events) // 2
    start, locked, faults = threading.Barrier(2), list[str](), list[BaseException]()

    def hand_in(part: list[dict[str, Any]]) -> None:
        try:
            set_clock(world.now)
            start.wait(timeout=60)
            locked.extend(receive(source=source, events=part, actor=Actor.command(), now=world.now).locked)
        except BaseException as fault:  # noqa: BLE001 - raised by the thread that waits
            faults.append(fault)
        finally:
            connection.close()

    threads = [threading.Thread(target=hand_in, args=(part,)) for part in (events[:half], events[half:])]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    world.count("two batches of complaints at once")
    held = PhoneNumber.objects.held().filter(pk=number.pk).exists()
    world.count(f"complaints: {'accepted' if held else 'unknown_number'}", len(events))
    judge(world, number, events if held else [], locked)


def judge(world: World, number: PhoneNumber | None, taken: list[dict[str, Any]], locked: list[str]) -> None:
    """More than the limit in one local day since the last release is one lock, anything else is none (I10)."""
    if number is None or not taken:
        expected: list[str] = []
    else:
        account = world.complained.setdefault(number.pk, [])
        zone = world.by_company[number.company_id].company.zone
        moments = [dt.datetime.fromisoformat(said["at"]) for said in taken]
        account += [(moment.astimezone(zone).date(), moment) for moment in moments]
        released = world.released.get(number.pk)
        days = Counter(day for day, moment in account if released is None or moment > released)
        changed = {moment.astimezone(zone).date() for moment in moments}
        over = any(days[day] > LIMIT for day in changed)
        expected = [number.number] if over and number.pk not in world.locked else []
    if locked != expected:
        world.violations.append(
            {"invariant": "I10", "what": f"{len(locked)} locks opened where {len(expected)} should"}
        )
    if locked and number is not None:
        world.count("numbers locked", len(locked))
        lock = open_lock_of(number)
        assert lock is not None
        world.locked.add(number.pk)
        world.on_desk(SUBJECT, lock.pk)
        if world.chance(0.3):
            contest(world, world.by_company[number.company_id], number.pk)


def contest(world: World, tenant: Tenant, number_id: int) -> None:
    """The company will say that the lock is wrong."""
    world.sometime(0.1, 4, partial(appeals.appeal, world, tenant, AppealKind.LOCK, [number_id]))


def about_lock(world: World, tenant: Tenant, lock_id: int, decision: Decision) -> None:
    """A released number counts anew; one that is kept is looked at once more some days later."""
    lock = Maintenance.objects.get(pk=lock_id)
    assert lock.number_id is not None
    if decision == Decision.APPROVED:
        world.release(lock.number_id)
        world.count("locks released")
    else:
        if world.chance(0.5):
            contest(world, tenant, lock.number_id)
        world.sometime(1, 15, partial(look_again, world, lock))


def look_again(world: World, lock: Maintenance) -> None:
    """The lead has a lock that was kept decided anew."""
    company = number_of(lock).company
    again = review_again(lock=lock, company=company, actor=Actor.person(world.staff.lead), now=world.now)
    if again is not None:
        world.on_desk(SUBJECT, lock.pk)
