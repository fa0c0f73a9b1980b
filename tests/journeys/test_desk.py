"""A reviewer's morning: the queue by keyboard alone, two after one case, undo, several at once; and without scripts."""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone
from playwright.sync_api import expect

from accounts.journal import Actor
from accounts.users import User
from certification.materials.models import MaterialState
from certification.reviews import desk, staging
from certification.reviews.models import Review, ReviewKind, ReviewState, StagedDecision
from tests.cast import Cast, make_material
from tests.invariants import assert_invariants

if TYPE_CHECKING:
    from playwright.sync_api import Page

    from tests.conftest import OpenWindow

pytestmark = pytest.mark.django_db(transaction=True, serialized_rollback=True)
PICTURES = settings.VAR / "screenshots"


@pytest.fixture
def documents(cast: Cast) -> list[Review]:
    """Three documents of the clinic's, due one after the other."""
    now = timezone.now()
    rows = []
    for hours, kind in enumerate(("number_ownership", "statement_of_use", "letter_of_authority"), start=3):
        material = make_material(cast.clinic, kind, by=cast.owner, state=MaterialState.SUBMITTED)
        review = desk.open_review(
            kind=ReviewKind.MATERIAL,
            company=cast.clinic,
            subject="material",
            subject_id=material.pk,
            submitted_by_id=cast.owner.pk,
            actor=Actor.person(cast.owner),
            now=now - dt.timedelta(hours=24 - hours),
        )
        rows.append(review)
    return rows


def enter(page: Page, user: User, address: str) -> Page:
    """A window of somebody who has signed in."""
    client = Client()
    client.force_login(user)
    value = client.cookies[settings.SESSION_COOKIE_NAME].value
    page.context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": value, "url": address}])
    return page


