"""The database of a simulation: beside the configured one, made anew for each run, with a clock that the run sets."""

from __future__ import annotations

import datetime as dt
import hashlib
import inspect
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from typing import Any

from django.core.management import call_command
from django.db import connection
from django.db.backends.utils import CursorWrapper
from django.db.migrations.loader import MigrationLoader

from accounts.notices import WOKEN
from portal.benchmarks.data import switch_to

#: The key of the advisory lock, in the configured database, that a run holds from beginning to end.
RUN_LOCK = 0x73696D75
#: So many prepared statements are kept.
MOST_PREPARED = 2000
#: The setting that holds the virtual moment, in each connection of the run.
SETTING = "simulation.now"
SEARCH_PATH = "public, pg_catalog"
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
    """A simulation is running already."""


@contextmanager
def turn() -> Iterator[None]:
    """Be the only simulation while the block runs; a process that is killed gives its turn back with its connection.

    Raises AnotherRuns.
    """
    keeper = connection.copy()  # the run's own connection goes to another database
    try:
        with keeper.cursor() as cursor:
            cursor.execute("SELECT pg_try_advisory_lock(%s)", [RUN_LOCK])
            if cursor.fetchone() != (True,):
                raise AnotherRuns
        yield
        with keeper.cursor() as cursor:  # at once; closing gives it back only when the server notices
            cursor.execute("SELECT pg_advisory_unlock(%s)", [RUN_LOCK])
    finally:
        keeper.close()


def drop(cursor: CursorWrapper, name: str) -> None:
    """Remove the database of a run, with whoever is left in it: the checker of a run that was killed, or a spectator."""
    cursor.execute(f"DROP DATABASE IF EXISTS {connection.ops.quote_name(name)} WITH (FORCE)")


@contextmanager
def own_database(*, keep: bool = False) -> Iterator[str]:
    """Run the block in a new database with the catalogue and nothing else; the next run, or the end, removes it.

    Its rows need not survive a crash of the machine, so commits do not wait for the disk. Raises AnotherRuns.
    """
    with turn(), new_database(keep=keep) as name:
        yield name


@contextmanager
def new_database(*, keep: bool) -> Iterator[str]:
    """The same, for who has the turn."""
    configured, name = str(connection.settings_dict["NAME"]), database_name()
    quoted = connection.ops.quote_name(name)
    with connection.cursor() as cursor:
        drop(cursor, name)
    empty = connection.ops.quote_name(empty_database())
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {quoted} TEMPLATE {empty}")
        cursor.execute(f"ALTER DATABASE {quoted} SET search_path TO {SEARCH_PATH}")
        cursor.execute(f"ALTER DATABASE {quoted} SET synchronous_commit TO off")
        # Two connections work at once, the run's and the checker's: neither is helped by taking the other's processor.
        cursor.execute(f"ALTER DATABASE {quoted} SET max_parallel_workers_per_gather TO 0")
        cursor.execute(f"ALTER DATABASE {quoted} SET jit TO off")
        # No queue works here: whoever writes notices need not ask it to deliver them.
        cursor.execute(f"ALTER DATABASE {quoted} SET {WOKEN} TO 'yes'")
    try:
        switch_to(name)
        with parameters_apart():
            yield name
    finally:
        switch_to(configured)
        if not keep:
            with connection.cursor() as cursor:
                drop(cursor, name)


@contextmanager
def parameters_apart() -> Iterator[None]:
    """Let connections that are opened in the block send a statement apart from its values, so that it can be prepared."""
    options: dict[str, Any] = connection.settings_dict["OPTIONS"]
    before = dict(options)
    options["server_side_binding"] = True
    try:
        yield
    finally:
        options.clear()
        options |= before


def keep_plans() -> None:
    """Have what this connection asks from now on planned once, for whatever values.

    A year asks a few hundred statements a thousand times each; planning them anew took more time than answering them.
    """
    with connection.cursor() as cursor:
        cursor.execute("SET plan_cache_mode TO force_generic_plan")
    connection.connection.prepare_threshold = 0  # the first time already: a rollback forgets what was prepared
    connection.connection.prepared_max = MOST_PREPARED


def empty_database() -> str:
    """The name of a database with the tables, the catalogue and the run's clock, and nothing else, to be copied.

    It is kept between runs, because migrating takes longer than copying, and made anew when a migration has changed.
    """
    configured = str(connection.settings_dict["NAME"])
    name = f"{database_name()}_empty"
    quoted, digest = connection.ops.quote_name(name), digest_of_migrations()
    with connection.cursor() as cursor:
        cursor.execute("SELECT shobj_description(oid, 'pg_database') FROM pg_database WHERE datname = %s", [name])
        if cursor.fetchone() == (digest,):
            return name
        drop(cursor, name)
        cursor.execute(f"CREATE DATABASE {quoted}")
        # Defaults of columns call the clock that is found first while they are made.
        cursor.execute(f"ALTER DATABASE {quoted} SET search_path TO {SEARCH_PATH}")
    try:
        switch_to(name)
        with connection.cursor() as cursor:
            cursor.execute(CLOCKS)
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        switch_to(configured)
    with connection.cursor() as cursor:
        cursor.execute(f"COMMENT ON DATABASE {quoted} IS '{digest}'")
    return name


def digest_of_migrations() -> str:
    """Changes whenever the text of a migration does, whoever's it is, or that of the clock."""
    digest = hashlib.sha256(CLOCKS.encode())
    for key, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        digest.update(f"{key} {inspect.getsource(import_module(migration.__module__))}".encode())
    return digest.hexdigest()


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
