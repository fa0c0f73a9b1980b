"""What the planners do: operations and policy plan maintenance, policy announces what is asked for and withdraws it."""

from __future__ import annotations

import datetime as dt
from functools import partial

from accounts.companies import Industry
from accounts.journal import Actor
from accounts.users import User
from accounts.working_days import CHINA
from certification.maintenance.models import Family, LengthUnit, Maintenance, MaintenanceCause, OpenedBy, Scope
from certification.maintenance.plan_drafts import PlanDraft, PlanRefused
from certification.maintenance.plans import (
    PlanMovedOn,
    cancel_plan,
    causes_for,
    create_plan,
    end_plan,
    move_end,
    post_update,
)
from certification.materials import rules
from certification.materials.models import MaterialKind, Requirement, RequirementMoment
from portal.simulation import companies
from portal.simulation.world import World

#: How long one unit of a cause's usual length is.
UNITS = {LengthUnit.HOURS: 1 / 24, LengthUnit.DAYS: 1.0, LengthUnit.WORKING_DAYS: 1.4}
#: Policy staff withdraw the oldest of their rules when there are more.
MOST_RULES = 6


# --- Plans -----------------------------------------------------------------------------------------------------------


def plan_something(world: World, planner: User) -> None:
    """Plan maintenance of one of the planner's causes, some time in the coming weeks."""
    cause = world.one_of(list(causes_for(planner).order_by("code")))
    if cause.family == Family.POLICY:
        scope = world.one_of((Scope.INDUSTRY, Scope.INDUSTRY, Scope.COMPANY))
    else:
        scope = world.one_of((Scope.PROVIDER, Scope.PROVIDER, Scope.PROVIDER, Scope.INDUSTRY, Scope.EVERYTHING))
    length = world.rng.uniform(cause.usual_from or 1, cause.usual_until or 4) * UNITS[LengthUnit(cause.usual_unit)]
    start = world.now + dt.timedelta(hours=round(world.one_of((0, 2, 24, 72, 240, 480)) + world.rng.uniform(0, 20)))
    draft = PlanDraft(
        cause=cause,
        scope=scope,
        planned_start=start,
        planned_end=start + dt.timedelta(days=max(length, 0.08)),
        ends_by_plan=world.chance(0.6),
        provider=world.one_of(world.providers) if scope == Scope.PROVIDER else None,
        industry=world.one_of(world.industries) if scope == Scope.INDUSTRY else None,
        company=world.tenant().company if scope == Scope.COMPANY else None,
    )
    save(world, planner, draft)


def weekly_window(world: World) -> None:
    """The routine window of the coming night, 02:00 to 05:00 in China."""
    cause = causes_for(world.staff.operations).order_by("usual_until", "code").filter(usual_unit="hours").first()
    if cause is None:
        return
    day = world.now.astimezone(CHINA).date() + dt.timedelta(days=1)
    start = dt.datetime.combine(day, dt.time(2), tzinfo=CHINA).astimezone(dt.UTC)
    everything = world.chance(0.3)
    draft = PlanDraft(
        cause=cause,
        scope=Scope.EVERYTHING if everything else Scope.PROVIDER,
        planned_start=start,
        planned_end=start + dt.timedelta(hours=3),
        provider=None if everything else world.one_of(world.providers),
    )
    save(world, world.staff.operations, draft)


def save(world: World, planner: User, draft: PlanDraft) -> None:
    """Save the plan and intend what becomes of it; sometimes another one is planned over it or right after it."""
    try:
        plan = create_plan(draft=draft, planner=planner, actor=Actor.person(planner), now=world.now)
    except PlanRefused as refusal:
        world.refused(refusal)
        return
    world.count("plans announced")
    lead = (draft.planned_start - world.now) / dt.timedelta(days=1)
    length = (draft.planned_end - draft.planned_start) / dt.timedelta(days=1)
    if world.chance(0.12):
        world.sometime(0, lead * 1.1, partial(cancel, world, planner, plan))
    if world.chance(0.2):
        world.sometime(0, lead + length, partial(move, world, planner, plan))
    if world.chance(0.15):
        world.sometime(lead, lead + length, partial(end, world, planner, plan))
    if world.chance(0.2):
        world.sometime(lead, lead + length, partial(tell, world, planner, plan))
    if not draft.ends_by_plan:
        overrun = max(0.0, world.rng.uniform(-0.5, 3))
        world.after(lead + length + overrun, partial(end, world, planner, plan))
    if world.chance(0.15):
        shift = world.one_of((0.5, 1.0))  # over it: refused; right after it: has to wait when this one overruns
        shifted = dt.timedelta(days=length * shift)
        another = PlanDraft(
            cause=draft.cause,
            scope=draft.scope,
            planned_start=draft.planned_start + shifted,
            planned_end=draft.planned_end + shifted,
            ends_by_plan=True,
            provider=draft.provider,
            industry=draft.industry,
            company=draft.company,
        )
        world.sometime(0, lead, partial(save, world, planner, another))


