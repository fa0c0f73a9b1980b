"""The embedded server is shared, survives kills, and every refusal says what to do."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured
from django.db import connection

from portal.database import DatabaseProblem, database_settings, refuse_newer_database, unanswered
from portal.embedded.server import EmbeddedServer, EmbeddedServerError

HOLDER = """
import sys
from pathlib import Path
from portal.embedded.server import EmbeddedServer
EmbeddedServer(Path(sys.argv[1]), for_tests=True).use()
print("in use", flush=True)
sys.stdin.read()
"""
FORKER = """
import os, sys, time
from pathlib import Path
from portal.embedded.server import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]), for_tests=True)
server.use()
if os.fork() == 0:
    print("child", os.getpid(), flush=True)
    sys.stdin.read()
    os._exit(0)
time.sleep(60)
"""


class Holder:
    """Another process that uses the server until it is let go or killed."""

    def __init__(self, home: Path, program: str = HOLDER) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", program, str(home)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            cwd=settings.BASE_DIR,
        )
        assert self.process.stdout is not None
        self.greeting = self.process.stdout.readline().decode()

    def let_go(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        assert self.process.wait(timeout=30) == 0

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()


@pytest.fixture
def home(own_var: Path) -> Iterator[Path]:
    """Where one test's server lives; nothing of it runs on after the test."""
    path = own_var / "postgres"
    yield path
    assert EmbeddedServer(path).stop()


@pytest.fixture
def hold(home: Path) -> Iterator[Callable[..., Holder]]:
    """Starts processes that use the server."""
    holders: list[Holder] = []

    def start(program: str = HOLDER) -> Holder:
        holders.append(Holder(home, program))
        return holders[-1]

    yield start
    for holder in holders:
        holder.kill()


def postmaster(home: Path) -> psutil.Process | None:
    return EmbeddedServer(home)._postmaster()


def test_server_is_shared_and_stopped_by_the_last_one_out(home: Path, hold: Callable[..., Holder]):
    first = hold()
    running = postmaster(home)
    assert running is not None
    second = hold()
    assert postmaster(home) == running

    first.let_go()
    assert postmaster(home) == running
    second.let_go()
    assert postmaster(home) is None


def test_server_started_by_several_at_once_runs_once(home: Path):
    starting = [
        subprocess.Popen([sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, cwd=settings.BASE_DIR)
        for _ in range(4)
    ]
    for process in starting:
        process.communicate(timeout=60)
    assert [process.returncode for process in starting] == [0, 0, 0, 0]
    assert postmaster(home) is None


def test_server_survives_the_kill_of_its_users_and_serves_the_next(home: Path, hold: Callable[..., Holder]):
    for holder in (hold(), hold()):
        holder.kill()
    running = postmaster(home)
    assert running is not None
    latecomer = hold()
    assert postmaster(home) == running
    latecomer.let_go()
    assert postmaster(home) is None


def test_server_that_was_killed_starts_again(home: Path, hold: Callable[..., Holder]):
    hold()
    killed = postmaster(home)
    assert killed is not None
    killed.kill()
    hold()
    running = postmaster(home)
    assert running is not None
    assert running != killed


def test_server_starts_although_its_old_process_number_is_taken(home: Path, hold: Callable[..., Holder]):
    hold().let_go()
    pid_file = home / "data" / "postmaster.pid"
    pid_file.write_text(f"{os.getpid()}\n{home / 'data'}\n1\n5432\n{home / 'data'}\n\n  1  1\nready\n")
    os.chown(pid_file, (home / "data").stat().st_uid, (home / "data").stat().st_gid)
    hold()
    assert postmaster(home) is not None


@pytest.mark.parametrize("leftover", ["data.draft-old", "data"])
def test_half_made_data_directory_is_made_again(home: Path, hold: Callable[..., Holder], leftover: str):
    (home / leftover / "base").mkdir(parents=True)
    hold()
    assert (home / "data" / "PG_VERSION").exists()
    assert not any(home.glob("data.draft-*"))
    aside = list(home.glob("data.incomplete-*"))
    assert len(aside) == (leftover == "data"), "what is not ours to delete is put aside"


def test_child_of_a_killed_parent_keeps_its_share(home: Path, hold: Callable[..., Holder]):
    parent = hold(FORKER)
    child = psutil.Process(int(parent.greeting.split()[1]))
    parent.process.kill()
    parent.process.wait()
    assert EmbeddedServer(home).stop() is False
    child.kill()
    psutil.wait_procs([child], timeout=10)
    assert EmbeddedServer(home).stop() is True


def test_end_of_a_child_leaves_the_server_to_its_parent(home: Path):
    program = FORKER.replace("os._exit(0)", "sys.exit(0)").replace(
        "time.sleep(60)", "os.wait(); print('over', flush=True); time.sleep(60)"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(home)],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        cwd=settings.BASE_DIR,
    )
    assert parent.stdout is not None
    try:
        assert b"child" in parent.stdout.readline()
        assert b"over" in parent.stdout.readline()
        assert postmaster(home) is not None
    finally:
        parent.kill()
        parent.wait()


