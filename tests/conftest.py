"""What every test may ask for: the test database, a mail server, a running site, and a real browser to visit it with.

The people and companies that tests share are in `tests/cast.py`. This file is loaded before Django, so it is the place
that says which settings the tests run under.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

os.environ["PORTAL_MODE"] = "test"
os.environ["DJANGO_SETTINGS_MODULE"] = "portal.settings"

import django

django.setup()

# ruff: noqa: E402
import hypothesis
import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, Envelope, Session
from django.conf import settings as django_settings
from django.db import connection

from portal.catalogues import compile_catalogues
from tests.template_database import ensure_template

# Properties are about results; how long an example takes depends on who else uses the machine.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")

if TYPE_CHECKING:
    from playwright.sync_api import Browser, BrowserContext, Page
    from pytest_django import DjangoDbBlocker, Settings
    from pytest_django.live_server_helper import LiveServer

pytest_plugins = ["tests.cast"]

CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
CHROMIUM_OPTIONS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
NO_BROWSER = f"there is no Chromium at {CHROMIUM}"
IN_CI = os.environ.get("CI", "").lower() in {"1", "true", "yes"}
SCREENSHOTS = django_settings.VAR / "screenshots"
VIEWPORT_HEIGHTS = {1280: 800, 375: 812}


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("portal")
    group.addoption("--screenshots", action="store_true", help="keep a screenshot of every page a browser test ends on")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Whatever visits the site with a browser carries the marker `browser`, without having to say so."""
    for item in items:
        if "open_window" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.browser)


# --- Saying loudly what did not run ----------------------------------------------------------------------------------


def pytest_sessionstart(session: pytest.Session) -> None:
    if not hasattr(session.config, "workerinput"):  # once, before the workers read them
        list(compile_catalogues(Path(django_settings.LOCALE_PATHS[0])))
    if not CHROMIUM.exists() and not hasattr(session.config, "workerinput"):
        announce(["The browser tests will not run:", NO_BROWSER + ".", remedy()])


@pytest.hookimpl(trylast=True)
def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Repeat at the end, where it is seen, which browser tests were left out."""
    if hasattr(terminalreporter.config, "workerinput"):
        return
    left_out = sorted(
        report.nodeid
        for report in terminalreporter.stats.get("skipped", [])
        if NO_BROWSER in str(getattr(report, "longrepr", ""))
    )
    if left_out:
        shown = left_out[:40] + ([f"... and {len(left_out) - 40} more"] if len(left_out) > 40 else [])
        announce([f"{len(left_out)} browser tests did NOT run: {NO_BROWSER}.", remedy(), "", *shown])


def remedy() -> str:
    return "On Debian: apt-get install chromium fonts-noto-cjk. Elsewhere: CHROMIUM=/path/to/chromium make test"


def announce(lines: list[str]) -> None:
    width = max(map(len, lines))
    frame = "+" + "-" * (width + 2) + "+"
    print("", frame, *(f"| {line:<{width}} |" for line in lines), frame, sep="\n", file=sys.__stderr__, flush=True)


# --- Installations of their own ---------------------------------------------------------------------------------------


@pytest.fixture
def own_var() -> Iterator[Path]:
    """An empty PORTAL_VAR for a test that runs a whole installation.

    Not pytest's `tmp_path`: root's database server runs as another user, who must be let through, and every other
    pytest on the machine closes that folder again when it starts.
    """
    folder = Path(tempfile.mkdtemp(prefix="portal-test-"))
    folder.chmod(0o711)
    yield folder
    shutil.rmtree(folder, ignore_errors=True)


# --- The test database ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="session")
def django_db_modify_db_settings(
    django_db_modify_db_settings_parallel_suffix: None, django_db_blocker: DjangoDbBlocker
) -> None:
    """Each test process has a database of its own, copied from one template."""
    with django_db_blocker.unblock():
        connection.settings_dict["TEST"]["TEMPLATE"] = ensure_template(connection)


# --- Mail ------------------------------------------------------------------------------------------------------------


class MailServer:
    """A mail server that keeps what it is given, and refuses the addresses it is told to."""

    def __init__(self) -> None:
        self.messages: list[EmailMessage] = []
        self.refused: set[str] = set()
        self.host = "127.0.0.1"
        self.port = free_port()

    async def handle_RCPT(  # noqa: N802  (the name is aiosmtpd's)
        self, server: SMTP, session: Session, envelope: Envelope, address: str, rcpt_options: list[str]
    ) -> str:
        if address in self.refused:
            return "550 5.1.1 No such user here"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: SMTP, session: Session, envelope: Envelope) -> str:  # noqa: N802
        content = envelope.content
        assert isinstance(content, bytes)
        message = message_from_bytes(content, policy=policy.default)
        assert isinstance(message, EmailMessage)
        self.messages.append(message)
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        """What came for one address, oldest first."""
        return [message for message in self.messages if address in str(message["To"])]


@pytest.fixture
def mail_server(settings: Settings) -> Iterator[MailServer]:
    """A real SMTP server on a free port that Django sends to during this test."""
    server = MailServer()
    controller = Controller(server, hostname=server.host, port=server.port)
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = server.host, server.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    settings.EMAIL_HOST_USER = settings.EMAIL_HOST_PASSWORD = ""
    try:
        yield server
    finally:
        controller.stop()


def free_port() -> int:
    """A port that nobody listens on at this moment."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


