"""Every kind of notice in both languages: words, links, the dates that it announces."""

from __future__ import annotations

import datetime as dt
import re
from typing import Any

import pytest
from django.conf import settings
from django.template import Engine
from django.urls import resolve
from icalendar import Calendar

from accounts.companies import Company
from accounts.mails import compose
from accounts.notice_texts import masked, one_line, text_of
from accounts.notices import KINDS, Audience, Notice
from accounts.users import User
from tests.cast import NOW

CHINESE = re.compile(r"[\u4e00-\u9fff]")
ENGLISH_WORDS = re.compile(r"[A-Za-z]{3,}")
MATERIAL = {"material": "business_license", "material_zh": "营业执照", "material_en": "Business licence"}
CAUSE = {"maintenance": "0a1b2c3d4e5f", "cause_zh": "资质过期", "cause_en": "Expired material"}
REVIEW = {"due_from": "2025-06-03T06:00:00+00:00", "due_at": "2025-06-05T06:00:00+00:00"}
APPLICATION = {"application": "aa11bb22cc33", "numbers": 12}

APPEAL = {"appeal": "aa11bb22cc33", "appeal_kind": "mark"}

#: For each kind contexts as its writers make them: complete ones, and the barest.
WINDOW = {"planned_start": "2025-06-02T06:00:00+00:00", "planned_end": "2025-06-05T06:00:00+00:00"}
RULE = {"rule_zh": "每周一 02:00–05:00（北京时间）", "rule_en": "Every week on Monday, 02:00–05:00 (Beijing time)"}
NAMED = {"number": "0a1b2c3d4e5f", "number_name": "199****0001"}
SAMPLES: dict[str, list[dict[str, Any]]] = {
    "appeal_submitted": [{**APPEAL, **REVIEW}, APPEAL],
    "appeal_asked": [{**APPEAL, "answer_until": "2025-06-18T06:00:00+00:00", "reason": "请补充通话记录。"}, APPEAL],
    "appeal_warned": [
        {**APPEAL, "answer_until": "2025-06-18T06:00:00+00:00", "days_left": 7},
        {**APPEAL, "days_left": 1},
    ],
    "appeal_goes_on": [APPEAL],
    "appeal_message": [{**APPEAL, "reason": "已联系平台。"}, APPEAL],
    "appeal_message_staff": [
        {"appeal": "aa11bb22cc33", "review": "dd44ee55ff66", "is_answer": True},
        {"appeal": "aa11bb22cc33", "review": "dd44ee55ff66", "is_answer": False},
    ],
    "appeal_platform": [
        {**APPEAL, "platform_zh": "腾讯", "platform_en": "Tencent", "outcome": "cleared", "reason": ""},
        {**APPEAL, "platform_zh": "腾讯", "platform_en": "Tencent", "outcome": "refused", "reason": "与通话相符。"},
    ],
    "appeal_urgency": [
        {**APPEAL, "outcome": "confirmed", "reason": ""},
        {**APPEAL, "outcome": "refused", "reason": "并非公共服务。"},
    ],
    "appeal_decided": [
        {**APPEAL, "outcome": outcome, "reason": "已核实。"} for outcome in ("upheld", "partly_upheld", "dismissed")
    ],
    "appeal_settled": [APPEAL],
    "appeal_abandoned": [APPEAL],
    "maintenance_opened": [
        {
            **CAUSE,
            **MATERIAL,
            "numbers": 1,
            "expired_on": "2025-06-03",
            "effective_from": "2024-01-01",
            "expected_until": None,
        },
        {
            **CAUSE,
            **MATERIAL,
            "numbers": 12,
            "expired_on": None,
            "effective_from": "2025-06-03",
            "expected_from": "2025-06-12T16:00:00+00:00",
            "expected_until": "2025-06-17T16:00:00+00:00",
        },
        {**CAUSE, "numbers": 3},
    ],
    "maintenance_closed": [
        {**CAUSE, **MATERIAL, "numbers": 12, "still_open": 0},
        {**CAUSE, "numbers": 1, "still_open": 2},
    ],
    "requirement_announced": [
        {
            **MATERIAL,
            "effective_from": "2025-07-01",
            "notice_zh": "依据新规",
            "notice_en": "By the new rule",
            "notice_url": "https://example.com/rule",
            "stops": stops,
            "holds_applications": not stops,
            "numbers": 3,
        }
        for stops in (True, False)
    ],
    "mark_returned": [
        {
            "numbers": 1,
            "number": "0a1b2c3d4e5f",
            "platforms_zh": "腾讯",
            "platforms_en": "Tencent",
            "cleared_on": "2025-05-03T06:00:00+00:00",
        },
        {
            "numbers": 3,
            "number": "0a1b2c3d4e5f",
            "platforms_zh": "百度、腾讯",
            "platforms_en": "Baidu, Tencent",
            "cleared_on": None,
        },
    ],
    "mark_settled": [
        {"mark": "0a1b2c3d4e5f", "platform_zh": "百度", "platform_en": "Baidu", "outcome": outcome, "reason": ""}
        for outcome in ("confirmed", "refused")
    ],
    "complaint_warning": [
        {"numbers": 1, **NAMED, "complained_on": "2025-06-03", "limit": 5, "complaints": 3, "hours": [9, 14]},
        {"numbers": 5, "complained_on": "2025-06-03", "limit": 5},
    ],
    "complaint_lock": [
        {"maintenance": "112233445566", "limit": 5, "numbers": 1, **NAMED, "due_at": "2025-06-05T06:00:00+00:00"},
        {"maintenance": "112233445566", "limit": 5, "numbers": 4},
    ],
    "lock_kept": [{"maintenance": "112233445566", **NAMED, "reason": "投诉属实"}],
    "lock_released": [{**NAMED, "numbers": 1, "lifecycle": lifecycle} for lifecycle in ("certified", "draft")],
    "expedite_requested": [
        {"review": "ffeeddccbbaa", "due_at": "2025-06-03T06:00:00+00:00"},
        {"review": "ffeeddccbbaa"},
    ],
    "expedite_granted": [{"expedite": "0a1b2c3d4e5f", "reason": "approved"}],
    "expedite_refused": [{"expedite": "0a1b2c3d4e5f", "reason": ""}],
    "expedite_not_needed": [{"expedite": "0a1b2c3d4e5f", "reason": ""}],
    "maintenance_expedited": [{**CAUSE, "planned_end": "2025-06-05T06:00:00+00:00"}, CAUSE],
    "plan_announced": [{**CAUSE, **WINDOW, "suspends": True}, {**CAUSE, **WINDOW, "suspends": False}],
    "plan_ahead": [
        {**CAUSE, **WINDOW, "suspends": True, "numbers": 5, "days_left": 7, "sequence": 0},
        {**CAUSE, **WINDOW, "suspends": True, "numbers": 1, "days_left": 1, "sequence": 2},
        {**CAUSE, **WINDOW, "suspends": False, "numbers": 5, "days_left": 0},
    ],
    "plan_changed": [
        {**CAUSE, **WINDOW, "suspends": True},
        {**CAUSE, **WINDOW, "suspends": False, "what": "end"},
        {**CAUSE, **WINDOW, "suspends": False, "what": "start"},
        {**CAUSE, **WINDOW, "suspends": False, "what": "plan"},
    ],
    "series_announced": [{**CAUSE, **WINDOW, **RULE, "suspends": suspends} for suspends in (True, False)],
    "series_changed": [{**CAUSE, **WINDOW, **RULE, "suspends": suspends} for suspends in (True, False)],
    "series_ended": [{**CAUSE, **WINDOW, "suspends": True}],
    "plan_cancelled": [{**CAUSE, **WINDOW, "suspends": True}],
    "plan_started": [
        {**CAUSE, "suspends": True, "expected_from": None, "expected_until": "2025-06-05T06:00:00+00:00"},
        {**CAUSE, "suspends": False, "expected_until": None},
    ],
    "plan_ended": [{**CAUSE, "suspends": True}, {**CAUSE, "suspends": False}],
    "plan_overrunning": [{**CAUSE, "planned_end": "2025-06-05T06:00:00+00:00"}, CAUSE],
    "term_expires": [
        {"numbers": 12, "expires_on": "2025-06-03", "days_left": 7},
        {"numbers": 1, "expires_on": "2025-06-03", "days_left": 0},
    ],
    "certification_revoked": [{"numbers": 1, "reason": "冒用他人名称"}, {"numbers": 12, "reason": "冒用他人名称"}],
    "term_expired": [{"numbers": 2, "ended_on": "2025-06-03"}, {"numbers": 1}],
    "material_expires": [
        {**MATERIAL, "material_ref": "112233445566", "expires_on": "2025-06-03", "days_left": 7, "numbers": 12},
        {**MATERIAL, "material_ref": "112233445566", "expires_on": "2025-06-03", "days_left": 0, "numbers": 0},
    ],
    "material_submitted": [
        {**MATERIAL, **REVIEW, "material_ref": "112233445566"},
        {**MATERIAL, "material_ref": "112233445566"},
    ],
    "material_approved": [
        {**MATERIAL, "material_ref": "112233445566", "expires_on": "2025-06-03", "reason": "清晰"},
        {**MATERIAL, "material_ref": "112233445566"},
    ],
    "material_returned": [
        {**MATERIAL, "material_ref": "112233445566", "items": 2, "due_at": REVIEW["due_at"], "reason": "照片模糊"},
        {**MATERIAL, "material_ref": "112233445566", "items": 1},
        {**MATERIAL, "material_ref": "112233445566"},
    ],
    "material_rejected": [{**MATERIAL, "material_ref": "112233445566", "reason": "不是贵企业的执照"}],
    "application_submitted": [{**APPLICATION, **REVIEW}, {**APPLICATION, "due_at": REVIEW["due_at"]}, APPLICATION],
    "application_returned": [
        {**APPLICATION, "items": 3, "due_at": REVIEW["due_at"], "reason": "缺少授权书"},
        {**APPLICATION, "items": 1},
        APPLICATION,
    ],
    "application_approved": [
        {**APPLICATION, "expires_on": "2026-06-03"},
        {"application": "aa11bb22cc33", "numbers": 1},
    ],
    "application_rejected": [{**APPLICATION, "reason": "号码不属于贵企业"}],
    "application_held": [
        {"application": "aa11bb22cc33", **MATERIAL, "waits_until": REVIEW["due_at"]},
        {**APPLICATION, **MATERIAL},
    ],
    "application_lapses": [
        {**APPLICATION, **MATERIAL, "waits_until": REVIEW["due_at"], "days_left": days} for days in (1, 7)
    ],
    "application_lapsed": [{"application": "aa11bb22cc33"}],
    "review_overdue": [{"review": "ffeeddccbbaa", "review_kind": "application", "due_at": REVIEW["due_at"]}],
    "review_overdue_staff": [{"review": "ffeeddccbbaa", "review_kind": "material", "due_at": REVIEW["due_at"]}],
    "decision_refused": [
        {"review": "ffeeddccbbaa", "review_kind": "material", "decision": "approved", "reason": "该案件已被撤回。"},
        {"review": "ffeeddccbbaa", "review_kind": "material", "decision": "approved"},
    ],
    "company_verified": [{"company": "仁和门诊部", "reason": ""}],
    "company_refused": [{"company": "仁和门诊部", "reason": "执照编号不符"}],
    "invitation": [{"company": "仁和门诊部", "inviter": "王芳", "token": "tok-EN_1234", "role": "operator"}],
}


