"""The calendar in a real browser: without JavaScript, in both languages, on a desk and on a phone."""

from __future__ import annotations

import datetime as dt

import icalendar
import pytest
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.journal import Actor
from accounts.working_days import end_of_day
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import cancel_plan, create_plan, move_end
from certification.reviews.models import Review
from tests.cast import Cast, add_member, make_company, make_material, make_number, make_user, meet_requirements
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


def event_of(address: str, plan: Maintenance) -> icalendar.Event:
    """The plan's event, as a calendar program that subscribed to the address reads it."""
    body = Client().get("/calendar/" + address.partition("/calendar/")[2]).content
    calendar = icalendar.Calendar.from_ical(body)
    assert isinstance(calendar, icalendar.Calendar)
    assert not any(event.errors for event in calendar.walk("VEVENT"))
    (event,) = [event for event in calendar.events if str(event["UID"]).startswith(f"plan-{plan.ref}")]
    return event


def next_summer_time(now: dt.datetime) -> dt.datetime:
    """When the clocks of New York go forward next, a week from now at the earliest: 02:00 becomes 03:00."""
    for year in (now.year, now.year + 1):
        sunday = next(dt.date(year, 3, day) for day in range(8, 15) if dt.date(year, 3, day).weekday() == 6)
        change = dt.datetime.combine(sunday, dt.time(7), dt.UTC)
        if change > now + dt.timedelta(days=7):
            return change
    raise AssertionError("every year has a second Sunday of March")


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_subscribed_calendar_follows_a_plan_that_moves_and_is_cancelled(
    cast: Cast, open_window: OpenWindow, language: str, width: int
) -> None:
    """A company in New York, and a plan over the night in which its clocks change."""
    words = WORDS[language]
    harbour = make_company("Harbour Clinic", time_zone="America/New_York")
    captain = add_member(harbour, make_user("captain"))
    meet_requirements(harbour, by=captain)
    number = make_number(harbour)
    number.refresh_from_db()
    now, by = timezone.now(), Actor.person(cast.operations)
    change = next_summer_time(now)
    draft = PlanDraft(
        cause=MaintenanceCause.objects.get(code="data_sync"),
        scope="provider",
        provider=number.provider,
        planned_start=change - dt.timedelta(hours=4),
        planned_end=change + dt.timedelta(hours=2),
    )
    plan = create_plan(draft=draft, planner=cast.operations, actor=by, now=now)
    plan.refresh_from_db()

    page = open_window(width=width, language=language)
    sign_in(page, captain.email)
    page.goto(f"/calendar/?view=agenda&month={change:%Y-%m}")
    agenda = page.locator(".cal-agenda")
    expect(agenda).to_contain_text("22:00")
    expect(agenda).to_contain_text("05:00")  # five hours on the clock later: six and a skipped one
    look(page, f"calendar-dst-{language}-{width}")
    page.get_by_role("button", name=words["make"]).click()
    address = page.locator("#calendar-address").input_value()

    announced = event_of(address, plan)
    assert (announced["SEQUENCE"], str(announced["STATUS"])) == (0, "CONFIRMED")
    assert (announced.start, announced.end) == (draft.planned_start, draft.planned_end)
    later = draft.planned_end + dt.timedelta(hours=3)
    move_end(plan=plan, planned_end=later, planner=cast.operations, actor=by, now=now, reason="more to do")
    moved = event_of(address, plan)
    assert (moved["SEQUENCE"], str(moved["STATUS"]), moved.end) == (1, "CONFIRMED", later)
    cancel_plan(plan=plan, planner=cast.operations, actor=by, now=now, reason="not needed")
    cancelled = event_of(address, plan)
    assert (cancelled["SEQUENCE"], str(cancelled["STATUS"])) == (2, "CANCELLED")
    assert str(cancelled["UID"]) == str(announced["UID"])
    page.reload()
    expect(page.locator(".cal-agenda")).not_to_contain_text("05:00")

    page.get_by_role("button", name=words["revoke"]).click()
    expect(page.get_by_text(words["revoked"])).to_be_visible()
    assert Client().get("/calendar/" + address.partition("/calendar/")[2]).status_code == 404
