"""`manage.py serve` from the outside: what it refuses and how, and one whole life from start to stop."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import psutil
import pytest
from django.conf import settings

from portal.embedded.server import EmbeddedServer
from tests.conftest import free_port


def environment(var: Path, **more: str) -> dict[str, str]:
    inherited = {key: value for key, value in os.environ.items() if key not in {"DATABASE_URL", "HOST", "PORTAL_MODE"}}
    return {**inherited, "PORTAL_VAR": str(var), "PORT": str(free_port()), "PYTHONUNBUFFERED": "1", **more}


def serve(var: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Run it to its end, which must come soon."""
    return subprocess.run(
        [sys.executable, "manage.py", "serve", "--patience", "0"],
        cwd=settings.BASE_DIR,
        env=environment(var, **more),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def assert_refused(done: subprocess.CompletedProcess[str], *words: str) -> None:
    """It ended with 1 and a paragraph that holds the words; no traceback."""
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    for word in words:
        assert word in done.stderr


def test_port_in_use_is_told_with_a_way_out(own_var: Path):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        assert_refused(serve(own_var, PORT=str(port)), f"Port {port} is in use", f"PORT={port + 1} make demo")
    assert not (own_var / "postgres").exists(), "the port is looked at before anything is started"


def test_port_that_is_none_is_told(own_var: Path):
    assert_refused(serve(own_var, PORT="eighty"), "eighty")
    assert_refused(serve(own_var, PORT="70000"), "between 1 and 65535")


def test_database_that_does_not_answer_is_told_with_a_way_out(own_var: Path):
    url = f"postgres://portal:secret@127.0.0.1:{free_port()}/portal"
    done = serve(own_var, DATABASE_URL=url)
    assert_refused(done, "DATABASE_URL", "Check that PostgreSQL runs there")
    assert "secret" not in done.stdout + done.stderr


def test_malformed_database_url_is_told(own_var: Path):
    assert_refused(serve(own_var, DATABASE_URL="mysql://somewhere/portal"), "DATABASE_URL must look like")


@pytest.mark.slow
def test_whole_life_from_first_start_to_the_stop_that_leaves_nothing(own_var: Path):
    settings_of_life = environment(own_var)
    running = subprocess.Popen(
        [sys.executable, "manage.py", "serve"],
        cwd=settings.BASE_DIR,
        env=settings_of_life,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        said = read_until(running, "The portal is running")
        children = psutil.Process(running.pid).children(recursive=True)
        assert any("gunicorn" in " ".join(child.cmdline()) for child in children)
        assert any("qcluster" in " ".join(child.cmdline()) for child in children)
        with urllib.request.urlopen(f"http://127.0.0.1:{settings_of_life['PORT']}/", timeout=10) as page:
            assert page.status == 200
            assert page.headers["X-Request-Id"]

        running.send_signal(signal.SIGTERM)
        said += running.communicate(timeout=60)[0]
        assert running.returncode == 0, said
        assert psutil.wait_procs(children, timeout=5)[1] == []
        assert EmbeddedServer(own_var / "postgres")._postmaster() is None
    finally:
        running.kill()
        running.wait()
        EmbeddedServer(own_var / "postgres").stop()


def read_until(process: subprocess.Popen[str], words: str) -> str:
    """What it printed up to the line with the words."""
    assert process.stdout is not None
    said, deadline = "", time.monotonic() + 300
    while words not in said and time.monotonic() < deadline:
        line = process.stdout.readline()
        assert line, f"It ended early:\n{said}"
        said += line
    assert words in said
    return said
