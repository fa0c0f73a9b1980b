"""The pages of appeals: made once, kept whatever goes wrong, nothing lost, as many queries for fifty as for one."""

from __future__ import annotations

import re
import uuid
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor
from appeals.cases.conversation import say_as_staff
from appeals.cases.drafts import save_statement
from appeals.cases.models import Appeal, AppealFile, AppealKind, AppealMessage
from certification.numbers.models import NumberGroup
from certification.reviews.models import Review
from tests.appeals.cases.making import DAY, claim, draft, lock, mark, overhaul, picture, send, sent
from tests.cast import NOW, Cast, make_number
from tests.certification.materials import papers


def browser(user: Any, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


@pytest.fixture
def company(cast: Cast) -> Client:
    return browser(cast.operator)


@pytest.fixture
def staff(cast: Cast) -> Client:
    return browser(cast.reviewer)


def png(name: str = "screen.png") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, picture(), content_type="image/png")


def url(view: str, appeal: Appeal, *more: str) -> str:
    return reverse(f"appeals:{view}", args=[appeal.ref, *more])


def test_double_click_makes_one_draft_with_the_numbers_that_came_along(cast: Cast, company: Client) -> None:
    mark(cast.numbers[0], "360")
    cast.numbers[0].refresh_from_db()
    page = company.get(reverse("appeals:new"), {"kind": "mark", "number": cast.numbers[0].ref})
    form = {name: page.context["form"].initial[name] for name in ("kind", "creation_key", "numbers")}
    for _ in range(2):
        assert company.post(reverse("appeals:new"), form).status_code == 302
    appeal = Appeal.objects.get()
    assert list(appeal.items.values_list("number", flat=True)) == [cast.numbers[0].pk]
    assert list(appeal.platforms.values_list("platform__code", flat=True)) == ["360"]


def test_new_appeal_without_a_kind_is_refused_in_place(company: Client) -> None:
    answer = company.post(reverse("appeals:new"), {"creation_key": uuid.uuid4(), "numbers": "abc"})
    assert (answer.status_code, Appeal.objects.count()) == (422, 0)
    assert "error-summary" in answer.content.decode()


def test_numbers_of_others_and_with_strange_characters_are_left_out(cast: Cast, company: Client) -> None:
    theirs = make_number(cast.shop)
    theirs.refresh_from_db()
    form = {"kind": "mark", "creation_key": uuid.uuid4(), "numbers": f"{theirs.ref},\x00,😀"}
    assert company.post(reverse("appeals:new"), form).status_code in (302, 422)
    assert not Appeal.objects.filter(items__number=theirs).exists()


def test_numbers_are_found_by_search_group_mark_and_paste(cast: Cast, company: Client) -> None:
    group = NumberGroup.objects.create(company=cast.clinic, name="East")
    group.refresh_from_db()
    type(cast.numbers[1]).objects.filter(pk=cast.numbers[1].pk).update(group=group, alias="前台")
    mark(cast.numbers[2], "360")
    appeal = draft(cast, numbers=[])
    here = url("numbers", appeal)

    def found(**query: str) -> set[int]:
        return {number.pk for number in company.get(here, query).context["page"].rows}

    assert found() == {number.pk for number in cast.numbers}
    assert found(q="前台") == found(group=group.ref) == {cast.numbers[1].pk}
    assert found(marked="on") == {cast.numbers[2].pk}
    pasted = "\n".join([cast.numbers[0].number, "bad", cast.numbers[3].number[3:]])
    company.post(here, {"action": "paste", "pasted": pasted})
    assert set(appeal.items.values_list("number", flat=True)) == {cast.numbers[0].pk, cast.numbers[3].pk}
    company.post(f"{here}?q=前台", {"action": "add_all"})
    assert appeal.items.count() == 3
    company.post(f"{here}?view=chosen", {"action": "remove_all"})
    assert appeal.items.count() == 0
    assert company.post(here, {"action": "paste", "pasted": " "}).status_code == 422


def test_only_locked_numbers_can_be_in_an_appeal_against_a_lock(cast: Cast, company: Client) -> None:
    lock(cast.numbers[0])
    appeal = draft(cast, kind=AppealKind.LOCK, numbers=cast.numbers)
    assert list(appeal.items.values_list("number", flat=True)) == [cast.numbers[0].pk]
    assert [number.pk for number in company.get(url("numbers", appeal), {"view": "chosen"}).context["page"].rows] == [
        cast.numbers[0].pk
    ]


