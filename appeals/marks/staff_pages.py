"""What the staff's pages about marks have in common: the way to them, and the tabs above them."""

from __future__ import annotations

from django.urls import reverse
from django.utils.translation import gettext as _

from appeals.complaints.staff_pages import Tab

TO_CONFIRM, ALL = "to_confirm", "all"
UNKNOWN, IMPORTS = "marks:staff_unknown", "marks:imports"


def tabs(current: str, waiting: int | None = None) -> list[Tab]:
    """The tabs, `current` being one of the words above; `waiting` is how many marks are to confirm, where it is known."""
    address = reverse("marks:staff_list")
    return [
        Tab(address, _("To confirm"), waiting, current == TO_CONFIRM),
        Tab(f"{address}?state=open", _("All that stand"), None, current == ALL),
        Tab(reverse(UNKNOWN), _("Unknown numbers"), None, current == UNKNOWN),
        Tab(reverse(IMPORTS), _("Spreadsheets"), None, current == IMPORTS),
    ]


def crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    """The way to a page of this slice: (label, url) each."""
    items = [{"label": _("Marks"), "url": reverse("marks:staff_list")}]
    return items + [{"label": label, "url": url} for label, url in more]
