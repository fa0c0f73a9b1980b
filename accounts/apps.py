"""The accounts app: people, companies, roles, the journal and the outbox."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Imports nothing of ours; every other app imports it."""

    name = "accounts"
    verbose_name = _("Accounts")

    def ready(self) -> None:
        """Listen to sign-ins, and make the words of the journal known."""
        for module in ("sign_ins", "journal_vocabulary", "notice_kinds"):
            import_module(f"accounts.{module}")
