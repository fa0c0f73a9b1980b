"""Names that staff give in both languages, and dates as sentences have them."""

from __future__ import annotations

import datetime as dt

from babel.dates import format_date
from django.utils.translation import get_language


def in_language(chinese: str, english: str) -> str:
    """The text in the active language, or the other one where this one is empty."""
    if (get_language() or "zh").startswith("zh"):
        return chinese or english
    return english or chinese


def day_words(day: dt.date) -> str:
    """2025-06-03, 3 June 2025."""
    return in_language(day.isoformat(), format_date(day, "d MMMM y", locale="en"))
