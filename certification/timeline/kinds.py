"""The kinds of events and the sources of this app, made known when it is ready."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from certification.timeline import of_maintenance, of_numbers, of_reviews
from certification.timeline.sources import register, register_kind

register_kind("certification", _("Certification"))
register_kind("maintenance", _("Maintenance"))
register_kind("review", _("Reviews and decisions"))
register_kind("material", _("Materials"))
register_kind("change", _("Changes"))
register_kind("reminder", _("Reminders"))
register(*of_numbers.SOURCES, *of_maintenance.SOURCES, *of_reviews.SOURCES)
