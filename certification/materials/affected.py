"""Which numbers hang on a material: all of the company's, or those that it names."""

from __future__ import annotations

from collections.abc import Iterable

from django.db.models import Count, Q

from accounts.companies import Company
from certification.materials.models import Material, MaterialKind, MaterialNumber
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, PhoneNumberQuerySet

#: How many matches a search offers at once.
MOST_MATCHES = 50


def certified_numbers(company: Company) -> int:
    """How many certified numbers the company holds: those that stop when a licence runs out."""
    return PhoneNumber.objects.of_company(company).filter(lifecycle=Lifecycle.CERTIFIED).count()


def affected_counts(*, company: Company, materials: Iterable[Material]) -> dict[int, int]:
    """How many of the company's numbers hang on each version, by its primary key; at most two queries."""
    rows = list(materials)
    naming = [row.pk for row in rows if row.kind.names_numbers]
    named = MaterialNumber.objects.filter(material__in=naming, number__released_at__isnull=True)
    counts = dict(named.values_list("material").annotate(total=Count("pk"))) if naming else {}
    everything = certified_numbers(company) if len(naming) < len(rows) else 0
    return {row.pk: counts.get(row.pk, 0) if row.kind.names_numbers else everything for row in rows}


def named_by(material: Material) -> PhoneNumberQuerySet:
    """The numbers that a version names and that the company still holds."""
    return PhoneNumber.objects.of_company(material.company).filter(proofs__material=material)


def unproven(*, company: Company, kind: MaterialKind) -> PhoneNumberQuerySet:
    """The company's numbers that no submitted or approved version of the kind names."""
    proofs = MaterialNumber.objects.filter(
        material__company=company, material__kind=kind, material__state__in=["submitted", "approved"]
    )
    return PhoneNumber.objects.of_company(company).exclude(pk__in=proofs.values("number"))


def matching(*, company: Company, text: str) -> list[PhoneNumber]:
    """The company's numbers whose digits, alias or displayed name contain `text`; the first MOST_MATCHES."""
    text = text.strip()
    if not text:
        return []
    digits = "".join(character for character in text if character.isdigit())
    condition = Q(alias__icontains=text) | Q(label__icontains=text)
    if digits:
        condition |= Q(number__contains=digits)
    return list(PhoneNumber.objects.of_company(company).filter(condition).order_by("pk")[:MOST_MATCHES])


def in_groups(*, company: Company, group: NumberGroup) -> PhoneNumberQuerySet:
    """The company's numbers in a group and in the groups below it."""
    children: dict[int | None, list[int]] = {}
    for pk, parent in NumberGroup.objects.filter(company=company).values_list("pk", "parent"):
        children.setdefault(parent, []).append(pk)
    wanted, waiting = {group.pk}, [group.pk]
    while waiting:
        for child in children.get(waiting.pop(), []):
            if child not in wanted:
                wanted.add(child)
                waiting.append(child)
    return PhoneNumber.objects.of_company(company).filter(group__in=wanted)
