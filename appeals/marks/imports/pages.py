"""The pages of a spreadsheet of marks."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from appeals.event_imports.pages import ImportPages
from appeals.marks.imports.kind import MARK_IMPORTS
from appeals.marks.staff_pages import crumbs, tabs

MARK_PAGES = ImportPages(
    kind=MARK_IMPORTS,
    namespace="marks",
    tabs=tabs,
    crumbs=crumbs,
    shown=(
        ("platform", _("Platform")),
        ("at", _("Seen or cleared at")),
        ("label", _("What it says")),
        ("cleared", _("Cleared")),
    ),
)
