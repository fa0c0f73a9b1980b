"""What the imports of any sort of spreadsheet have in common: the stored upload, how it is read, how far it is.

Nothing is imported before a person has seen the preview and confirmed it. Slices add what their rows become.
"""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.references import ReferenceField
from accounts.users import User


class ImportState(models.TextChoices):
    """How far an import is."""

    UPLOADED = "uploaded", _("Waiting for columns")
    PREVIEWED = "previewed", _("Waiting for confirmation")
    QUEUED = "queued", _("Waiting to start")
    RUNNING = "running", _("Importing")
    FINISHED = "finished", _("Finished")
    FAILED = "failed", _("Failed")
    DISCARDED = "discarded", _("Discarded")


#: The states in which nothing has been confirmed yet.
OPEN_STATES = (ImportState.UPLOADED, ImportState.PREVIEWED)


class SheetImport(models.Model):
    """One spreadsheet on its way in."""

    ref = ReferenceField()
    created_by = models.ForeignKey(User, models.PROTECT, null=True, related_name="+")
    created_at = models.DateTimeField()
    file_name = models.CharField(max_length=200)
    #: The stored upload, kept until the import ends.
    storage_name = models.CharField(max_length=200, blank=True)
    #: Empty for xlsx; the person can correct what was guessed for csv.
    encoding = models.CharField(max_length=20, blank=True)
    delimiter = models.CharField(max_length=1, blank=True)
    #: {"number": 0, "label": 2, ...}: which column holds what, counted from 0.
    columns = models.JSONField(default=dict)
    #: The row that names the columns, as the spreadsheet counts; 0 where there is none.
    header_row = models.PositiveIntegerField(default=1)
    header = models.JSONField(default=list)
    #: The first rows below the header, for the page on which the columns are corrected.
    sample = models.JSONField(default=list)
    state = models.CharField(max_length=10, choices=ImportState, default=ImportState.UPLOADED)
    rows_total = models.PositiveIntegerField(default=0)
    #: How many rows have been dealt with, and up to which row of the sheet: a killed job goes on there.
    rows_done = models.PositiveIntegerField(default=0)
    last_row = models.PositiveIntegerField(default=0)
    progress_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.file_name
