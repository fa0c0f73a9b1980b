"""A planned maintenance from plan to end, in a real browser: planned, announced, run, extended, overrun, ended; and a weekly window."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.delivery import deliver
from accounts.journal import Actor
from accounts.notices import Notice
from certification.applications.submission import submit
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.series_models import MaintenanceSeries
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review
from tests.cast import Cast
from tests.certification.applications.making import make_draft
from tests.conftest import MailServer, OpenWindow
from tests.invariants import assert_invariants
from tests.journeys.test_accessibility import violations
from tests.journeys.test_licence import look as keep
from tests.journeys.test_licence import sign_in, tick

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

DAY = dt.timedelta(days=1)
WORDS = {
    "zh-CN": {
        "affects": "个已认证号码",
        "longer": "新申请",
        "planned": "已计划",
        "ahead": "维护预告：",
        "in a week": "（7 天后）",
        "began": "已开始",
        "why": "倍",
        "overrun": "已超过计划结束时间",
        "achieved": "误标 12% → 6%",
        "weekly": "每周一 02:00–05:00（北京时间），共 8 次",
        "in the way": "与另一计划冲突",
        "overlaps": "原因和范围相同",
    },
    "en": {
        "affects": "certified numbers",
        "longer": "new applications",
        "planned": "Planned",
        "ahead": "Maintenance ahead:",
        "in a week": "(in 7 days)",
        "began": "Began",
        "why": "times as long",
        "overrun": "Past its planned end",
        "achieved": "False marks 12% → 6%",
        "weekly": "Every week on Monday, 02:00–05:00 (Beijing time), 8 times",
        "in the way": "Another plan is in the way",
        "overlaps": "has the same cause and scope",
    },
}


def look(page: Page, name: str) -> None:
    """Keep a picture of the page; it neither scrolls sideways nor violates WCAG."""
    keep(page, name)
    assert violations(page) == [], name


def fill_window(page: Page, start: dt.datetime, end: dt.datetime) -> None:
    """The planned start and end, as clocks in Beijing show them."""
    for name, moment in (("planned_start", start), ("planned_end", end)):
        page.locator(f"[name={name}]").fill(f"{timezone.localtime(moment):%Y-%m-%dT%H:%M}")


def choose_cause(page: Page, code: str) -> None:
    """The cause, and what it does once the form knows."""
    cause = MaintenanceCause.objects.get(code=code)
    with page.expect_response("**/staff/plans/effects/**"):
        page.locator("[name=cause]").select_option(str(cause.pk))


def press(page: Page, name: str = "") -> None:
    """The main button of the form about plans."""
    page.locator(f"main form.plan-form button.btn-primary{name}").click()


def send(page: Page, plan: Maintenance, control: str) -> None:
    """Use one of the controls on the staff's page of a plan, and be back there."""
    with page.expect_response(lambda answer: answer.url.endswith(f"/maintenance/{plan.ref}/")):
        page.locator(f"form[action$='/{control}/'] button").click()
    page.wait_for_load_state("networkidle")


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_model_upgrade_from_plan_to_end(
    cast: Cast, open_window: OpenWindow, mail_server: MailServer, language: str, width: int
) -> None:
    words, name = WORDS[language], f"plan-{language}-{width}"
    now = timezone.now().replace(second=0, microsecond=0)
    PhoneNumber.objects.filter(company=cast.clinic).update(term_ends_at=now + 300 * DAY)
    for person in (cast.owner, cast.admin, cast.operations):
        person.language = "en" if language == "en" else "zh-hans"
        person.save(update_fields=["language"])
    start, end = now + 10 * DAY, now + 14 * DAY

    # Operations plan it, read whom it affects, and save.
    staff = open_window(width=width, language=language)
    sign_in(staff, cast.operations.email)
    staff.goto("/staff/plans/new/")
    choose_cause(staff, "model_upgrade")
    staff.locator("[name=scope][value=everything]").check()
    fill_window(staff, start, end)
    staff.locator("[name=ends][value=hand]").check()
    expect(staff.locator("#impact")).to_contain_text(words["affects"])
    look(staff, f"{name}-01-form")
    staff.locator("[name=effects][value=own]").check()
    expect(staff.locator("[name=own_factor]")).to_have_value("1.50")
    look(staff, f"{name}-02-effects")
    staff.locator("[name=effects][value=cause]").check()
    press(staff)
    expect(staff.locator("button[name=confirm]")).to_be_visible()
    look(staff, f"{name}-03-check")
    staff.locator("button[name=confirm]").dblclick()
    staff.wait_for_url("**/maintenance/**")
    plan = Maintenance.objects.get()
    assert (plan.review_time_factor, plan.ends_by_plan) == (Decimal("1.5"), False)
    look(staff, f"{name}-04-planned-staff")

    staff.locator("main a[href$='/change/']").click()
    expect(staff.locator("[name=planned_end]")).to_have_value(f"{timezone.localtime(end):%Y-%m-%dT%H:%M}")
    look(staff, f"{name}-04b-change")

    # The company reads it in its calendar and, a week before, in its mail.
    owner = open_window(width=width, language=language)
    sign_in(owner, cast.owner.email)
    owner.goto(f"/calendar/?month={timezone.localtime(start):%Y-%m}")
    expect(owner.locator(f"a[href='/maintenance/{plan.ref}/']").locator("visible=true").first).to_be_visible()
    owner.goto(f"/maintenance/{plan.ref}/")
    expect(owner.locator("main")).to_contain_text(words["planned"])
    expect(owner.locator("main")).to_contain_text(words["longer"])
    look(owner, f"{name}-05-planned-company")
    assert tick(start - 7 * DAY)["sent"] == 3
    assert tick(start - 7 * DAY)["sent"] == 0
    deliver(now=timezone.now())
    (mail,) = [mail for mail in mail_server.to(cast.owner.email) if words["in a week"] in str(mail["Subject"])]
    assert str(mail["Subject"]).strip().startswith(words["ahead"])
    (entry,) = [part for part in mail.walk() if part.get_content_type() == "text/calendar"]
    assert entry.get_param("method") == "PUBLISH"

    # It begins; a review of a new application takes longer, and its page says why.
    application = make_draft(cast)
    submit(application=application, by=cast.operator, actor=Actor.person(cast.operator), now=start - DAY)
    review = Review.objects.get(subject="application", subject_id=application.pk)
    assert tick(start)["extended"] == 1
    promised = review.due_at
    review.refresh_from_db()
    assert review.due_at > promised
    owner.goto(f"/applications/{application.ref}/")
    expect(owner.locator("main")).to_contain_text(words["why"])
    look(owner, f"{name}-06-application")
    owner.goto(f"/maintenance/{plan.ref}/")
    expect(owner.locator("main")).to_contain_text(words["began"])
    look(owner, f"{name}-07-running-company")

    # Staff give it a later end, and post how it goes.
    staff.goto(f"/maintenance/{plan.ref}/")
    staff.locator("[name=move-planned_end]").fill(f"{timezone.localtime(end + DAY):%Y-%m-%dT%H:%M}")
    staff.locator("[name=move-reason]").fill("延期一天")
    send(staff, plan, "move")
    plan.refresh_from_db()
    assert plan.planned_end == end + DAY
    staff.locator("[name=update-text_zh]").fill("新模型已在三分之二的线路上运行。")
    staff.locator("[name=update-text_en]").fill("The new model serves two thirds of the lines.")
    send(staff, plan, "update")

    # It overruns: operations are told, everybody sees it.
    assert tick(end + DAY)["overrunning"] == 1
    assert Notice.objects.filter(kind="plan_overrunning", recipient=cast.operations).count() == 1
    owner.reload()
    expect(owner.locator("main")).to_contain_text(words["overrun"])
    look(owner, f"{name}-08-overrun-company")
    staff.goto("/staff/plans/")
    look(staff, f"{name}-09-overrun-list")
    staff.goto(f"/maintenance/{plan.ref}/")
    look(staff, f"{name}-10-overrun-staff")
    staff.locator("[name=end-achieved_zh]").fill("误标 12% → 6%")
    staff.locator("[name=end-achieved_en]").fill("False marks 12% → 6%")
    send(staff, plan, "end")
    owner.reload()
    expect(owner.locator("main")).to_contain_text(words["achieved"])
    look(owner, f"{name}-11-ended-company")
    told = list(
        Notice.objects.filter(recipient=cast.owner, kind__startswith="plan_")
        .order_by("pk")
        .values_list("kind", flat=True)
    )
    assert told == ["plan_announced", "plan_ahead", "plan_started", "plan_changed", "plan_ended"]
    assert_invariants()


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_weekly_window_is_made_from_plain_answers_and_an_overlap_keeps_the_form(
    cast: Cast, open_window: OpenWindow, language: str, width: int
) -> None:
    words, name = WORDS[language], f"series-{language}-{width}"
    cast.operations.language = "en" if language == "en" else "zh-hans"
    cast.operations.save(update_fields=["language"])
    today = timezone.localdate()
    monday = timezone.make_aware(dt.datetime.combine(today + (14 - today.weekday()) * DAY, dt.time(2)))
    # Without scripts, so without axe, which needs them; `test_accessibility` visits these pages.
    staff = open_window(width=width, language=language, javascript=False)
    sign_in(staff, cast.operations.email)
    staff.goto("/staff/plans/new/")
    cause = MaintenanceCause.objects.get(code="routine_window")
    staff.locator("[name=cause]").select_option(str(cause.pk))
    staff.locator("[name=scope][value=everything]").check()
    fill_window(staff, monday, monday + dt.timedelta(hours=3))
    staff.locator("[name=repeats][value=weekly]").check()
    staff.locator("[name=weekdays][value=MO]").check()
    press(staff)
    expect(staff.locator(".error-summary")).to_be_visible()  # it must end
    keep(staff, f"{name}-1-must-end")
    staff.locator("[name=repeat_ends][value=count]").check()
    staff.locator("[name=repeat_count]").fill("8")
    press(staff)
    expect(staff.locator("main")).to_contain_text(words["weekly"])
    keep(staff, f"{name}-2-check")
    press(staff, "[name=confirm]")
    staff.wait_for_url("**/staff/plans/series/**")
    keep(staff, f"{name}-3-series")
    assert MaintenanceSeries.objects.get().occurrences.count() == 8

    # What becomes of it: from a time on another, or none.
    staff.locator("main a.btn-primary").click()
    expect(staff.locator("[name=repeats][value=weekly]")).to_be_checked()
    keep(staff, f"{name}-3b-change")
    staff.go_back()
    staff.locator("main a.btn-outline-danger").click()
    keep(staff, f"{name}-3c-end")

    # The like of it once more: refused, with the other plan's name and address, and nothing is lost.
    staff.goto("/staff/plans/new/")
    staff.locator("[name=cause]").select_option(str(cause.pk))
    staff.locator("[name=scope][value=everything]").check()
    fill_window(staff, monday + dt.timedelta(hours=1), monday + dt.timedelta(hours=2))
    staff.locator("[name=title_zh]").fill("再来一次")
    press(staff)
    expect(staff.locator(".error-summary")).to_contain_text(words["overlaps"])
    expect(staff.locator("main")).to_contain_text(words["in the way"])
    expect(staff.locator("[name=title_zh]")).to_have_value("再来一次")
    keep(staff, f"{name}-4-overlap")
    staff.goto("/staff/plans/?state=planned")
    keep(staff, f"{name}-5-list")
    assert Maintenance.objects.count() == 8
    assert_invariants()
