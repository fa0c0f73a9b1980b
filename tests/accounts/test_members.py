"""Members, roles and invitations: who may change what, and what takes effect at once."""

from __future__ import annotations

import datetime as dt

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.utils import timezone

from accounts import invitations
from accounts.access import CompanyRole
from accounts.companies import Company
from accounts.invitations import Invitation
from accounts.journal import Actor, JournalEntry
from accounts.memberships import LastOwner, Membership, set_role
from accounts.notices import Notice
from tests.cast import NOW, PASSWORD, Cast, make_user


def membership(cast: Cast, name: str, company: Company | None = None) -> Membership:
    """Somebody of the cast in the clinic, or in another company."""
    return Membership.objects.get(user=getattr(cast, name), company=company or cast.clinic)


def roles(company: Company) -> dict[str, str]:
    """Who has which role."""
    return dict(Membership.objects.filter(company=company).values_list("user__name", "role"))


def test_role_is_changed_and_journalled_once(cast, visit):
    client = visit(cast.owner)
    path = f"/settings/members/{membership(cast, 'viewer').ref}/"
    for _ in range(2):
        assert client.post(path, {"role": "operator"})["Location"] == "/settings/members/"
    assert roles(cast.clinic)["viewer"] == "operator"
    row = JournalEntry.objects.get(subject="membership", subject_id=cast.viewer.pk)
    assert (row.actor, row.before, row.after) == (cast.owner, "viewer", "operator")


@pytest.mark.parametrize("path", ["", "remove/"])
def test_change_needs_the_password_again_and_keeps_what_was_chosen(cast, visit, path):
    client = visit(cast.owner, confirmed=False)
    page = f"/settings/members/{membership(cast, 'viewer').ref}/{path}"
    response = client.post(page, {"role": "admin"})
    assert response["Location"] == f"/account/reauthenticate/?next={page.replace('/', '%2F')}"
    assert roles(cast.clinic)["viewer"] == "viewer"
    response = client.post(response["Location"], {"password": PASSWORD, "next": page})
    assert response["Location"] == page
    shown = client.get(page)
    assert shown.status_code == 200
    assert roles(cast.clinic)["viewer"] == "viewer"
    if not path:
        assert shown.context["form"]["role"].value() == "admin"


@pytest.mark.parametrize(("action", "data"), [("", {"role": "admin"}), ("remove/", {})])
def test_last_owner_stays(cast, visit, action, data):
    response = visit(cast.owner).post(f"/settings/members/{membership(cast, 'owner').ref}/{action}", data)
    assert response.status_code == 422
    assert "A company keeps at least one owner." in response.text
    assert roles(cast.clinic)["owner"] == "owner"


def test_domain_keeps_the_last_owner(cast):
    with pytest.raises(LastOwner):
        set_role(company=cast.clinic, user=cast.owner, role=None, actor=Actor.command(), now=NOW)


@pytest.mark.parametrize(
    ("whom", "action", "data"),
    [
        ("owner", "", {"role": "viewer"}),
        ("owner", "remove/", {}),
        ("admin", "", {"role": "owner"}),
        ("viewer", "", {"role": "owner"}),
    ],
)
def test_administrator_neither_makes_nor_unmakes_owners(cast, visit, whom, action, data):
    second = make_user("second")
    Membership.objects.create(company=cast.clinic, user=second, role=CompanyRole.OWNER)
    before = roles(cast.clinic)
    response = visit(cast.admin).post(f"/settings/members/{membership(cast, whom).ref}/{action}", data)
    assert response.status_code == 422
    assert "Only an owner" in response.text
    assert roles(cast.clinic) == before


def test_removal_ends_access_and_sessions_at_once(cast, visit):
    client = Client()
    client.post("/account/login/", {"login": "viewer@example.com", "password": PASSWORD})
    client.get("/settings/")
    assert UserSession.objects.filter(user=cast.viewer).count() == 1
    assert client.get("/settings/").status_code == 200
    response = visit(cast.owner).post(f"/settings/members/{membership(cast, 'viewer').ref}/remove/")
    assert response["Location"] == "/settings/members/"
    assert "viewer" not in roles(cast.clinic)
    assert client.get("/settings/")["Location"] == "/account/login/?next=/settings/"
    assert not UserSession.objects.filter(user=cast.viewer).exists()


def test_member_of_another_company_is_not_found(cast, visit):
    ref = membership(cast, "stranger", cast.shop).ref
    assert visit(cast.owner).post(f"/settings/members/{ref}/", {"role": "viewer"}).status_code == 404
    assert roles(cast.shop) == {"stranger": "owner"}


