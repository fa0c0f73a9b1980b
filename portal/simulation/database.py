"""The database of a simulation: beside the configured one, made anew for each run, with a clock that the run sets."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager

from django.core.management import call_command
from django.db import OperationalError, connection
from django.db.backends.utils import CursorWrapper

from portal.benchmarks.data import switch_to

#: The setting that holds the virtual moment, in each connection of the run.
SETTING = "simulation.now"
# What asks the database for the time gets the run's: these stand before PostgreSQL's own in the search path.
CLOCKS = "".join(
    f"""
    CREATE FUNCTION public.{name}() RETURNS timestamptz LANGUAGE sql STABLE PARALLEL SAFE AS
    $$ SELECT coalesce(nullif(current_setting('{SETTING}', true), '')::timestamptz, pg_catalog.{name}()) $$;
    """
    for name in ("now", "transaction_timestamp", "statement_timestamp", "clock_timestamp")
)


def database_name() -> str:
    """What the simulation's database is called: after the configured one."""
    return f"{connection.settings_dict['NAME']}_simulation"


class AnotherRuns(Exception):
    """A simulation is running in the database already."""


def drop(cursor: CursorWrapper, name: str) -> None:
    """Remove the database of an earlier run. Raises AnotherRuns where somebody is in it."""
    try:
        cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)}")
    except OperationalError as error:
        raise AnotherRuns(str(error)) from error


@contextmanager
def own_database(*, keep: bool = False) -> Iterator[str]:
    """Run the block in a new database with the catalogue and nothing else; the next run, or the end, removes it.

    Its rows need not survive a crash of the machine, so commits do not wait for the disk.
    """
    configured, name = str(connection.settings_dict["NAME"]), database_name()
    quoted = connection.ops.quote_name(name)
    with connection.cursor() as cursor:
        drop(cursor, name)
        cursor.execute(f"CREATE DATABASE {quoted}")
        cursor.execute(f"ALTER DATABASE {quoted} SET search_path TO public, pg_catalog")
        cursor.execute(f"ALTER DATABASE {quoted} SET synchronous_commit TO off")
    try:
        switch_to(name)
        with connection.cursor() as cursor:
            cursor.execute(CLOCKS)
        call_command("migrate", verbosity=0, interactive=False)
        yield name
    finally:
        switch_to(configured)
        if not keep:
            with connection.cursor() as cursor:
                drop(cursor, name)


def set_clock(moment: dt.datetime) -> None:
    """Let this connection's database say that it is `moment`."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config(%s, %s, false)", [SETTING, moment.isoformat()])


def set_dice(seed: float) -> None:
    """Let the database's random choices (which numbers are sampled) be the same in every run; between -1 and 1."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT setseed(%s)", [seed])


def analyze() -> None:
    """Tell the planner how large the tables are."""
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE")
