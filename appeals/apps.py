"""The appeals app: complaints, locks, appeals and expedite requests stand on certification."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _


class AppealsConfig(AppConfig):
    """Imported by portal only."""

    name = "appeals"
    verbose_name = _("Appeals")

    def ready(self) -> None:
        """Make known what this app's slices register; the kinds of events below come first on timelines."""
        import_module("certification.timeline.kinds")
        import_module("appeals.cases.decisions")
        import_module("appeals.cases.invariants")
        import_module("appeals.cases.journal_vocabulary")
        import_module("appeals.cases.notice_kinds")
        import_module("appeals.cases.panels")
        import_module("appeals.cases.steps")
        import_module("appeals.cases.waiting")
        import_module("appeals.complaints.arrivals")
        import_module("appeals.complaints.decisions")
        import_module("appeals.complaints.invariants")
        import_module("appeals.complaints.journal_vocabulary")
        import_module("appeals.complaints.notes")
        import_module("appeals.complaints.notice_kinds")
        import_module("appeals.complaints.panels")
        import_module("appeals.complaints.timeline")
        import_module("appeals.expedite.invariants")
        import_module("appeals.expedite.journal_vocabulary")
        import_module("appeals.expedite.notice_kinds")
        import_module("appeals.expedite.options")
        import_module("appeals.expedite.subject")
        import_module("appeals.health.panels")
        import_module("appeals.marks.arrivals")
        import_module("appeals.marks.invariants")
        import_module("appeals.marks.journal_vocabulary")
        import_module("appeals.marks.notice_kinds")
        import_module("appeals.marks.notes")
        import_module("appeals.marks.timeline")
