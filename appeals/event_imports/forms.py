"""The forms of an import of events: whose they are, the file, and which column holds what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.utils.translation import gettext_lazy as _

from appeals.complaints.models import Source
from appeals.event_imports.models import EventImport
from appeals.event_sheets import EventSheet
from certification.numbers.imports.forms import FileField, SheetColumnsForm

if TYPE_CHECKING:
    SourceField = forms.ModelChoiceField[Source]
else:
    SourceField = forms.ModelChoiceField


class UploadForm(forms.Form):
    """A spreadsheet, and who reports what is in it."""

    source = SourceField(Source.objects.all(), label=_("Reported by"), empty_label=_("Choose"))
    file = FileField(
        label=_("Spreadsheet"),
        help_text=_("Excel (.xlsx) or CSV, up to 50,000 rows and 10 MB. Nothing is taken in until you confirm."),
        error_messages={"required": _("Choose a file.")},
    )


class ColumnsForm(SheetColumnsForm):
    """What a column of a list of events holds."""

    missing = _("Choose the column that holds this.")

    def __init__(self, sheet: EventSheet, event_import: EventImport, data: Any = None) -> None:
        self.targets, self.needed = sheet.targets, frozenset(sheet.needed)
        super().__init__(event_import, data)
