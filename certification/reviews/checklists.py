"""What a reviewer compares, kind by kind: the list is a reminder, and nothing is decided by it."""

from __future__ import annotations

from dataclasses import dataclass

from django.utils.translation import gettext as _

from certification.reviews.models import ReviewKind


@dataclass(frozen=True)
class Check:
    """One thing to look at; what was ticked is kept under its code."""

    code: str
    label: str
    hint: str = ""
    ok: bool | None = None


def checklist_of(kind: str) -> list[Check]:
    """What to look at in a case of this kind, the latest checklist; codes stay when words change."""
    if kind == ReviewKind.NUMBER_CHANGE:
        return [
            Check("label_is_theirs", _("The new name is the company's name, brand or a short form of it")),
            Check("label_is_plain", _("It does not advertise and cannot be taken for somebody else's")),
            Check("label_fits", _("Name and purpose fit each other")),
        ]
    if kind == ReviewKind.APPLICATION:
        return [
            Check("names_agree", _("The name on each document is the registered name")),
            Check("code_agrees", _("The credit code on the licence is the company's")),
            Check("papers_complete", _("Each document is readable, complete, sealed, and valid")),
            Check("numbers_owned", _("The proof of ownership names the numbers and the holder")),
            Check("purpose_fits", _("Purpose, script and industry fit each other")),
        ]
    if kind == ReviewKind.MATERIAL:
        return [
            Check("right_document", _("It is the document that is required")),
            Check("readable", _("Readable and complete, all corners and seals visible")),
            Check("name_agrees", _("The name on it is the registered name")),
            Check("dates_agree", _("The dates entered are those on the document")),
        ]
    if kind == ReviewKind.COMPANY:
        return [
            Check("register_agrees", _("Name and code are those in the public register of companies")),
            Check("not_impersonated", _("It is not a company that exists here already under another account")),
            Check("contact_plausible", _("Contact person, phone and e-mail address fit the company")),
            Check("kind_fits", _("Kind and industry fit what it does")),
        ]
    if kind == ReviewKind.COMPLAINT_LOCK:
        return [
            Check("complaints_read", _("The complaints and their times were read")),
            Check("pattern_judged", _("The pattern is that of real calls, not of one sender")),
            Check("company_heard", _("What the company says, and its appeal where there is one, was read")),
        ]
    if kind in (ReviewKind.APPEAL, ReviewKind.COMPLEX_APPEAL):
        return [
            Check("evidence_read", _("Statement and evidence were read")),
            Check("number_theirs", _("The number is the company's")),
            Check("platforms_asked", _("Each platform that is named was asked or looked up")),
        ]
    if kind == ReviewKind.EXPEDITE:
        return [
            Check("is_overdue", _("The case is past its promised time")),
            Check("reason_holds", _("The reason is worth going before others")),
        ]
    return []
