"""The main job, in a real browser: a licence expires, the numbers stop, it is renewed and approved, they are back."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.delivery import deliver
from accounts.journal import JournalEntry
from accounts.notices import Notice
from certification.maintenance.models import Maintenance
from certification.maintenance.status import counts_by_status
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review
from portal.demo.documents import sample_document
from tests.cast import PASSWORD, Cast, make_material
from tests.conftest import SCREENSHOTS, MailServer, OpenWindow
from tests.invariants import assert_invariants

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

#: What is read at each step, per language: the status of the numbers, and whose turn it is.
WORDS = {
    "zh-CN": {"stopped": "维护中", "yours": "需您处理", "theirs": "平台处理中", "certified": "已认证", "paused": "暂停"},
    "en": {"stopped": "Under maintenance", "yours": "Your turn", "theirs": "With the platform", "certified": "Certified", "paused": "Suspended"},
}  # fmt: skip


def sign_in(page: Page, email: str) -> None:
    """Sign in as a person does."""
    page.goto("/account/login/")
    page.locator("input[name=login]").fill(email)
    page.locator("input[name=password]").fill(PASSWORD)
    page.locator("main form button.btn-primary").click()
    page.wait_for_url(lambda url: "/account/login/" not in url)


def look(page: Page, name: str) -> None:
    """Keep a picture of the page, and refuse sideways scrolling."""
    SCREENSHOTS.mkdir(parents=True, exist_ok=True)
    page.wait_for_load_state("networkidle")
    page.screenshot(path=SCREENSHOTS / f"{name}.png", full_page=True)
    assert page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth"), name


def tick(at: dt.datetime) -> dict[str, int]:
    """Move the engine's clock as an operator does."""
    output = StringIO()
    call_command("tick", at=at.isoformat(), json=True, stdout=output)
    counts: dict[str, int] = json.loads(output.getvalue())
    return counts