def look(page: Page, name: str) -> None:
    """Keep a picture, and refuse sideways scrolling."""
    PICTURES.mkdir(parents=True, exist_ok=True)
    page.screenshot(path=PICTURES / f"desk-{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def case_in_focus(page: Page) -> str:
    """The reference of the row where the keyboard is."""
    return str(page.evaluate("document.activeElement.closest('tr')?.dataset.href ?? ''")).split("/")[-2]


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_queue_by_keyboard_alone(
    cast: Cast, documents: list[Review], open_window: OpenWindow, live_server: object, language: str, width: int
) -> None:
    first, second, third = documents
    page = enter(open_window(width=width, language=language), cast.reviewer, str(live_server))
    keys = page.keyboard
    page.goto("/staff/queue/")
    look(page, f"{language}-{width}-1-queue")
    keys.press("?")
    expect(page.locator("#keyboard-help")).to_be_visible()
    look(page, f"{language}-{width}-2-help")
    keys.press("Escape")
    expect(page.locator("#keyboard-help")).not_to_be_visible()

    # Down, down, up; letters typed into a field are text.
    for key, expected in (("j", first), ("j", second), ("ArrowDown", third), ("k", second)):
        keys.press(key)
        assert case_in_focus(page) == expected.ref
    keys.press("/")
    page.locator("input[name=q]:visible").first.focus()
    keys.type("cn?")
    assert page.locator("input[name=q]:visible").first.input_value() == "cn?"
    page.goto("/staff/queue/")

    # Claim the second, decide it: the key leads to the buttons, Enter presses.
    keys.press("j")
    keys.press("j")
    keys.press("c")
    page.wait_for_url(f"**/staff/cases/{second.ref}/")
    assert Review.objects.get(pk=second.pk).claimed_by == cast.reviewer
    keys.press("d")
    expect(page.locator("a[href$='/decide/approved/']").first).to_be_focused()
    keys.press("Enter")
    page.wait_for_url("**/decide/approved/")
    page.locator("textarea[name=text]").focus()
    keys.type("n")
    page.locator("main form button.btn-primary").focus()
    keys.press("Enter")
    page.locator("button[name=confirm]").focus()
    keys.press("Enter")
    page.wait_for_url("**/decided/")
    expect(page.locator("[data-countdown]")).to_have_text(re.compile(r"^\d+ "))
    look(page, f"{language}-{width}-3-decided")

    # Undo: nothing was sent, and what was typed is there again.
    keys.press("u")
    page.wait_for_url("**/decide/approved/")
    assert page.locator("textarea[name=text]").input_value() == "n"
    assert not StagedDecision.objects.filter(stands_at__isnull=False).exists()
    page.locator("main form button.btn-primary").click()
    page.locator("button[name=confirm]").click()
    page.wait_for_url("**/decided/")

    # The queue's task applies it; the page notices by itself.
    assert staging.apply_due(now=timezone.now() + staging.UNDO_FOR).applied == 1
    expect(page.locator(".result-green")).to_be_visible()
    keys.press("n")
    page.wait_for_url(f"**/staff/cases/{first.ref}/")
    look(page, f"{language}-{width}-4-next-case")

    # Turned off, the keys do nothing.
    page.evaluate("localStorage.setItem('shortcuts', 'off')")
    page.goto("/staff/queue/")
    keys.press("n")
    keys.press("j")
    assert case_in_focus_or_none(page) == ""
    assert Review.objects.get(pk=third.pk).claimed_by is None
    assert_invariants()


def case_in_focus_or_none(page: Page) -> str:
    return str(page.evaluate("document.activeElement.closest('tr')?.dataset.href ?? ''"))


def test_two_reviewers_after_one_case(
    cast: Cast, documents: list[Review], open_window: OpenWindow, live_server: object
) -> None:
    """The second claim, and a decision after the case was handed on, are told who was first; the text is kept."""
    case = documents[0]
    mine = enter(open_window(language="en"), cast.reviewer, str(live_server))
    theirs = enter(open_window(language="en"), cast.second_reviewer, str(live_server))
    for page in (mine, theirs):
        page.goto(f"/staff/queue/?kind=material&company={cast.clinic.ref}")
    mine.locator(f"tr[data-href*='{case.ref}'] button[data-key=c]").click()
    mine.wait_for_url(f"**/{case.ref}/")
    theirs.locator(f"tr[data-href*='{case.ref}'] button[data-key=c]").click()
    expect(theirs.locator("main")).to_contain_text("reviewer holds this case")
    mine.goto(f"/staff/cases/{case.ref}/decide/rejected/")
    mine.locator("textarea[name=text]").fill("A long and careful reason")
    mine.locator("main form button.btn-primary").click()
    expect(mine.locator("button[name=confirm]")).to_be_visible()
    desk.reassign(
        review=Review.objects.get(pk=case.pk),
        to=cast.second_reviewer,
        actor=Actor.person(cast.lead),
        now=timezone.now(),
    )
    mine.locator("button[name=confirm]").click()
    expect(mine.locator("main")).to_contain_text(cast.second_reviewer.name)
    expect(mine.locator("main")).to_contain_text("A long and careful reason")
    assert Review.objects.get(pk=case.pk).state == ReviewState.OPEN


def test_new_cases_do_not_move_the_rows(
    cast: Cast, documents: list[Review], open_window: OpenWindow, live_server: object
) -> None:
    page = enter(open_window(language="en"), cast.reviewer, str(live_server))
    page.goto("/staff/queue/")
    rows = page.locator("tbody tr").count()
    material = make_material(cast.clinic, "number_ownership", by=cast.owner, state=MaterialState.SUBMITTED)
    desk.open_review(
        kind=ReviewKind.MATERIAL, company=cast.clinic, subject="material", subject_id=material.pk,
        submitted_by_id=cast.owner.pk, actor=Actor.person(cast.owner), now=timezone.now(), urgent=True,
    )  # fmt: skip
    page.evaluate(
        "htmx.trigger('#queue-news', 'htmx:poll'); htmx.ajax('GET', document.querySelector('#queue-news').getAttribute('hx-get'), {target: '#queue-news', swap: 'outerHTML'})"
    )
    expect(page.locator(".queue-news")).to_contain_text("1 new case")
    assert page.locator("tbody tr").count() == rows
    page.locator(".queue-news a").click()
    expect(page.locator("tbody tr")).to_have_count(rows + 1)


@pytest.mark.parametrize(
    ("language", "width", "javascript"), [("zh-CN", 1280, True), ("en", 375, True), ("en", 375, False)]
)
def test_several_are_decided_together(
    cast: Cast, documents: list[Review], open_window: OpenWindow, live_server: object,
    language: str, width: int, javascript: bool,
) -> None:  # fmt: skip
    """One reason for three, one of which somebody else holds; taken back, then applied. Works without scripts, too."""
    held = documents[2]
    desk.claim(review=held, reviewer=cast.second_reviewer, actor=Actor.person(cast.second_reviewer), now=timezone.now())
    page = enter(open_window(width=width, language=language, javascript=javascript), cast.reviewer, str(live_server))
    page.goto("/staff/queue/")
    page.locator("tbody tr a.queue-company-link").first.click()
    boxes = page.locator("input[name=case]")
    expect(boxes).to_have_count(3)
    for number in range(3):
        boxes.nth(number).check()
    look(page, f"{language}-{width}-{javascript}-5-ticked")
    page.locator("form.queue-together .form-actions button").click()
    page.wait_for_url("**/queue/together/**")
    page.locator("input[name=decision][value=rejected]").check()
    page.locator("main form button.btn-primary").click()
    expect(page.locator(".error-summary")).to_be_visible()
    page.locator("textarea[name=text]").fill("材料与登记信息不符")
    page.locator("main form button.btn-primary").click()
    page.locator("button[name=confirm]").wait_for()
    look(page, f"{language}-{width}-{javascript}-6-preview")
    page.locator("button[name=confirm]").click()
    page.wait_for_url(re.compile(r"/queue/together/[0-9a-f]{12}/$"))
    look(page, f"{language}-{width}-{javascript}-7-result")
    expect(page.locator("main")).to_contain_text(cast.second_reviewer.name)
    result = page.url
    assert StagedDecision.objects.filter(stands_at__isnull=False).count() == 2
    page.locator("form[action$='/undo/'] button").click()
    assert not StagedDecision.objects.filter(stands_at__isnull=False).exists()
    if javascript:
        assert page.url == result

    # One of them by itself, to the end.
    page.goto(f"/staff/cases/{documents[0].ref}/decide/rejected/")
    assert page.locator("textarea[name=text]").input_value() == "材料与登记信息不符"
    page.locator("main form button.btn-primary").click()
    page.locator("button[name=confirm]").click()
    page.wait_for_url("**/decided/")
    page.locator("#apply").click()
    expect(page.locator(".result-green")).to_be_visible()
    assert Review.objects.get(pk=documents[0].pk).state == ReviewState.DECIDED
    assert_invariants()
