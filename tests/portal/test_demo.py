"""The demonstration: its contract, its invariants, and that it is loaded once."""

from __future__ import annotations

import json
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.companies import Company
from appeals.cases.models import Appeal
from appeals.expedite.models import ExpediteRequest
from appeals.marks.models import Mark, UnknownMark
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance
from certification.maintenance.status import Status, counts_by_status
from certification.numbers.models import PhoneNumber
from tests.cast import Cast

pytestmark = pytest.mark.django_db

ROLES = ["owner", "admin", "operator", "viewer", "reviewer", "lead_reviewer", "operations", "policy", "auditor"]


def demo() -> dict[str, list[dict[str, object]]]:
    output = StringIO()
    call_command("demo", json=True, stdout=output)
    printed: dict[str, list[dict[str, object]]] = json.loads(output.getvalue())
    return printed


@pytest.mark.slow
def test_demo_tells_its_story_once_and_every_login_works(settings, tmp_path, client: Client):
    settings.VAR = tmp_path
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {
            "BACKEND": "django.core.files.storage.FileSystemStorage",
            "OPTIONS": {"location": str(tmp_path / "files")},
        },
    }
    printed = demo()
    assert set(printed) == {"companies", "logins"}
    assert [login["role"] for login in printed["logins"]] == ROLES
    assert {(row["id"], row["name"], row["numbers"]) for row in printed["companies"]} == {
        (company.pk, company.name, PhoneNumber.objects.of_company(company).count()) for company in Company.objects.all()
    }
    assert demo() == printed
    for login in printed["logins"]:
        client.logout()
        response = client.post("/account/login/", {"login": login["email"], "password": login["password"]})
        assert response.status_code == 302, login["role"]
        assert client.get("/", follow=True).status_code == 200, login["role"]
    shown = set().union(
        *(counts_by_status(PhoneNumber.objects.of_company(company)) for company in Company.objects.all())
    )
    assert shown >= {
        Status.CERTIFIED,
        Status.LOCKED,
        Status.MAINTENANCE,
        Status.PENDING_MAINTENANCE,
        Status.RETURNED,
        Status.SUBMITTED,
    }
    # Both sides of complaints and appeals are there to be looked at.
    shown_appeals = set(Appeal.objects.values_list("state", flat=True))
    assert shown_appeals >= {"submitted", "more_information", "upheld", "partly_upheld", "dismissed"}
    assert {mark.episodes for mark in Mark.objects.seen()} == {1, 2}
    assert UnknownMark.objects.count() == 1
    assert ExpediteRequest.objects.filter(state="requested").count() == 2
    assert {lock.is_open for lock in Maintenance.objects.filter(locks=True)} == {True, False}
    assert check_invariants(from_the_start=True).violations == []


def test_demo_leaves_a_database_in_use_alone(cast: Cast):
    with pytest.raises(CommandError, match="in use"):
        call_command("demo", json=True, stdout=StringIO())
    assert Company.objects.count() == 2