def cancel(world: World, planner: User, plan: Maintenance) -> None:
    """Give the plan up, unless it has started."""
    try:
        cancel_plan(plan=plan, planner=planner, actor=Actor.person(planner), now=world.now, reason="另行安排")
        world.count("plans cancelled")
    except PlanMovedOn as refusal:
        world.refused(refusal)


def move(world: World, planner: User, plan: Maintenance) -> None:
    """Extend the plan, or make it shorter."""
    plan.refresh_from_db()
    assert plan.planned_start is not None
    assert plan.planned_end is not None
    length = plan.planned_end - plan.planned_start
    try:
        move_end(
            plan=plan,
            planned_end=plan.planned_end + length * world.one_of((-0.4, 0.3, 0.6)),
            planner=planner,
            actor=Actor.person(planner),
            now=world.now,
            reason="进度有变",
        )
        world.count("plans moved")
    except (PlanMovedOn, PlanRefused) as refusal:
        world.refused(refusal)


def end(world: World, planner: User, plan: Maintenance) -> None:
    """End the maintenance by hand; what has not started yet, because ticks were missed, is ended later."""
    try:
        end_plan(
            plan=plan,
            achieved_zh="误标率 12% 降至 6%",
            achieved_en="False marks 12% to 6%",
            planner=planner,
            actor=Actor.person(planner),
            now=world.now,
        )
        world.count("plans ended by hand")
    except PlanMovedOn as refusal:
        world.refused(refusal)
        plan.refresh_from_db()
        if plan.cancelled_at is None:
            world.sometime(0.3, 1, partial(end, world, planner, plan))


def tell(world: World, planner: User, plan: Maintenance) -> None:
    """Post how it goes."""
    post_update(
        plan=plan,
        text_zh="进展顺利。",
        text_en="All is going well.",
        planner=planner,
        actor=Actor.person(planner),
        now=world.now,
    )
    world.count("updates posted")


# --- Rules -----------------------------------------------------------------------------------------------------------


def announce(world: World) -> None:
    """Ask an industry, rarely everybody, for a document from today on or from a day in the coming weeks."""
    policy = world.staff.policy
    kinds = [kind for kind in world.kinds.values() if not kind.names_numbers and not kind.is_identity_document]
    kind = world.one_of(kinds)
    industry = None if world.chance(0.02) else world.one_of(world.industries)
    day = world.now.astimezone(CHINA).date() + dt.timedelta(days=world.one_of((0, 3, 7, 14, 30, 60)))
    causes = MaintenanceCause.objects.filter(opened_by=OpenedBy.REQUIREMENT).order_by("code")
    try:
        requirement = rules.announce(
            kind=kind,
            industry=industry,
            company_kinds=world.one_of(([], [], ["enterprise"])),
            moment=RequirementMoment.ALWAYS,
            cause=world.one_of([None, *causes]),
            effective_from=day,
            actor=Actor.person(policy),
            now=world.now,
            holds_applications=world.chance(0.5),
            notice_zh="根据监管要求补充材料。",
            notice_en="The regulator asks for a further document.",
        )
    except rules.AnnouncedAlready as refusal:
        world.refused(refusal)
        return
    world.count("requirements announced")
    react(world, kind, industry, days=(day - world.now.astimezone(CHINA).date()).days)
    if world.chance(0.6):
        world.sometime(2, 90, partial(withdraw, world, requirement))


def react(world: World, kind: MaterialKind, industry: Industry | None, *, days: int) -> None:
    """The companies hand the document in, before the day or after it; some only when they find themselves stopped."""
    for tenant in world.tenants:
        if (industry is None or tenant.company.industry_id == industry.pk) and world.chance(0.7):
            world.sometime(0.2, days + 12, partial(supply_if_lacking, world, tenant.company.pk, kind))


def supply_if_lacking(world: World, company_id: int, kind: MaterialKind) -> None:
    """Hand the document in, where the rule still asks for it and it is not there."""
    tenant = world.by_company[company_id]
    if tenant.company.is_verified and kind in companies.lacking(world, tenant):
        companies.supply(world, tenant, kind)


def withdraw(world: World, requirement: Requirement) -> None:
    """The rule ends; what it stopped comes back with the next tick."""
    policy = Actor.person(world.staff.policy)
    if rules.withdraw_requirement(requirement=requirement, actor=policy, now=world.now, reason="政策调整"):
        world.count("requirements withdrawn")
