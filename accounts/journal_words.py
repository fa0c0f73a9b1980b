"""The journal in words: each app registers what its subjects, aspects and values are called in both languages.

A page hands its rows to `in_words`, which names every person and thing among them with one query per kind of thing.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from django.db import models
from django.utils.functional import Promise
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.journal import ActorKind, JournalEntry
from accounts.memberships import StaffAssignment
from accounts.users import User

Label = str | Promise
#: Turns stored values into names, all of a page's at once; what it leaves out is shown as it is stored.
Names = Callable[[set[str]], dict[str, str]]


@dataclass(frozen=True)
class AspectWords:
    """What one value of a subject is called, and what its values are called."""

    label: Label
    values: Mapping[str, Label] = field(default_factory=dict)
    names: Names | None = None
    #: Values that are never shown (they would say too much); only that there was a change.
    hidden: bool = False


@dataclass(frozen=True)
class SubjectWords:
    """What a sort of thing is called, and each of its aspects; `names` says which one it is."""

    label: Label
    aspects: Mapping[str, AspectWords] = field(default_factory=dict)
    names: Names | None = None


@dataclass(frozen=True)
class Line:
    """One journal row as a person reads it; also fits the timeline component."""

    id: int
    at: dt.datetime
    actor_label: str
    #: Whether the portal itself, a command or a connected system did it.
    automatic: bool
    subject_label: str
    subject_name: str
    aspect_label: str
    before: str
    after: str
    reason: str
    origin: str
    company_id: int | None
    tone: str = "grey"

    @property
    def text(self) -> str:
        """What happened, in one sentence."""
        thing = f"{self.subject_label} {self.subject_name}".strip()
        return f"{thing} · {self.change}"

    @property
    def change(self) -> str:
        """What changed, from what to what."""
        if self.before and self.after:
            return gettext("%(what)s: %(before)s → %(after)s") % {
                "what": self.aspect_label,
                "before": self.before,
                "after": self.after,
            }
        if self.after:
            return gettext("%(what)s: %(value)s") % {"what": self.aspect_label, "value": self.after}
        if self.before:
            return gettext("%(what)s removed: %(value)s") % {"what": self.aspect_label, "value": self.before}
        return self.aspect_label

    @property
    def detail(self) -> str:
        """The reason that was given."""
        return self.reason


SUBJECTS: dict[str, SubjectWords] = {}
#: Aspects that every subject may have.
COMMON_ASPECTS: dict[str, AspectWords] = {
    "state": AspectWords(_("State")),
    "read": AspectWords(_("Read")),
    "reveal": AspectWords(_("Shown in full")),
    "export": AspectWords(_("Exported")),
}
#: Reasons that writers give as a code, in the detail `why`.
WHY: dict[str, Label] = {}


def register_words(subject: str, words: SubjectWords) -> None:
    """Make the words of `JournalEntry.subject == subject` known; called when the apps are ready."""
    SUBJECTS[subject] = words


def subject_choices() -> list[tuple[str, str]]:
    """Every subject that has words, for filters."""
    return sorted(((name, str(words.label)) for name, words in SUBJECTS.items()), key=lambda choice: choice[1])


def aspect_words(entry: JournalEntry) -> AspectWords:
    """The words of the row's aspect; "role:7" goes by "role"; unknown ones keep their code."""
    name = entry.aspect.partition(":")[0]
    words = SUBJECTS.get(entry.subject)
    found = words.aspects.get(name) if words else None
    return found or COMMON_ASPECTS.get(name) or AspectWords(name.replace("_", " "))


def in_words(entries: Iterable[JournalEntry], *, staff_names: bool = True) -> list[Line]:
    """The rows in words, in the active language, in the order given.

    With `staff_names` False whoever works for the portal is called so, not by name: what a company reads.
    """
    rows = list(entries)
    actors = actor_names({row.actor_id for row in rows if row.actor_id}, staff_names=staff_names)
    subjects = names_by_kind(
        (row.subject, SUBJECTS[row.subject].names, str(row.subject_id)) for row in rows if row.subject in SUBJECTS
    )
    values = names_by_kind(
        ((row.subject, row.aspect.partition(":")[0]), aspect_words(row).names, value)
        for row in rows
        for value in (row.before, row.after)
        if value
    )

    def worded(row: JournalEntry, words: AspectWords, value: str) -> str:
        if not value:
            return ""
        if words.hidden:
            return gettext("(not shown)")
        if value in words.values:
            return str(words.values[value])
        return values.get((row.subject, row.aspect.partition(":")[0]), {}).get(value, value)

    lines = []
    for row in rows:
        words = aspect_words(row)
        known = SUBJECTS.get(row.subject)
        lines.append(
            Line(
                id=row.pk,
                at=row.at,
                actor_label=actors.get(row.actor_id or 0) or str(ActorKind(row.actor_kind).label),
                automatic=row.actor_kind in {ActorKind.ENGINE, ActorKind.COMMAND, ActorKind.SOURCE},
                subject_label=str(known.label) if known else row.subject,
                subject_name=subjects.get(row.subject, {}).get(str(row.subject_id), "")
                or row.detail.get("address", ""),
                aspect_label=str(words.label),
                before=worded(row, words, row.before),
                after=worded(row, words, row.after),
                reason=row.reason or str(WHY.get(row.detail.get("why", ""), "")),
                origin=row.origin or "",
                company_id=row.company_id,
            )
        )
    return lines


def names_by_kind(wanted: Iterable[tuple[Any, Names | None, str]]) -> dict[Any, dict[str, str]]:
    """One call of each `names` function with all the values that a page asks it for."""
    asked: defaultdict[Any, set[str]] = defaultdict(set)
    functions: dict[Any, Names] = {}
    for kind, names, value in wanted:
        if names is not None:
            functions[kind] = names
            asked[kind].add(value)
    return {kind: functions[kind](values) for kind, values in asked.items()}


def actor_names(ids: set[int], *, staff_names: bool) -> dict[int, str]:
    """The people by their names; portal staff under one name where a company reads."""
    if not ids:
        return {}
    people = {user.pk: user.get_full_name() for user in User.objects.filter(pk__in=ids)}
    if not staff_names:
        staff = StaffAssignment.objects.filter(user__in=ids).values_list("user_id", flat=True)
        people.update(dict.fromkeys(staff, gettext("Portal staff")))
    return people


def names_from(model: type[models.Model], label: Callable[[Any], str]) -> Names:
    """A `Names` function that looks primary keys up in a model."""

    def names(values: set[str]) -> dict[str, str]:
        keys = [int(value) for value in values if value.isdecimal()]
        return {str(thing.pk): label(thing) for thing in model._default_manager.filter(pk__in=keys)}

    return names