def clinic(name: str = "仁和门诊部") -> Company:
    """A company that no database needs to know."""
    return Company(pk=1, ref="c0ffee123456", name=name, time_zone="Asia/Shanghai")


def written(kind: str, context: dict[str, Any], company: Company | None = None) -> Notice:
    """A notice as it is stored, with whom it would be for."""
    audience = KINDS[kind].audience
    return Notice(
        key=f"{kind}:sample",
        kind=kind,
        context=context,
        created_at=NOW,
        company=None if audience == Audience.STAFF else company or clinic(),
        recipient=None if audience == Audience.INVITED else User(pk=1, email="owner@example.com"),
        address="invited@example.com" if audience == Audience.INVITED else "",
    )


def test_samples_cover_every_kind() -> None:
    assert set(SAMPLES) == set(KINDS)


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_every_kind_reads_in_both_languages(kind: str, language: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Engine.get_default(), "string_if_invalid", "MISSING<%s>")
    company = clinic("仁和门诊部" if language == "zh-hans" else "Renhe Clinic")
    for context in SAMPLES[kind]:
        english = {"reason": "not clear", "inviter": "Wang Fang", "company": "Renhe Clinic"}
        given = {key: english.get(key, value) if language == "en" else value for key, value in context.items()}
        text = text_of(written(kind, given, company), language=language)
        words = "\n".join([text.subject, text.what, text.deadline, text.consequence, text.quote, text.button, text.why])

        assert "MISSING" not in words
        for part in (text.subject, text.what, text.consequence, text.button, text.why):
            assert part
        if language == "en":
            assert not CHINESE.findall(words), words
        else:
            known = words
            for identifier in (*context.values(), "SMS"):
                known = known.replace(str(identifier), "")
            assert not ENGLISH_WORDS.findall(known), words


