"""The numbers of all companies for staff: found in any shape, masked, as they are and as they were."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

from accounts.companies import Company
from accounts.journal import Actor, JournalEntry
from accounts.users import User
from certification.numbers.models import PhoneNumber, Provider
from certification.numbers.registry import add_number, change_number, release_number
from certification.numbers.shapes import ReadNumber, dialled, mask_number, read_number
from tests.cast import Cast, make_number
from tests.certification.maintenance.test_status import open_row

DAY = dt.timedelta(days=1)


def client_of(user: User) -> Client:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(user)
    return client


def listed(client: Client, **query: str) -> list[str]:
    response = client.get("/staff/numbers/", query)
    assert response.status_code == 200
    return [number.number for number, _facts, _url in response.context["rows"]]


def as_text(at: dt.datetime) -> str:
    return at.isoformat()


@pytest.mark.parametrize(
    "typed",
    [
        "+8657187001234",
        "0571-87001234",
        "(0571) 8700 1234",
        "571 8700 1234",
        "86 571 87001234",
        "８７００１２３４",
        "8700",
    ],
)
def test_number_is_found_in_any_shape(cast: Cast, typed: str) -> None:
    make_number(cast.shop, number="+8657187001234", kind="landline")
    assert listed(client_of(cast.auditor), q=typed) == ["+8657187001234"]


def test_list_is_narrowed_by_company_provider_and_status(cast: Cast) -> None:
    other = make_number(cast.shop, provider="third_party", lifecycle="draft")
    ours = [number.number for number in cast.numbers]
    client, ref = client_of(cast.reviewer), Company.objects.get(pk=cast.clinic.pk).ref
    assert listed(client) == [*ours, other.number]
    assert listed(client, company="仁和") == listed(client, company=ref) == ours
    assert listed(client, company=cast.shop.credit_code) == [other.number]
    assert listed(client, provider="third_party") == listed(client, status="draft") == [other.number]
    open_row("complaint_lock", scope="number", number=cast.numbers[1])
    assert listed(client, status="locked") == [ours[1]]
    assert listed(client, q="nothing like it") == []
    assert client.get("/staff/numbers/", {"status": "wrong"}).status_code == 422
    assert client.get("/staff/numbers/", {"provider": "\0"}).status_code in (200, 422)


def test_numbers_are_masked_everywhere_but_after_a_reveal(cast: Cast) -> None:
    number = PhoneNumber.objects.get(pk=cast.numbers[0].pk)
    client = client_of(cast.reviewer)
    address = f"/staff/numbers/{number.ref}/"
    for page in (client.get("/staff/numbers/"), client.get(address)):
        assert mask_number(number.number) in page.content.decode()
        assert dialled(number.number) not in page.content.decode()
    response = client.post(f"{address}reveal/")
    assert dialled(number.number) in response.content.decode()
    assert response["Cache-Control"] == "no-store, private"
    row = JournalEntry.objects.get(aspect="reveal")
    assert (row.actor, row.subject_id, row.company_id) == (cast.reviewer, number.pk, cast.clinic.pk)
    assert client_of(cast.auditor).post(f"{address}reveal/").status_code == 403


def test_list_looks_back_at_holders_providers_and_statuses(cast: Cast) -> None:
    now = timezone.now()
    PhoneNumber.objects.update(created_at=now - 20 * DAY, lifecycle_since=now - 20 * DAY)
    Company.objects.update(created_at=now - 20 * DAY)
    draft = make_number(cast.clinic, lifecycle="draft", created_at=now - 20 * DAY, lifecycle_since=now - 20 * DAY)
    open_row("data_sync", at=now - 6 * DAY, closed=now - 4 * DAY, scope="company", company=cast.clinic)
    third = Provider.objects.get(code="third_party")
    change_number(
        number=draft, label=draft.label, alias="new alias", provider=third, group=None, backup_of=None,
        actor=Actor.person(cast.owner), now=now - 2 * DAY,
    )  # fmt: skip
    sold = cast.numbers[0]
    release_number(number=sold, actor=Actor.person(cast.owner), now=now - 2 * DAY, reason="sold")
    read = read_number(sold.number)
    assert isinstance(read, ReadNumber)
    add_number(company=cast.shop, read=read, provider=third, actor=Actor.person(cast.stranger), now=now - DAY)
    client, ref = client_of(cast.auditor), Company.objects.get(pk=cast.clinic.pk).ref
    then, stopped = as_text(now - 3 * DAY), as_text(now - 5 * DAY)
    everything = [number.number for number in [*cast.numbers, draft]]
    assert listed(client, at=then) == everything
    assert listed(client, at=then, provider="third_party") == []
    assert listed(client, at=as_text(now - 1.5 * DAY), provider="third_party") == [draft.number]
    assert listed(client, at=stopped, company=ref, status="maintenance") == everything[:5]
    assert listed(client, at=then, company=ref, status="maintenance") == []
    assert listed(client, company=ref) == everything[1:]
    response = client.get("/staff/numbers/", {"at": then, "q": sold.number[-6:]})
    ((number, facts, url),) = response.context["rows"]
    assert (number.company, facts.status) == (cast.clinic, "certified")
    page = client.get(url)
    assert page.context["facts"].status == "certified"
    assert "Given up" not in page.content.decode()
    assert "好味快餐" not in page.content.decode()
    later = client.get(url.partition("?")[0]).content.decode()
    assert "Given up by its company" in later
    assert "好味快餐" in later


def test_past_status_of_all_numbers_asks_for_a_company(cast: Cast) -> None:
    response = client_of(cast.auditor).get("/staff/numbers/", {"at": "2026-11-24", "status": "locked"})
    assert response.status_code == 422
    assert "For a past moment, name a company or a number as well." in response.content.decode()


def test_pages_of_numbers_hold_each_once_and_keep_the_moment(cast: Cast) -> None:
    for _ in range(120):
        make_number(cast.shop)
    client = client_of(cast.auditor)
    for at in ("", "2026-11-24"):
        address: str = f"/staff/numbers/?at={at}" if at else "/staff/numbers/"
        found: list[str] = []
        while address:
            page = client.get(address).context
            found += [number.number for number, _facts, _url in page["rows"]]
            address = page["page"].next_url
            assert not address or not at or f"at={at}" in address
        assert len(found) == len(set(found)) == 125


@pytest.mark.parametrize("at", ["", "2026-11-24"])
def test_list_takes_the_same_queries_however_many_there_are(
    cast: Cast, at: str, django_assert_num_queries: Any
) -> None:
    client = client_of(cast.auditor)
    open_row("data_sync", at=timezone.now() - 30 * DAY)
    taken = []
    for count in (0, 2, 47):
        for _ in range(count):
            make_number(cast.shop)
        with django_assert_num_queries(25, exact=False) as context:
            assert client.get("/staff/numbers/", {"at": at} if at else {}).status_code == 200
        taken.append(len(context.captured_queries))
    assert len(set(taken)) == 1


@pytest.mark.parametrize("state", ["planned", "running", "ended"])
def test_plans_keep_the_moment_in_their_tabs(cast: Cast, state: str) -> None:
    page = client_of(cast.auditor).get("/staff/plans/", {"at": "2026-11-24", "state": state})
    assert page.status_code == 200
    assert all("at=2026-11-24" in tab.url for tab in page.context["tabs"])
    assert not page.context["may_plan"]
