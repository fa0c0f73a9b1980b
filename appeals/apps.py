"""The appeals app: complaints, locks, appeals and expedite requests stand on certification."""

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppealsConfig(AppConfig):
    """Imported by portal only."""

    name = "appeals"
    verbose_name = _("Appeals")
