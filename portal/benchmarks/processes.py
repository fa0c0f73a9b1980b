"""What running the portal costs: P14 (second start), P15 (what a page weighs), P18 (memory of all processes).

Each starts the portal as `make demo` does, with an installation of its own under `var/bench-demo`.
"""

from __future__ import annotations

import gzip
import http.client
import re
import signal
import socket
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from http.cookies import SimpleCookie
from pathlib import Path
from typing import Any
from urllib.parse import urlencode, urlsplit

import psutil
from django.conf import settings

from portal.benchmarks.registry import Row, benchmark, limit, own_installation, row

START_LIMIT = 10.0  # seconds, P14
FIRST_LOAD_LIMIT, LATER_LIMIT = 150.0, 25.0  # KiB compressed, P15
REST_LIMIT, GROWTH_LIMIT = 700.0, 1.2  # MiB and factor, P18
STARTS = 5
REQUESTS, TASKS = 10_000, 10_000


@dataclass
class Portal:
    """A portal that is running."""

    process: subprocess.Popen[str]
    port: int
    #: Seconds from the start of the command to the first page.
    seconds: float
    environment: dict[str, str]


def free_port() -> int:
    """A port on the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def running_portal() -> Iterator[Portal]:
    """Start the portal, wait for its first page, stop it as Ctrl-C does."""
    port = free_port()
    environment = {**own_installation(), "PORT": str(port)}
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, str(Path(settings.BASE_DIR) / "manage.py"), "serve"],
        env=environment,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        while not answers(port):
            if process.poll() is not None:
                raise RuntimeError(f"The portal stopped with exit code {process.returncode} before its first page.")
            time.sleep(0.05)
        yield Portal(process, port, time.monotonic() - began, environment)
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def answers(port: int) -> bool:
    """Whether the sign-in page comes."""
    try:
        return get(port, "/account/login/")[0] == 200
    except OSError:
        return False


def get(
    port: int, path: str, cookies: str = "", method: str = "GET", body: str | None = None
) -> tuple[int, bytes, Any]:
    """One request: status, body as it travelled (compressed), headers."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    headers = {"Accept-Encoding": "br, gzip", "Cookie": cookies, "Accept-Language": "zh-CN"}
    if body is not None:
        headers["Content-Type"] = "application/x-www-form-urlencoded"
        headers["Origin"] = f"http://127.0.0.1:{port}"
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response.status, content, response.headers


def sign_in(portal: Portal) -> str:
    """The cookies of the demonstration's owner."""
    password = (Path(portal.environment["PORTAL_VAR"]) / "demo-password").read_text()
    _status, _page, headers = get(portal.port, "/account/login/")
    jar = SimpleCookie()
    for line in headers.get_all("Set-Cookie") or []:
        jar.load(line)
    token = jar["csrftoken"].value
    form = urlencode({"login": "owner@demo.example", "password": password, "csrfmiddlewaretoken": token})
    _status, _page, headers = get(portal.port, "/account/login/", f"csrftoken={token}", "POST", form)
    for line in headers.get_all("Set-Cookie") or []:
        jar.load(line)
    return "; ".join(f"{name}={morsel.value}" for name, morsel in jar.items())


@benchmark("P14")
def second_start() -> list[Row]:
    """P14: from the command to the first page, on an installation that exists."""
    with running_portal():
        pass  # the first start makes the installation
    seconds = []
    for _ in range(STARTS):
        with running_portal() as portal:
            seconds.append(portal.seconds)
    return [
        limit("P14", "second start until the first page", value=statistics.median(seconds), bar=START_LIMIT, unit="s")
    ]


@benchmark("P15")
def weight() -> list[Row]:
    """P15: what a first visit and a later page weigh, compressed, with everything they ask for."""
    with running_portal() as portal:
        _status, page, headers = get(portal.port, "/account/login/")
        plain = uncompressed(page, headers)
        assets = re.findall(rb'(?:href|src)="(/static/[^"]+)"', plain)
        foreign = [
            url
            for url in re.findall(rb'(?:href|src)="(https?://[^"]+)"', plain)
            if urlsplit(url.decode()).hostname != "127.0.0.1"
        ]
        first = len(page) + sum(len(get(portal.port, asset.decode())[1]) for asset in set(assets))
        cookies = sign_in(portal)
        later = max(
            len(get(portal.port, path, cookies)[1]) for path in ("/", "/numbers/", "/materials/", "/applications/")
        )
    return [
        limit("P15", "first load, compressed", value=first / 1024, bar=FIRST_LOAD_LIMIT, unit="KiB"),
        limit("P15", "later page, the largest of four", value=later / 1024, bar=LATER_LIMIT, unit="KiB"),
        limit("P15", "requests to other hosts", value=len(foreign), bar=0, unit="requests"),
    ]


def uncompressed(body: bytes, headers: Any) -> bytes:
    """The page's text."""
    return gzip.decompress(body) if headers.get("Content-Encoding") == "gzip" else body


def memory(process: subprocess.Popen[str]) -> float:
    """MiB of the portal's processes without PostgreSQL: private memory, and shared memory once (proportional set size)."""
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    own = [one for one in family if "postgres" not in one.name()]
    return sum(one.memory_full_info().pss for one in own) / 1024 / 1024


@benchmark("P18")
def memory_of_all() -> list[Row]:
    """P18: memory at rest, and after ten thousand requests and ten thousand tasks."""
    with running_portal() as portal:
        cookies = sign_in(portal)
        time.sleep(5)
        rest = memory(portal.process)
        with ThreadPoolExecutor(8) as pool:
            list(pool.map(lambda number: get(portal.port, ("/", "/numbers/")[number % 2], cookies)[0], range(REQUESTS)))
        enqueue = f"from django_q.tasks import async_task\nfor _ in range({TASKS}): async_task('time.sleep', 0)"
        manage = str(Path(settings.BASE_DIR) / "manage.py")
        subprocess.run(
            [sys.executable, manage, "shell", "-v", "0", "-c", enqueue], env=portal.environment, check=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        waiting = "from django_q.models import OrmQ\nprint(OrmQ.objects.count())"
        for _ in range(120):
            left = subprocess.run(
                [sys.executable, manage, "shell", "-v", "0", "-c", waiting], env=portal.environment, check=True, capture_output=True, text=True,
            )  # fmt: skip
            if left.stdout.strip() == "0":
                break
            time.sleep(1)
        after = memory(portal.process)
    return [
        limit("P18", "memory of all processes at rest", value=rest, bar=REST_LIMIT, unit="MiB"),
        row("P18", "after 10,000 requests and 10,000 tasks", value=after, reference=rest, bar=GROWTH_LIMIT, unit="MiB"),
    ]
