"""Apply, be returned for correction, correct, be approved, be certified: clicked through in a real browser."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client

from accounts.users import User
from certification.applications.models import Application
from certification.numbers.models import Lifecycle, PhoneNumber
from tests.cast import Cast
from tests.certification.applications.making import draft_numbers, prove_numbers
from tests.certification.applications.test_lifecycle import replay_journal

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import OpenWindow

WORDS = {
    "zh-CN": {
        "new": "新建申请",
        "start": "开始",
        "add_all": "添加全部 2 个号码",
        "continue": "继续",
        "save": "保存并继续",
        "nobody_else": "法定代表人",
        "submit": "提交",
        "again": "重新提交",
        "submitted": "申请已提交",
        "claim": "领取",
        "return": "退回补正",
        "purpose": "致电用途",
        "purpose_reason": "号码用途说明不清楚",
        "preview": "预览",
        "confirm": "确认决定",
        "apply": "立即生效",
        "english": "The purpose of the calls is not clear",
        "correct": "去修改",
        "check": "检查并提交",
        "approve": "通过",
        "certified": "已认证",
        "approved": "申请已通过。",
    },
    "en-GB": {
        "new": "New application",
        "start": "Start",
        "add_all": "Add all 2 numbers",
        "continue": "Continue",
        "save": "Save and continue",
        "nobody_else": "The legal representative",
        "submit": "Submit",
        "again": "Submit again",
        "submitted": "Application submitted",
        "claim": "Claim",
        "return": "Return for correction",
        "purpose": "Purpose of the calls",
        "purpose_reason": "The purpose of the calls is not clear",
        "preview": "Preview",
        "confirm": "Confirm the decision",
        "apply": "Apply now",
        "english": "号码用途说明不清楚",
        "correct": "Correct this",
        "check": "Check and submit",
        "approve": "Approve",
        "certified": "Certified",
        "approved": "It has been approved.",
    },
}


def sign_in(page: Page, user: User, address: str) -> None:
    """Give the window a session of the person, as signing in does."""
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])


def keep_picture(page: Page, name: str, wanted: bool) -> None:
    """Keep a picture of a page on the way, where pictures were asked for."""
    if wanted:
        folder = settings.VAR / "screenshots"
        folder.mkdir(parents=True, exist_ok=True)
        page.screenshot(path=folder / f"application-{name}.png", full_page=True)


def no_sideways_scroll(page: Page) -> None:
    """(35): the page is as wide as the window."""
    wide = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    assert wide <= 0, f"{page.url} scrolls sideways by {wide} px"


@pytest.mark.parametrize("width", [1280, 375])
@pytest.mark.parametrize("language", ["zh-CN", "en-GB"])
def test_application_from_draft_to_certificate(
    open_window: OpenWindow,
    cast: Cast,
    live_server: object,
    language: str,
    width: int,
    request: pytest.FixtureRequest,
) -> None:
    words = WORDS[language]
    address = str(live_server)
    pictures = bool(request.config.getoption("--screenshots"))
    numbers = draft_numbers(cast, 2)
    prove_numbers(cast, numbers)
    company, staff = open_window(width=width, language=language), open_window(width=width, language=language)
    sign_in(company, cast.operator, address)
    sign_in(staff, cast.reviewer, address)

    def seen(page: Page, name: str) -> None:
        no_sideways_scroll(page)
        keep_picture(page, f"{language}-{width}-{name}", pictures)

    def button(page: Page, name: str) -> None:
        page.get_by_role("button", name=name, exact=True).first.click()

    # The company applies, one question a step.
    company.goto("/applications/")
    seen(company, "01-empty")
    company.get_by_role("link", name=words["new"]).first.click()
    company.wait_for_url("**/applications/new/")
    seen(company, "02-new")
    button(company, words["start"])
    company.wait_for_url("**/edit/")
    seen(company, "03-steps")
    application = Application.objects.get()
    company.goto(f"/applications/{application.ref}/edit/numbers/")
    seen(company, "04-numbers")
    button(company, words["add_all"])
    company.wait_for_load_state()
    company.get_by_role("link", name=words["continue"]).first.click()
    company.get_by_label(words["nobody_else"], exact=True).check()
    seen(company, "05-applicant")
    button(company, words["save"])
    company.wait_for_url("**/purpose/")
    company.get_by_role("textbox").last.fill("提醒患者")
    button(company, words["save"])
    company.wait_for_url("**/script/")
    company.get_by_role("textbox").last.fill("您好，这里是仁和门诊部，提醒您明天上午九点就诊。")
    button(company, words["save"])
    company.wait_for_url("**/materials/")
    seen(company, "06-materials")
    button(company, words["continue"])
    company.wait_for_url("**/check/")
    seen(company, "07-check")
    button(company, words["submit"])
    company.wait_for_url("**/result/")
    assert company.get_by_role("heading", name=words["submitted"]).is_visible()
    seen(company, "08-result")

    # A reviewer claims it, and returns the purpose with a reason.
    staff.goto("/staff/queue/")
    seen(staff, "09-queue")
    staff.get_by_role("button", name=re.compile(f"^{words['claim']} ")).first.click()
    staff.wait_for_url("**/staff/cases/**")
    seen(staff, "10-case")
    staff.get_by_role("link", name=words["return"]).click()
    staff.get_by_label(words["purpose"], exact=True).check()
    row = staff.get_by_role("group", name=words["purpose"], exact=True)
    row.get_by_role("combobox").select_option(label=words["purpose_reason"])
    seen(staff, "11-return")
    button(staff, words["preview"])
    staff.get_by_text(words["english"]).first.wait_for()
    seen(staff, "12-preview")
    button(staff, words["confirm"])
    staff.wait_for_url("**/decided/")
    seen(staff, "13-decided")
    button(staff, words["apply"])
    staff.locator(".result-green").wait_for()

    # The company corrects what was returned, and only that.
    company.goto(f"/applications/{application.ref}/")
    seen(company, "14-returned")
    company.goto(f"/applications/{application.ref}/edit/")
    assert company.get_by_text(words["purpose_reason"]).first.is_visible()
    seen(company, "15-corrections")
    company.get_by_role("link", name=re.compile(words["correct"])).first.click()
    company.get_by_role("textbox").last.fill("提醒已预约的患者按时就诊，仅限工作日白天。")
    button(company, words["save"])
    company.wait_for_url("**/edit/")
    company.get_by_role("link", name=words["check"]).first.click()
    button(company, words["again"])
    company.wait_for_url("**/result/")

    # It is approved, and the numbers are certified.
    staff.goto("/staff/queue/")
    staff.get_by_role("button", name=re.compile(f"^{words['claim']} ")).first.click()
    staff.wait_for_url("**/staff/cases/**")
    seen(staff, "16-second-case")
    staff.get_by_role("link", name=words["approve"], exact=True).click()
    button(staff, words["preview"])
    button(staff, words["confirm"])
    staff.wait_for_url("**/decided/")
    button(staff, words["apply"])
    staff.locator(".result-green").wait_for()
    company.goto(f"/applications/{application.ref}/")
    assert company.get_by_text(words["approved"]).first.is_visible()
    seen(company, "17-approved")
    application.refresh_from_db()
    states = set(PhoneNumber.objects.filter(applications__application=application).values_list("lifecycle", flat=True))
    assert (application.state, states) == ("approved", {Lifecycle.CERTIFIED})
    replay_journal(application)
