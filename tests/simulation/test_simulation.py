"""The simulated month: no invariant breaks, a seed fixes the run, and what is broken on purpose is found."""

from __future__ import annotations

import datetime as dt
import io
import json
from collections.abc import Callable
from typing import Any

import pytest
from django.core.management import call_command
from django.db import connection

from portal.management.commands.simulate import Command
from portal.simulation.database import database_name, own_database, set_clock, turn

pytestmark = [pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def run(*, days: int, seed: int = 1, command: Command | str = "simulate") -> tuple[int, dict[str, Any]]:
    """The exit code of a small run and the document that it prints."""
    printed = io.StringIO()
    options: dict[str, Any] = {"days": days, "companies": 12, "numbers": 200, "seed": seed, "json": True}
    try:
        call_command(command, stdout=printed, **options)
    except SystemExit as ending:
        return int(str(ending.code)), json.loads(printed.getvalue())
    return 0, json.loads(printed.getvalue())


def databases() -> set[str]:
    """The databases of the server."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT datname FROM pg_database")
        return {name for (name,) in cursor.fetchall()}


def test_month_breaks_no_invariant_and_a_seed_gives_the_same_month_again() -> None:
    name = str(connection.settings_dict["NAME"])
    code, month = run(days=30)
    assert (code, month["violations"], month["lived"]) == (0, [], 30)
    for happening in ("opened", "closed", "materials submitted", "reviews decided", "ticks", "sent"):
        assert month["counts"].get(happening, 0) > 0, happening
    assert run(days=30) == (code, month)
    code, another = run(days=30, seed=2)
    assert (code, another["violations"], another["lived"]) == (0, [], 30)
    assert another["counts"] != month["counts"]
    assert connection.settings_dict["NAME"] == name
    assert database_name() not in databases()


def sabotaged(*statements: str) -> Command:
    """The command, with somebody who writes into the simulation's database by hand on the second day."""

    def on_second_day(day: int) -> None:
        if day == 2:
            with connection.cursor() as cursor:
                for statement in statements:
                    cursor.execute(statement)

    class Sabotaged(Command):
        after_day: Callable[[int], None] | None = staticmethod(on_second_day)

    return Sabotaged()


@pytest.mark.parametrize(
    ("statements", "invariant"),
    [
        # Without a row in the journal.
        (
            [
                """
                UPDATE certification_phonenumber SET lifecycle = 'revoked'
                WHERE id = (SELECT min(id) FROM certification_phonenumber WHERE lifecycle = 'certified')
                """
            ],
            "I6",
        ),
        # A document is gone, and nothing opens for it.
        (
            [
                "DELETE FROM certification_reminder",
                "DELETE FROM certification_materialnumber",
                "DELETE FROM certification_applicationmaterial",
                """
                DELETE FROM certification_material m USING certification_materialkind kind
                WHERE kind.id = m.kind_id AND kind.code = 'legal_representative_id' AND m.state = 'approved'
                  AND NOT EXISTS (SELECT FROM certification_materialfile f WHERE f.material_id = m.id)
                """,
            ],
            "I1",
        ),
    ],
)
def test_what_is_broken_on_purpose_is_reported_with_exit_code_1(statements: list[str], invariant: str) -> None:
    code, document = run(days=5, command=sabotaged(*statements))
    assert code == 1
    assert document["lived"] == 2
    assert {found["day"] for found in document["violations"]} == {"2"}
    assert invariant in {found["invariant"] for found in document["violations"]}


def test_second_simulation_at_the_same_time_is_refused_with_exit_code_2() -> None:
    said = io.StringIO()
    with turn(), pytest.raises(SystemExit) as ending:
        call_command("simulate", days=1, companies=12, numbers=200, stderr=said)
    assert ending.value.code == 2
    assert "Another simulation is running" in said.getvalue()


def test_what_a_killed_simulation_left_does_not_stop_the_next() -> None:
    left = connection.copy()
    with connection.cursor() as cursor:
        cursor.execute(f'CREATE DATABASE "{database_name()}"')
    left.settings_dict["NAME"] = database_name()
    try:
        with left.cursor() as cursor:  # its checker is still in there
            cursor.execute("SELECT 1")
        assert run(days=1)[0] == 0
    finally:
        left.close()
    assert database_name() not in databases()


def test_tables_are_migrated_once_until_a_migration_changes() -> None:
    def made() -> int:
        with own_database(), connection.cursor() as cursor:
            set_clock(dt.datetime(2026, 2, 3, 4, tzinfo=dt.UTC))
            cursor.execute("SELECT now()")
            assert cursor.fetchone() == (dt.datetime(2026, 2, 3, 4, tzinfo=dt.UTC),)
            cursor.execute("SELECT count(*) FROM accounts_industry")
            assert cursor.fetchone()[0] > 0
            cursor.execute("SELECT oid FROM pg_database WHERE datname = %s", [empty])
            return int(cursor.fetchone()[0])

    empty = f"{database_name()}_empty"
    first = made()
    assert made() == first
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE {connection.ops.quote_name(empty)} IS 'of other migrations'")
    assert made() != first


def test_a_world_without_companies_is_refused_with_exit_code_2() -> None:
    with pytest.raises(SystemExit) as ending:
        call_command("simulate", days=1, companies=0, numbers=0, stderr=io.StringIO())
    assert ending.value.code == 2
