"""What time does: reconcile at local midnights, held and lapsed applications, overdue reviews, terms, statements per tick."""

from __future__ import annotations

import datetime as dt

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.companies import Industry
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice, wake_delivery
from certification.applications.lifecycle import move
from certification.applications.models import Application, ApplicationNumber, ApplicationState
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import Material, MaterialKind, Requirement
from certification.numbers.models import PhoneNumber
from certification.reviews.desk import claim, open_review
from certification.reviews.models import Review, ReviewKind, ReviewPause
from tests.cast import NOW, Cast, add_member, make_company, make_material, make_number
from tests.certification.maintenance.worlds import World, approve
from tests.invariants import assert_invariants

SECOND = dt.timedelta(seconds=1)
HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("zone", "last_day", "midnight"),
    [
        ("Asia/Shanghai", "2026-11-30", "2026-11-30T16:00+00:00"),
        ("America/New_York", "2026-11-30", "2026-12-01T05:00+00:00"),
        ("America/New_York", "2027-03-13", "2027-03-14T05:00+00:00"),  # the day before the change to summer time
        ("America/New_York", "2027-03-14", "2027-03-15T04:00+00:00"),  # the day of the change
        ("America/New_York", "2027-11-07", "2027-11-08T05:00+00:00"),  # and of the change back
        ("Asia/Shanghai", "2028-02-29", "2028-02-29T16:00+00:00"),
        ("America/New_York", "2028-02-29", "2028-03-01T05:00+00:00"),
    ],
)
def test_licence_stops_at_local_midnight_after_its_last_day(zone: str, last_day: str, midnight: str) -> None:
    stops = dt.datetime.fromisoformat(midnight)
    world = World.begin(now=NOW, zones=(zone,))
    company, owner = world.companies[0], world.owners[0]
    approve(company, "medical_practice_licence", now=NOW, expires_on=dt.date.fromisoformat(last_day), by=owner)
    assert tick(now=stops - SECOND).opened == 0
    assert tick(now=stops).opened == 1
    assert Maintenance.objects.get().held_since == stops
    assert_invariants()


def require(cast: Cast, *, days: int, **fields: object) -> Requirement:
    """A requirement of the clinic's industry from a day on."""
    values: dict[str, object] = {
        "kind": MaterialKind.objects.get(code="radiology_licence"),
        "industry": Industry.objects.get(code="medical"),
        "effective_from": NOW.date() + days * DAY,
        "announced_at": NOW,
        "cause": MaintenanceCause.objects.get(code="temporary_policy"),
    }
    return Requirement.objects.create(**{**values, **fields})


def test_requirement_opens_its_own_cause_when_it_takes_effect_and_closes_when_withdrawn(cast: Cast) -> None:
    requirement = require(cast, days=2)
    takes_effect = dt.datetime(2026, 11, 26, 16, tzinfo=dt.UTC)
    assert tick(now=takes_effect - SECOND).opened == 0
    assert tick(now=takes_effect).opened == 1
    row = Maintenance.objects.get()
    assert (row.cause.code, row.company, row.requirement, row.held_since) == (
        "temporary_policy",
        cast.clinic,
        requirement,
        takes_effect,
    )
    assert (row.expected_from, row.expected_until) == (takes_effect + 5 * DAY, takes_effect + 8 * DAY)
    Requirement.objects.filter(pk=requirement.pk).update(withdrawn_at=takes_effect + HOUR)
    assert tick(now=takes_effect + HOUR).closed == 1
    assert_invariants()


def test_requirement_without_a_cause_of_its_own_opens_all_the_same(cast: Cast) -> None:
    require(cast, days=0, cause=None)
    assert tick(now=NOW).opened == 1
    assert Maintenance.objects.get().cause.opened_by == "requirement"


def test_material_that_ran_out_and_one_that_never_existed_have_different_causes(cast: Cast) -> None:
    require(cast, days=-1)
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=NOW.date() - 9 * DAY
    )
    assert tick(now=NOW).opened == 2
    held = {
        row.requirement.kind.code: (row.cause.code, row.held_since)
        for row in Maintenance.objects.all()
        if row.requirement
    }
    assert held == {
        "radiology_licence": ("temporary_policy", NOW),  # announced at this moment only
        "medical_practice_licence": ("material_expired", dt.datetime(2026, 11, 16, 16, tzinfo=dt.UTC)),
    }


