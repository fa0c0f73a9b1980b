"""Forms about people and their companies."""

from __future__ import annotations

import re
import zoneinfo
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.access import CompanyRole
from accounts.companies import (
    Company,
    CompanyKind,
    CompanyState,
    Industry,
    validate_credit_code,
    validate_identity_number,
    validate_time_zone,
)
from accounts.users import User

#: Shown first; the rest of the time zone database follows by name.
COMMON_ZONES = (
    ("Asia/Shanghai", _("China (Beijing time)")),
    ("Asia/Urumqi", _("Xinjiang (Urumqi)")),
    ("Asia/Hong_Kong", _("Hong Kong")),
    ("Asia/Taipei", _("Taipei")),
    ("Asia/Singapore", _("Singapore")),
    ("Asia/Tokyo", _("Tokyo")),
    ("Asia/Dubai", _("Dubai")),
    ("Europe/London", _("London")),
    ("Europe/Berlin", _("Berlin")),
    ("America/New_York", _("New York")),
    ("America/Los_Angeles", _("Los Angeles")),
    ("Australia/Sydney", _("Sydney")),
)
#: Each language under the name that its speakers look for.
OWN_NAMES = (("zh-hans", "简体中文"), ("en", "English"))
PHONE = re.compile(r"^\+?[0-9][0-9 ()\-]{4,24}(?:\s*(?:ext\.?|转|x)\s*[0-9]{1,6})?$", re.ASCII)


def zone_choices() -> list[Any]:
    """Every time zone that a company can be in, the usual ones first."""
    common = {name for name, _label in COMMON_ZONES}
    others = sorted(
        name
        for name in zoneinfo.available_timezones()
        if name not in common and "/" in name and not name.startswith(("Etc/", "SystemV/", "US/", "Brazil/", "Canada/"))
    )
    return [
        (_("Common"), list(COMMON_ZONES)),
        (_("All"), [(name, name.replace("_", " ")) for name in others]),
    ]


def validate_phone(value: str) -> None:
    """Refuse what nobody could dial."""
    if not PHONE.match(value):
        raise ValidationError(
            _("Enter a telephone number with its area code, for example 0571-87000000."), code="contact_phone"
        )


class SquashedField(forms.CharField):
    """Text that people paste with spaces and in small letters."""

    def to_python(self, value: Any) -> str:
        """The text without white space and hyphens, in capitals."""
        return re.sub(r"[\s\-]+", "", super().to_python(value) or "").upper()


class PersonForm(forms.ModelForm):  # type: ignore[type-arg]
    """A person's name and the language of their e-mails."""

    class Meta:
        model = User
        fields = ["name", "language"]
        labels = {"name": _("Your name"), "language": _("Language of pages and e-mails")}
        widgets = {
            "name": forms.TextInput(attrs={"autocomplete": "name"}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].required = True
        self.fields["language"] = forms.ChoiceField(
            label=_("Language of pages and e-mails"), choices=OWN_NAMES, widget=forms.RadioSelect
        )


class ContactForm(forms.ModelForm):  # type: ignore[type-arg]
    """What a company may change by itself at any time."""

    contact_phone = forms.CharField(
        label=_("Contact phone"),
        max_length=30,
        validators=[validate_phone],
        widget=forms.TextInput(attrs={"autocomplete": "tel", "inputmode": "tel"}),
    )
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        choices=zone_choices,
        initial="Asia/Shanghai",
        validators=[validate_time_zone],
        help_text=_("Days of this company begin and end in it: expiry dates and reminders follow."),
        error_messages={"invalid_choice": _("Choose a time zone from the list, for example Asia/Shanghai.")},
    )

    class Meta:
        model = Company
        fields = ["contact_name", "contact_phone", "contact_email", "time_zone"]


