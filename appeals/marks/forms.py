"""The forms about marks: a company reports one of its numbers, staff record what a platform shows."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import MaxValueValidator, ProhibitNullCharactersValidator
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.working_days import CHINA, end_of_day
from appeals.categories import Category
from appeals.marks.intake import MOST_PEOPLE
from appeals.marks.marks import Sighting
from appeals.platforms import Platform
from certification.materials.uploads import UploadsForm
from certification.numbers.models import PhoneNumber
from certification.numbers.problems import Problem, reason
from certification.numbers.shapes import mask_number, read_number

if TYPE_CHECKING:
    PlatformField = forms.ModelChoiceField[Platform]
else:
    PlatformField = forms.ModelChoiceField


class SeenForm(forms.Form):
    """What a platform shows: which platform, which label, by how many people, on which day."""

    number_text = forms.CharField(label=_("Phone number"), max_length=100)
    platform = PlatformField(Platform.objects.filter(is_active=True), label=_("Platform"), empty_label=_("Choose"))
    label = forms.ChoiceField(label=_("What it says"), choices=[("", _("Choose")), *Category.choices], initial="")
    people = forms.IntegerField(
        label=_("By how many people"), required=False, min_value=0, validators=[MaxValueValidator(MOST_PEOPLE)]
    )
    seen_on = forms.DateField(label=_("Seen on"), widget=forms.DateInput)
    submission = forms.UUIDField(widget=forms.HiddenInput)

    #: Whose numbers can be named; None: everybody's.
    own: Company | None = None
    #: The number that the form was opened for: it is shown masked and understood as it is shown.
    chosen: PhoneNumber | None = None
    now: dt.datetime
    #: The number that was typed, E.164 or as it is dialled, once the form is valid.
    dialled: str

    def prepare(self) -> None:
        """Fill in what is known before anybody types."""
        zone = self.own.zone if self.own is not None else CHINA
        known: dict[str, Any] = {"submission": uuid.uuid4(), "seen_on": self.now.astimezone(zone).date()}
        if self.chosen is not None:
            known["number_text"] = mask_number(self.chosen.number)
        self.initial = {**known, **self.initial}

    def clean_number_text(self) -> PhoneNumber | None:
        """The number that is meant; None where no company holds it."""
        text = self.cleaned_data["number_text"]
        if self.chosen is not None and text == mask_number(self.chosen.number):
            self.dialled = self.chosen.number
            return self.chosen
        read = read_number(text)
        if isinstance(read, Problem):
            raise forms.ValidationError(reason(read))
        self.dialled = read.number
        numbers = PhoneNumber.objects.held().filter(number=read.number).select_related("company")
        if self.own is not None:
            numbers = numbers.filter(company=self.own)
        return numbers.first()

    def clean_seen_on(self) -> dt.date:
        """A day that is not in the future, in the company's zone."""
        day: dt.date = self.cleaned_data["seen_on"]
        number = self.cleaned_data.get("number_text")
        zone = number.company.zone if number is not None else CHINA
        if day > self.now.astimezone(zone).date():
            raise forms.ValidationError(gettext("This day is in the future."))
        if day.year < 2000:
            raise forms.ValidationError(gettext("This day is too long ago."))
        return day

    def seen_at(self) -> dt.datetime:
        """The last moment of the day, or now where it is today."""
        number: PhoneNumber | None = self.cleaned_data["number_text"]
        zone = number.company.zone if number is not None else CHINA
        return min(end_of_day(self.cleaned_data["seen_on"], zone), self.now)


class ReportForm(SeenForm, UploadsForm):
    """A mark that the company has seen on one of its own numbers, with pictures of the screen."""

    def __init__(
        self, *args: Any, chosen: PhoneNumber | None, company: Company, now: dt.datetime, **kwargs: Any
    ) -> None:
        super().__init__(*args, company=company, now=now, **kwargs)
        self.chosen, self.own = chosen, company
        self.prepare()
        self.fields["documents"].label = gettext("Screenshot")

    def clean_number_text(self) -> PhoneNumber:
        """One of the company's own numbers."""
        number = super().clean_number_text()
        if number is None:
            raise forms.ValidationError(gettext("This number is not in your list."))
        return number

    def clean(self) -> dict[str, Any]:
        """A report needs at least one picture."""
        data = super().clean() or self.cleaned_data
        for problem in self.file_problems:
            self.add_error("documents", problem)
        if not self.staged and not self.file_problems:
            self.add_error("documents", gettext("Choose a screenshot on which the mark can be seen."))
        return data


class RecordForm(SeenForm):
    """What staff have seen of any number, or that a mark is gone."""

    what = forms.ChoiceField(
        label=_("What did you see?"),
        choices=[("seen", _("The mark is shown")), ("cleared", _("The mark has been cleared"))],
        widget=forms.RadioSelect,
        initial="seen",
    )
    reason = forms.CharField(
        label=_("Remark"),
        required=False,
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[ProhibitNullCharactersValidator()],
    )
    field_order = ("number_text", "platform", "what", "label", "people", "seen_on", "reason", "submission")

    def __init__(self, *args: Any, chosen: PhoneNumber | None = None, now: dt.datetime, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.chosen, self.now = chosen, now
        self.prepare()
        self.fields["label"].required = False

    def clean(self) -> dict[str, Any]:
        """A mark that is shown has a label."""
        data = super().clean() or self.cleaned_data
        if data.get("what") == "seen" and not data.get("label") and "label" not in self.errors:
            self.add_error("label", gettext("Choose what the platform says."))
        return data

    @property
    def sighting(self) -> Sighting:
        """What the valid form says; of which number is filled in where it is kept."""
        data = self.cleaned_data
        return Sighting(
            str(data["submission"]),
            0,
            data["platform"].pk,
            self.seen_at(),
            Category(data["label"] or Category.OTHER),
            data["people"],
            is_clearance=data["what"] == "cleared",
            reason=data["reason"],
        )


class RefusalForm(forms.Form):
    """Why a reported mark is laid aside."""

    reason = forms.CharField(
        label=_("Reason"),
        help_text=_("The company reads it as it stands."),
        max_length=500,
        widget=forms.Textarea(attrs={"rows": 2}),
        validators=[ProhibitNullCharactersValidator()],
    )
