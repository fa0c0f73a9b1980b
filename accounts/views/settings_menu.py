"""The tabs over every page of the settings."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.access import Permission, SignedInRequest, company_role_may


@dataclass(frozen=True)
class Tab:
    """One tab, as the tabs component takes it."""

    url: str
    label: str | Promise
    current: bool
    count: int | None = None


#: View, label, and what a member must be allowed to do to see it.
TABS = (
    ("settings:company", _("Company"), Permission.READ_COMPANY),
    ("settings:members", _("Members"), Permission.READ_COMPANY),
    ("settings:notifications", _("Notifications"), None),
    ("timeline", _("Timeline"), Permission.READ_COMPANY),
    ("settings:journal", _("Journal"), Permission.MANAGE_MEMBERS),
    ("settings:account", _("My account"), None),
)


def settings_tabs(request: SignedInRequest, current: str) -> list[Tab]:
    """The tabs that the person may open; those of the company only while they look at one."""
    tabs = []
    for view, label, permission in TABS:
        if permission and not (request.membership and company_role_may(request.membership.role, permission)):
            continue
        try:
            tabs.append(Tab(reverse(view), label, view == current))
        except NoReverseMatch:
            continue
    return tabs
