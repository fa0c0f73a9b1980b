"""Which database the portal uses: the one that DATABASE_URL names, or the embedded PostgreSQL under `var/`."""

from __future__ import annotations

import os
import time
from pathlib import Path
from typing import Any

import environ
from django.core.exceptions import ImproperlyConfigured
from django.db import DEFAULT_DB_ALIAS, DatabaseError, OperationalError, connections
from django.db.migrations.executor import MigrationExecutor

from portal.embedded.server import DATABASE, PORT, ROLE, embedded_server

KEPT_OPEN: dict[str, Any] = {
    # The queue's broker is this database: without connections that are kept, each enqueueing would open one.
    "CONN_MAX_AGE": 600,
    "CONN_HEALTH_CHECKS": True,
}
CONNECT_TIMEOUT = 5
"""Seconds to wait for the server's first answer."""
SCHEMES = ("postgres", "postgresql", "psql", "pgsql")
EXAMPLE = "postgres://user:password@host:5432/portal"


class DatabaseProblem(Exception):
    """The database cannot be used as it is; the message says what is wrong and what to do, for a person."""


def database_settings(url: str | None, var: Path) -> dict[str, Any]:
    """The entry of Django's DATABASES for DATABASE_URL, or, where that is None or empty, for the embedded server.

    The embedded server keeps its data under `var/postgres`, that of the tests (PORTAL_MODE=test) under
    `var/test-postgres`; it is started by the first connection, not here. Raises ImproperlyConfigured for a URL that
    cannot be understood; the message never repeats the URL, which may hold a password.
    """
    if url:
        return external_settings(url)
    for_tests = os.environ.get("PORTAL_MODE") == "test"
    home = var.absolute() / ("test-postgres" if for_tests else "postgres")
    return {
        "ENGINE": "portal.embedded",
        "NAME": DATABASE,
        "USER": ROLE,
        "PASSWORD": "",
        "HOST": str(embedded_server(home, for_tests=for_tests).socket_directory),
        "PORT": str(PORT),
        "OPTIONS": {"connect_timeout": CONNECT_TIMEOUT},
        "EMBEDDED_HOME": str(home),
        "EMBEDDED_FOR_TESTS": for_tests,
        **KEPT_OPEN,
    }


def external_settings(url: str) -> dict[str, Any]:
    """The entry of Django's DATABASES for a PostgreSQL server of one's own. Raises ImproperlyConfigured."""
    scheme = url.partition("://")[0].strip().lower()
    if scheme not in SCHEMES:
        raise ImproperlyConfigured(
            f"DATABASE_URL must look like {EXAMPLE}: the portal runs on PostgreSQL only. Correct it, or unset it to use "
            "the embedded database."
        )
    try:
        found = environ.Env.db_url_config(url.strip())
        port = int(found.get("PORT") or PORT)
        understood = bool(found.get("NAME")) and 0 < port < 65536
    except (ValueError, ImproperlyConfigured):
        understood = False
    if not understood:
        raise ImproperlyConfigured(
            f"DATABASE_URL cannot be understood: it must look like {EXAMPLE}, with a database name after the last slash, "
            "a port between 1 and 65535, and special characters in user name or password percent-encoded (/ is %2F, "
            "@ is %40). Correct it, or unset it to use the embedded database."
        )
    return {
        **found,
        "ENGINE": "django.db.backends.postgresql",
        "OPTIONS": {"connect_timeout": CONNECT_TIMEOUT, **found.get("OPTIONS", {})},
        **KEPT_OPEN,
    }


def ensure_database(*, patience: float) -> None:
    """Have a database that answers, starting the embedded one or waiting up to `patience` seconds for the other.

    Raises DatabaseProblem with one paragraph for a person.
    """
    connection = connections[DEFAULT_DB_ALIAS]
    deadline = time.monotonic() + patience
    while True:
        try:
            connection.close()
            connection.ensure_connection()
            return
        except OperationalError as problem:
            reason = " ".join(str(problem).split())
        if "EMBEDDED_HOME" in connection.settings_dict:
            raise DatabaseProblem(reason)
        if time.monotonic() > deadline or is_final(reason):
            raise DatabaseProblem(unanswered(connection.settings_dict, reason))
        time.sleep(0.5)


def is_final(reason: str) -> bool:
    """Whether the server did answer, with a refusal that waiting does not change."""
    return any(words in reason for words in ("authentication failed", "does not exist", "no pg_hba.conf entry"))


def unanswered(settings: dict[str, Any], reason: str) -> str:
    """What to tell a person whose DATABASE_URL names a database that cannot be used. Without the password."""
    options = settings["OPTIONS"]
    place = f"{settings['HOST'] or options.get('host') or 'the local socket'}:{settings['PORT'] or PORT}"
    return (
        f"The database {settings['NAME']!r} at {place}, which DATABASE_URL names, cannot be used: {reason}. Check that "
        "PostgreSQL runs there, that this machine may connect, and that user, password and database name are right; or "
        "unset DATABASE_URL to use the embedded database."
    )


def unknown_migrations() -> list[str]:
    """The migrations that this database has and this code does not know, as `app.name`: it was a newer release's."""
    try:
        loader = MigrationExecutor(connections[DEFAULT_DB_ALIAS]).loader
    except DatabaseError as problem:
        raise DatabaseProblem(f"The table of applied migrations cannot be read: {problem}") from problem
    known = set(loader.disk_migrations)
    for migration in loader.disk_migrations.values():
        known.update(migration.replaces)
    return sorted(
        f"{app}.{name}"
        for app, name in loader.applied_migrations
        if app in loader.migrated_apps and (app, name) not in known
    )


def refuse_newer_database() -> None:
    """Raise DatabaseProblem where a newer release of the portal has migrated this database already."""
    unknown = unknown_migrations()
    if unknown:
        shown = ", ".join(unknown[:3]) + (f" and {len(unknown) - 3} more" if len(unknown) > 3 else "")
        raise DatabaseProblem(
            f"This database was migrated by a newer release of the portal (it has {shown}, which this release does not "
            "know), so this release must not write to it. Start the newer release; or, to stay on this one, restore the "
            "backup made before the upgrade (see docs/operations.md)."
        )
