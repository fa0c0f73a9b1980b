"""The words of the pre-check's findings: what is wrong, how to mend it, and where."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.urls import NoReverseMatch, reverse
from django.utils.formats import date_format
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.applications.labels import MOST_CHARACTERS
from certification.applications.models import Application
from certification.applications.precheck import Finding
from certification.numbers.shapes import mask_number


@dataclass(frozen=True)
class FindingWords:
    """A finding as a page shows it."""

    code: str
    blocks: bool
    title: str
    fix: str
    numbers: str
    url: str
    action: str


def count_of(finding: Finding) -> int:
    return int(finding.params.get("count", 0))


def on_day(finding: Finding, name: str) -> str:
    day = finding.params.get(name)
    return date_format(day, "Y-m-d") if day else ""


#: code -> (what is wrong, how to mend it)
WORDS: dict[str, Callable[[Finding], tuple[str, str]]] = {
    "company_not_verified": lambda f: (
        _("Your company has not been verified yet."),
        _("You can prepare everything now and submit once the company is verified."),
    ),
    "credit_code_wrong": lambda f: (
        _("The company's unified social credit code is not valid."),
        _("Compare it with the business licence and correct the company data."),
    ),
    "no_numbers": lambda f: (_("No number is chosen."), _("Choose at least one number.")),
    "too_many_numbers": lambda f: (
        _("There are %(count)s numbers; one application holds at most %(most)s.") % f.params,
        _("Take some out and apply for them separately."),
    ),
    "numbers_not_eligible": lambda f: (
        ngettext(
            "%(count)s number cannot be in this application any more.",
            "%(count)s numbers cannot be in this application any more.",
            count_of(f),
        )
        % f.params,
        _("Their state has changed since they were chosen. Take them out."),
    ),
    "numbers_taken": lambda f: (
        ngettext(
            "%(count)s number is in another application that is still open.",
            "%(count)s numbers are in another application that is still open.",
            count_of(f),
        )
        % f.params,
        _("Take them out, or withdraw the other application."),
    ),
    "numbers_misshapen": lambda f: (
        ngettext(
            "%(count)s number does not have the shape of a phone number.",
            "%(count)s numbers do not have the shape of a phone number.",
            count_of(f),
        )
        % f.params,
        _("Take them out and register them again correctly."),
    ),
    "numbers_in_other_drafts": lambda f: (
        ngettext(
            "%(count)s number is also in another draft.", "%(count)s numbers are also in another draft.", count_of(f)
        )
        % f.params,
        _("Only the draft that is submitted first gets it."),
    ),
    "label_missing": lambda f: (
        ngettext("%(count)s number has no displayed name.", "%(count)s numbers have no displayed name.", count_of(f))
        % f.params,
        _("Enter the name that receivers are to see."),
    ),
    "label_unchanged": lambda f: (
        ngettext(
            "%(count)s new name is the same as the present one.",
            "%(count)s new names are the same as the present ones.",
            count_of(f),
        )
        % f.params,
        _("Enter another name, or take these numbers out."),
    ),
    "label_too_long": lambda f: (
        ngettext(
            "%(count)s displayed name is longer than %(most)s characters.",
            "%(count)s displayed names are longer than %(most)s characters.",
            count_of(f),
        )
        % {**f.params, "most": MOST_CHARACTERS},
        _("Use a short form of the company or brand."),
    ),
    "label_contact": lambda f: (
        ngettext(
            "%(count)s displayed name contains an address or a number.",
            "%(count)s displayed names contain an address or a number.",
            count_of(f),
        )
        % f.params,
        _("Use the name of the company or brand only."),
    ),
    "label_characters": lambda f: (
        ngettext(
            "%(count)s displayed name contains signs that phones do not show.",
            "%(count)s displayed names contain signs that phones do not show.",
            count_of(f),
        )
        % f.params,
        _("Use letters, characters, digits, brackets and hyphens only."),
    ),
    "label_advertising": lambda f: (
        ngettext(
            "%(count)s displayed name sounds like advertising.",
            "%(count)s displayed names sound like advertising.",
            count_of(f),
        )
        % f.params,
        _("Reviewers return names that advertise. Use the name of the company or brand."),
    ),
    "applicant_missing": lambda f: (
        _("It is not said who applies."),
        _("Say whether the legal representative or somebody else applies."),
    ),
    "purpose_missing": lambda f: (
        _("The purpose of the calls is missing."),
        _("Say whom you call from these numbers, and why."),
    ),
    "purpose_short": lambda f: (
        _("The purpose of the calls is very short."),
        _("Reviewers return what they cannot picture. Say whom you call, when, and why."),
    ),
    "script_missing": lambda f: (
        _("The sample script is missing."),
        _("Write down what your staff say in a typical call."),
    ),
    "material_missing": lambda f: (_("%(material)s is missing.") % {"material": f.kind}, _("Add the document.")),
    "material_awaited": lambda f: (
        _("%(material)s is missing.") % {"material": f.kind},
        _("You can submit, but the application then waits for it (at most 15 days). Adding it first is faster."),
    ),
    "material_returned": lambda f: (
        _("%(material)s was returned.") % {"material": f.kind},
        _("See the reason and upload a corrected version."),
    ),
    "material_expired": lambda f: (
        _("%(material)s expired on %(day)s.") % {"material": f.kind, "day": on_day(f, "expires_on")},
        _("Upload a version that is still valid."),
    ),
    "material_ends_in_review": lambda f: (
        _("%(material)s expires on %(day)s, before the review is over.")
        % {"material": f.kind, "day": on_day(f, "expires_on")},
        _("Upload the new version now, or certification stops that day."),
    ),
    "material_ends_soon": lambda f: (
        _("%(material)s expires on %(day)s.") % {"material": f.kind, "day": on_day(f, "expires_on")},
        _("Plan its renewal; certification stops when it runs out."),
    ),
    "material_under_review": lambda f: (
        _("%(material)s is still under review.") % {"material": f.kind},
        _("You can submit; the application is approved once the document is."),
    ),
    "material_required_soon": lambda f: (
        _("A new rule asks for %(material)s before the review is over.") % {"material": f.kind},
        _("Add it now, so that certification does not stop."),
    ),
    "numbers_not_named": lambda f: (
        ngettext(
            "%(material)s does not name %(count)s of the numbers.",
            "%(material)s does not name %(count)s of the numbers.",
            count_of(f),
        )
        % {"material": f.kind, **f.params},
        _("Add a document that names them, or take them out of the application."),
    ),
    "holder_differs": lambda f: (
        _("%(material)s is in the name of “%(on_document)s”, not of “%(registered)s”.")
        % {"material": f.kind, **f.params},
        _("Upload a document in the company's name, or correct the company data."),
    ),
    "credit_code_differs": lambda f: (
        _("The credit code on %(material)s is not the company's.") % {"material": f.kind},
        _("Compare both and correct the one that is wrong."),
    ),
    "not_corrected": lambda f: (
        _("“%(item)s” was returned and has not been changed.") % {"item": item_label(f)},
        _("See the reason and correct it."),
    ),
    "review_deferred": lambda f: (
        _("Reviews of this kind wait at present: %(cause)s.") % {"cause": f.params["cause"].title},
        _("You can submit; the review begins when this is over."),
    ),
    "review_longer": lambda f: (
        _("Reviews take longer at present: %(cause)s.") % {"cause": f.params["cause"].title},
        _("You can submit; the due time below takes it into account."),
    ),
}


def item_label(finding: Finding) -> str:
    """The name of a returned item: the document's, or the answer's in the active language."""
    return str(finding.kind or part_label(str(finding.params["item"])))


def part_label(part: str) -> str:
    """What a part of the draft is called."""
    labels = {
        "numbers": _("Numbers"),
        "labels": _("New displayed names"),
        "applicant": _("Who applies"),
        "purpose": _("Purpose of the calls"),
        "script": _("Sample script"),
        "materials": _("Materials"),
        "check": _("Check and submit"),
    }
    return str(labels.get(part, part))


def address(application: Application, finding: Finding) -> tuple[str, str]:
    """Where the finding is mended, and what the link says."""
    if finding.part == "company":
        return safe_reverse("settings:company"), _("See the company data")
    if finding.part == "material":
        back = reverse("applications:step", args=[application.ref, "materials"])
        page = safe_reverse("materials:add")
        query = f"?kind={finding.kind.code}&next={back}" if finding.kind else ""
        return (f"{page}{query}" if page else back), _("Add the document")
    if finding.part:
        step = reverse("applications:step", args=[application.ref, finding.part])
        return f"{step}?back=check", _("Correct this")
    return "", ""


def safe_reverse(name: str) -> str:
    """The address of a page of another slice, "" where it does not exist."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


def words_of(application: Application, finding: Finding) -> FindingWords:
    """The finding in the active language, with the numbers masked."""
    title, fix = WORDS[finding.code](finding)
    url, action = address(application, finding)
    return FindingWords(finding.code, finding.blocks, title, fix, masked_list(finding), url, action)


def masked_list(finding: Finding) -> SafeString:
    """The first of the numbers that a finding is about."""
    return format_html_join(
        ", ", "{}{}", ((mask_number(row.number), f" {row.alias}" if row.alias else "") for row in finding.numbers)
    )
