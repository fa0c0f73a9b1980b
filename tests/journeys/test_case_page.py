"""A reviewer looks at a renewal in a real browser: pages, zoom, rotation, comparison, checklist; also without scripts."""

from __future__ import annotations

import datetime as dt
import io
import re

import pytest
from django.utils import timezone
from PIL import Image, ImageDraw, ImageFont
from playwright.sync_api import Page, expect

from accounts.journal import Actor
from certification.materials.documents import PDF, Document
from certification.materials.models import Material, MaterialKind
from certification.materials.store import stage
from certification.materials.versions import submit_version
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review
from certification.reviews.reasons import wording_of
from tests.cast import Cast
from tests.conftest import OpenWindow
from tests.journeys.windows import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]


def scan(words: str, *, pages: int) -> bytes:
    """A PDF of upright pages that say which they are."""
    drawn = []
    for number in range(1, pages + 1):
        page = Image.new("RGB", (595, 842), "white")
        ImageDraw.Draw(page).text((60, 80), f"{words} {number}", font=ImageFont.load_default(48), fill="black")
        drawn.append(page)
    result = io.BytesIO()
    drawn[0].save(result, "PDF", save_all=True, append_images=drawn[1:])
    return result.getvalue()


def hand_in(cast: Cast, words: str, *, pages: int, now: dt.datetime) -> Material:
    """A version of the licence by the operator."""
    document = Document(scan(words, pages=pages), f"{words}.pdf", PDF, pages)
    return submit_version(
        company=cast.clinic,
        kind=MaterialKind.objects.get(code="business_licence"),
        files=[stage(company=cast.clinic, document=document, uploaded_by=cast.operator, now=now)],
        actor=Actor.person(cast.operator),
        now=now,
        is_long_term=True,
        holder_name=cast.clinic.name,
        document_number=cast.clinic.credit_code,
    )


@pytest.fixture
def renewal(cast: Cast) -> Review:
    """A licence of three pages that is to replace one of two; the reviewer holds its case."""
    now = timezone.now()
    actor = Actor.person(cast.reviewer)

    def held(material: Material) -> Review:
        review = Review.objects.get(subject="material", subject_id=material.pk)
        desk.claim(review=review, reviewer=cast.reviewer, actor=actor, now=now)
        return review

    old = held(hand_in(cast, "old", pages=2, now=now - dt.timedelta(days=300)))
    desk.decide(review=old, reviewer=cast.reviewer, decision=Decision.APPROVED, text="核对无误", actor=actor, now=now)
    return held(hand_in(cast, "new", pages=3, now=now))


def room(page: Page) -> str:
    """The address of the first picture, once it is drawn."""
    picture = page.locator(".documents-room img").first
    expect(picture).to_have_js_property("complete", True)
    assert picture.evaluate("image => image.naturalWidth") > 0
    return picture.get_attribute("src") or ""


def test_simple_material_case_fits_on_one_screen(cast: Cast, renewal: Review, open_window: OpenWindow) -> None:
    """Facts, checklist, document and decision, without scrolling at 1280 x 800."""
    page = open_window()
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/")
    room(page)
    for part in (
        "#facts .facts-table",
        "#checklist .form-check:last-of-type",
        ".documents-foot",
        "a[href$='/decide/approved/']",
    ):
        box = page.locator(part).first.bounding_box()
        assert box is not None, part
        assert box["y"] + box["height"] <= 800, part
    left, right = page.locator(".case-main").bounding_box(), page.locator("#documents").bounding_box()
    assert left is not None
    assert right is not None
    assert left["x"] + left["width"] <= right["x"]


