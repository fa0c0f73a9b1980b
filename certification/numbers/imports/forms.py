"""The forms of an import: the file, and which column holds what."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.numbers.forms import GroupField
from certification.numbers.imports.columns import Target
from certification.numbers.imports.models import SheetImport
from certification.numbers.imports.report import letter
from certification.numbers.imports.sheets import DELIMITERS, ENCODINGS, MOST_BYTES, FileProblem
from certification.numbers.models import Provider

Label = str | Promise


class FileField(forms.FileField):
    """A spreadsheet; an empty one and one that is too large each have their own words."""

    def to_python(self, data: Any) -> Any:
        if data is not None and data.size == 0:
            raise ValidationError(FileProblem.ZERO_BYTES.label, code=FileProblem.ZERO_BYTES)
        if data is not None and data.size > MOST_BYTES:
            raise ValidationError(FileProblem.TOO_LARGE.label, code=FileProblem.TOO_LARGE)
        return super().to_python(data)


class UploadForm(forms.Form):
    """The file, and what holds for rows that do not say otherwise."""

    file = FileField(
        label=_("Spreadsheet"),
        help_text=_("Excel (.xlsx) or CSV, up to 50,000 rows and 10 MB. Nothing is imported until you confirm."),
        error_messages={"required": _("Choose a file.")},
    )
    provider = forms.ModelChoiceField(
        Provider.objects.all(),
        label=_("Provider"),
        empty_label=None,
        help_text=_("For rows that name none."),
    )
    group = GroupField(label=_("Inside the group"), help_text=_("Groups named in the sheet are made inside this one."))

    def __init__(self, *args: Any, company: Company, **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["group"].offer(company)  # type: ignore[attr-defined]
        self.fields["provider"].initial = Provider.objects.first()


class TextForm(forms.Form):
    """How a csv is read: its encoding and its delimiter."""

    encoding = forms.ChoiceField(label=_("Encoding"), choices=list(ENCODINGS.items()))
    delimiter = forms.ChoiceField(label=_("Columns are separated by"), choices=list(DELIMITERS.items()))


class SheetColumnsForm(forms.Form):
    """One field for each thing that a column of a spreadsheet can hold; the slice says which things there are."""

    targets: type[models.TextChoices]
    needed: frozenset[str]
    #: What is said where a needed column is not chosen.
    missing: Label

    def __init__(self, sheet_import: SheetImport, data: Any = None) -> None:
        columns = sheet_import.columns
        super().__init__(data, initial={target: str(columns.get(target, "")) for target in self.targets.values})
        choices = [
            (str(index), f"{letter(index)} · {name}" if name else letter(index))
            for index, name in enumerate(sheet_import.header)
        ]
        for target in self.targets:
            required = target in self.needed
            known = target in columns
            first = [] if required and known else [("", _("Choose") if required else _("Not in this file"))]
            self.fields[str(target)] = forms.ChoiceField(
                label=target.label,
                required=required,
                choices=[*first, *choices],
                error_messages={"required": str(self.missing)},
            )

    def clean(self) -> dict[str, Any]:
        """Refuse one column under two names."""
        values = super().clean() or {}
        seen: dict[str, str] = {}
        for target in self.targets:
            column = values.get(target, "")
            if column and column in seen:
                message = gettext("This column is chosen for “%(other)s” already.")
                self.add_error(str(target), message % {"other": self.targets(seen[column]).label})
            elif column:
                seen[column] = str(target)
        return values

    @property
    def columns(self) -> dict[str, int]:
        """What was chosen, as `SheetImport.columns` keeps it."""
        return {
            str(target): int(self.cleaned_data[target])
            for target in self.targets
            if self.cleaned_data.get(target, "") != ""
        }


class ColumnsForm(SheetColumnsForm):
    """What a column of a list of numbers holds."""

    targets = Target
    needed = frozenset({str(Target.NUMBER)})
    missing = _("Choose the column that holds the phone numbers.")