# --- A running site and a browser ------------------------------------------------------------------------------------


@pytest.fixture
def site(live_server: LiveServer, django_db_serialized_rollback: None, settings: Settings) -> LiveServer:
    """The portal answering real requests during this test; what the migrations put in is there again afterwards."""
    settings.SITE_URL = live_server.url
    return live_server


@pytest.fixture(scope="session")
def chromium(django_db_setup: None) -> Iterator[Browser]:
    """One Chromium for the session. Where there is none the test is skipped, in CI it fails."""
    if not CHROMIUM.exists():
        (pytest.fail if IN_CI else pytest.skip)(f"{NO_BROWSER}. {remedy()}")
    # Playwright's loop runs in this thread, which Django would take for a reason to refuse the database.
    os.environ["DJANGO_ALLOW_ASYNC_UNSAFE"] = "true"
    from playwright.sync_api import sync_playwright

    # Beside that loop Django opens another connection object, which must know as well what the migrations put in.
    contents = getattr(connection, "_test_serialized_contents", None)
    with sync_playwright() as playwright:
        if contents is not None:
            connection._test_serialized_contents = contents  # type: ignore[attr-defined]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=CHROMIUM_OPTIONS)
        yield browser
        browser.close()


class OpenWindow(Protocol):
    """Opens a browser window of its own: no cookie is shared with another one."""

    def __call__(self, *, width: int = 1280, language: str = "zh-CN", javascript: bool = True) -> Page: ...


@pytest.fixture
def open_window(chromium: Browser, site: LiveServer, request: pytest.FixtureRequest) -> Iterator[OpenWindow]:
    """Opens windows onto the running site, 1280 or 375 pixels wide, in Chinese or English.

    What a person would not notice but a developer must fails the test at its end: an uncaught error in a script, a
    refusal by the content security policy, a request to another host. A failing test leaves screenshots of its pages
    in var/screenshots.
    """
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_one(*, width: int = 1280, language: str = "zh-CN", javascript: bool = True) -> Page:
        context = chromium.new_context(
            base_url=site.url,
            locale=language,
            viewport={"width": width, "height": VIEWPORT_HEIGHTS.get(width, 800)},
            has_touch=width < 600,
            java_script_enabled=javascript,
            timezone_id="Asia/Shanghai",
        )
        context.set_default_timeout(10_000)
        context.on("weberror", lambda fault: complaints.append(f"script error: {fault.error}"))
        context.on("console", lambda line: complaints.append(line.text) if is_policy_refusal(line.text) else None)
        context.on(
            "request", lambda sent: complaints.append(f"request to {sent.url}") if is_elsewhere(sent.url) else None
        )
        contexts.append(context)
        return context.new_page()

    def is_elsewhere(url: str) -> bool:
        return url.startswith(("http:", "https:")) and not url.startswith(site.url)

    yield open_one

    failed = getattr(request.node, "failed_call", False)
    pages = [page for context in contexts for page in context.pages]
    if failed or request.config.getoption("--screenshots"):
        SCREENSHOTS.mkdir(parents=True, exist_ok=True)
        name = re.sub(r"[^\w.-]+", "-", request.node.nodeid.removeprefix("tests/"))
        for count, page in enumerate(pages, start=1):
            page.screenshot(path=SCREENSHOTS / f"{name}-{count}.png", full_page=True)
    for context in contexts:
        context.close()
    if complaints and not failed:
        pytest.fail("The pages worked, but the browser reported:\n" + "\n".join(dict.fromkeys(complaints)))


def is_policy_refusal(text: str) -> bool:
    return "Content Security Policy" in text


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> Any:
    """Let fixtures see at their end whether the test itself failed."""
    report = yield
    if report.when == "call" and report.failed:
        item.failed_call = True  # type: ignore[attr-defined]
    return report
