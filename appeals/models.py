"""The models of this app; each slice keeps its own."""

from appeals.marks.models import Mark, MarkScreenshot, MarkSighting
from appeals.platforms import Platform

__all__ = ["Mark", "MarkScreenshot", "MarkSighting", "Platform"]
