"""How django-allauth fits in: its mails leave in the reader's language and survive a mail server that does not answer,
wrong passwords are journalled, secrets of authenticator apps are encrypted.
"""

from __future__ import annotations

import logging
from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailAddress
from allauth.core import context as allauth_context
from allauth.mfa.adapter import DefaultMFAAdapter
from django.forms import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import get_language, override
from django.utils.translation import gettext_lazy as _

from accounts import sign_ins
from accounts.encryption import decrypt, encrypt
from accounts.journal import Actor
from accounts.languages import known_language
from accounts.late_mails import try_later
from accounts.users import User

logger = logging.getLogger(__name__)


class AccountAdapter(DefaultAccountAdapter):
    """The portal's choices where django-allauth asks."""

    error_messages = {
        **DefaultAccountAdapter.error_messages,
        "email_password_mismatch": _("The e-mail address or the password is not right."),
        "too_many_login_attempts": _("Too many attempts. Wait five minutes, or set a new password."),
    }

    def save_user(self, request: HttpRequest, user: User, form: Any, commit: bool = True) -> User:
        """Store the name and the language in which the person signed up."""
        user.name = form.cleaned_data.get("name", "")
        user.language = known_language(get_language())
        super().save_user(request, user, form, commit=commit)
        return user

    def format_email_subject(self, subject: str) -> str:
        """The subject as it is: the sender's name says where it comes from."""
        return subject

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Send in the reader's language; when the mail server does not answer, the queue sends it later."""
        reader = context.get("user") or reader_of(email)
        language = known_language(reader.language if reader is not None else get_language())
        request = allauth_context.request
        with override(language):
            mail = self.render_mail(
                template_prefix,
                email,
                {"user": reader, "request": request, "email": email, "language": language, **context},
            )
        try:
            mail.send()
        except OSError:
            logger.warning("The mail server did not take %s; the queue tries again.", template_prefix)
            try_later(mail=mail, attempt=0, now=timezone.now())

    def authentication_failed(self, request: HttpRequest, **credentials: Any) -> None:
        """Journal a wrong address or password."""
        sign_ins.record_refusal(
            address=credentials.get("email", ""),
            actor=Actor.of(request),
            now=timezone.now(),
            why="reauthentication" if request.user.is_authenticated else "password",
        )

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Journal that further attempts were refused unread."""
        try:
            super().pre_authenticate(request, **credentials)
        except ValidationError:
            sign_ins.record_refusal(
                address=credentials.get("email", ""), actor=Actor.of(request), now=timezone.now(), why="too_many"
            )
            raise


class SecondFactorAdapter(DefaultMFAAdapter):
    """Keeps the secrets of authenticator apps and recovery codes encrypted."""

    def encrypt(self, text: str) -> str:
        return encrypt(text)

    def decrypt(self, encrypted_text: str) -> str:
        return decrypt(encrypted_text)


def reader_of(email: str) -> User | None:
    """The person whose address it is, verified or not."""
    address = EmailAddress.objects.filter(email__iexact=email).order_by("-verified").select_related("user").first()
    return address.user if address else None