@pytest.mark.parametrize("kind", sorted(SAMPLES))
def test_every_kind_leads_to_a_page_that_exists(kind: str) -> None:
    for context in SAMPLES[kind]:
        path = text_of(written(kind, context), language="en").path
        match = resolve(path.partition("?")[0])
        assert match.view_name != "inbox", f"{kind} has no page of its own"


def test_text_names_dates_as_the_language_does() -> None:
    notice = written("material_expires", SAMPLES["material_expires"][0])

    assert text_of(notice, language="zh-hans").subject == "【需处理】营业执照将于 2025-06-03 到期（剩 7 天）"
    assert (
        text_of(notice, language="en").subject == "[Action needed] Business licence expires 3 June 2025 (7 days left)"
    )


def test_suspension_says_what_expired_and_how_many_numbers() -> None:
    notice = written("maintenance_opened", {**SAMPLES["maintenance_opened"][0], "numbers": 12})

    assert text_of(notice, language="zh-hans").subject == "【认证已暂停】营业执照已过期，影响 12 个号码"


def test_moments_are_those_of_the_companys_zone() -> None:
    notice = written("plan_started", SAMPLES["plan_started"][0])

    assert "2025-06-05 14:00" in text_of(notice, language="zh-hans").deadline
    assert notice.company is not None
    notice.company.time_zone = "America/New_York"
    assert "2025-06-05 02:00" in text_of(notice, language="zh-hans").deadline


