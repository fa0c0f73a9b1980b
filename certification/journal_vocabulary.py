"""The words of this app's subjects in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.journal_words import AspectWords, Label, SubjectWords, names_from, register_words
from accounts.users import User
from certification.applications.models import Application, ApplicationState
from certification.maintenance.models import Maintenance
from certification.materials.models import Material, MaterialState, Requirement
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import mask_number
from certification.reviews.models import Review, ReviewState

MAINTENANCE_STATES = {
    "planned": _("planned"),
    "open": _("open"),
    "closed": _("ended"),
    "cancelled": _("cancelled"),
    "overrunning": _("overrunning"),
}


def material_name(material: Material) -> str:
    """The kind of document and its version."""
    return f"{material.kind} ({material.version})"


def material_names(values: set[str]) -> dict[str, str]:
    """Several materials with their kinds, in one query."""
    keys = [int(value) for value in values if value.isdecimal()]
    return {
        str(material.pk): material_name(material)
        for material in Material.objects.filter(pk__in=keys).select_related("kind")
    }


def requirement_names(values: set[str]) -> dict[str, str]:
    """Several requirements by the material that they ask for, in one query."""
    keys = [int(value) for value in values if value.isdecimal()]
    return {
        str(requirement.pk): str(requirement.kind)
        for requirement in Requirement.objects.filter(pk__in=keys).select_related("kind")
    }


def maintenance_names(values: set[str]) -> dict[str, str]:
    """Several maintenances by their causes, in one query."""
    keys = [int(value) for value in values if value.isdecimal()]
    return {
        str(maintenance.pk): str(maintenance.cause)
        for maintenance in Maintenance.objects.filter(pk__in=keys).select_related("cause")
    }


def yes_or_no() -> dict[str, Label]:
    """Flags as they are stored."""
    return {"True": _("yes"), "False": _("no"), "true": _("yes"), "false": _("no")}


register_words(
    "number",
    SubjectWords(
        _("Number"),
        {
            "state": AspectWords(_("Certification"), {state.value: state.label for state in Lifecycle}),
            "provider": AspectWords(_("Provider"), names=names_from(Provider, str)),
            "group": AspectWords(_("Group"), names=names_from(NumberGroup, str)),
            "label": AspectWords(_("Label")),
            "backup_of": AspectWords(
                _("Backup of"), names=names_from(PhoneNumber, lambda number: mask_number(number.number))
            ),
            "company": AspectWords(_("Company")),
            "export": AspectWords(_("Exported")),
        },
        names_from(PhoneNumber, lambda number: mask_number(number.number)),
    ),
)
register_words(
    "application",
    SubjectWords(
        _("Application"),
        {"state": AspectWords(_("State"), {state.value: state.label for state in ApplicationState})},
        names_from(Application, lambda application: str(application.ref)),
    ),
)
register_words(
    "material",
    SubjectWords(
        _("Material"),
        {
            "state": AspectWords(_("State"), {state.value: state.label for state in MaterialState}),
            "read": AspectWords(_("Document opened")),
            "file": AspectWords(_("Document opened")),
        },
        material_names,
    ),
)
register_words("requirement", SubjectWords(_("Requirement"), {}, requirement_names))
register_words(
    "maintenance",
    SubjectWords(
        _("Maintenance"),
        {
            "state": AspectWords(_("State"), MAINTENANCE_STATES),
            "overrun": AspectWords(_("Duration"), MAINTENANCE_STATES),
        },
        maintenance_names,
    ),
)
register_words(
    "review",
    SubjectWords(
        _("Review"),
        {
            "state": AspectWords(_("State"), {state.value: state.label for state in ReviewState}),
            "claim": AspectWords(_("Held by"), names=names_from(User, User.get_full_name)),
            "due_at": AspectWords(_("Due time")),
            "urgent": AspectWords(_("Urgent"), yes_or_no()),
            "expedited": AspectWords(_("Expedited"), yes_or_no()),
            "overdue": AspectWords(_("Overdue"), yes_or_no()),
        },
        names_from(Review, str),
    ),
)
