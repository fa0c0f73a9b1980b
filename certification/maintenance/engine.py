"""The engine: `tick(now)` compares what should be with what is, and changes the difference, in sets, once.

Each step is one statement that finds its work by an index on a due column, changes the rows if they are still in the
state it expects, and writes the journal rows and the notices with them. So a tick costs next to nothing when nothing
is due, catches up after any outage, and doing it twice is doing it once. The steps are those of domain section 5.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import asdict, dataclass

from django.db import connection, transaction

from accounts import notices
from accounts.journal import Actor
from certification.applications.deadlines import expire_terms
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.plan_steps import start_and_end_plans
from certification.maintenance.reconcile import reconcile_at
from certification.reminders.sweep import send_due_reminders
from certification.reviews.staging import apply_due
from certification.reviews.watch import watch_reviews


@dataclass
class Counts:
    """What one tick did."""

    planned: int = 0
    opened: int = 0
    closed: int = 0
    overrunning: int = 0
    expired: int = 0
    held: int = 0
    resumed: int = 0
    lapsed: int = 0
    paused: int = 0
    unpaused: int = 0
    extended: int = 0
    overdue: int = 0
    released: int = 0
    decided: int = 0
    sent: int = 0

    def as_dict(self) -> dict[str, int]:
        """The counts by name, as the command prints them."""
        return asdict(self)


@dataclass(frozen=True)
class FurtherStep:
    """A step that an app above this one adds to the tick.

    `due` is SQL for a condition that is cheap when nothing is due (one look at a partial index) and sees the tick's
    moment as `%(at)s`; all conditions are asked in the statement that notes the tick, so an idle step costs none of its
    own. `run` does the work in the tick's transaction and returns how many notices it wrote.
    """

    name: str
    due: str
    run: Callable[[dt.datetime, Actor], int]


FURTHER_STEPS: dict[str, FurtherStep] = {}


def add_step(step: FurtherStep) -> None:
    """Make the step a part of every tick; called when the app is ready. Again under one name replaces it."""
    FURTHER_STEPS[step.name] = step


class DryRun(Exception):
    """Carries the counts out of a transaction that is rolled back."""


def tick(*, now: dt.datetime, actor: Actor | None = None, dry_run: bool = False) -> Counts:
    """Run the engine once, as of `now` or of the last tick's moment where that is later, and return what it did.

    Ticks take turns under an advisory lock; a second one at the same moment finds nothing to do. With `dry_run`
    everything is computed and rolled back.
    """
    counts = Counts()
    decisions_due = False
    try:
        with transaction.atomic():
            decisions_due = run(counts=counts, now=now, actor=actor or Actor.engine())
            if dry_run:
                raise DryRun
    except DryRun:
        return counts
    if decisions_due:  # each in a transaction of its own: people's decisions, some of which may be refused by now
        counts.decided = apply_due(now=now).applied
    return counts


def run(*, counts: Counts, now: dt.datetime, actor: Actor) -> bool:
    """The steps, in the caller's transaction; fills `counts`. Returns whether decisions that can no longer be taken back wait."""
    take_turn()
    now = engine_moment(now)
    plans = start_and_end_plans(now=now, actor=actor)
    counts.planned, counts.overrunning = plans.planned, plans.overrunning
    reconciled = reconcile_at(now=now, actor=actor)
    counts.opened = plans.opened + reconciled.opened
    counts.closed = plans.closed + reconciled.closed
    counts.held, counts.resumed, counts.lapsed = reconciled.held, reconciled.resumed, reconciled.lapsed
    counts.paused, counts.unpaused, counts.extended = reconciled.paused, reconciled.unpaused, reconciled.extended
    counts.expired, told_of_terms = expire_terms(now=now, actor=actor)
    counts.overdue, counts.released, told_of_reviews, decisions_due = watch_reviews(now=now, actor=actor)
    reminded = send_due_reminders(now=now)
    counts.sent = plans.sent + reconciled.noticed + told_of_terms + told_of_reviews + reminded
    for step in note_tick(now=now):
        counts.sent += step.run(now, actor)
    if counts.sent:
        notices.wake_delivery()
    return decisions_due


def note_tick(*, now: dt.datetime) -> list[FurtherStep]:
    """Note that this tick ran, and return the further steps that have something to do: one statement."""
    steps = list(FURTHER_STEPS.values())
    due = ", ".join(f"EXISTS ({step.due})" for step in steps) or "false"
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO certification_tickrun (id, started_at, finished_at, counts) VALUES (1, %(at)s, clock_timestamp(), '{{}}')
            ON CONFLICT (id) DO UPDATE SET started_at = excluded.started_at, finished_at = excluded.finished_at
            RETURNING {due}
            """,  # noqa: S608 - constant texts of the code; the moment is a parameter
            {"at": now},
        )
        (*found,) = cursor.fetchone() or ()
    return [step for step, is_due in zip(steps, found, strict=False) if is_due]
