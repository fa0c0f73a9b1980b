"""An application as a reviewer reads it: facts, numbers, documents, and what can be returned one by one."""

from __future__ import annotations

from typing import Any

from django.db.models import Count, Max
from django.utils.translation import gettext as _

from certification.applications.corrections import answers_of, corrections_of, last_return
from certification.applications.findings import part_label
from certification.applications.models import Application, ApplicationKind, ApplicationMaterial, ApplicationNumber
from certification.materials.case import shown_number
from certification.materials.comparison import same_name
from certification.materials.models import Material, MaterialFile
from certification.materials.pages import case_document, validity_words
from certification.numbers.shapes import mask_number
from certification.reviews.case_facts import CaseChange
from certification.reviews.documents import CaseDocument
from certification.reviews.models import Review, ReviewState
from certification.reviews.subjects import CaseItem

#: So many numbers are listed on a case; of the others it says how many there are, by group.
LISTED = 50


def snapshot_materials(application: Application) -> list[Material]:
    """The versions that were handed in last with the application, in catalogue order."""
    latest = ApplicationMaterial.objects.filter(application=application).aggregate(at=Max("submitted_at"))["at"]
    rows = Material.objects.filter(
        pk__in=ApplicationMaterial.objects.filter(application=application, submitted_at=latest).values("material")
    )
    return list(
        rows.select_related("kind", "submitted_by").prefetch_related("files").order_by("kind__ordering", "-version")
    )


def listed_items(application: Application) -> list[ApplicationNumber]:
    """The first numbers of the application."""
    return list(application.items.select_related("number__group", "number__provider").order_by("number_id")[:LISTED])


def groups_of(application: Application) -> list[dict[str, Any]]:
    """How many of the numbers are in which group, the largest first."""
    rows = (
        application.items.values("number__group__name")
        .annotate(count=Count("pk"))
        .order_by("-count", "number__group__name")
    )
    return [{"name": row["number__group__name"] or _("No group"), "count": row["count"]} for row in rows[:20]]


def case_of(application: Application, review: Review) -> dict[str, Any]:
    """The context of the case template."""
    return {
        "application": application,
        "listed": listed_items(application),
        "count": application.items.count(),
        "groups": groups_of(application),
        "papers": papers_of(application),
        "applicant": say_applicant(application.applicant_is_agent),
        "changes": changes_of(application, review),
        "is_change": application.kind == ApplicationKind.CHANGE,
    }


def say_applicant(is_agent: bool | None) -> str:
    """Who applies, in words."""
    if is_agent is None:
        return ""
    return _("Somebody else, with a letter of authority") if is_agent else _("The legal representative")


def changes_of(application: Application, review: Review) -> list[CaseChange]:
    """What was returned the time before: each item with its reason, what stood there then and what stands there now."""
    returned = last_return(application)
    if returned is None or returned.pk == review.pk or review.opened_at < (returned.decided_at or review.opened_at):
        return []
    previous = application.submitted_answers.get("previous", {})
    corrected = {(row.item.item, row.item.item_id, row.item.item_name): row for row in corrections_of(application)}
    changes = []
    for item in returned.items.select_related("reason"):
        name = part_label(item.item_name) if item.item == "field" else item.item_name
        reason = str(item.reason) if item.reason else ""
        row = corrected.get((item.item, item.item_id, item.item_name))
        if item.item == "field" and item.item_name in previous:
            before, after = say_answer(previous[item.item_name]), say_answer(answers_of(application)[item.item_name])
            changes.append(CaseChange(name, reason, item.text, before, after, before != after))
        elif row is not None and item.item in ("material", "number"):
            changes.append(CaseChange(name, reason, item.text, row.old, row.new, row.is_corrected))
        else:
            changes.append(CaseChange(name, reason, item.text))
    return changes


def say_answer(value: object) -> str:
    """An answer in words."""
    return say_applicant(value) if isinstance(value, bool) else str(value or "")


def documents_of(application: Application) -> list[CaseDocument]:
    """The files of the versions that were handed in last."""
    return [
        case_document(file)
        for file in MaterialFile.objects.filter(material__in=[row.pk for row in snapshot_materials(application)])
        .select_related("material__kind")
        .order_by("material__kind__ordering", "-material__version", "pk")
    ]


def papers_of(application: Application) -> list[dict[str, Any]]:
    """The documents as lines beside the viewer: what each says of itself, and whether its name is the company's."""
    materials = snapshot_materials(application)
    open_reviews = Review.objects.filter(
        subject="material", subject_id__in=[row.pk for row in materials], state=ReviewState.OPEN
    )
    reviews = {row.subject_id: row for row in open_reviews}
    company = same_name(application.company.name)
    return [
        {
            "material": material,
            "validity": validity_words(material),
            "number": shown_number(material),
            "agrees": same_name(material.holder_name) == company
            if material.holder_name and not material.kind.is_identity_document
            else None,
            "file": next(iter(material.files.all()), None),
            "review": reviews.get(material.pk),
        }
        for material in materials
    ]


def items_of(application: Application) -> list[CaseItem]:
    """What a reviewer can return one by one: the whole, each answer, each document, each of the first numbers."""
    items = [CaseItem("application", application.pk, _("The whole application"))]
    parts = ["applicant", "purpose", "script", "numbers"]
    if application.kind == ApplicationKind.CHANGE:
        parts.append("labels")
    items += [CaseItem("field", None, part) for part in parts]
    items += [CaseItem("material", row.pk, str(row)[:120]) for row in snapshot_materials(application)]
    for row in listed_items(application):
        alias = f" {row.number.alias}" if row.number.alias else ""
        items.append(CaseItem("number", row.number_id, f"{mask_number(row.number.number)}{alias}"[:120]))
    return items
