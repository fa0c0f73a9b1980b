"""The forms of applications: one question each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from certification.applications.labels import MOST_CHARACTERS, broken_rules
from certification.applications.models import ApplicationKind
from certification.numbers.models import NumberGroup

KIND_HINTS = {
    ApplicationKind.NEW: _("New certification: for numbers that are not certified yet"),
    ApplicationKind.RENEWAL: _("Renewal: for certifications that end within 60 days or have ended"),
    ApplicationKind.CHANGE: _("Number change: another displayed name for certified numbers"),
}


class NewForm(forms.Form):
    """What is asked for."""

    kind = forms.ChoiceField(
        label=_("What do you apply for?"), choices=list(KIND_HINTS.items()), widget=forms.RadioSelect
    )
    creation_key = forms.UUIDField(widget=forms.HiddenInput)
    numbers = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)


class ApplicantForm(forms.Form):
    """Who applies."""

    answer = forms.TypedChoiceField(
        label=_("Who applies?"),
        help_text=_("A letter of authority is needed when somebody other than the legal representative applies."),
        choices=[("no", _("The legal representative")), ("yes", _("Somebody else, with a letter of authority"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )


class PurposeForm(forms.Form):
    """What the calls are for."""

    answer = forms.CharField(
        label=_("What are the calls for?"),
        help_text=_("Say whom you call from these numbers, when, and why."),
        max_length=2000,
        widget=forms.Textarea(attrs={"rows": 6}),
        validators=[ProhibitNullCharactersValidator()],
    )


class ScriptForm(forms.Form):
    """What is said."""

    answer = forms.CharField(
        label=_("What do your staff say in a typical call?"),
        help_text=_("A sample script, from the greeting to the end of the call."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 10}),
        validators=[ProhibitNullCharactersValidator()],
    )


ANSWER_FORMS: dict[str, type[forms.Form]] = {"applicant": ApplicantForm, "purpose": PurposeForm, "script": ScriptForm}


class SearchInput(forms.TextInput):
    """A text field that browsers treat as a search."""

    input_type = "search"


class NumberFilterForm(forms.Form):
    """What narrows the choice of numbers; whatever does not fit is ignored."""

    q = forms.CharField(label=_("Number or alias"), max_length=60, required=False, widget=SearchInput)
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=NumberGroup.objects.none(), to_field_name="ref", required=False, empty_label=_("All")
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = NumberGroup.objects.filter(company=company)  # type: ignore[attr-defined]


LABEL_WORDS: dict[str, Any] = {
    "label_too_long": _("Use at most %(most)s characters."),
    "label_contact": _("Use a name only, without an address or a number."),
    "label_characters": _("Use letters, characters, digits, brackets and hyphens only."),
}


class LabelForm(forms.Form):
    """A new displayed name."""

    label = forms.CharField(
        label=_("New displayed name"),
        max_length=60,
        required=False,
        validators=[ProhibitNullCharactersValidator()],
    )

    def clean_label(self) -> str:
        """A name that the rules allow."""
        label: str = self.cleaned_data["label"].strip()
        for rule in broken_rules(label):
            if rule.blocks:
                raise forms.ValidationError(LABEL_WORDS[rule.code], code=rule.code, params={"most": MOST_CHARACTERS})
        return label


class WithdrawForm(forms.Form):
    """Why an application is taken back; may stay empty."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )
