"""A licence that runs out is renewed in a browser: one document, one date, nothing chosen twice."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from django.utils import timezone

from certification.materials.models import Material
from certification.reviews.models import Review
from tests.cast import Cast
from tests.certification.materials import papers
from tests.journeys.windows import sign_in

WORDS = {
    "zh-CN": {
        "renew": "续期",
        "submit": "提交审核",
        "past": "该日期已过",
        "wrong": "不是 PDF、JPEG 或 PNG 文件",
        "received": "已收到",
        "kept": "licence.pdf",
        "error": "错误：",
    },
    "en-GB": {
        "renew": "Renew",
        "submit": "Submit for review",
        "past": "This day is past",
        "wrong": "is not a PDF, JPEG or PNG",
        "received": "Received",
        "kept": "licence.pdf",
        "error": "Error: ",
    },
}


@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
@pytest.mark.parametrize("width", [1280, 375])
def test_material_renewal_keeps_what_was_uploaded_and_ends_on_a_result(
    open_window, cast: Cast, tmp_path: Path, width, language
):
    words = WORDS[language]
    today = cast.clinic.today(timezone.now())
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=today + dt.timedelta(days=10)
    )
    old = Material.objects.get(company=cast.clinic, kind__code="medical_practice_licence")
    good, bad = tmp_path / "licence.pdf", tmp_path / "letter.txt"
    good.write_bytes(papers.pdf())
    bad.write_text("words")

    page = open_window(width=width, language=language)
    sign_in(page, cast.operator)
    page.goto("/materials/")
    page.get_by_role("link", name=words["renew"]).first.click()
    page.wait_for_url(f"**/materials/{old.ref}/renew/")

    # A bad second file and a date that is past: both are said, the first file is kept.
    page.locator("[name=documents]").set_input_files([good, bad])
    page.locator("[name=expires_on]").fill((today - dt.timedelta(days=1)).isoformat())
    page.get_by_role("button", name=words["submit"]).click()
    summary = page.locator(".error-summary")
    summary.wait_for()
    assert words["past"] in summary.inner_text()
    assert words["wrong"] in summary.inner_text()
    assert page.title().startswith(words["error"])
    assert words["kept"] in page.locator("main").inner_text()
    assert page.evaluate("document.documentElement.scrollWidth") <= width

    page.locator("[name=expires_on]").fill((today + dt.timedelta(days=375)).isoformat())
    page.get_by_role("button", name=words["submit"]).click()
    page.wait_for_url("**/result/")
    assert words["received"] in page.locator("main").inner_text()
    new = Material.objects.get(company=cast.clinic, kind__code="medical_practice_licence", version=2)
    assert page.url.endswith(f"/materials/{new.ref}/result/")
    assert new.ref in page.locator("main").inner_text()
    assert (new.state, new.files.count(), new.expires_on) == ("submitted", 1, today + dt.timedelta(days=375))
    page.reload()
    assert Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").count() == 2
    assert Review.objects.get(subject="material", subject_id=new.pk).state == "open"
    assert page.evaluate("document.documentElement.scrollWidth") <= width
