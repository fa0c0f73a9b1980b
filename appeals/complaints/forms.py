"""The forms of staff who take complaints in: sources and their keys, one complaint."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import TYPE_CHECKING, Any

from django import forms
from django.core.validators import ProhibitNullCharactersValidator
from django.db import models
from django.utils.translation import gettext, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from accounts.working_days import CHINA
from appeals.categories import Category
from appeals.complaints.intake import LONGEST_EVIDENCE
from appeals.complaints.models import Source
from appeals.complaints.sources import STAFF_SOURCE
from appeals.events import AHEAD
from appeals.platforms import Platform
from certification.numbers.problems import Problem, reason
from certification.numbers.shapes import read_number

if TYPE_CHECKING:
    SourceField = forms.ModelChoiceField[Source]
    PlatformField = forms.ModelChoiceField[Platform]
else:
    SourceField = PlatformField = forms.ModelChoiceField


class Lasting(models.TextChoices):
    """How long a new key is valid."""

    ALWAYS = "always", _("Until it is revoked")
    QUARTER = "90", _("90 days")
    YEAR = "365", _("One year")


class SourceForm(forms.Form):
    """A new source."""

    name = forms.CharField(
        label=pgettext_lazy("of a source", "Name"),
        max_length=80,
        help_text=_("Who reports, as staff and files call it. It cannot be changed later."),
    )

    def clean_name(self) -> str:
        """Without what no line of text holds."""
        name: str = self.cleaned_data["name"]
        if not name.isprintable():
            raise forms.ValidationError(_("Use letters, figures and signs only."), code="unprintable")
        return name


class KeyForm(forms.Form):
    """A new key: how long it is valid. `newest` says which keys the person saw, so that one click makes one key."""

    lasting = forms.ChoiceField(label=_("Validity"), choices=Lasting.choices, initial=Lasting.ALWAYS)
    newest = forms.CharField(widget=forms.HiddenInput, required=False, max_length=12)

    def expires_at(self, now: dt.datetime) -> dt.datetime | None:
        """When the key ends."""
        days = self.cleaned_data["lasting"]
        return None if days == Lasting.ALWAYS else now + dt.timedelta(days=int(days))


class ComplaintForm(forms.Form):
    """One complaint that somebody told staff about."""

    source = SourceField(
        Source.objects.exclude(name=STAFF_SOURCE),
        label=_("Reported by"),
        required=False,
        empty_label=_("Told to staff"),
    )
    number_text = forms.CharField(
        label=_("Number complained of"), max_length=100, validators=[ProhibitNullCharactersValidator()]
    )
    on = forms.DateField(label=_("Day of the call"), help_text=_("Chinese time."))
    at = forms.TimeField(
        label=_("Time of the call"),
        widget=forms.TimeInput(attrs={"type": "time"}, format="%H:%M"),
        input_formats=["%H:%M"],
    )
    category = forms.ChoiceField(label=_("Category"), choices=Category.choices, widget=forms.RadioSelect)
    platform = PlatformField(
        Platform.objects.filter(is_active=True), label=_("Platform"), required=False, empty_label=_("Not known")
    )
    evidence = forms.CharField(
        label=_("Evidence"),
        required=False,
        max_length=LONGEST_EVIDENCE,
        widget=forms.Textarea(attrs={"rows": 4}),
        help_text=_("What was said, and how it is known. Reviewers read it; the company does not."),
    )
    submission = forms.UUIDField(widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, now: dt.datetime) -> None:
        self.now = now
        local = now.astimezone(CHINA)
        initial = {"submission": uuid.uuid4(), "on": local.date(), "at": local.time()}
        super().__init__(data, initial=initial)

    def clean_number_text(self) -> str:
        """The number, as it was typed, if it is one."""
        text: str = self.cleaned_data["number_text"]
        read = read_number(text)
        if isinstance(read, Problem):
            raise forms.ValidationError(reason(read, ""), code=str(read))
        return text

    def clean(self) -> dict[str, Any]:
        """A call that has not been cannot be complained of."""
        values = super().clean() or {}
        if values.get("on") and values.get("at") and self.moment(values) > self.now + AHEAD:
            self.add_error("at", gettext("The time lies in the future."))
        return values

    def moment(self, values: dict[str, Any]) -> dt.datetime:
        """When the call was."""
        return dt.datetime.combine(values["on"], values["at"], CHINA)

    @property
    def event(self) -> dict[str, Any]:
        """The complaint as the intake takes it."""
        values = self.cleaned_data
        platform = values["platform"]
        return {
            "id": str(values["submission"]),
            "number": values["number_text"],
            "at": self.moment(values).isoformat(),
            "category": values["category"],
            "platform": platform.code if platform else None,
            "evidence": values["evidence"],
        }
