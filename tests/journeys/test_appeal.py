"""Appeals in a real browser: a lock ends, marks are cleared one by one, an overhaul lets only the urgent one through."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.utils import timezone

from appeals.cases.models import Appeal
from appeals.marks.models import Mark
from certification.maintenance.models import Maintenance
from certification.reviews import staging
from certification.reviews.models import Review
from tests.appeals.cases.making import lock, mark, overhaul, picture
from tests.cast import Cast
from tests.invariants import assert_invariants
from tests.journeys.test_application import no_sideways_scroll, sign_in

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)

WORDS = {
    "zh-CN": {
        "start": "开始",
        "lock": "投诉锁定",
        "mark": "误标",
        "continue": "继续",
        "save": "保存并继续",
        "upload": "上传 ",
        "what": "哪里有误，为什么？",
        "urgent": "这是紧急申诉",
        "why": "为什么紧急？",
        "without": "我确认在缺少",
        "send": "提交申诉",
        "sent": "申诉已提交",
        "claim": "领取",
        "ask": "要求补充说明（暂停计时）",
        "answer": "发送答复",
        "uphold": "申诉成立",
        "preview": "预览",
        "confirm": "确认决定",
        "cleared": "已清除 ",
        "paused": "目前仅处理紧急申诉",
        "confirm_urgency": "确认紧急",
        "urgency": "确认或取消紧急",
    },
    "en-GB": {
        "start": "Start",
        "lock": "Complaint lock",
        "mark": "False mark",
        "continue": "Continue",
        "save": "Save and continue",
        "upload": "Upload ",
        "what": "What is wrong, and why?",
        "urgent": "This is urgent",
        "why": "Why is it urgent?",
        "without": "I send it without",
        "send": "Send the appeal",
        "sent": "Appeal sent",
        "claim": "Claim",
        "ask": "Ask for more information: the clock stops",
        "answer": "Send the answer",
        "uphold": "Uphold",
        "preview": "Preview",
        "confirm": "Confirm the decision",
        "cleared": "Cleared ",
        "paused": "at present only urgent appeals are worked on",
        "confirm_urgency": "Confirm the urgency",
        "urgency": "Confirm or withdraw the urgency",
    },
}


class Walk:
    """One window, its language, and the pictures that are kept on the way."""

    def __init__(self, page: Page, words: dict[str, str], name: str, wanted: bool) -> None:
        self.page, self.words, self.name, self.wanted, self.count = page, words, name, wanted, 0

    def seen(self, what: str) -> None:
        no_sideways_scroll(self.page)
        self.count += 1
        if self.wanted:
            folder = settings.VAR / "screenshots"
            folder.mkdir(parents=True, exist_ok=True)
            self.page.screenshot(path=folder / f"appeal-{self.name}-{self.count:02}-{what}.png", full_page=True)

    def button(self, name: str) -> None:
        self.page.get_by_role("button", name=self.words[name], exact=True).first.click()

    def link(self, name: str) -> None:
        self.page.get_by_role("link", name=self.words[name], exact=True).first.click()

    def write(self, text: str, *, urgent: str = "") -> None:
        """The step that says what is wrong."""
        self.page.get_by_label(self.words["what"]).fill(text)
        if urgent:
            self.page.get_by_label(self.words["urgent"]).check()
            self.page.get_by_label(self.words["why"]).fill(urgent)
        self.seen("statement")
        self.button("save")

    def finish(self) -> None:
        """From the check to the result, knowing what is missing."""
        self.page.wait_for_url("**/check/")
        without = self.page.get_by_label(re.compile(self.words["without"]))
        if without.count():
            without.check()
        self.seen("check")
        self.button("send")
        self.page.wait_for_url("**/result/")
        assert self.page.get_by_role("heading", name=self.words["sent"]).is_visible()
        self.seen("result")

    def decide(self, decision: str) -> None:
        """Decide with a word to the company, see it, confirm."""
        self.link(decision)
        self.page.locator("[name=text]").fill("已核实，感谢配合。")
        self.button("preview")
        self.seen("preview")
        self.button("confirm")
        self.page.wait_for_url(re.compile(r"/staff/cases/\w+/decided/$"))
        staging.apply_due(now=timezone.now() + staging.UNDO_FOR)  # the time in which it can be taken back
        self.page.reload()
        self.seen("decided")

    def claim(self) -> None:
        """Take the case that the page shows."""
        self.button("claim")
        self.page.wait_for_load_state()


@pytest.fixture
def walks(
    open_window: OpenWindow, cast: Cast, live_server: object, request: pytest.FixtureRequest
) -> tuple[Walk, Walk]:
    """The company's window and the reviewer's."""
    language, width = request.node.callspec.params["window"]
    pictures = bool(request.config.getoption("--screenshots"))
    pages = [open_window(width=width, language=language) for _ in range(2)]
    sign_in(pages[0], cast.operator, str(live_server))
    sign_in(pages[1], cast.reviewer, str(live_server))
    story = request.node.originalname.removeprefix("test_")[:12]
    name = f"{story}-{language}-{width}"
    return (
        Walk(pages[0], WORDS[language], f"{name}-company", pictures),
        Walk(pages[1], WORDS[language], f"{name}-staff", pictures),
    )


WINDOWS = pytest.mark.parametrize("window", [("zh-CN", 1280), ("en-GB", 375)])


def case_of(appeal: Appeal) -> str:
    return f"/staff/cases/{Review.objects.get(subject='appeal', subject_id=appeal.pk).ref}/"


@WINDOWS
def test_lock_ends_when_the_appeal_with_evidence_is_upheld(
    walks: tuple[Walk, Walk], cast: Cast, window: object
) -> None:
    company, staff = walks
    number = cast.numbers[0]
    locked = lock(number, now=timezone.now())
    number.refresh_from_db()
    company.page.goto(f"/appeals/new/?kind=lock&number={number.ref}")
    company.seen("new")
    company.button("start")
    company.page.wait_for_url("**/edit/")
    company.seen("steps")
    appeal = Appeal.objects.get()
    company.page.goto(f"/appeals/{appeal.ref}/edit/statement/")
    company.write("当日为快递派送通知，投诉为同一小区集中误报。")
    company.page.wait_for_url("**/evidence/")
    log = company.page.locator("#item-call_log")
    log.locator("input[type=file]").set_input_files(
        {"name": "calls.csv", "mimeType": "text/csv", "buffer": "号码,时间\n13800001111,2025-06-03 10:00\n".encode()}
    )
    log.get_by_role("button").last.click()
    company.page.get_by_text("calls.csv").first.wait_for()
    company.seen("evidence")
    company.link("continue")
    company.finish()

    staff.page.goto(case_of(appeal))
    staff.claim()
    staff.seen("case")
    staff.page.locator("#staff-text").fill("请补充当日派送区域。")
    staff.button("ask")
    staff.page.locator("#thread .message").wait_for()
    staff.seen("asked")

    company.page.goto(f"/appeals/{appeal.ref}/")
    company.seen("asked")
    company.page.locator("#thread textarea").fill("派送区域为城东三个小区。")
    company.button("answer")
    company.page.get_by_text("派送区域为城东三个小区。").wait_for()
    company.seen("answered")

    staff.page.goto(case_of(appeal))
    staff.decide("uphold")
    locked.refresh_from_db()
    appeal.refresh_from_db()
    assert (appeal.state, locked.closed_at is not None) == ("upheld", True)
    company.page.goto(f"/appeals/{appeal.ref}/")
    company.seen("upheld")
    company.page.goto("/appeals/")
    company.seen("list")
    assert_invariants()


@WINDOWS
def test_marks_on_three_platforms_are_cleared_one_by_one(walks: tuple[Walk, Walk], cast: Cast, window: object) -> None:
    company, staff = walks
    number = cast.numbers[0]
    mark(number, "360", "tencent", "baidu", now=timezone.now())
    number.refresh_from_db()
    company.page.goto(f"/appeals/new/?kind=mark&number={number.ref}")
    company.button("start")
    company.page.wait_for_url("**/edit/")
    appeal = Appeal.objects.get()
    company.page.goto(f"/appeals/{appeal.ref}/edit/numbers/")
    company.seen("numbers")
    company.link("continue")
    company.page.wait_for_url("**/platforms/")
    company.seen("platforms")
    company.button("save")
    company.page.wait_for_url("**/statement/")
    company.write("号码仅用于就诊提醒。")
    company.page.wait_for_url("**/evidence/")
    for code in ("360", "tencent"):
        item = company.page.locator(f"#item-screenshot-{code}")
        item.locator("input[type=file]").set_input_files(
            {"name": f"{code}.png", "mimeType": "image/png", "buffer": picture()}
        )
        item.get_by_role("button").last.click()
        company.page.get_by_text(f"{code}.png").first.wait_for()
    company.seen("evidence")
    company.link("continue")
    company.finish()
    appeal.refresh_from_db()
    assert appeal.is_complex is True

    staff.page.goto(case_of(appeal))
    staff.claim()
    staff.seen("case")
    for count, platform in enumerate(appeal.platforms.select_related("platform"), start=1):
        row = staff.page.locator("#platforms li", has=staff.page.locator(f"#note-{platform.platform.code}"))
        row.locator("button[value=cleared]").click()
        staff.page.wait_for_url(re.compile("#platforms$"))
        staff.page.locator(f"#note-{platform.platform.code}").wait_for(state="detached")
        company.page.goto(f"/appeals/{appeal.ref}/")
        assert company.page.locator("#platforms .tag-green, #platforms .bg-success-subtle").count() == count
    company.seen("cleared")
    staff.decide("uphold")
    appeal.refresh_from_db()
    assert (appeal.state, Mark.objects.open().count()) == ("upheld", 0)
    assert_invariants()


@WINDOWS
def test_overhaul_pauses_ordinary_appeals_and_lets_an_urgent_one_through(
    walks: tuple[Walk, Walk], cast: Cast, window: object
) -> None:
    company, staff = walks
    overhaul(cast, now=timezone.now())
    for number in cast.numbers[:2]:
        mark(number, "360", now=timezone.now())
        number.refresh_from_db()
    for number, urgent in ((cast.numbers[0], ""), (cast.numbers[1], "急诊热线，患者无法接听。")):
        company.page.goto(f"/appeals/new/?kind=mark&number={number.ref}")
        company.button("start")
        company.page.wait_for_url("**/edit/")
        company.page.goto(company.page.url + "statement/")
        company.write("号码仅用于就诊提醒。", urgent=urgent)
        company.page.wait_for_url("**/evidence/")
        company.link("continue")
        company.finish()
        waits = company.page.get_by_text(re.compile(company.words["paused"], re.IGNORECASE)).first
        assert waits.is_visible() == (not urgent)
    ordinary, urgent_one = Appeal.objects.order_by("pk")

    staff.page.goto(case_of(ordinary))
    staff.claim()
    staff.page.locator("#platforms button[value=cleared]").click()
    staff.page.wait_for_load_state()
    staff.seen("refused")
    assert ordinary.platforms.get().state == "pending"

    staff.page.goto(case_of(urgent_one))
    staff.claim()
    staff.page.get_by_text(staff.words["urgency"]).first.click()
    staff.button("confirm_urgency")
    staff.page.wait_for_load_state()
    staff.page.locator("#platforms button[value=cleared]").click()
    staff.page.wait_for_url(re.compile("#platforms$"))
    staff.decide("uphold")
    urgent_one.refresh_from_db()
    ordinary.refresh_from_db()
    assert (ordinary.state, urgent_one.state, urgent_one.urgency) == ("in_review", "upheld", "confirmed")
    assert Maintenance.objects.filter(urgent_appeals_only=True, closed_at__isnull=True).count() == 1
    assert_invariants()
