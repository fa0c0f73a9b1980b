"""What timelines say of numbers and of their company's data, from the journal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.journal import ActorKind, JournalEntry
from accounts.journal_words import in_words
from certification.maintenance.past import moment_or_none
from certification.maintenance.status import Status
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import mask_number
from certification.timeline.sources import About, Event, Source, people

TONES: dict[str, str] = {
    Status.CERTIFIED: "green",
    Status.EXPIRED: "red",
    Status.REVOKED: "red",
    Status.REJECTED: "red",
    Status.RETURNED: "amber",
    Status.PENDING_MAINTENANCE: "amber",
    Status.SUBMITTED: "blue",
    Status.IN_REVIEW: "blue",
}
LIFECYCLE_ASPECTS = ("state", "term")
CHANGE_ASPECTS = ("label", "alias", "group", "provider", "backup_of", "held", "reveal")
#: What a company's own timeline says of single numbers; the rest its applications say for all of theirs at once.
TOLD_BY_COMPANY = Q(aspect="state", after__in=[Lifecycle.EXPIRED, Lifecycle.WITHDRAWN, Lifecycle.REVOKED]) | Q(
    aspect__in=["held", "provider"]
)
#: Reasons that the portal itself writes: the step says so already.
OWN_REASONS = frozenset({"claimed", "corrected", "taken out of the application", "a later version was submitted"})
COMPANY_ASPECTS = ("state", "name", "kind", "industry", "time_zone")


def actor_label(row: JournalEntry, names: dict[int, str]) -> str:
    """Who did it, as the reader may know it."""
    return names.get(row.actor_id or 0) or str(ActorKind(row.actor_kind).label)


def reason_of(row: JournalEntry) -> str:
    """Why, where a person said so."""
    return "" if row.reason in OWN_REASONS else row.reason


def of_number(aspects: Sequence[str]) -> Any:
    """The journal of the number's rows, for the aspects."""

    def rows(about: About) -> QuerySet[JournalEntry] | None:
        if about.numbers is None:
            return None
        return JournalEntry.objects.filter(subject="number", subject_id__in=about.number_keys, aspect__in=aspects)

    return rows


def numbers_of_company(about: About) -> QuerySet[JournalEntry] | None:
    """What befell single numbers of the company."""
    if about.numbers is not None:
        return None
    return JournalEntry.objects.filter(TOLD_BY_COMPANY, company=about.company, subject="number")


def company_data(about: About) -> QuerySet[JournalEntry]:
    """What changed in the data of the company, or of those that held the number, while they did."""
    rows = JournalEntry.objects.filter(subject="company", aspect__in=COMPANY_ASPECTS)
    if about.numbers is None:
        return rows.filter(subject_id=about.company.pk)
    return rows.filter(while_held(about, "at", "subject_id"))


def while_held(about: About, moment: str, company: str) -> Q:
    """The condition on rows with a company to be of one that held the number, at the moment in the column."""
    condition = Q(pk__in=[])
    for number in about.numbers or ():
        spell = Q(**{company: number.company_id, f"{moment}__gte": number.created_at})
        if number.released_at is not None:
            spell &= Q(**{f"{moment}__lte": number.released_at})
        condition |= spell
    return condition


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
            return _("Certified until %(day)s") % {"day": last_day(row)}
        if row.aspect == "held":
            return _("Given up")
        return _("The whole number was shown")

    def value(self, aspect: str, text: str) -> str:
        """One side of a change."""
        if aspect == "state":
            return str(Status(text).label) if text in Status.values else text
        return self.names.get(aspect, {}).get(text, text) or _("none")


def last_day(row: JournalEntry) -> str:
    """The last day of a term, in the active time zone; the journal keeps the midnight after it."""
    ends = moment_or_none(row.after)
    if ends is None:
        return row.after[:10]
    return timezone.localdate(ends.replace(microsecond=0) - dt.timedelta(seconds=1)).isoformat()


def say_number(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Changes of the number; where several companies held it, with whose number it was."""
    names, words = people((row.actor_id for row in rows), about), Names(rows)
    events = []
    for row in rows:
        text = about.whose(row.company_id, words.text(row))
        tone = TONES.get(row.after, "grey") if row.aspect == "state" else "grey"
        events.append(Event(row.at, text, tone, actor_label(row, names), reason_of(row)))
    return events


def say_numbers(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """What befell numbers of a company, each named by its masked number."""
    events = say_number(rows, about)
    numbers = PhoneNumber.objects.in_bulk({row.subject_id for row in rows})
    return [
        Event(
            event.at,
            about.of(numbers[row.subject_id], event.text),
            event.tone,
            event.actor_label,
            event.detail,
            about.page_of(numbers[row.subject_id]),
        )
        for row, event in zip(rows, events, strict=True)
    ]


def say_company(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Changes of a company's data."""
    lines = in_words(rows, staff_names=about.for_staff)
    return [Event(line.at, line.text, "grey", line.actor_label, line.detail) for line in lines]


SOURCES = (
    Source("number_certification", "certification", "at", of_number(LIFECYCLE_ASPECTS), say_number),
    Source("number_changes", "change", "at", of_number(CHANGE_ASPECTS), say_number),
    Source("numbers_of_company", "certification", "at", numbers_of_company, say_numbers),
    Source("company_data", "change", "at", company_data, say_company),
)
