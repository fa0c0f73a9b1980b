"""What is read before a plan or a requirement is saved: whom it covers, who lacks the document, which reviews, which plans."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.companies import Company
from accounts.journal import Actor
from certification.maintenance.meeting import companies_in, meeting
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.models import MaterialKind, Requirement
from certification.materials.rules import announce
from certification.numbers.models import Provider
from certification.reviews.models import ReviewKind
from tests.cast import NOW, Cast, add_member, make_company, make_material, make_number, make_user, meet_requirements
from tests.certification.maintenance.test_plan_views import NEW, form_data, monday
from tests.certification.materials.test_rules import form_of, radiology
from tests.certification.reviews.test_clocks import open_one, plan

DAY = dt.timedelta(days=1)
LANGUAGES = ("zh-hans", "en")


def read(client: Client, address: str, data: dict[str, Any], language: str) -> Any:
    response = client.post(address, data, headers={"accept-language": language})
    assert response.status_code == 200
    return response


def second_clinic(cast: Cast) -> Company:
    """Another medical company with two certified numbers, and with every document that is asked for already."""
    company = make_company("第二门诊部")
    meet_requirements(company, by=add_member(company, make_user("second-owner")))
    for _ in range(2):
        make_number(company)
    return company


def required(cast: Cast, code: str = "regulatory_material", *, in_days: int = 3) -> Requirement:
    return announce(
        kind=radiology(), industry=cast.clinic.industry, company_kinds=[], moment="always",  # type: ignore[arg-type]
        cause=MaintenanceCause.objects.get(code=code), effective_from=timezone.localdate() + in_days * DAY,
        actor=Actor.person(cast.policy), now=timezone.now(),
    )  # fmt: skip


def policy_plan(cast: Cast, **more: Any) -> dict[str, Any]:
    values = {"scope": "industry", "industry": str(cast.clinic.industry_id), "repeats": "none", "title_zh": "政策响应"}
    return form_data(**{"code": "regulatory_material", **values, **more})


# --- Plans -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", LANGUAGES)
def test_plan_says_how_many_lack_the_document_that_its_cause_asks_for(
    cast: Cast, client: Client, language: str
) -> None:
    second_clinic(cast)
    requirement = required(cast)
    client.force_login(cast.policy)
    page = read(client, NEW, policy_plan(cast), language)
    (row,) = page.context["check"].lacking
    assert (row.requirement, row.companies, row.numbers) == (requirement, 2, 7)
    day = requirement.effective_from
    words = {
        "zh-hans": f"其中 2 家企业缺少“放射诊疗许可证”（自 {day.isoformat()} 起要求），涉及 7 个已认证号码。",
        "en": f"2 of them lack “{requirement.kind.name_en}”, asked for from {day.day} {day:%B %Y}, with 7 certified numbers.",
    }
    assert words[language] in page.content.decode()
    make_material(cast.clinic, "radiology_licence", by=cast.owner)
    page = read(client, NEW, policy_plan(cast), language)
    assert [(row.companies, row.numbers) for row in page.context["check"].lacking] == [(1, 2)]
    # What runs out before the plan begins is lacking then.
    make_material(
        Company.objects.get(name="第二门诊部"), "radiology_licence", by=cast.owner, expires_on=monday().date() - DAY
    )
    page = read(client, NEW, policy_plan(cast), language)
    assert [(row.companies, row.numbers) for row in page.context["check"].lacking] == [(1, 2)]
    make_material(Company.objects.get(name="第二门诊部"), "radiology_licence", by=cast.owner)
    page = read(client, NEW, policy_plan(cast), language)
    assert page.context["check"].lacking == []
    words = {
        "zh-hans": "这些企业均已具备该原因要求的材料。",
        "en": "All of them have the documents that this cause asks for.",
    }
    assert words[language] in page.content.decode()
    assert not Maintenance.objects.filter(planned_start__isnull=False).exists()


def test_plan_counts_those_within_its_scope_and_time_only(cast: Cast, client: Client) -> None:
    second_clinic(cast)
    required(cast)
    client.force_login(cast.policy)

    def lacking(**more: Any) -> list[tuple[int, int]]:
        check = read(client, NEW, policy_plan(cast, **more), "en").context["check"]
        return [(row.companies, row.numbers) for row in check.lacking]

    assert lacking(scope="company", company=cast.clinic.name) == [(1, 5)]
    assert lacking(scope="company", company=cast.shop.name) == []
    assert lacking(scope="everything") == [(2, 7)]
    assert lacking(code="temporary_policy") == []  # another cause asks for nothing
    Requirement.objects.filter(kind=radiology()).update(effective_from=monday().date() + 30 * DAY)
    assert lacking() == []  # it is over before the document is asked for
    Requirement.objects.filter(kind=radiology()).update(
        effective_from=timezone.localdate(), withdrawn_at=timezone.now()
    )
    assert lacking() == []


@pytest.mark.parametrize(
    ("language", "words"),
    [
        ("zh-hans", "该原因不要求任何材料，因此没有企业缺少材料。"),
        ("en", "This cause asks for no document, so nobody lacks one."),
    ],
)
def test_plan_of_a_policy_without_a_document_says_so_and_a_technical_one_nothing(
    cast: Cast, client: Client, language: str, words: str
) -> None:
    client.force_login(cast.policy)
    assert words in read(client, NEW, policy_plan(cast, code="standard_overhaul"), language).content.decode()
    client.force_login(cast.operations)
    assert words not in read(client, NEW, form_data(), language).content.decode()


def test_live_count_says_who_lacks_the_document_too(cast: Cast, client: Client) -> None:
    required(cast)
    client.force_login(cast.policy)
    fragment = client.get(reverse("maintenance:plan_impact"), policy_plan(cast), headers={"accept-language": "en"})
    assert "1 of them lacks" in fragment.content.decode()


def test_preview_takes_the_same_queries_for_any_number_of_companies(cast: Cast, client: Client) -> None:
    required(cast)
    client.force_login(cast.policy)
    taken = []
    for count in (1, 3, 50):
        for _ in range(count):
            make_number(make_company("门诊"))
        with CaptureQueriesContext(connection) as queries:
            read(client, NEW, policy_plan(cast), "en")
        taken.append(len(queries))
    assert taken[0] == taken[1] == taken[2]


# --- Which plans meet ------------------------------------------------------------------------------------------------


def keys(**named: Any) -> dict[str, int | None]:
    return {f"{name}_id": named[name].pk if name in named else None for name in ("provider", "industry", "company")}


def test_plans_meet_by_the_companies_that_both_cover_whatever_their_scopes(cast: Cast) -> None:
    third = Provider.objects.get(code="third_party")
    make_number(cast.shop, provider="third_party")
    start, now = NOW + 10 * DAY, NOW
    plans = {
        name: plan(cast, "routine_window", start=start, days=1, now=now, **fields)
        for name, fields in {
            "all": {},
            "official": {"scope": "provider", "provider": cast.numbers[0].provider},
            "third": {"scope": "provider", "provider": third},
            "medical": {"scope": "industry", "industry": cast.clinic.industry},
            "catering": {"scope": "industry", "industry": cast.shop.industry},
            "clinic": {"scope": "company", "company": cast.clinic},
            "shop": {"scope": "company", "company": cast.shop},
        }.items()
    }  # fmt: skip

    def met(scope: str, *, begins: dt.datetime = start, days: float = 1, **named: Any) -> set[str]:
        rows = meeting(companies_in(scope=scope, keys=keys(**named)), start=begins, end=begins + days * DAY)
        return {name for name, row in plans.items() if row in set(rows)}

    assert met("everything") == set(plans)
    assert met("company", company=cast.clinic) == {"all", "official", "medical", "clinic"}
    assert met("company", company=cast.shop) == {"all", "third", "catering", "shop"}
    assert met("industry", industry=cast.clinic.industry) == {"all", "official", "medical", "clinic"}
    assert met("provider", provider=third) == {"all", "third", "catering", "shop"}
    assert met("everything", begins=start + DAY) == set()  # touching is not meeting
    assert met("everything", begins=start - DAY) == set()
    Maintenance.objects.filter(pk=plans["all"].pk).update(
        opened_at=start, held_since=start, overrunning_since=start + DAY
    )
    assert met("everything", begins=start + 5 * DAY) == {"all"}  # past its end, and not over
    Maintenance.objects.filter(pk=plans["clinic"].pk).update(cancelled_at=NOW)
    assert met("company", company=cast.clinic) == {"all", "official", "medical"}


def test_preview_of_a_plan_lists_the_plan_of_another_scope(cast: Cast, client: Client) -> None:
    begins = monday().replace(tzinfo=timezone.get_default_timezone())
    other = plan(
        cast, "data_sync", start=begins - DAY, days=3, now=timezone.now(), scope="provider", provider=cast.numbers[0].provider
    )  # fmt: skip
    client.force_login(cast.policy)
    check = read(client, NEW, policy_plan(cast), "en")
    assert check.context["check"].beside == [other]
    assert reverse("maintenance:detail", args=[other.ref]) in check.content.decode()


# --- Requirements ----------------------------------------------------------------------------------------------------


ANNOUNCE = "materials:announce"


@pytest.mark.parametrize("language", LANGUAGES)
def test_requirement_says_coverage_lacking_reviews_and_plans_before_it_is_saved(
    cast: Cast, client: Client, language: str
) -> None:
    second = second_clinic(cast)
    make_material(second, "radiology_licence", by=cast.owner)
    # Deferred by the cause for the company that lacks it; the other, which has it, is spared.
    MaintenanceCause.objects.filter(code="regulatory_material").update(defers=["number_change"])
    for company in (cast.clinic, second, cast.shop):
        open_one(company, ReviewKind.NUMBER_CHANGE)
        open_one(company, ReviewKind.MATERIAL)
    begins = timezone.now() + 30 * DAY
    met = plan(cast, "data_sync", start=begins + 5 * DAY, days=1, now=timezone.now())
    plan(cast, "model_upgrade", start=begins - 9 * DAY, days=3, now=timezone.now())  # over before
    plan(cast, "model_upgrade", start=begins + 60 * DAY, days=3, now=timezone.now())  # long after
    plan(cast, "data_sync", start=begins + 5 * DAY, days=1, now=timezone.now(), scope="company", company=cast.shop)
    client.force_login(cast.policy)
    before = Requirement.objects.count()
    page = read(client, reverse(ANNOUNCE), form_of(), language)
    reach, check = page.context["reach"], page.context["check"]
    assert (reach.companies, reach.numbers, reach.lacking, reach.numbers_lacking) == (2, 7, 1, 5)
    assert [(row.count, row.stand_still) for row in check.reviews] == [(1, True)]
    assert check.beside == [met]
    content = page.content.decode()
    for words in {
        "zh-hans": ("涉及 2 家已核验企业", "其中 1 家届时缺少该材料", "以下审核将会延期", "号码修改：1 件"),
        "en": ("2 verified companies are concerned", "1 of them lacks the document", "Open reviews that would be due later", "Number change: 1"),
    }[language]:  # fmt: skip
        assert words in content
    assert reverse("maintenance:detail", args=[met.ref]) in content
    assert Requirement.objects.count() == before


@pytest.mark.parametrize(
    ("cause", "holds", "expected"),
    [
        ({}, {}, []),
        ({}, {"holds_applications": "on"}, [(1, True)]),
        ({"review_time_factor": 2}, {}, [(1, False)]),
        ({"review_time_factor": 2}, {"holds_applications": "on"}, [(1, True)]),
        ({"urgent_appeals_only": True}, {}, [(1, True), (1, True)]),
    ],
)
def test_requirement_delays_what_its_cause_and_waiting_applications_delay(
    cast: Cast, client: Client, cause: dict[str, Any], holds: dict[str, str], expected: list[tuple[int, bool]]
) -> None:
    MaintenanceCause.objects.filter(code="regulatory_material").update(**cause)
    review = open_one(cast.clinic, ReviewKind.APPLICATION)
    type(review).objects.filter(pk=review.pk).update(subject="application")
    open_one(cast.clinic, ReviewKind.APPEAL, urgent=True)
    open_one(cast.clinic, ReviewKind.MATERIAL)
    client.force_login(cast.policy)
    check = read(client, reverse(ANNOUNCE), form_of(**holds), "en").context["check"]
    assert [(row.count, row.stand_still) for row in check.reviews] == expected


def test_requirement_that_is_asked_for_with_applications_only_touches_nothing_else(cast: Cast, client: Client) -> None:
    client.force_login(cast.policy)
    page = read(client, reverse(ANNOUNCE), form_of(moment="application"), "en")
    assert page.context["check"] is None
    assert "What else it touches" not in page.content.decode()


def test_requirement_of_a_cause_without_a_usual_length_looks_ninety_days_ahead(cast: Cast, client: Client) -> None:
    MaintenanceCause.objects.filter(code="regulatory_material").update(usual_from=None, usual_until=None)
    assert MaterialKind.objects.filter(code="radiology_licence").exists()
    client.force_login(cast.policy)
    page = read(client, reverse(ANNOUNCE), form_of(), "en")
    check = page.context["check"]
    assert check.end - check.start == 90 * DAY
    assert "usually has it by" not in page.content.decode()
