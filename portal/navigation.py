"""What the frame of every page shows: the menu, the company switcher, the inbox's count."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.db import connection
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.functional import Promise, SimpleLazyObject
from django.utils.translation import gettext_lazy as _

from accounts.access import Permission, staff_may
from accounts.users import User


@dataclass(frozen=True)
class Item:
    """One entry of a menu."""

    view: str
    label: str | Promise
    icon: str
    #: Staff entries: shown to those who may use it.
    permission: Permission = Permission.READ_EVERYTHING


@dataclass(frozen=True)
class Link:
    """An entry as the templates show it."""

    url: str
    label: str | Promise
    icon: str
    current: bool
    badge: int | None = None


#: The company's menu and the staff's, in the order of interface section 2.
COMPANY_MENU: tuple[Item, ...] = (
    Item("overview", _("Overview"), "home"),
    Item("numbers:list", _("Numbers"), "phone"),
    Item("applications:list", _("Applications"), "document-check"),
    Item("materials:list", _("Materials"), "document-text"),
    Item("appeals:list", _("Appeals"), "scale"),
    Item("calendar", _("Calendar"), "calendar"),
    Item("settings:company", _("Settings"), "cog-6-tooth"),
)
STAFF_MENU: tuple[Item, ...] = (
    Item("staff_home", _("Desk"), "home"),
    Item("reviews:queue", _("Queue"), "queue-list"),
    Item("complaints:staff_overview", _("Complaints"), "chat-bubble-left-right"),
    Item("marks:staff_list", _("Marks"), "flag"),
    Item("maintenance:plans", _("Plans"), "calendar-days"),
    Item("staff_calendar", _("Calendar"), "calendar"),
    Item("materials:rules", _("Rules and materials"), "clipboard-document-list"),
    Item("staff_companies", _("Companies"), "building-office"),
    Item("staff_numbers:list", _("Numbers"), "phone"),
    Item("reviews:statistics", _("Statistics"), "chart-bar"),
    Item("staff_deliveries", _("Deliveries"), "envelope"),
    Item("staff_journal", _("Journal"), "book-open"),
)


def links(items: tuple[Item, ...], request: HttpRequest, may: Callable[[Permission], bool]) -> list[Link]:
    """The entries that the person may use, the current one marked."""
    result = []
    for item in items:
        if not may(item.permission):
            continue
        try:
            url = reverse(item.view)
        except NoReverseMatch:  # while slices are being built
            continue
        current = request.path == url or (url not in ("/", "/staff/") and request.path.startswith(url))
        result.append(Link(url, item.label, item.icon, current))
    return result


#: A part of every page, hence without the ORM.
UNREAD = """
    SELECT count(*) FROM accounts_notice
    WHERE recipient_id = %s AND read_at IS NULL AND (company_id IS NULL OR company_id = ANY (%s::bigint[]))
"""


def unread_count(user: User) -> int:
    """How many messages the person has not read, of those that `NoticeQuerySet.for_user` shows them."""
    with connection.cursor() as cursor:
        cursor.execute(UNREAD, [user.pk, [membership.company_id for membership in user.company_memberships]])
        (count,) = cursor.fetchone()
    return int(count)


def navigation(request: HttpRequest) -> dict[str, Any]:
    """The context of every page: `navigation`, `company`, `memberships`, `unread_notices`, each read when it is shown."""
    user = getattr(request, "user", None)
    if user is None or not user.is_authenticated:
        return {}
    company = getattr(request, "company", None)
    return {
        "company": company,
        "membership": getattr(request, "membership", None),
        "navigation": SimpleLazyObject(
            lambda: (
                links(COMPANY_MENU, request, lambda permission: True)
                if company is not None
                else links(STAFF_MENU, request, lambda permission: staff_may(user, permission))
            )
        ),
        "memberships": SimpleLazyObject(lambda: user.company_memberships),
        "unread_notices": SimpleLazyObject(lambda: unread_count(user)),
    }
