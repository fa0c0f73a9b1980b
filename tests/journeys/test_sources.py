"""Operations connect a source and take in its files in a real browser: key, rotation, revocation; complaints, then marks."""

from __future__ import annotations

import datetime as dt
import re
from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from django.utils import timezone
from django_q.models import OrmQ
from playwright.sync_api import Page, expect

from accounts.journal import Actor
from accounts.working_days import CHINA
from appeals.complaints.imports.kind import COMPLAINT_IMPORTS
from appeals.complaints.locks import open_lock_of
from appeals.complaints.models import Complaint, SourceKey
from appeals.complaints.sources import create_source
from appeals.event_imports import run
from appeals.event_imports.kinds import ImportKind
from appeals.marks.imports.kind import MARK_IMPORTS
from appeals.marks.models import Mark, UnknownMark
from certification.numbers.shapes import mask_number
from tests.cast import Cast
from tests.certification.numbers.sheets import csv_bytes, xlsx_bytes
from tests.conftest import OpenWindow
from tests.invariants import assert_invariants
from tests.journeys.test_accessibility import violations
from tests.journeys.windows import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

SIZES = pytest.mark.parametrize(("width", "language"), [(1280, "zh-CN"), (375, "en")])
#: What the pages say, by the window's language.
WORDS = {
    "zh-CN": {"counted": "6 条已计数", "noted": "已记录 3 条", "came back": "再次出现"},
    "en": {"counted": "6 counted", "noted": "3 noted", "came back": "Came back"},
}
SUBMIT = "main form.portal-form .btn-primary"


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": f"{FileSystemStorage.__module__}.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }


def fits(page: Page) -> None:
    """The page needs no scrolling to the side and violates nothing that axe sees."""
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert violations(page) == []


def issued_key(page: Page) -> str:
    """The key that the page shows, this once."""
    shown = page.locator("#new-key")
    expect(shown).to_be_visible()
    key: str = shown.inner_text()
    page.reload()
    expect(page.locator("#new-key")).to_have_count(0)
    assert key not in page.content()
    return key


def call(page: Page, key: str, number: str, event: str) -> int:
    """A source's call with that key; the status of the answer."""
    at = timezone.now().astimezone(CHINA).isoformat()
    answer = page.request.post(
        "/api/v1/complaints",
        headers={"Authorization": f"Bearer {key}"},
        data={"events": [{"id": event, "number": number, "at": at, "category": "other"}]},
    )
    return int(answer.status)


def send(page: Page, path: Path, source: str) -> None:
    """Choose whose file it is, and send it."""
    page.select_option("[name=source]", label=source)
    page.set_input_files("[name=file]", path)
    page.locator(SUBMIT).click()


def take_in(page: Page, kind: ImportKind, path: Path, source: str, rows: int) -> None:
    """From the file by way of columns and preview to the result, with a double click and a reload in between."""
    send(page, path, source)
    page.wait_for_url("**/columns/")
    fits(page)
    page.locator("form.column-fields .btn-primary").click()
    page.wait_for_url(re.compile(r"/import/\w+/$"))
    expect(page.locator("#rows tbody tr")).to_have_count(rows)
    fits(page)
    page.locator("#rows a[href*='show=invalid']").click()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    jobs = OrmQ.objects.count()
    page.locator(".confirm-bar .btn-primary").dblclick()
    expect(page.locator("progress")).to_be_visible()
    assert OrmQ.objects.count() == jobs + 1
    page.reload()
    expect(page.locator("progress")).to_be_visible()
    run.run(kind=kind, import_id=kind.imports.objects.get(state="queued").pk, now=timezone.now())
    expect(page.locator("progress")).to_have_count(0, timeout=15_000)
    page.wait_for_load_state()
    fits(page)
    with page.expect_download() as download:
        page.locator("a[href$='rejected.csv']").click()
    assert "bad" in Path(download.value.path()).read_text("utf-8-sig")


@SIZES
def test_operations_connect_a_source_and_its_file_locks_a_number(
    open_window: OpenWindow, cast: Cast, tmp_path: Path, width: int, language: str
) -> None:
    number = cast.numbers[0]
    page = open_window(width=width, language=language)
    sign_in(page, cast.operations)

    # A source; its key is shown once.
    page.goto("/staff/complaints/")
    page.locator("main a[href='/staff/complaints/sources/']").first.click()
    page.locator(SUBMIT).click()
    expect(page.locator(".error-summary")).to_be_visible()
    page.locator("[name=name]").fill("12321 举报中心")
    page.locator(SUBMIT).click()
    expect(page.locator("h1")).to_have_text("12321 举报中心")
    page.locator(SUBMIT).dblclick()
    first = issued_key(page)
    assert SourceKey.objects.count() == 1  # a double click is one key
    fits(page)
    assert call(page, first, number.number, "a") == 200

    # Rotated: both keys work while the source changes over.
    page.locator(SUBMIT).click()
    second = issued_key(page)
    assert first != second
    assert [call(page, first, number.number, "b"), call(page, second, number.number, "c")] == [200, 200]
    old = SourceKey.objects.earliest("pk")
    assert old.expires_at is not None
    page.reload()
    expect(page.locator("tbody tr", has_text=str(old))).to_contain_text(f"{old.expires_at.astimezone(CHINA):%H:%M}")

    # Revoked: the old key is refused at once, the new one is not.
    page.locator("tbody tr", has_text=str(old)).locator("a.btn-outline-danger").click()
    page.locator("main form .btn-danger").click()
    expect(page.locator("h1")).to_have_text("12321 举报中心")
    assert [call(page, first, number.number, "d"), call(page, second, number.number, "c")] == [401, 200]
    assert Complaint.objects.count() == 3

    # The file: six complaints of yesterday, one about nobody's number, one that cannot be read.
    yesterday = cast.clinic.today(timezone.now()) - dt.timedelta(days=1)
    rows = [(f"f{hour}", number.number, f"{yesterday} {9 + hour:02d}:20", "诈骗") for hour in range(6)]
    rows += [("u", "13912345678", f"{yesterday} 10:00", "骚扰"), ("bad", "12", f"{yesterday} 10:00", "骚扰")]
    path = tmp_path / "投诉.csv"
    path.write_bytes(csv_bytes(rows, header=("编号", "被投诉号码", "投诉时间", "类别"), encoding="gb18030"))
    page.goto("/staff/complaints/")
    page.locator("main a[href='/staff/complaints/import/']").first.click()
    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    send(page, empty, "12321 举报中心")
    expect(page.locator(".error-summary a")).to_be_visible()
    expect(page.locator("[name=source] option:checked")).to_have_text("12321 举报中心")
    take_in(page, COMPLAINT_IMPORTS, path, "12321 举报中心", rows=8)
    expect(page.locator("main")).to_contain_text(WORDS[language]["counted"])

    # The locked number shows up for staff, and for its company.
    page.locator("main a[href='/staff/complaints/locks/']").first.click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    expect(page.locator("#results")).to_contain_text(mask_number(number.number))
    fits(page)
    assert open_lock_of(number) is not None
    company = open_window(width=width, language=language)
    sign_in(company, cast.owner)
    company.goto(f"/numbers/{number.ref}/")
    expect(company.locator("main")).to_contain_text({"zh-CN": "已锁定", "en": "locked"}[language])
    assert_invariants()


