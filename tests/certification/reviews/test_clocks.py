"""What maintenance does to the clocks of reviews: factors, pauses, both at once, in any order of ticks."""

from __future__ import annotations

import datetime as dt
import random
from decimal import Decimal

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.companies import Company, Industry
from accounts.journal import Actor, JournalEntry
from accounts.notices import wake_delivery
from certification.applications.models import ApplicationKind
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import cancel_plan, create_plan, end_plan, move_end
from certification.numbers.models import PhoneNumber
from certification.reviews import desk
from certification.reviews.clocks import ClockCounts, settle_clocks
from certification.reviews.deferrals import pauses_of
from certification.reviews.due_times import extended, resumed
from certification.reviews.models import DueTimeExtension, Review, ReviewKind, ReviewPause
from certification.reviews.queue import queue_for
from tests.cast import NOW, Cast, make_company, make_number
from tests.certification.applications.making import make_submitted, review_of
from tests.invariants import assert_invariants

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


def plan(
    cast: Cast, code: str, *, start: dt.datetime, days: float, now: dt.datetime = NOW, **fields: object
) -> Maintenance:
    """A plan as staff make it; for everything unless told otherwise."""
    cause = MaintenanceCause.objects.get(code=code)
    planner = cast.policy if cause.family == "policy" else cast.operations
    values: dict[str, object] = {
        "cause": cause,
        "scope": "everything",
        "planned_start": start,
        "planned_end": start + days * DAY,
    }
    draft = PlanDraft(**{**values, **fields})  # type: ignore[arg-type]
    return create_plan(draft=draft, planner=planner, actor=Actor.person(planner), now=now)


def open_one(
    company: Company, kind: ReviewKind = ReviewKind.APPLICATION, *, at: dt.datetime = NOW, urgent: bool = False
) -> Review:
    """A review of a thing that does not exist, opened through the desk."""
    return desk.open_review(
        kind=kind,
        company=company,
        subject="paper",
        subject_id=Review.objects.count() + 1,
        submitted_by_id=None,
        actor=Actor.engine(),
        now=at,
        urgent=urgent,
    )


def fresh(review: Review) -> Review:
    return Review.objects.get(pk=review.pk)


def clock_rows(review: Review) -> list[tuple[str, str, str]]:
    """The journal of the review's clock: aspect, before, after; the aspect of a pause without its maintenance."""
    rows = JournalEntry.objects.filter(subject="review", subject_id=review.pk).order_by("id")
    return [
        (row.aspect.partition(":")[0], row.before, row.after) for row in rows if row.aspect not in ("state", "overdue")
    ]