@pytest.mark.parametrize(("language", "width"), [("zh-CN", 1280), ("en", 375)])
def test_licence_expires_is_renewed_and_approved(
    cast: Cast, open_window: OpenWindow, mail_server: MailServer, tmp_path: Path, language: str, width: int
) -> None:
    words = WORDS[language]
    today = cast.clinic.today(timezone.now())
    term_end = timezone.now() + dt.timedelta(days=300)
    PhoneNumber.objects.filter(company=cast.clinic).update(term_ends_at=term_end)
    # The licence's last day is today; every other document is long-term.
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").delete()
    make_material(cast.clinic, "medical_practice_licence", by=cast.operator, expires_on=today)
    for person in (cast.owner, cast.admin, cast.operator, cast.reviewer):
        person.language = "en" if language == "en" else "zh-hans"
        person.save(update_fields=["language"])
    numbers = PhoneNumber.objects.of_company(cast.clinic)

    # 23:59: nothing happens yet. 00:01: the licence has expired.
    midnight = dt.datetime.combine(today + dt.timedelta(days=1), dt.time(), cast.clinic.zone)
    assert tick(midnight - dt.timedelta(minutes=1))["opened"] == 0
    assert counts_by_status(numbers) == {"certified": 5}
    assert tick(midnight + dt.timedelta(minutes=1))["opened"] == 1
    assert counts_by_status(numbers) == {"maintenance": 5}
    assert tick(midnight + dt.timedelta(minutes=1))["opened"] == 0

    owner = open_window(width=width, language=language)
    sign_in(owner, cast.owner.email)
    look(owner, f"licence-{language}-{width}-1-overview-stopped")
    owner.goto("/numbers/")
    row = owner.locator("tbody tr").first
    for word in (words["stopped"], words["paused"], words["yours"]):
        expect(row).to_contain_text(word)
    look(owner, f"licence-{language}-{width}-2-numbers-stopped")

    # The one next step, from the number itself to the form and its result.
    row.locator("a[href*='/materials/add/']").first.click()
    document = tmp_path / "licence.png"
    document.write_bytes(sample_document("Medical practice licence", [("Holder", "Renhe")]))
    owner.locator("main form button.btn-primary").click()
    expect(owner.locator(".error-summary")).to_be_visible()  # nothing filled in: told so, not thrown away
    owner.locator("input[type=file]").set_input_files(document)
    owner.locator("input[name=expires_on]").fill((today + dt.timedelta(days=400)).isoformat())
    look(owner, f"licence-{language}-{width}-3-renew")
    owner.locator("main form button.btn-primary").click()
    owner.wait_for_url("**/result/**")
    look(owner, f"licence-{language}-{width}-4-result")
    assert Material.objects.filter(company=cast.clinic, state="submitted").count() == 1
    owner.reload()  # a result can be reloaded without sending again
    assert Material.objects.filter(company=cast.clinic, state="submitted").count() == 1
    owner.goto("/numbers/")
    expect(owner.locator("tbody tr").first).to_contain_text(words["theirs"])

    # The reviewer claims, looks, approves, and sees what the company will read before it does.
    review = Review.objects.get(company=cast.clinic, state="open")
    reviewer = open_window(width=width, language=language)
    sign_in(reviewer, cast.reviewer.email)
    look(reviewer, f"licence-{language}-{width}-5-desk")
    reviewer.goto("/staff/queue/")
    reviewer.locator(f"a[href$='/staff/cases/{review.ref}/']").first.click()
    reviewer.locator(f"form[action$='/cases/{review.ref}/claim/'] button").first.click()
    reviewer.locator(f"a[href$='/cases/{review.ref}/decide/approved/']").first.click()
    look(reviewer, f"licence-{language}-{width}-6-decide")
    reviewer.locator("main form button.btn-primary").click()
    look(reviewer, f"licence-{language}-{width}-7-preview")
    reviewer.locator("button[name=confirm]").dblclick()  # impatient
    reviewer.wait_for_url("**/decided/")
    look(reviewer, f"licence-{language}-{width}-7-decided")
    reviewer.locator("#apply").click()
    expect(reviewer.locator(".result-green")).to_be_visible()

    # Back at once, without waiting for a tick, and without a number row having been touched.
    assert counts_by_status(numbers) == {"certified": 5}
    owner.goto("/numbers/")
    expect(owner.locator("tbody tr").first).to_contain_text(words["certified"])
    owner.goto("/")
    look(owner, f"licence-{language}-{width}-8-overview-back")

    # Each step is in the journal, once, and in the right inboxes.
    steps = JournalEntry.objects.filter(company=cast.clinic, aspect="state").exclude(subject="number")
    assert list(steps.order_by("id").values_list("subject", "before", "after")) == [
        ("maintenance", "", "open"),
        ("material", "", "submitted"),
        ("review", "", "open"),
        ("review", "open", "decided"),
        ("material", "submitted", "approved"),
        ("material", "approved", "replaced"),
        ("maintenance", "open", "closed"),
    ]
    assert not JournalEntry.objects.filter(company=cast.clinic, subject="number").exists()
    assert Maintenance.objects.get().closed_at is not None
    told = set(Notice.objects.values_list("kind", "recipient__name"))
    assert {
        (kind, name) for kind in ("maintenance_opened", "maintenance_closed") for name in ("owner", "admin")
    } <= told
    assert ("material_approved", "owner") in told
    assert not {name for _kind, name in told} & {"viewer", "stranger"}
    deliver(now=timezone.now())
    subjects = [str(mail["Subject"]) for mail in mail_server.to(cast.owner.email)]
    assert len(subjects) == Notice.objects.filter(recipient=cast.owner).count()
    assert any(("has expired" in subject) if language == "en" else ("已过期" in subject) for subject in subjects)
    deliver(now=timezone.now())
    assert len(mail_server.to(cast.owner.email)) == len(subjects)
    assert_invariants()
