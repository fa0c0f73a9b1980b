"""P1 to P4, P6, P16: what the engine and the derivation of status cost at full size."""

from __future__ import annotations

import datetime as dt
import statistics
from collections.abc import Callable
from typing import Any

from django.db import connection

from accounts import journal
from accounts.journal import Actor
from certification.maintenance.engine import tick
from certification.maintenance.facts import facts_for
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_steps import END_PLANS, START_PLANS, tell_companies
from certification.maintenance.status import counts_by_status, with_status
from certification.materials.models import Material
from certification.materials.requirements import unmet_in_force
from certification.numbers.models import PhoneNumber
from portal.benchmarks.data import FULL, NOW, SMALL, database
from portal.benchmarks.registry import RUNS, Row, alternating, benchmark, limit, median, row, statements

#: One of the companies with 50,000 numbers.
BIG_COMPANY = 1
#: A moment in the past of the data.
PAST = dt.datetime(2025, 9, 1, tzinfo=dt.UTC)


def execute(sql: str, parameters: dict[str, Any] | None = None) -> None:
    """Run one statement and fetch what it answers."""
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        if cursor.description:
            cursor.fetchall()


def plan_everything() -> Maintenance:
    """A plan that covers everything, due at NOW."""
    cause = MaintenanceCause.objects.get(code="data_sync")
    return Maintenance.objects.create(
        cause=cause,
        scope="everything",
        planned_start=NOW - dt.timedelta(hours=2),
        planned_end=NOW - dt.timedelta(hours=1),
        suspends_display=True,
        created_at=NOW,
    )


def parameters() -> dict[str, Any]:
    return journal.by_parameters(at=NOW, actor=Actor.engine())


def open_and_close() -> tuple[float, float]:
    """How long it takes to put everything under maintenance, and to bring it back; the journal included."""
    opening = median(lambda: execute(START_PLANS, parameters()), before=plan_everything)

    def running() -> None:
        plan_everything()
        execute(START_PLANS, parameters())

    return opening, median(lambda: execute(END_PLANS, parameters()), before=running)


@benchmark("P1", "P2")
def everything_under_maintenance() -> list[Row]:
    """Open one maintenance that covers all 1,000,000 numbers, and close it."""
    with database(SMALL):
        small_open, small_close = open_and_close()
    with database(FULL):
        full_open, full_close = open_and_close()
        # The naive way, on the 50,000 numbers of one company, scaled to all.
        numbers, sample = PhoneNumber.objects.count(), PhoneNumber.objects.filter(company=BIG_COMPANY)
        share = numbers / sample.count()
        updated = median(lambda: sample.update(lifecycle="withdrawn", lifecycle_since=NOW), runs=3) * share
        execute("VACUUM ANALYZE certification_phonenumber")  # what the reference left behind is nobody's measure

        def told() -> None:
            plan = plan_everything()
            tell_companies(maintenance_ids=[plan.pk], kind="plan_started", at=NOW)

        telling = median(told, runs=3)
        plain = median(lambda: execute(PLAIN_NOTICES, {"companies": None, "at": NOW}), runs=3)
    return [
        row("P1", "open a maintenance over 1,000,000 numbers", value=full_open, reference=updated, bar=0.01),
        row("P1", "the same, against 10,000 numbers", value=full_open, reference=small_open, bar=1.5),
        row(
            "P1",
            "its notices to 20,000 people, with the numbers of each company",
            value=telling,
            reference=plain,
            bar=3,
        ),
        row("P2", "bring 1,000,000 numbers back", value=full_close, reference=updated, bar=0.01),
        row("P2", "the same, against 10,000 numbers", value=full_close, reference=small_close, bar=1.5),
    ]


#: A look in a database of its own is repeated so often, in turns with the other database.
ROUNDS = 4


@benchmark("P3")
def tick_with_nothing_due() -> list[Row]:
    """What the minute costs when nothing happens."""

    def look() -> object:
        return tick(now=NOW)

    def reconcile() -> None:
        execute(f"SELECT count(*) FROM ({unmet_in_force()}) AS unmet", {"at": NOW})  # noqa: S608

    without_past, full = [], []
    for _ in range(ROUNDS):
        with database(SMALL):
            without_past.append(median(look))
        with database(FULL):
            full.append(alternating({"idle": look, "bare": reconcile}, runs=RUNS))
    idle = statistics.median(figures["idle"] for figures in full)
    bare = statistics.median(figures["bare"] for figures in full)
    with database(FULL):
        sent = statements(look)
    return [
        row("P3", "idle tick, against the bare reconcile query", value=idle, reference=bare, bar=4),
        row(
            "P3",
            "with 500,000 closed maintenances, against none",
            value=idle,
            reference=statistics.median(without_past),
            bar=1.2,
        ),
        limit("P3", "statements of an idle tick", value=sent, bar=15, unit="statements"),
    ]