def test_statement_keeps_what_was_typed_when_it_is_urgent_without_a_reason(cast: Cast, company: Client) -> None:
    appeal = draft(cast, platforms=["360"])
    typed = {"statement": "新的说明", "is_urgent": "on", "urgency_reason": "", "revision": appeal.revision}
    answer = company.post(url("statement", appeal), typed)
    assert answer.status_code == 422
    assert "新的说明" in answer.content.decode()


def test_statement_of_another_tab_is_not_overwritten_unseen(cast: Cast, company: Client) -> None:
    appeal = draft(cast, platforms=["360"])
    save_statement(appeal=appeal, statement="别人的", urgency_reason="", revision=appeal.revision)
    answer = company.post(url("statement", appeal), {"statement": "我的", "revision": appeal.revision})
    assert answer.status_code == 409
    assert {"我的", "别人的"} <= set(re.findall("我的|别人的", answer.content.decode()))
    assert (
        company.post(
            url("statement", appeal), {"statement": "我的", "revision": answer.context["revision"]}
        ).status_code
        == 302
    )


def test_good_file_is_kept_beside_a_bad_one(cast: Cast, company: Client) -> None:
    appeal = draft(cast, platforms=["360"])
    bad = SimpleUploadedFile("music.mp3", b"ID3\x04" + b"\0" * 100, content_type="audio/mpeg")
    answer = company.post(url("evidence", appeal), {"item": "screenshot-360", "documents": [png(), bad]})
    assert answer.status_code == 422
    assert "music.mp3" in answer.content.decode()
    kept = AppealFile.objects.get()
    assert (kept.original_name, kept.kind, kept.platform.code if kept.platform else "") == (
        "screen.png",
        "screenshot",
        "360",
    )


@pytest.mark.parametrize(
    ("name", "content", "status"),
    [
        ("calls.csv", "号码,时间\n13800001111,10:00\n".encode("gb18030"), 302),
        ("calls.xlsx", b"PK\x03\x04 broken", 422),
        ("calls.xlsx", b"a,b\n1,2\n", 422),
        ("calls.csv", b"", 422),
        ("calls.pdf", papers.pdf(), 302),
        ("calls.exe", b"MZ" + b"\0" * 50, 422),
    ],
)
def test_call_log_is_a_sheet_or_a_document(cast: Cast, company: Client, name: str, content: bytes, status: int) -> None:
    appeal = draft(cast, platforms=["360"])
    upload = SimpleUploadedFile(name, content)
    answer = company.post(url("evidence", appeal), {"item": "call_log", "documents": [upload]})
    assert (answer.status_code, AppealFile.objects.count()) == (status, int(status == 302))


def test_file_can_be_removed_and_opened_by_the_company_and_reviewers_only(cast: Cast, company: Client) -> None:
    appeal = draft(cast, platforms=["360"])
    company.post(url("evidence", appeal), {"item": "screenshot-360", "documents": [png()]})
    file = AppealFile.objects.get()
    for view, arguments in (("file", [file.ref]), ("page", [file.ref, 1])):
        address = reverse(f"appeals:{view}", args=arguments)
        statuses = [
            browser(person).get(address).status_code
            for person in (cast.viewer, cast.reviewer, cast.stranger, cast.operations)
        ]
        assert statuses == [200, 200, 404, 404]
    assert company.get(reverse("appeals:file", args=[file.ref]))["Content-Security-Policy"].startswith("sandbox")
    company.post(url("evidence", appeal), {"remove": file.ref})
    assert AppealFile.objects.count() == 0


def test_sending_without_evidence_asks_once_and_double_click_sends_once(cast: Cast, company: Client) -> None:
    appeal = draft(cast, platforms=["360"])
    refused = company.post(url("check", appeal))
    assert refused.status_code == 422
    assert 'href="#without"' in refused.content.decode()
    for _ in range(2):
        answer = company.post(url("check", appeal), {"without": "yes"})
        assert answer["Location"] == url("result", appeal)
    assert Review.objects.filter(subject="appeal").count() == 1
    assert company.get(url("result", appeal)).status_code == 200