def test_pages_zoom_and_rotation_by_keyboard_and_click(cast: Cast, renewal: Review, open_window: OpenWindow) -> None:
    page = open_window(language="en")
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/")
    before = page.locator("#documents").bounding_box()
    assert room(page).endswith("/pages/1/")
    page.locator("#viewer-next").click()
    expect(page.locator(".documents-count")).to_have_text("Page 2 of 3")
    expect(page.locator("#viewer-next")).to_be_focused()  # the swap did not lose it
    page.keyboard.press("r")
    expect(page.locator("#documents")).to_have_attribute("data-turn", "90")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".documents-count")).to_have_text("Page 3 of 3")
    assert room(page).endswith("/pages/3/?turn=90")
    for _ in range(3):
        page.keyboard.press("+")
    expect(page.locator("#viewer-fit")).to_contain_text("200%")
    expect(page.locator(".documents-room img")).to_have_attribute("src", re.compile(r"pages/3/\?turn=90&size=large$"))
    assert page.locator("#documents").bounding_box() == before  # nothing jumped
    assert {"page=3", "turn=90", "zoom=200"} <= set(page.url.partition("?")[2].split("&"))
    page.reload()
    expect(page.locator("#documents")).to_have_attribute("data-zoom", "200")
    page.keyboard.press("0")
    page.keyboard.press("-")  # at its end already
    expect(page.locator("#viewer-fit")).to_contain_text("Fitted")
    page.keyboard.press("ArrowLeft")
    expect(page.locator(".documents-count")).to_have_text("Page 2 of 3")


def test_version_before_stands_beside(cast: Cast, renewal: Review, open_window: OpenWindow) -> None:
    page = open_window()
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/?page=3")
    page.locator("#viewer-compare").click()
    pictures = page.locator(".documents-room img")
    expect(pictures).to_have_count(2)
    sources = [picture.get_attribute("src") or "" for picture in pictures.all()]
    assert [source.partition("/pages/")[2] for source in sources] == ["3/", "2/"]
    page.locator("#viewer-compare").click()
    expect(pictures).to_have_count(1)


def test_ticks_are_kept_as_they_are_made(cast: Cast, renewal: Review, open_window: OpenWindow) -> None:
    page = open_window()
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/")
    with page.expect_response(lambda answer: answer.url.endswith("/ticks/")) as kept:
        page.locator("#check-readable").check()
    assert kept.value.status == 204
    expect(page.locator("#check-readable")).to_be_focused()
    page.reload()
    expect(page.locator("#check-readable")).to_be_checked()


def test_everything_works_without_scripts_on_a_phone(cast: Cast, renewal: Review, open_window: OpenWindow) -> None:
    page = open_window(width=375, javascript=False, language="en")
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/")
    assert page.evaluate("document.documentElement.scrollWidth <= 375")
    page.locator(".case-jumps a[href='#documents']").click()
    page.locator("#viewer-next").click()
    page.locator("#viewer-larger").click()
    page.locator("#viewer-turn").click()
    expect(page.locator(".documents-count")).to_have_text("Page 2 of 3")
    expect(page.locator("#viewer-fit")).to_contain_text("100%")
    assert room(page).endswith("/pages/2/?turn=90")
    page.locator("#check-readable").check()
    page.get_by_role("button", name="Keep the ticks").click()
    expect(page.locator("#check-readable")).to_be_checked()
    page.locator("a[href$='/decide/approved/']").first.click()
    page.locator("main form button.btn-primary").click()
    page.locator("button[name=confirm]").click()
    page.locator("#apply").click()
    page.goto(f"/staff/cases/{renewal.ref}/")
    expect(page.locator("main")).to_contain_text("What reviewer ticked before deciding:")


@pytest.mark.parametrize("javascript", [True, False])
def test_reviewer_goes_on_from_a_canned_reason_in_their_own_words(
    cast: Cast, open_window: OpenWindow, renewal: Review, javascript: bool
) -> None:
    reason = Reason.objects.get(code="illegible")
    page = open_window(javascript=javascript)
    sign_in(page, cast.reviewer)
    page.goto(f"/staff/cases/{renewal.ref}/decide/returned/")
    item = page.locator(".decision-item").first
    item.locator("input[type=checkbox]").check()
    item.locator("select").select_option("illegible")
    page.locator("#id_text").fill("谢谢。")
    item.locator("button[name=start]").click()
    words = page.locator(".decision-item").first.locator("textarea")
    expect(words).to_have_value(wording_of(reason))
    expect(words).to_be_focused()
    expect(page.locator(".decision-item").first.locator("select")).to_have_value("")
    expect(page.locator("#id_text")).to_have_value("谢谢。")
    words.fill(f"{wording_of(reason)}\n第二页尤其模糊。")
    page.locator("main form.portal-form .form-actions .btn-primary").click()
    expect(page.locator(".said-items")).to_have_count(2)
    for said in page.locator(".said-items").all():
        expect(said).to_contain_text("第二页尤其模糊。")
        assert said.inner_text().count(reason.text_en) == 1