class CompanyForm(ContactForm):
    """Everything that a company is registered with; the same form corrects it until it is verified."""

    kind = forms.ChoiceField(
        label=_("Kind"), choices=CompanyKind.choices, initial=CompanyKind.ENTERPRISE, widget=forms.RadioSelect
    )
    name = forms.CharField(
        label=_("Registered name"), max_length=120, help_text=_("Exactly as on the business licence or identity card.")
    )
    credit_code = SquashedField(
        label=_("Unified social credit code"),
        required=False,
        help_text=_("18 characters, on the business licence."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "autocapitalize": "characters", "spellcheck": "false"}),
    )
    identity_number = SquashedField(
        label=_("Identity number"),
        required=False,
        help_text=_("Stored encrypted and shown masked; whoever reads it in full is recorded."),
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    industry = forms.ModelChoiceField(
        label=_("Industry"),
        queryset=Industry.objects.all(),
        empty_label=_("Please choose"),
        help_text=_("It decides which materials are required."),
    )

    class Meta(ContactForm.Meta):
        fields = [
            "kind",
            "name",
            "credit_code",
            "industry",
            "time_zone",
            "contact_name",
            "contact_phone",
            "contact_email",
        ]

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by

    def clean(self) -> dict[str, Any]:
        """Ask for the number that the kind of company has, check it, and keep two companies from sharing one."""
        data = super().clean() or self.cleaned_data
        if data.get("kind") == CompanyKind.INDIVIDUAL:
            data["credit_code"] = ""
            self.clean_identity(data)
        elif data.get("kind"):
            data["identity_number"] = ""
            self.clean_code(data)
        return data

    def clean_code(self, data: dict[str, Any]) -> None:
        """Shape and check digit told apart; a code that is in use is refused without saying by whom."""
        code = data.get("credit_code", "")
        if not code:
            self.add_error("credit_code", _("Enter the unified social credit code from the business licence."))
            return
        try:
            validate_credit_code(code)
        except ValidationError as error:
            self.add_error("credit_code", error)
            return
        others = Company.objects.filter(credit_code=code).exclude(state=CompanyState.REFUSED)
        twin = models.Q(created_by=self.by, name=data.get("name", ""), state=CompanyState.PENDING)
        if others.exclude(pk=self.instance.pk).exclude(twin).exists():
            self.add_error(
                "credit_code",
                _(
                    "A company with this credit code is registered already. If it is yours, ask the colleague who"
                    " registered it to invite you; if you do not know who that is, write to us."
                ),
            )

    def clean_identity(self, data: dict[str, Any]) -> None:
        """A new identity number is checked; an empty one keeps what is stored."""
        number = data.get("identity_number", "")
        if not number and not self.instance.identity_number_encrypted:
            self.add_error("identity_number", _("Enter the identity number of the person."))
        elif number:
            try:
                validate_identity_number(number)
            except ValidationError as error:
                self.add_error("identity_number", error)

    def _get_validation_exclusions(self) -> set[str]:
        """Leave out the credit code: `clean` has checked it, with words of its own."""
        excluded: set[str] = super()._get_validation_exclusions()  # type: ignore[misc]
        return excluded | {"credit_code"}

    def values(self) -> dict[str, Any]:
        """The company's fields, as the domain functions take them."""
        return {name: self.cleaned_data[name] for name in self._meta.fields or ()}


class StaffCompanyForm(forms.Form):
    """What staff may correct after verification, with the reason why."""

    name = forms.CharField(label=_("Registered name"), max_length=120)
    credit_code = SquashedField(label=_("Unified social credit code"), required=False)
    industry = forms.ModelChoiceField(label=_("Industry"), queryset=Industry.objects.all(), empty_label=None)
    reason = forms.CharField(
        label=_("Reason"),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 3}),
        help_text=_("The company reads it in its journal."),
    )

    def __init__(self, *args: Any, company: Company, **kwargs: Any) -> None:
        kwargs["initial"] = {
            "name": company.name,
            "credit_code": company.credit_code,
            "industry": company.industry_id,
        }
        super().__init__(*args, **kwargs)
        self.company = company
        if company.kind == CompanyKind.INDIVIDUAL:
            del self.fields["credit_code"]

    def clean_credit_code(self) -> str:
        code: str = self.cleaned_data["credit_code"]
        validate_credit_code(code)
        taken = Company.objects.filter(credit_code=code).exclude(state=CompanyState.REFUSED)
        if taken.exclude(pk=self.company.pk).exists():
            raise ValidationError(_("Another company is registered with this credit code."), code="credit_code_taken")
        return code


class InvitationForm(forms.Form):
    """Whom to invite, as what."""

    email = forms.EmailField(
        label=_("E-mail address of your colleague"), widget=forms.EmailInput(attrs={"autocomplete": "off"})
    )
    role = forms.ChoiceField(
        label=_("Role"), choices=CompanyRole.choices, initial=CompanyRole.OPERATOR, widget=forms.RadioSelect
    )


class RoleForm(forms.Form):
    """Another role for a member."""

    role = forms.ChoiceField(label=_("Role"), choices=CompanyRole.choices, widget=forms.RadioSelect)
