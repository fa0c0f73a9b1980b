"""What has to be true before the portal serves: a migrated database, compiled texts, collected assets.

Each step looks first and costs next to nothing when there is nothing to do, so that a second start is quick.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from pathlib import Path

from django.conf import settings
from django.contrib.staticfiles.finders import get_finders
from django.core.management import call_command
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor

from portal.catalogues import compile_catalogues
from portal.database import DatabaseProblem, refuse_newer_database

PREPARATION_LOCK = 7_205_759_403
"""Number of the advisory lock under which one process at a time prepares the database."""


def prepare(*, say: Callable[[str], None]) -> None:
    """Bring database, catalogues and assets up to date with this code. Raises DatabaseProblem, CatalogueProblem."""
    for root in settings.LOCALE_PATHS:
        for _compiled in compile_catalogues(Path(root)):
            pass
    collect_assets()
    with one_at_a_time():
        refuse_newer_database()
        migrate(say)
        call_command("sync_schedules", stdout=StringIO())


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the advisory lock: of several starting at once, one migrates and the others find it done."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_lock(%s)", [PREPARATION_LOCK])
    try:
        yield
    finally:
        connection.close()


def migrate(say: Callable[[str], None]) -> None:
    """Apply the migrations that this database lacks. Raises DatabaseProblem where one fails."""
    executor = MigrationExecutor(connection)
    waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
    if not waiting:
        return
    say(f"Applying {len(waiting)} migrations … 正在更新数据库结构 …")
    try:
        call_command("migrate", interactive=False, verbosity=0)
    except DatabaseError as problem:
        raise DatabaseProblem(
            f"A migration failed and was rolled back: {' '.join(str(problem).split())}. Check that the database user may "
            "create tables and the extensions pg_trgm and btree_gin; `manage.py migrate` shows which one it is."
        ) from problem


def collect_assets() -> None:
    """Run collectstatic if an asset was added, changed or taken away since the last time."""
    root = Path(settings.STATIC_ROOT)
    mark = root.with_name(f"{root.name}.fingerprint")
    fingerprint = assets_fingerprint()
    if root.is_dir() and mark.is_file() and mark.read_text() == fingerprint:
        return
    mark.unlink(missing_ok=True)
    # Without --clear: pages that are open at this moment go on finding the assets of the release before.
    call_command("collectstatic", interactive=False, verbosity=0)
    mark.write_text(fingerprint)


def assets_fingerprint() -> str:
    """Changes whenever collectstatic would have something to do: names, sizes and times of all assets."""
    digest = hashlib.sha256(repr(settings.STORAGES["staticfiles"]).encode())
    for finder in get_finders():
        for name, storage in finder.list([]):
            found = Path(storage.path(name)).stat()
            digest.update(f"{name}\0{found.st_size}\0{found.st_mtime_ns}\n".encode())
    return digest.hexdigest()