# The rows that a tick writes when licences expire, without finding out which: three plain statements.
CHOSEN_COMPANIES = "c.id > 4 AND (%(companies)s::bigint IS NULL OR c.id <= 4 + %(companies)s)"
PLAIN_MAINTENANCE = f"""
    INSERT INTO certification_maintenance (cause_id, scope, company_id, requirement_id, opened_at, held_since, ends_by_plan, suspends_display,
        locks, review_time_factor, defers, urgent_appeals_only, title_zh, title_en, message_zh, message_en, achieved_zh, achieved_en, created_at)
    SELECT (SELECT id FROM certification_maintenancecause WHERE code = 'material_expired'), 'company', c.id,
           (SELECT min(id) FROM certification_requirement), %(at)s, %(at)s, false, true, false, 1, '{{}}', false, '', '', '', '', '', '', %(at)s
    FROM accounts_company c WHERE {CHOSEN_COMPANIES}
"""  # noqa: S608 - constant texts
PLAIN_JOURNAL = f"""
    INSERT INTO accounts_journalentry (at, actor_kind, company_id, subject, subject_id, aspect, before, after, reason)
    SELECT %(at)s, 'engine', c.id, 'maintenance', c.id, 'state', '', 'open', 'material_expired' FROM accounts_company c WHERE {CHOSEN_COMPANIES}
"""  # noqa: S608 - constant texts
PLAIN_NOTICES = f"""
    INSERT INTO accounts_notice (key, kind, recipient_id, company_id, context, needs_action, created_at, next_attempt_at)
    SELECT 'maintenance_opened:' || c.id || ':' || member.user_id, 'maintenance_opened', member.user_id, c.id,
           jsonb_build_object('maintenance', c.ref, 'cause_zh', '资质过期', 'cause_en', 'Material expired', 'material', 'licence',
                              'material_zh', '营业执照', 'material_en', 'Business licence', 'numbers', 80, 'expired_on', %(at)s::date,
                              'effective_from', %(at)s::date, 'expected_from', %(at)s, 'expected_until', %(at)s, 'still_open', 1),
           true, %(at)s, now()
    FROM accounts_company c JOIN accounts_membership member ON member.company_id = c.id WHERE {CHOSEN_COMPANIES}
"""  # noqa: S608 - constant texts


def expire(companies: int) -> Callable[[], object]:
    """Let the licences of so many companies run out a day before NOW."""

    def run() -> None:
        Material.objects.filter(is_long_term=False, company__gt=4, company__lte=4 + companies).update(
            expires_on=NOW.date() - dt.timedelta(days=1)
        )

    return run


@benchmark("P4")
def licences_expire() -> list[Row]:
    """A tick in which 500 companies' licences expire: maintenance, journal, notices."""
    with database(FULL):
        # What other figures rolled back has left dead rows, which a tick would have to step over.
        execute(
            "VACUUM ANALYZE certification_phonenumber, certification_material, certification_maintenance, accounts_notice"
        )

        def plain() -> None:
            for statement in (PLAIN_MAINTENANCE, PLAIN_JOURNAL, PLAIN_NOTICES):
                execute(statement, {"companies": 500, "at": NOW})

        figures = alternating(
            {"tick": lambda: tick(now=NOW), "plain": plain}, before={"tick": expire(500)}, runs=RUNS * 2
        )
        execute("VACUUM ANALYZE certification_material")
        few, many = (statements(lambda: tick(now=NOW), before=expire(companies)) for companies in (5, 500))
    return [
        row("P4", "tick in which 500 licences expire", value=figures["tick"], reference=figures["plain"], bar=3),
        row("P4", "statements for 500 against 5", value=many, reference=few, bar=1, unit="statements"),
    ]


@benchmark("P6")
def counts() -> list[Row]:
    """Counts by derived status, against the bare GROUP BY over the same rows."""
    bare = "SELECT lifecycle, count(*) FROM certification_phonenumber WHERE released_at IS NULL {} GROUP BY lifecycle"
    with database(FULL):
        company = PhoneNumber.objects.held().filter(company=BIG_COMPANY)
        one = alternating(
            {
                "counts": lambda: counts_by_status(company),
                "bare": lambda: execute(bare.format("AND company_id = 1")),
            }
        )
        everyone = alternating(
            {
                "counts": lambda: counts_by_status(PhoneNumber.objects.held(), of_all_companies=True),
                "bare": lambda: execute(bare.format("")),
            },
            runs=RUNS,
        )
    return [
        row("P6", "counts by status, 50,000 numbers", value=one["counts"], reference=one["bare"], bar=3),
        row("P6", "counts by status, 1,000,000 numbers", value=everyone["counts"], reference=everyone["bare"], bar=3),
    ]


def page(at: dt.datetime | None) -> None:
    """Fifty numbers of a company with 50,000, with their facts."""
    numbers = with_status(PhoneNumber.objects.filter(company=BIG_COMPANY), at=at).select_related(
        "company__industry", "provider"
    )
    rows = list(numbers.order_by("pk")[:50])
    facts_for(rows, now=NOW, at=at)


@benchmark("P16")
def past_statuses() -> list[Row]:
    """A page of fifty numbers as of a past moment, against the same at present."""
    with database(FULL):
        figures = alternating({"past": lambda: page(PAST), "present": lambda: page(None)})
    return [
        row(
            "P16",
            "page of 50 as of a past moment, against the present",
            value=figures["past"],
            reference=figures["present"],
            bar=3,
        )
    ]