def test_missing_material_leads_to_its_upload_for_the_right_company() -> None:
    notice = written("maintenance_opened", SAMPLES["maintenance_opened"][0])

    assert text_of(notice, language="en").path == "/materials/add/?kind=business_license&company=c0ffee123456"


def test_maintenance_without_a_material_leads_to_its_page() -> None:
    notice = written("maintenance_opened", SAMPLES["maintenance_opened"][2])

    assert text_of(notice, language="en").path == "/maintenance/0a1b2c3d4e5f/"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("号码13812341234的合同", "号码138****1234的合同"),
        ("call 138 1234 1234 now", "call 138****1234 now"),
        ("+8613812341234", "+86138****1234"),
        ("0571-87001234。", "0571****1234。"),
        ("400-123-4567", "400****4567"),
        ("+1 415 555 2671", "+1 41****2671"),
        ("10691234567890", "106912****7890"),
        ("信用代码 91330100000000001X", "信用代码 91330100000000001X"),
        ("95588", "95588"),
        ("2025-06-03", "2025-06-03"),
    ],
)
def test_telephone_numbers_in_written_text_are_masked(typed: str, shown: str) -> None:
    assert masked(typed) == shown


def test_reason_with_a_number_is_masked_in_the_mail() -> None:
    notice = written("application_rejected", {**APPLICATION, "reason": "13812341234 不属于贵企业"})

    content = compose(notice).message().as_bytes().decode()
    body = str(compose(notice).body) + str(compose(notice).alternatives[0][0])
    assert "13812341234" not in content + body
    assert "138****1234" in body


