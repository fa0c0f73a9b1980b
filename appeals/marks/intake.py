"""Taking in what others say about marks, by API or by file: each event is judged by itself and answered by itself."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.journal import Actor
from accounts.users import User
from appeals.categories import CATEGORY_WORDS, Category
from appeals.complaints.models import Source
from appeals.events import LONGEST_ID, Invalid, Result, plain, read_dialled, read_identifier, read_moment
from appeals.marks import unknown
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import MarkSighting, Origin, UnknownMark
from appeals.platforms import Platform
from certification.numbers.models import PhoneNumber

#: More people than this have not marked anything; it is a typing mistake (D).
MOST_PEOPLE = 100_000_000
YES = {"1", "yes", "true", "y", "是", "已清除", "cleared"}
NO = {"", "0", "no", "false", "n", "否", "none"}


def take_in(
    *,
    events: Sequence[Mapping[str, Any]],
    source: str,
    actor: Actor,
    now: dt.datetime,
    origin: Origin = Origin.PLATFORM,
    reporter: User | None = None,
) -> list[Result]:
    """Judge each event and keep those that can be kept; one result per event, in order. Repeating it changes nothing.

    What is said of a number that no company holds is kept until it appears. Keys: `id`, `number` (any shape that people write), `platform` (code or name), `at` (ISO 8601; without an offset it
    is Chinese time), and optionally `label`, `people`, `cleared`. Events further than ten minutes ahead are refused.
    The number of statements does not depend on the number of events.
    """
    platforms = known_platforms()
    read: list[Sighting | str] = []
    dialled: list[str] = []
    for event in events:
        try:
            number, sighting = read_event(event, platforms=platforms, now=now)
        except Invalid as invalid:
            dialled.append("")
            read.append(str(invalid))
        else:
            dialled.append(number)
            read.append(sighting)
    told = [(number, said) for number, said in zip(dialled, read, strict=True) if isinstance(said, Sighting)]
    new, held = keep(sightings=told, source=source, origin=origin, actor=actor, now=now, reporter=reporter)
    results = []
    for event, said, number in zip(events, read, dialled, strict=True):
        if isinstance(said, str):
            results.append(Result(plain(event.get("id"))[:LONGEST_ID], "invalid", said))
        elif said.event in new:
            new.discard(said.event)  # the same id twice in one call is new once
            results.append(Result(said.event, "accepted" if number in held else "unknown_number"))
        else:
            results.append(Result(said.event, "duplicate"))
    return results


@transaction.atomic
def keep(
    *,
    sightings: Sequence[tuple[str, Sighting]],
    source: str,
    origin: Origin,
    actor: Actor,
    now: dt.datetime,
    reporter: User | None = None,
    reason: str = "",
) -> tuple[set[str], set[str]]:
    """Keep what is said of each of these numbers (as they are dialled), held or not; an event once, however often it comes.

    Returns the events that were new, and which of the numbers a company holds. What is said of the others waits until
    they appear.
    """
    wanted = {number for number, _said in sightings}
    numbers = PhoneNumber.objects.held().filter(number__in=wanted) if wanted else PhoneNumber.objects.none()
    held = dict(numbers.values_list("number", "pk"))
    first = {said.event: number for number, said in reversed(sightings)}
    known = [
        replace(said, number_id=held[number])
        for number, said in sightings
        if number in held and first[said.event] == number
    ]
    others = [(number, said) for number, said in sightings if number not in held and first[said.event] == number]
    new = observe(sightings=known, source=source, origin=origin, actor=actor, now=now, reporter=reporter, reason=reason)
    new |= unknown.keep(sightings=others, source=source, origin=origin, now=now, reporter=reporter)
    return new, set(held)


def known_events(*, source: str, events: Sequence[str]) -> set[str]:
    """Which of these events the source has told already, about numbers that are held and about others."""
    sightings = MarkSighting.objects.filter(source=source, event__in=events).values_list("event", flat=True)
    waiting = UnknownMark.objects.filter(source=source, event__in=events).values_list("event", flat=True)
    return {*sightings, *waiting}


def source_key(source: Source) -> str:
    """The name under which a source's event ids are counted, by whichever way they come."""
    return f"source:{source.pk}"


def known_platforms() -> dict[str, int]:
    """The platforms by code and by name, in lower case."""
    found = {}
    for platform in Platform.objects.filter(is_active=True):
        for word in (platform.code, platform.name_zh, platform.name_en):
            found[word.casefold()] = platform.pk
    return found


def read_event(event: Mapping[str, Any], *, platforms: Mapping[str, int], now: dt.datetime) -> tuple[str, Sighting]:
    """The dialled number and what is said of it (its `number_id` is filled in later). Raises Invalid."""
    identifier, dialled = read_identifier(event), read_dialled(event)
    platform = platforms.get(plain(event.get("platform")).casefold())
    if platform is None:
        raise Invalid(_("The platform is not known."))
    label = CATEGORY_WORDS.get(plain(event.get("label")).casefold() or Category.OTHER)
    if label is None:
        raise Invalid(_("The label is not one of fraud, advertising, harassment, other."))
    at = read_moment(event.get("at"), now=now)
    cleared = plain(event.get("cleared")).casefold()
    if cleared not in YES | NO:
        raise Invalid(_("“Cleared” is neither yes nor no."))
    people = read_people(event.get("people"))
    return dialled, Sighting(identifier, 0, platform, at, label, people, is_clearance=cleared in YES)


def read_people(value: Any) -> int | None:
    """By how many people; None where nothing is said. Raises Invalid."""
    text = plain(value).removesuffix(".0")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= MOST_PEOPLE):
        raise Invalid(_("The number of people is not a whole number."))
    return int(text)
