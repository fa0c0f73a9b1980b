"""S1: every address is checked against the access table: visitor, stranger, each role, each staff role.

The addresses come from the URLconf itself, so that a new one is covered, or fails for want of a sample.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from time import time
from typing import Any

import pytest
from django.db import transaction
from django.test import Client
from django.urls import get_resolver, reverse
from django.urls.resolvers import URLPattern, URLResolver

from accounts.access import (
    COMPANY_TABLE,
    STAFF_TABLE,
    Access,
    CompanyRole,
    Permission,
    StaffRole,
    company_role_may,
)
from accounts.users import User
from tests.cast import Cast, make_user
from tests.isolation.samples import sample_for

OURS = {"portal", "accounts", "certification", "appeals"}
#: The pages of django-allauth that are there for people who are not signed in.
OPEN_ALLAUTH = {
    "account_confirm_email",
    "account_confirm_login_code",
    "account_email_verification_sent",
    "account_inactive",
    "account_login",
    "account_logout",
    "account_reset_password",
    "account_reset_password_done",
    "account_reset_password_from_key",
    "account_reset_password_from_key_done",
    "account_signup",
    "mfa_authenticate",
}
#: Pages about a second factor that this person has not set up.
NEED_A_SECOND_FACTOR = {"mfa_deactivate_totp", "mfa_download_recovery_codes", "mfa_view_recovery_codes"}
#: Their plan is technical: policy staff, who may change plans, change those of policy only (the view decides).
TECHNICAL_PLAN = {
    "maintenance:plan_cancel",
    "maintenance:plan_change",
    "maintenance:plan_end",
    "maintenance:plan_move",
    "maintenance:plan_update",
    "maintenance:series_change",
    "maintenance:series_end",
}
#: There in the demonstration only.
DEMONSTRATION = {"demo_mail"}
#: Their sample has a row, but no content behind it.
WITHOUT_CONTENT = {"appeals:file", "appeals:page", "marks:screenshot", "materials:file", "materials:page"}


@dataclass(frozen=True)
class Address:
    """One entry of the URLconf."""

    name: str
    view: Callable[..., Any]
    arguments: tuple[str, ...]

    @property
    def access(self) -> Access | None:
        return getattr(self.view, "access", None)

    @property
    def is_ours(self) -> bool:
        return self.view.__module__.split(".")[0] in OURS

    def path(self, cast: Cast) -> str:
        sample = sample_for(self.name) if self.arguments else None
        values = sample(cast) if sample else {}
        return reverse(self.name, kwargs={name: values[name] for name in self.arguments} or None)


def walk(resolver: URLResolver, namespace: str = "", above: tuple[str, ...] = ()) -> Iterator[Address]:
    for entry in resolver.url_patterns:
        arguments = above + tuple(entry.pattern.converters or getattr(entry.pattern, "regex").groupindex)  # noqa: B009
        if isinstance(entry, URLPattern):
            yield Address(f"{namespace}{entry.name}", entry.callback, arguments)
        else:
            inner = f"{namespace}{entry.namespace}:" if entry.namespace else namespace
            yield from walk(entry, inner, arguments)


ADDRESSES = list(walk(get_resolver()))
OUR_ADDRESSES = [address for address in ADDRESSES if address.is_ours]
COMPANY_ADDRESSES = [address for address in OUR_ADDRESSES if address.access and address.access.kind == "company"]
STAFF_ADDRESSES = [address for address in OUR_ADDRESSES if address.access and address.access.kind == "staff"]
NAMING_ADDRESSES = [
    address
    for address in OUR_ADDRESSES
    if address.arguments and address.access and address.access.kind in {"company", "signed_in"}
]


def browser(user: User | None = None) -> Client:
    """A browser that shows a failing page instead of raising; a signed-in person has just confirmed their password."""
    client = Client(raise_request_exception=False)
    if user is not None:
        client.force_login(user)
        session = client.session
        session["account_authentication_methods"] = [{"method": "password", "at": time(), "reauthenticated": True}]
        session["account_authentication_methods_user"] = str(user.pk)
        session.save()
    return client


def answer(client: Client, method: str, address: Address, cast: Cast) -> Any:
    """The response to one request, whose changes are taken back."""
    with transaction.atomic():
        response = client.generic(
            method, address.path(cast), content_type="application/x-www-form-urlencoded" if method == "POST" else ""
        )
        transaction.set_rollback(True)
    return response


def leads_to_login(response: Any) -> bool:
    """Whether somebody who is not signed in is asked to."""
    return bool(response.status_code == 302 and response["Location"].startswith(reverse("account_login")))


def test_every_address_has_a_name_and_a_sample():
    nameless = [address for address in ADDRESSES if address.name.endswith("None")]
    without = [address.name for address in ADDRESSES if address.arguments and sample_for(address.name) is None]
    assert (nameless, without) == ([], [])


def test_every_view_of_ours_declares_its_access():
    assert [address.name for address in OUR_ADDRESSES if address.access is None] == []


def test_every_permission_is_in_one_table():
    assert set(COMPANY_TABLE) | set(STAFF_TABLE) == set(Permission)
    assert set(COMPANY_TABLE) & set(STAFF_TABLE) == set()


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_visitor_is_sent_to_sign_in_from_everything_but_public_pages(cast, method):
    client, wrong = browser(), {}
    for address in ADDRESSES:
        public = address.access.kind == "public" if address.access else address.name in OPEN_ALLAUTH
        response = answer(client, method, address, cast)
        # A form sent after the session's end is kept and shown again, to be sent after signing in.
        refused = leads_to_login(response) or (method == "POST" and response.status_code == 403)
        if address.access and address.access.kind == "key":  # nobody signs in there: every call carries a key
            refused = response.status_code == (401 if method == "POST" else 405)
        if public == refused and address.name not in {
            "account_logout",
            "account_confirm_login_code",
            "mfa_authenticate",
        }:
            wrong[address.name] = response.status_code
    assert wrong == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
def test_stranger_finds_nothing_of_the_clinic(cast, method):
    client, wrong = browser(cast.stranger), {}
    for address in NAMING_ADDRESSES:
        status = answer(client, method, address, cast).status_code
        if status not in {404, 405}:  # 405: a method that the address does not know at all
            wrong[address.name] = status
    assert wrong == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", list(CompanyRole))
def test_staff_pages_do_not_exist_for_members(cast, role, method):
    client = browser(getattr(cast, role.value))
    statuses = {address.name: answer(client, method, address, cast).status_code for address in STAFF_ADDRESSES}
    assert {name: status for name, status in statuses.items() if status != 404} == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", list(CompanyRole))
def test_member_may_what_the_table_says(cast, role, method):
    client, wrong = browser(getattr(cast, role.value)), {}
    for address in COMPANY_ADDRESSES:
        assert address.access is not None
        wanted = address.access.read if method == "GET" else address.access.write
        may = any(company_role_may(role, permission) for permission in wanted)
        status = answer(client, method, address, cast).status_code
        if (status == 403) == may or status >= 500:
            wrong[address.name] = status
    assert wrong == {}


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("role", list(StaffRole))
def test_staff_may_what_the_table_says(cast, role, method):
    person = {StaffRole.LEAD_REVIEWER: cast.lead}.get(role) or getattr(cast, role.value)
    client, wrong = browser(person), {}
    for address in STAFF_ADDRESSES:
        assert address.access is not None
        wanted = address.access.read if method == "GET" else address.access.write
        may = any(role in STAFF_TABLE[permission] for permission in wanted)
        status = answer(client, method, address, cast).status_code
        refined = status == 403 and address.name in TECHNICAL_PLAN and role == StaffRole.POLICY
        if ((status == 403) == may and not refined) or status >= 500:
            wrong[address.name] = status
    assert wrong == {}


def test_staff_have_no_company_pages(cast):
    client, wrong = browser(cast.reviewer), {}
    for address in COMPANY_ADDRESSES:
        response = answer(client, "GET", address, cast)
        if not (response.status_code == 302 and response["Location"] == reverse("staff_home")):
            wrong[address.name] = response.status_code
    assert wrong == {}


def test_person_without_company_reaches_what_is_theirs_and_is_led_to_registering(cast):
    client, wrong = browser(make_user("newcomer")), {}
    for address in ADDRESSES:
        if address.access and address.access.kind == "company":
            response = answer(client, "GET", address, cast)
            if not (response.status_code == 302 and response["Location"] == reverse("company_create")):
                wrong[address.name] = response.status_code
        elif not address.arguments and not (address.access and address.access.kind == "staff"):
            status = answer(client, "GET", address, cast).status_code
            if status not in {200, 302, 405} and not (
                status == 404 and address.name in NEED_A_SECOND_FACTOR | DEMONSTRATION
            ):
                wrong[address.name] = status
    assert wrong == {}


def test_own_things_are_found_by_their_company(cast):
    """The counterpart of the stranger: the samples are really there, or the tests above would prove nothing."""
    client, wrong = browser(cast.owner), {}
    for address in NAMING_ADDRESSES:
        status = answer(client, "GET", address, cast).status_code
        if status in {403, 404} or (status >= 500 and address.name not in WITHOUT_CONTENT):
            wrong[address.name] = status
    assert wrong == {}
