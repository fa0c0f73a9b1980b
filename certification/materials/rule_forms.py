"""The forms in which staff keep the rules: requirements, kinds, causes, reasons, days."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, ClassVar

from django import forms
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.companies import CompanyKind, Industry
from accounts.working_days import CHINA
from certification.maintenance.models import Family, MaintenanceCause, OpenedBy
from certification.materials.models import MaterialKind, RequirementMoment
from certification.materials.rule_preview import Touched, touched_by
from certification.materials.rules import Reach, reach_of
from certification.materials.validity import MOST_YEARS_AHEAD, years_from
from certification.reviews.models import Reason, ReviewKind

if TYPE_CHECKING:
    KindModelForm = forms.ModelForm[MaterialKind]
    CauseModelForm = forms.ModelForm[MaintenanceCause]
    ReasonModelForm = forms.ModelForm[Reason]
else:
    KindModelForm = CauseModelForm = ReasonModelForm = forms.ModelForm


class RequirementForm(forms.Form):
    """A requirement to be announced."""

    kind = forms.ModelChoiceField(label=_("Document"), queryset=MaterialKind.objects.all(), empty_label=None)
    industry = forms.ModelChoiceField(
        label=_("Industry"), queryset=Industry.objects.all(), required=False, empty_label=_("Every industry")
    )
    company_kinds = forms.MultipleChoiceField(
        label=_("Kinds of company"),
        choices=CompanyKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text=_("None ticked: every kind."),
    )
    moment = forms.ChoiceField(
        label=_("When is it asked for?"),
        choices=RequirementMoment.choices,
        initial=RequirementMoment.ALWAYS,
        widget=forms.RadioSelect,
    )
    effective_from = forms.DateField(
        label=_("In force from"),
        widget=forms.DateInput,
        help_text=_("It holds from the beginning of this day, in each company's own time zone."),
    )
    cause = forms.ModelChoiceField(
        label=_("Cause of the maintenance"),
        queryset=MaintenanceCause.objects.filter(opened_by=OpenedBy.REQUIREMENT, family=Family.POLICY),
        empty_label=None,
        help_text=_("Opened for companies that never had the document. One that ran out has its own cause."),
    )
    holds_applications = forms.BooleanField(
        label=_("Applications wait until the document is there (at most 15 days)"), required=False
    )
    notice_zh = forms.CharField(
        label=_("What companies read, in Chinese"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    notice_en = forms.CharField(
        label=_("What companies read, in English"), max_length=2000, widget=forms.Textarea(attrs={"rows": 3})
    )
    notice_url = forms.URLField(
        label=_("Address of the policy notice"), required=False, max_length=200, assume_scheme="https"
    )

    def __init__(self, *args: Any, now: dt.datetime, **kwargs: Any) -> None:
        self.now = now
        super().__init__(*args, **kwargs)

    def clean_effective_from(self) -> dt.date:
        """A day from today on, and not a slip of the hand."""
        day: dt.date = self.cleaned_data["effective_from"]
        today = self.now.astimezone(CHINA).date()
        if day < today:
            raise forms.ValidationError(gettext("This day is past. A requirement starts today at the earliest."))
        if day > years_from(today, MOST_YEARS_AHEAD):
            raise forms.ValidationError(gettext("This day is more than 50 years away. Check the year."))
        return day

    def reach(self) -> Reach | None:
        """Whom it would concern, as far as the form says; None while what decides that is missing or wrong."""
        data = self.cleaned_data
        if not data.get("kind") or not data.get("effective_from"):
            return None
        return reach_of(
            kind=data["kind"],
            industry=data.get("industry"),
            company_kinds=data.get("company_kinds") or [],
            effective_from=data["effective_from"],
            now=self.now,
        )

    def touched(self) -> Touched | None:
        """What else the valid form's requirement would touch; None where it is asked for with applications only."""
        data = self.cleaned_data
        if data["moment"] != RequirementMoment.ALWAYS:
            return None
        names = ("kind", "industry", "company_kinds", "cause", "effective_from", "holds_applications")
        return touched_by(**{name: data[name] for name in names}, now=self.now)


class WithdrawForm(forms.Form):
    """Why a requirement ends."""

    reason = forms.CharField(label=_("Reason"), max_length=500, widget=forms.Textarea(attrs={"rows": 2}))


