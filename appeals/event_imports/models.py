"""Spreadsheets of events that staff hand in, complaints and marks alike: nothing is taken in before the preview is confirmed."""

from __future__ import annotations

from typing import Any, ClassVar

from django.db import models
from django.utils.translation import gettext_lazy as _

from appeals.complaints.models import Source
from certification.numbers.imports.models import SheetImport


class RowOutcome(models.TextChoices):
    """What becomes of one row; before the import, what is expected."""

    ACCEPTED = "accepted", _("Taken in")
    UNKNOWN_NUMBER = "unknown_number", _("Kept, number unknown")
    DUPLICATE = "duplicate", _("Reported already")
    INVALID = "invalid", _("Cannot be read")


class EventImport(SheetImport):
    """One spreadsheet of one source. Each sort has a table of its own, whose rows stand at `rows`."""

    source = models.ForeignKey(Source, models.PROTECT, related_name="+", db_index=False)
    #: The moment by which rows are judged: what lies ahead of it is refused.
    judged_at = models.DateTimeField(null=True)
    rows_accepted = models.PositiveIntegerField(default=0)
    rows_unknown_number = models.PositiveIntegerField(default=0)
    rows_duplicate = models.PositiveIntegerField(default=0)
    rows_invalid = models.PositiveIntegerField(default=0)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True


class EventImportRow(models.Model):
    """One row of the sheet: what it said, and what became of it."""

    #: As the spreadsheet counts: the header is row 1.
    row = models.PositiveIntegerField()
    cells = models.JSONField(default=list)
    #: What the intake is given; why a row cannot be read is found again from it, in the reader's language.
    event = models.JSONField(default=dict)
    outcome = models.CharField(max_length=14, choices=RowOutcome)

    objects: ClassVar[models.Manager[Any]]

    class Meta:
        abstract = True
