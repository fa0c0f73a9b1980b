"""How django-allauth fits in: its mails leave in the reader's language, sign-ins are journalled."""

from __future__ import annotations

from allauth.account.adapter import DefaultAccountAdapter


class AccountAdapter(DefaultAccountAdapter):
    """The portal's choices where django-allauth asks."""
