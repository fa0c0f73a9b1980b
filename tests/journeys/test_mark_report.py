"""A company reports a mark that it has seen, with a screenshot; a reviewer confirms it; in a real browser, also without scripts."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.files.storage import FileSystemStorage
from playwright.sync_api import expect

from appeals.marks.models import Mark
from certification.numbers.shapes import mask_number
from tests.cast import Cast
from tests.certification.materials import papers
from tests.conftest import OpenWindow
from tests.invariants import assert_invariants
from tests.journeys.test_accessibility import violations
from tests.journeys.windows import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

SUBMIT = "main form.portal-form .btn-primary"
WORDS = {"zh-CN": ("企业上报", "百度"), "en": ("Reported by the company", "Baidu")}


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> None:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": f"{FileSystemStorage.__module__}.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }


@pytest.mark.parametrize(
    ("width", "language", "javascript"), [(1280, "zh-CN", True), (375, "en", True), (375, "en", False)]
)
def test_company_reports_a_mark_and_a_reviewer_confirms_it(
    open_window: OpenWindow, cast: Cast, tmp_path: Path, width: int, language: str, javascript: bool
) -> None:
    number = cast.numbers[0]
    reported, platform = WORDS[language]
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.operator)
    page.goto(f"/numbers/{number.ref}/")
    page.locator("#health a[href*='/marks/report/']").click()
    expect(page.locator("[name=number_text]")).to_have_value(mask_number(number.number))

    # A program that calls itself a picture is refused; what was typed stays.
    program, picture = tmp_path / "program.png", tmp_path / "屏幕截图.png"
    program.write_bytes(b"MZ\x90\x00 not a picture")
    picture.write_bytes(papers.picture("PNG"))
    page.select_option("[name=platform]", label=platform)
    page.select_option("[name=label]", "harassment")
    page.locator("[name=people]").fill("27")
    page.set_input_files("[name=documents]", program)
    page.locator(SUBMIT).click()
    expect(page.locator(".error-summary a")).to_be_visible()
    expect(page.locator("[name=people]")).to_have_value("27")
    assert not Mark.objects.exists()
    if javascript:
        assert violations(page) == []
    page.set_input_files("[name=documents]", picture)
    page.locator(SUBMIT).dblclick()
    expect(page.locator("main")).to_contain_text(reported)
    expect(page.locator("main img.mark-screenshot")).to_be_visible()
    if javascript:
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert violations(page) == []
    mark = Mark.objects.get()
    assert (mark.is_confirmed, mark.sightings.count()) == (False, 1)

    reviewer = open_window(width=width, language=language, javascript=javascript)
    sign_in(reviewer, cast.reviewer)
    reviewer.goto("/staff/marks/")
    reviewer.locator("#results a[href*='/staff/marks/']").first.click()
    expect(reviewer.locator("main img.mark-screenshot")).to_be_visible()
    reviewer.locator("form[action$='/confirm/'] button").click()
    expect(reviewer.locator("form[action$='/confirm/']")).to_have_count(0)
    page.goto(f"/numbers/{number.ref}/")
    expect(page.locator("#health .health-marks li")).to_have_count(1)
    expect(page.locator("#health")).not_to_contain_text(reported)
    assert_invariants()
