"""Whether what stands on a document is what the portal knows of the company; pure functions."""

from __future__ import annotations

import re
import unicodedata

from django.core.exceptions import ValidationError

from accounts.companies import validate_credit_code


def same_name(name: str) -> str:
    """A name without what differs between keyboards: width of characters, kinds of brackets, spaces, case."""
    return re.sub(r"[\s()（）·•・.,，。]", "", unicodedata.normalize("NFKC", name)).casefold()


def is_credit_code(value: str) -> bool:
    """Whether the text is a unified social credit code."""
    try:
        validate_credit_code(value)
    except ValidationError:
        return False
    return True


def masked_document_number(number: str) -> str:
    """The number of an identity document as it is shown: its first three and last two characters."""
    return f"{number[:3]}{'*' * (len(number) - 5)}{number[-2:]}" if len(number) > 7 else "*" * len(number)