def test_approval_while_the_engine_is_ahead_of_the_clock_closes_at_the_engines_moment(cast: Cast) -> None:
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=NOW.date() + 5 * DAY
    )
    ahead = NOW + 30 * DAY
    assert tick(now=ahead).opened == 1
    make_material(cast.clinic, "medical_practice_licence", by=cast.owner)
    done = reconcile_requirements(now=NOW + HOUR, actor=Actor.engine(), company_id=cast.clinic.pk)
    assert (done.opened, done.closed) == (0, 1)
    assert Maintenance.objects.get().closed_at == ahead


def test_clock_that_jumps_back_an_hour_undoes_nothing(cast: Cast) -> None:
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=NOW.date()
    )
    midnight = dt.datetime(2026, 11, 25, 16, tzinfo=dt.UTC)
    assert tick(now=midnight).opened == 1
    assert tick(now=midnight - HOUR) == Counts()
    assert tick(now=midnight + SECOND) == Counts()


def telemarketer(cast: Cast, *, submitted_at: dt.datetime) -> tuple[Application, PhoneNumber]:
    """An application of a telemarketing company that lacks its complaint handling process, with its review."""
    company = make_company("电销公司", industry="telemarketing")
    for kind in ("business_licence", "legal_representative_id"):
        make_material(company, kind, by=cast.stranger)
    number = make_number(company, lifecycle="draft")
    application = Application.objects.create(
        company=company, kind="new", state_since=submitted_at, created_at=submitted_at, created_by=cast.stranger
    )
    ApplicationNumber.objects.create(application=application, number=number)
    actor = Actor.person(cast.stranger)
    move(
        application=application, to=ApplicationState.SUBMITTED, actor=actor, now=submitted_at, submitted_at=submitted_at
    )
    open_review(
        kind=ReviewKind.APPLICATION,
        company=company,
        subject="application",
        subject_id=application.pk,
        submitted_by_id=cast.stranger.pk,
        actor=actor,
        now=submitted_at,
    )
    return application, number


def test_application_waits_goes_on_and_its_review_is_due_later_by_the_wait(cast: Cast) -> None:
    application, number = telemarketer(cast, submitted_at=NOW)
    due = Review.objects.get().due_at
    held = tick(now=NOW)
    assert (held.held, held.lapsed) == (1, 0)
    application.refresh_from_db()
    number.refresh_from_db()
    assert (application.state, number.lifecycle, application.waits_until) == (
        "pending_maintenance",
        "pending_maintenance",
        NOW + 15 * DAY,
    )
    assert tick(now=NOW) == Counts()
    assert tick(now=NOW + 14 * DAY).overdue == 0  # the clock stands still
    make_material(application.company, "complaint_handling_process", by=cast.stranger)
    went_on = reconcile_requirements(now=NOW + 14 * DAY, actor=Actor.engine(), company_id=application.company_id)
    assert went_on.resumed == 1
    application.refresh_from_db()
    number.refresh_from_db()
    assert (application.state, number.lifecycle, application.waits_until) == ("in_review", "in_review", None)
    assert Review.objects.get().due_at == due + 14 * DAY
    assert_invariants()


@pytest.mark.parametrize("ticks", [[0, 15], [15], [16]])
def test_application_that_waited_fifteen_days_lapses_however_often_the_engine_ran(cast: Cast, ticks: list[int]) -> None:
    application, number = telemarketer(cast, submitted_at=NOW)
    for days in ticks:
        tick(now=NOW + days * DAY)
    application.refresh_from_db()
    number.refresh_from_db()
    assert (application.state, number.lifecycle) == ("lapsed", "lapsed")
    assert (Review.objects.get().state, ReviewPause.objects.filter(ended_at=None).count()) == ("cancelled", 0)
    assert Notice.objects.filter(kind="application_lapsed", recipient=cast.stranger).count() == 0  # not its member
    assert_invariants()


