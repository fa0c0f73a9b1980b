"""Spreadsheets of marks that staff hand in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from appeals.event_imports.models import EventImport, EventImportRow


class MarkImport(EventImport):
    """One spreadsheet of marks of one source."""

    class Meta:
        indexes: ClassVar = [
            # The staff's list of imports, newest first.
            models.Index(fields=["-created_at"], name="mark_import_list"),
            # The sweep: imports that stand still, previews that nobody confirmed.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["uploaded", "previewed", "queued", "running"]),
                name="mark_import_open",
            ),
        ]


class MarkImportRow(EventImportRow):
    """One row of a spreadsheet of marks."""

    mark_import = models.ForeignKey(MarkImport, models.CASCADE, related_name="rows", db_index=False)

    class Meta:
        constraints: ClassVar = [models.UniqueConstraint(fields=["mark_import", "row"], name="mark_import_row_once")]
        indexes: ClassVar = [
            # The report lists the rows that cannot be read.
            models.Index(fields=["mark_import", "outcome", "row"], name="mark_import_row_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.mark_import_id}:{self.row}"
