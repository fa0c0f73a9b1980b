"""The pages of a spreadsheet of complaints."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from appeals.complaints.imports.kind import COMPLAINT_IMPORTS
from appeals.complaints.staff_pages import crumbs, tabs
from appeals.event_imports.pages import ImportPages

COMPLAINT_PAGES = ImportPages(
    kind=COMPLAINT_IMPORTS,
    namespace="complaints",
    tabs=tabs,
    crumbs=crumbs,
    shown=(("at", _("Time of the call")), ("category", _("Category"))),
)
