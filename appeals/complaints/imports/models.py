"""Spreadsheets of complaints that staff hand in: nothing is counted before the preview is confirmed."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from appeals.complaints.models import Source
from certification.numbers.imports.models import SheetImport


class ComplaintRowOutcome(models.TextChoices):
    """What becomes of one row; before the import, what is expected."""

    ACCEPTED = "accepted", _("Counted")
    UNKNOWN_NUMBER = "unknown_number", _("Kept, number unknown")
    DUPLICATE = "duplicate", _("Reported already")
    INVALID = "invalid", _("Cannot be read")


class ComplaintImport(SheetImport):
    """One spreadsheet of complaints of one source."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="imports", db_index=False)
    #: The moment by which rows are judged: what lies ahead of it is refused.
    judged_at = models.DateTimeField(null=True)
    rows_accepted = models.PositiveIntegerField(default=0)
    rows_unknown_number = models.PositiveIntegerField(default=0)
    rows_duplicate = models.PositiveIntegerField(default=0)
    rows_invalid = models.PositiveIntegerField(default=0)
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


class ComplaintImportRow(models.Model):
    """One row of the sheet: what it said, and what became of it."""

    complaint_import = models.ForeignKey(ComplaintImport, models.CASCADE, related_name="rows", db_index=False)
    #: As the spreadsheet counts: the header is row 1.
    row = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    #: What the intake is given; why a row cannot be read is found again from it, in the reader's language.
    event = models.JSONField(default=dict)
    outcome = models.CharField(max_length=14, choices=ComplaintRowOutcome)

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
