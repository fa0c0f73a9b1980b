"""The shapes of phone numbers: how each is read, stored, shown masked, and read aloud."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal
from typing import NamedTuple

import phonenumbers
from django.utils.translation import gettext as _

from certification.numbers.area_codes import area_code_of, is_landline
from certification.numbers.models import NumberKind
from certification.numbers.problems import Problem

#: What a spreadsheet can hold in a cell.
Cell = str | float | int | bool | Decimal | dt.date | dt.time | dt.timedelta | None


class ReadNumber(NamedTuple):
    """A number as it is stored (E.164, or a short code as it is dialled), what it is, and the extension beside it."""

    number: str
    kind: NumberKind
    extension: str = ""


# --- Reading -------------------------------------------------------------------------------------------------------

#: Longer text is no phone number; nothing looks at more of it.
LONGEST = 100
#: Spreadsheets keep fifteen significant digits.
EXACT_BELOW = 10**15

#: The mainland's mobile prefixes: 13x, 14x but for the telemetry cards (13 digits), 15x, 16x, 17x, 18x, 19x as given out.
_MOBILE = re.compile(r"1(?:3\d|4[5-9]|5[0-35-9]|6[2567]|7[0-8]|8\d|9[0-35-9])\d{8}")
_SERVICE = re.compile(r"[48]00\d{7}")
#: 95 and five to nine digits in all; 96 and five to eight.
_SHORT = re.compile(r"95\d{3,7}|96\d{3,6}")
#: 1069 with the digits that its holder appended, twenty in all at most.
_SMS = re.compile(r"1069\d{4,16}")
_SPACES = (
    "\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u205f\u3000\t\n\r\x0b\x0c"
)
_NOTHING = "\u200b\u200c\u200d\u200e\u200f\u2028\u2029\u202a\u202b\u202c\u202d\u202e\u2060\u2061\u2062\u2063\u2064\u2066\u2067\u2068\u2069\ufeff\u00ad\u061c"
_DASHES = "\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u2212\ufe58\ufe63\uff0d\u30fc\u301c\uff5e~_\u00b7\u2022\u30fb"
_QUOTES = "'\"`\u2018\u2019\u201a\u201b\u201c\u201d\u201e\u00b4\u2032\uff07\uff02"
#: Full-width forms become ASCII, spaces and dashes of every kind become one, what nobody sees disappears.
_PLAIN: dict[int, str | None] = {
    **{code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)},
    **{ord(character): " " for character in _SPACES},
    **{ord(character): "-" for character in _DASHES},
    **{ord(character): "'" for character in _QUOTES},
    **dict.fromkeys(
        [ord(character) for character in _NOTHING] + [code for code in range(32) if chr(code) not in _SPACES]
    ),
    0x3002: ".",
    **{ord(character): "(" for character in "\u3010\u3014\uff3b[{"},
    **{ord(character): ")" for character in "\u3011\u3015\uff3d]}"},
}
_SEPARATORS = str.maketrans("", "", " -()./")
#: The usual case, read without looking further: digits with a few separators.
_SIMPLE = re.compile(r"[+(]?[0-9][0-9 ()-]*")
_DATE = re.compile(r"(?:19|20)\d\d[-/.]\d{1,2}[-/.]\d{1,2}(?:[ T].*)?")
_LEADING_WORDS = re.compile(
    r"(?:tel(?:ephone)?|phone|mobile|mob|cell|call|fax|no|t|m|电话(?:号码)?|手机(?:号码?)?|座机|固话|热线|客服|号码|联系方式|联系电话)\s*[.:]?\s*(?=[+(\d])",
    re.IGNORECASE,
)
_EXTENSION = re.compile(
    r"\s*(?:转接?|分机号?|内线|;\s*ext\s*=|[,;]?\s*(?:extension|extn|ext|x)\s*[.:]?|#|\*|[,;])\s*-?\s*(\d{1,8})\)?#?\s*",
    re.IGNORECASE,
)
_HYPHEN_EXTENSION = re.compile(r"(.*\d\)?)\s*-\s*(\d{1,6})")
_SCIENTIFIC = re.compile(r"[+-]?\d+(?:\.\d*)?\s*e\s*[+-]?\d+", re.IGNORECASE)
_WHOLE_FLOAT = re.compile(r"(\+?\d+)\.0+")
_THOUSANDS = re.compile(r"\d{1,3}(?:,\d{3})+(?:\.0+)?")
_FORMULA = re.compile(r"[=@]|[+-]\s*[=@A-Za-z]|[+-].*[A-Za-z_]\w*\s*[(!]")
_SEVERAL = re.compile(r"[/,;|\u3001\u6216&]|\band\b|\bor\b")


def read_number(value: Cell) -> ReadNumber | Problem:
    """Read one cell as a phone number of any shape that people write; what cannot be read exactly is refused, not guessed.

    Never raises. Reading the number of a result gives the same number.
    """
    if value is None:
        return Problem.EMPTY
    if not isinstance(value, str):
        text = _cell_text(value)
        if isinstance(text, Problem):
            return text
        value = text
    return _read_quickly(value) or _read_text(value)


def _read_quickly(text: str) -> ReadNumber | None:
    """Read the usual case, digits and a few separators, or leave it to a closer look."""
    if "-" in text[-7:] or not _SIMPLE.fullmatch(text):
        return None
    found = _from_digits(text.translate(_SEPARATORS))
    return found if isinstance(found, ReadNumber) else None


def _cell_text(value: float | bool | Decimal | dt.date | dt.time | dt.timedelta) -> str | Problem:
    """A cell that is not text, as the digits it stands for."""
    if isinstance(value, bool):
        return Problem.NOT_A_NUMBER
    if isinstance(value, dt.date | dt.time | dt.timedelta):
        return Problem.DATE
    try:
        whole = int(value)
    except (ValueError, OverflowError):
        return Problem.NOT_A_NUMBER
    if abs(whole) >= EXACT_BELOW and not isinstance(value, int):
        return Problem.PRECISION_LOST
    if whole != value or whole < 0:
        return Problem.NOT_A_NUMBER
    return str(whole)


def _read_text(value: str) -> ReadNumber | Problem:
    """Read text of any shape."""
    if len(value) > LONGEST and len(value.strip()) > LONGEST:
        return Problem.FORMULA if value.lstrip(" \t'").startswith("=") else Problem.TOO_LONG
    text = value.translate(_PLAIN).strip(" '")
    if found := _read_quickly(text):
        return found
    if not text:
        return Problem.EMPTY if not value.strip(_SPACES + _NOTHING + " '") else Problem.NO_DIGITS
    if not text.isascii():
        text = "".join(
            str(unicodedata.decimal(character)) if not character.isascii() and character.isdecimal() else character
            for character in text
        )
    if _FORMULA.match(text):
        return Problem.FORMULA
    if _SCIENTIFIC.fullmatch(text):
        return Problem.PRECISION_LOST
    if _DATE.fullmatch(text):
        return Problem.DATE
    if not any("0" <= character <= "9" for character in text):
        return Problem.NO_DIGITS
    return _read_plain(text)


def _read_plain(text: str) -> ReadNumber | Problem:
    """Read text whose characters are plain and which holds a digit."""
    if whole := _WHOLE_FLOAT.fullmatch(text):
        text = whole[1]
    elif _THOUSANDS.fullmatch(text):
        text = text.partition(".")[0].replace(",", "")
    text = text.rstrip(" .,;/")
    text = _LEADING_WORDS.sub("", text, count=1) if not text[0].isdigit() else text
    if text[:1] == "-":
        return Problem.NOT_A_NUMBER
    main, extension = text, ""
    if not _is_number_text(text):
        main, extension = _without_extension(text)
        if not extension:
            return _explain_text(text)
    split = None if extension else _with_hyphen_extension(main)
    found = split or _from_digits(main.translate(_SEPARATORS))
    if isinstance(found, ReadNumber):
        return found._replace(extension=extension) if extension else found
    numbers = [part for part in main.split("/") if part.strip()]
    if len(numbers) > 1 and all(isinstance(_from_digits(part.translate(_SEPARATORS)), ReadNumber) for part in numbers):
        return Problem.SEVERAL
    return found


def _is_number_text(text: str) -> bool:
    """Whether there is nothing but digits and what people put between them."""
    rest = text.translate(_SEPARATORS)
    return (rest[1:] if rest[:1] == "+" else rest).isdigit()


def _without_extension(text: str) -> tuple[str, str]:
    """The text before an extension that a word or sign introduces, and the extension; "" where there is none."""
    for match in _EXTENSION.finditer(text):
        if match.end() == len(text) and match.start() and _is_number_text(text[: match.start()]):
            return text[: match.start()], match[1]
    return text, ""


def _with_hyphen_extension(text: str) -> ReadNumber | None:
    """`010-81000007-801` and `95588-801`: a complete number, a hyphen, a few digits more; None where that is not so."""
    split = _HYPHEN_EXTENSION.fullmatch(text)
    if split is None:
        return None
    whole = _from_digits(text.translate(_SEPARATORS))
    if isinstance(whole, ReadNumber) and whole.kind not in (NumberKind.SHORT_CODE, NumberKind.FOREIGN):
        return None
    before = _from_digits(split[1].translate(_SEPARATORS))
    if isinstance(before, ReadNumber) and before.kind == NumberKind.SHORT_CODE and not split[1].isdigit():
        return None  # its own digits are in groups: the last group is one of them
    if isinstance(before, ReadNumber) and before.kind != NumberKind.FOREIGN:
        return before._replace(extension=split[2])
    return None


def _explain_text(text: str) -> Problem:
    """Why text with digits and other characters is no number."""
    numbers = [part for part in _SEVERAL.split(text) if part and part.strip()]
    if len(numbers) > 1 and all(
        _is_number_text(part) and isinstance(_from_digits(part.translate(_SEPARATORS)), ReadNumber) for part in numbers
    ):
        return Problem.SEVERAL
    return Problem.OTHER_TEXT


def _from_digits(digits: str) -> ReadNumber | Problem:
    """Read digits, with `+` or `00` before a country code, without anything between them."""
    if digits[:1] == "+":
        return _international(digits[1:].lstrip("+"))
    if digits[:2] == "00":
        return _international(digits.lstrip("0"))
    if digits[:2] == "86" and len(digits) >= 12:
        found = _national(digits[2:])
        if isinstance(found, ReadNumber):
            return found
    return _national(digits)


def _international(digits: str) -> ReadNumber | Problem:
    """Read digits that begin with a country code."""
    if digits[:2] == "86":
        national = digits[2:]
        # Some keep the trunk zero, `+86 (0)571 ...`; a 0 that belongs to the number does not exist after +86.
        return _national(national)
    if not digits:
        return Problem.NO_DIGITS
    if len(digits) < 7:
        return Problem.TOO_SHORT
    if len(digits) > 15:
        return Problem.TOO_LONG
    try:
        parsed = phonenumbers.parse(f"+{digits}", None)
    except phonenumbers.NumberParseException:
        return Problem.FOREIGN_INVALID
    if not phonenumbers.is_valid_number(parsed):
        return Problem.FOREIGN_INVALID
    return ReadNumber(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164), NumberKind.FOREIGN)


def _national(digits: str) -> ReadNumber | Problem:
    """Read digits as they are dialled within the mainland; a landline may have lost its zero in a spreadsheet."""
    trunk = digits[:1] == "0"
    national = digits[1:] if trunk else digits
    if _MOBILE.fullmatch(national):
        return ReadNumber(f"+86{national}", NumberKind.MOBILE)
    if not trunk:
        if _SERVICE.fullmatch(national):
            return ReadNumber(f"+86{national}", NumberKind.SERVICE)
        if _SMS.fullmatch(national):
            return ReadNumber(national, NumberKind.SMS)
        if _SHORT.fullmatch(national):
            return ReadNumber(national, NumberKind.SHORT_CODE)
    if is_landline(national):
        return ReadNumber(f"+86{national}", NumberKind.LANDLINE)
    return _explain_digits(national, trunk=trunk)


def _explain_digits(national: str, *, trunk: bool) -> Problem:
    """Why digits are no number of the mainland."""
    if not national:
        return Problem.TOO_SHORT
    if trunk:
        area = area_code_of(national)
        if not area:
            return Problem.TOO_SHORT if len(national) < 10 else Problem.UNKNOWN_AREA_CODE
        local = len(national) - len(area)
        if local < 7 or (len(area) == 2 and local < 8):
            return Problem.TOO_SHORT
        return Problem.TOO_LONG if local > 8 else Problem.UNKNOWN_AREA_CODE
    if national[:4] == "1069" and len(national) < 21:
        return Problem.TOO_SHORT
    if len(national) in (7, 8) and national[0] in "2345678":
        return Problem.NO_AREA_CODE
    if len(national) < 11 and not (len(national) == 10 and national[0] != "1"):
        return Problem.TOO_SHORT
    if len(national) > (10 if national[:3] in ("400", "800") else 11):
        return Problem.TOO_LONG
    return Problem.UNKNOWN_PREFIX


# --- Showing -------------------------------------------------------------------------------------------------------


def parts(number: str) -> tuple[str, str, str]:
    """The number as dialled in the mainland: (visible head, hidden middle, visible tail), at most seven digits visible.

    The short codes, which are public, hide nothing.
    """
    if not number.startswith("+"):
        return (number, "", "") if len(number) < 8 else (number[:4], number[4:-3], number[-3:])
    national = number.removeprefix("+86")
    if national == number:  # foreign: country and area stay readable
        return number[:4], number[4:-3], number[-3:]
    if national.startswith("1") and len(national) == 11:
        return national[:3], national[3:7], national[7:]
    if national[:3] in ("400", "800"):
        return national[:3], national[3:-3], national[-3:]
    national = f"0{national}"
    head = 3 if national[:2] in ("01", "02") else 4
    return national[:head], national[head : head - 7], national[head - 7 :]


def dialled(number: str) -> str:
    """The whole number as it is dialled in the mainland, in groups: `138 0000 1234`, `0571-87000007`, `95588`."""
    national = number.removeprefix("+86")
    if national == number:
        return number
    if national.startswith("1") and len(national) == 11:
        return f"{national[:3]} {national[3:7]} {national[7:]}"
    if national[:3] in ("400", "800"):
        return f"{national[:3]}-{national[3:6]}-{national[6:]}"
    head = len(area_code_of(national))
    return f"0{national[:head]}-{national[head:]}"


def mask_number(number: str) -> str:
    """`138****1234`: enough to recognise, too little to call."""
    head, hidden, tail = parts(number)
    return f"{head}****{tail}" if hidden else f"{head}{tail}"


def mask_number_spoken(number: str) -> str:
    """The masked number in words, for screen readers."""
    head, hidden, tail = parts(number)
    if not hidden:
        return head
    return _("begins with %(head)s, ends in %(tail)s") % {"head": head, "tail": tail}
