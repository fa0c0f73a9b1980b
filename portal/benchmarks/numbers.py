"""P5, P7, P8: a page of a large company's numbers, a spreadsheet in, a spreadsheet out."""

from __future__ import annotations

import functools
import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any

import psutil
import python_calamine
import xlsxwriter
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.core.files.base import File
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.template import engines
from django.test import Client, override_settings
from django.urls import path
from django.utils import timezone, translation

from accounts.access import CompanyRole
from accounts.companies import Company
from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.users import User
from certification.numbers.exports.writing import rows as exported_rows
from certification.numbers.exports.writing import write
from certification.numbers.imports import intake
from certification.numbers.imports.run import run as run_import
from certification.numbers.listing import Filters
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from portal.benchmarks.data import FULL, database
from portal.benchmarks.registry import RUNS, Row, alternating, benchmark, limit, milliseconds, row, statements, undone
from portal.preparation import collect_assets

#: One of the companies with 50,000 numbers.
BIG_COMPANY = 1
ROWS = 50_000
#: MiB that a worker may use for an import (P7).
MEMORY = 300

BARE = """<!doctype html><title>Numbers</title><table>{% for number in numbers %}
<tr><td><a href="/numbers/{{ number.ref }}/">{{ number.number }}</a></td><td>{{ number.alias }}</td><td>{{ number.label }}</td>
<td>{{ number.get_lifecycle_display }}</td><td>{{ number.provider }}</td><td>{{ number.term_ends_at|date:"Y-m-d" }}</td></tr>{% endfor %}</table>"""


#: What Django gives every new project: a bare view of a signed-in person's rows runs behind it as well.
DJANGO_MIDDLEWARE = [
    "portal.benchmarks.numbers.bare_addresses",
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]