def test_second_appeal_names_the_open_one_with_a_link(cast: Cast, company: Client) -> None:
    first, second = draft(cast, platforms=["360"]), draft(cast, platforms=["baidu"])
    send(cast, first)
    assert url("detail", first) in company.get(url("check", second)).content.decode()
    conflict = company.post(url("check", second), {"without": "yes"})
    assert (conflict.status_code, url("detail", first) in conflict.content.decode()) == (409, True)


def test_overhaul_is_explained_before_sending(cast: Cast, company: Client) -> None:
    plan = overhaul(cast, now=timezone.now())
    words = "At present only urgent appeals are worked on"
    assert words in company.get(url("check", draft(cast, platforms=["360"]))).content.decode()
    urgent = draft(cast, platforms=["360"], urgency_reason="急诊热线")
    assert words not in company.get(url("check", urgent)).content.decode()
    assert plan.ref


def test_message_keeps_its_text_beside_a_bad_file(cast: Cast, company: Client) -> None:
    appeal, _review = sent(cast, platforms=["360"])
    bad = SimpleUploadedFile("music.mp3", b"ID3\x04", content_type="audio/mpeg")
    form = {"text": "请看附件", "submission": uuid.uuid4(), "documents": [png("one.png"), bad]}
    answer = company.post(url("message", appeal), form)
    assert (answer.status_code, AppealMessage.objects.count()) == (422, 0)
    page = answer.content.decode()
    assert "请看附件" in page
    (staged,) = re.findall(r'name="staged" value="(\w+)"', page)
    again = {"text": "请看附件", "submission": form["submission"], "staged": staged}
    for _ in range(2):
        assert company.post(url("message", appeal), again).status_code == 302
    message = AppealMessage.objects.get()
    assert [file.original_name for file in message.files.all()] == ["one.png"]


def test_staff_names_are_not_shown_and_unread_messages_are(cast: Cast, company: Client) -> None:
    type(cast.reviewer).objects.filter(pk=cast.reviewer.pk).update(name="王芳")
    appeal, review = sent(cast, platforms=["360"])
    say_as_staff(
        appeal=appeal,
        text="已联系平台。",
        submission=uuid.uuid4(),
        review=review,
        reviewer=cast.reviewer,
        actor=Actor.person(cast.reviewer),
        now=NOW,
    )
    page = company.get(url("detail", appeal)).content.decode()
    assert ("已联系平台。" in page, "王芳" in page, "Mark as read" in page) == (True, False, True)
    assert "A new message" in company.get(reverse("appeals:list")).content.decode()
    company.post(url("read", appeal))
    assert "Mark as read" not in company.get(url("detail", appeal)).content.decode()


def test_viewer_reads_and_changes_nothing(cast: Cast) -> None:
    appeal, _review = sent(cast, platforms=["360"])
    viewer = browser(cast.viewer)
    page = viewer.get(url("detail", appeal))
    assert (page.status_code, "textarea" in page.content.decode()) == (200, False)
    assert viewer.post(url("message", appeal), {"text": "x"}).status_code == 403


def case(review: Review, view: str, *more: str) -> str:
    return reverse(f"appeals:{view}", args=[review.ref, *more])


def test_two_reviewers_at_one_platform_lead_to_one_answer_and_a_conflict(cast: Cast, staff: Client) -> None:
    appeal, review = sent(cast, platforms=["360"])
    other = browser(cast.second_reviewer)
    lost = other.post(case(review, "staff_platform", "360"), {"to": "cleared", "note": "我已核实"})
    assert (lost.status_code, "我已核实" in lost.content.decode()) == (409, True)
    assert staff.post(case(review, "staff_platform", "360"), {"to": "refused"}).status_code == 302
    assert appeal.platforms.get().state == "refused"


