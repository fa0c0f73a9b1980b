"""The models of this app; each slice keeps its own."""

from certification.applications.models import Application, ApplicationMaterial, ApplicationNumber
from certification.calendar.models import CalendarFeed
from certification.maintenance.models import Maintenance, MaintenanceCause, MaintenanceUpdate, StatusSample, TickRun
from certification.maintenance.series_models import MaintenanceSeries
from certification.materials.models import Material, MaterialFile, MaterialKind, MaterialNumber, Requirement, StagedFile
from certification.numbers.models import (
    NumberExport,
    NumberGroup,
    NumberImport,
    NumberImportRow,
    PhoneNumber,
    Provider,
)
from certification.reminders.models import Reminder
from certification.reviews.models import DueTimeExtension, Reason, Review, ReviewItem, ReviewPause, StagedDecision

__all__ = [
    "Application",
    "ApplicationMaterial",
    "ApplicationNumber",
    "CalendarFeed",
    "DueTimeExtension",
    "Maintenance",
    "MaintenanceCause",
    "MaintenanceSeries",
    "MaintenanceUpdate",
    "Material",
    "MaterialFile",
    "MaterialKind",
    "MaterialNumber",
    "NumberExport",
    "NumberGroup",
    "NumberImport",
    "NumberImportRow",
    "PhoneNumber",
    "Provider",
    "Reason",
    "Reminder",
    "Requirement",
    "Review",
    "ReviewItem",
    "ReviewPause",
    "StagedDecision",
    "StagedFile",
    "StatusSample",
    "TickRun",
]
