"""Processes are kept running, given up loudly, and stopped without leaving anything behind."""

from __future__ import annotations

import os
import signal
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from portal.supervisor import MOST_FAILURES, ProcessFailed, Service, Supervisor

PATIENT = "import time; time.sleep(60)"
FINISHES_ITS_TASK = """
import signal, sys, time
def finish(*_):
    time.sleep(0.5); print('task finished', flush=True); sys.exit(0)
signal.signal(signal.SIGTERM, finish); print('up', flush=True); time.sleep(60)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)
"""
PARENT_OF_ONE = """
import subprocess, sys
child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)']); print(child.pid, flush=True); child.wait()
"""


class Watched(Supervisor):
    """A supervisor of one program, watched in a thread of its own."""

    def __init__(self, program: str, log: Path) -> None:
        self.service = Service("program", [sys.executable, "-c", program], log)
        self.said: list[str] = []
        super().__init__([self.service], say=self.said.append, before_start=lambda: None)
        self.failure: ProcessFailed | None = None
        self.watcher = threading.Thread(target=self._watch)

    def _watch(self) -> None:
        try:
            self.watch()
        except ProcessFailed as problem:
            self.failure = problem

    def wait_for(self, words: str) -> None:
        for _ in range(200):
            if self.service.log.exists() and words in self.service.log.read_text():
                return
            time.sleep(0.05)
        pytest.fail(f"{words!r} never appeared in the log")


@pytest.fixture
def watched(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Watched]:
    supervisor = Watched(request.param, tmp_path / "program.log")
    supervisor.start()
    supervisor.watcher.start()
    yield supervisor
    supervisor.stop_requested.set()
    supervisor.watcher.join()
    supervisor.stop()


@pytest.mark.parametrize("watched", [PATIENT], indirect=True)
def test_process_that_ends_is_started_again(watched: Watched):
    first = watched.service.process
    assert first is not None
    os.kill(first.pid, signal.SIGKILL)
    for _ in range(100):
        if watched.service.process is not first and watched.service.running():
            break
        time.sleep(0.05)
    assert watched.service.process is not first
    assert watched.service.running()
    assert watched.said == ["The program ended unexpectedly (exit code -9); it starts again in 1 s."]


@pytest.mark.parametrize("watched", ["print('broken'); raise SystemExit(3)"], indirect=True)
def test_process_that_cannot_stay_up_stops_everything_and_shows_its_log(watched: Watched):
    watched.service.failures = MOST_FAILURES - 1
    watched.watcher.join(timeout=10)
    assert watched.failure is not None
    assert "exit code 3" in str(watched.failure)
    assert "broken" in str(watched.failure)


@pytest.mark.parametrize("watched", [PARENT_OF_ONE], indirect=True)
def test_children_of_a_killed_process_end_before_it_is_started_again(watched: Watched):
    for _ in range(100):
        if watched.service.log.read_text().strip():
            break
        time.sleep(0.05)
    child = psutil.Process(int(watched.service.log.read_text().split()[0]))
    assert watched.service.process is not None
    os.kill(watched.service.process.pid, signal.SIGKILL)
    psutil.wait_procs([child], timeout=5)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE


@pytest.mark.parametrize("watched", [FINISHES_ITS_TASK], indirect=True)
def test_stop_lets_a_task_finish(watched: Watched):
    watched.wait_for("up")
    watched.stop_requested.set()
    watched.watcher.join()
    watched.stop()
    assert "task finished" in watched.service.log.read_text()
    assert watched.said == []


@pytest.mark.parametrize("watched", [DEAF], indirect=True)
def test_stop_ends_what_does_not_listen_after_the_bound(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("portal.supervisor.STOP_PATIENCE", 0.5)
    watched.wait_for("up")
    watched.stop_requested.set()
    watched.watcher.join()
    watched.stop()
    assert not watched.service.running()
    assert "did not finish in time" in watched.said[0]


@pytest.mark.parametrize("watched", [FINISHES_ITS_TASK], indirect=True)
def test_signal_that_arrives_twice_at_once_is_one_wish_to_stop(watched: Watched, monkeypatch: pytest.MonkeyPatch):
    watched.wait_for("up")
    for _ in range(2):
        watched._on_signal(signal.SIGTERM, None)
    assert watched.stop_requested.is_set()
    assert not watched.hurried
    monkeypatch.setattr("portal.supervisor.SECOND_WISH", 0.0)
    watched._on_signal(signal.SIGTERM, None)
    assert watched.hurried
