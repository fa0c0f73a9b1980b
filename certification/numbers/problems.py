"""What can be wrong with one row of a list of numbers: stable codes, each with words that say what to do about it."""

from __future__ import annotations

from django.db import models
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _


class Problem(models.TextChoices):
    """A code, and the sentence people read; the codes are kept in import reports and printed by the command."""

    EMPTY = "empty", _("No number in this row.")
    NO_DIGITS = "no_digits", _("There are no digits here. Enter the phone number.")
    TOO_SHORT = "too_short", _("Too few digits for a phone number. Check that none is missing.")
    TOO_LONG = "too_long", _("Too many digits for a phone number. Check that it is one number without additions.")
    NO_AREA_CODE = "no_area_code", _("The area code is missing. Write it in front, for example 0571-87000007.")
    UNKNOWN_AREA_CODE = (
        "unknown_area_code",
        _("There is no such landline: check the area code and the digits after it."),
    )
    UNKNOWN_PREFIX = "unknown_prefix", _("No phone number begins like this. Check the first digits.")
    FOREIGN_INVALID = (
        "foreign_invalid",
        _("This is not a valid number of that country. Check the country code and the digits."),
    )
    PRECISION_LOST = (
        "precision_lost",
        _(
            "The spreadsheet has rounded this number, and its last digits are lost. Format the column as text and enter it again."
        ),
    )
    FORMULA = "formula", _("This is a formula. Enter the number itself.")
    DATE = (
        "date",
        _("This is a date or a time, not a phone number. Format the column as text and enter the number again."),
    )
    NOT_A_NUMBER = "not_a_number", _("This is not a phone number.")
    OTHER_TEXT = "other_text", _("There is other text beside the number. Leave only the number in this cell.")
    SEVERAL = "several", _("There is more than one number here. Give each number a row of its own.")
    REPEATED = "repeated", _("The same number stands in an earlier row of this file.")
    ALREADY_YOURS = "already_yours", _("This number is in your list already.")
    UNAVAILABLE = (
        "unavailable",
        _("This number is not available. Check it; if it is yours, contact us with the operator's contract."),
    )
    UNKNOWN_PROVIDER = "unknown_provider", _("There is no provider of this name.")
    LABEL_TOO_LONG = "label_too_long", _("The displayed name is longer than 60 characters.")
    ALIAS_TOO_LONG = "alias_too_long", _("The alias is longer than 60 characters.")
    GROUP_TOO_LONG = "group_too_long", _("The name of a group is longer than 60 characters.")
    BACKUP_INVALID = "backup_invalid", _("The number that this one stands in for cannot be read as a phone number.")
    BACKUP_UNKNOWN = "backup_unknown", _("Imported, but the number that it stands in for is not in your list.")


#: Nothing to correct: these rows are left out, and are no error.
SKIPPED = frozenset({Problem.EMPTY, Problem.ALREADY_YOURS})


def reason(code: str, detail: str = "") -> str:
    """The sentence for the code in the active language, with what it is about (another row, a name) where that is known."""
    if code not in Problem.values:
        return code
    problem = Problem(code)
    if detail and problem == Problem.REPEATED:
        return str(_("The same number stands in row %(row)s already.") % {"row": detail})
    text = str(problem.label)
    return str(format_lazy("{} ({})", text, detail)) if detail else text
