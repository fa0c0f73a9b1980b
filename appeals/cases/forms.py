"""The forms of appeals: one question each."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from appeals.cases.call_logs import ACCEPT, check_evidence
from appeals.cases.models import AppealKind, PlatformState
from appeals.platforms import Platform
from certification.applications.forms import SearchInput
from certification.materials.uploads import DocumentsField, SeveralFiles, UploadsForm
from certification.numbers.models import NumberGroup

KIND_HINTS = {
    AppealKind.MARK: _("False mark: a platform shows something wrong about your numbers"),
    AppealKind.LOCK: _("Complaint lock: numbers were locked because of complaints"),
    AppealKind.DECISION: _("Decision: something was rejected, returned or revoked"),
}
REVOCATION = "revocation"


class NewForm(forms.Form):
    """What is said to be wrong."""

    kind = forms.ChoiceField(label=_("What is wrong?"), choices=list(KIND_HINTS.items()), widget=forms.RadioSelect)
    creation_key = forms.UUIDField(widget=forms.HiddenInput)
    numbers = forms.CharField(widget=forms.HiddenInput, required=False, max_length=2000)
    platform = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)
    review = forms.CharField(widget=forms.HiddenInput, required=False, max_length=40)


class DecisionChoiceForm(forms.Form):
    """Against which decision the appeal is."""

    kind = forms.CharField(widget=forms.HiddenInput, initial=AppealKind.DECISION)
    creation_key = forms.UUIDField(widget=forms.HiddenInput)
    decision = forms.ChoiceField(label=_("Which decision is wrong?"), widget=forms.RadioSelect)

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        field: Any = self.fields["decision"]
        field.choices = choices


class NumberFilterForm(forms.Form):
    """What narrows the choice of numbers; whatever does not fit is ignored."""

    q = forms.CharField(label=_("Number, alias or displayed name"), max_length=60, required=False, widget=SearchInput)
    group = forms.ModelChoiceField(
        label=_("Group"), queryset=NumberGroup.objects.none(), to_field_name="ref", required=False, empty_label=_("All")
    )
    marked = forms.BooleanField(label=_("Only numbers on which a mark stands"), required=False)

    def __init__(self, *args: Any, company: Company, kind: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["group"].queryset = NumberGroup.objects.filter(company=company)  # type: ignore[attr-defined]
        if kind != AppealKind.MARK:
            del self.fields["marked"]


class PasteForm(forms.Form):
    """A list of numbers, as it stands in a mail or a sheet."""

    pasted = forms.CharField(
        label=_("Paste numbers"),
        help_text=_("One a line, or separated by commas; as you write them."),
        max_length=100_000,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[ProhibitNullCharactersValidator()],
    )


class PlatformsForm(forms.Form):
    """Which platforms show the mark."""

    platforms = forms.ModelMultipleChoiceField(
        label=_("Which platforms show the mark?"),
        help_text=_(
            "Two or more make the appeal complex: each platform is asked by itself, and it takes up to 10 days."
        ),
        queryset=Platform.objects.filter(is_active=True),
        to_field_name="code",
        widget=forms.CheckboxSelectMultiple,
        error_messages={"required": _("Choose at least one platform.")},
    )


class StatementForm(forms.Form):
    """What is wrong, in the company's words, and whether it is urgent."""

    statement = forms.CharField(
        label=_("What is wrong, and why?"),
        help_text=_("Say what happened, when, and what shows that it is wrong."),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 8}),
        validators=[ProhibitNullCharactersValidator()],
    )
    is_urgent = forms.BooleanField(
        label=_("This is urgent"),
        help_text=_(
            "Urgent appeals go first, also in a revision of your industry's rules. The reviewer confirms it or withdraws it."
        ),
        required=False,
    )
    urgency_reason = forms.CharField(
        label=_("Why is it urgent?"),
        max_length=1000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[ProhibitNullCharactersValidator()],
    )

    def clean(self) -> dict[str, Any]:
        """Urgent needs a reason; a reason alone makes nothing urgent."""
        data: dict[str, Any] = super().clean() or {}
        reason = (data.get("urgency_reason") or "").strip()
        if data.get("is_urgent") and not reason and "urgency_reason" not in self.errors:
            self.add_error("urgency_reason", gettext("Say why it is urgent."))
        data["urgency_reason"] = reason if data.get("is_urgent") else ""
        data["statement"] = (data.get("statement") or "").strip()
        return data


class EvidenceForm(UploadsForm):
    """One line of the checklist: its files are checked and kept as they come."""

    check = staticmethod(check_evidence)

    def __init__(self, *args: Any, label: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"] = DocumentsField(
            label=label, required=False, widget=SeveralFiles(attrs={"accept": ACCEPT})
        )

    def clean(self) -> dict[str, Any]:
        """What is wrong with a file is an error of its line; the good ones were kept."""
        data = super().clean() or self.cleaned_data
        for problem in self.file_problems:
            self.add_error("documents", problem)
        return data


class MessageForm(UploadsForm):
    """A message to the reviewer, with files."""

    text = forms.CharField(
        label=_("Message"),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 4}),
        validators=[ProhibitNullCharactersValidator()],
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)
    check = staticmethod(check_evidence)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["documents"].label = gettext("Attachments")
        self.fields["documents"].widget.attrs["accept"] = ACCEPT

    def clean(self) -> dict[str, Any]:
        """A message says something or brings a file."""
        data = super().clean() or self.cleaned_data
        for problem in self.file_problems:
            self.add_error("documents", problem)
        if not (data.get("text") or "").strip() and not self.staged and not self.errors:
            self.add_error("text", gettext("Write a message or choose a file."))
        return data


class WithdrawForm(forms.Form):
    """Why an appeal is taken back; may stay empty."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class StaffMessageForm(forms.Form):
    """What a reviewer writes to the company."""

    text = forms.CharField(
        label=_("Message to the company"),
        max_length=4000,
        widget=forms.Textarea(attrs={"rows": 3}),
        validators=[ProhibitNullCharactersValidator()],
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)


class UrgencyForm(forms.Form):
    """Whether an appeal is urgent."""

    reason = forms.CharField(
        label=_("Reason"), max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )


class PlatformForm(forms.Form):
    """How far the clearance on one platform has come."""

    to = forms.ChoiceField(label=_("State"), choices=PlatformState)
    note = forms.CharField(label=_("Note for the company"), max_length=500, required=False)