def stamp(moment: dt.datetime) -> str:
    return moment.astimezone(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def test_upgrade_that_begins_stretches_open_reviews_of_new_applications_once(cast: Cast) -> None:
    review, change = open_one(cast.clinic), open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    upgrade = plan(cast, "model_upgrade", start=NOW + DAY, days=4)
    assert tick(now=NOW + DAY - SECOND).extended == 0
    assert tick(now=NOW + DAY).extended == 1
    assert tick(now=NOW + DAY) == Counts()
    assert tick(now=NOW + 2 * DAY) == Counts()
    moved = fresh(review)
    assert moved.due_at == extended(NOW, review.due_at, Decimal("1.5"))
    assert moved.due_from == extended(NOW, review.due_from, Decimal("1.5"))
    row = DueTimeExtension.objects.get()
    assert (row.review, row.maintenance, row.at, row.due_before, row.due_after, row.reason) == (
        review,
        upgrade,
        NOW + DAY,
        review.due_at,
        moved.due_at,
        "review_time_factor",
    )
    assert clock_rows(review) == [("due", stamp(review.due_at), stamp(moved.due_at))]
    assert fresh(change).due_at == change.due_at
    assert_invariants()


def test_review_opened_during_an_upgrade_is_stretched_from_the_start_by_the_same_writer(cast: Cast) -> None:
    usual = open_one(cast.clinic)
    plan(cast, "model_upgrade", start=NOW, days=4)
    tick(now=NOW)
    review = open_one(cast.clinic)
    assert review.due_at == extended(NOW, usual.due_at, Decimal("1.5")) == fresh(review).due_at == fresh(usual).due_at
    assert clock_rows(review) == [("due", stamp(usual.due_at), stamp(review.due_at))]
    assert tick(now=NOW) == Counts()


def test_second_upgrade_finds_a_review_open_that_only_the_first_kept_from_being_overdue(cast: Cast) -> None:
    review = open_one(cast.clinic)
    assert NOW + 7 * DAY < review.due_at < NOW + 8 * DAY
    plan(cast, "model_upgrade", start=NOW + DAY, days=1, scope="company", company=cast.clinic)
    plan(cast, "model_upgrade", start=NOW + 8 * DAY, days=1)
    assert tick(now=NOW + 10 * DAY).extended == 2  # both have passed in an outage
    assert fresh(review).due_at == NOW + (review.due_at - NOW) * 2.25
    assert list(DueTimeExtension.objects.order_by("id").values_list("due_before", "due_after")) == [
        (review.due_at, NOW + (review.due_at - NOW) * 1.5),
        (NOW + (review.due_at - NOW) * 1.5, NOW + (review.due_at - NOW) * 2.25),
    ]
    assert_invariants()


def test_sync_pauses_number_changes_and_they_are_due_later_by_exactly_its_length(cast: Cast) -> None:
    before, other = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE), open_one(cast.clinic)
    sync = plan(cast, "data_sync", start=NOW + DAY, days=6)
    assert tick(now=NOW + DAY).paused == 1
    during = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE, at=NOW + 2 * DAY)
    assert [pause.started_at for pause in pauses_of(during)] == [NOW + 2 * DAY]
    assert tick(now=before.due_at + HOUR).overdue == 0
    assert tick(now=NOW + 7 * DAY - SECOND).unpaused == 0
    counts = tick(now=NOW + 7 * DAY)
    assert (counts.unpaused, counts.extended, counts.overdue) == (2, 2, 0)
    assert tick(now=NOW + 7 * DAY) == Counts()
    assert fresh(before).due_at == before.due_at + 6 * DAY
    assert fresh(during).due_at == during.due_at + 5 * DAY
    assert (fresh(other).due_at, fresh(before).overdue_since) == (other.due_at, None)
    row = DueTimeExtension.objects.get(review=before)
    assert (row.maintenance, row.paused_from, row.paused_until) == (sync, NOW + DAY, NOW + 7 * DAY)
    assert clock_rows(before) == [
        ("pause", "", "paused"),
        ("pause", "paused", ""),
        ("due", stamp(before.due_at), stamp(before.due_at + 6 * DAY)),
    ]
    assert_invariants()


