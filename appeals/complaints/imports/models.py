"""Spreadsheets of complaints that staff hand in."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from appeals.event_imports.models import EventImport, EventImportRow


class ComplaintImport(EventImport):
    """One spreadsheet of complaints of one source."""

    #: How many numbers it locked.
    locked = models.PositiveIntegerField(default=0)

    class Meta:
        indexes: ClassVar = [
            # The staff's list of imports, newest first.
            models.Index(fields=["-created_at"], name="complaint_import_list"),
            # The sweep: imports that stand still, previews that nobody confirmed.
            models.Index(
                fields=["created_at"],
                condition=models.Q(state__in=["uploaded", "previewed", "queued", "running"]),
                name="complaint_import_open",
            ),
        ]


class ComplaintImportRow(EventImportRow):
    """One row of a spreadsheet of complaints."""

    complaint_import = models.ForeignKey(ComplaintImport, models.CASCADE, related_name="rows", db_index=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["complaint_import", "row"], name="complaint_import_row_once")
        ]
        indexes: ClassVar = [
            # The report lists the rows that cannot be read.
            models.Index(fields=["complaint_import", "outcome", "row"], name="complaint_import_row_outcome")
        ]

    def __str__(self) -> str:
        return f"{self.complaint_import_id}:{self.row}"
