"""What happened to a number: its journal and the maintenance that covered it, as one timeline, newest first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.journal import ActorKind, JournalEntry
from certification.maintenance.models import Maintenance, Scope
from certification.maintenance.status import Status
from certification.numbers.models import NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import mask_number

MOST = 50
TONES = {
    Status.CERTIFIED: "green",
    Status.EXPIRED: "red",
    Status.REVOKED: "red",
    Status.REJECTED: "red",
    Status.RETURNED: "amber",
    Status.PENDING_MAINTENANCE: "amber",
    Status.SUBMITTED: "blue",
    Status.IN_REVIEW: "blue",
}


@dataclass
class Entry:
    """One line of the timeline."""

    at: dt.datetime
    actor_label: str
    text: str
    tone: str = ""
    detail: str = ""


def history(number: PhoneNumber) -> list[Entry]:
    """The latest fifty events, in a fixed number of queries."""
    rows = list(
        JournalEntry.objects.filter(subject="number", subject_id=number.pk)
        .select_related("actor")
        .order_by("-at", "-id")[:MOST]
    )
    entries = journal_entries(rows) + maintenance_entries(number)
    return sorted(entries, key=lambda entry: entry.at, reverse=True)[:MOST]


def journal_entries(rows: Sequence[JournalEntry]) -> list[Entry]:
    """The journal in words."""
    names = Names(rows)
    return [
        Entry(
            row.at,
            str(row.actor) if row.actor else str(ActorKind(row.actor_kind).label),
            names.text(row),
            TONES.get(row.after, "") if row.aspect == "state" else "",  # type: ignore[call-overload]
            row.reason,
        )
        for row in rows
    ]


class Names:
    """The names behind the keys that the journal keeps."""

    def __init__(self, rows: Sequence[JournalEntry]) -> None:
        keys: dict[str, set[int]] = {"group": set(), "provider": set(), "backup_of": set()}
        for row in rows:
            if row.aspect in keys:
                keys[row.aspect] |= {int(value) for value in (row.before, row.after) if value.isdigit()}
        self.names: dict[str, dict[str, str]] = {aspect: {} for aspect in keys}
        if keys["group"]:
            groups = NumberGroup.objects.filter(pk__in=keys["group"])
            self.names["group"] = {str(group.pk): group.name for group in groups}
        if keys["provider"]:
            providers = Provider.objects.filter(pk__in=keys["provider"])
            self.names["provider"] = {str(provider.pk): str(provider) for provider in providers}
        if keys["backup_of"]:
            mains = PhoneNumber.objects.filter(pk__in=keys["backup_of"])
            self.names["backup_of"] = {str(main.pk): mask_number(main.number) for main in mains}

    def text(self, row: JournalEntry) -> str:
        """One journal row as a sentence."""
        values = {"before": self.value(row.aspect, row.before), "after": self.value(row.aspect, row.after)}
        sentences: dict[str, Any] = {
            "label": _("Displayed name: %(before)s → %(after)s"),
            "alias": _("Alias: %(before)s → %(after)s"),
            "group": _("Group: %(before)s → %(after)s"),
            "provider": _("Provider: %(before)s → %(after)s"),
            "backup_of": _("Stands in for: %(before)s → %(after)s"),
        }
        if row.aspect in sentences:
            return str(sentences[row.aspect]) % values
        if row.aspect == "state":
            return _("Added to the list") if not row.before else f"{values['before']} → {values['after']}"
        if row.aspect == "term":
            return _("Certified until %(day)s") % {"day": row.after[:10]}
        if row.aspect == "held":
            return _("Given up")
        if row.aspect == "reveal":
            return _("The whole number was shown")
        return f"{row.aspect}: {values['before']} → {values['after']}"

    def value(self, aspect: str, text: str) -> str:
        """One side of a change."""
        if aspect == "state":
            return str(Status(text).label) if text in Status.values else text
        return self.names.get(aspect, {}).get(text, text) or _("none")


def maintenance_entries(number: PhoneNumber) -> list[Entry]:
    """The maintenance that covered the number: when it opened and when it was closed."""
    covering = (
        Q(number=number)
        | Q(company_id=number.company_id)
        | Q(provider_id=number.provider_id)
        | Q(industry_id=number.company.industry_id)
        | Q(scope=Scope.EVERYTHING)
    )
    rows = (
        Maintenance.objects.filter(covering, opened_at__isnull=False)
        .filter(Q(closed_at__isnull=True) | Q(closed_at__gte=number.created_at))
        .select_related("cause", "requirement__kind")
        .order_by("-opened_at")[:MOST]
    )
    entries = []
    for row in rows:
        title = f"{row.title} ({row.requirement.kind})" if row.requirement else row.title
        actor = str(ActorKind.ENGINE.label)
        if row.opened_at and row.opened_at >= number.created_at:
            tone = "red" if row.suspends_display else "blue"
            entries.append(Entry(row.opened_at, actor, _("Maintenance began: %(title)s") % {"title": title}, tone))
        if row.closed_at:
            entries.append(Entry(row.closed_at, actor, _("Maintenance ended: %(title)s") % {"title": title}, "green"))
    return entries
