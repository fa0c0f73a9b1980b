"""Which of the portal's languages a person reads."""

from __future__ import annotations

from django.conf import settings

from accounts.users import User


def known_language(code: str | None) -> str:
    """The language code if the portal speaks it, else its default."""
    return code if code in dict(settings.LANGUAGES) else settings.LANGUAGE_CODE


def choose_language(*, user: User, language: str) -> None:
    """Remember the language for the person's e-mails; unknown ones are ignored."""
    if language in dict(settings.LANGUAGES) and language != user.language:
        User.objects.filter(pk=user.pk).update(language=language)
        user.language = language
