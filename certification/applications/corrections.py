"""A returned application: what is wrong, item by item, what may be changed, and whether it was."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from certification.applications.models import Application, ApplicationState
from certification.materials.models import Material
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState

#: How long a company is asked to take for a correction: calendar days (D). Nothing lapses by it.
RETURN_DAYS = 15
#: The names under which a reviewer returns an answer, and the parts of the draft that they open.
FIELDS = {"applicant": "applicant", "purpose": "purpose", "script": "script", "labels": "labels", "numbers": "numbers"}


def correct_by(application: Application) -> dt.datetime | None:
    """Until when a returned application should come back; None in other states."""
    if application.state != ApplicationState.RETURNED:
        return None
    return application.state_since + dt.timedelta(days=RETURN_DAYS)


def last_return(application: Application) -> Review | None:
    """The review that sent the application back last."""
    return (
        Review.objects.filter(
            subject="application",
            subject_id=application.pk,
            state=ReviewState.DECIDED,
            decision=Decision.RETURNED,
        )
        .order_by("-decided_at", "-pk")
        .first()
    )


def editable_parts(application: Application) -> frozenset[str] | None:
    """The parts that the company may change: None for a draft (all of them); what was returned, else nothing.

    Materials are the company's own and can always be renewed; accepted answers are locked.
    """
    if application.state == ApplicationState.DRAFT:
        return None
    if application.state != ApplicationState.RETURNED:
        return frozenset()
    review = last_return(application)
    if review is None:
        return frozenset()
    return parts_of(list(review.items.all()))


def parts_of(items: list[ReviewItem]) -> frozenset[str]:
    """The parts of the draft that the returned items open."""
    parts: set[str] = set()
    for item in items:
        if item.item == "number":
            parts |= {"numbers", "labels"}
        elif item.item == "application":  # the whole application: every answer
            parts |= {*FIELDS}
        elif item.item == "field":
            parts.add(item.item_name)
    return frozenset(parts)


@dataclass
class Correction:
    """One returned item as the company sees it."""

    item: ReviewItem
    #: The part of the draft, or "material"; "" where the whole application is meant.
    part: str
    old: str
    new: str
    is_corrected: bool
    #: Unless it changed, the application would come back for the same reason.
    is_required: bool
    material: Material | None = None
    number: PhoneNumber | None = None


def corrections_of(application: Application) -> list[Correction]:
    """Every returned item with what was there, what is there now, and whether it changed."""
    review = last_return(application)
    if review is None:
        return []
    items = list(review.items.select_related("reason"))
    materials = Material.objects.select_related("kind").in_bulk([i.item_id for i in items if i.item == "material"])
    numbers = PhoneNumber.objects.in_bulk([i.item_id for i in items if i.item == "number"])
    present = {row.number_id: row for row in application.items.filter(number__in=numbers) if numbers}
    newest = newest_versions(application, {row.kind_id for row in materials.values()})
    rows = []
    for item in items:
        if item.item == "material" and item.item_id in materials:
            old = materials[item.item_id]
            rows.append(of_material(item, old, newest.get(old.kind_id)))
        elif item.item == "number" and item.item_id in numbers:
            number = numbers[item.item_id]
            row = present.get(number.pk)
            before = row.submitted_label if row else ""
            after = row.requested_label if row else ""
            changed = row is None or before != after
            rows.append(Correction(item, "numbers", before, after, changed, is_required=False, number=number))
        elif item.item == "field":
            rows.append(of_field(application, item))
        else:
            rows.append(Correction(item, "", "", "", is_corrected=True, is_required=False))
    return rows


def newest_versions(application: Application, kinds: set[int]) -> dict[int, Material]:
    """The newest version of each kind."""
    versions = Material.objects.filter(company=application.company_id, kind__in=kinds).select_related("kind")
    return {row.kind_id: row for row in versions.order_by("version")}


def of_material(item: ReviewItem, old: Material, newest: Material | None) -> Correction:
    """A returned document: corrected once a later version was handed in."""
    changed = newest is not None and newest.version > old.version and newest.state in ("submitted", "approved")
    after = newest if changed else None
    return Correction(item, "material", str(old), str(after or ""), changed, is_required=True, material=after or old)


def of_field(application: Application, item: ReviewItem) -> Correction:
    """A returned answer: corrected once it differs from what was handed in."""
    part = item.item_name
    if part in ("numbers", "labels"):
        return Correction(item, part, "", "", is_corrected=True, is_required=False)
    before = application.submitted_answers.get(part)
    after = answers_of(application).get(part)
    return Correction(item, part, said(before), said(after), before != after, is_required=True)


def answers_of(application: Application) -> dict[str, object]:
    """The answers by part, as they are kept when the application is handed in."""
    return {
        "applicant": application.applicant_is_agent,
        "purpose": application.purpose,
        "script": application.sample_script,
    }


def said(value: object) -> str:
    """An answer as text; yes and no are said by the page."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return str(value or "")
