"""Looking back and timelines in a real browser: with and without JavaScript, in both languages, on a desk and on a phone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from accounts.companies import Company, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor
from certification.maintenance.models import Maintenance
from certification.materials.models import Requirement
from certification.numbers.models import PhoneNumber
from certification.numbers.registry import reveal_number
from tests.cast import Cast, make_material
from tests.certification.maintenance.test_status import open_row
from tests.conftest import OpenWindow
from tests.journeys.test_licence import look, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

DAY = dt.timedelta(days=1)
WORDS = {
    "zh-CN": {
        "look_back": "查看过去某一时刻", "field": "查看当时的情况", "go": "查看", "now": "回到现在", "stopped": "维护中", "certified": "已认证",
        "then": "当时的情况", "error": "这不是有效的日期时间", "maintenance": "维护", "began": "维护开始：", "show": "显示完整号码",
    },
    "en": {
        "look_back": "Look back to an earlier moment", "field": "As it was on", "go": "Look back", "now": "Back to now",
        "stopped": "Under maintenance", "certified": "Certified", "then": "As it was on", "error": "This is no date and time",
        "maintenance": "Maintenance", "began": "Maintenance began", "show": "Show the whole number",
    },
}  # fmt: skip


def past(cast: Cast) -> dt.datetime:
    """A stop of the whole industry that is over, after which the company moved to another; returns a moment during it."""
    now = timezone.now()
    Company.objects.update(created_at=now - 30 * DAY)
    PhoneNumber.objects.update(created_at=now - 30 * DAY, lifecycle_since=now - 30 * DAY)
    row = open_row("data_sync", at=now - 5 * DAY, closed=now - 3 * DAY, scope="industry", industry=cast.clinic.industry)
    Maintenance.objects.filter(pk=row.pk).update(held_since=now - 6 * DAY)
    for requirement in Requirement.objects.filter(industry__code="catering").select_related("kind"):
        make_material(cast.clinic, requirement.kind.code, by=cast.owner)
    change_company_data(
        company=cast.clinic,
        values={"industry": Industry.objects.get(code="catering"), "name": "仁和餐饮"},
        actor=Actor.person(cast.lead),
        now=now - 2 * DAY,
        by_staff=True,
        reason="wrong industry",
    )
    reveal_number(number=cast.numbers[0], actor=Actor.person(cast.viewer), now=now - DAY)
    return now - 4 * DAY


@pytest.mark.parametrize(
    ("language", "width", "javascript"),
    [("zh-CN", 1280, True), ("zh-CN", 375, False), ("en", 1280, False), ("en", 375, True)],
)
def test_auditor_looks_back_at_numbers_and_companies(
    cast: Cast, open_window: OpenWindow, language: str, width: int, javascript: bool
) -> None:
    words, then = WORDS[language], past(cast)
    name = f"history-{language}-{width}"
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.auditor.email)
    page.goto("/staff/numbers/")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text(words["certified"])
    expect(rows.first).to_contain_text("仁和餐饮")

    page.get_by_text(words["look_back"]).click()
    zone = dt.timezone(dt.timedelta(hours=8))
    page.get_by_label(words["field"], exact=False).first.fill(f"{then.astimezone(zone):%Y-%m-%dT%H:%M}")
    page.get_by_role("button", name=words["go"], exact=True).click()
    page.wait_for_url("**/staff/numbers/?at=*")
    expect(page.get_by_role("status").filter(has_text=words["then"]).first).to_be_visible()
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text(words["stopped"])
    expect(rows.first).to_contain_text("仁和门诊部")
    look(page, f"{name}-numbers")

    rows.first.get_by_role("link").first.click()
    page.wait_for_url("**/staff/numbers/*/?at=*")
    expect(page.locator(".facts-card")).to_contain_text(words["stopped"])
    assert page.get_by_role("button", name=words["show"]).count() == 0
    look(page, f"{name}-number")
    page.get_by_role("link", name="仁和门诊部").first.click()
    page.wait_for_url("**/staff/companies/*/?at=*")
    expect(page.get_by_role("heading", level=1)).to_have_text("仁和门诊部")
    look(page, f"{name}-company")
    page.get_by_role("link", name=words["now"]).click()
    expect(page.get_by_role("heading", level=1)).to_have_text("仁和餐饮")

    page.goto("/staff/numbers/?at=yesterday")
    expect(page.get_by_text(words["error"]).first).to_be_visible()
    expect(page.locator("input[name=at]")).to_have_value("yesterday")
    look(page, f"{name}-error")


@pytest.mark.parametrize(("language", "width", "javascript"), [("zh-CN", 1280, True), ("en", 375, False)])
def test_member_reads_the_timeline_and_narrows_it(
    cast: Cast, open_window: OpenWindow, language: str, width: int, javascript: bool
) -> None:
    words = WORDS[language]
    past(cast)
    number = PhoneNumber.objects.get(pk=cast.numbers[0].pk)
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.viewer.email)
    for address in (f"/numbers/{number.ref}/", "/timeline/"):
        page.goto(address)
        timeline = page.locator("#timeline")
        expect(timeline).to_contain_text(words["began"])
        assert "lead" not in timeline.inner_text()
        timeline.get_by_role("link", name=words["maintenance"], exact=True).click()
        page.wait_for_url("**kind=maintenance*")
        expect(timeline.locator(".timeline-entry")).to_have_count(2)
        look(page, f"timeline-{language}-{width}-{'number' if 'numbers' in address else 'company'}")
        page.go_back()
        expect(timeline).to_contain_text("仁和餐饮")
