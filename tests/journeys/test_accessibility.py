"""Every page that answers a GET, for company and staff, without a violation of WCAG 2.2 A and AA that axe can see.

The addresses are those of the URLconf and their samples those of `tests/isolation`, so that a new page is visited
without being named here. There is one theme, light, whatever the visitor's system prefers: staff pages are visited by
somebody who prefers dark.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest
from axe_playwright_python.base import AXE_FILE_PATH
from django.conf import settings
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.access import STAFF_TABLE, StaffRole
from accounts.users import User
from certification.reviews.models import Review
from tests.cast import Cast
from tests.conftest import OpenWindow
from tests.isolation.samples import Sample, sample_for
from tests.isolation.test_access import ADDRESSES, Address, browser

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.django_db(transaction=True, serialized_rollback=True)]

#: What the rules of axe are tagged with.
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
#: Pages of other people's making that are not shown to anybody: a mail as it is sent, for the demonstration.
FRAMED = {"demo_mail_html"}


def person_for(address: Address, cast: Cast) -> User:
    """Somebody who may do there as much as possible."""
    if address.access is None or address.access.kind != "staff":
        return cast.owner
    order = (StaffRole.LEAD_REVIEWER, StaffRole.POLICY, StaffRole.OPERATIONS, StaffRole.REVIEWER, StaffRole.AUDITOR)
    people = {role: {StaffRole.LEAD_REVIEWER: cast.lead}.get(role) or getattr(cast, role.value) for role in order}

    def allows(role: StaffRole, permissions: frozenset[Any]) -> bool:
        return any(role in STAFF_TABLE[permission] for permission in permissions)

    able = [role for role in order if allows(role, address.access.read)]
    writing = [role for role in able if allows(role, address.access.write)]
    return people[(writing or able)[0]]


def is_page(response: Any) -> bool:
    """Whether the answer is a page that somebody looks at."""
    return bool(
        response.status_code in (200, 404)
        and response["Content-Type"].startswith("text/html")
        and b"<html" in response.getvalue()
    )


def path_of(address: Address, cast: Cast, made: dict[Sample, dict[str, Any]]) -> str:
    """The address with its sample; each sample is made once, and is as good for one page as for the next."""
    if not address.arguments:
        return reverse(address.name)
    sample = sample_for(address.name)
    assert sample is not None, f"{address.name} has no sample"
    if sample not in made:
        made[sample] = sample(cast)
        Review.objects.update(claimed_by=cast.lead, claimed_at=timezone.now(), claim_active_at=timezone.now())
    return reverse(address.name, kwargs={name: made[sample][name] for name in address.arguments})


def pages(cast: Cast, *, staff: bool) -> Iterator[tuple[str, User, str]]:
    """(name, reader, path) of every page that answers."""
    clients: dict[int, Client] = {}
    made: dict[Sample, dict[str, Any]] = {}
    for address in ADDRESSES:
        is_staff_page = address.access is not None and address.access.kind == "staff"
        if is_staff_page != staff or address.name in FRAMED:
            continue
        person = person_for(address, cast)
        client = clients.setdefault(person.pk, browser(person))
        path = path_of(address, cast, made)
        if is_page(client.get(path)):
            yield address.name, person, path


def sign_in(page: Page, person: User, url: str) -> None:
    """Give the window the person's session, signed in a moment ago."""
    cookie = browser(person).cookies[settings.SESSION_COOKIE_NAME]
    page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": url}])


def violations(page: Page) -> list[str]:
    """What axe finds: the rule and the first places."""
    page.evaluate(AXE_FILE_PATH.read_text("utf-8"))
    found = page.evaluate(
        f"axe.run(document, {{runOnly: {json.dumps(RULES)}, resultTypes: ['violations']}})"
        ".then(result => result.violations.map(row => row.id + ': ' + row.nodes.slice(0, 3).map(node => node.html).join(' | ')))"
    )
    assert isinstance(found, list)
    return found


@pytest.mark.parametrize(("staff", "least"), [(False, 50), (True, 25)])
def test_no_page_violates_wcag(cast: Cast, open_window: OpenWindow, site: Any, staff: bool, least: int) -> None:
    wrong: dict[str, list[str]] = {}
    page = open_window()
    page.emulate_media(color_scheme="dark" if staff else "light")
    visited, reader = 0, None
    for name, person, path in pages(cast, staff=staff):
        if person != reader:
            sign_in(page, person, site.url)
            reader = person
        page.goto(path, wait_until="load")
        found = violations(page)
        visited += 1
        if found:
            wrong[f"{name} {path}"] = found
    assert wrong == {}
    assert visited >= least


def test_axe_sees_a_violation(open_window: OpenWindow) -> None:
    """The counterpart: a page that is wrong is found to be."""
    page = open_window()
    page.set_content("<html lang='en'><title>t</title><main><h1>t</h1><img src='x'><input></main></html>")
    assert {row.partition(":")[0] for row in violations(page)} == {"image-alt", "label"}


#: Forms that are sent empty, and who sends them.
FORMS = {
    "numbers:add": "owner",
    "settings:invite": "owner",
    "company_create": "owner",
    "reviews:decide": "lead",
    "maintenance:plan_new": "operations",
    "materials:announce": "policy",
    "materials:kind_new": "policy",
    "materials:reason_new": "policy",
    "marks:report": "owner",
    "marks:staff_record": "lead",
}


def test_no_error_state_violates_wcag(cast: Cast, open_window: OpenWindow, site: Any) -> None:
    """Forms sent empty (422, an error summary), and the pages of what is not there or not allowed."""
    wrong: dict[str, list[str]] = {}
    page = open_window(width=375)
    by_name = {address.name: address for address in ADDRESSES}
    made: dict[Sample, dict[str, Any]] = {}
    for name, role in FORMS.items():
        sign_in(page, getattr(cast, role), site.url)
        path = path_of(by_name[name], cast, made).replace("/approved/", "/returned/")
        page.goto(path)
        with page.expect_navigation(wait_until="load") as sent:
            page.locator("main form[method=post]").first.evaluate("form => form.submit()")
        assert sent.value is not None
        assert (name, sent.value.status) == (name, 422)
        assert page.locator(".error-summary").count() == 1, name
        wrong |= {f"{name} 422": found for found in [violations(page)] if found}
    for role, path, status in (("owner", "/nothing/", 404), ("reviewer", "/staff/statistics/reviewers.csv", 403)):
        sign_in(page, getattr(cast, role), site.url)
        answer = page.goto(path)
        assert answer is not None
        assert answer.status == status
        wrong |= {f"{path} {status}": found for found in [violations(page)] if found}
    assert wrong == {}
