"""The calendar in a real browser: without JavaScript, in both languages, on a desk and on a phone."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.working_days import end_of_day
from certification.reviews.models import Review
from tests.cast import Cast, make_material, make_number
from tests.certification.calendar.conftest import make_plan
from tests.conftest import OpenWindow
from tests.journeys.test_licence import look, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

WORDS = {
    "zh-CN": {"make": "生成链接", "revoke": "停用链接", "revoked": "链接已失效。", "next": "下个月", "agenda": "日程", "prefer": "推荐提交日"},
    "en": {"make": "Make a link", "revoke": "Revoke the link", "revoked": "The link no longer works.", "next": "Month after", "agenda": "Agenda", "prefer": "Prefer for handing in"},
}  # fmt: skip


def fill_next_month(cast: Cast) -> str:
    """Plans, ends of validity, and a year of decisions; returns the month."""
    zone = cast.clinic.zone
    first = (cast.clinic.today(timezone.now()).replace(day=1) + dt.timedelta(days=32)).replace(day=1)

    def at(day: int, hour: int) -> dt.datetime:
        return dt.datetime.combine(first.replace(day=day), dt.time(hour), zone)

    make_plan(at(3, 2), at(3, 5), cause="routine_window")
    make_plan(at(10, 2), at(10, 5), cause="routine_window")
    make_plan(at(8, 22), at(11, 22), scope="provider", provider=cast.numbers[0].provider, suspends_display=True)
    make_plan(
        at(14, 9), at(18, 9), cause="model_upgrade", title_zh="模型升级（第三季度版本）", title_en="Model upgrade"
    )
    make_plan(at(16, 9), at(17, 9), scope="company", company=cast.shop, title_zh="别人的", title_en="Somebody else's")
    make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=first.replace(day=20))
    make_number(cast.clinic, term_ends_at=end_of_day(first.replace(day=28), zone))
    make_number(cast.clinic, term_ends_at=end_of_day(first.replace(day=28), zone))
    for number in range(60):
        day = (2, 7, 11, 19, 20, 21)[number % 6]
        opened = (at(1, 9) - dt.timedelta(days=70)).replace(day=day)
        Review.objects.create(
            kind="material", company=cast.clinic, subject="material", subject_id=90_000 + number, submitted_by=cast.owner,
            opened_at=opened, due_from=opened, due_at=opened, state="decided", decision="approved", decision_text="OK",
            decided_by=cast.reviewer, decided_at=opened + dt.timedelta(hours=20 + number + (40 if day < 12 else 0)),
        )  # fmt: skip
    return f"{first:%Y-%m}"


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("zh-CN", 375), ("en", 1280), ("en", 375)])
def test_calendar_is_read_and_linked_without_javascript(cast: Cast, open_window: OpenWindow, language, width):
    words, month = WORDS[language], fill_next_month(cast)
    page = open_window(width=width, language=language, javascript=False)
    sign_in(page, cast.owner.email)
    page.goto("/calendar/")
    page.get_by_role("link", name=words["next"]).click()
    page.wait_for_url(f"**/calendar/?view=month&month={month}")
    expect(page.locator(".cal-month")).to_be_visible(visible=width == 1280)
    expect(page.locator(".cal-agenda")).to_be_visible(visible=width == 375)
    assert page.get_by_text("别人的").count() == page.get_by_text("Somebody else's").count() == 0
    look(page, f"calendar-{language}-{width}-month")
    page.get_by_role("link", name=words["agenda"], exact=True).click()
    expect(page.locator(".cal-agenda")).to_be_visible()
    expect(page.get_by_text(words["prefer"])).to_be_visible()
    look(page, f"calendar-{language}-{width}-agenda")
    page.get_by_role("button", name=words["make"]).click()
    address = page.locator("#calendar-address").input_value()
    look(page, f"calendar-{language}-{width}-link")
    path = "/calendar/" + address.partition("/calendar/")[2]
    assert Client().get(path).status_code == 200
    page.reload()
    assert page.locator("#calendar-address").count() == 0
    page.get_by_role("button", name=words["revoke"]).click()
    expect(page.get_by_text(words["revoked"])).to_be_visible()
    assert Client().get(path).status_code == 404


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_staff_read_the_calendar_of_everything(cast: Cast, open_window: OpenWindow, language, width):
    month = fill_next_month(cast)
    page = open_window(width=width, language=language)
    sign_in(page, cast.auditor.email)
    page.goto(f"/staff/calendar/?month={month}")
    expect(
        page.get_by_text("别人的" if language == "zh-CN" else "Somebody else's").locator("visible=true").first
    ).to_be_visible()
    look(page, f"calendar-staff-{language}-{width}")
