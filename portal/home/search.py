"""One search over what a company has: numbers by any part, applications and maintenance by reference, materials by name."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q

from accounts.companies import Company
from certification.applications.models import Application
from certification.maintenance.facts import StatusFacts, facts_for
from certification.maintenance.status import with_status
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber

#: How many of each kind are shown; the lists themselves show the rest.
SHOWN = 10


@dataclass
class Found:
    """What was found; numbers with their facts."""

    numbers: list[tuple[PhoneNumber, StatusFacts]]
    more_numbers: bool
    applications: list[Application]
    materials: list[Material]

    def __bool__(self) -> bool:
        return bool(self.numbers or self.applications or self.materials)


def search(company: Company, text: str, *, now: dt.datetime) -> Found:
    """What the company has that fits `text`; nothing for an empty one. A constant number of queries."""
    text = text.replace("\x00", "").strip()
    if not text:
        return Found([], False, [], [])
    digits = "".join(character for character in text if character.isdigit())
    fits = Q(alias__icontains=text)
    if digits and len(digits) >= len(text) // 2:
        fits |= Q(number__contains=digits.removeprefix("0") if len(digits) > 3 else digits)
    numbers = list(
        with_status(PhoneNumber.objects.of_company(company).filter(fits))
        .select_related("company")
        .order_by("pk")[: SHOWN + 1]
    )
    facts = facts_for(numbers[:SHOWN], now=now)
    materials = company.materials.filter(
        Q(kind__name_zh__icontains=text) | Q(kind__name_en__icontains=text) | Q(document_number__icontains=text)
    )
    return Found(
        numbers=[(number, facts[number.pk]) for number in numbers[:SHOWN]],
        more_numbers=len(numbers) > SHOWN,
        applications=list(
            company.applications.filter(ref__startswith=text.lower()[:12]).order_by("-created_at")[:SHOWN]
        ),
        materials=list(materials.select_related("kind").order_by("-submitted_at")[:SHOWN]),
    )
