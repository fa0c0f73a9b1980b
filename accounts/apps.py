"""The accounts app: people, companies, roles, the journal and the outbox."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AccountsConfig(AppConfig):
    """Imports nothing of ours; every other app imports it."""

    name = "accounts"
    verbose_name = _("Accounts")
