"""The list of companies and one company's page, as staff see them."""

from __future__ import annotations

from typing import Any

import pytest

from accounts.companies import Company, CompanyState
from tests.cast import make_company, make_user


def names(response: Any) -> list[str]:
    """The companies on the page, in their order."""
    return [row.name for row, _tone, _url in response.context["rows"]]


def test_list_is_searched_and_narrowed(cast, visit):
    waiting = make_company("春风诊所", verified=False)
    client = visit(cast.auditor)
    expected = {
        "": ["春风诊所", "好味快餐", "仁和门诊部"],
        "q=春风": ["春风诊所"],
        f"q={cast.shop.credit_code[4:]}": ["好味快餐"],
        "q=%25": [],
        "state=pending": ["春风诊所"],
        "state=refused": [],
        "state=nonsense": ["春风诊所", "好味快餐", "仁和门诊部"],
        "q=%00": ["春风诊所", "好味快餐", "仁和门诊部"],
    }
    assert {query: names(client.get(f"/staff/companies/?{query}")) for query in expected} == expected
    assert "1 company waits for verification." in client.get("/staff/companies/").text
    assert waiting.state == CompanyState.PENDING


@pytest.mark.parametrize("companies", [1, 3, 50])
def test_list_takes_the_same_queries_whatever_its_length(cast, visit, django_assert_max_num_queries, companies):
    for serial in range(companies):
        make_company(f"Company {serial}")
    client = visit(cast.auditor)
    client.get("/staff/companies/")
    with django_assert_max_num_queries(8):
        assert client.get("/staff/companies/").status_code == 200


def test_page_shows_facts_members_and_history(cast, visit):
    cast.clinic.created_by = make_user("founder")
    cast.clinic.save()
    visit(cast.owner).post(
        "/settings/",
        {"contact_name": "李娜", "contact_phone": "0571-87000000", "contact_email": "", "time_zone": "Asia/Shanghai"},
    )
    page = visit(cast.auditor).get(f"/staff/companies/{cast.clinic.ref}/")
    assert "Contact person: 王芳 → 李娜" in page.text
    assert cast.clinic.credit_code in page.text
    assert "viewer@example.com" in page.text
    assert "Correct what was verified" not in page.text
    assert "Correct what was verified" in visit(cast.lead).get(f"/staff/companies/{cast.clinic.ref}/").text


def test_credit_code_of_another_company_is_refused_to_staff_too(cast, visit):
    response = visit(cast.lead).post(
        f"/staff/companies/{cast.clinic.ref}/",
        {"name": "仁和", "credit_code": cast.shop.credit_code, "industry": cast.clinic.industry_id, "reason": "x"},
    )
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"credit_code"})
    assert Company.objects.get(pk=cast.clinic.pk).name == "仁和门诊部"
