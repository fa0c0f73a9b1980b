"""Every rule of the pre-check: what it finds, how severe it is, and that a good draft passes."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import translation
from hypothesis import given
from hypothesis import strategies as st

from accounts.companies import CompanyKind
from certification.applications.findings import WORDS, words_of
from certification.applications.labels import MOST_CHARACTERS, broken_rules
from certification.applications.models import Application, ApplicationKind
from certification.applications.precheck import (
    Draft,
    Finding,
    Severity,
    blockers,
    findings,
    look,
    precheck,
)
from certification.materials.comparison import same_name
from certification.materials.models import Material, MaterialKind, MaterialNumber, MaterialState, Requirement
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews.models import Decision
from tests.cast import NOW, Cast, credit_code, make_material, make_number
from tests.certification.applications.making import (
    NEXT_DAY,
    decided,
    draft_numbers,
    make_draft,
    make_submitted,
    purpose_item,
)

TODAY = dt.date(2026, 11, 25)


def found(application: Application, now: dt.datetime = NOW) -> set[tuple[str, str, str]]:
    """The findings as (code, severity, part)."""
    application.refresh_from_db()
    return {(row.code, row.severity.value, row.part) for row in precheck(application=application, now=now)}


def change_material(kind: str, **changes: Any) -> None:
    Material.objects.filter(kind__code=kind).update(**changes)


def test_good_draft_has_no_finding(cast: Cast) -> None:
    assert found(make_draft(cast)) == set()


def test_good_renewal_and_change_have_no_finding(cast: Cast) -> None:
    soon = NOW + dt.timedelta(days=30)
    PhoneNumber.objects.filter(pk__in=[number.pk for number in cast.numbers[:2]]).update(term_ends_at=soon)
    assert found(make_draft(cast, cast.numbers[:2], kind=ApplicationKind.RENEWAL)) == set()
    assert found(make_draft(cast, cast.numbers[2:4], kind=ApplicationKind.CHANGE)) == set()


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"purpose": ""}, ("purpose_missing", "blocker", "purpose")),
        ({"purpose": "  \n"}, ("purpose_missing", "blocker", "purpose")),
        ({"purpose": "提醒患者"}, ("purpose_short", "warning", "purpose")),
        ({"sample_script": " "}, ("script_missing", "blocker", "script")),
        ({"applicant_is_agent": None}, ("applicant_missing", "blocker", "applicant")),
        ({"applicant_is_agent": True}, ("material_missing", "blocker", "material")),  # the letter of authority
    ],
)
def test_answers(cast: Cast, changes: dict[str, Any], expected: tuple[str, str, str]) -> None:
    application = make_draft(cast)
    Application.objects.update(**changes)
    assert found(application) == {expected}


def test_letter_of_authority_is_asked_of_agents_only(cast: Cast) -> None:
    application = make_draft(cast)
    Application.objects.update(applicant_is_agent=True)
    rows = precheck(application=Application.objects.get(pk=application.pk), now=NOW)
    assert [row.kind.code for row in rows if row.kind] == ["letter_of_authority"]
    make_material(cast.clinic, "letter_of_authority", by=cast.owner)
    assert found(application) == set()


def test_company_must_be_verified(cast: Cast) -> None:
    application = make_draft(cast)
    type(cast.clinic).objects.update(state="pending", verified_at=None)
    assert found(application) == {("company_not_verified", "blocker", "company")}


def test_credit_code_must_be_valid_but_individuals_have_none(cast: Cast) -> None:
    application = make_draft(cast)
    companies = type(cast.clinic).objects.filter(pk=cast.clinic.pk)
    companies.update(credit_code="911111111111111111")
    assert found(application) == {("credit_code_wrong", "blocker", "company")}
    companies.update(credit_code="", kind=CompanyKind.INDIVIDUAL)
    assert found(application) == set()


def test_no_numbers(cast: Cast) -> None:
    assert found(make_draft(cast, [])) == {("no_numbers", "blocker", "numbers")}


def test_number_that_was_certified_meanwhile(cast: Cast) -> None:
    numbers = draft_numbers(cast, 2)
    application = make_draft(cast, numbers)
    PhoneNumber.objects.filter(pk=numbers[0].pk).update(
        lifecycle=Lifecycle.CERTIFIED, term_ends_at=NOW + dt.timedelta(days=300)
    )
    assert found(application) == {("numbers_not_eligible", "blocker", "numbers")}


def test_number_in_other_draft_and_in_other_application(cast: Cast) -> None:
    numbers = draft_numbers(cast, 2)
    application = make_draft(cast, numbers)
    make_draft(cast, numbers[:1], proven=False)
    assert found(application) == {("numbers_in_other_drafts", "warning", "numbers")}
    make_submitted(cast, numbers[1:], proven=False)
    assert found(application) == {
        ("numbers_in_other_drafts", "warning", "numbers"),
        ("numbers_taken", "blocker", "numbers"),
    }


def test_number_without_shape(cast: Cast) -> None:
    numbers = [make_number(cast.clinic, number="+86abc", lifecycle=Lifecycle.DRAFT)]
    assert found(make_draft(cast, numbers)) == {("numbers_misshapen", "blocker", "numbers")}


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        ("", ("label_missing", "blocker", "numbers")),
        ("名" * (MOST_CHARACTERS + 1), ("label_too_long", "blocker", "numbers")),
        ("仁和www.a.cn", ("label_contact", "blocker", "numbers")),
        ("仁和★门诊", ("label_characters", "blocker", "numbers")),
        ("仁和免费体检", ("label_advertising", "warning", "numbers")),
    ],
)
def test_labels(cast: Cast, label: str, expected: tuple[str, str, str]) -> None:
    application = make_draft(cast)
    PhoneNumber.objects.filter(applications__application=application).update(label=label)
    assert found(application) == {expected}


def test_change_must_change_something(cast: Cast) -> None:
    application = make_draft(cast, cast.numbers[:2], kind=ApplicationKind.CHANGE)
    application.items.update(requested_label="仁和门诊部")
    assert found(application) == {("label_unchanged", "warning", "labels")}
    application.items.update(requested_label="")
    assert found(application) == {("label_missing", "blocker", "labels")}


@pytest.mark.parametrize(
    ("days", "expected"),
    [
        (-1, ("material_expired", "blocker", "material")),
        (0, ("material_ends_in_review", "warning", "material")),
        (7, ("material_ends_in_review", "warning", "material")),  # 2 December: the last day of the review
        (8, ("material_ends_soon", "warning", "material")),
        (60, ("material_ends_soon", "warning", "material")),
        (61, None),
    ],
)
def test_validity_of_material(cast: Cast, days: int, expected: tuple[str, str, str] | None) -> None:
    application = make_draft(cast)
    change_material("business_licence", is_long_term=False, expires_on=TODAY + dt.timedelta(days=days))
    assert found(application) == ({expected} if expected else set())


def test_missing_returned_and_submitted_material(cast: Cast) -> None:
    application = make_draft(cast)
    change_material("business_licence", state=MaterialState.RETURNED)
    assert found(application) == {("material_returned", "blocker", "material")}
    change_material("business_licence", state=MaterialState.SUBMITTED)
    assert found(application) == {("material_under_review", "warning", "material")}
    Material.objects.filter(kind__code="business_licence", company=cast.clinic).delete()
    assert found(application) == {("material_missing", "blocker", "material")}


def test_material_that_applications_wait_for_is_no_blocker(cast: Cast) -> None:
    application = make_draft(cast)
    Requirement.objects.filter(kind__code="medical_practice_licence").update(holds_applications=True)
    Material.objects.filter(kind__code="medical_practice_licence").delete()
    assert found(application) == {("material_awaited", "warning", "material")}


def test_announced_requirement_within_review_is_pointed_out(cast: Cast) -> None:
    application = make_draft(cast)
    requirement = Requirement.objects.create(
        kind=MaterialKind.objects.get(code="radiology_licence"),
        effective_from=dt.date(2026, 12, 1),
        announced_at=NOW - dt.timedelta(days=3),
    )
    assert found(application) == {("material_required_soon", "warning", "material")}
    Requirement.objects.filter(pk=requirement.pk).update(effective_from=dt.date(2026, 12, 3))
    assert found(application) == set()


def test_name_on_document_is_compared(cast: Cast) -> None:
    application = make_draft(cast)
    change_material("business_licence", holder_name="别家门诊部")
    assert found(application) == {("holder_differs", "warning", "material")}  # a person approved it
    change_material("business_licence", state=MaterialState.SUBMITTED)
    assert ("holder_differs", "blocker", "material") in found(application)
    change_material("business_licence", holder_name=" 仁和　门诊部 ", state=MaterialState.APPROVED)
    assert found(application) == set()
    change_material("legal_representative_id", holder_name="王芳")  # a person's name is not the company's
    assert found(application) == set()


def test_credit_code_on_document_is_compared(cast: Cast) -> None:
    application = make_draft(cast)
    change_material("business_licence", document_number=credit_code(999_999))
    assert found(application) == {("credit_code_differs", "warning", "material")}
    change_material("business_licence", document_number=cast.clinic.credit_code.lower())
    assert found(application) == set()
    change_material("business_licence", document_number="浙卫 2024-17")
    assert found(application) == set()


def test_proof_must_name_every_number(cast: Cast) -> None:
    numbers = draft_numbers(cast, 3)
    application = make_draft(cast, numbers)
    MaterialNumber.objects.filter(number=numbers[2]).delete()
    rows = precheck(application=application, now=NOW)
    assert [(row.code, row.params["count"]) for row in rows] == [("numbers_not_named", 1), ("numbers_not_named", 1)]
    for kind in ("number_ownership", "statement_of_use"):  # several proofs stand side by side
        material = make_material(cast.clinic, kind, by=cast.owner)
        MaterialNumber.objects.create(material=material, number=numbers[2])
    assert found(application) == set()


def test_returned_item_must_be_corrected(cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    assert found(application, NEXT_DAY) == {("not_corrected", "blocker", "purpose")}


def test_queries_do_not_grow_with_numbers(cast: Cast) -> None:
    counts = []
    for count in (1, 3, 50):
        application = make_draft(cast, draft_numbers(cast, count))
        with CaptureQueriesContext(connection) as captured:
            look(application=application, now=NOW)
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_blockers_come_first(cast: Cast) -> None:
    application = make_draft(cast)
    Application.objects.update(purpose="短", sample_script="")
    application.refresh_from_db()
    rows = precheck(application=application, now=NOW)
    assert [row.blocks for row in rows] == [True, False]
    assert [row.code for row in blockers(rows)] == ["script_missing"]


def test_rules_are_pure(cast: Cast) -> None:
    draft = Draft(
        application=make_draft(cast), company=cast.clinic, today=TODAY, review_ends=dt.date(2026, 12, 2), numbers=1
    )
    with CaptureQueriesContext(connection) as captured:
        assert findings(draft) == findings(draft) == []
    assert len(captured) == 0


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("code", sorted(WORDS))
def test_every_finding_has_words(cast: Cast, code: str, language: str) -> None:
    class Cause:
        title = "重大升级"

    finding = Finding(
        code,
        Severity.BLOCKER,
        "material",
        {
            "count": 2,
            "most": 5,
            "expires_on": TODAY,
            "until": TODAY,
            "item": "purpose",
            "on_document": "甲",
            "registered": "乙",
            "cause": Cause,
        },
        kind=MaterialKind.objects.first(),
        numbers=tuple(cast.numbers[:1]),
    )
    with translation.override(language):
        words = words_of(make_draft(cast), finding)
    assert words.title
    assert words.fix
    assert cast.numbers[0].number not in words.numbers
    is_english = all(ord(character) < 0x3000 for character in words.fix)
    assert is_english == (language == "en")


@given(st.text(max_size=70))
def test_any_label_is_judged(label: str) -> None:
    codes = [rule.code for rule in broken_rules(label)]
    assert ("label_too_long" in codes) == (len(label) > MOST_CHARACTERS)


@given(st.text(max_size=40))
def test_names_are_equal_to_themselves_in_any_spacing(name: str) -> None:
    assert same_name(name) == same_name(f" {name} ")
