"""The forms of planned maintenance."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company, CompanyState, Industry
from accounts.users import User
from certification.maintenance.models import MaintenanceCause, Scope
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import causes_for
from certification.numbers.models import Provider

PLAN_SCOPES = [(scope.value, scope.label) for scope in Scope if scope != Scope.NUMBER]
ENDS = [("plan", _("By itself, at the planned end")), ("hand", _("By hand; past the planned end it is overrunning"))]


class PlanForm(forms.Form):
    """A new plan."""

    cause = forms.ModelChoiceField(MaintenanceCause.objects.none(), label=_("Cause"), empty_label=_("Choose a cause"))
    scope = forms.ChoiceField(label=_("What it covers"), choices=PLAN_SCOPES, widget=forms.RadioSelect)
    provider = forms.ModelChoiceField(
        Provider.objects.all(),
        label=_("Provider"),
        required=False,
        empty_label=_("None"),
        help_text=_("Only where it covers a provider."),
    )
    industry = forms.ModelChoiceField(
        Industry.objects.all(),
        label=_("Industry"),
        required=False,
        empty_label=_("None"),
        help_text=_("Only where it covers an industry."),
    )
    company = forms.CharField(
        label=_("Company"),
        required=False,
        max_length=120,
        help_text=_("Only where it covers a company: its registered name, credit code or reference."),
    )
    planned_start = forms.DateTimeField(label=_("Planned start"), help_text=_("Beijing time."))
    planned_end = forms.DateTimeField(label=_("Planned end"), help_text=_("Beijing time."))
    ends = forms.ChoiceField(label=_("How it ends"), choices=ENDS, widget=forms.RadioSelect, initial="plan")
    title_zh = forms.CharField(
        label=_("Title in Chinese"), required=False, max_length=120, help_text=_("Empty: the name of the cause.")
    )
    title_en = forms.CharField(label=_("Title in English"), required=False, max_length=120)
    message_zh = forms.CharField(
        label=_("Message in Chinese"),
        required=False,
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("What companies read. Empty: the sentence of the cause."),
    )
    message_en = forms.CharField(
        label=_("Message in English"), required=False, max_length=2000, widget=forms.Textarea({"rows": 3})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["cause"].queryset = causes_for(user)  # type: ignore[attr-defined]

    def clean_company(self) -> Company | None:
        """The verified company that the text names."""
        text = self.cleaned_data["company"].strip()
        if not text:
            return None
        found = Company.objects.filter(
            Q(name=text) | Q(credit_code=text.upper()) | Q(ref=text), state=CompanyState.VERIFIED
        )
        company = found.order_by("pk").first()
        if company is None:
            raise forms.ValidationError(_("No verified company has this name, credit code or reference."))
        return company

    def draft(self) -> PlanDraft:
        """What the valid form asks for."""
        data = self.cleaned_data
        return PlanDraft(
            cause=data["cause"],
            scope=data["scope"],
            planned_start=data["planned_start"].astimezone(dt.UTC),
            planned_end=data["planned_end"].astimezone(dt.UTC),
            ends_by_plan=data["ends"] == "plan",
            provider=data["provider"],
            industry=data["industry"],
            company=data["company"],
            texts={name: data[name].strip() for name in ("title_zh", "title_en", "message_zh", "message_en")},
        )


class MoveEndForm(forms.Form):
    """Another end for a plan."""

    planned_end = forms.DateTimeField(label=_("New end"), help_text=_("Beijing time."))
    reason = forms.CharField(label=_("Reason"), max_length=300)


class CancelForm(forms.Form):
    """Giving up a plan."""

    reason = forms.CharField(label=_("Reason"), max_length=300)


class EndForm(forms.Form):
    """The end of a running maintenance, and what it achieved."""

    achieved_zh = forms.CharField(
        label=_("What it achieved, in Chinese"),
        max_length=2000,
        widget=forms.Textarea({"rows": 3}),
        help_text=_("For example: false marks fell from 12% to 6%."),
    )
    achieved_en = forms.CharField(
        label=_("What it achieved, in English"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )


class UpdateForm(forms.Form):
    """A post for the companies that are covered."""

    text_zh = forms.CharField(label=_("Update in Chinese"), max_length=2000, widget=forms.Textarea({"rows": 3}))
    text_en = forms.CharField(
        label=_("Update in English"), max_length=2000, required=False, widget=forms.Textarea({"rows": 3})
    )
