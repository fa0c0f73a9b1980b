"""The certification app: numbers, materials, applications, maintenance, reviews, reminders."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class CertificationConfig(AppConfig):
    """Stands on accounts; appeals and portal stand on it."""

    name = "certification"
    verbose_name = _("Certification")

    def ready(self) -> None:
        """Make known what this app's slices register."""
        import_module("certification.applications.decisions")
        import_module("certification.calendar.invariants")
        import_module("certification.company_panel")
        import_module("certification.company_reactions")
        import_module("certification.journal_vocabulary")
        import_module("certification.materials.decisions")
        import_module("certification.notice_kinds")
        import_module("certification.timeline.kinds")
