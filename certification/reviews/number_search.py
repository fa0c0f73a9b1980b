"""Finding cases by a number, typed as people read it: whole, in part, or masked as the portal shows it (138****1234)."""

from __future__ import annotations

import re
import unicodedata

from django.db.models import Q

from certification.numbers.models import PhoneNumber
from certification.reviews.subjects import SUBJECTS

#: What people put between digits, and what stands for those that they do not see.
SEPARATORS = re.compile(r"[\s()/\-‐–—.]+")
MASK = re.compile(r"[*•·●∙…xX]+")
NUMBER = re.compile(r"\+?\d*(\*\d*)?")
#: Fewer digits than this say nothing.
FEWEST_DIGITS = 4
#: A search that fits the numbers of more companies finds the cases of these companies, whatever they are about.
MOST_COMPANIES = 10
MOST_NUMBERS = 500


def read_pattern(text: str) -> tuple[str, str] | None:
    """Digits at the beginning and at the end of a number, the second empty where none are hidden; None when it is no number.

    "138 **** 1234" is ("138", "1234"), "0571-8700" is ("5718700", "").
    """
    plain = MASK.sub("*", SEPARATORS.sub("", unicodedata.normalize("NFKC", text).replace("...", "*")))
    if not NUMBER.fullmatch(plain) or sum(character.isdigit() for character in plain) < FEWEST_DIGITS:
        return None
    start, masked, end = plain.removeprefix("+").partition("*")
    start = start.lstrip("0") or start
    return (start, end) if masked else (start, "")


def fitting(pattern: tuple[str, str]) -> Q:
    """The numbers that fit: the beginning may come after the country's code."""
    start, end = pattern
    if not end:
        return Q(number__contains=start)
    return Q(number__regex=rf"^\+?(86)?{start}\d*{end}$") & Q(number__endswith=end)


def about_numbers(text: str) -> Q:
    """The cases about numbers that fit what was typed; none where it is no number. One query finds the numbers."""
    nothing = Q(pk__in=[])
    pattern = read_pattern(text)
    if pattern is None:
        return nothing
    found = PhoneNumber.objects.filter(fitting(pattern)).values_list("pk", "company_id")[:MOST_NUMBERS]
    by_company: dict[int, list[int]] = {}
    for number, company in found:
        by_company.setdefault(company, []).append(number)
    if len(by_company) > MOST_COMPANIES:
        return Q(company__in=list(by_company))
    about = nothing
    for company, numbers in by_company.items():
        rows = PhoneNumber.objects.filter(pk__in=numbers)
        about |= Q(subject="number", subject_id__in=numbers)
        for name, subject in SUBJECTS.items():
            hook = getattr(subject, "about_numbers", None)
            if hook is not None:
                about |= Q(company=company, subject=name, subject_id__in=hook(rows, company))
    return about