@pytest.mark.parametrize("people", [1, 3, 50])
def test_list_takes_the_same_queries_whatever_its_length(cast, visit, django_assert_max_num_queries, people):
    for serial in range(people):
        Membership.objects.create(company=cast.clinic, user=make_user(f"more{serial}"), role=CompanyRole.VIEWER)
    client = visit(cast.owner)
    client.get("/settings/members/")
    with django_assert_max_num_queries(9):
        assert client.get("/settings/members/").status_code == 200


# --- Invitations ---------------------------------------------------------------------------------------------------


def invite(cast: Cast, email: str = "guest@example.com", *, now: dt.datetime | None = None) -> str:
    """The token of a new invitation, as its mail would carry it."""
    invitation = invitations.invite(
        company=cast.clinic,
        email=email,
        role=CompanyRole.OPERATOR,
        by=cast.owner,
        actor=Actor.person(cast.owner),
        now=now or timezone.now(),
    )
    return str(Notice.objects.get(key__startswith=f"invitation:{invitation.pk}:").context["token"])


def test_invitation_is_sent_listed_and_withdrawn(cast, visit):
    client = visit(cast.owner)
    response = client.post("/settings/members/invite/", {"email": "Guest@Example.com", "role": "operator"})
    assert response["Location"] == "/settings/members/"
    notice = Notice.objects.get(kind="invitation")
    assert (notice.address, notice.recipient) == ("guest@example.com", None)
    assert notice.context["token"] not in str(Invitation.objects.values().get())
    assert "guest@example.com" in client.get("/settings/members/").text
    ref = Invitation.objects.get().ref
    assert client.post(f"/settings/invitations/{ref}/revoke/")["Location"] == "/settings/members/"
    assert Client().get(f"/invitations/{notice.context['token']}/").status_code == 404


def test_inviting_a_member_or_an_owner_as_administrator_is_refused(cast, visit):
    client = visit(cast.admin)
    response = client.post("/settings/members/invite/", {"email": "VIEWER@example.com", "role": "viewer"})
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"email"})
    response = client.post("/settings/members/invite/", {"email": "guest@example.com", "role": "owner"})
    assert (response.status_code, set(response.context["form"].errors)) == (422, {"role"})
    assert not Invitation.objects.exists()


def test_looking_at_an_invitation_changes_nothing_and_accepting_makes_a_member(cast, visit):
    token, guest = invite(cast), make_user("guest")
    client = visit(guest)
    assert client.get(f"/invitations/{token}/").status_code == 200
    assert not Membership.objects.filter(user=guest).exists()
    assert client.post(f"/invitations/{token}/")["Location"] == "/"
    assert Membership.objects.get(user=guest).role == "operator"
    assert client.get("/settings/").context["subject"] == cast.clinic
    assert client.post(f"/invitations/{token}/").status_code == 404


def test_visitor_is_told_to_sign_in_or_up_and_accepts_nothing(cast):
    token = invite(cast)
    client = Client(headers={"Accept-Language": "en"})
    assert f"/account/signup/?next=/invitations/{token}/" in client.get(f"/invitations/{token}/").text
    client.post(f"/invitations/{token}/")
    assert Invitation.objects.get().accepted_at is None


def test_invitation_is_for_its_address_only(cast, visit):
    token, other = invite(cast), make_user("other")
    client = visit(other)
    assert "You are signed in with another address" in client.get(f"/invitations/{token}/").text
    assert client.post(f"/invitations/{token}/").status_code == 422
    assert not Membership.objects.filter(user=other).exists()


def test_invitation_runs_out_after_seven_days(cast):
    token = invite(cast, now=timezone.now() - dt.timedelta(days=7, seconds=1))
    assert Client().get(f"/invitations/{token}/").status_code == 404


def test_newcomer_finds_the_invitation_without_its_link(cast, visit):
    guest = make_user("guest")
    invite(cast)
    client = visit(guest)
    assert "Join 仁和门诊部" in client.get("/companies/new/").text
    response = client.post(f"/invitations/{Invitation.objects.get().ref}/accept/")
    assert (response["Location"], Membership.objects.get(user=guest).company) == ("/", cast.clinic)


def test_second_invitation_replaces_the_first(cast):
    first, second = invite(cast), invite(cast, "GUEST@example.com")
    assert [Client().get(f"/invitations/{token}/").status_code for token in (first, second)] == [404, 200]