def test_reviewer_writes_asks_and_judges_on_the_case_page(cast: Cast, staff: Client) -> None:
    appeal, review = sent(cast, platforms=["360"], urgency_reason="急诊热线")
    page = staff.get(reverse("reviews:case", args=[review.ref])).content.decode()
    assert all(word in page for word in ("Uphold", "Dismiss", "staff-text", "note-360"))
    assert staff.post(case(review, "staff_message"), {"text": " ", "submission": uuid.uuid4()}).status_code == 422
    assert staff.post(case(review, "staff_urgency", "refused"), {"reason": ""}).status_code == 422
    staff.post(case(review, "staff_urgency", "refused"), {"reason": "并非急诊号码"})
    staff.post(case(review, "staff_message"), {"text": "请补充", "submission": uuid.uuid4(), "ask": "1"})
    appeal.refresh_from_db()
    assert (appeal.urgency, appeal.state) == ("refused", "more_information")
    assert staff.post(case(review, "staff_platform", "360"), {"to": "cleared"}).status_code == 409
    staff.post(case(review, "staff_take_back"))
    appeal.refresh_from_db()
    assert appeal.state == "in_review"


def test_decision_choice_offers_what_went_against_the_company(cast: Cast, company: Client) -> None:
    key = uuid.uuid4()
    answer = company.post(reverse("appeals:new"), {"kind": "decision", "creation_key": key})
    assert "No decision to appeal against" in answer.content.decode()
    gone = company.get(reverse("appeals:new"), {"kind": "decision", "review": "unknown"})
    assert "cannot be appealed against" in gone.content.decode()


def test_chinese_pages_show_no_english(cast: Cast) -> None:
    mark(cast.numbers[0], "360", "tencent")
    appeal = draft(cast)
    reader = browser(cast.operator, "zh-hans")
    pages = [
        reader.get(url(view, appeal)) for view in ("edit", "numbers", "platforms", "statement", "evidence", "check")
    ]
    review = send(cast, appeal)
    claim(review, cast.reviewer)
    pages += [reader.get(url(view, appeal)) for view in ("detail", "result", "withdraw")]
    pages.append(browser(cast.reviewer, "zh-hans").get(reverse("reviews:case", args=[review.ref])))
    for page in pages:
        main = re.sub(
            r"<script.*?</script>|<section[^>]* lang=\"en\".*?</section>|<[^>]+>|\b[0-9a-f]{12}\b",  # references are no words
            " ",
            "<main" + page.content.decode().split("<main", 1)[1],
            flags=re.DOTALL,
        )
        words = set(re.findall(r"[A-Za-z]{4,}", main)) - {"Enter", "JPEG", "xlsx", "operator", "reviewer", "Tencent"}
        assert not words, (page.request["PATH_INFO"], words)


def queries(client: Client, address: str) -> int:
    client.get(address)
    with CaptureQueriesContext(connection) as captured:
        assert client.get(address).status_code == 200
    return len(captured)


def test_list_needs_as_many_queries_for_fifty_as_for_one(cast: Cast, company: Client) -> None:
    counts = []
    made = 0
    for wanted in (1, 3, 50):
        for _ in range(wanted - made):
            number = make_number(cast.clinic)
            send(cast, draft(cast, numbers=[number], platforms=["360"]), now=NOW + DAY)
        made = wanted
        counts.append(queries(company, reverse("appeals:list")))
    assert counts == [counts[0]] * 3
    assert counts[0] <= 12


def test_detail_and_case_need_as_many_queries_for_fifty_numbers_as_for_one(
    cast: Cast, company: Client, staff: Client
) -> None:
    counts = []
    for size in (1, 3, 50):
        numbers = [make_number(cast.clinic) for _ in range(size)]
        appeal, review = sent(cast, numbers=numbers, platforms=["360"])
        for text in ("一", "二", "三")[: 1 if size == 1 else 3]:
            say_as_staff(
                appeal=appeal,
                text=text,
                submission=uuid.uuid4(),
                review=review,
                reviewer=cast.reviewer,
                actor=Actor.person(cast.reviewer),
                now=NOW,
            )
        counts.append(
            (
                queries(company, url("detail", appeal)),
                queries(company, f"{url('detail', appeal)}?after="),
            )
        )
    assert counts == [counts[0]] * 3


def test_numbers_need_as_many_queries_for_fifty_as_for_one(cast: Cast, company: Client) -> None:
    appeal = draft(cast, numbers=[])
    few = queries(company, url("numbers", appeal))
    for _ in range(60):
        make_number(cast.clinic)
    assert queries(company, url("numbers", appeal)) == few
