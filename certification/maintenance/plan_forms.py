"""The forms of plans as a whole: a new one, a change, and the same of recurring ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from django import forms
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company, CompanyState, Industry
from accounts.users import User
from certification.maintenance.effects import Effects
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.maintenance.plan_drafts import PlanDraft, draft_of
from certification.maintenance.plan_fields import (
    OWN_EFFECTS,
    REPEATS,
    EffectsPart,
    RepeatsPart,
    TextsPart,
    WindowPart,
)
from certification.maintenance.plans import causes_for
from certification.maintenance.series_models import MaintenanceSeries
from certification.numbers.models import Provider


def is_key(text: str) -> bool:
    """Whether a text that came from outside can be the key of a row."""
    return text.isascii() and text.isdecimal() and len(text) < 10


PLAN_SCOPES = [(scope.value, scope.label) for scope in Scope if scope != Scope.NUMBER]


class PlanForm(EffectsPart, TextsPart, RepeatsPart):
    """A new plan, for one time or recurring."""

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

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        causes = causes_for(user)
        self.fields["cause"].queryset = causes  # type: ignore[attr-defined]
        chosen = str((self.data if self.is_bound else self.initial).get("cause", ""))
        self.preset_effects(causes.filter(pk=int(chosen)).first() if is_key(chosen) else None)

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
        """What the valid form asks for; of a recurring plan with its first time, where there is one."""
        data = self.cleaned_data
        start, end = self.moment("planned_start"), self.moment("planned_end")
        if self.recurs:
            recurrence = self.recurrence()
            if not recurrence.problem():
                start, end = recurrence.occurrences[0].start, recurrence.occurrences[0].end
        return PlanDraft(
            cause=data["cause"],
            scope=data["scope"],
            planned_start=start,
            planned_end=end,
            ends_by_plan=data["ends"] == "plan",
            provider=data["provider"],
            industry=data["industry"],
            company=data["company"],
            texts=self.texts(),
            own_effects=self.own_effects(),
        )


class ChangePlanForm(EffectsPart, TextsPart, WindowPart):
    """Another window, other effects, other words for a plan. What has started keeps its start and what it does."""

    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, plan: Maintenance, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.plan = plan
        self.fields["effects"].initial = "cause" if Effects.of(plan) == Effects.of(plan.cause) else "own"
        self.preset_effects(plan.cause)
        if self.fields["effects"].initial == "own":
            for name, column in OWN_EFFECTS.items():
                self.fields[name].initial = getattr(plan, column)
        if plan.opened_at is not None:
            for name in ("planned_start", "effects", *OWN_EFFECTS):
                del self.fields[name]

    def draft(self) -> PlanDraft:
        """What the plan is to be."""
        was, started = draft_of(self.plan), self.plan.opened_at is not None
        # What it does stays as it was planned unless something else is chosen, whatever became of its cause since then.
        kept = started or (self.cleaned_data["effects"] == "cause" and self.fields["effects"].initial == "cause")
        own = was.own_effects if kept else self.own_effects() or Effects.of(self.plan.cause)
        return replace(
            was,
            planned_start=was.planned_start if started else self.moment("planned_start"),
            planned_end=self.moment("planned_end"),
            ends_by_plan=self.cleaned_data["ends"] == "plan",
            texts=self.texts(),
            own_effects=own,
        )


class ChangeSeriesForm(EffectsPart, TextsPart, RepeatsPart):
    """What a recurring plan is to be from one of its times on."""

    reason = forms.CharField(label=_("Reason"), max_length=300)

    def __init__(self, *args: Any, series: MaintenanceSeries, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.series = series
        repeats = self.fields["repeats"]
        assert isinstance(repeats, forms.ChoiceField)
        repeats.choices = REPEATS[1:]
        repeats.required = True
        self.fields["effects"].initial = "cause" if Effects.of(series) == Effects.of(series.cause) else "own"
        self.preset_effects(series.cause)
        if self.fields["effects"].initial == "own":
            for name, column in OWN_EFFECTS.items():
                self.fields[name].initial = getattr(series, column)

    def draft(self) -> PlanDraft:
        """What the times from there on are to be."""
        series, recurrence = self.series, self.recurrence()
        start, end = self.moment("planned_start"), self.moment("planned_end")
        if not recurrence.problem():
            start, end = recurrence.occurrences[0].start, recurrence.occurrences[0].end
        return PlanDraft(
            cause=series.cause,
            scope=series.scope,
            planned_start=start,
            planned_end=end,
            ends_by_plan=self.cleaned_data["ends"] == "plan",
            provider=series.provider,
            industry=series.industry,
            company=series.company,
            texts=self.texts(),
            own_effects=self.own_effects(),
        )


class EndSeriesForm(forms.Form):
    """Giving up the later times of a recurring plan."""

    reason = forms.CharField(label=_("Reason"), max_length=300)
