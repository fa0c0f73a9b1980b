"""The engine in a small world that hypothesis shakes: I1 to I8 after every step, and no outcome depends on missed ticks."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.db import transaction
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from accounts.access import StaffRole
from accounts.companies import Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor, JournalEntry, record
from accounts.notices import Notice
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plans import cancel_plan, end_plan
from certification.maintenance.status import statuses_of
from certification.materials.catalogue import save_row
from certification.materials.models import MaterialKind, Requirement
from certification.numbers.models import PhoneNumber, Provider
from certification.numbers.registry import add_number, release_number
from certification.numbers.shapes import ReadNumber, read_number
from tests.cast import NOW, make_staff
from tests.certification.maintenance.worlds import KINDS, World, approve, plan_row
from tests.invariants import assert_invariants

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ZONES = ("Asia/Shanghai", "America/New_York")
#: From just before the change to summer time in New York, over the end of February of a leap year.
STARTS = (NOW, dt.datetime(2027, 3, 13, 12, tzinfo=dt.UTC), dt.datetime(2028, 2, 27, 12, tzinfo=dt.UTC))
LIMITS = settings(
    max_examples=15,
    stateful_step_count=15,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


class Engine(RuleBasedStateMachine):
    """Time passes, ticks run or are missed, papers run out and are renewed, plans come and go."""

    @initialize(start=st.sampled_from(STARTS))
    def begin(self, start: dt.datetime) -> None:
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = start
        self.world = World.begin(now=start, zones=ZONES)
        self.planner = make_staff("planner", StaffRole.OPERATIONS)
        tick(now=self.now)
        self.settled = True
        self.shown: dict[dt.datetime, dict[int, str]] = {}

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    @rule(hours=st.sampled_from([1, 7, 24, 24 * 8]), ticks=st.booleans())
    def time_passes(self, hours: int, ticks: bool) -> None:
        self.shown[self.now] = statuses_of(PhoneNumber.objects.all(), at=self.now)
        self.now += dt.timedelta(hours=hours)
        self.settled = False
        if ticks:
            self.engine_runs()

    @rule()
    def engine_runs(self) -> None:
        tick(now=self.now)
        before = (JournalEntry.objects.count(), Notice.objects.count())
        assert tick(now=self.now) == Counts()  # I4
        assert (JournalEntry.objects.count(), Notice.objects.count()) == before
        self.settled = True

    @rule(hours=st.integers(1, 30))
    def clock_jumps_back(self, hours: int) -> None:
        present = statuses_of(PhoneNumber.objects.all())
        tick(now=self.now - dt.timedelta(hours=hours))
        if self.settled:
            assert statuses_of(PhoneNumber.objects.all()) == present

    @rule(which=st.integers(0, 1), kind=st.sampled_from(KINDS), days=st.none() | st.integers(0, 20))
    def version_is_approved(self, which: int, kind: str, days: int | None) -> None:
        company = self.world.companies[which]
        expires_on = None if days is None else company.today(self.now) + dt.timedelta(days=days)
        approve(company, kind, now=self.now, expires_on=expires_on, by=self.world.owners[which])

    @rule(days=st.integers(0, 15))
    def requirement_is_announced(self, days: int) -> None:
        Requirement.objects.create(
            kind=MaterialKind.objects.get(code="radiology_licence"),
            cause_id=None if days % 2 else Requirement.objects.exclude(cause=None).values_list("cause", flat=True)[0],
            effective_from=(self.now + dt.timedelta(days=days)).date(),
            announced_at=self.now,
        )
        self.settled = False

    @rule()
    def requirement_is_withdrawn(self) -> None:
        Requirement.objects.filter(kind__code="radiology_licence").update(withdrawn_at=self.now)
        self.settled = False

    @rule(
        start=st.integers(1, 60),
        length=st.integers(1, 60),
        by_plan=st.booleans(),
        code=st.sampled_from(["data_sync", "model_upgrade"]),
    )
    def plan_is_made(self, start: int, length: int, by_plan: bool, code: str) -> None:
        begins, ends = (self.now + dt.timedelta(hours=hours) for hours in (start, start + length))
        others = Maintenance.objects.filter(cause__code=code, closed_at=None, cancelled_at=None)
        if not others.filter(planned_start__lt=ends, planned_end__gt=begins).exists():
            plan_row(code=code, start=begins, end=ends, now=self.now, ends_by_plan=by_plan)

    @precondition(
        lambda self: Maintenance.objects.filter(planned_start__isnull=False, closed_at=None, cancelled_at=None).exists()
    )
    @rule()
    def plan_is_given_up(self) -> None:
        plan = Maintenance.objects.filter(planned_start__isnull=False, closed_at=None, cancelled_at=None).latest("pk")
        who: dict[str, Any] = {"planner": self.planner, "actor": Actor.engine(), "now": self.now}
        if plan.opened_at is None:
            cancel_plan(plan=plan, reason="", **who)
        else:
            end_plan(plan=plan, achieved_zh="", achieved_en="", **who)

    @rule(which=st.integers(0, 1), industry=st.sampled_from(["medical", "retail", "finance"]))
    def company_changes_its_industry(self, which: int, industry: str) -> None:
        company = self.world.companies[which]
        change_company_data(
            company=company,
            values={"industry": Industry.objects.get(code=industry)},
            actor=Actor.person(self.planner),
            now=self.now,
            by_staff=True,
        )
        self.settled = False

    @rule(which=st.integers(0, 3), provider=st.sampled_from(["official", "third_party"]))
    def number_changes_its_provider(self, which: int, provider: str) -> None:
        number = PhoneNumber.objects.order_by("pk")[which]
        wanted = Provider.objects.get(code=provider)
        if wanted.pk != number.provider_id and number.released_at is None:
            PhoneNumber.objects.filter(pk=number.pk).update(provider=wanted)
            record(
                at=self.now, actor=Actor.engine(), company_id=number.company_id, subject="number", subject_id=number.pk,
                aspect="provider", before=str(number.provider_id), after=str(wanted.pk),
            )  # fmt: skip

    @rule(which=st.integers(0, 3))
    def number_moves_to_the_other_company(self, which: int) -> None:
        number = PhoneNumber.objects.order_by("pk")[which]
        if number.released_at is None:
            release_number(number=number, actor=Actor.engine(), now=self.now, reason="sold")
            other = next(company for company in self.world.companies if company.pk != number.company_id)
            read = read_number(number.number)
            assert isinstance(read, ReadNumber)
            add_number(company=other, read=read, provider=number.provider, actor=Actor.engine(), now=self.now)

    @rule(code=st.sampled_from(["data_sync", "model_upgrade"]))
    def effects_are_edited(self, code: str) -> None:
        cause = MaintenanceCause.objects.get(code=code)
        cause.suspends_display = not cause.suspends_display
        save_row(row=cause, subject="cause", fields=["suspends_display"], actor=Actor.engine(), now=self.now)

    @invariant()
    def past_stays_as_it_was_shown(self) -> None:
        """I8, whatever was changed since."""
        for at, statuses in getattr(self, "shown", {}).items():
            assert statuses_of(PhoneNumber.objects.all(), at=at) == statuses

    @invariant()
    def everything_holds(self) -> None:
        if getattr(self, "settled", False):
            assert_invariants()


def test_engine_keeps_its_invariants_whatever_happens() -> None:
    run_state_machine_as_test(Engine, settings=LIMITS)


@settings(max_examples=6, deadline=None, suppress_health_check=list(HealthCheck), derandomize=True)
@given(
    lasts=st.lists(st.integers(0, 3), min_size=2, max_size=2),
    plans=st.lists(st.tuples(st.integers(0, 40), st.integers(1, 40), st.booleans()), max_size=3),
    start=st.sampled_from(STARTS),
)
def test_skipping_ticks_changes_no_outcome(
    lasts: list[int], plans: list[tuple[int, int, bool]], start: dt.datetime
) -> None:
    """I5: ticking every hour for four days and ticking once at their end lead to the same open maintenance and statuses."""
    outcomes = []
    for every in (dt.timedelta(hours=1), dt.timedelta(days=4)):
        with transaction.atomic():
            world = World.begin(now=start, zones=ZONES)
            for company, owner, days in zip(world.companies, world.owners, lasts, strict=True):
                expires_on = company.today(start) + dt.timedelta(days=days)
                approve(company, KINDS[1], now=start, expires_on=expires_on, by=owner)
            begins = start
            for offset, length, by_plan in plans:
                begins += dt.timedelta(hours=offset)
                ends = begins + dt.timedelta(hours=length)
                plan_row(code="data_sync", start=begins, end=ends, now=start, ends_by_plan=by_plan)
                begins = ends
            now = start
            while now < start + dt.timedelta(days=4):
                now += every
                tick(now=now)
            names = {number.pk: number.company.name for number in PhoneNumber.objects.select_related("company")}
            outcomes.append(
                (
                    sorted(
                        (row.cause.code, row.company.name if row.company else "", row.held_since, row.overrunning_since)
                        for row in Maintenance.objects.open_at().select_related("cause", "company")
                    ),
                    sorted((names[pk], status) for pk, status in statuses_of(PhoneNumber.objects.all()).items()),
                )
            )
            transaction.set_rollback(True)
    assert outcomes[0] == outcomes[1]
