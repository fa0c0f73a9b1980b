"""Backup and restore: one archive with the database and the uploaded files, taken while the portal runs.

The database is dumped first and the files are read afterwards: a file that a dumped row names exists by then, and one
that came later is an orphan which the sweep removes.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import tarfile
import tempfile
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.files.storage import FileSystemStorage, default_storage
from django.db import connection
from psycopg.conninfo import make_conninfo

from portal.embedded.server import programs

DUMP, FILES, KEYS, ABOUT = "database.dump", "files", "keys", "about.json"
KEY_FILES = ("secret-key", "encryption-key")


class BackupProblem(Exception):
    """A backup cannot be made or restored; the message says why and what to do."""


def back_up(target: Path, *, now: dt.datetime, include_keys: bool) -> None:
    """Write everything to the new archive `target`, readable by its owner only. Raises BackupProblem."""
    if target.exists():
        raise BackupProblem(f"{target} exists already; name a new file.")
    with tempfile.TemporaryDirectory(dir=target.absolute().parent, prefix=".backup-") as folder:
        dump, draft = Path(folder) / DUMP, Path(folder) / "archive"
        run_client("pg_dump", "--format=custom", "--no-owner", "--no-privileges", f"--file={dump}")
        about = Path(folder) / ABOUT
        about.write_text(json.dumps({"made_at": now.isoformat(), "format": 1}))
        draft.touch(mode=0o600)
        with tarfile.open(draft, "w") as archive:
            archive.add(about, ABOUT)
            archive.add(dump, DUMP)
            files = files_directory()
            if files is not None and files.is_dir():
                archive.add(files, FILES)
            for name in KEY_FILES if include_keys else ():
                if (settings.VAR / name).exists():
                    archive.add(settings.VAR / name, f"{KEYS}/{name}")
        draft.rename(target)


def restore(source: Path) -> None:
    """Load the archive into an empty database, its files and keys beside it. All or nothing for the database.

    Raises BackupProblem where the database or the folder of files holds something already.
    """
    refuse_what_would_be_overwritten()
    try:
        with tempfile.TemporaryDirectory(prefix="portal-restore-") as folder, tarfile.open(source) as archive:
            archive.extractall(folder, filter="data")
            unpacked = Path(folder)
            if not (unpacked / DUMP).is_file():
                raise BackupProblem(f"{source} is no backup of the portal: it holds no {DUMP}.")
            run_client(
                "pg_restore",
                "--no-owner",
                "--no-privileges",
                "--single-transaction",
                "--exit-on-error",
                str(unpacked / DUMP),
            )
            files = files_directory()
            if files is not None and (unpacked / FILES).is_dir():
                put_back(unpacked / FILES, files)
            if (unpacked / KEYS).is_dir():
                for name in KEY_FILES:
                    if (unpacked / KEYS / name).is_file():
                        put_back(unpacked / KEYS / name, settings.VAR / name)
    except (OSError, tarfile.TarError) as problem:
        raise BackupProblem(f"{source} cannot be restored: {problem}") from problem


def refuse_what_would_be_overwritten() -> None:
    """Raise BackupProblem unless database and files are empty."""
    files = files_directory()
    if connection.introspection.table_names():
        raise BackupProblem(
            "The database holds tables already, and a restore never overwrites: name an empty one with DATABASE_URL, or "
            "throw the embedded one away with `make reset`."
        )
    if files is not None and files.is_dir() and any(files.iterdir()):
        raise BackupProblem(f"{files} holds files already, and a restore never overwrites: move it away first.")
    connection.close()


def put_back(source: Path, target: Path) -> None:
    """Copy a file or a whole folder to its place, on whatever disk that is."""
    target.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["cp", "-Rp", "--", f"{source}/." if source.is_dir() else str(source), str(target)], check=True)


def files_directory() -> Path | None:
    """Where uploaded files are on this machine; None where they are in an object store, which has its own backup."""
    return Path(default_storage.location) if isinstance(default_storage, FileSystemStorage) else None


def run_client(program: str, *arguments: str) -> None:
    """Run one of PostgreSQL's clients on the portal's database. Raises BackupProblem with what it said."""
    connection.ensure_connection()
    parameters: dict[str, Any] = connection.get_connection_params()
    known = {"dbname", "user", "host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "connect_timeout"}
    conninfo = make_conninfo(**{name: value for name, value in parameters.items() if name in known and value})
    done = subprocess.run(
        [str(programs() / program), f"--dbname={conninfo}", *arguments],
        env={**os.environ, "PGPASSWORD": str(parameters.get("password") or "")},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise BackupProblem(f"{program} failed: {' '.join(done.stderr.split())}")
