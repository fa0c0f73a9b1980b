"""Marks, complaints and appeals on timelines, the queue and a maintenance as they were, and previews, in a real browser."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.companies import Company
from accounts.journal import Actor
from appeals.cases.clearance import set_platform
from appeals.cases.conversation import say_as_company, say_as_staff
from appeals.cases.models import PlatformState
from certification.maintenance.engine import tick
from certification.maintenance.models import MaintenanceCause
from certification.maintenance.plans import end_plan, post_update
from certification.materials.models import MaterialKind
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewKind
from tests.appeals.cases.conftest import store
from tests.appeals.cases.making import claim, decide, lock, mark, sent
from tests.cast import Cast
from tests.certification.calendar.conftest import founded_long_ago
from tests.certification.reviews.test_clocks import open_one, plan
from tests.conftest import OpenWindow
from tests.journeys.test_accessibility import violations
from tests.journeys.test_licence import look, sign_in

__all__ = ["store"]

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)
WINDOWS = [("zh-CN", 1280, True), ("en", 375, False)]
WORDS = {
    "zh-CN": {
        "look_back": "查看过去某一时刻", "field": "查看当时的情况", "go": "查看", "claim": "领取", "nobody": "当时没有待审事项", "running": "进行中",
        "ended": "已结束", "marks": "号码标记", "complaints": "投诉", "appeals": "申诉", "came": "被标记", "six": "共 6 次投诉",
        "upheld": "申诉成立", "cleared": "标记已清除", "continue": "其他影响", "lacks": "缺少",
    },
    "en": {
        "look_back": "Look back to an earlier moment", "field": "As it was on", "go": "Look back", "claim": "Claim",
        "nobody": "Nothing was waiting then", "running": "Running", "ended": "Ended", "marks": "Marks", "complaints": "Complaints",
        "appeals": "Appeals", "came": "marked", "six": "6 complaints on", "upheld": "Upheld", "cleared": "Mark cleared",
        "continue": "What else it touches", "lacks": "lacks",
    },
}  # fmt: skip


def local(moment: dt.datetime) -> str:
    """As the control of the browser takes it."""
    return f"{moment.astimezone(dt.timezone(dt.timedelta(hours=8))):%Y-%m-%dT%H:%M}"


def seen(page: Page, name: str, javascript: bool) -> None:
    """Keep a picture, refuse sideways scrolling and, where scripts run, what axe finds."""
    look(page, name)
    assert not javascript or violations(page) == []


def eventful(cast: Cast, now: dt.datetime) -> None:
    """A number that was marked, complained of, locked, and whose appeal was upheld, days ago."""
    founded_long_ago(cast.clinic)
    PhoneNumber.objects.update(created_at=now - 300 * DAY)
    number, start = cast.numbers[0], now - 6 * DAY
    mark(number, "360", "baidu", now=start)
    lock(cast.numbers[1], now=start)
    appeal, review = sent(cast, platforms=["360", "baidu"], now=start + HOUR)
    by = Actor.person(cast.reviewer)
    say_as_staff(
        appeal=appeal, review=review, reviewer=cast.reviewer, actor=by, text="请补充通话记录。", submission=uuid.uuid4(), asks=True,
        now=start + 2 * HOUR,
    )  # fmt: skip
    say_as_company(
        appeal=appeal, text="已附上。", files=[], submission=uuid.uuid4(), by=cast.operator, actor=Actor.person(cast.operator),
        now=start + 3 * HOUR,
    )  # fmt: skip
    for row in appeal.platforms.all():
        set_platform(
            row=row, to=PlatformState.CLEARED, note="", review=review, reviewer=cast.reviewer, actor=by, now=start + 5 * HOUR
        )  # fmt: skip
    decide(review, cast.reviewer, Decision.APPROVED, text="通话均为就诊提醒。", now=start + DAY)


@pytest.mark.parametrize(("language", "width", "javascript"), WINDOWS)
def test_member_reads_what_befell_a_number_from_outside(
    cast: Cast, open_window: OpenWindow, language: str, width: int, javascript: bool
) -> None:
    words = WORDS[language]
    eventful(cast, timezone.now())
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.viewer.email)
    page.goto(f"/numbers/{cast.numbers[0].ref}/")
    timeline = page.locator("#timeline")
    for kind, text in (("marks", "came"), ("appeals", "upheld")):
        timeline.get_by_role("link", name=words[kind], exact=True).click()
        page.wait_for_url(f"**kind={kind.removesuffix('s')}*")
        expect(timeline).to_contain_text(words[text])
        seen(page, f"work-{language}-{width}-{kind}", javascript)
    expect(timeline).to_contain_text(words["cleared"])
    page.goto("/timeline/")
    seen(page, f"work-{language}-{width}-company", javascript)
    timeline.get_by_role("link", name=words["complaints"], exact=True).click()
    page.wait_for_url("**kind=complaint*")
    expect(timeline).to_contain_text(words["six"])
    timeline.get_by_role("link", name="199****").first.click()
    page.wait_for_url(f"**/numbers/{cast.numbers[1].ref}/")


@pytest.mark.parametrize(("language", "width", "javascript"), WINDOWS)
def test_auditor_looks_back_at_the_queue_and_at_a_maintenance(
    cast: Cast, open_window: OpenWindow, language: str, width: int, javascript: bool
) -> None:
    words, now = WORDS[language], timezone.now()
    eventful(cast, now)
    held = claim(open_one(cast.clinic, ReviewKind.COMPANY, at=now - 5 * DAY), cast.reviewer, now=now - 5 * DAY)
    desk.cancel(
        subject=held.subject, subject_id=held.subject_id, actor=Actor.person(cast.lead), now=now - DAY, reason="x"
    )
    by: dict[str, Any] = {"planner": cast.operations, "actor": Actor.person(cast.operations)}
    sync = plan(cast, "data_sync", start=now - 5 * DAY, days=3, now=now - 9 * DAY, ends_by_plan=False)
    post_update(plan=sync, text_zh="准备就绪。", text_en="Ready.", now=now - 6 * DAY, **by)
    tick(now=now - 5 * DAY)
    post_update(plan=sync, text_zh="已完成一半。", text_en="Half done.", now=now - 3 * DAY, **by)
    end_plan(plan=sync, achieved_zh="误标减半", achieved_en="Half the marks", now=now - 2 * DAY, **by)
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.auditor.email)

    page.goto("/staff/queue/")
    assert held.ref not in page.content()
    page.get_by_text(words["look_back"]).click()
    page.get_by_label(words["field"], exact=False).first.fill(local(now - 4 * DAY))
    page.get_by_role("button", name=words["go"], exact=True).click()
    page.wait_for_url("**/staff/queue/?at=*")
    row = page.locator("tbody tr").filter(has_text=held.ref)
    expect(row).to_contain_text("reviewer")
    expect(page.locator("#results").get_by_role("button", name=words["claim"])).to_have_count(0)
    seen(page, f"work-{language}-{width}-queue", javascript)
    page.goto("/staff/queue/?at=2019-05-03")
    expect(page.get_by_text(words["nobody"])).to_be_visible()
    seen(page, f"work-{language}-{width}-queue-empty", javascript)

    page.goto(f"/staff/plans/?at={local(now - 4 * DAY)}")
    page.locator("tbody").get_by_role("link").first.click()
    page.wait_for_url("**/maintenance/*/?at=*")
    expect(page.locator(".facts-card")).to_contain_text(words["running"])
    content = page.content()
    assert "已完成一半" not in content
    assert "Half done" not in content
    seen(page, f"work-{language}-{width}-maintenance", javascript)
    page.get_by_role("link", name="回到现在" if language == "zh-CN" else "Back to now").click()
    expect(page.locator(".facts-card")).to_contain_text(words["ended"])


@pytest.mark.parametrize(("language", "width", "javascript"), WINDOWS)
def test_policy_reads_the_same_four_things_before_a_requirement_and_a_plan(
    cast: Cast, open_window: OpenWindow, language: str, width: int, javascript: bool
) -> None:
    words, now = WORDS[language], timezone.now()
    MaintenanceCause.objects.filter(code="regulatory_material").update(defers=["number_change"])
    open_one(cast.clinic, ReviewKind.NUMBER_CHANGE, at=now)
    day = timezone.localdate() + 30 * DAY
    met = plan(cast, "data_sync", start=now + 33 * DAY, days=1, now=now)
    page = open_window(width=width, language=language, javascript=javascript)
    sign_in(page, cast.policy.email)
    page.goto("/staff/rules/announce/")
    page.locator("[name=kind]").select_option(str(MaterialKind.objects.get(code="radiology_licence").pk))
    page.locator("[name=industry]").select_option(str(cast.clinic.industry_id))
    page.locator("[name=effective_from]").fill(day.isoformat())
    page.locator("[name=cause]").select_option(str(MaintenanceCause.objects.get(code="regulatory_material").pk))
    page.locator("[name=notice_zh]").fill("须备案")
    page.locator("[name=notice_en]").fill("To be filed")
    page.locator("main form button.btn-primary").click()
    expect(page.get_by_text(words["continue"])).to_be_visible()
    expect(page.locator(f"main a[href='/maintenance/{met.ref}/']")).to_be_visible()
    seen(page, f"work-{language}-{width}-requirement", javascript)
    page.locator("button[name=confirm]").click()
    page.wait_for_url("**/staff/rules/**")

    page.goto("/staff/plans/new/")
    page.locator("[name=cause]").select_option(str(MaintenanceCause.objects.get(code="regulatory_material").pk))
    page.locator("[name=scope][value=industry]").check()
    page.locator("[name=industry]").select_option(str(cast.clinic.industry_id))
    page.locator("[name=planned_start]").fill(local(now + 31 * DAY))
    page.locator("[name=planned_end]").fill(local(now + 35 * DAY))
    page.locator("main form button.btn-primary").first.click()
    expect(page.get_by_text(words["lacks"]).first).to_be_visible()
    seen(page, f"work-{language}-{width}-plan", javascript)
    assert not Review.objects.filter(company__in=Company.objects.filter(pk=cast.shop.pk)).exists()
