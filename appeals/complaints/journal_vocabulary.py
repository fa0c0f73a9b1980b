"""The words of sources and their keys in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy

from accounts.journal_words import AspectWords, SubjectWords, names_from, register_words
from appeals.complaints.imports.models import ComplaintImport
from appeals.complaints.models import Source, SourceKey

register_words(
    "source",
    SubjectWords(
        pgettext_lazy("of complaints", "Source"),
        {"state": AspectWords(_("State"), {"created": _("created")})},
        names_from(Source, str),
    ),
)
register_words(
    "source_key",
    SubjectWords(
        _("Key of a source"),
        {"state": AspectWords(_("State"), {"issued": _("issued"), "revoked": _("revoked")})},
        names_from(SourceKey, str),
    ),
)
register_words(
    "complaint_import",
    SubjectWords(
        _("Import of complaints"),
        {"import": AspectWords(_("State"), {"confirmed": _("confirmed"), "finished": _("finished")})},
        names_from(ComplaintImport, str),
    ),
)
