"""Requirements: whom they concern, who is told, who may announce and withdraw them; the catalogue and its journal."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts.companies import Industry
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from accounts.working_days import CalendarDay
from certification.maintenance.engine import tick
from certification.maintenance.models import MaintenanceCause
from certification.materials.models import MaterialKind, Requirement, RequirementMoment
from certification.materials.rules import (
    AnnouncedAlready,
    StartsInThePast,
    announce,
    reach_of,
    withdraw_requirement,
)
from certification.reviews.models import Reason
from tests.cast import NOW, add_member, make_company, make_material, make_number, make_user

TODAY = dt.date(2026, 11, 25)


def radiology() -> MaterialKind:
    return MaterialKind.objects.get(code="radiology_licence")


def say(
    cast, *, now: dt.datetime = NOW, effective_from: dt.date = TODAY + dt.timedelta(days=30), **fields
) -> Requirement:
    values = {
        "kind": radiology(),
        "industry": Industry.objects.get(code="medical"),
        "company_kinds": [],
        "moment": RequirementMoment.ALWAYS,
        "cause": MaintenanceCause.objects.get(code="regulatory_material"),
        "notice_zh": "须备案",
        "notice_en": "To be filed",
    }
    return announce(**{**values, **fields}, effective_from=effective_from, actor=Actor.person(cast.policy), now=now)


def test_reach_counts_companies_and_numbers_that_lack_it_on_the_day(cast):
    has = make_company("有证诊所")
    make_material(has, "radiology_licence", by=cast.owner)
    for _ in range(2):
        make_number(has)
    ends_before = make_company("将过期诊所")
    make_material(ends_before, "radiology_licence", by=cast.owner, expires_on=TODAY + dt.timedelta(days=29))
    make_company("未核验诊所", verified=False)
    reach = reach_of(
        kind=radiology(),
        industry=Industry.objects.get(code="medical"),
        company_kinds=[],
        effective_from=TODAY + dt.timedelta(days=30),
        now=NOW,
    )
    assert (reach.companies, reach.lacking, reach.numbers, reach.numbers_lacking) == (3, 2, 7, 5)
    assert reach.names == ["仁和门诊部", "将过期诊所"]


def test_announce_tells_owners_and_admins_of_companies_that_lack_it(cast):
    has = make_company("有证诊所")
    add_member(has, make_user("other-owner"))
    make_material(has, "radiology_licence", by=cast.owner)
    requirement = say(cast)
    notices = Notice.objects.filter(kind="requirement_announced").select_related("recipient")
    assert sorted(str(notice.recipient) for notice in notices) == ["admin", "owner"]
    context = notices[0].context
    assert context == {
        "requirement": requirement.ref,
        "material": "radiology_licence",
        "material_zh": "放射诊疗许可证",
        "material_en": "Radiology diagnosis and treatment licence",
        "effective_from": "2026-12-25",
        "notice_zh": "须备案",
        "notice_en": "To be filed",
        "notice_url": "",
        "stops": True,
        "holds_applications": False,
        "numbers": 5,
    }
    entry = JournalEntry.objects.get(subject="requirement", subject_id=requirement.pk)
    assert (entry.after, entry.actor) == ("announced", cast.policy)


def test_announced_requirement_stops_on_its_day_and_comes_back_when_withdrawn(cast):
    requirement = say(cast)
    assert tick(now=NOW).opened == 0
    starts = dt.datetime(2026, 12, 24, 16, tzinfo=dt.UTC)
    assert tick(now=starts).opened == 1
    assert withdraw_requirement(requirement=requirement, actor=Actor.person(cast.policy), now=starts, reason="r")
    assert not withdraw_requirement(requirement=requirement, actor=Actor.person(cast.policy), now=starts, reason="r")
    assert tick(now=starts + dt.timedelta(minutes=1)).closed == 1


def test_announce_refuses_the_past_and_the_same_twice(cast):
    with pytest.raises(StartsInThePast):
        say(cast, effective_from=TODAY - dt.timedelta(days=1))
    first = say(cast)
    with pytest.raises(AnnouncedAlready) as caught, transaction.atomic():
        say(cast)
    assert caught.value.requirement == first
    withdraw_requirement(requirement=first, actor=Actor.person(cast.policy), now=NOW, reason="r")
    assert say(cast) != first


# --- Pages ------------------------------------------------------------------------------------------------------------

READ = ["materials:rules", "materials:kinds", "materials:causes", "materials:reasons", "materials:days"]
WRITE = [
    ("materials:announce", []),
    ("materials:kind_new", []),
    ("materials:kind", ["business_licence"]),
    ("materials:cause", ["complaint_lock"]),
    ("materials:reason_new", []),
    ("materials:reason", ["illegible"]),
]


@pytest.mark.parametrize("role", ["reviewer", "lead", "operations", "policy", "auditor"])
def test_rules_are_read_by_all_staff_and_written_by_policy_s1(cast, client, role):
    client.force_login(getattr(cast, role))
    for name in READ:
        assert client.get(reverse(name)).status_code == 200
    for name, args in WRITE:
        writers = {"policy", "lead"} if name.startswith("materials:reason") else {"policy"}
        assert client.get(reverse(name, args=args)).status_code == (200 if role in writers else 403)
        answer = client.post(reverse(name, args=args), {})
        assert answer.status_code == (422 if role in writers else 403)
    assert client.post(reverse("materials:days"), {"day": ""}).status_code == (422 if role == "policy" else 403)


def test_rules_do_not_exist_for_companies(cast, client):
    client.force_login(cast.owner)
    for name in READ:
        assert client.get(reverse(name)).status_code == 404


@pytest.mark.parametrize("count", [1, 3, 50])
def test_rules_take_the_same_queries_for_any_number(cast, client, count, django_assert_num_queries):
    for number in range(count):
        kind = MaterialKind.objects.create(code=f"k{number}", name_zh="种", name_en="kind")
        Requirement.objects.create(kind=kind, effective_from=TODAY, announced_at=NOW)
    client.force_login(cast.policy)
    with django_assert_num_queries(7):
        assert client.get(reverse("materials:rules")).status_code == 200


def form_of(**changes) -> dict[str, str]:
    kind, industry = radiology(), Industry.objects.get(code="medical")
    cause = MaintenanceCause.objects.get(code="regulatory_material")
    starts = timezone.now().date() + dt.timedelta(days=30)
    values = {
        "kind": str(kind.pk),
        "industry": str(industry.pk),
        "moment": "always",
        "effective_from": starts.isoformat(),
        "cause": str(cause.pk),
        "notice_zh": "须备案",
        "notice_en": "To be filed",
        "notice_url": "",
    }
    return {**values, **changes}


def test_announcing_shows_whom_it_concerns_before_anything_is_saved(cast, client):
    client.force_login(cast.policy)
    before = Requirement.objects.count()
    preview = client.post(reverse("materials:announce"), form_of())
    assert preview.status_code == 200
    assert preview.context["reach"].numbers_lacking == 5
    assert Requirement.objects.count() == before
    changed = client.post(reverse("materials:announce"), form_of(change="1"))
    assert changed.context["form"]["notice_zh"].value() == "须备案"
    saved = client.post(reverse("materials:announce"), form_of(confirm="1"))
    requirement = Requirement.objects.latest("pk")
    assert (saved.status_code, saved["Location"]) == (302, reverse("materials:requirement", args=[requirement.ref]))
    again = client.post(reverse("materials:announce"), form_of(confirm="1"))
    assert again.status_code == 422
    assert list(again.context["form"].errors) == ["kind"]
    assert Requirement.objects.count() == before + 1


def test_announcing_counts_while_it_is_filled_in(cast, client):
    client.force_login(cast.policy)
    values = form_of(notice_zh="", notice_en="")
    answer = client.get(reverse("materials:reach"), values)
    assert answer.context["reach"].companies == 1
    assert client.get(reverse("materials:reach"), {"kind": "nonsense"}).context["reach"] is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("effective_from", "2020-01-01"),
        ("effective_from", "2999-01-01"),
        ("kind", "0"),
        ("notice_url", "javascript:alert(1)"),
        ("notice_zh", "a\x00b"),
    ],
)
def test_announcing_says_beside_the_field_what_is_wrong(cast, client, field, value):
    client.force_login(cast.policy)
    answer = client.post(reverse("materials:announce"), form_of(**{field: value}))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_withdrawing_needs_a_reason(cast, client):
    requirement = say(cast)
    client.force_login(cast.policy)
    url = reverse("materials:requirement_withdraw", args=[requirement.ref])
    assert client.post(url, {"reason": " "}).status_code == 422
    assert client.post(url, {"reason": "notice revoked"}).status_code == 302
    requirement.refresh_from_db()
    assert requirement.withdrawn_at is not None
    assert JournalEntry.objects.get(subject="requirement", after="withdrawn").reason == "notice revoked"


def test_editing_a_cause_journals_each_changed_field(cast, client):
    cause = MaintenanceCause.objects.get(code="model_upgrade")
    client.force_login(cast.policy)
    values = {
        "name_zh": cause.name_zh,
        "name_en": cause.name_en,
        "usual_from": "4",
        "usual_until": "6",
        "usual_unit": "days",
        "review_time_factor": "1.50",
        "defers": ["application"],
        "sentence_zh": cause.sentence_zh,
        "sentence_en": cause.sentence_en,
    }
    assert client.post(reverse("materials:cause", args=["model_upgrade"]), values).status_code == 302
    cause.refresh_from_db()
    assert (cause.usual_from, cause.usual_until, cause.defers) == (4, 6, ["application"])
    rows = JournalEntry.objects.filter(subject="cause", subject_id=cause.pk).order_by("aspect")
    assert [(row.aspect, row.before, row.after) for row in rows] == [
        ("defers", "", "application"),
        ("usual_from", "3", "4"),
        ("usual_until", "5", "6"),
    ]
    client.post(reverse("materials:cause", args=["model_upgrade"]), values)
    assert rows.count() == 3


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"usual_from": "6", "usual_until": "5"}, "usual_until"),
        ({"usual_from": "6", "usual_until": ""}, "usual_until"),
        ({"review_time_factor": "0.5"}, "review_time_factor"),
        ({"warn_at": "9"}, "warn_at"),
    ],
)
def test_editing_a_cause_refuses_what_cannot_be(cast, client, changes, field):
    cause = MaintenanceCause.objects.get(code="complaint_lock")
    client.force_login(cast.policy)
    values = {
        "name_zh": cause.name_zh,
        "name_en": cause.name_en,
        "usual_from": "48",
        "usual_until": "48",
        "usual_unit": "hours",
        "suspends_display": "on",
        "review_time_factor": "1",
        "warn_at": "3",
        "lock_above": "5",
    }
    answer = client.post(reverse("materials:cause", args=["complaint_lock"]), {**values, **changes})
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == [field]


def test_a_code_never_changes_once_it_is_chosen(cast, client):
    client.force_login(cast.policy)
    reason = Reason.objects.get(code="illegible")
    values = {"code": "other", "kinds": ["material"], "text_zh": "看不清", "text_en": "Unreadable", "is_active": "on"}
    assert client.post(reverse("materials:reason", args=["illegible"]), values).status_code == 302
    reason.refresh_from_db()
    assert (reason.code, reason.text_zh) == ("illegible", "看不清")
    assert client.post(reverse("materials:reason_new"), {**values, "code": "illegible"}).status_code == 422
    assert client.post(reverse("materials:reason_new"), {**values, "code": "other"}).status_code == 302


def test_a_corrected_day_is_kept_and_can_be_taken_back(cast, client):
    client.force_login(cast.policy)
    url = reverse("materials:days")
    values = {"day": "2027-02-06", "is_working": "no", "note": "notice 7"}
    assert client.post(url, values).status_code == 302
    day = CalendarDay.objects.get()
    assert (day.day, day.is_working) == (dt.date(2027, 2, 6), False)
    assert client.post(url, {**values, "is_working": "yes"}).status_code == 302
    assert client.post(url, {"forget": str(day.pk)}).status_code == 302
    assert client.post(url, {"forget": "nonsense\x00"}).status_code == 302
    assert CalendarDay.objects.count() == 0
    rows = JournalEntry.objects.filter(subject="calendar_day").order_by("pk").values_list("before", "after")
    assert list(rows) == [("", "off"), ("off", "working"), ("working", "")]
