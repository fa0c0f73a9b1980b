"""The pages of a stored document, as the viewer shows them."""

from __future__ import annotations

from typing import NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

from certification.materials.models import MaterialFile


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
