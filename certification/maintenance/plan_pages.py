"""What all staff pages of plans share."""

from __future__ import annotations

from django import forms

from accounts.access import Permission
from certification.maintenance.models import Maintenance, MaintenanceQuerySet

PLANNERS = (Permission.PLAN_TECHNICAL, Permission.EDIT_RULES)


#: Everything that the words of a maintenance are made of.
WORDS = ("cause", "requirement__kind", "provider", "industry", "company", "planned_by", "number", "series")


def with_words() -> MaintenanceQuerySet:
    """Maintenance with everything that its words are made of."""
    return Maintenance.objects.select_related(*WORDS)


def add_problems(form: forms.Form, problems: dict[str, str]) -> None:
    """Put what the domain found wrong beside the fields."""
    for name, text in problems.items():
        form.add_error(name if name in form.fields else None, text)
