"""Keeps the portal's processes running side by side on one machine: web server and background queue.

A process that ends by itself is started again, each time after a longer pause; one that cannot stay up stops
everything with a clear message. On SIGINT, SIGTERM or SIGHUP all of them are asked to finish, and after a bound made
to. Only processes that were started here are ever signalled, by their own number or as the group that they lead.
"""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType

STOP_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
STOP_PATIENCE = 30.0
"""Seconds in which requests and tasks in progress may finish."""
SECOND_WISH = 2.0
"""A signal so many seconds after the first one means that somebody does not want to wait."""
STEADY = 60.0
"""A process that ran for so many seconds may fail afresh."""
MOST_FAILURES = 5
LOG_LIMIT = 5_000_000
"""Bytes after which a log is put aside at the next start."""


class ProcessFailed(Exception):
    """A process does not stay up; the message names it and shows the end of its log."""


@dataclass
class Service:
    """One process to keep running: its command, where it writes, and how often it failed lately."""

    name: str
    command: list[str]
    log: Path
    environment: Mapping[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    started: float = 0.0
    failures: int = 0
    start_again: float | None = None

    def start(self) -> None:
        """Start the process at the head of a group of its own, so that Ctrl-C reaches it through us only."""
        self.log.parent.mkdir(parents=True, exist_ok=True)
        if self.log.exists() and self.log.stat().st_size > LOG_LIMIT:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                env={**os.environ, **self.environment},
                start_new_session=True,
                preexec_fn=end_with_parent,
            )
        self.started = time.monotonic()
        self.start_again = None

    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def ask_to_stop(self) -> None:
        if self.process is not None and self.running():
            self.process.terminate()

    def make_stop(self) -> None:
        """Kill what is left of the group: the process, and its own children if it could not see to them."""
        if self.process is not None:
            with suppress(ProcessLookupError, PermissionError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def last_words(self) -> str:
        """The end of the log, for a person."""
        try:
            with self.log.open(errors="replace") as lines:
                return "".join(f"    {line.rstrip()}\n" for line in deque(lines, maxlen=15))
        except OSError:
            return ""


def end_with_parent() -> None:
    """In a child, on Linux: be asked to end when the supervisor is killed and can ask no more."""
    if LIBC is not None:
        LIBC.prctl(1, signal.SIGTERM)  # PR_SET_PDEATHSIG


LIBC = ctypes.CDLL(None) if sys.platform == "linux" else None


class Supervisor:
    """Starts services, watches them, and stops them when a signal asks for it."""

    def __init__(
        self, services: list[Service], *, say: Callable[[str], None], before_start: Callable[[], None]
    ) -> None:
        """`before_start` is called before any restart; while it raises, the service stays down."""
        self.services = services
        self.say = say
        self.before_start = before_start
        self.stop_requested = threading.Event()
        self.asked_at = 0.0
        self.hurried = False

    def catch_signals(self) -> None:
        """From here on a signal asks for an orderly stop; one that comes a while later for a quick one."""
        for number in STOP_SIGNALS:
            signal.signal(number, self._on_signal)

    def _on_signal(self, number: int, frame: FrameType | None) -> None:
        # Where a whole group is signalled, make passes on what we got already: that is no second wish.
        self.hurried = self.stop_requested.is_set() and time.monotonic() - self.asked_at > SECOND_WISH
        if not self.stop_requested.is_set():
            self.asked_at = time.monotonic()
            self.stop_requested.set()

    def start(self) -> None:
        for service in self.services:
            service.start()

    def wait_until(self, ready: Callable[[], bool], *, patience: float) -> bool:
        """Wait until `ready`; False if it took too long or a stop was asked for. Raises ProcessFailed."""
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline and not self.stop_requested.is_set():
            for service in self.services:
                if not service.running():
                    raise ProcessFailed(
                        f"The {service.name} did not start. The end of {service.log}:\n{service.last_words()}"
                    )
            if ready():
                return True
            self.stop_requested.wait(0.1)
        return False

    def watch(self) -> None:
        """Keep everything running until a stop is asked for. Raises ProcessFailed when something cannot stay up."""
        while not self.stop_requested.wait(0.5):
            for service in self.services:
                if service.start_again is None and not service.running():
                    self._plan_restart(service)
                elif service.start_again is not None and time.monotonic() >= service.start_again:
                    try:
                        self.before_start()
                    except Exception as problem:  # noqa: BLE001  (whatever it is, we try again and say so)
                        self.say(f"The {service.name} cannot be started again yet: {problem}")
                        service.start_again = time.monotonic() + 5
                    else:
                        service.start()

    def _plan_restart(self, service: Service) -> None:
        process = service.process
        code = process.returncode if process is not None else None
        service.make_stop()
        service.failures = 1 if time.monotonic() - service.started > STEADY else service.failures + 1
        if service.failures >= MOST_FAILURES:
            raise ProcessFailed(
                f"The {service.name} ended {service.failures} times in a row (last with exit code {code}), so everything "
                f"stops. The end of {service.log}:\n{service.last_words()}"
            )
        pause = float(2 ** (service.failures - 1))
        service.start_again = time.monotonic() + pause
        self.say(f"The {service.name} ended unexpectedly (exit code {code}); it starts again in {pause:.0f} s.")

    def stop(self) -> None:
        """Ask every process to finish, wait, and kill what is left after the bound or a second signal."""
        for service in self.services:
            service.ask_to_stop()
        deadline = time.monotonic() + STOP_PATIENCE
        while any(service.running() for service in self.services):
            if self.hurried or time.monotonic() > deadline:
                break
            time.sleep(0.05)
        for service in self.services:
            if service.running():
                self.say(
                    f"The {service.name} did not finish in time and is ended; its tasks start over at the next start."
                )
            service.make_stop()