def test_data_of_another_major_version_is_refused(home: Path):
    (home / "data").mkdir(parents=True)
    (home / "data" / "PG_VERSION").write_text("9\n")
    server = EmbeddedServer(home)
    with pytest.raises(EmbeddedServerError, match=r"PostgreSQL 9.*backup"):
        server.use()
    server.stop()


def test_long_path_has_its_socket_elsewhere(own_var: Path):
    home = own_var / ("deep" * 20) / "postgres"
    server = EmbeddedServer(home, for_tests=True)
    assert len(str(server.socket_directory)) < 80
    holder = Holder(home)
    assert server._is_ready()
    assert server.socket_directory.stat().st_mode & 0o777 == 0o700
    holder.let_go()
    assert postmaster(home) is None
    assert not server.socket_directory.exists()


def test_killed_command_in_the_middle_of_the_start_is_survived(home: Path, hold: Callable[..., Holder]):
    for delay in (0.1, 0.3, 0.6):
        starting = subprocess.Popen(
            [sys.executable, "-c", HOLDER, str(home)], stdin=subprocess.PIPE, cwd=settings.BASE_DIR
        )
        time.sleep(delay)
        starting.send_signal(signal.SIGKILL)
        starting.wait()
    holder = hold()
    assert "in use" in holder.greeting
    holder.let_go()


# --- DATABASE_URL ----------------------------------------------------------------------------------------------------


def test_url_is_kept_open_and_gives_up_quickly(tmp_path: Path):
    found = database_settings("postgres://me:p%40ss@db.example:6543/portal?sslmode=require", tmp_path)
    assert (found["HOST"], str(found["PORT"]), found["NAME"], found["PASSWORD"]) == (
        "db.example",
        "6543",
        "portal",
        "p@ss",
    )
    assert found["CONN_MAX_AGE"] == 600
    assert found["CONN_HEALTH_CHECKS"] is True
    assert found["OPTIONS"] == {"connect_timeout": 5, "sslmode": "require"}


@pytest.mark.parametrize(
    "url",
    ["mysql://me:secret@host/portal", "secret", "postgres://me:secret@host:port/portal", "postgres://me:secret@host"],
)
def test_malformed_url_is_refused_without_repeating_it(tmp_path: Path, url: str):
    with pytest.raises(ImproperlyConfigured, match="DATABASE_URL") as refusal:
        database_settings(url, tmp_path)
    assert "secret" not in str(refusal.value)


def test_unanswered_url_is_told_without_its_password(tmp_path: Path):
    found = database_settings("postgres://me:secret@db.example/portal", tmp_path)
    told = unanswered(found, "connection refused")
    assert "'portal' at db.example:5432" in told
    assert "secret" not in told


def test_database_of_a_newer_release_is_refused(db: None):
    refuse_newer_database()
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO django_migrations (app, name, applied) VALUES ('accounts', '9999_later', now())")
        cursor.execute(
            "INSERT INTO django_migrations (app, name, applied) VALUES ('gone_library', '0001_initial', now())"
        )
    with pytest.raises(DatabaseProblem, match=r"newer release.*accounts\.9999_later") as refusal:
        refuse_newer_database()
    assert "gone_library" not in str(refusal.value)
