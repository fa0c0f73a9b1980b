"""What the staff's pages about complaints have in common: the way to them, and the tabs above them."""

from __future__ import annotations

from dataclasses import dataclass

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.access import Permission, SignedInRequest, staff_may


@dataclass(frozen=True)
class Tab:
    """One of the staff's pages about complaints."""

    url: str
    label: str | Promise
    count: int | None
    current: bool


#: The pages in their order.
PAGES = (
    ("complaints:staff_overview", gettext_lazy("Today")),
    ("complaints:staff_unknown", gettext_lazy("Unknown numbers")),
    ("complaints:staff_locks", gettext_lazy("Locked numbers")),
    ("complaints:sources", gettext_lazy("Sources and keys")),
    ("complaints:imports", gettext_lazy("Spreadsheets")),
)


def tabs(current: str) -> list[Tab]:
    """The tabs, `current` being the address's name."""
    return [Tab(reverse(name), label, None, name == current) for name, label in PAGES]


def crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    """The way to a page of this slice: (label, url) each."""
    items = [{"label": _("Complaints"), "url": reverse("complaints:staff_overview")}]
    return items + [{"label": label, "url": url} for label, url in more]


def may_take(request: SignedInRequest) -> bool:
    """Whether the person manages sources and takes complaints in."""
    return staff_may(request.user, Permission.TAKE_COMPLAINTS)
