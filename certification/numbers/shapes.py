"""The shapes of phone numbers: how each is read, stored, shown masked, and read aloud."""

from __future__ import annotations

from django.utils.translation import gettext as _


def parts(number: str) -> tuple[str, str, str]:
    """The number as it is dialled in China, as (visible head, hidden middle, visible tail); short codes hide nothing."""
    if not number.startswith("+"):
        return number, "", ""
    national = number.removeprefix("+86")
    if national == number:  # foreign: country and area stay readable
        return number[:4], number[4:-4], number[-4:]
    if national.startswith("1") and len(national) == 11:
        return national[:3], national[3:7], national[7:]
    if national[:3] in ("400", "800"):
        return national[:3], national[3:-3], national[-3:]
    national = f"0{national}" if not national.startswith("1") else national
    head = 3 if national[:2] in ("01", "02") else 4
    return national[:head], national[head:-4], national[-4:]


def mask_number(number: str) -> str:
    """`138****1234`: enough to recognise, too little to call."""
    head, hidden, tail = parts(number)
    return f"{head}****{tail}" if hidden else f"{head}{tail}"


def mask_number_spoken(number: str) -> str:
    """The masked number in words, for screen readers."""
    head, hidden, tail = parts(number)
    if not hidden:
        return head
    return _("begins with %(head)s, ends in %(tail)s") % {"head": head, "tail": tail}
