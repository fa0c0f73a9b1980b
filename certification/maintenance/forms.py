"""The controls on the staff's page of a maintenance."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


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
