"""A migrated database from which each test process copies its own, so that migrations run once and not once each."""

from __future__ import annotations

import hashlib
import inspect
from pathlib import Path

from django.core.management import call_command
from django.db import OperationalError
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.migrations.loader import MigrationLoader

BUILD_LOCK = 7_205_759_404
"""Number of the advisory lock under which one process at a time builds the template."""


def ensure_template(connection: BaseDatabaseWrapper) -> str:
    """The name of a template database with every migration of this code applied; older templates are dropped."""
    name = f"template_{migrations_digest()}"
    with connection._nodb_cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [BUILD_LOCK])
        cursor.execute("SELECT datname FROM pg_database WHERE datname ~ '^template_[0-9a-f]{16}$'")
        found = {row[0] for row in cursor.fetchall()}
        if name not in found:
            draft = f"test_{name}"
            cursor.execute(f"DROP DATABASE IF EXISTS {draft} WITH (FORCE)")
            cursor.execute(f"CREATE DATABASE {draft}")
            migrate(connection, draft)
            cursor.execute(f"ALTER DATABASE {draft} RENAME TO {name}")
        for outdated in found - {name}:
            try:
                cursor.execute(f"DROP DATABASE {outdated}")
            except OperationalError:  # being copied by a run of another revision
                continue
    return name


def migrate(connection: BaseDatabaseWrapper, database: str) -> None:
    """Apply every migration to `database`, leaving the connection as it was."""
    original = connection.settings_dict["NAME"]
    connection.close()
    connection.settings_dict["NAME"] = database
    try:
        call_command("migrate", verbosity=0, interactive=False)
    finally:
        connection.close()
        connection.settings_dict["NAME"] = original


def migrations_digest() -> str:
    """Changes with the text of any migration, ours or a library's."""
    digest = hashlib.sha256()
    for key, migration in sorted(MigrationLoader(None).disk_migrations.items()):
        digest.update(repr(key).encode())
        digest.update(Path(inspect.getfile(type(migration))).read_bytes())
    return digest.hexdigest()[:16]
