"""Runs the whole portal on one machine: `manage.py serve`, which is what `make demo` does."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import sys
import unicodedata
import urllib.error
import urllib.request
from argparse import ArgumentParser
from collections.abc import Callable
from io import StringIO
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.core.management.base import BaseCommand, CommandError
from django.db import connection, connections
from django_q.status import Stat

from portal.catalogues import CatalogueProblem
from portal.database import DatabaseProblem, ensure_database
from portal.preparation import prepare
from portal.supervisor import STOP_SIGNALS, ProcessFailed, Service, Supervisor

START_PATIENCE = 60.0


class Command(BaseCommand):
    help = "Prepare the database and the assets, then run web server and background queue until Ctrl-C."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--patience", type=float, default=30, help="seconds to wait for the database of DATABASE_URL (default: 30)"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        for number in STOP_SIGNALS:
            signal.signal(number, signal.default_int_handler)
        logging.getLogger("django-q").setLevel(logging.WARNING)  # this terminal is for people
        host, port = os.environ.get("HOST") or "127.0.0.1", port_wanted()
        try:
            refuse_busy_port(host, port)
            self.say("Preparing the database … 正在准备数据库 …")
            ensure_database(patience=options["patience"])
            prepare(say=self.say)
            logins = demonstration_logins() if settings.MODE == "demo" else []
        except (DatabaseProblem, CatalogueProblem) as problem:
            raise CommandError(str(problem)) from problem
        except KeyboardInterrupt:
            self.say("Stopped before anything was running. 已停止。")
            return
        finally:
            connections.close_all()
        self.run(host, port, logins)

    def run(self, host: str, port: int, logins: list[dict[str, str]]) -> None:
        """Run both processes until a signal; the exit code is 0 then, and 1 when one of them cannot stay up."""
        web, queue = services(host, port)
        supervisor = Supervisor([web, queue], say=self.say, before_start=database_answers)
        supervisor.catch_signals()
        try:
            supervisor.start()
            address = f"http://{reachable(host)}:{port}"
            if supervisor.wait_until(lambda: is_ready(address) and has_heartbeat(queue), patience=START_PATIENCE):
                self.say(welcome(address, logins))
            elif not supervisor.stop_requested.is_set():
                self.say(f"Running, but {address}/readyz does not report ready yet; the logs are in {web.log.parent}.")
            supervisor.watch()
        except ProcessFailed as problem:
            raise CommandError(str(problem)) from problem
        finally:
            self.say("Stopping: what is in progress may finish … 正在停止，进行中的任务将先完成 …")
            supervisor.stop()
            self.say("Stopped. 已停止。")

    def say(self, message: str) -> None:
        self.stdout.write(message)
        self.stdout.flush()


def port_wanted() -> int:
    """The port from PORT, 8000 without. Raises CommandError for what is no port."""
    text = os.environ.get("PORT") or "8000"
    if not text.isdecimal() or not 0 < int(text) < 65536:
        raise CommandError(f"PORT must be a number between 1 and 65535, not {text!r}.")
    return int(text)


def refuse_busy_port(host: str, port: int) -> None:
    """Raise CommandError where nobody can listen at this address, saying what to do."""
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind, protocol) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except PermissionError as problem:
        raise CommandError(
            f"Port {port} needs rights that this user does not have. Choose one from 1024 on: PORT=8001 make demo"
        ) from problem
    except OSError as problem:
        if isinstance(problem, socket.gaierror) or not port_is_taken(host, port):
            raise CommandError(f"The portal cannot listen on {host}:{port}: {problem}. Check HOST.") from problem
        raise CommandError(
            f"Port {port} is in use by another program (perhaps a portal that runs already: see "
            f"http://{reachable(host)}:{port}/). Stop that, or choose another port: PORT={port + 1} make demo"
        ) from problem


def port_is_taken(host: str, port: int) -> bool:
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as probe:
        probe.settimeout(2)
        return probe.connect_ex((reachable(host).strip("[]"), port)) == 0


def reachable(host: str) -> str:
    """How a browser on this machine names the host that we listen on."""
    named = {"0.0.0.0": "127.0.0.1", "": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104
    return f"[{named}]" if ":" in named and not named.startswith("[") else named


def services(host: str, port: int) -> tuple[Service, Service]:
    """The web server and the background queue, with their logs under `var/log`."""
    logs = Path(settings.VAR) / "log"
    environment = {"HOST": host, "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    root = Path(settings.BASE_DIR)
    configuration = str(root / "portal" / "gunicorn_configuration.py")
    web = [sys.executable, "-m", "gunicorn", "--chdir", str(root), "--config", configuration]
    queue = [sys.executable, str(root / "manage.py"), "qcluster"]
    return (
        Service("web server", web, logs / "web.log", environment),
        Service("background queue", queue, logs / "queue.log", environment),
    )


def database_answers() -> None:
    """Raise DatabaseProblem while the database does not answer: a queue whose first connection fails stays stuck."""
    try:
        ensure_database(patience=0)
    finally:
        connection.close()


def is_ready(address: str) -> bool:
    """Whether `/readyz` answers that the portal can serve."""
    try:
        with urllib.request.urlopen(f"{address}/readyz", timeout=5) as answer:  # noqa: S310  (our own address)
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def has_heartbeat(queue: Service) -> bool:
    """Whether the background queue that we started reports itself."""
    try:
        return queue.process is not None and any(stat.pid == queue.process.pid for stat in Stat.get_all())
    finally:
        connection.close()


def demonstration_logins() -> list[dict[str, str]]:
    """Have demonstration data where there is none yet; one login for each role."""
    output = StringIO()
    call_command("demo", "--json", stdout=output)
    logins: dict[str, dict[str, str]] = {}
    for login in json.loads(output.getvalue())["logins"]:
        logins.setdefault(login["role"], login)
    return list(logins.values())


def welcome(address: str, logins: list[dict[str, str]]) -> str:
    """What a person needs to begin: the address, and whom to sign in as."""
    lines = ["", f"  The portal is running. 门户已启动。  {address}/", ""]
    if logins:
        rows = [("Role 角色", "E-mail 邮箱", "Password 密码")]
        rows += [(login["role"], login["email"], login["password"]) for login in logins]
        widths = [max(columns(row[index]) for row in rows) for index in range(3)]
        rows.insert(1, ("-" * widths[0], "-" * widths[1], "-" * widths[2]))
        pad: Callable[[str, int], str] = lambda text, width: text + " " * (width - columns(text))  # noqa: E731
        lines += [
            "  " + "   ".join(pad(cell, widths[index]) for index, cell in enumerate(row)).rstrip() for row in rows
        ]
        lines += ["", f"  Mail that the portal sends is kept in {settings.EMAIL_FILE_PATH}. 门户发出的邮件保存在此。"]
    lines += [f"  Logs 日志: {Path(settings.VAR) / 'log'}", "  Ctrl-C stops everything. 按 Ctrl-C 停止。", ""]
    return "\n".join(lines)


def columns(text: str) -> int:
    """How many columns of a terminal the text takes."""
    return sum(2 if unicodedata.east_asian_width(character) in "WF" else 1 for character in text)
