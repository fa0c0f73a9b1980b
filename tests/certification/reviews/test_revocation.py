"""Revoking certifications: only a lead, only with a reason, only after a preview, and the company is told once."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from django.urls import reverse

from accounts.notices import Notice
from certification.numbers.models import PhoneNumber
from tests.cast import Cast, make_number

if TYPE_CHECKING:
    from django.test import Client


def url(cast: Cast) -> str:
    return reverse("reviews:revocation", args=[cast.clinic.ref])


def revoked() -> int:
    return PhoneNumber.objects.filter(lifecycle="revoked").count()


@pytest.mark.parametrize("name", ["reviewer", "operations", "policy", "auditor"])
def test_only_a_lead_revokes(client: Client, cast: Cast, name: str) -> None:
    client.force_login(getattr(cast, name))
    assert client.get(url(cast)).status_code == 403
    values = {"number": [cast.numbers[0].ref], "reason": "冒用名称", "confirm": "1"}
    assert client.post(url(cast), values).status_code == 403
    assert revoked() == 0


def test_companies_do_not_find_it(client: Client, cast: Cast) -> None:
    client.force_login(cast.owner)
    assert client.get(url(cast)).status_code == 404


def test_preview_comes_before_revocation(client: Client, cast: Cast) -> None:
    client.force_login(cast.lead)
    page = client.get(url(cast)).content.decode()
    assert all(number.ref in page and number.number not in page for number in cast.numbers)
    values = {"number": [cast.numbers[0].ref, cast.numbers[1].ref], "reason": "冒用名称"}
    preview = client.post(url(cast), values)
    assert preview.status_code == 200
    assert "冒用名称" in preview.content.decode()
    assert revoked() == 0
    for _ in range(2):
        assert client.post(url(cast), {**values, "confirm": "1"}).status_code in (302, 422)
    assert revoked() == 2
    notices = Notice.objects.filter(kind="certification_revoked")
    assert set(notices.values_list("recipient", flat=True)) == {cast.owner.pk, cast.admin.pk}
    assert notices.count() == 2


@pytest.mark.parametrize("values", [{"reason": ""}, {"reason": "冒用名称", "number": []}, {"reason": "a\x00b"}])
def test_missing_reason_or_number_is_422(client: Client, cast: Cast, values: dict[str, object]) -> None:
    client.force_login(cast.lead)
    page = client.post(url(cast), {"number": [], "confirm": "1", **values})
    assert page.status_code == 422
    assert revoked() == 0


def test_numbers_of_another_company_are_left_alone(client: Client, cast: Cast) -> None:
    other = make_number(cast.shop)
    client.force_login(cast.lead)
    client.post(url(cast), {"number": [other.ref], "reason": "冒用名称", "confirm": "1"})
    assert revoked() == 0
