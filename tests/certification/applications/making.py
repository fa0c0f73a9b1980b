"""Drafts that are ready to be handed in, made through the domain functions; for the tests of this slice."""

from __future__ import annotations

import datetime as dt
import uuid

from accounts.journal import Actor
from certification.applications.drafts import create_draft, request_label_for_all
from certification.applications.models import Application, ApplicationKind
from certification.applications.submission import submit
from certification.materials.models import MaterialNumber
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem
from tests.cast import NOW, Cast, make_material, make_number

#: The submission in these tests; reviewers work an hour later, corrections come the day after.
LATER = NOW + dt.timedelta(hours=1)
NEXT_DAY = NOW + dt.timedelta(days=1)


def prove_numbers(cast: Cast, numbers: list[PhoneNumber]) -> None:
    """Approved papers that name the numbers, as every application needs them."""
    for kind in ("number_ownership", "statement_of_use"):
        material = make_material(cast.clinic, kind, by=cast.owner)
        MaterialNumber.objects.bulk_create([MaterialNumber(material=material, number=number) for number in numbers])


def draft_numbers(cast: Cast, count: int = 2) -> list[PhoneNumber]:
    """Numbers that are not certified yet."""
    return [make_number(cast.clinic, lifecycle=Lifecycle.DRAFT) for _ in range(count)]


def make_draft(
    cast: Cast,
    numbers: list[PhoneNumber] | None = None,
    *,
    kind: ApplicationKind = ApplicationKind.NEW,
    proven: bool = True,
    now: dt.datetime = NOW,
) -> Application:
    """A draft with every answer given."""
    numbers = draft_numbers(cast) if numbers is None else numbers
    if proven:
        prove_numbers(cast, numbers)
    application = create_draft(
        company=cast.clinic,
        kind=kind,
        numbers=PhoneNumber.objects.filter(pk__in=[number.pk for number in numbers]),
        creation_key=uuid.uuid4(),
        by=cast.operator,
        actor=Actor.person(cast.operator),
        now=now,
    )
    Application.objects.filter(pk=application.pk).update(
        purpose="提醒已预约的患者按时就诊，仅限工作日白天。",
        sample_script="您好，这里是仁和门诊部，提醒您明天上午九点就诊。",
        applicant_is_agent=False,
    )
    if kind == ApplicationKind.CHANGE:
        request_label_for_all(application=application, label="仁和门诊")
    application.refresh_from_db()
    return application


def make_submitted(cast: Cast, numbers: list[PhoneNumber] | None = None, **options: object) -> Application:
    """An application that was handed in at NOW by the operator."""
    application = make_draft(cast, numbers, **options)  # type: ignore[arg-type]
    submit(application=application, by=cast.operator, actor=Actor.person(cast.operator), now=NOW)
    application.refresh_from_db()
    return application


def review_of(application: Application) -> Review:
    """The newest review of the application."""
    return Review.objects.filter(subject="application", subject_id=application.pk).latest("pk")


def claimed(cast: Cast, application: Application, now: dt.datetime = LATER) -> Review:
    """The application's review, claimed by the reviewer."""
    review = review_of(application)
    desk.claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=now)
    return review


def decided(
    cast: Cast,
    application: Application,
    decision: Decision,
    *,
    items: list[ReviewItem] | None = None,
    text: str = "请见各项说明",
    now: dt.datetime = LATER,
) -> Review:
    """The application's review, claimed and decided by the reviewer."""
    review = claimed(cast, application, now)
    desk.decide(
        review=review,
        reviewer=cast.reviewer,
        decision=decision,
        text=text,
        items=items or [],
        actor=Actor.person(cast.reviewer),
        now=now,
    )
    application.refresh_from_db()
    return review


def purpose_item() -> ReviewItem:
    """The purpose, returned."""
    return ReviewItem(item="field", item_name="purpose", text="请写明致电对象")
