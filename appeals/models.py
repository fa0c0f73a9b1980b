"""The models of this app; each slice keeps its own."""

from appeals.cases.models import Appeal, AppealFile, AppealMessage, AppealNumber, AppealPlatform
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting
from appeals.platforms import Platform

__all__ = [
    "Appeal",
    "AppealFile",
    "AppealMessage",
    "AppealNumber",
    "AppealPlatform",
    "Mark",
    "MarkScreenshot",
    "MarkSighting",
    "Platform",
]