def warned() -> list[int]:
    """How many days before the lapse the company was warned, in order."""
    return [notice.context["days_left"] for notice in Notice.objects.filter(kind="application_lapses").order_by("pk")]


def test_waiting_application_is_warned_of_seven_three_and_one_days_before_it_lapses(cast: Cast) -> None:
    application, _number = telemarketer(cast, submitted_at=NOW)
    owner = add_member(application.company, cast.policy)
    tick(now=NOW)
    for days in range(1, 16):
        tick(now=NOW + days * DAY)
        assert tick(now=NOW + days * DAY) == Counts()
    assert warned() == [7, 3, 1]
    assert Notice.objects.filter(kind="application_lapsed", recipient=owner).count() == 1
    assert_invariants()


def test_of_missed_warnings_only_the_latest_speaks_and_none_when_the_document_came(cast: Cast) -> None:
    application, _number = telemarketer(cast, submitted_at=NOW)
    add_member(application.company, cast.policy)
    tick(now=NOW)
    tick(now=NOW + 12.5 * DAY)
    assert warned() == [3]
    make_material(application.company, "complaint_handling_process", by=cast.stranger)
    reconcile_requirements(now=NOW + 13 * DAY, actor=Actor.engine(), company_id=application.company_id)
    tick(now=NOW + 14.5 * DAY)
    assert warned() == [3]


def test_wait_that_is_noticed_late_is_warned_of_by_the_steps_that_are_left(cast: Cast) -> None:
    application, _number = telemarketer(cast, submitted_at=NOW)
    add_member(application.company, cast.policy)
    tick(now=NOW + 10 * DAY)
    held = Notice.objects.filter(kind="application_held").count()
    tick(now=NOW + 12 * DAY)
    assert (held, warned()) == (1, [3])


def test_overdue_review_with_an_idle_claim_is_marked_and_released_by_one_tick(cast: Cast) -> None:
    review = open_review(
        kind=ReviewKind.MATERIAL,
        company=cast.clinic,
        subject="material",
        subject_id=Material.objects.filter(company=cast.clinic).latest("pk").pk,
        submitted_by_id=cast.owner.pk,
        actor=Actor.engine(),
        now=NOW,
    )
    claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=NOW)
    assert tick(now=NOW + dt.timedelta(minutes=30)).released == 0
    assert tick(now=review.due_at - SECOND).released == 1
    claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=review.due_at - 2 * HOUR)
    late = review.due_at
    counts = tick(now=late)
    assert (counts.overdue, counts.released, counts.sent) == (1, 1, 3)  # owner, admin, lead reviewer
    assert tick(now=late) == Counts()
    review.refresh_from_db()
    assert (review.overdue_since, review.claimed_by) == (late, None)


def test_term_ends_once_at_its_moment(cast: Cast) -> None:
    ends = cast.numbers[0].term_ends_at
    assert ends is not None
    assert tick(now=ends - SECOND).expired == 0
    counts = tick(now=ends)
    assert (counts.expired, counts.sent) == (5, 2)
    assert tick(now=ends) == Counts()
    assert JournalEntry.objects.filter(subject="number", after="expired").count() == 5
    assert_invariants()


@pytest.mark.django_db
def test_statements_of_a_tick_do_not_grow_with_the_work() -> None:
    wake_delivery()  # asked for once per transaction, and a test is one
    used = []
    for companies in (5, 50):
        now = NOW + companies * DAY
        world = World.begin(now=now, zones=("Asia/Shanghai",) * companies, prefix=f"size{companies}-", numbers=1)
        tick(now=now)
        for company, owner in zip(world.companies, world.owners, strict=True):
            approve(company, "medical_practice_licence", now=now, expires_on=now.date() + 7 * DAY, by=owner)
        with CaptureQueriesContext(connection) as reminded:
            assert tick(now=now + HOUR).sent == companies
        with CaptureQueriesContext(connection) as expired:
            assert tick(now=now + 9 * DAY).opened == companies
        with CaptureQueriesContext(connection) as idle:
            assert tick(now=now + 9 * DAY) == Counts()
        used.append((len(reminded), len(expired)))
        assert len(idle) <= 15
    assert used[0] == used[1]
