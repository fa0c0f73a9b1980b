"""Registering a company: what is checked, what is kept, what happens to it."""

from __future__ import annotations

import pytest
from django.core.exceptions import ValidationError
from hypothesis import given
from hypothesis import strategies as st
from stdnum.cn import uscc

from accounts.companies import Company, CompanyState, Industry, validate_credit_code
from accounts.company_changes import masked_identity_number
from accounts.encryption import decrypt
from accounts.journal import JournalEntry
from certification.reviews.models import Review
from tests.cast import credit_code, make_company, make_user

IDENTITY = "11010519491231002X"


def form(**changes: str) -> dict[str, str]:
    """What a person fills in; all of it right."""
    return {
        "kind": "enterprise",
        "name": "春风诊所",
        "credit_code": credit_code(700001),
        "identity_number": "",
        "industry": str(Industry.objects.get(code="medical").pk),
        "time_zone": "Asia/Shanghai",
        "contact_name": "王芳",
        "contact_phone": "0571-87000000",
        "contact_email": "",
        **changes,
    }


@pytest.fixture
def newcomer(cast):
    return make_user("newcomer")


def test_registration_waits_for_staff_with_a_promised_day(newcomer, visit):
    client = visit(newcomer)
    response = client.post("/companies/new/", form())
    company = Company.objects.get(name="春风诊所")
    assert (response.status_code, response["Location"]) == (302, f"/companies/{company.ref}/")
    assert (company.state, company.created_by) == (CompanyState.PENDING, newcomer)
    review = Review.objects.get(subject="company", subject_id=company.pk)
    assert (review.kind, review.state, review.submitted_by) == ("company", "open", newcomer)
    page = client.get(response["Location"])
    assert "Waiting for verification" in page.text
    assert company.ref in page.text
    rows = JournalEntry.objects.filter(company=company).order_by("pk").values_list("subject", "aspect", "after")
    assert list(rows) == [
        ("company", "state", "pending"),
        ("membership", f"role:{company.pk}", "owner"),
        ("review", "state", "open"),
    ]


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("91330100000000001X", "The check digit of this credit code does not fit."),
        ("9133010000000000", "A unified social credit code has 18 digits and capital letters"),
        ("91330100000000O01X", "A unified social credit code has 18 digits and capital letters"),
        ("", "Enter the unified social credit code"),
    ],
)
def test_wrong_credit_codes_are_told_apart_and_all_is_kept(newcomer, visit, code, message):
    response = visit(newcomer).post("/companies/new/", form(credit_code=code))
    assert response.status_code == 422
    assert message in response.text
    assert 'value="春风诊所"' in response.text
    assert 'value="0571-87000000"' in response.text
    assert not Company.objects.filter(name="春风诊所").exists()


@given(st.integers(0, 10**9 - 1), st.integers(8, 17), st.sampled_from(uscc._alphabet))
def test_any_single_wrong_character_is_noticed(serial, place, character):
    code = credit_code(serial)
    wrong = code[:place] + character + code[place + 1 :]
    if wrong == code:
        validate_credit_code(wrong)
    else:
        with pytest.raises(ValidationError):
            validate_credit_code(wrong)


def test_credit_code_may_be_pasted_with_spaces_in_small_letters(newcomer, visit):
    code = credit_code(700002)
    spaced = f" {code[:6].lower()} {code[6:12]}-{code[12:].lower()} "
    assert visit(newcomer).post("/companies/new/", form(credit_code=spaced)).status_code == 302
    assert Company.objects.get(name="春风诊所").credit_code == code


def test_registered_code_is_refused_without_saying_by_whom(cast, newcomer, visit):
    cast.shop.refresh_from_db()
    response = visit(newcomer).post("/companies/new/", form(credit_code=cast.shop.credit_code))
    assert response.status_code == 422
    assert "is registered already" in response.text
    assert cast.shop.name not in response.text
    assert cast.stranger.email not in response.text


def test_code_of_a_refused_company_is_free(cast, newcomer, visit):
    Company.objects.filter(pk=cast.shop.pk).update(state=CompanyState.REFUSED, verified_at=None)
    assert visit(newcomer).post("/companies/new/", form(credit_code=cast.shop.credit_code)).status_code == 302


def test_double_click_registers_once(newcomer, visit):
    client = visit(newcomer)
    answers = {client.post("/companies/new/", form())["Location"] for _ in range(2)}
    assert len(answers) == 1
    assert Company.objects.filter(name="春风诊所").count() == 1
    assert Review.objects.filter(subject="company").count() == 1


