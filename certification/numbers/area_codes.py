"""The area codes of mainland landlines, without their leading zero, and how long the local number behind each is."""

from __future__ import annotations

import re

#: Beijing, and the cities with three-digit codes: 020 to 029 (026 was never given out).
BIG_CITIES = frozenset({"10", "20", "21", "22", "23", "24", "25", "27", "28", "29"})

#: Everywhere else, by the first two digits: the third digits that exist (numbering plan of the mainland, 2024).
_THIRD_DIGITS = {
    "31": "0123456789",
    "33": "5",
    "34": "9",
    "35": "0123456789",
    "37": "0123456789",
    "39": "12345678",
    "41": "0123456789",
    "42": "179",
    "43": "123456789",
    "44": "0",
    "45": "123456789",
    "46": "4789",
    "47": "0123456789",
    "48": "23",
    "51": "0123456789",
    "52": "37",
    "53": "0123456789",
    "54": "36",
    "55": "0123456789",
    "56": "123456",
    "57": "0123456789",
    "58": "0",
    "59": "123456789",
    "63": "1245",
    "66": "0238",
    "69": "12",
    "70": "1",
    "71": "0123456789",
    "72": "248",
    "73": "0123456789",
    "74": "3456",
    "75": "0123456789",
    "76": "02356789",
    "77": "0123456789",
    "79": "0123456789",
    "81": "23678",
    "82": "567",
    "83": "0123456789",
    "85": "123456789",
    "87": "0123456789",
    "88": "36789",
    "89": "1234567890",
    "90": "123689",
    "91": "123456789",
    "93": "0123456789",
    "94": "13",
    "95": "12345",
    "97": "0123456789",
    "99": "0123456789",
}
CITIES = frozenset(head + last for head, lasts in _THIRD_DIGITS.items() for last in lasts)

#: A local number begins with 2 to 8 (9 and 1 are short codes and mobiles); eight digits in the big cities, else seven or eight.
_LANDLINE = re.compile(
    rf"(?:(?:{'|'.join(sorted(BIG_CITIES))})[2-8]\d{{7}}|(?:{'|'.join(sorted(CITIES))})[2-8]\d{{6,7}})"
)


def is_landline(national: str) -> bool:
    """Whether the digits (area code without its zero, then the local number) are a complete mainland landline."""
    return _LANDLINE.fullmatch(national) is not None


def area_code_of(national: str) -> str:
    """The area code at the head of the digits, "" where there is none that exists."""
    for length in (2, 3):
        head = national[:length]
        if head in (BIG_CITIES if length == 2 else CITIES):
            return head
    return ""
