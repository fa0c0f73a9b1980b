"""A company imports its list in a browser: bad file, columns, preview, a double click, progress that survives a reload."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from django_q.models import OrmQ
from playwright.sync_api import Page, expect

from certification.numbers.imports import run
from certification.numbers.models import NumberImport, PhoneNumber
from tests.cast import NOW, PASSWORD, Cast
from tests.certification.numbers.sheets import csv_bytes
from tests.conftest import OpenWindow
from tests.invariants import assert_invariants

HEADER = ("号码", "显示名称", "门店")


def sign_in(page: Page, email: str) -> None:
    page.goto("/account/login/")
    page.fill("[name=login]", email)
    page.fill("[name=password]", PASSWORD)
    page.press("[name=password]", "Enter")
    page.wait_for_url(re.compile(r"^(?!.*login).*$"))


def send(page: Page, path: Path) -> None:
    page.set_input_files("[name=file]", path)
    page.locator("main form.portal-form .btn-primary").click()


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }


@pytest.fixture
def sheet(tmp_path: Path) -> Path:
    rows = [(f"1990008{serial:04d}", "好味快餐", f"{serial % 3}店") for serial in range(60)]
    path = tmp_path / "号码.csv"
    path.write_bytes(csv_bytes([*rows, ("1990000", "好味快餐", "")], header=HEADER, encoding="gb18030"))
    return path


@pytest.mark.browser
@pytest.mark.parametrize(("width", "language"), [(1280, "zh-CN"), (375, "en")])
def test_company_imports_its_list(
    open_window: OpenWindow, cast: Cast, sheet: Path, tmp_path: Path, width: int, language: str, monkeypatch: Any
):
    page = open_window(width=width, language=language)
    sign_in(page, cast.stranger.email)
    page.goto("/numbers/")
    page.locator("main a[href='/numbers/import/']").first.click()

    empty = tmp_path / "empty.csv"
    empty.write_bytes(b"")
    page.select_option("[name=provider]", index=1)
    send(page, empty)
    expect(page.locator(".error-summary a")).to_be_visible()
    expect(page.locator("[name=provider] option:checked")).to_have_count(1)
    assert page.locator("[name=provider]").evaluate("select => select.selectedIndex") == 1
    assert re.match("错误|Error", page.title())

    send(page, sheet)
    page.wait_for_url("**/columns/")
    columns = page.url
    expect(page.locator("[name=number]")).to_have_value("0")
    expect(page.locator("[name=store]")).to_have_value("2")
    page.select_option("[name=alias]", "0")  # one column under two names
    page.locator("form.column-fields .btn-primary").click()
    expect(page.locator(".error-summary")).to_be_visible()
    expect(page.locator("[name=alias]")).to_have_value("0")
    page.select_option("[name=alias]", "")

    second = open_window(width=width, language=language)  # a bad second file in another window changes nothing here
    sign_in(second, cast.stranger.email)
    second.goto("/numbers/import/")
    send(second, empty)
    expect(second.locator(".error-summary")).to_be_visible()
    second.goto(columns)
    expect(second.locator("[name=store]")).to_have_value("2")

    page.locator("form.column-fields .btn-primary").click()
    page.wait_for_url(re.compile(r"/import/\w+/$"))
    expect(page.locator("#rows tbody tr")).to_have_count(50)
    assert not PhoneNumber.objects.filter(company=cast.shop).exists()
    page.locator(".problem-filter").first.click()
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#rows")).to_contain_text("1990000")

    page.locator(".confirm-bar .btn-primary").dblclick()
    expect(page.locator("progress")).to_be_visible()
    assert OrmQ.objects.count() == 1
    number_import = NumberImport.objects.get(confirmed_at__isnull=False)
    monkeypatch.setattr(run, "CHUNK", 20)
    run.take_chunk(import_id=number_import.pk, known={}, now=NOW)
    expect(page.locator(".progress-number")).to_have_text("33%", timeout=15_000)
    page.reload()
    expect(page.locator(".progress-number")).to_have_text("33%")
    run.run(import_id=number_import.pk, now=NOW)
    expect(page.locator("main")).to_contain_text("60", timeout=15_000)
    expect(page.locator("progress")).to_have_count(0)
    page.wait_for_load_state()
    with page.expect_download() as download:
        page.locator("a[href$='rejected.xlsx']").first.click()
    assert download.value.suggested_filename.endswith(".xlsx")
    assert PhoneNumber.objects.filter(company=cast.shop).count() == 60

    page.goto("/numbers/")
    expect(page.locator("tbody tr")).to_have_count(50)
    expect(page.locator(".tab-count").first).to_have_text("60")
    expect(page.locator("body")).to_be_focused()  # what loads by itself takes nobody's place
    page.locator("#id_q").fill("80059")
    expect(page.locator("tbody tr")).to_have_count(1)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert "q=80059" in page.url
    page.go_back()
    expect(page.locator("tbody tr")).to_have_count(50)
    assert_invariants()


@pytest.mark.browser
def test_import_works_without_javascript(open_window: OpenWindow, cast: Cast, sheet: Path):
    page = open_window(javascript=False)
    sign_in(page, cast.stranger.email)
    page.goto("/numbers/import/")
    send(page, sheet)
    page.wait_for_url("**/columns/")
    page.locator("form.column-fields .btn-primary").click()
    page.locator(".confirm-bar .btn-primary").click()
    expect(page.locator("progress")).to_be_visible()
    run.run(import_id=NumberImport.objects.get().pk, now=NOW)
    page.reload()
    expect(page.locator("h1")).to_have_text("导入完成")
    page.goto("/numbers/?q=80059")
    expect(page.locator("tbody tr")).to_have_count(1)
