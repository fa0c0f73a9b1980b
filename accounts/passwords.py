"""What a password must not be, beyond Django's own list of common ones."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

LONGEST = 128
#: What everybody who wants into this portal would try first.
CONTEXT_WORDS = ("certification", "renzheng", "haoma", "portal", "认证", "号码")


class ContextValidator:
    """Refuses the portal's own words with little else, and what is longer than anyone types."""

    def validate(self, password: str, user: Any = None) -> None:
        """Raise ValidationError with what is wrong."""
        if len(password) > LONGEST:
            raise ValidationError(
                _("A password has at most %(count)d characters.") % {"count": LONGEST}, code="too_long"
            )
        rest = password.lower()
        for word in CONTEXT_WORDS:
            rest = rest.replace(word, "")
        if len(rest) < 6 and len(rest) < len(password):
            raise ValidationError(
                _("This password is mostly made of this portal's own words. Choose something else."), code="context"
            )

    def get_help_text(self) -> str:
        return _("Not the portal's own name or words.")
