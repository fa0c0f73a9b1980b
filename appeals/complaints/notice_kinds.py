"""The kinds of notice about complaints, and the keys that each one's context has.

| kind | keys |
| --- | --- |
| complaint_warning | numbers (how many), complained_on; for a single one: number (its reference), complaints, hours (local, such as [9, 14]) |
| complaint_lock | maintenance, numbers (how many), due_at; for a single one: number (its reference) |
| lock_kept | maintenance, number, reason |
| lock_released | number, numbers, lifecycle |
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as _lazy

from accounts.notices import Context, NoticeKind, declare, page
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number

number_page = page("numbers:detail", ref="number")
list_page = page("numbers:list")


def number_or_list(context: Context) -> str:
    """The page of the one number, or the list where it is about several."""
    return (number_page if "number" in context else list_page)(context)


def words(context: Context) -> dict[str, Any]:
    """What the number is called: its alias, else the number with its middle hidden; and the hours in words."""
    said: dict[str, Any] = {}
    if "number" in context:
        number = PhoneNumber.objects.filter(ref=context["number"]).only("alias", "number").first()
        if number is not None:
            said["number_name"] = number.alias or mask_number(number.number)
    if context.get("hours"):
        said["hours_text"] = _(", ").join(f"{hour}:00–{hour + 1}:00" for hour in context["hours"])
    return said


declare(
    NoticeKind(
        "complaint_warning",
        _lazy("Complaints about a number add up"),
        target=number_or_list,
        button=_lazy("See the complaints"),
        words=words,
    ),
    NoticeKind(
        "complaint_lock",
        _lazy("A number is locked after complaints"),
        target=number_or_list,
        button=_lazy("See what to do"),
        words=words,
    ),
    NoticeKind(
        "lock_kept",
        _lazy("A number stays locked"),
        target=number_or_list,
        button=_lazy("See what to do"),
        words=words,
    ),
    NoticeKind(
        "lock_released",
        _lazy("A number is no longer locked"),
        target=number_or_list,
        button=_lazy("See the number"),
        words=words,
    ),
)
