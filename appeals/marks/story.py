"""A mark in words: its tone, and what was said about it, newest first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appeals.marks.models import Mark, MarkSighting, Origin

#: So many of the latest sightings are shown.
MOST = 50


@dataclass(frozen=True)
class SightingEntry:
    """One line of a mark's timeline."""

    at: dt.datetime
    text: str
    actor_label: str
    tone: str
    detail: str = ""


def said_by(sighting: MarkSighting, *, for_staff: bool) -> str:
    """Who said it: the platform; staff, by name to staff only; the company's person by name."""
    if sighting.origin == Origin.PLATFORM:
        return _("Platform: %(platform)s") % {"platform": sighting.mark.platform}
    if sighting.origin == Origin.STAFF and not for_staff:
        return _("The portal")
    return str(sighting.recorded_by or _("The portal"))


def label_words(label: str, people: int | None) -> str:
    """The label, and by how many people where that is known."""
    if people is None:
        return label
    return _("%(label)s, %(people)s") % {
        "label": label,
        "people": ngettext("by %(count)s person", "by %(count)s people", people) % {"count": people},
    }


def story_of(mark: Mark, *, for_staff: bool = False) -> list[SightingEntry]:
    """The latest fifty things said about the mark; one query."""
    rows = mark.sightings.select_related("recorded_by", "mark__platform").order_by("-at", "-id")[:MOST]
    entries = []
    for row in rows:
        if row.is_clearance:
            text, tone = _("Cleared"), "green"
        else:
            words = label_words(str(row.get_label_display()), row.people)
            text, tone = _("Seen: %(what)s") % {"what": words}, "red"
            if row.origin == Origin.COMPANY:
                text, tone = _("Reported by the company: %(what)s") % {"what": words}, "amber"
        entries.append(SightingEntry(row.at, text, said_by(row, for_staff=for_staff), tone, row.reason))
    return entries