class KindForm(KindModelForm):
    """A kind of document."""

    class Meta:
        model = MaterialKind
        fields: ClassVar = [
            "code",
            "name_zh",
            "name_en",
            "description_zh",
            "description_en",
            "names_numbers",
            "may_be_long_term",
            "is_identity_document",
            "ordering",
        ]
        labels: ClassVar = {
            "code": _("Code"),
            "name_zh": _("Name in Chinese"),
            "name_en": _("Name in English"),
            "description_zh": _("What it must show, in Chinese"),
            "description_en": _("What it must show, in English"),
            "names_numbers": _("Names a set of numbers"),
            "may_be_long_term": _("May be long-term"),
            "is_identity_document": _("Is an identity document: every opening is recorded"),
            "ordering": _("Position in lists"),
        }
        widgets: ClassVar = {
            "description_zh": forms.Textarea(attrs={"rows": 2}),
            "description_en": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fix_code(self)


class CauseForm(CauseModelForm):
    """A row of the cause catalogue."""

    defers = forms.MultipleChoiceField(
        label=_("Reviews that pause meanwhile"),
        choices=ReviewKind.choices,
        required=False,
        widget=forms.CheckboxSelectMultiple,
    )

    class Meta:
        model = MaintenanceCause
        fields: ClassVar = [
            "name_zh",
            "name_en",
            "usual_from",
            "usual_until",
            "usual_unit",
            "suspends_display",
            "review_time_factor",
            "defers",
            "urgent_appeals_only",
            "sentence_zh",
            "sentence_en",
            "warn_at",
            "lock_above",
        ]
        labels: ClassVar = {
            "name_zh": _("Name in Chinese"),
            "name_en": _("Name in English"),
            "usual_from": _("Usual length from"),
            "usual_until": _("Usual length until"),
            "usual_unit": _("Unit"),
            "suspends_display": _("Certification is not displayed meanwhile"),
            "review_time_factor": _("Reviews take so many times as long"),
            "urgent_appeals_only": _("Only urgent appeals are worked on"),
            "sentence_zh": _("What companies read, in Chinese"),
            "sentence_en": _("What companies read, in English"),
            "warn_at": _("Complaints in a day that warn"),
            "lock_above": _("More complaints in a day than this lock"),
        }
        widgets: ClassVar = {
            "sentence_zh": forms.Textarea(attrs={"rows": 2}),
            "sentence_en": forms.Textarea(attrs={"rows": 2}),
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if self.instance.opened_by != OpenedBy.COMPLAINTS:
            del self.fields["warn_at"], self.fields["lock_above"]
        factor = self.fields["review_time_factor"]
        assert isinstance(factor, forms.DecimalField)
        factor.min_value, factor.max_value = 1, 10
        factor.validators += [*forms.DecimalField(min_value=1, max_value=10).validators]

    def clean(self) -> dict[str, Any]:
        """Lengths go together and from short to long; a warning comes before the lock."""
        data = super().clean() or self.cleaned_data
        earliest, latest = data.get("usual_from"), data.get("usual_until")
        if "usual_from" not in self.errors and "usual_until" not in self.errors:
            if (earliest is None) != (latest is None):
                self.add_error("usual_until", gettext("Give both ends of the usual length, or neither."))
            elif earliest is not None and latest is not None and latest < earliest:
                self.add_error("usual_until", gettext("The longest length is shorter than the shortest."))
        warn, lock = data.get("warn_at"), data.get("lock_above")
        if warn is not None and lock is not None and warn > lock:
            self.add_error("warn_at", gettext("The warning must come before the lock."))
        return data


class ReasonForm(ReasonModelForm):
    """A reason for returning or rejecting."""

    kinds = forms.MultipleChoiceField(
        label=_("Offered for"), choices=ReviewKind.choices, widget=forms.CheckboxSelectMultiple
    )

    class Meta:
        model = Reason
        fields: ClassVar = ["code", "kinds", "text_zh", "text_en", "fix_zh", "fix_en", "is_active"]
        labels: ClassVar = {
            "code": _("Code"),
            "text_zh": _("What is wrong, in Chinese"),
            "text_en": _("What is wrong, in English"),
            "fix_zh": _("How to mend it, in Chinese"),
            "fix_en": _("How to mend it, in English"),
            "is_active": _("Offered to reviewers"),
        }
        widgets: ClassVar = {
            name: forms.Textarea(attrs={"rows": 2}) for name in ("text_zh", "text_en", "fix_zh", "fix_en")
        }

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fix_code(self)

    def clean(self) -> dict[str, Any]:
        """How to mend it is said in both languages, or in neither."""
        data: dict[str, Any] = super().clean() or {}
        for name, other in (("fix_zh", "fix_en"), ("fix_en", "fix_zh")):
            if data.get(other) and not data.get(name) and name not in self.errors:
                self.add_error(name, gettext("Say it in this language, too: companies read either."))
        return data


class DayForm(forms.Form):
    """A single day that differs from the published calendar."""

    day = forms.DateField(label=_("Day"), widget=forms.DateInput)
    is_working = forms.TypedChoiceField(
        label=_("It is"),
        choices=[("yes", _("a working day")), ("no", _("a day off"))],
        coerce=lambda value: value == "yes",
        widget=forms.RadioSelect,
    )
    note = forms.CharField(
        label=_("Source"), max_length=200, help_text=_("For example the notice of the State Council.")
    )


def fix_code(form: forms.BaseModelForm[Any]) -> None:
    """A code is chosen once: lists, mails and figures of the past name it."""
    if form.instance.pk:
        form.fields["code"].disabled = True
    else:
        form.fields["code"].help_text = gettext("Small letters, digits and underscores; it never changes afterwards.")
