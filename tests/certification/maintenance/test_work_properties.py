"""People at work while the engine runs, as hypothesis shakes them: papers, applications that wait, reviews, plans that move and overrun."""

from __future__ import annotations

import datetime as dt
import uuid
from contextlib import suppress

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from accounts.access import StaffRole
from accounts.companies import Industry
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.applications.drafts import create_draft
from certification.applications.lifecycle import NumberTaken, TransitionRefused
from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.applications.submission import Blocked, submit, withdraw
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.maintenance.plan_drafts import PlanDraft, PlanRefused
from certification.maintenance.plans import (
    PlanMovedOn,
    cancel_plan,
    create_plan,
    end_plan,
    move_end,
)
from certification.materials import rules
from certification.materials.models import MaterialKind, Requirement, RequirementMoment, StagedFile
from certification.materials.versions import submit_version
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState
from certification.reviews.subjects import DecisionRefused
from tests.cast import NOW, make_number, make_staff
from tests.certification.maintenance.worlds import KINDS, World
from tests.invariants import assert_invariants

pytestmark = [pytest.mark.django_db, pytest.mark.slow]
ZONES = ("Asia/Shanghai", "America/New_York")
#: Two that plans open (one grows due times, one defers), and one that stops a whole industry's reviews.
CAUSES = ("data_sync", "model_upgrade", "standard_overhaul")
#: What the policy staff ask for in the course of a run.
ASKED = "radiology_licence"
LIMITS = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=list(HealthCheck),
    derandomize=True,
)


