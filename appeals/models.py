"""The models of this app; each slice keeps its own."""

from appeals.expedite.models import ExpediteRequest
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting
from appeals.platforms import Platform

__all__ = ["ExpediteRequest", "Mark", "MarkScreenshot", "MarkSighting", "Platform"]
