"""The words of this app's subjects in the journal."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from accounts.journal_words import AspectWords, Label, SubjectWords, names_from, register_words
from accounts.users import User
from accounts.working_days import CalendarDay
from certification.applications.models import Application, ApplicationState
from certification.calendar.models import CalendarFeed
from certification.maintenance.models import LengthUnit, Maintenance, MaintenanceCause
from certification.maintenance.series_models import MaintenanceSeries
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import mask_number
from certification.reviews.models import Decision, Reason, Review, ReviewState

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


def calendar_feed_names(values: set[str]) -> dict[str, str]:
    """Several calendar links by the people whose they are, in one query."""
    keys = [int(value) for value in values if value.isdecimal()]
    return {
        str(feed.pk): feed.user.get_full_name()
        for feed in CalendarFeed.objects.filter(pk__in=keys).select_related("user")
    }


def yes_or_no() -> dict[str, Label]:
    """Flags as they are stored."""
    return {"True": _("yes"), "False": _("no"), "true": _("yes"), "false": _("no")}


#: What the fields of the catalogue are called.
CATALOGUE_WORDS = {
    "code": AspectWords(_("Code")),
    "name_zh": AspectWords(_("Name in Chinese")),
    "name_en": AspectWords(_("Name in English")),
    "description_zh": AspectWords(_("What it must show, in Chinese")),
    "description_en": AspectWords(_("What it must show, in English")),
    "names_numbers": AspectWords(_("Names a set of numbers"), yes_or_no()),
    "may_be_long_term": AspectWords(_("May be long-term"), yes_or_no()),
    "is_identity_document": AspectWords(_("Identity document"), yes_or_no()),
    "ordering": AspectWords(_("Position in lists")),
    "usual_from": AspectWords(_("Usual length from")),
    "usual_until": AspectWords(_("Usual length until")),
    "usual_unit": AspectWords(_("Unit"), {unit.value: unit.label for unit in LengthUnit}),
    "suspends_display": AspectWords(_("Certification is not displayed meanwhile"), yes_or_no()),
    "review_time_factor": AspectWords(_("Reviews take so many times as long")),
    "defers": AspectWords(_("Reviews that pause meanwhile")),
    "urgent_appeals_only": AspectWords(_("Only urgent appeals are worked on"), yes_or_no()),
    "sentence_zh": AspectWords(_("What companies read, in Chinese")),
    "sentence_en": AspectWords(_("What companies read, in English")),
    "warn_at": AspectWords(_("Complaints in a day that warn")),
    "lock_above": AspectWords(_("More complaints in a day than this lock")),
    "kinds": AspectWords(_("Offered for")),
    "text_zh": AspectWords(_("What is wrong, in Chinese")),
    "text_en": AspectWords(_("What is wrong, in English")),
    "fix_zh": AspectWords(_("How to mend it, in Chinese")),
    "fix_en": AspectWords(_("How to mend it, in English")),
    "is_active": AspectWords(_("Offered to reviewers"), yes_or_no()),
}


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
register_words(
    "requirement",
    SubjectWords(
        _("Requirement"),
        {"state": AspectWords(_("State"), {"announced": _("announced"), "withdrawn": _("withdrawn")})},
        requirement_names,
    ),
)
register_words("material_kind", SubjectWords(_("Kind of document"), CATALOGUE_WORDS, names_from(MaterialKind, str)))
register_words("cause", SubjectWords(_("Cause of maintenance"), CATALOGUE_WORDS, names_from(MaintenanceCause, str)))
register_words("reason", SubjectWords(_("Reason"), CATALOGUE_WORDS, names_from(Reason, str)))
register_words(
    "calendar_day",
    SubjectWords(
        _("Working calendar"),
        {"state": AspectWords(_("Day"), {"working": _("a working day"), "off": _("a day off")})},
        names_from(CalendarDay, lambda day: day.day.isoformat()),
    ),
)
register_words(
    "calendar_feed",
    SubjectWords(
        _("Calendar link"),
        {
            "state": AspectWords(
                _("State"), {"made": _("made"), "replaced": _("replaced by a new one"), "revoked": _("revoked")}
            )
        },
        calendar_feed_names,
    ),
)
register_words(
    "maintenance",
    SubjectWords(
        _("Maintenance"),
        {
            "state": AspectWords(_("State"), MAINTENANCE_STATES),
            "overrun": AspectWords(_("Duration"), MAINTENANCE_STATES),
            "expedited": AspectWords(_("Expedited"), yes_or_no()),
            "planned_start": AspectWords(_("Planned start")),
            "planned_end": AspectWords(_("Planned end")),
            "ends_by_plan": AspectWords(_("Ends by itself"), yes_or_no()),
            "title_zh": AspectWords(_("Title in Chinese")),
            "title_en": AspectWords(_("Title in English")),
            "message_zh": AspectWords(_("Message in Chinese")),
            "message_en": AspectWords(_("Message in English")),
            "achieved": AspectWords(_("What it achieved"), {"recorded": _("recorded")}),
            "achieved_zh": AspectWords(_("What it achieved, in Chinese")),
            "achieved_en": AspectWords(_("What it achieved, in English")),
            "expected_until": AspectWords(_("Expected end")),
            "update": AspectWords(_("Update")),
            **{
                name: CATALOGUE_WORDS[name]
                for name in ("suspends_display", "review_time_factor", "defers", "urgent_appeals_only")
            },
        },
        maintenance_names,
    ),
)
register_words(
    "maintenance_series",
    SubjectWords(
        _("Recurring maintenance"),
        {"state": AspectWords(_("State"), {"running": _("recurs"), "ended": _("ended")})},
        names_from(MaintenanceSeries, str),
    ),
)
register_words(
    "review",
    SubjectWords(
        _("Review"),
        {
            "state": AspectWords(_("State"), {state.value: state.label for state in ReviewState}),
            "claim": AspectWords(_("Held by"), names=names_from(User, User.get_full_name)),
            "decision": AspectWords(
                _("Decision"),
                {
                    **{decision.value: decision.label for decision in Decision},
                    "undone": _("taken back"),
                    "refused": _("not applied"),
                },
            ),
            "due": AspectWords(_("Due time")),
            "pause": AspectWords(_("Clock"), {"paused": _("stands still")}),
            "urgent": AspectWords(_("Urgent"), yes_or_no()),
            "expedited": AspectWords(_("Expedited"), yes_or_no()),
            "overdue": AspectWords(_("Overdue"), yes_or_no()),
            "overturned": AspectWords(_("Appeal upheld"), {"overturned": _("the decision was overturned")}),
        },
        names_from(Review, str),
    ),
)
