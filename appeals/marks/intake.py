"""Taking in what others say about marks, by API or by file: each event is judged by itself and answered by itself."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from django.utils.translation import gettext as _

from accounts.journal import Actor
from accounts.users import User
from accounts.working_days import CHINA
from appeals.complaints.models import Source
from appeals.marks.marks import AHEAD, Sighting, observe
from appeals.marks.models import MarkLabel, Origin
from appeals.platforms import Platform
from certification.numbers.models import PhoneNumber
from certification.numbers.problems import Problem, reason
from certification.numbers.shapes import read_number

#: Events of one call (issue: complaint intake).
MOST_EVENTS = 1000
#: More people than this have not marked anything; it is a typing mistake (D).
MOST_PEOPLE = 100_000_000
LONGEST_ID = 80
#: What files and forms call the labels, beside their codes.
LABEL_WORDS = {
    "fraud": MarkLabel.FRAUD, "scam": MarkLabel.FRAUD, "诈骗": MarkLabel.FRAUD, "欺诈": MarkLabel.FRAUD, "疑似诈骗": MarkLabel.FRAUD,
    "advertising": MarkLabel.ADVERTISING, "广告": MarkLabel.ADVERTISING, "广告推销": MarkLabel.ADVERTISING, "推销": MarkLabel.ADVERTISING,
    "harassment": MarkLabel.HARASSMENT, "骚扰": MarkLabel.HARASSMENT, "骚扰电话": MarkLabel.HARASSMENT,
    "other": MarkLabel.OTHER, "其他": MarkLabel.OTHER, "": MarkLabel.OTHER,
}  # fmt: skip
YES = {"1", "yes", "true", "y", "是", "已清除", "cleared"}
NO = {"", "0", "no", "false", "n", "否", "none"}


@dataclass(frozen=True)
class Result:
    """What became of one event: accepted, duplicate, unknown_number or invalid with a reason."""

    event: str
    outcome: str
    reason: str = ""


class Invalid(Exception):
    """An event that cannot be taken; the message says why, in the active language."""


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

    Keys: `id`, `number` (any shape that people write), `platform` (code or name), `at` (ISO 8601; without an offset it
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
    wanted = {number for number in dialled if number}
    held = dict(PhoneNumber.objects.held().filter(number__in=wanted).values_list("number", "pk"))
    sightings = [
        Sighting(**{**vars(said), "number_id": held[number]})
        for said, number in zip(read, dialled, strict=True)
        if isinstance(said, Sighting) and number in held
    ]
    new = observe(sightings=sightings, source=source, origin=origin, actor=actor, now=now, reporter=reporter)
    results = []
    for event, said, number in zip(events, read, dialled, strict=True):
        if isinstance(said, str):
            results.append(Result(plain(event.get("id"))[:LONGEST_ID], "invalid", said))
        elif number not in held:
            results.append(Result(said.event, "unknown_number"))
        elif said.event in new:
            new.discard(said.event)  # the same id twice in one call is new once
            results.append(Result(said.event, "accepted"))
        else:
            results.append(Result(said.event, "duplicate"))
    return results


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
    identifier = plain(event.get("id"))
    if not identifier:
        raise Invalid(_("The event has no id."))
    if len(identifier) > LONGEST_ID:
        raise Invalid(_("The id is longer than 80 characters."))
    value = event.get("number")
    number = read_number(value if value is None or isinstance(value, str | int | float) else plain(value))
    if isinstance(number, Problem):
        raise Invalid(str(reason(number, "")))
    platform = platforms.get(plain(event.get("platform")).casefold())
    if platform is None:
        raise Invalid(_("The platform is not known."))
    label = LABEL_WORDS.get(plain(event.get("label")).casefold())
    if label is None:
        raise Invalid(_("The label is not one of fraud, advertising, harassment, other."))
    at = read_moment(event.get("at"))
    if at > now + AHEAD:
        raise Invalid(_("The time lies in the future."))
    cleared = plain(event.get("cleared")).casefold()
    if cleared not in YES | NO:
        raise Invalid(_("“Cleared” is neither yes nor no."))
    people = read_people(event.get("people"))
    return number.number, Sighting(identifier, 0, platform, at, label, people, is_clearance=cleared in YES)


def plain(value: Any) -> str:
    """A value as text, without what no text column can hold."""
    text = str(value) if value is not None else ""
    return text.replace("\0", "").encode("utf-8", "ignore").decode().strip()


def read_moment(value: Any) -> dt.datetime:
    """A moment from ISO 8601 or a spreadsheet's date; Chinese time where no offset is given. Raises Invalid."""
    if isinstance(value, dt.datetime):
        moment = value
    elif isinstance(value, dt.date):
        moment = dt.datetime.combine(value, dt.time())
    else:
        try:
            moment = dt.datetime.fromisoformat(plain(value).replace("/", "-"))
        except ValueError:
            raise Invalid(_("The time cannot be read. Write it as 2025-06-03T14:00+08:00.")) from None
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=CHINA)).astimezone(dt.UTC)
    except OverflowError:
        raise Invalid(_("The time cannot be read. Write it as 2025-06-03T14:00+08:00.")) from None


def read_people(value: Any) -> int | None:
    """By how many people; None where nothing is said. Raises Invalid."""
    text = plain(value).removesuffix(".0")
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text[:12]) <= MOST_PEOPLE):
        raise Invalid(_("The number of people is not a whole number."))
    return int(text)


def made_up_id(event: Mapping[str, Any]) -> str:
    """An id for a row of a file that has none: the same row gives the same id, so that a file twice is a file once."""
    text = "\n".join(plain(event.get(key)) for key in ("number", "platform", "at", "label", "people", "cleared"))
    return "row-" + hashlib.sha256(text.encode()).hexdigest()[:32]
