"""The forms of the staff desk: filters of the queue, decisions, handing a case on."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from accounts.access import STAFF_TABLE, Permission
from accounts.companies import Industry
from accounts.users import User
from certification.reviews.models import Decision, Reason, ReviewItem, ReviewKind
from certification.reviews.queue import QueueFilter
from certification.reviews.reasons import wording_of
from certification.reviews.statistics import RANGES, USUAL_RANGE
from certification.reviews.subjects import CaseItem


class SearchInput(forms.TextInput):
    """A text field that browsers treat as a search."""

    input_type = "search"


class QueueFilterForm(forms.Form):
    """What narrows the queue; whatever does not fit is ignored."""

    q = forms.CharField(label=_("Reference, company or number"), max_length=100, required=False, widget=SearchInput)
    kind = forms.ChoiceField(label=_("Kind"), required=False)
    industry = forms.ModelChoiceField(
        label=_("Industry"), queryset=Industry.objects.all(), to_field_name="code", required=False, empty_label=_("All")
    )
    company = forms.CharField(max_length=12, required=False, widget=forms.HiddenInput)
    urgent = forms.BooleanField(label=_("Urgent"), required=False)
    expedited = forms.BooleanField(label=_("Expedited"), required=False)
    overdue = forms.BooleanField(label=_("Overdue"), required=False)
    paused = forms.BooleanField(label=_("Paused"), required=False)
    mine = forms.BooleanField(label=_("Mine"), required=False)
    unclaimed = forms.BooleanField(label=_("Unclaimed"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = [("", _("All")), *ReviewKind.choices]  # type: ignore[attr-defined]

    def chosen(self) -> QueueFilter:
        """The filter that the fields ask for."""
        self.is_valid()
        values = {name: value for name, value in self.cleaned_data.items() if value}
        if "industry" in values:
            values["industry"] = values["industry"].code
        return QueueFilter(**values)


class ReassignForm(forms.Form):
    """To whom a lead hands a case."""

    to = forms.ModelChoiceField(label=_("Reviewer"), queryset=User.objects.none(), empty_label=_("Choose"))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        roles = STAFF_TABLE[Permission.DECIDE_REVIEWS]
        reviewers = User.objects.filter(is_active=True, staff_assignments__role__in=roles).distinct()
        self.fields["to"].queryset = reviewers.order_by("name", "pk")  # type: ignore[attr-defined]


class ItemForm(forms.Form):
    """What is wrong with one item of the case."""

    chosen = forms.BooleanField(required=False)
    reason = forms.ModelChoiceField(
        label=_("Reason"), queryset=Reason.objects.none(), to_field_name="code", required=False, empty_label=_("Choose")
    )
    text = forms.CharField(
        label=_("In your own words"), max_length=2000, required=False, widget=forms.Textarea(attrs={"rows": 2})
    )

    def __init__(
        self,
        data: Any,
        *,
        item: CaseItem,
        label: str,
        reasons: Sequence[Reason],
        initial: dict[str, Any] | None = None,
    ) -> None:
        super().__init__(data, prefix=item.key, initial=initial)
        self.item = item
        self.label = label
        self.fields["chosen"].label = label
        field: Any = self.fields["reason"]
        field.queryset = Reason.objects.filter(pk__in=[reason.pk for reason in reasons])
        # One read of the catalogue for all items.
        field.choices = [("", _("Choose")), *((reason.code, str(reason)) for reason in reasons)]

    def clean(self) -> dict[str, Any]:
        """A chosen item says what is wrong; a reason or words choose the item."""
        data: dict[str, Any] = super().clean() or {}
        says = bool(data.get("reason") or (data.get("text") or "").strip())
        if data.get("chosen") and not says:
            self.add_error("reason", _("Choose a reason, or say in your own words what is wrong."))
        data["chosen"] = bool(data.get("chosen")) or says
        return data

    def made(self) -> ReviewItem:
        """The item as it is stored."""
        return ReviewItem(
            item=self.item.item,
            item_id=self.item.item_id,
            item_name=self.item.name,
            reason=self.cleaned_data.get("reason"),
            text=(self.cleaned_data.get("text") or "").strip(),
        )


def start_from_reason(data: QueryDict, form: forms.Form) -> bool:
    """Move the wording of the form's chosen reason into its own words in `data`, below what stands there.

    False where no reason is chosen. The reason is taken out of its choice, or the company would read it twice.
    """
    reason, text = form.add_prefix("reason"), form.add_prefix("text")
    chosen = form.fields["reason"].queryset.filter(code=data.get(reason, "").replace("\0", "")).first()  # type: ignore[attr-defined]
    if chosen is None:
        return False
    data[text] = "\n".join(filter(None, (data.get(text, "").strip(), wording_of(chosen))))
    data[reason] = ""
    if "chosen" in form.fields:
        data[form.add_prefix("chosen")] = "on"
    return True


class DecisionForm(forms.Form):
    """The words around a decision. The decision itself is in the address."""

    text = forms.CharField(
        label=_("Message to the company"),
        help_text=_("Goes to the company as it stands. Leave it empty if the reasons say it all."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    internal_note = forms.CharField(
        label=_("Internal note"),
        help_text=_("Only staff read it."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, *args: Any, decision: Decision, items: Sequence[ItemForm], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.decision = decision
        self.items = items

    def clean(self) -> dict[str, Any]:
        """A return names at least one item; a rejection at least one reason or words."""
        data: dict[str, Any] = super().clean() or {}
        named = any(form.is_valid() and form.cleaned_data["chosen"] for form in self.items)
        if self.decision == Decision.RETURNED and not named:
            self.add_error(None, _("Choose at least one item to correct, with its reason."))
        if self.decision in (Decision.REJECTED, Decision.PARTLY) and not named and not (data.get("text") or "").strip():
            self.add_error("text", _("Give a reason: choose one for an item, or write to the company."))
        return data


class StatisticsForm(forms.Form):
    """What narrows the figures; whatever does not fit is ignored."""

    weeks = forms.ChoiceField(label=_("Weeks"), required=False)
    kind = forms.ChoiceField(label=_("Kind"), required=False)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        fields: Any = self.fields
        fields["weeks"].choices = [(weeks, _("%(count)d weeks") % {"count": weeks}) for weeks in RANGES]
        fields["kind"].choices = [("", _("All")), *ReviewKind.choices]

    def chosen(self) -> tuple[int, str]:
        """The range in weeks and the kind."""
        self.is_valid()
        return int(self.cleaned_data.get("weeks") or USUAL_RANGE), self.cleaned_data.get("kind") or ""


class TogetherForm(forms.Form):
    """One decision, with one reason, for several cases of one company and one kind."""

    decision = forms.ChoiceField(label=_("Decision"), widget=forms.RadioSelect)
    reason = forms.ModelChoiceField(
        label=_("Reason"), queryset=Reason.objects.none(), to_field_name="code", required=False, empty_label=_("Choose")
    )
    text = forms.CharField(
        label=_("Message to the company"),
        help_text=_("The same for each case; goes to the company as it stands."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 3}),
    )
    internal_note = forms.CharField(
        label=_("Internal note"),
        help_text=_("Only staff read it."),
        max_length=4000,
        required=False,
        widget=forms.Textarea(attrs={"rows": 2}),
    )

    def __init__(self, data: Any, *, decisions: Sequence[Decision], kind: str) -> None:
        super().__init__(data)
        fields: Any = self.fields
        fields["decision"].choices = [(decision.value, decision_verb(decision)) for decision in decisions]
        fields["reason"].queryset = Reason.objects.filter(is_active=True, kinds__contains=[kind])

    def clean(self) -> dict[str, Any]:
        """Whatever is not approved has a reason that the company can read."""
        data: dict[str, Any] = super().clean() or {}
        decision, reason = data.get("decision"), data.get("reason")
        if decision == Decision.RETURNED and reason is None and "reason" not in self.errors:
            self.add_error("reason", _("Choose a reason."))
        if decision == Decision.REJECTED and reason is None and not (data.get("text") or "").strip():
            self.add_error("reason", _("Choose a reason, or write to the company."))
        return data


def decision_verb(decision: Decision) -> Any:
    """A decision as something to do."""
    return {
        Decision.APPROVED: _("Approve"),
        Decision.RETURNED: _("Return for correction"),
        Decision.REJECTED: _("Reject"),
    }[decision]
