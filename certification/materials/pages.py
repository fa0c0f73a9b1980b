"""The pages of a stored document, as the viewer shows them."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from certification.materials.models import Material, MaterialFile
from certification.naming import day_words
from certification.reviews.documents import CaseDocument


class DocumentPage(NamedTuple):
    """One page: the address of its picture and what it is called."""

    url: str
    alt: str
    width: int | None = None
    height: int | None = None


def document_pages(file: MaterialFile) -> list[DocumentPage]:
    """Every page of the file, in order; a picture is its own only page."""
    return [
        DocumentPage(
            reverse("materials:page", args=[file.ref, number]),
            _("%(name)s, page %(number)d of %(pages)d")
            % {"name": file.original_name, "number": number, "pages": file.pages},
        )
        for number in range(1, file.pages + 1)
    ]


def validity_words(material: Material) -> str:
    """From when until when the version counts."""
    if material.is_long_term or material.expires_on is None:
        return _("Long-term")
    until = day_words(material.expires_on)
    if material.issued_on is None:
        return _("until %(until)s") % {"until": until}
    return f"{day_words(material.issued_on)} – {until}"


def case_document(file: MaterialFile, *, is_current: bool = True, before: str = "") -> CaseDocument:
    """The file as the viewer of a case shows it; `before` names the file of the version that it is to replace."""
    material = file.material
    words = _("version %(version)d · %(validity)s")
    return CaseDocument(
        ref=file.ref,
        title=str(material.kind),
        note=words % {"version": material.version, "validity": validity_words(material)},
        file_name=file.original_name,
        pages=file.pages,
        open_url=reverse("materials:file", args=[file.ref]),
        page_view="materials:page",
        is_current=is_current,
        before=before,
        is_recorded=material.kind.is_identity_document,
    )
