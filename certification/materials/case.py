"""A version of a material as a reviewer reads it: what was entered beside what the portal knows, and what a machine found."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.materials.comparison import is_credit_code, masked_document_number, same_name
from certification.materials.models import Material, MaterialFile, MaterialState
from certification.materials.pages import case_document, validity_words
from certification.materials.validity import RENEW_WITHIN
from certification.naming import day_words
from certification.reviews.case_facts import CaseChange, CaseFinding, Fact, last_return
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Review

#: How many files of the version before are offered for comparison, and how many versions are listed.
OLDER_FILES, LISTED = 10, 10


def version_of(review: Review) -> Material:
    """The version that the review is about."""
    rows = Material.objects.select_related("kind", "company__industry", "submitted_by")
    return rows.get(pk=review.subject_id)


def earlier_versions(material: Material) -> list[Material]:
    """The versions of the same kind before this one, the latest first."""
    rows = Material.objects.filter(company=material.company_id, kind=material.kind_id, version__lt=material.version)
    return list(rows.select_related("kind").order_by("-version")[:LISTED])


def to_replace(material: Material, earlier: Sequence[Material]) -> Material | None:
    """What the version is compared with: the approved one that it would replace, else the one before."""
    approved = [row for row in earlier if row.state in (MaterialState.APPROVED, MaterialState.REPLACED)]
    return next(iter(approved or earlier), None)


def documents_of(material: Material) -> list[CaseDocument]:
    """The version's files, then those of the version that it would replace, file by file beside each other."""
    older = to_replace(material, earlier_versions(material))
    wanted = [material.pk] + ([older.pk] if older is not None else [])
    files = MaterialFile.objects.filter(material__in=wanted).select_related("material__kind").order_by("pk")
    listed = list(files)
    new = [file for file in listed if file.material_id == material.pk]
    old = [file for file in listed if file.material_id != material.pk][:OLDER_FILES]
    befores = [file.ref for file in old]
    return [
        *(
            case_document(file, before=befores[min(place, len(befores) - 1)] if befores else "")
            for place, file in enumerate(new)
        ),
        *(case_document(file, is_current=False) for file in old),
    ]


def shown_number(material: Material) -> str:
    """The number on the document; that of an identity document is masked, the document itself shows it."""
    number = material.document_number
    return masked_document_number(number) if number and material.kind.is_identity_document else number


def facts_of(material: Material, older: Material | None) -> list[Fact]:
    """The facts of the version, each beside what it is compared with."""
    company = material.company
    identity = material.kind.is_identity_document
    named = material.holder_name
    code = material.document_number.strip().upper()
    is_code = bool(company.credit_code) and not identity and is_credit_code(code)
    facts = [
        Fact(
            _("Name on the document"),
            named,
            "" if identity else company.name,
            same_name(named) == same_name(company.name) if named and not identity else None,
            before=older.holder_name if older else "",
        ),
        Fact(
            _("Number on the document"),
            shown_number(material),
            company.credit_code if is_code else "",
            code == company.credit_code if is_code else None,
            before=shown_number(older) if older else "",
        ),
        Fact(_("Valid"), validity_words(material), before=validity_words(older) if older else ""),
    ]
    if material.kind.names_numbers:
        facts.append(Fact(_("Numbers named"), str(material.named_numbers.count())))
    if material.note:
        facts.append(Fact(_("Note for the reviewer"), material.note))
    return facts


def findings_of(material: Material, older: Material | None, now: dt.datetime) -> Iterator[CaseFinding]:
    """What a machine can see: names and codes that differ, dates that do not fit, files that were handed in before."""
    company = material.company
    today = company.today(now)
    if not material.kind.is_identity_document:
        if material.holder_name and same_name(material.holder_name) != same_name(company.name):
            yield CaseFinding(
                _("The name on the document, “%(name)s”, is not the registered name.") % {"name": material.holder_name},
                _("Compare it with the document: a slip in the form, or another company's paper?"),
                blocks=True,
            )
        code = material.document_number.strip().upper()
        if company.credit_code and is_credit_code(code) and code != company.credit_code:
            yield CaseFinding(
                _("The credit code entered is not the company's."), _("Compare both with the document."), blocks=True
            )
    if material.expires_on is not None and material.expires_on < today:
        yield CaseFinding(
            _("It ran out on %(day)s.") % {"day": day_words(material.expires_on)},
            _("Approved, it would not be in force for a day."),
            blocks=True,
        )
    elif material.expires_on is not None and (material.expires_on - today).days <= RENEW_WITHIN:
        yield CaseFinding(
            _("It runs out on %(day)s already.") % {"day": day_words(material.expires_on)},
            _("Is this the newest one that the company has?"),
        )
    if older is not None and older.state == MaterialState.APPROVED and ends_before(material, older):
        yield CaseFinding(
            _("It ends before the version in force (%(validity)s).") % {"validity": validity_words(older)},
            _("Approving it makes the company worse off."),
        )
    yield from repeated_files(material)


def ends_before(material: Material, older: Material) -> bool:
    """Whether the version would end earlier than the other one."""
    if material.expires_on is None:
        return False
    return older.is_long_term or (older.expires_on is not None and material.expires_on < older.expires_on)


def repeated_files(material: Material) -> Iterator[CaseFinding]:
    """Files of this version that are, byte for byte, those of an earlier version or of another company."""
    digests = list(material.files.values_list("sha256", flat=True))
    same = MaterialFile.objects.filter(sha256__in=digests).exclude(material=material.pk).select_related("material")
    rows = list(same.order_by("pk")[:50])
    own = sorted(
        {
            row.material.version
            for row in rows
            if (row.material.company_id, row.material.kind_id) == (material.company_id, material.kind_id)
        }
    )
    others = {row.material.company_id for row in rows} - {material.company_id}
    if own:
        yield CaseFinding(
            _("The same file as in version %(versions)s.")
            % {"versions": _(", ").join(str(version) for version in own)},
            _("Nothing was replaced: only what was typed can differ."),
        )
    if others:
        yield CaseFinding(
            ngettext(
                "The same file was handed in by %(count)s other company.",
                "The same file was handed in by %(count)s other companies.",
                len(others),
            )
            % {"count": len(others)},
            _("Whose document is it?"),
            blocks=True,
        )


def changes_of(material: Material, earlier: Sequence[Material], review: Review) -> list[CaseChange]:
    """What was wrong with the version before, where it was returned, and what stands there now."""
    returned = last_return(subject="material", subject_ids=[row.pk for row in earlier], before=review.opened_at)
    old = next((row for row in earlier if returned is not None and row.pk == returned.subject_id), None)
    if returned is None or old is None:
        return []
    digests = set(old.files.values_list("sha256", flat=True))
    same_files = digests == set(material.files.values_list("sha256", flat=True))
    pairs = {
        "holder_name": (_("Name on the document"), old.holder_name, material.holder_name),
        "document_number": (_("Number on the document"), shown_number(old), shown_number(material)),
        "validity": (_("Validity"), validity_words(old), validity_words(material)),
    }
    changes = []
    for item in returned.items.select_related("reason"):
        reason = str(item.reason) if item.reason else ""
        if item.item == "field" and item.item_name in pairs:
            name, before, after = pairs[item.item_name]
            changes.append(CaseChange(name, reason, item.text, before, after, before != after))
        else:
            after = _("the same files") if same_files else _("other files")
            changes.append(CaseChange(item.item_name, reason, item.text, "", after, not same_files))
    return changes