class Work(RuleBasedStateMachine):
    """Two companies, a reviewer and two planners; every act is the portal's own, at any moment, between ticks or not."""

    @initialize(code=st.sampled_from(CAUSES), by_plan=st.booleans(), days=st.integers(1, 4))
    def begin(self, code: str, by_plan: bool, days: int) -> None:
        """Cases are open, a plan begins soon, and a paper is asked for that applications will wait for."""
        self.atomic = transaction.atomic()
        self.atomic.__enter__()
        self.now = NOW
        self.world = World.begin(now=self.now, zones=ZONES)
        self.reviewer = make_staff("reviewer", StaffRole.REVIEWER)
        self.planners = [make_staff("operations", StaffRole.OPERATIONS), make_staff("policy", StaffRole.POLICY)]
        self.engine_runs()
        for which in (0, 1):
            self.company_applies(which)
        self.plan_is_made(code=code, scope=Scope.EVERYTHING, start=2, length=30, by_plan=by_plan)
        self.paper_is_asked_for(days=days, holds=True)

    def teardown(self) -> None:
        if hasattr(self, "atomic"):
            transaction.set_rollback(True)
            self.atomic.__exit__(None, None, None)

    # --- Time -----------------------------------------------------------------------------------------------------

    @rule(hours=st.sampled_from([1, 9, 30, 24 * 6, 24 * 16]), ticks=st.booleans())
    def time_passes(self, hours: int, ticks: bool) -> None:
        self.now += dt.timedelta(hours=hours)
        if ticks:
            self.engine_runs()

    def engine_runs(self) -> None:
        """A tick, once more at the same moment, and a minute later people go on."""
        tick(now=self.now)
        before = (JournalEntry.objects.count(), Notice.objects.count())
        assert tick(now=self.now) == Counts()  # I4
        assert (JournalEntry.objects.count(), Notice.objects.count()) == before
        self.now += dt.timedelta(minutes=1)

    # --- Papers ---------------------------------------------------------------------------------------------------

    @rule(
        which=st.integers(0, 1),
        kind=st.sampled_from((*KINDS, ASKED)),
        days=st.none() | st.integers(1, 20),
        later=st.booleans(),
    )
    def paper_is_handed_in(self, which: int, kind: str, days: int | None, later: bool) -> None:
        company, owner = self.world.companies[which], self.world.owners[which]
        row = MaterialKind.objects.get(code=kind)
        issued_on = company.today(self.now) + dt.timedelta(days=3) if later else None
        days = days if days is not None or row.may_be_long_term else 20
        file = StagedFile.objects.create(
            company=company,
            uploaded_by=owner,
            uploaded_at=self.now,
            storage_name=f"{uuid.uuid4()}.png",
            original_name="document.png",
            content_type="image/png",
            size=1000,
            sha256="0" * 64,
        )
        submit_version(
            company=company,
            kind=row,
            files=[file],
            actor=Actor.person(owner),
            now=self.now,
            issued_on=issued_on,
            expires_on=None if days is None else company.today(self.now) + dt.timedelta(days=3 + days),
            is_long_term=days is None,
            holder_name=company.name,
        )

    @rule(days=st.integers(0, 10), holds=st.booleans())
    def paper_is_asked_for(self, days: int, holds: bool) -> None:
        with suppress(rules.AnnouncedAlready):
            rules.announce(
                kind=MaterialKind.objects.get(code=ASKED),
                industry=None,
                company_kinds=[],
                moment=RequirementMoment.ALWAYS,
                cause=None,
                effective_from=self.now.date() + dt.timedelta(days=days),
                actor=Actor.person(self.planners[1]),
                now=self.now,
                holds_applications=holds,
                notice_zh="根据监管要求补充材料。",
                notice_en="The regulator asks for a further document.",
            )

    @rule()
    def paper_is_asked_for_no_more(self) -> None:
        asked = Requirement.objects.filter(kind__code=ASKED, withdrawn_at=None).first()
        if asked is not None:
            rules.withdraw_requirement(
                requirement=asked, actor=Actor.person(self.planners[1]), now=self.now, reason="政策调整"
            )

    # --- Applications ---------------------------------------------------------------------------------------------

    @rule(which=st.integers(0, 1))
    def company_applies(self, which: int) -> None:
        company, owner = self.world.companies[which], self.world.owners[which]
        number = make_number(company, lifecycle=Lifecycle.DRAFT)
        application = create_draft(
            company=company,
            kind=ApplicationKind.NEW,
            numbers=PhoneNumber.objects.filter(pk=number.pk),
            creation_key=uuid.uuid4(),
            by=owner,
            actor=Actor.person(owner),
            now=self.now,
        )
        Application.objects.filter(pk=application.pk).update(
            purpose="提醒已预约的患者按时就诊，仅限工作日白天。",
            sample_script="您好，提醒您明天就诊。",
            applicant_is_agent=False,
        )
        with suppress(Blocked):
            submit(application=application, by=owner, actor=Actor.person(owner), now=self.now)

    @rule(which=st.integers(0, 1), gives_up=st.booleans())
    def returned_application_goes_on(self, which: int, gives_up: bool) -> None:
        company, owner = self.world.companies[which], self.world.owners[which]
        application = Application.objects.filter(company=company, state=ApplicationState.RETURNED).first()
        if application is None:
            return
        if gives_up:
            withdraw(application=application, actor=Actor.person(owner), now=self.now)
            return
        Application.objects.filter(pk=application.pk).update(
            purpose=f"回访服务质量，{self.now:%Y%m%d%H}，不用于营销推广。"
        )
        with suppress(Blocked, NumberTaken, TransitionRefused):
            submit(application=application, by=owner, actor=Actor.person(owner), now=self.now)

    # --- The desk -------------------------------------------------------------------------------------------------

    @rule(place=st.integers(0, 5), decision=st.sampled_from([Decision.APPROVED, Decision.RETURNED, Decision.REJECTED]))
    def case_is_decided(self, place: int, decision: Decision) -> None:
        cases = Review.objects.filter(state=ReviewState.OPEN).select_related("company").order_by("pk")
        if not (count := cases.count()):
            return
        review, actor = cases[place % count], Actor.person(self.reviewer)
        desk.claim(review=review, reviewer=self.reviewer, actor=actor, now=self.now)
        items = [] if decision == Decision.APPROVED else [ReviewItem(item="field", item_name="purpose", text="请写明")]
        with suppress(desk.Deferred, DecisionRefused), transaction.atomic():
            desk.decide(
                review=review,
                reviewer=self.reviewer,
                decision=decision,
                text="请见各项说明",
                items=items,
                actor=actor,
                now=self.now,
            )

    # --- Plans ----------------------------------------------------------------------------------------------------

    @rule(
        code=st.sampled_from(CAUSES),
        scope=st.sampled_from([Scope.EVERYTHING, Scope.PROVIDER, Scope.INDUSTRY, Scope.COMPANY]),
        start=st.integers(0, 60),
        length=st.integers(1, 100),
        by_plan=st.booleans(),
    )
    def plan_is_made(self, code: str, scope: Scope, start: int, length: int, by_plan: bool) -> None:
        begins = self.now + dt.timedelta(hours=start)
        draft = PlanDraft(
            cause=MaintenanceCause.objects.get(code=code),
            scope=scope,
            planned_start=begins,
            planned_end=begins + dt.timedelta(hours=length),
            ends_by_plan=by_plan,
            provider=Provider.objects.get(code="official") if scope == Scope.PROVIDER else None,
            industry=Industry.objects.get(code="medical") if scope == Scope.INDUSTRY else None,
            company=self.world.companies[0] if scope == Scope.COMPANY else None,
        )
        planner = self.planners[code == "standard_overhaul"]
        with suppress(PlanRefused):
            create_plan(draft=draft, planner=planner, actor=Actor.person(planner), now=self.now)

    @rule(what=st.sampled_from(["cancel", "end", "move"]), hours=st.integers(-50, 100))
    def plan_is_changed(self, what: str, hours: int) -> None:
        plan = (
            Maintenance.objects.filter(planned_end__isnull=False, closed_at=None, cancelled_at=None)
            .order_by("-pk")
            .first()
        )
        if plan is None or plan.planned_end is None:
            return
        planner = self.planners[plan.cause.code == "standard_overhaul"]
        actor = Actor.person(planner)
        with suppress(PlanMovedOn, PlanRefused):
            if what == "cancel":
                cancel_plan(plan=plan, planner=planner, actor=actor, now=self.now, reason="另行安排")
            elif what == "end":
                end_plan(plan=plan, achieved_zh="", achieved_en="", planner=planner, actor=actor, now=self.now)
            else:
                end = plan.planned_end + dt.timedelta(hours=hours)
                move_end(plan=plan, planned_end=end, planner=planner, actor=actor, now=self.now, reason="进度有变")

    @invariant()
    def everything_holds(self) -> None:
        if hasattr(self, "world"):
            assert_invariants()


def test_work_and_engine_together_keep_every_invariant() -> None:
    run_state_machine_as_test(Work, settings=LIMITS)
