"""The kinds of notice about complaints, and the keys that each one's context has.

| kind | keys |
| --- | --- |
| complaint_warning | numbers (how many), complained_on, limit; for a single one: number, number_name, complaints, hours (local, such as [9, 14]) |
| complaint_lock | maintenance, numbers (how many), due_at, limit; for a single one: number, number_name |
| lock_kept | maintenance, number, number_name, reason |
| lock_released | number, number_name, numbers, lifecycle |

`number` is a reference, `number_name` the alias, else the number with its middle hidden; `limit` is how many complaints a day may have.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.notices import Context, NoticeKind, declare, page

number_page = page("numbers:detail", ref="number")
list_page = page("numbers:list")


def number_or_list(context: Context) -> str:
    """The page of the one number, or the list where it is about several."""
    return (number_page if "number" in context else list_page)(context)


def words(context: Context) -> dict[str, Any]:
    """The hours in words."""
    if not context.get("hours"):
        return {}
    return {"hours_text": _(", ").join(f"{hour}:00–{hour + 1}:00" for hour in context["hours"])}


declare(
    NoticeKind(
        "complaint_warning",
        gettext_lazy("Complaints about a number add up"),
        target=number_or_list,
        button=gettext_lazy("See the complaints"),
        words=words,
    ),
    NoticeKind(
        "complaint_lock",
        gettext_lazy("A number is locked after complaints"),
        target=number_or_list,
        button=gettext_lazy("See what to do"),
        words=words,
    ),
    NoticeKind(
        "lock_kept",
        gettext_lazy("A number stays locked"),
        target=number_or_list,
        button=gettext_lazy("See what to do"),
        words=words,
    ),
    NoticeKind(
        "lock_released",
        gettext_lazy("A number is no longer locked"),
        target=number_or_list,
        button=gettext_lazy("See the number"),
        words=words,
    ),
)
