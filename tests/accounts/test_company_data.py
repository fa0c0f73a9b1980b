"""A company's own data: what members change, what staff change, what follows from it."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client

from accounts.companies import Industry
from accounts.company_changes import VerifiedDataLocked, change_company_data
from accounts.encryption import encrypt
from accounts.journal import Actor, JournalEntry
from certification.maintenance.models import Maintenance
from certification.reminders.models import Reminder
from tests.cast import NOW, credit_code, make_material


def contact(**changes: str) -> dict[str, str]:
    """What the form of the company's own data holds."""
    return {
        "contact_name": "李娜",
        "contact_phone": "0571-87000000",
        "contact_email": "",
        "time_zone": "Asia/Shanghai",
        **changes,
    }


@pytest.mark.parametrize("role", ["owner", "admin", "operator"])
def test_contact_is_changed_by_those_who_may_and_journalled(cast, visit, role):
    response = visit(getattr(cast, role)).post("/settings/", contact())
    assert response["Location"] == "/settings/"
    rows = JournalEntry.objects.filter(subject="company")
    assert [(row.actor, row.aspect, row.before, row.after) for row in rows] == [
        (getattr(cast, role), "contact_name", "王芳", "李娜")
    ]


def test_viewer_reads_without_a_form(cast, visit):
    client = visit(cast.viewer)
    assert "<textarea" not in (page := client.get("/settings/").text)
    assert "王芳" in page
    assert client.post("/settings/", contact()).status_code == 403
    assert not JournalEntry.objects.filter(subject="company").exists()


def test_verified_fields_posted_with_the_contact_are_ignored(cast, visit):
    visit(cast.owner).post(
        "/settings/", contact(name="Other", credit_code=credit_code(4), industry="1", state="refused")
    )
    cast.clinic.refresh_from_db()
    assert (cast.clinic.name, cast.clinic.state) == ("仁和门诊部", "verified")


def test_domain_locks_what_was_verified(cast):
    with pytest.raises(VerifiedDataLocked):
        change_company_data(company=cast.clinic, values={"name": "Other"}, actor=Actor.person(cast.owner), now=NOW)


def test_mistake_keeps_what_was_typed(cast, visit):
    response = visit(cast.owner).post("/settings/", contact(contact_phone="call me", contact_name="新名字"))
    assert response.status_code == 422
    assert 'value="新名字"' in response.text
    assert response.text.startswith("<!doctype html>")
    assert "<title>Error" in response.text


@pytest.mark.parametrize(
    ("zone", "hour"),
    [("America/New_York", 14), ("Asia/Tokyo", 0), ("Asia/Shanghai", 1)],
)
def test_reminders_move_with_the_time_zone(cast, visit, zone, hour):
    """Nine in the morning of 2 January: 14:00 UTC from New York, midnight UTC from Tokyo."""
    last_day = dt.date(2027, 1, 9)
    material = make_material(cast.clinic, "business_licence", by=cast.owner, expires_on=last_day)
    nine = dt.datetime(2027, 1, 2, 1, 0, tzinfo=dt.UTC)
    reminder = Reminder.objects.create(company=cast.clinic, material=material, expires_on=last_day, next_due_at=nine)
    visit(cast.owner).post("/settings/", contact(time_zone=zone))
    reminder.refresh_from_db()
    assert reminder.next_due_at == dt.datetime(2027, 1, 2, hour, 0, tzinfo=dt.UTC)


def test_staff_move_a_company_to_another_industry_and_its_requirements_follow(cast, visit):
    finance = Industry.objects.get(code="finance")
    before = cast.clinic.industry_id
    response = visit(cast.lead).post(
        f"/staff/companies/{cast.clinic.ref}/",
        {
            "name": cast.clinic.name,
            "credit_code": cast.clinic.credit_code,
            "industry": finance.pk,
            "reason": "New scope.",
        },
    )
    assert response.status_code == 302
    row = JournalEntry.objects.get(subject="company", aspect="industry")
    assert (row.before, row.after, row.reason, row.actor) == (str(before), str(finance.pk), "New scope.", cast.lead)
    assert Maintenance.objects.filter(company=cast.clinic, opened_at__isnull=False, closed_at=None).exists()


def test_correction_by_staff_needs_a_reason(cast, visit):
    response = visit(cast.lead).post(
        f"/staff/companies/{cast.clinic.ref}/",
        {"name": "Other", "credit_code": cast.clinic.credit_code, "industry": cast.clinic.industry_id, "reason": " "},
    )
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"reason"})


@pytest.mark.parametrize(
    ("who", "path"), [("owner", "/settings/identity/"), ("reviewer", "/staff/companies/{}/identity/")]
)
def test_identity_number_is_masked_until_shown_and_the_look_is_journalled(cast, visit, who, path):
    cast.clinic.identity_number_encrypted = encrypt("11010519491231002X")
    cast.clinic.save()
    client, path = visit(getattr(cast, who)), path.format(cast.clinic.ref)
    page = client.get(path.removesuffix("identity/"))
    assert "11010519491231002X" not in page.text
    assert "110*************2X" in page.text
    assert "11010519491231002X" in client.post(path).text
    row = JournalEntry.objects.get(aspect="reveal")
    assert (row.actor, row.after, row.before) == (getattr(cast, who), "identity_number", "")


def test_viewer_and_auditor_do_not_see_the_identity_number(cast, visit):
    cast.clinic.identity_number_encrypted = encrypt("11010519491231002X")
    cast.clinic.save()
    assert visit(cast.viewer).post("/settings/identity/").status_code == 403
    assert visit(cast.auditor).post(f"/staff/companies/{cast.clinic.ref}/identity/").status_code == 403
    assert not JournalEntry.objects.filter(aspect="reveal").exists()


def test_own_name_and_language_are_changed_and_the_page_follows(cast, visit):
    client = visit(cast.owner)
    response = client.post("/settings/account/", {"name": "王小明", "language": "en"})
    cast.owner.refresh_from_db()
    assert (cast.owner.name, cast.owner.language) == ("王小明", "en")
    assert response.cookies["django_language"].value == "en"
    rows = JournalEntry.objects.filter(subject="user", actor=cast.owner).order_by("pk")
    assert [(row.aspect, row.before, row.after) for row in rows] == [
        ("name", "owner", "王小明"),
        ("language", "zh-hans", "en"),
    ]


def test_session_elsewhere_is_ended_and_others_sessions_are_not(cast, visit):
    elsewhere, other = Client(), Client()
    elsewhere.post("/account/login/", {"login": "owner@example.com", "password": "correct horse battery"})
    other.post("/account/login/", {"login": "stranger@example.com", "password": "correct horse battery"})
    client = visit(cast.owner)
    sessions = {session.user_id: session.pk for session in client.get("/account/sessions/").context["sessions"]}
    foreign = UserSession.objects.get(user=cast.stranger).pk
    assert client.post("/settings/account/sessions/end/", {"session": foreign}).status_code == 404
    key = elsewhere.session.session_key
    own = UserSession.objects.get(session_key=key).pk
    assert sessions
    assert client.post("/settings/account/sessions/end/", {"session": own}).status_code == 302
    assert elsewhere.get("/settings/account/")["Location"].startswith("/account/login/")
    assert other.get("/settings/account/").status_code == 200


@pytest.mark.parametrize("session", ["", "x", "٣", "9" * 30, "-1"])
def test_unknown_session_is_not_found(cast, visit, session):
    assert visit(cast.owner).post("/settings/account/sessions/end/", {"session": session}).status_code == 404