@SIZES
def test_operations_take_in_marks_and_the_number_shows_them(
    open_window: OpenWindow, cast: Cast, tmp_path: Path, width: int, language: str
) -> None:
    number = cast.numbers[0]
    create_source(name="360 标记库", actor=Actor.person(cast.operations), now=timezone.now(), by=cast.operations)
    day = cast.clinic.today(timezone.now())
    rows = [
        (number.number, "360", f"{day - dt.timedelta(days=40)} 10:00", "诈骗", 120, ""),
        (number.number, "360", f"{day - dt.timedelta(days=20)} 10:00", "", "", "是"),
        (number.number, "360", f"{day - dt.timedelta(days=2)} 10:00", "骚扰", 30, ""),
        ("13912345678", "百度", f"{day - dt.timedelta(days=2)} 10:00", "广告", 5, ""),
        ("bad", "360", f"{day}", "诈骗", 1, ""),
    ]
    path = tmp_path / "标记.xlsx"
    path.write_bytes(xlsx_bytes(rows, header=("号码", "标记平台", "标记时间", "标记类型", "标记人数", "已清除")))
    page = open_window(width=width, language=language)
    sign_in(page, cast.operations)
    page.goto("/staff/marks/")
    page.locator("main a[href='/staff/marks/import/']").first.click()
    take_in(page, MARK_IMPORTS, path, "360 标记库", rows=5)
    expect(page.locator("main")).to_contain_text(WORDS[language]["noted"])
    page.locator("main .btn-primary[href*='/staff/marks/']").click()
    expect(page.locator("#results tbody tr")).to_have_count(1)
    page.locator("main a[href='/staff/marks/unknown/']").click()
    expect(page.locator("tbody tr")).to_have_count(1)
    fits(page)
    assert UnknownMark.objects.get().dialled == "+8613912345678"
    assert Mark.objects.get().episodes == 2

    # A reviewer looks at the number, and notes that another platform marks it.
    reviewer = open_window(width=width, language=language)
    sign_in(reviewer, cast.reviewer)
    reviewer.goto(f"/staff/numbers/{number.ref}/")
    expect(reviewer.locator("#health")).to_contain_text(WORDS[language]["came back"])
    reviewer.locator("#health a[href*='/staff/marks/new/']").click()
    expect(reviewer.locator("[name=number_text]")).to_have_value(mask_number(number.number))
    reviewer.select_option("[name=platform]", label={"zh-CN": "百度", "en": "Baidu"}[language])
    reviewer.select_option("[name=label]", "advertising")
    reviewer.locator(SUBMIT).click()
    expect(reviewer.locator("h1")).to_contain_text({"zh-CN": "百度", "en": "Baidu"}[language])
    fits(reviewer)

    # The company finds both on its number.
    company = open_window(width=width, language=language)
    sign_in(company, cast.owner)
    company.goto(f"/numbers/{number.ref}/")
    expect(company.locator("#health .health-marks li")).to_have_count(2)
    fits(company)
    assert_invariants()


def test_files_are_taken_in_without_javascript(open_window: OpenWindow, cast: Cast, tmp_path: Path) -> None:
    create_source(name="360 标记库", actor=Actor.person(cast.operations), now=timezone.now(), by=cast.operations)
    rows = [(cast.numbers[0].number, "360", "2026-01-02 10:00")]
    path = tmp_path / "标记.csv"
    path.write_bytes(csv_bytes(rows, header=("号码", "平台", "时间")))
    page = open_window(javascript=False)
    sign_in(page, cast.operations)
    page.goto("/staff/marks/import/")
    send(page, path, "360 标记库")
    page.locator("form.column-fields .btn-primary").click()
    page.locator(".confirm-bar .btn-primary").click()
    run.run(kind=MARK_IMPORTS, import_id=MARK_IMPORTS.imports.objects.get().pk, now=timezone.now())
    page.reload()
    expect(page.locator("h1")).to_have_text("导入完成")
    assert Mark.objects.count() == 1