def test_subject_cannot_carry_a_second_header() -> None:
    company = clinic("Evil\r\nBcc: victim@example.com\u2028\u202e")
    message = compose(written("company_refused", {"company": "x", "reason": ""}, company)).message()

    assert message["Bcc"] is None
    assert "\n" not in str(message["Subject"]).replace("\n ", "")
    assert one_line("a\r\nb\u202ec") == "a b c"


def test_html_escapes_what_people_typed() -> None:
    notice = written("company_refused", {"company": "x", "reason": "<script>alert(1)</script>"})

    assert "<script>" not in str(compose(notice).alternatives[0][0])
    assert "<script>alert(1)</script>" in str(compose(notice).body)


@pytest.mark.parametrize(
    ("kind", "title"), [("material_expires", "营业执照到期"), ("term_expires", "12 个号码的认证到期")]
)
def test_announced_date_comes_as_one_calendar_entry(kind: str, title: str) -> None:
    soon, later = SAMPLES[kind][0], {**SAMPLES[kind][0], "days_left": 30}
    entries: list[Any] = []
    for context in (later, soon):
        message = compose(written(kind, context)).message()
        parts = [part for part in message.walk() if part.get_content_type() == "text/calendar"]
        assert len(parts) == 1
        assert parts[0].get_param("method") == "PUBLISH"
        calendar: Any = Calendar.from_ical(bytes(parts[0].get_payload(decode=True)))
        assert calendar["METHOD"] == "PUBLISH"
        (event,) = calendar.events
        entries.append(event)

    assert [event["SUMMARY"] for event in entries] == [title, title]
    assert entries[0]["UID"] == entries[1]["UID"]
    assert entries[0]["SEQUENCE"] < entries[1]["SEQUENCE"]
    assert entries[1]["DTSTART"].dt == dt.date(2025, 6, 3)
    assert entries[1]["DTEND"].dt == dt.date(2025, 6, 4)


def test_mail_without_a_date_has_no_calendar_entry() -> None:
    message = compose(written("application_lapsed", {"application": "aa11bb22cc33"})).message()

    assert [part.get_content_type() for part in message.walk()] == ["multipart/alternative", "text/plain", "text/html"]


def test_mail_has_one_link() -> None:
    mail = compose(written("material_expires", SAMPLES["material_expires"][0]))
    address = f"{settings.SITE_URL}/materials/112233445566/renew/"

    assert re.findall(r"https?://\S+", str(mail.body)) == [address]
    assert re.findall(r'href="([^"]+)"', str(mail.alternatives[0][0])) == [address]


def test_only_kinds_that_can_be_off_say_where() -> None:
    optional = compose(written("application_submitted", APPLICATION)).message()
    mandatory = compose(written("application_lapsed", {"application": "aa11bb22cc33"})).message()

    assert optional["List-Unsubscribe"] == f"<{settings.SITE_URL}/settings/notifications/>"
    assert mandatory["List-Unsubscribe"] is None
    assert mandatory["Auto-Submitted"] == "auto-generated"
