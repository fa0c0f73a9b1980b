"""An application as a reviewer reads it: facts, numbers, documents, and what can be returned one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.db.models import Count, Max
from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _

from certification.applications.corrections import last_return
from certification.applications.findings import part_label
from certification.applications.models import Application, ApplicationKind, ApplicationMaterial, ApplicationNumber
from certification.materials.models import Material, MaterialFile
from certification.numbers.shapes import mask_number
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
        "documents": documents_of(application),
        "applicant": say_applicant(application.applicant_is_agent),
        "changes": changes_of(application, review),
        "is_change": application.kind == ApplicationKind.CHANGE,
    }


def say_applicant(is_agent: bool | None) -> str:
    """Who applies, in words."""
    if is_agent is None:
        return ""
    return _("Somebody else, with a letter of authority") if is_agent else _("The legal representative")


def changes_of(application: Application, review: Review) -> list[dict[str, Any]]:
    """What was returned the time before: each item with its reason and what stood there then."""
    returned = last_return(application)
    if returned is None or returned.pk == review.pk or review.opened_at < (returned.decided_at or review.opened_at):
        return []
    previous = application.submitted_answers.get("previous", {})
    changes = []
    for item in returned.items.select_related("reason"):
        before = previous.get(item.item_name) if item.item == "field" else ""
        said = say_applicant(before) if isinstance(before, bool) else before or ""
        name = part_label(item.item_name) if item.item == "field" else item.item_name
        changes.append({"item": item, "name": name, "before": said})
    return changes


def documents_of(application: Application) -> list[dict[str, Any]]:
    """The documents beside the data: what each says of itself, its pages as pictures, and the plain way in."""
    materials = snapshot_materials(application)
    open_reviews = Review.objects.filter(
        subject="material", subject_id__in=[row.pk for row in materials], state=ReviewState.OPEN
    )
    reviews = {row.subject_id: row for row in open_reviews}
    return [
        {
            "material": material,
            "title": f"{material.kind} · {stored.original_name}" if stored else str(material.kind),
            "pages": pages_of(material, stored) if stored else [],
            "url": address("materials:file", stored.ref) if stored else "",
            "viewer_id": f"document-{stored.ref if stored else material.ref}",
            "review": reviews.get(material.pk),
        }
        for material in materials
        for stored in stored_files(material)
    ]


def stored_files(material: Material) -> Sequence[MaterialFile | None]:
    """The files of a version; a single None where it has none, so that it is listed all the same."""
    return list(material.files.all()) or [None]


def pages_of(material: Material, stored: MaterialFile) -> list[dict[str, str]]:
    """The pages of a file, as the document viewer shows them."""
    addresses = [(page, address("materials:page", stored.ref, page)) for page in range(1, stored.pages + 1)]
    return [
        {"url": url, "alt": _("%(name)s, page %(page)s") % {"name": material.kind, "page": page}}
        for page, url in addresses
        if url
    ]


def address(name: str, *arguments: object) -> str:
    """An address of another slice, "" where there is none."""
    try:
        return reverse(name, args=arguments)
    except NoReverseMatch:
        return ""


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
