"""What the pages of one sort of import say that those of another do not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _

from appeals.event_imports.kinds import ImportKind
from appeals.event_imports.models import EventImport


@dataclass(frozen=True)
class ImportPages:
    """The pages of one sort of import: their addresses, their words, what stands around them."""

    kind: ImportKind
    #: Where the addresses and the templates of the sort are.
    namespace: str
    #: The tabs above the list of imports.
    tabs: Callable[[str], list[Any]]
    #: The way to a page: (label, url) each.
    crumbs: Callable[..., list[dict[str, str]]]
    #: What a row of the preview shows beside its number: key and heading.
    shown: tuple[tuple[str, str | Promise], ...]

    def template(self, name: str) -> str:
        """The sort's own page; they extend those in event_imports."""
        return f"{self.namespace}/import/{name}.html"

    def url(self, name: str, event_import: EventImport | None = None) -> str:
        """The address of a page, of one import where it is given."""
        return reverse(f"{self.namespace}:{name}", args=[event_import.ref] if event_import is not None else None)

    def way_to(self, event_import: EventImport) -> list[dict[str, str]]:
        """The way to an import."""
        return self.crumbs((_("Spreadsheets"), self.url("imports")), (event_import.file_name, ""))

    def addresses(self, event_import: EventImport) -> dict[str, Any]:
        """The addresses of an import that templates link to."""
        names = ("columns", "confirm", "detail", "discard", "progress")
        reports = {
            f"report_{file_format}_url": reverse(
                f"{self.namespace}:import_report", args=[event_import.ref, file_format]
            )
            for file_format in ("xlsx", "csv")
        }
        return {
            "event_import": event_import,
            "imports_url": self.url("imports"),
            **{f"{name}_url": self.url(f"import_{name}", event_import) for name in names},
            **reports,
        }
