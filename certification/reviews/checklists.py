"""What a reviewer compares, kind by kind: the list is a reminder, and nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from certification.reviews.models import Review, ReviewKind


@dataclass(frozen=True)
class Check:
    """One thing to look at."""

    label: str
    hint: str = ""
    ok: bool | None = None


def checklist_of(review: Review) -> list[Check]:
    """What to look at in a case of this kind."""
    if review.kind == ReviewKind.NUMBER_CHANGE:
        return [
            Check(_("The new name is the company's name, brand or a short form of it")),
            Check(_("It does not advertise and cannot be taken for somebody else's")),
            Check(_("Name and purpose fit each other")),
        ]
    if review.kind == ReviewKind.APPLICATION:
        return [
            Check(_("The name on each document is the registered name")),
            Check(_("The credit code on the licence is the company's")),
            Check(_("Each document is readable, complete, sealed, and valid")),
            Check(_("The proof of ownership names the numbers and the holder")),
            Check(_("Purpose, script and industry fit each other")),
        ]
    if review.kind == ReviewKind.MATERIAL:
        return [
            Check(_("It is the document that is required")),
            Check(_("Readable and complete, all corners and seals visible")),
            Check(_("The name on it is the registered name")),
            Check(_("The dates entered are those on the document")),
        ]
    return []
