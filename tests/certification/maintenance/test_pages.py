"""The pages of maintenance: who sees which, what they say, what staff can do there."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.journal import Actor
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import create_plan
from certification.materials.models import Material
from certification.numbers.shapes import mask_number
from tests.cast import NOW, Cast

DAY = dt.timedelta(days=1)


def make_plan(cast: Cast, *, after: dt.timedelta = DAY, code: str = "data_sync", **fields: Any) -> Maintenance:
    """A plan of operations that begins `after` from the real clock."""
    start = timezone.now().replace(microsecond=0) + after
    values = {
        "cause": MaintenanceCause.objects.get(code=code),
        "scope": "everything",
        "planned_start": start,
        "planned_end": start + DAY,
    }
    return create_plan(
        draft=PlanDraft(**{**values, **fields}),
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=timezone.now(),
    )


def page(maintenance: Maintenance) -> str:
    return reverse("maintenance:detail", args=[maintenance.ref])


def test_company_reads_what_stops_its_numbers_and_until_when(cast: Cast, client: Client) -> None:
    row = make_plan(cast)
    assert row.planned_start is not None
    tick(now=row.planned_start)
    client.force_login(cast.owner)
    content = client.get(page(row), headers={"accept-language": "en"}).content.decode()
    assert "5 certified numbers are not displayed at present." in content
    assert row.ref in content


def test_expired_material_names_the_one_next_action(cast: Cast, client: Client) -> None:
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=timezone.localdate() - DAY
    )
    tick(now=timezone.now())
    client.force_login(cast.viewer)
    response = client.get(page(Maintenance.objects.get()))
    assert response.status_code == 200
    assert "kind=medical_practice_licence" in response.content.decode()


@pytest.mark.parametrize("person", ["stranger", "owner"])
def test_maintenance_of_another_company_does_not_exist(cast: Cast, client: Client, person: str) -> None:
    company = cast.clinic if person == "stranger" else cast.shop
    row = make_plan(cast, scope="company", company=company)
    client.force_login(getattr(cast, person))
    assert client.get(page(row)).status_code == 404


def test_staff_read_it_and_only_planners_get_controls(cast: Cast, client: Client) -> None:
    row = make_plan(cast)
    for person, offered in ((cast.operations, True), (cast.policy, False), (cast.auditor, False)):
        client.force_login(person)
        content = client.get(page(row)).content.decode()
        assert (reverse("maintenance:plan_cancel", args=[row.ref]) in content) is offered


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_list_of_plans_takes_the_same_queries(
    cast: Cast, client: Client, rows: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    for index in range(rows):
        make_plan(cast, after=(1 + 2 * index) * DAY)
    client.force_login(cast.auditor)
    with django_assert_num_queries(10):
        response = client.get(reverse("maintenance:plans"))
    assert len(response.context["rows"]) == rows


def form_data(**changes: str) -> dict[str, str]:
    start = timezone.localtime() + DAY
    cause = MaintenanceCause.objects.get(code="data_sync")
    return {
        "cause": str(cause.pk),
        "scope": "everything",
        "planned_start": start.strftime("%Y-%m-%dT%H:%M"),
        "planned_end": (start + DAY).strftime("%Y-%m-%dT%H:%M"),
        "ends": "hand",
        "title_zh": "号段同步",
        **changes,
    }


def test_new_plan_is_shown_with_its_impact_before_it_is_saved(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    address = reverse("maintenance:plan_new")
    response = client.post(address, form_data())
    assert response.status_code == 200
    assert response.context["check"].impact.numbers == 5
    assert Maintenance.objects.count() == 0
    saved = client.post(address, form_data(confirm="1"))
    row = Maintenance.objects.get()
    assert (saved.status_code, saved["Location"]) == (302, page(row))
    assert (row.title_zh, row.ends_by_plan, row.planned_by) == ("号段同步", False, cast.operations)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"planned_end": "2020-01-01T00:00"}, "planned_end"),
        ({"planned_start": "2020-01-01T00:00"}, "planned_start"),
        ({"planned_start": "yesterday"}, "planned_start"),
        ({"scope": "industry"}, "industry"),
        ({"scope": "company", "company": "没有这家企业"}, "company"),
        ({"scope": "company", "company": "\x00"}, "company"),
        ({"cause": "999999"}, "cause"),
        ({"cause": ""}, "cause"),
    ],
)
def test_plan_with_a_mistake_is_a_422_with_everything_kept(
    cast: Cast, client: Client, changes: dict[str, str], field: str
) -> None:
    client.force_login(cast.operations)
    response = client.post(reverse("maintenance:plan_new"), form_data(confirm="1", **changes))
    assert response.status_code == 422
    assert field in response.context["form"].errors
    assert "号段同步" in response.content.decode()
    assert Maintenance.objects.count() == 0


def test_viewers_of_plans_cannot_make_one(cast: Cast, client: Client) -> None:
    client.force_login(cast.auditor)
    assert client.get(reverse("maintenance:plan_new")).status_code == 403
    assert client.post(reverse("maintenance:plan_new"), form_data(confirm="1")).status_code == 403
    client.force_login(cast.owner)
    assert client.get(reverse("maintenance:plans")).status_code == 404


def test_controls_change_the_plan_and_keep_input_that_failed(cast: Cast, client: Client) -> None:
    row = make_plan(cast)
    client.force_login(cast.operations)
    failed = client.post(
        reverse("maintenance:plan_move", args=[row.ref]),
        {"move-planned_end": "2020-01-01T00:00", "move-reason": "延期"},
    )
    assert failed.status_code == 422
    assert "延期" in failed.content.decode()
    assert (
        client.post(reverse("maintenance:plan_update", args=[row.ref]), {"update-text_zh": "进展顺利"}).status_code
        == 302
    )
    assert client.post(reverse("maintenance:plan_cancel", args=[row.ref]), {"cancel-reason": "改期"}).status_code == 302
    row.refresh_from_db()
    assert row.cancelled_at is not None
    late = client.post(reverse("maintenance:plan_end", args=[row.ref]), {"end-achieved_zh": "x"})
    assert late.status_code == 422
    client.force_login(cast.policy)
    assert client.post(reverse("maintenance:plan_update", args=[row.ref]), {"update-text_zh": "x"}).status_code == 403


def test_lock_names_its_number_and_offers_the_appeal(cast: Cast, client: Client) -> None:
    number = cast.numbers[0]
    lock = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(opened_by="complaints"),
        scope="number",
        number=number,
        locks=True,
        suspends_display=True,
        opened_at=NOW,
        held_since=NOW,
        created_at=NOW,
    )
    lock.refresh_from_db()
    client.force_login(cast.owner)
    page = client.get(reverse("maintenance:detail", args=[lock.ref])).content.decode()
    assert reverse("numbers:detail", args=[number.ref]) in page
    assert mask_number(number.number) in page
    assert number.number not in page
    assert f"{reverse('appeals:new')}?kind=lock&amp;number={number.ref}" in page
