"""From signing up to a verified company, through a real browser and real mail."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.cache import cache

from accounts.companies import Company, CompanyState, Industry
from tests.cast import PASSWORD, credit_code

GOOD = "four words nobody guesses"


def sign_in(page: Any, address: str, password: str = PASSWORD) -> None:
    page.goto("/account/login/")
    page.locator("[name=login]").fill(address)
    page.locator("[name=password]").fill(password)
    page.locator("main button.btn-primary").click()


@pytest.mark.parametrize(
    ("language", "width", "javascript"), [("zh-CN", 1280, True), ("en", 375, True), ("zh-CN", 375, False)]
)
def test_newcomer_gets_a_company_verified(cast, open_window, mail_server, language, width, javascript):
    cache.clear()
    newcomer = open_window(language=language, width=width, javascript=javascript)
    newcomer.goto("/account/signup/")
    newcomer.locator("[name=name]").fill("Li Na")
    newcomer.locator("[name=email]").fill("li.na@example.com")
    newcomer.locator("[name=password1]").fill(GOOD)
    newcomer.locator("main button.btn-primary").click()
    newcomer.wait_for_url("**/account/confirm-email/")
    (mail,) = mail_server.to("li.na@example.com")
    text = mail.get_body(("plain",)).get_content()
    (link,) = re.findall(r"http\S+", text)
    newcomer.goto(link)
    newcomer.locator("main form button.btn-primary").click()
    sign_in(newcomer, "li.na@example.com", GOOD)
    newcomer.wait_for_url("**/companies/new/")

    newcomer.locator("main .form-actions button").click()
    newcomer.locator("[name=credit_code].is-invalid").wait_for()
    newcomer.locator("[name=name]").fill("春风诊所")
    newcomer.locator("[name=credit_code]").fill(credit_code(900001))
    newcomer.locator("[name=industry]").select_option(str(Industry.objects.get(code="medical").pk))
    newcomer.locator("[name=contact_phone]").fill("0571-87000000")
    newcomer.locator("main .form-actions button").click()
    newcomer.wait_for_url(re.compile(r"/companies/[0-9a-f]{12}/$"))
    assert Company.objects.get(name="春风诊所").state == CompanyState.PENDING

    reviewer = open_window(language=language, width=1280, javascript=javascript)
    sign_in(reviewer, "reviewer@example.com")
    reviewer.wait_for_url("**/staff/")
    reviewer.goto("/staff/queue/")
    reviewer.locator("tr", has_text="春风诊所").get_by_role("link").first.click()
    reviewer.locator("form[action$='/claim/'] button").click()
    reviewer.locator("a[href$='/decide/approved/']").first.click()
    reviewer.wait_for_url("**/decide/approved/")
    reviewer.locator("main form button.btn-primary").click()
    reviewer.locator("[name=confirm]").click()
    reviewer.locator("form[action$='/apply/'] button").click()
    reviewer.locator(".result-green").wait_for()
    assert Company.objects.get(name="春风诊所").state == CompanyState.VERIFIED

    newcomer.reload()
    verified = {"zh-CN": "已通过核验。", "en": "Verified."}[language]
    assert newcomer.locator(".status-sentence").inner_text() == verified
