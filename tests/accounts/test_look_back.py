"""Looking back: how `?at=` is read, what cannot be read, and companies and their list as they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone
from hypothesis import given
from hypothesis import strategies as st

from accounts.companies import Company, CompanyState, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor
from accounts.look_back import INSTANT, read_moment
from tests.cast import Cast, make_company

CHINA = dt.timezone(dt.timedelta(hours=8))
NOW = dt.datetime(2026, 11, 25, 11, tzinfo=CHINA)
DAY = dt.timedelta(days=1)


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("", None),
        (" ", None),
        ("2026-11-24", dt.datetime(2026, 11, 25, tzinfo=CHINA) - INSTANT),
        ("2026-11-25", NOW),
        ("2026-11-24T14:00", dt.datetime(2026, 11, 24, 14, tzinfo=CHINA)),
        ("2026-11-24T14:00:30", dt.datetime(2026, 11, 24, 14, 0, 30, tzinfo=CHINA)),
        ("2026-11-24T14:00Z", dt.datetime(2026, 11, 24, 14, tzinfo=dt.UTC)),
        ("2026-11-24T14:00-05:00", dt.datetime(2026, 11, 24, 19, tzinfo=dt.UTC)),
        ("2026-11-24T14:00 08:00", dt.datetime(2026, 11, 24, 14, tzinfo=CHINA)),
        ("2024-02-29", dt.datetime(2024, 3, 1, tzinfo=CHINA) - INSTANT),
    ],
)
def test_moment_is_read_in_the_shown_zone_and_a_date_means_its_end(text: str, moment: dt.datetime | None) -> None:
    assert read_moment(text, now=NOW) == moment


@pytest.mark.parametrize("text", ["2026-11-26", "2026-11-25T11:01", "9999-12-31", "9999-12-31T23:59:59Z"])
def test_moment_that_has_not_come_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_moment(text, now=NOW)


@pytest.mark.parametrize("text", ["junk", "2026-13-01", "2025-02-29", "2026-11-24T25:00", "0001-01-01", "1999-12-31"])
def test_text_that_is_no_moment_is_refused(text: str) -> None:
    with pytest.raises(ValidationError):
        read_moment(text, now=NOW)


@given(st.text(max_size=60))
def test_any_text_is_a_moment_or_refused(text: str) -> None:
    try:
        moment = read_moment(text, now=NOW)
    except ValidationError:
        return
    assert moment is None or moment <= NOW


@pytest.mark.parametrize(
    "address", ["/staff/companies/", "/staff/numbers/", "/staff/plans/", "/staff/companies/{company}/"]
)
def test_moment_that_cannot_be_read_is_said_and_kept(cast: Cast, visit: Any, address: str) -> None:
    client = visit(cast.auditor)
    address = address.format(company=Company.objects.get(pk=cast.clinic.pk).ref)
    for text in ("last week", "2999-01-01"):
        response = client.get(address, {"at": text, "q": "x"})
        page = response.content.decode()
        assert response.status_code == 422
        assert f'value="{text}"' in page
        assert "datetime-local" not in page
        assert response.context["look_back"].present_url == f"{address}?q=x"
    assert client.get(address, {"at": "\0"}).status_code == 200


def changed(cast: Cast) -> tuple[dt.datetime, dt.datetime]:
    """The clinic gets another name and industry, and a moment before and after that."""
    now = timezone.now()
    Company.objects.update(created_at=now - 10 * DAY)
    change_company_data(
        company=cast.clinic,
        values={"name": "新名诊所", "industry": Industry.objects.get(code="retail")},
        actor=Actor.person(cast.lead),
        now=now - 2 * DAY,
        by_staff=True,
        reason="renamed",
    )
    return now - 3 * DAY, now - 2 * DAY


def test_companies_are_listed_and_found_as_they_were(cast: Cast, visit: Any) -> None:
    before, after = changed(cast)
    newcomer = make_company("后来者", verified=False)
    client = visit(cast.auditor)

    def names(**query: str) -> list[tuple[str, str]]:
        response = client.get("/staff/companies/", query)
        assert response.status_code == 200
        return [(row.name, row.industry.code) for row, _tone, _url in response.context["rows"]]

    assert names(at=before.isoformat()) == [("好味快餐", "catering"), ("仁和门诊部", "medical")]
    assert names(at=after.isoformat()) == [("好味快餐", "catering"), ("新名诊所", "retail")]
    assert names(at=before.isoformat(), q="仁和") == [("仁和门诊部", "medical")]
    assert names(at=before.isoformat(), q="新名") == []
    assert names(at=before.isoformat(), state=CompanyState.PENDING) == []
    assert names(at=(before - 30 * DAY).isoformat()) == []
    assert [name for name, _industry in names()] == [newcomer.name, "好味快餐", "新名诊所"]


def test_links_of_a_past_page_keep_the_moment(cast: Cast, visit: Any) -> None:
    before, _after = changed(cast)
    text = before.astimezone(CHINA).strftime("%Y-%m-%dT%H:%M")
    client = visit(cast.auditor)
    page = client.get("/staff/companies/", {"at": text}).content.decode()
    ref = Company.objects.get(pk=cast.clinic.pk).ref
    address = f"/staff/companies/{ref}/?at={text.replace(':', '%3A')}"
    assert f'href="{address}"' in page
    company = client.get(address).content.decode()
    assert "仁和门诊部" in company
    assert "新名诊所" not in company
    assert f"/staff/numbers/?company={ref}&amp;at={text.replace(':', '%3A')}" in company
    assert "Correct what was verified" not in company


def test_company_that_did_not_exist_then_is_not_found(cast: Cast, visit: Any) -> None:
    company = Company.objects.get(pk=cast.clinic.pk)
    past = (company.created_at - DAY).isoformat()
    assert visit(cast.auditor).get(f"/staff/companies/{company.ref}/", {"at": past}).status_code == 404


@pytest.mark.parametrize("address", ["/numbers/", "/", "/calendar/", "/settings/", "/timeline/"])
def test_pages_of_companies_ignore_the_moment(cast: Cast, visit: Any, address: str) -> None:
    client = visit(cast.owner)
    for text in ("2026-01-01", "junk", "2999-01-01"):
        response = client.get(address, {"at": text})
        assert response.status_code == 200
        assert "look_back" not in response.context
