"""The forms of numbers and groups; they read and check what was typed, the registry writes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.numbers.groups.tree import paths
from certification.numbers.models import GroupKind, NumberGroup, PhoneNumber, Provider
from certification.numbers.problems import reason
from certification.numbers.registry import CERTIFIED_OR_UNDER_WAY
from certification.numbers.shapes import ReadNumber, mask_number, read_number

if TYPE_CHECKING:
    GroupChoice = forms.ModelChoiceField[NumberGroup]
else:
    GroupChoice = forms.ModelChoiceField


def clean_text(value: str) -> str:
    """One line without control characters."""
    return " ".join("".join(character if character.isprintable() else " " for character in value).split())


def group_choices(company: Company, *, without: frozenset[int] = frozenset()) -> list[tuple[int, str]]:
    """The company's groups with their whole paths, in the order of the tree."""
    return sorted(((pk, path) for pk, path in paths(company.pk).items() if pk not in without), key=lambda item: item[1])


class GroupField(GroupChoice):
    """One of the company's own groups, by its path."""

    def __init__(self, **options: Any) -> None:
        super().__init__(NumberGroup.objects.none(), required=False, empty_label=_("None"), **options)

    def offer(self, company: Company, *, without: frozenset[int] = frozenset()) -> None:
        """Offer the company's groups."""
        self.queryset = NumberGroup.objects.filter(company=company).exclude(pk__in=without)
        self.choices = [("", self.empty_label), *group_choices(company, without=without)]


class NumberForm(forms.Form):
    """A number's details: what a company says about it."""

    label = forms.CharField(
        label=_("Displayed name"),
        required=False,
        max_length=60,
        help_text=_("The name that people see when you call. It is checked against your licence."),
    )
    alias = forms.CharField(
        label=_("Alias"),
        required=False,
        max_length=60,
        help_text=_("What you call this number yourself, for example “front desk”."),
    )
    provider = forms.ModelChoiceField(Provider.objects.all(), label=_("Provider"), empty_label=None)
    group = GroupField(label=_("Group"))
    backup_of = forms.CharField(
        label=_("Stands in for the number"),
        required=False,
        max_length=100,
        help_text=_("Only for a backup number: the main number of yours that it stands in for."),
    )

    def __init__(
        self,
        *args: Any,
        company: Company,
        number: PhoneNumber | None = None,
        main: PhoneNumber | None = None,
        **options: Any,
    ) -> None:
        super().__init__(*args, **options)
        #: The main number that the field shows, masked: it is understood as it is shown.
        self.company, self.main = company, main
        if main is not None:
            self.initial["backup_of"] = mask_number(main.number)
        self.fields["group"].offer(company)  # type: ignore[attr-defined]
        if number is not None and number.lifecycle in CERTIFIED_OR_UNDER_WAY:
            # A disabled field keeps its value whatever is posted.
            for name in ("label", "provider"):
                self.fields[name].disabled = True
                self.fields[name].help_text = _(
                    "Changed by an application for a change, because the number is certified or being reviewed."
                )

    def clean_label(self) -> str:
        return clean_text(self.cleaned_data["label"])

    def clean_alias(self) -> str:
        return clean_text(self.cleaned_data["alias"])

    def clean_backup_of(self) -> PhoneNumber | None:
        """The company's own number that was typed."""
        text = self.cleaned_data["backup_of"]
        if not text.strip():
            return None
        if self.main is not None and text.strip() == mask_number(self.main.number):
            return self.main
        read = read_number(text)
        if not isinstance(read, ReadNumber):
            raise ValidationError(reason(read), code=read)
        found = PhoneNumber.objects.of_company(self.company).filter(number=read.number).first()
        if found is None:
            raise ValidationError(gettext("This number is not in your list. Add it first."), code="backup_unknown")
        return found

    @classmethod
    def of(cls, number: PhoneNumber, data: Any = None) -> NumberForm:
        """The form of a number that exists."""
        initial = {
            "label": number.label,
            "alias": number.alias,
            "provider": number.provider_id,
            "group": number.group_id,
        }
        return cls(data, company=number.company, number=number, main=number.backup_of, initial=initial)


class AddNumberForm(NumberForm):
    """A number that is new."""

    number_text = forms.CharField(
        label=_("Phone number"),
        max_length=100,
        help_text=_(
            "A mobile, a landline with its area code, a 400, 95 or 1069 number, or a foreign number with + and country code."
        ),
    )
    field_order = ("number_text", "label", "alias", "provider", "group", "backup_of")

    def clean_number_text(self) -> ReadNumber:
        """The number that was typed, by the same rules as in a file."""
        read = read_number(self.cleaned_data["number_text"])
        if not isinstance(read, ReadNumber):
            raise ValidationError(reason(read), code=read)
        if read.extension:
            raise ValidationError(gettext("Leave the extension out: the number itself is certified."), code="extension")
        return read


class EndForm(forms.Form):
    """Why a certification is withdrawn or a number given up."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("Kept in the number's history."),
    )  # fmt: skip

    def clean_reason(self) -> str:
        return "".join(
            character for character in self.cleaned_data["reason"] if character.isprintable() or character == "\n"
        )


class GroupForm(forms.Form):
    """A group: its name, its kind, where it is in the tree."""

    name = forms.CharField(label=_("Name"), max_length=60)
    kind = forms.ChoiceField(label=_("Kind"), choices=GroupKind.choices)
    parent = GroupField(label=_("Inside the group"))

    def __init__(self, *args: Any, company: Company, without: frozenset[int] = frozenset(), **options: Any) -> None:
        super().__init__(*args, **options)
        self.fields["parent"].offer(company, without=without)  # type: ignore[attr-defined]
        self.fields["parent"].empty_label = _("At the top")  # type: ignore[attr-defined]

    def clean_name(self) -> str:
        return clean_text(self.cleaned_data["name"])