def test_paused_time_of_overlapping_maintenances_counts_once(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    plan(cast, "data_sync", start=NOW + DAY, days=3)
    plan(cast, "standard_overhaul", start=NOW + 2 * DAY, days=10, scope="industry", industry=cast.clinic.industry)
    tick(now=NOW + DAY)
    tick(now=NOW + 2 * DAY)
    assert len(pauses_of(review)) == 2
    assert tick(now=NOW + 4 * DAY).extended == 0  # the overhaul goes on
    assert fresh(review).due_at == review.due_at
    assert tick(now=NOW + 12 * DAY).extended == 1
    assert fresh(review).due_at == review.due_at + 11 * DAY
    row = DueTimeExtension.objects.get()
    assert (row.paused_from, row.paused_until) == (NOW + DAY, NOW + 12 * DAY)
    assert_invariants()


@pytest.mark.parametrize("ticks", [[1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 5, 9], [4, 9], [9]])
def test_missed_ticks_change_no_due_time(cast: Cast, ticks: list[int]) -> None:
    """I5, with an upgrade, a sync within it, another apart, and reviews that some of them concern."""
    plan(cast, "model_upgrade", start=NOW + 2 * DAY, days=4)
    plan(cast, "data_sync", start=NOW + 3 * DAY, days=2)
    plan(cast, "standard_overhaul", start=NOW + DAY, days=2.5, scope="industry", industry=cast.clinic.industry)
    plan(cast, "data_sync", start=NOW + 7 * DAY, days=1)
    application, change = open_one(cast.clinic), open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    late = open_one(cast.shop, ReviewKind.NUMBER_CHANGE)
    for day in ticks:
        tick(now=NOW + day * DAY)
    working = application.due_at - NOW
    assert fresh(application).due_at == NOW + working * 1.5 + 2.5 * DAY
    # Paused from day 1 to 5 by two, and from day 7 to 8.
    assert fresh(change).due_at == resumed(change.due_at, [(NOW + DAY, NOW + 5 * DAY), (NOW + 7 * DAY, NOW + 8 * DAY)])
    assert fresh(late).due_at == resumed(late.due_at, [(NOW + 3 * DAY, NOW + 5 * DAY), (NOW + 7 * DAY, NOW + 8 * DAY)])
    pauses = ReviewPause.objects.filter(review=change).order_by("started_at", "ended_at")
    assert [(row.started_at, row.ended_at) for row in pauses] == [
        (NOW + DAY, NOW + 3.5 * DAY),
        (NOW + 3 * DAY, NOW + 5 * DAY),
        (NOW + 7 * DAY, NOW + 8 * DAY),
    ]
    assert not ReviewPause.objects.filter(is_counted=False).exists()
    assert_invariants()


def test_review_that_is_overdue_stays_so_and_cannot_be_decided_while_paused(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    late = review.due_at + HOUR
    assert tick(now=late).overdue == 1
    plan(cast, "data_sync", start=late, days=1, now=late)
    tick(now=late)
    assert len(pauses_of(review)) == 1
    actor = Actor.person(cast.reviewer)
    assert desk.claim_next(queue=queue_for(cast.reviewer), reviewer=cast.reviewer, actor=actor, now=late) is None
    tick(now=late + DAY)
    after = fresh(review)
    assert (after.due_at, after.overdue_since) == (review.due_at, review.due_at)
    assert not DueTimeExtension.objects.exists()
    assert (
        desk.claim_next(queue=queue_for(cast.reviewer), reviewer=cast.reviewer, actor=actor, now=late + DAY) == review
    )
    assert_invariants()


def test_overhaul_pauses_everything_of_its_industry_but_urgent_appeals(cast: Cast) -> None:
    plan(cast, "standard_overhaul", start=NOW, days=10, scope="industry", industry=cast.clinic.industry)
    tick(now=NOW)
    paused = [open_one(cast.clinic, kind) for kind in ReviewKind]
    urgent = open_one(cast.clinic, ReviewKind.APPEAL, urgent=True)
    elsewhere = open_one(make_company("学校", industry="education"))
    assert all(pauses_of(review) for review in paused)
    assert (pauses_of(urgent), pauses_of(elsewhere)) == ([], [])


def test_cancelled_plan_never_pauses_and_one_that_ends_early_counts_until_its_end(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    given_up = plan(cast, "data_sync", start=NOW + HOUR, days=1)
    actor = Actor.person(cast.operations)
    cancel_plan(plan=given_up, planner=cast.operations, actor=actor, now=NOW, reason="")
    tick(now=NOW + 2 * HOUR)
    assert not ReviewPause.objects.exists()
    sync = plan(cast, "data_sync", start=NOW + DAY, days=3)
    tick(now=NOW + DAY)
    end_plan(plan=sync, achieved_zh="", achieved_en="", planner=cast.operations, actor=actor, now=NOW + DAY + 5 * HOUR)
    assert pauses_of(review) == []  # at once, before the next tick
    assert fresh(review).due_at == review.due_at + 5 * HOUR
    assert tick(now=NOW + DAY + 6 * HOUR) == Counts()
    assert_invariants()


def test_extended_plan_pauses_until_its_new_end(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    sync = plan(cast, "data_sync", start=NOW + DAY, days=1)
    tick(now=NOW + DAY)
    move_end(
        plan=sync,
        planned_end=NOW + 5 * DAY,
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW + DAY + HOUR,
        reason="",
    )
    tick(now=NOW + 2 * DAY)
    assert len(pauses_of(review)) == 1
    tick(now=NOW + 5 * DAY)
    assert fresh(review).due_at == review.due_at + 4 * DAY
    assert_invariants()


def test_plan_extended_after_its_end_but_before_the_late_tick_leaves_no_gap(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    sync = plan(cast, "data_sync", start=NOW, days=1)
    tick(now=NOW)
    # No tick runs for a while; somebody looks at the company and finds the plan over.
    settle_clocks(now=NOW + DAY + HOUR, actor=Actor.engine(), company_id=cast.clinic.pk)
    assert ReviewPause.objects.get().ended_at == NOW + DAY
    move_end(
        plan=sync,
        planned_end=NOW + 2 * DAY,
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW + DAY + 6 * HOUR,
        reason="延期",
    )
    tick(now=NOW + DAY + 7 * HOUR)
    assert ReviewPause.objects.filter(ended_at=None).count() == 1
    tick(now=NOW + 2 * DAY)
    assert fresh(review).due_at == review.due_at + 2 * DAY
    spans = ReviewPause.objects.order_by("started_at").values_list("started_at", "ended_at")
    assert list(spans) == [(NOW, NOW + DAY), (NOW + DAY, NOW + 2 * DAY)]
    assert_invariants()


def test_review_withdrawn_while_the_engine_is_ahead_of_the_clock_has_no_pause_that_ends_before_it_began(
    cast: Cast,
) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    plan(cast, "data_sync", start=NOW + DAY, days=1)
    tick(now=NOW + DAY)
    desk.cancel(subject="paper", subject_id=review.subject_id, actor=Actor.engine(), now=NOW + HOUR, reason="")
    pause = ReviewPause.objects.get()
    assert (pause.ended_at, pause.is_counted) == (pause.started_at, True)


def test_company_in_new_york_that_leaves_the_industry_is_paused_until_then(cast: Cast) -> None:
    company = make_company("纽约诊所", time_zone="America/New_York")
    review = open_one(company, ReviewKind.MATERIAL)
    plan(cast, "standard_overhaul", start=NOW + DAY, days=10, scope="industry", industry=company.industry)
    tick(now=NOW + DAY)
    assert len(pauses_of(review)) == 1
    Company.objects.filter(pk=company.pk).update(industry=Industry.objects.get(code="education"))
    tick(now=NOW + 3 * DAY)
    assert pauses_of(review) == []
    assert fresh(review).due_at == review.due_at + 2 * DAY
    tick(now=NOW + 11 * DAY)
    assert fresh(review).due_at == review.due_at + 2 * DAY


@pytest.mark.parametrize(
    ("start", "hours_on_the_clock"),
    [
        # Clocks go forward at 07:00 UTC on 14 March 2027, and back at 06:00 UTC on 7 November 2027.
        (dt.datetime(2027, 3, 12, 15, tzinfo=dt.UTC), 3 * 24 + 1),
        (dt.datetime(2027, 11, 5, 15, tzinfo=dt.UTC), 3 * 24 - 1),
    ],
)
def test_pause_over_the_change_of_time_in_new_york_moves_the_due_time_by_its_true_length(
    cast: Cast, start: dt.datetime, hours_on_the_clock: int
) -> None:
    """R5: three days of standstill are 72 hours, whatever the clock on the wall says at their two ends."""
    company = make_company("Harbour Clinic", time_zone="America/New_York")
    tick(now=start - DAY)
    review = open_one(company, ReviewKind.NUMBER_CHANGE, at=start - HOUR)
    sync = plan(cast, "data_sync", start=start, days=3, now=start - HOUR)
    tick(now=start)
    assert [pause.started_at for pause in pauses_of(review)] == [start]
    for hour in range(1, 3 * 24, 5):  # also in the hour that is skipped, or there twice
        assert tick(now=start + hour * HOUR).extended == 0
    assert tick(now=start + 3 * DAY).extended == 1
    assert tick(now=start + 3 * DAY) == Counts()
    after = fresh(review)
    assert after.due_at == review.due_at + 72 * HOUR
    row = DueTimeExtension.objects.get(review=review)
    assert (row.maintenance, row.paused_from, row.paused_until) == (sync, start, start + 3 * DAY)
    on_the_wall = [moment.astimezone(company.zone).replace(tzinfo=None) for moment in (start, start + 3 * DAY)]
    assert on_the_wall[1] - on_the_wall[0] == hours_on_the_clock * HOUR
    assert tick(now=after.due_at - SECOND).overdue == 0
    assert tick(now=after.due_at + SECOND).overdue == 1
    assert_invariants()


def test_pause_over_29_february_counts_that_day(cast: Cast) -> None:
    """R5: a material handed in on 25 February of a leap year is due five days later, on 1 March; a pause adds its days."""
    opened = dt.datetime(2028, 2, 25, 2, tzinfo=dt.UTC)
    tick(now=opened - HOUR)
    review = open_one(cast.clinic, ReviewKind.MATERIAL, at=opened)
    assert cast.clinic.today(review.due_at - SECOND) == dt.date(2028, 3, 1)
    plan(
        cast,
        "standard_overhaul",
        start=opened + DAY,
        days=4,
        now=opened,
        scope="industry",
        industry=cast.clinic.industry,
    )
    tick(now=opened + DAY)
    assert tick(now=dt.datetime(2028, 2, 29, 12, tzinfo=dt.UTC)).overdue == 0
    tick(now=opened + 5 * DAY)
    assert cast.clinic.today(fresh(review).due_at - SECOND) == dt.date(2028, 3, 5)
    assert fresh(review).due_at == review.due_at + 4 * DAY
    assert_invariants()


def test_provider_maintenance_concerns_companies_with_a_number_there(cast: Cast) -> None:
    company = make_company("另一家")
    number = make_number(company, provider="official")
    plan(cast, "data_sync", start=NOW, days=1, scope="provider", provider=number.provider)
    tick(now=NOW)
    inside = open_one(company, ReviewKind.NUMBER_CHANGE)
    outside = open_one(make_company("没有号码"), ReviewKind.NUMBER_CHANGE)
    assert (len(pauses_of(inside)), pauses_of(outside)) == (1, [])


def test_catalogue_edit_acts_for_maintenance_planned_afterwards_only(cast: Cast) -> None:
    review, change = open_one(cast.clinic), open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    plan(cast, "model_upgrade", start=NOW, days=2)
    tick(now=NOW)
    MaintenanceCause.objects.filter(code="model_upgrade").update(review_time_factor=2, defers=["number_change"])
    assert tick(now=NOW + DAY) == Counts()
    later = open_one(cast.clinic)
    assert later.due_at == fresh(review).due_at
    assert pauses_of(change) == []
    tick(now=NOW + 2 * DAY)
    once = fresh(review).due_at
    plan(cast, "model_upgrade", start=NOW + 2 * DAY, days=1, now=NOW + 2 * DAY)
    tick(now=NOW + 2 * DAY)
    assert fresh(review).due_at == NOW + (once - NOW) * 2
    assert len(pauses_of(change)) == 1


def test_wait_for_a_document_and_a_maintenance_at_once_count_once(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    ReviewPause.objects.create(review=review, started_at=NOW, ended_at=NOW + 2 * DAY, reason="pending_maintenance")
    plan(cast, "data_sync", start=NOW + DAY, days=3)
    tick(now=NOW + DAY)
    tick(now=NOW + 4 * DAY)
    assert fresh(review).due_at == review.due_at + 4 * DAY


def test_database_counts_pauses_as_the_pure_function_does(cast: Cast) -> None:
    """Thirty reviews with random pauses that overlap, touch, lie within each other, or begin after the due time."""
    chance = random.Random(7)
    expected = {}
    for _ in range(30):
        review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
        hours = [sorted(chance.sample(range(400), 2)) for _ in range(chance.randint(1, 8))]
        pauses = [(NOW + start * HOUR, NOW + end * HOUR) for start, end in hours]
        for start, end in pauses:
            ReviewPause.objects.create(review=review, started_at=start, ended_at=end, reason="pending_maintenance")
        expected[review.pk] = resumed(review.due_at, pauses)
    first = settle_clocks(now=NOW + 400 * HOUR, actor=Actor.engine())
    assert settle_clocks(now=NOW + 400 * HOUR, actor=Actor.engine()) == ClockCounts()
    assert dict(Review.objects.values_list("pk", "due_at")) == expected
    assert first.extended == Review.objects.filter(extensions__isnull=False).distinct().count() > 20
    assert_invariants()


def test_withdrawn_review_has_no_clock_left(cast: Cast) -> None:
    review = open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    plan(cast, "data_sync", start=NOW, days=1)
    tick(now=NOW)
    desk.cancel(subject="paper", subject_id=review.subject_id, actor=Actor.engine(), now=NOW + HOUR, reason="")
    tick(now=NOW + DAY)
    pause = ReviewPause.objects.get()
    assert (pause.ended_at, pause.is_counted, fresh(review).due_at) == (NOW + HOUR, True, review.due_at)
    assert_invariants()


def used(now: dt.datetime) -> tuple[int, Counts]:
    with CaptureQueriesContext(connection) as statements:
        counts = tick(now=now)
    return len(statements), counts


def test_statements_do_not_grow_with_the_reviews(cast: Cast) -> None:
    wake_delivery()
    seen = []
    for round_, count in enumerate((5, 50)):
        start = NOW + 40 * round_ * DAY
        company = make_company(f"许多{count}")
        for _ in range(count):
            open_one(company, at=start)
            open_one(company, ReviewKind.NUMBER_CHANGE, at=start)
        for code in ("model_upgrade", "data_sync"):
            plan(cast, code, start=start, days=1, now=start, scope="company", company=company)
        begun, counts = used(start)
        assert (counts.paused, counts.extended) == (count, count)
        running, _ = used(start + HOUR)
        assert running <= 15
        over, counts = used(start + DAY)
        assert (counts.unpaused, counts.extended) == (count, count)
        idle, _ = used(start + DAY + HOUR)
        assert idle <= 15
        seen.append((begun, running, over, idle))
        Review.objects.update(state="cancelled")
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("language", "texts"),
    [
        ("zh-hans", ("此审核的计时已暂停", "完成期限为何推后", "审核用时为平时的 1.5 倍")),
        ("en", ("The clock of this review stands still", "Why the due time moved", "reviews take 1.5 times as long")),
    ],
)
def test_company_and_staff_read_why_the_clock_stands_still_and_why_it_moved(
    cast: Cast, client: Client, language: str, texts: tuple[str, ...]
) -> None:
    application = make_submitted(cast)
    MaintenanceCause.objects.filter(code="data_sync").update(defers=["application"])
    for code in ("model_upgrade", "data_sync"):
        plan(cast, code, start=NOW, days=3)
    tick(now=NOW)
    review = review_of(application)
    for user, url in (
        (cast.owner, reverse("applications:detail", args=[application.ref])),
        (cast.reviewer, reverse("reviews:case", args=[review.ref])),
    ):
        client.force_login(user)
        page = client.get(url, headers={"accept-language": language}).content.decode()
        assert [text for text in texts if text not in page] == []


def test_deferred_number_change_cannot_be_decided_by_anybody(cast: Cast) -> None:
    application = make_submitted(
        cast, list(PhoneNumber.objects.filter(company=cast.clinic)[:1]), kind=ApplicationKind.CHANGE
    )
    sync = plan(cast, "data_sync", start=NOW, days=1)
    tick(now=NOW)
    review = review_of(application)
    actor = Actor.person(cast.reviewer)
    desk.claim(review=review, reviewer=cast.reviewer, actor=actor, now=NOW)
    with pytest.raises(desk.Deferred) as refused:
        desk.decide(review=review, reviewer=cast.reviewer, decision="approved", text="好", actor=actor, now=NOW)  # type: ignore[arg-type]
    assert refused.value.maintenance == sync
