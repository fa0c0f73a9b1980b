"""Appeals as companies make them, for tests."""

from __future__ import annotations

import datetime as dt
import io
import uuid
from collections.abc import Sequence

from PIL import Image

from accounts.journal import Actor
from accounts.users import User
from appeals.cases.drafts import choose_platforms, create_draft, save_statement
from appeals.cases.models import Appeal, AppealKind
from appeals.cases.submission import open_review_of, submit
from appeals.complaints.intake import receive
from appeals.complaints.models import Source
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Origin
from appeals.platforms import Platform
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem
from tests.cast import NOW, Cast

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


def picture(colour: str = "red") -> bytes:
    """A small PNG."""
    buffer = io.BytesIO()
    Image.new("RGB", (40, 30), colour).save(buffer, "PNG")
    return buffer.getvalue()


def mark(number: PhoneNumber, *codes: str, now: dt.datetime = NOW) -> None:
    """Let these platforms mark the number."""
    observe(
        sightings=[
            Sighting(f"{number.pk}-{code}", number.pk, Platform.objects.get(code=code).pk, now - DAY) for code in codes
        ],
        source="test",
        origin=Origin.PLATFORM,
        actor=Actor.command(),
        now=now,
    )


def lock(number: PhoneNumber, *, now: dt.datetime = NOW) -> Maintenance:
    """Let six people complain, which locks the number and opens its review."""
    source, _made = Source.objects.get_or_create(name="test", defaults={"created_at": now})
    complaints = [
        {"id": f"{number.pk}-{count}", "number": number.number, "at": now.isoformat(), "category": "harassment"}
        for count in range(6)
    ]
    receive(source=source, events=complaints, actor=Actor.command(), now=now)
    return Maintenance.objects.get(number=number, locks=True, closed_at__isnull=True)


def draft(
    cast: Cast,
    *,
    kind: AppealKind = AppealKind.MARK,
    numbers: Sequence[PhoneNumber] | None = None,
    platforms: Sequence[str] = (),
    review: Review | None = None,
    statement: str = "号码用于提醒患者就诊，从未推销。",
    urgency_reason: str = "",
    now: dt.datetime = NOW,
) -> Appeal:
    """A draft with everything but evidence."""
    chosen = [number.pk for number in (cast.numbers[:1] if numbers is None else numbers)]
    appeal = create_draft(
        company=cast.clinic,
        kind=kind,
        numbers=PhoneNumber.objects.filter(pk__in=chosen),
        appealed_review=review,
        creation_key=uuid.uuid4(),
        by=cast.operator,
        actor=Actor.person(cast.operator),
        now=now,
    )
    if platforms:
        choose_platforms(appeal=appeal, platforms=list(Platform.objects.filter(code__in=platforms)))
    appeal.refresh_from_db()
    save_statement(appeal=appeal, statement=statement, urgency_reason=urgency_reason, revision=appeal.revision)
    appeal.refresh_from_db()
    return appeal


def send(cast: Cast, appeal: Appeal, *, now: dt.datetime = NOW) -> Review:
    """Hand it in without evidence; return its review."""
    submit(appeal=appeal, confirmed=True, by=cast.operator, actor=Actor.person(cast.operator), now=now)
    review = open_review_of(appeal)
    assert review is not None
    return review


def claim(review: Review, reviewer: User, *, now: dt.datetime = NOW) -> Review:
    """Let the reviewer take the case."""
    desk.claim(review=review, reviewer=reviewer, actor=Actor.person(reviewer), now=now)
    return review


def sent(cast: Cast, *, now: dt.datetime = NOW, **fields: object) -> tuple[Appeal, Review]:
    """An appeal in review, held by the reviewer."""
    appeal = draft(cast, now=now, **fields)  # type: ignore[arg-type]
    review = claim(send(cast, appeal, now=now), cast.reviewer, now=now)
    appeal.refresh_from_db()
    return appeal, review


def decide(
    review: Review,
    reviewer: User,
    decision: Decision,
    *,
    text: str = "已核实。",
    refused: Sequence[PhoneNumber] = (),
    now: dt.datetime = NOW,
) -> None:
    """Decide the case."""
    items = [ReviewItem(item="number", item_id=number.pk, item_name="x", text="不成立") for number in refused]
    desk.decide(
        review=review,
        reviewer=reviewer,
        decision=decision,
        text=text,
        actor=Actor.person(reviewer),
        now=now,
        items=items,
    )


def overhaul(cast: Cast, *, now: dt.datetime = NOW, days: int = 12) -> Maintenance:
    """The clinic's industry is being revised: only urgent appeals are worked on."""
    cause = MaintenanceCause.objects.get(code="standard_overhaul")
    return Maintenance.objects.create(
        cause=cause,
        scope=Scope.INDUSTRY,
        industry=cast.clinic.industry,
        planned_start=now,
        planned_end=now + days * DAY,
        opened_at=now,
        held_since=now,
        expected_from=now + (days - 2) * DAY,
        expected_until=now + days * DAY,
        suspends_display=cause.suspends_display,
        defers=cause.defers,
        urgent_appeals_only=cause.urgent_appeals_only,
        created_at=now - 7 * DAY,
    )
