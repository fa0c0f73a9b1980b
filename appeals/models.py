"""The models of this app; each slice keeps its own."""

from appeals.cases.models import Appeal, AppealFile, AppealMessage, AppealNumber, AppealPlatform
from appeals.complaints.imports.models import ComplaintImport, ComplaintImportRow
from appeals.complaints.models import Complaint, ComplaintDay, NumberComplaints, Source, SourceKey
from appeals.expedite.models import ExpediteRequest
from appeals.marks.imports.models import MarkImport, MarkImportRow
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting, UnknownMark
from appeals.platforms import Platform

__all__ = [
    "Appeal",
    "AppealFile",
    "AppealMessage",
    "AppealNumber",
    "AppealPlatform",
    "Complaint",
    "ComplaintDay",
    "ComplaintImport",
    "ComplaintImportRow",
    "ExpediteRequest",
    "Mark",
    "MarkImport",
    "MarkImportRow",
    "MarkScreenshot",
    "MarkSighting",
    "NumberComplaints",
    "Platform",
    "Source",
    "SourceKey",
    "UnknownMark",
]
