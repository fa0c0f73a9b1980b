"""How people come into the portal in a browser window."""

from __future__ import annotations

from typing import TYPE_CHECKING

from accounts.users import User
from tests.cast import PASSWORD

if TYPE_CHECKING:
    from playwright.sync_api import Page


def sign_in(page: Page, user: User) -> None:
    """Sign in through the form, as everybody does."""
    page.goto("/account/login/")
    page.locator("[name=login]").fill(user.email)
    page.locator("[name=password]").fill(PASSWORD)
    page.locator("main form button[type=submit], main form button:not([type])").first.click()
    page.wait_for_url(lambda url: "/account/login/" not in url)