def test_individual_has_an_identity_number_encrypted_and_masked(newcomer, visit):
    individual = form(kind="individual", name="张三", credit_code="ignored", identity_number=IDENTITY.lower())
    assert visit(newcomer).post("/companies/new/", individual).status_code == 302
    company = Company.objects.get(name="张三")
    assert company.credit_code == ""
    assert IDENTITY not in company.identity_number_encrypted
    assert decrypt(company.identity_number_encrypted) == IDENTITY
    assert masked_identity_number(company) == "110*************2X"


@pytest.mark.parametrize("number", ["", "110105194912310021", "not a number"])
def test_wrong_identity_number_is_refused(newcomer, visit, number):
    response = visit(newcomer).post("/companies/new/", form(kind="individual", credit_code="", identity_number=number))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {"identity_number"}


@pytest.mark.parametrize(
    ("field", "value"),
    [("time_zone", "Mars/Olympus"), ("industry", "0"), ("contact_phone", "call me"), ("kind", "state"), ("name", "")],
)
def test_other_mistakes_are_beside_their_field(newcomer, visit, field, value):
    response = visit(newcomer).post("/companies/new/", form(**{field: value}))
    assert response.status_code == 422
    assert set(response.context["form"].errors) == {field}


def test_owner_company_and_state_cannot_be_posted(cast, newcomer, visit):
    visit(newcomer).post(
        "/companies/new/", form(state="verified", verified_at="2026-01-01", created_by=str(cast.owner.pk), ref="0" * 12)
    )
    company = Company.objects.get(name="春风诊所")
    assert (company.state, company.verified_at, company.created_by) == (CompanyState.PENDING, None, newcomer)
    assert company.ref != "0" * 12


def test_refused_company_is_corrected_and_handed_in_again(newcomer, visit):
    client = visit(newcomer)
    client.post("/companies/new/", form())
    company = Company.objects.get(name="春风诊所")
    Review.objects.filter(subject="company").update(state="cancelled")
    Company.objects.filter(pk=company.pk).update(state=CompanyState.REFUSED, state_reason="The name is not complete.")
    page = client.get(f"/companies/{company.ref}/correct/")
    assert "The name is not complete." in page.text
    response = client.post(f"/companies/{company.ref}/correct/", form(name="春风诊所有限公司"))
    assert response.status_code == 302
    company.refresh_from_db()
    assert (company.name, company.state, company.state_reason) == ("春风诊所有限公司", CompanyState.PENDING, "")
    assert Review.objects.filter(subject="company", state="open").count() == 1
    rows = JournalEntry.objects.filter(subject="company", subject_id=company.pk).order_by("pk")
    assert [(row.aspect, row.before, row.after) for row in rows] == [
        ("state", "", "pending"),
        ("name", "春风诊所", "春风诊所有限公司"),
        ("state", "refused", "pending"),
    ]


def test_correcting_while_waiting_starts_the_review_over(newcomer, visit):
    client = visit(newcomer)
    client.post("/companies/new/", form())
    company = Company.objects.get(name="春风诊所")
    client.post(f"/companies/{company.ref}/correct/", form(name="春风诊所有限公司"))
    states = Review.objects.filter(subject="company").order_by("pk").values_list("state", flat=True)
    assert list(states) == ["cancelled", "open"]


def test_verified_company_is_not_corrected(cast, visit):
    client = visit(cast.owner)
    response = client.post(f"/companies/{cast.clinic.ref}/correct/", form(name="Another"))
    assert (response.status_code, response["Location"]) == (302, "/settings/")
    cast.clinic.refresh_from_db()
    assert cast.clinic.name == "仁和门诊部"


def test_person_can_have_several_companies_and_switch(cast, visit):
    client = visit(cast.owner)
    client.post("/companies/new/", form())
    assert client.get("/settings/").context["subject"].name == "春风诊所"
    assert client.post("/companies/switch/", {"company": cast.clinic.ref})["Location"] == "/"
    assert client.get("/settings/").context["subject"] == cast.clinic


@pytest.mark.parametrize("ref", ["", "0" * 12, "\x00", "shop"])
def test_switching_to_a_company_of_others_is_not_found(cast, visit, ref):
    target = make_company("Another").ref if ref == "shop" else ref
    assert visit(cast.owner).post("/companies/switch/", {"company": target}).status_code == 404
    cast.owner.refresh_from_db()
    assert cast.owner.current_company is None
