"""What a company reports about its own numbers, with a screenshot; an assertion until staff or the platform say the same."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Sequence

from django.db import transaction

from accounts.journal import Actor
from accounts.notices import Message, send_to_company
from accounts.users import User
from appeals.categories import Category
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting, Origin
from appeals.platforms import Platform
from certification.materials.models import StagedFile
from certification.materials.store import FilesMissing, take_files
from certification.numbers.models import PhoneNumber

#: The name under which what companies report is counted, and what staff say about it.
COMPANY_SOURCE, STAFF_SOURCE = "company", "staff"


class NotWaiting(Exception):
    """Nobody waits for an answer about this mark: it is confirmed, or does not stand any more."""


@transaction.atomic
def report(
    *,
    number: PhoneNumber,
    platform: Platform,
    label: Category,
    people: int | None,
    seen_at: dt.datetime,
    files: Sequence[StagedFile],
    submission: uuid.UUID,
    reporter: User,
    actor: Actor,
    now: dt.datetime,
) -> Mark:
    """Keep what the company saw, with its pictures. The same form sent twice is one report. Raises FilesMissing."""
    event = str(submission)
    known = MarkSighting.objects.filter(source=COMPANY_SOURCE, event=event, mark__company=number.company_id)
    if (before := known.select_related("mark").first()) is not None:
        return before.mark
    if not files:
        raise FilesMissing
    observe(
        sightings=[Sighting(event, number.pk, platform.pk, min(seen_at, now), label, people)],
        source=COMPANY_SOURCE,
        origin=Origin.COMPANY,
        actor=actor,
        now=now,
        reporter=reporter,
    )
    sighting = known.select_related("mark").get()
    if not sighting.screenshots.exists():
        MarkScreenshot.objects.bulk_create(
            MarkScreenshot(sighting=sighting, **taken) for taken in take_files(files=files)
        )
    return sighting.mark


def waiting(mark: Mark) -> Mark:
    """The mark as it is now, locked. Raises NotWaiting."""
    current = Mark.objects.select_for_update(no_key=True).get(pk=mark.pk)
    if not current.is_open or current.is_confirmed:
        raise NotWaiting
    return current


@transaction.atomic
def confirm(*, mark: Mark, reviewer: User, actor: Actor, now: dt.datetime) -> None:
    """Staff have seen the mark, too: it counts like one that the platform told of. Raises NotWaiting."""
    current = waiting(mark)
    same = Sighting(
        f"confirm:{mark.pk}:{current.episodes}",
        mark.number_id,
        mark.platform_id,
        current.last_seen_at,
        Category(current.label),
        current.people,
    )
    observe(sightings=[same], source=STAFF_SOURCE, origin=Origin.STAFF, actor=actor, now=now, reporter=reviewer)
    tell(mark=current, outcome="confirmed", reason="", now=now)


@transaction.atomic
def refuse(*, mark: Mark, reviewer: User, reason: str, actor: Actor, now: dt.datetime) -> None:
    """Staff could not find the mark that the company reported: it is laid aside, with a reason. Raises NotWaiting."""
    current = waiting(mark)
    aside = Sighting(
        f"refuse:{mark.pk}:{current.episodes}",
        mark.number_id,
        mark.platform_id,
        max(now, current.last_seen_at),
        is_clearance=True,
        reason=reason,
    )
    observe(
        sightings=[aside],
        source=STAFF_SOURCE,
        origin=Origin.STAFF,
        actor=actor,
        now=now,
        reporter=reviewer,
        reason=reason,
    )
    tell(mark=current, outcome="refused", reason=reason, now=now)


def tell(*, mark: Mark, outcome: str, reason: str, now: dt.datetime) -> None:
    """Write the answer to the company's responsible people and to whoever reported the mark."""
    reporters = mark.sightings.filter(origin=Origin.COMPANY).values_list("recorded_by_id", flat=True)
    members = mark.company.memberships.filter(user__in=reporters).values_list("user_id", flat=True)
    send_to_company(
        message=Message(
            key=f"mark_settled:{mark.pk}:{mark.episodes}:{outcome}",
            kind="mark_settled",
            company_id=mark.company_id,
            context={
                "mark": mark.ref,
                "platform_zh": mark.platform.name_zh,
                "platform_en": mark.platform.name_en,
                "outcome": outcome,
                "reason": reason,
            },
        ),
        also=members,
        now=now,
    )
