"""Forms of the accounts app."""

from __future__ import annotations

from django import forms
from django.utils.translation import gettext_lazy as _


class SignupForm(forms.Form):
    """What django-allauth asks at sign-up beyond address and password."""

    name = forms.CharField(label=_("Your name"), max_length=80)
