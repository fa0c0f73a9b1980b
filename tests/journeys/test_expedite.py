"""In a browser: a review is overdue, the company asks for it to go first, a lead grants it, it is decided next."""

from __future__ import annotations

import re

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.delivery import deliver
from accounts.journal import Actor
from appeals.expedite.models import ExpediteRequest
from appeals.expedite.requests import close_unneeded
from certification.maintenance.engine import tick
from certification.materials.models import Material
from tests.appeals.expedite.late import waiting_review
from tests.cast import Cast
from tests.conftest import MailServer, OpenWindow
from tests.invariants import assert_invariants
from tests.journeys.windows import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

WORDS = {
    "zh-CN": {
        "ask": "申请加急", "later": "已超过承诺时间", "with_lead": "主管处理中", "granted": "已批准加急", "expedited": "加急",
        "approve": "通过", "claim": "领取", "approved": "已通过", "not_yet": "可申请加急",
    },
    "en": {
        "ask": "Ask to", "later": "This is later than promised", "with_lead": "With the lead reviewer", "granted": "Granted",
        "expedited": "Expedited", "approve": "Approve", "claim": "Claim", "approved": "Approved", "not_yet": "you can ask to have it expedited",
    },
}  # fmt: skip


def fits(page: Page) -> None:
    """No page-level sideways scroll."""
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), page.url


def decide_first(page: Page, words: dict[str, str]) -> None:
    """Claim the case that is open, approve it, confirm what the company will read, and let it take effect at once."""
    page.get_by_role("button", name=words["claim"], exact=True).first.click()
    page.get_by_role("link", name=words["approve"], exact=True).first.click()
    page.locator("main form button.btn-primary, main form button.btn-success").first.click()
    page.locator("[name=confirm]").click()
    page.locator("#apply").click()
    page.locator(".result-green").wait_for()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_overdue_review_is_expedited_and_decided(
    cast: Cast, open_window: OpenWindow, mail_server: MailServer, language: str, width: int
) -> None:
    words = WORDS[language]
    for person in (cast.owner, cast.operator, cast.lead, cast.reviewer):
        person.language = "en" if language == "en" else "zh-hans"
        person.save(update_fields=["language"])
    older = waiting_review(cast, kind="number_ownership", days=9, now=timezone.now())
    late = waiting_review(cast, kind="statement_of_use", days=6, now=timezone.now())
    fresh = waiting_review(cast, kind="business_licence", days=1, now=timezone.now())
    material = {review: Material.objects.get(pk=review.subject_id).ref for review in (late, fresh)}

    company = open_window(width=width, language=language)
    sign_in(company, cast.operator)
    # Before it is late the page says from when; there is no button.
    company.goto(f"/materials/{material[fresh]}/")
    expect(company.locator("main")).to_contain_text(words["not_yet"])
    assert company.get_by_role("link", name=re.compile(words["ask"])).count() == 0
    company.goto(f"/expedite/new/?case={fresh.ref}")
    assert company.locator("main textarea").count() == 0

    tick(now=timezone.now())
    deliver(now=timezone.now())
    mail = mail_server.to(cast.owner.email)
    body = "".join(message.get_body(("plain",)).get_content() for message in mail)  # type: ignore[union-attr]
    assert f"/expedite/new/?case={late.ref}" in body

    company.goto(f"/materials/{material[late]}/")
    expect(company.locator("main")).to_contain_text(words["later"])
    fits(company)
    company.get_by_role("link", name=re.compile(words["ask"])).first.click()
    # Nothing entered: said beside the field. Then it is asked, once.
    company.locator("main form button.btn-primary").click()
    company.locator(".error-summary").wait_for()
    company.locator("[name=reason]").fill("门店电话无人接听，已影响预约。")
    company.locator("main form button.btn-primary").dblclick()
    company.wait_for_url(re.compile(r"/expedite/[0-9a-f]{12}/$"))
    expect(company.locator("main")).to_contain_text(words["with_lead"])
    fits(company)
    request_page = company.url
    assert ExpediteRequest.objects.count() == 1
    case = ExpediteRequest.objects.get().case
    assert case is not None

    # An ordinary reviewer sees it and cannot take it; the lead can, and grants it.
    reviewer = open_window(width=width, language=language)
    sign_in(reviewer, cast.reviewer)
    reviewer.goto(f"/staff/cases/{case.ref}/")
    expect(reviewer.locator("main")).to_contain_text("门店电话无人接听")
    assert reviewer.get_by_role("button", name=words["claim"], exact=True).count() == 0
    fits(reviewer)
    lead = open_window(width=width, language=language)
    sign_in(lead, cast.lead)
    lead.goto(f"/staff/cases/{case.ref}/")
    decide_first(lead, words)

    late.refresh_from_db()
    assert late.is_expedited
    company.goto(request_page)
    expect(company.locator("main")).to_contain_text(words["granted"])
    company.goto(f"/materials/{material[late]}/")
    expect(company.locator("main")).to_contain_text(words["expedited"])

    # It is first in the queue, before one that is later still; the next free reviewer gets it and decides.
    reviewer.goto("/staff/queue/")
    refs = reviewer.locator("a.reference").all_inner_texts()
    assert [ref.strip() for ref in refs] == [late.ref, older.ref, fresh.ref]
    expect(reviewer.locator("main")).to_contain_text(words["expedited"])
    fits(reviewer)
    reviewer.goto(f"/staff/cases/{late.ref}/")
    expect(reviewer.locator("main")).to_contain_text(words["expedited"])
    decide_first(reviewer, words)
    late.refresh_from_db()
    assert late.decision == "approved"
    company.goto(f"/materials/{material[late]}/")
    expect(company.locator("main")).to_contain_text(words["approved"])
    assert close_unneeded(now=timezone.now(), actor=Actor.engine()) == 0
    assert_invariants()