def bare_addresses(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Lets the bare client find the bare view, and nothing else."""

    def answer(request: HttpRequest) -> HttpResponse:
        request.urlconf = "portal.benchmarks.numbers"
        return get_response(request)

    return answer


@functools.cache
def bare_template() -> Any:
    """The plain template, compiled once."""
    return engines["django"].from_string(BARE)


@login_required
def bare_view(request: HttpRequest) -> HttpResponse:
    """What the page is compared with: the same fifty rows, from one query, through a plain template."""
    numbers = (
        PhoneNumber.objects.filter(company=BIG_COMPANY, released_at__isnull=True)
        .select_related("provider")
        .order_by("pk")[:50]
    )
    return HttpResponse(bare_template().render({"numbers": numbers}, request))


urlpatterns = [path("bare/", bare_view)]


@benchmark("P5")
def company_page() -> list[Row]:
    """A page of 50 of a company's 50,000 numbers, in every variant, against a bare view of the same rows."""
    collect_assets()
    result: list[Row] = []
    with database(FULL), undone():
        company = Company.objects.get(pk=BIG_COMPANY)
        user = User.objects.create_user("bench-page@bench.example")
        Membership.objects.create(user=user, company=company, role=CompanyRole.OWNER)
        client, bare = Client(), Client()
        client.force_login(user)
        bare.force_login(user)
        with override_settings(MIDDLEWARE=DJANGO_MIDDLEWARE):
            bare.handler.load_middleware()
        some = PhoneNumber.objects.filter(company=company).order_by("pk")[25_000]
        last = "/numbers/?last=1"
        page = client.get("/numbers/").content.decode()
        if 'href="?last' in page or "last=" in page:
            last = (
                "/numbers/?"
                + page.split("last=", 1)[0].rsplit("?", 1)[-1]
                + "last="
                + page.split("last=", 1)[1].split('"', 1)[0]
            )
        addresses = {
            "first page": "/numbers/",
            "filtered: certified": f"/numbers/?status={Lifecycle.CERTIFIED}",
            "filtered: expired": f"/numbers/?status={Lifecycle.EXPIRED}",
            "searched": f"/numbers/?q={some.number[-7:]}",
            "the last page": last.replace("&amp;", "&"),
        }

        def ask(address: str) -> Callable[[], object]:
            def work() -> object:
                response = client.get(address)
                assert response.status_code == 200, (address, response.status_code)
                return response

            return work

        def ask_bare() -> object:
            response = bare.get("/bare/")
            assert response.status_code == 200
            return response

        works: dict[str, Callable[[], object]] = {name: ask(address) for name, address in addresses.items()}
        figures = alternating({"bare": ask_bare, **works})
        first = figures["first page"]
        result.append(
            row(
                "P5",
                "50 of 50,000 numbers, against a bare view of the rows",
                value=first,
                reference=figures["bare"],
                bar=2.5,
            )
        )
        result += [
            row("P5", f"{name}, against the first page", value=figures[name], reference=first, bar=1.5)
            for name in addresses
            if name != "first page"
        ]
        result.append(limit("P5", "queries of the page", value=statements(ask("/numbers/")), bar=12, unit="queries"))
    return result


def workbook(folder: Path) -> Path:
    """A sheet of 50,000 new numbers with six columns."""
    target = folder / "numbers.xlsx"
    book = xlsxwriter.Workbook(str(target), {"constant_memory": True})
    sheet = book.add_worksheet()
    for column, title in enumerate(["号码", "显示名称", "大区", "城市", "门店", "备注"]):
        sheet.write_string(0, column, title)
    for index in range(ROWS):
        cells = [f"1990{2_000_000 + index:07d}", "好味快餐", "华北", "北京", f"门店{index % 400}", f"座席{index}"]
        for column, cell in enumerate(cells):
            sheet.write_string(index + 1, column, cell)
    book.close()
    return target


def read_and_copy(sheet: Path, company: Company, provider: Provider) -> None:
    """The reference: read the sheet with calamine, COPY its rows into the table of numbers."""
    cells = python_calamine.CalamineWorkbook.from_path(str(sheet)).get_sheet_by_index(0).to_python()
    now = timezone.now()
    statement = """COPY certification_phonenumber
        (company_id, number, kind, provider_id, label, alias, lifecycle, lifecycle_since, created_at) FROM STDIN"""
    with connection.cursor() as cursor, cursor.copy(statement) as copy:
        for line in cells[1:]:
            copy.write_row((company.pk, f"+86{line[0]}", "mobile", provider.pk, line[1], line[5], "draft", now, now))


@benchmark("P7")
def spreadsheet_in() -> list[Row]:
    """Import 50,000 numbers, confirmed to finished; and the memory of a process that does nothing else."""
    with tempfile.TemporaryDirectory() as folder, database(FULL):
        sheet = workbook(Path(folder))
        company, provider = Company.objects.get(pk=BIG_COMPANY), Provider.objects.earliest("pk")
        taken, references = [], []
        for _ in range(RUNS):
            with undone():
                import_id = prepared(sheet, company, provider)
                taken.append(milliseconds(lambda: run_import(import_id=import_id, now=timezone.now())))  # noqa: B023
            with undone():
                references.append(milliseconds(lambda: read_and_copy(sheet, company, provider)))
        peak = memory_of_import(sheet)
    return [
        row("P7", "import of 50,000 numbers, confirmed to finished", value=statistics.median(taken), reference=statistics.median(references), bar=4),
        limit("P7", "memory of a worker that reads, previews and imports them", value=peak, bar=MEMORY, unit="MiB"),
    ]  # fmt: skip


def prepared(sheet: Path, company: Company, provider: Provider) -> int:
    """An import that waits for its worker; returns its primary key."""
    now = timezone.now()
    with sheet.open("rb") as content:
        number_import = intake.take_in(
            company=company, file=File(content), name=sheet.name, provider=provider, group=None, user=None, now=now
        )  # fmt: skip
    intake.write_preview(number_import=number_import, columns=number_import.columns)
    intake.confirm(number_import=number_import, actor=Actor.command(), now=now, start=False)
    return number_import.pk


ALONE = """
import json, sys
from pathlib import Path
from django.utils import timezone
from accounts.companies import Company
from certification.numbers.imports.run import run
from certification.numbers.models import Provider
from portal.benchmarks.data import switch_to
from portal.benchmarks.numbers import BIG_COMPANY, peak_memory, prepared
from portal.benchmarks.registry import undone
switch_to(sys.argv_database)
with undone():
    import_id = prepared(Path(sys.argv_sheet), Company.objects.get(pk=BIG_COMPANY), Provider.objects.earliest("pk"))
    run(import_id=import_id, now=timezone.now())
print(json.dumps(peak_memory()))
"""


def memory_of_import(sheet: Path) -> float:
    """MiB that a process of its own uses at most for the whole import."""
    name = str(connection.settings_dict["NAME"])
    code = ALONE.replace("sys.argv_database", repr(name)).replace("sys.argv_sheet", repr(str(sheet)))
    done = subprocess.run(
        [sys.executable, str(settings.BASE_DIR / "manage.py"), "shell", "-v", "0", "-c", code],
        check=True, capture_output=True, text=True, env={**os.environ, "LOG_LEVEL": "ERROR"},
    )  # fmt: skip
    peak: float = json.loads(done.stdout.strip().splitlines()[-1])
    return peak


def peak_memory() -> float:
    """MiB that this process has used at most."""
    status = Path(f"/proc/{os.getpid()}/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    return float(psutil.Process().memory_info().rss) / 1024 / 1024


def export_to(file: IO[bytes], company: Company) -> None:
    """Write the company's numbers as the export job does."""
    for _done in write(file, exported_rows(company, Filters(), now=timezone.now()), file_format="xlsx"):
        pass


def plain_workbook(file: io.BytesIO, cells: list[list[str]]) -> None:
    """The reference: the same cells by xlsxwriter in constant memory."""
    book = xlsxwriter.Workbook(file, {"constant_memory": True})
    sheet = book.add_worksheet()
    for index, line in enumerate(cells):
        for column, cell in enumerate(line):
            sheet.write(index, column, cell)
    book.close()


@benchmark("P8")
def spreadsheet_out() -> list[Row]:
    """Export 50,000 numbers to xlsx."""
    with database(FULL), translation.override("zh-hans"):
        company = Company.objects.get(pk=BIG_COMPANY)
        cells: list[list[Any]] = list(exported_rows(company, Filters(), now=timezone.now()))
        taken, references = [], []
        for _ in range(RUNS):
            with tempfile.TemporaryFile() as file:
                start = time.perf_counter()
                export_to(file, company)
                taken.append((time.perf_counter() - start) * 1000)
            references.append(milliseconds(lambda: plain_workbook(io.BytesIO(), cells)))
    return [
        row(
            "P8",
            "export of 50,000 numbers",
            value=statistics.median(taken),
            reference=statistics.median(references),
            bar=2,
        )
    ]
