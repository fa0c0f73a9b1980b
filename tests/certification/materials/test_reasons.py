"""The reasons that staff keep: in both languages, in order, retired without being lost; reviewers are offered them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone, translation

from accounts.journal import Actor, JournalEntry
from accounts.users import User
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewKind
from certification.reviews.reasons import reasons_in_use, wording_of
from tests.cast import Cast
from tests.certification.applications.making import make_submitted, review_of

LIST = "materials:reasons"
VALUES: dict[str, Any] = {
    "code": "script_missing",
    "kinds": ["application"],
    "text_zh": "缺少通话话术",
    "text_en": "The script of the calls is missing",
    "fix_zh": "请上传一份完整话术。",
    "fix_en": "Upload one complete script.",
    "is_active": "on",
}


def browser(user: User, language: str = "en") -> Client:
    client = Client(headers={"Accept-Language": language})
    client.force_login(user)
    return client


@pytest.fixture
def case(cast: Cast) -> Review:
    """An application that the reviewer holds."""
    review = review_of(make_submitted(cast))
    desk.claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=timezone.now())
    return review


def decide(review: Review, decision: str = "returned") -> str:
    return reverse("reviews:decide", args=[review.ref, decision])


def offered(cast: Cast, review: Review) -> list[str]:
    """The codes that the reviewer can choose from for the first item, in their order."""
    items = browser(cast.reviewer).get(decide(review)).context["items"]
    return [code for code, _label in items[0].fields["reason"].choices if code]


@pytest.mark.parametrize("role", ["policy", "lead"])
def test_reason_is_made_offered_corrected_and_retired_with_its_journal(cast: Cast, case: Review, role: str) -> None:
    client = browser(getattr(cast, role))
    assert offered(cast, case).count("script_missing") == 0
    answer = client.post(reverse("materials:reason_new"), VALUES, follow=True)
    assert (answer.redirect_chain, "Saved." in answer.content.decode()) == ([(reverse(LIST), 302)], True)
    assert "The script of the calls is missing" in answer.content.decode()
    assert "script_missing" in offered(cast, case)
    address = reverse("materials:reason", args=["script_missing"])
    assert client.post(address, {**VALUES, "text_zh": "没有话术"}).status_code == 302
    assert client.post(address, {**VALUES, "text_zh": "没有话术"}).status_code == 302  # nothing new
    retired = {**VALUES, "text_zh": "没有话术"}
    del retired["is_active"]
    assert client.post(address, retired).status_code == 302
    assert "script_missing" not in offered(cast, case)
    assert "Not offered" in client.get(reverse(LIST)).content.decode()
    reason = Reason.objects.get(code="script_missing")
    rows = JournalEntry.objects.filter(subject="reason", subject_id=reason.pk).order_by("pk")
    made = {(row.aspect, row.after) for row in rows if row.before == ""}
    assert {("code", "script_missing"), ("text_en", VALUES["text_en"]), ("fix_zh", VALUES["fix_zh"])} <= made
    changes = [(row.aspect, row.before, row.after) for row in rows if row.before]
    assert [aspect for aspect, _before, _after in changes] == ["text_zh", "is_active"]
    assert changes[0] == ("text_zh", "缺少通话话术", "没有话术")
    assert {row.actor_id for row in rows} == {getattr(cast, role).pk}


@pytest.mark.parametrize(
    ("changes", "wrong"),
    [
        ({"text_zh": ""}, "text_zh"),
        ({"text_en": "  "}, "text_en"),
        ({"fix_zh": ""}, "fix_zh"),
        ({"fix_en": ""}, "fix_en"),
        ({"kinds": []}, "kinds"),
        ({"kinds": ["nonsense"]}, "kinds"),
        ({"code": ""}, "code"),
        ({"code": "no spaces"}, "code"),
    ],
)
def test_reason_says_everything_in_both_languages(cast: Cast, changes: dict[str, object], wrong: str) -> None:
    answer = browser(cast.policy).post(reverse("materials:reason_new"), {**VALUES, **changes})
    assert (answer.status_code, list(answer.context["form"].errors)) == (422, [wrong])
    assert not Reason.objects.filter(code="script_missing").exists()
    kept = answer.content.decode()
    assert all(
        text in kept for name, text in VALUES.items() if name.startswith(("text", "fix")) and name not in changes
    )


def test_reason_without_advice_needs_none_in_either_language(cast: Cast) -> None:
    answer = browser(cast.lead).post(reverse("materials:reason_new"), {**VALUES, "fix_zh": "", "fix_en": ""})
    assert answer.status_code == 302


def test_list_has_what_is_offered_first_then_by_code_and_narrows_by_kind(cast: Cast) -> None:
    Reason.objects.create(code="a_retired", kinds=["application"], text_zh="旧", text_en="Old", is_active=False)
    client = browser(cast.auditor)
    rows = [(row.reason.is_active, row.reason.code) for row in client.get(reverse(LIST)).context["rows"]]
    assert rows == sorted(rows, key=lambda row: (not row[0], row[1]))
    assert rows[-1] == (False, "a_retired")
    for kind in ReviewKind.values:
        shown = client.get(reverse(LIST), {"kind": kind}).context["rows"]
        assert [row.reason.code for row in shown] == [row.reason.code for row in reasons_in_use(kind)]
        assert all(kind in row.reason.kinds for row in shown)
    assert client.get(reverse(LIST), {"kind": "\x00nonsense"}).status_code == 200


def test_list_links_to_reasons_for_those_only_who_keep_them(cast: Cast) -> None:
    address = reverse("materials:reason", args=["illegible"])
    for role in ("policy", "lead", "reviewer", "operations", "auditor"):
        page = browser(getattr(cast, role)).get(reverse(LIST)).content.decode()
        assert (address in page) == (role in {"policy", "lead"}), role


def test_case_offers_reasons_of_its_kind_in_order_and_in_the_readers_language(cast: Cast, case: Review) -> None:
    Reason.objects.create(code="zz_other_kind", kinds=["appeal"], text_zh="别的", text_en="Other")
    codes = offered(cast, case)
    wanted = Reason.objects.filter(is_active=True, kinds__contains=["application"]).order_by("code")
    assert codes == list(wanted.values_list("code", flat=True))
    first = wanted[0]
    for language, text in (("en", first.text_en), ("zh-hans", first.text_zh)):
        assert f">{text}</option>" in browser(cast.reviewer, language).get(decide(case)).content.decode()


def test_wording_is_a_line_in_each_language() -> None:
    reason = Reason(text_zh="看不清", text_en="Unreadable", fix_zh="请重新扫描。", fix_en="Scan it again.")
    assert wording_of(reason) == "看不清。请重新扫描。\nUnreadable. Scan it again."
    assert wording_of(Reason(text_zh="看不清。", text_en="Unreadable")) == "看不清。\nUnreadable."


@pytest.mark.parametrize("language", ["en", "zh-hans"])
def test_chosen_reason_becomes_the_start_of_own_words_that_the_company_reads(
    cast: Cast, case: Review, language: str
) -> None:
    client = browser(cast.reviewer, language)
    item = client.get(decide(case)).context["items"][0]
    reason = Reason.objects.filter(is_active=True, kinds__contains=["application"], fix_en__gt="").earliest("code")
    typed = {
        f"{item.prefix}-reason": reason.code,
        f"{item.prefix}-text": "第二页缺章。",
        "text": "Thank you.",
        "internal_note": "note",
    }
    page = client.post(decide(case), {**typed, "start": item.prefix})
    assert page.status_code == 200
    row = page.context["items"][0]
    words = f"第二页缺章。\n{wording_of(reason)}"
    assert (row["text"].value(), row["reason"].value(), row["chosen"].value()) == (words, "", True)
    assert (page.context["form"]["text"].value(), page.context["form"]["internal_note"].value()) == (
        "Thank you.",
        "note",
    )
    assert re.search(r"<textarea[^>]*autofocus", page.content.decode())
    sent = {f"{item.prefix}-chosen": "on", f"{item.prefix}-text": words, "text": ""}
    preview = client.post(decide(case), sent)
    # Once in each of the two previews, and not a second time as the reason itself.
    shown = re.findall(r'<ol class="said-items">.*?</ol>', preview.content.decode(), re.DOTALL)
    assert len(shown) == 2
    assert all(text.count(reason.text_zh) == 1 and text.count(reason.text_en) == 1 for text in shown)
    client.post(decide(case), {**sent, "confirm": "1"})
    client.post(reverse("reviews:apply", args=[case.ref]))
    case.refresh_from_db()
    assert case.decision == Decision.RETURNED
    assert case.items.get().text == words


def test_own_words_cannot_be_started_without_a_reason(cast: Cast, case: Review) -> None:
    client = browser(cast.reviewer)
    item = client.get(decide(case)).context["items"][0]
    for chosen in ("", "nonsense", "\x00"):
        answer = client.post(
            decide(case), {f"{item.prefix}-reason": chosen, f"{item.prefix}-text": "mine", "start": item.prefix}
        )
        assert answer.status_code == 422
        assert "mine" in answer.content.decode()
    assert client.post(decide(case), {"start": "nonsense"}).status_code == 404


def test_one_reason_for_several_cases_starts_own_words_too(cast: Cast, case: Review) -> None:
    client = browser(cast.reviewer)
    reason = Reason.objects.filter(is_active=True, kinds__contains=["application"]).earliest("code")
    address = reverse("reviews:bulk")
    data = {"case": [case.ref], "decision": "rejected", "reason": reason.code, "text": "", "start": "1"}
    page = client.post(address, data)
    assert page.status_code == 200
    assert page.context["form"]["text"].value() == wording_of(reason)
    assert page.context["form"]["reason"].value() == ""
    assert client.post(address, {**data, "reason": ""}).status_code == 422


def test_reasons_are_named_in_the_readers_language() -> None:
    reason = Reason(text_zh="看不清", text_en="Unreadable", fix_zh="重扫。", fix_en="Scan.")
    with translation.override("en"):
        assert (str(reason), reason.fix) == ("Unreadable", "Scan.")
    with translation.override("zh-hans"):
        assert (str(reason), reason.fix) == ("看不清", "重扫。")
