"""Names that staff give in both languages."""

from __future__ import annotations

from django.utils.translation import get_language


def in_language(chinese: str, english: str) -> str:
    """The text in the active language, or the other one where this one is empty."""
    if (get_language() or "zh").startswith("zh"):
        return chinese or english
    return english or chinese
