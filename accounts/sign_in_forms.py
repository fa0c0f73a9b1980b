"""The forms of django-allauth as this portal shows them: a label and a hint beside each field, nothing inside it."""

from __future__ import annotations

from typing import Any

from allauth.account import forms as account_forms
from allauth.mfa.base import forms as factor_forms
from allauth.mfa.totp import forms as totp_forms
from django import forms
from django.utils.translation import gettext_lazy as _


class PlainFields(forms.Form):
    """Takes placeholders away, which vanish when they are needed, and help texts, which our pages write themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.widget.attrs.pop("placeholder", None)
            field.help_text = ""


class SignupForm(PlainFields, account_forms.SignupForm):
    """What signing up asks: a name, an address, a password."""

    name = forms.CharField(label=_("Your name"), max_length=80, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    field_order = ["name", "email", "password1"]


class LoginForm(PlainFields, account_forms.LoginForm):
    """Address and password."""


class AddEmailForm(PlainFields, account_forms.AddEmailForm):
    """The new address."""


class ChangePasswordForm(PlainFields, account_forms.ChangePasswordForm):
    """The present password, and the new one twice."""


class SetPasswordForm(PlainFields, account_forms.SetPasswordForm):
    """The first password, twice."""


class ResetPasswordForm(PlainFields, account_forms.ResetPasswordForm):
    """Where to send the link."""


class ResetPasswordKeyForm(PlainFields, account_forms.ResetPasswordKeyForm):
    """The new password, twice."""


class ReauthenticateForm(PlainFields, account_forms.ReauthenticateForm):
    """The password again."""


class CodeForm(PlainFields, factor_forms.AuthenticateForm):
    """A code at sign-in."""


class CodeAgainForm(PlainFields, factor_forms.ReauthenticateForm):
    """A code before a change that matters."""


class ActivateTOTPForm(PlainFields, totp_forms.ActivateTOTPForm):
    """The first code of a new authenticator app."""
