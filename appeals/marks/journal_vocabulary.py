"""The words of marks in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.journal_words import AspectWords, SubjectWords, names_from, register_words
from appeals.marks.imports.models import MarkImport
from appeals.marks.models import Mark
from certification.numbers.shapes import mask_number


def mark_names(values: set[str]) -> dict[str, str]:
    """Several marks by platform and masked number, in one query."""
    keys = [int(value) for value in values if value.isdecimal()]
    marks = Mark.objects.filter(pk__in=keys).select_related("platform", "number")
    return {str(mark.pk): f"{mark.platform} {mask_number(mark.number.number)}" for mark in marks}


register_words(
    "mark",
    SubjectWords(
        _("Mark"),
        {
            "state": AspectWords(
                _("State"),
                {"open": _("seen"), "cleared": _("cleared"), "returned": _("seen again after its clearance")},
            ),
            "confirmed": AspectWords(_("Confirmed"), {"yes": _("yes")}),
        },
        mark_names,
    ),
)
register_words(
    "mark_import",
    SubjectWords(
        _("Import of marks"),
        {"import": AspectWords(_("State"), {"confirmed": _("confirmed"), "finished": _("finished")})},
        names_from(MarkImport, str),
    ),
)
