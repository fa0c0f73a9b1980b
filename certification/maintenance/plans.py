"""The one writer of planned maintenance, by people: announcing, moving, cancelling, ending, posting updates.

The engine starts and ends what was planned (`plan_steps`). Each change is journalled and told once to the companies
that it covers, as far as they can feel it.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts import journal
from accounts.access import Permission, staff_may
from accounts.companies import Company, Industry
from accounts.journal import Actor
from accounts.users import User
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.coverage import impact
from certification.maintenance.models import (
    Family,
    Maintenance,
    MaintenanceCause,
    MaintenanceQuerySet,
    MaintenanceUpdate,
    OpenedBy,
    Scope,
)
from certification.maintenance.plan_steps import tell_companies
from certification.numbers.models import Provider
from certification.reviews.clocks import settle_clocks

#: Who plans and ends what (domain section 9); causes of risk come from the engine and from reviews only.
PERMISSIONS: dict[str, Permission] = {
    Family.TECHNICAL: Permission.PLAN_TECHNICAL,
    Family.POLICY: Permission.EDIT_RULES,
}


class PlanRefused(Exception):
    """The plan cannot be as it is; `problems` says what to do, by field."""

    def __init__(self, problems: dict[str, str]) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


class PlanMovedOn(Exception):
    """Meanwhile the maintenance has started, ended or been cancelled, by the engine or somebody else."""


class NotTheirs(Exception):
    """The person's role does not plan maintenance of this family."""


@dataclass(frozen=True)
class PlanDraft:
    """What a person wants to plan."""

    cause: MaintenanceCause
    scope: str
    planned_start: dt.datetime
    planned_end: dt.datetime
    ends_by_plan: bool = True
    provider: Provider | None = None
    industry: Industry | None = None
    company: Company | None = None
    texts: dict[str, str] = field(default_factory=dict)  # title_zh, title_en, message_zh, message_en

    @property
    def keys(self) -> dict[str, int | None]:
        """What the scope names, and null for the rest."""
        keys = {Scope.PROVIDER: self.provider, Scope.INDUSTRY: self.industry, Scope.COMPANY: self.company}
        return {f"{name}_id": row.pk if row is not None and name == self.scope else None for name, row in keys.items()}


def causes_for(user: User) -> models.QuerySet[MaintenanceCause, MaintenanceCause]:
    """The causes that the person may plan: opened by a plan, or a policy's temporary response, of their family."""
    families = [family for family, permission in PERMISSIONS.items() if staff_may(user, permission)]
    return MaintenanceCause.objects.filter(
        models.Q(opened_by=OpenedBy.PLAN) | models.Q(family=Family.POLICY, opened_by=OpenedBy.REQUIREMENT),
        family__in=families,
    )


def may_plan(user: User, maintenance: Maintenance) -> bool:
    """Whether the person's role plans and ends maintenance of this family, and a person planned this one."""
    permission = PERMISSIONS.get(maintenance.cause.family)
    return maintenance.planned_start is not None and permission is not None and staff_may(user, permission)


def overlapping(*, draft: PlanDraft, other_than: int | None = None) -> MaintenanceQuerySet:
    """Plans of the same cause and scope, planned or running, whose window overlaps the draft's."""
    rows = Maintenance.objects.filter(
        cause=draft.cause,
        scope=draft.scope,
        planned_start__lt=draft.planned_end,
        planned_end__gt=draft.planned_start,
        closed_at__isnull=True,
        cancelled_at__isnull=True,
        **draft.keys,
    )
    return rows.exclude(pk=other_than) if other_than is not None else rows


def beside(*, draft: PlanDraft) -> MaintenanceQuerySet:
    """Every other plan in the window that could meet the same companies, whatever its cause."""
    rows = Maintenance.objects.filter(
        planned_start__lt=draft.planned_end,
        planned_end__gt=draft.planned_start,
        closed_at__isnull=True,
        cancelled_at__isnull=True,
    ).select_related("cause", "provider", "industry", "company")
    if draft.scope == Scope.EVERYTHING:
        return rows.order_by("planned_start", "pk")
    key = {name: value for name, value in draft.keys.items() if value is not None}
    return rows.filter(models.Q(scope=Scope.EVERYTHING) | models.Q(**key)).order_by("planned_start", "pk")


def problems_of(*, draft: PlanDraft, now: dt.datetime, other_than: int | None = None) -> dict[str, str]:
    """What is wrong with the draft, by field, in words that say what to do; empty where it can be saved."""
    problems: dict[str, str] = {}
    if draft.planned_end <= draft.planned_start:
        problems["planned_end"] = _("The end must be after the start. Enter a later end.")
    if other_than is None and draft.planned_start < now:
        problems["planned_start"] = _("The start is in the past. Enter a moment from now on.")
    missing = {
        Scope.PROVIDER: (draft.provider, _("Choose the provider that this plan is for.")),
        Scope.INDUSTRY: (draft.industry, _("Choose the industry that this plan is for.")),
        Scope.COMPANY: (draft.company, _("Name the company that this plan is for.")),
    }.get(Scope(draft.scope), (draft, ""))
    if missing[0] is None:
        problems[str(draft.scope)] = missing[1]
    if problems:
        return problems
    if other_than is None and not impact(scope=draft.scope, **draft.keys).companies:
        problems["scope"] = _("This scope covers no verified company at present. Choose a wider one.")
    other = overlapping(draft=draft, other_than=other_than).order_by("planned_start").first()
    if other is not None:
        problems["planned_start"] = overlap_text(other)
    return problems


def overlap_text(other: Maintenance) -> str:
    """The words for an overlap with `other`."""
    return _("“%(title)s” (%(ref)s) has the same cause and scope and overlaps this window. Move one of the two.") % {
        "title": other.title,
        "ref": other.ref,
    }


@transaction.atomic
def create_plan(*, draft: PlanDraft, planner: User, actor: Actor, now: dt.datetime) -> Maintenance:
    """Save the plan with its cause's effects and announce it. Raises PlanRefused or NotTheirs."""
    if not causes_for(planner).filter(pk=draft.cause.pk).exists():
        raise NotTheirs
    problems = problems_of(draft=draft, now=now)
    if problems:
        raise PlanRefused(problems)
    cause = draft.cause
    try:
        with transaction.atomic():
            plan = Maintenance.objects.create(
                cause=cause,
                scope=draft.scope,
                **draft.keys,
                planned_start=draft.planned_start,
                planned_end=draft.planned_end,
                ends_by_plan=draft.ends_by_plan,
                expected_from=draft.planned_end,
                expected_until=draft.planned_end,
                suspends_display=cause.suspends_display,
                review_time_factor=cause.review_time_factor,
                defers=cause.defers,
                urgent_appeals_only=cause.urgent_appeals_only,
                planned_by=planner,
                created_at=now,
                **draft.texts,
            )
    except IntegrityError as clash:  # somebody saved the like of it at the same instant
        other = overlapping(draft=draft).first()
        if other is None:
            raise
        raise PlanRefused({"planned_start": overlap_text(other)}) from clash
    note(plan, actor=actor, now=now, before="", after="planned")
    tell_companies(maintenance_ids=[plan.pk], kind="plan_announced", at=now)
    return plan


def note(
    plan: Maintenance,
    *,
    actor: Actor,
    now: dt.datetime,
    before: str,
    after: str,
    aspect: str = "state",
    reason: str = "",
) -> None:
    """Write the journal row of one change of the plan."""
    journal.record(
        at=now,
        actor=actor,
        company_id=plan.company_id,
        subject="maintenance",
        subject_id=plan.pk,
        aspect=aspect,
        before=before,
        after=after,
        reason=reason,
    )


def take(plan: Maintenance, *, planner: User) -> Maintenance:
    """The plan as it is now, locked for the rest of the transaction; no tick runs meanwhile. Raises NotTheirs."""
    take_turn(shared=True)
    current = Maintenance.objects.select_for_update(of=("self",)).select_related("cause").get(pk=plan.pk)
    if not may_plan(planner, current):
        raise NotTheirs
    return current


def write(plan: Maintenance, **changes: Any) -> None:
    """Store the changes, and show them to who holds the object."""
    Maintenance.objects.filter(pk=plan.pk).update(**changes)
    for name, value in changes.items():
        setattr(plan, name, value)


@transaction.atomic
def move_end(
    *, plan: Maintenance, planned_end: dt.datetime, planner: User, actor: Actor, now: dt.datetime, reason: str
) -> None:
    """Give a planned or running maintenance another end, later or earlier, and tell the companies.

    One that overran is no longer overrunning. Moving it to where it is does nothing. Raises PlanRefused, PlanMovedOn
    when it is over, or NotTheirs.
    """
    current = take(plan, planner=planner)
    if current.closed_at is not None or current.cancelled_at is not None:
        raise PlanMovedOn
    if current.planned_end == planned_end:
        return
    now = engine_moment(now)
    assert current.planned_start is not None
    assert current.planned_end is not None
    if planned_end <= now:
        raise PlanRefused(
            {"planned_end": _("The new end is in the past. Enter a later one, or end the maintenance now.")}
        )
    draft = PlanDraft(
        cause=current.cause,
        scope=current.scope,
        planned_start=current.planned_start,
        planned_end=planned_end,
        provider=current.provider,
        industry=current.industry,
        company=current.company,
    )
    problems = problems_of(draft=draft, now=now, other_than=current.pk)
    if problems:
        raise PlanRefused({"planned_end": next(iter(problems.values()))})
    before, was_overrunning = current.planned_end, current.overrunning_since is not None
    moved = dict.fromkeys(("planned_end", "expected_from", "expected_until"), planned_end)
    try:
        with transaction.atomic():
            write(plan, **moved, overrunning_since=None)
    except IntegrityError as clash:  # somebody planned the like of it into the new window at the same instant
        other = overlapping(draft=draft, other_than=current.pk).first()
        if other is None:
            raise
        raise PlanRefused({"planned_end": overlap_text(other)}) from clash
    note(
        plan,
        actor=actor,
        now=now,
        aspect="planned_end",
        before=before.isoformat(timespec="minutes"),
        after=planned_end.isoformat(timespec="minutes"),
        reason=reason,
    )
    if was_overrunning:
        note(plan, actor=actor, now=now, aspect="overrun", before="overrunning", after="", reason=reason)
    tell_companies(maintenance_ids=[plan.pk], kind="plan_changed", at=now, occasion=f"{planned_end.timestamp():.0f}")


@transaction.atomic
def cancel_plan(*, plan: Maintenance, planner: User, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Give up a plan that has not started. Twice is once. Raises PlanMovedOn when it has, or NotTheirs."""
    current = take(plan, planner=planner)
    if current.cancelled_at is not None:
        return
    if current.opened_at is not None:
        raise PlanMovedOn
    now = engine_moment(now)
    write(plan, cancelled_at=now)
    note(plan, actor=actor, now=now, before="planned", after="cancelled", reason=reason)
    tell_companies(maintenance_ids=[plan.pk], kind="plan_cancelled", at=now)


@transaction.atomic
def end_plan(
    *,
    plan: Maintenance,
    achieved_zh: str,
    achieved_en: str,
    planner: User,
    actor: Actor,
    now: dt.datetime,
) -> None:
    """End a running maintenance now and record what it achieved; one that is over keeps its end and gets the record.

    Raises PlanMovedOn when it has not started or was cancelled, or NotTheirs.
    """
    current = take(plan, planner=planner)
    if current.opened_at is None:
        raise PlanMovedOn
    achieved = {"achieved_zh": achieved_zh.strip(), "achieved_en": achieved_en.strip()}
    if current.closed_at is not None:
        if {name: getattr(current, name) for name in achieved} != achieved:
            write(plan, **achieved)
            note(plan, actor=actor, now=now, aspect="achieved", before="", after="recorded")
        return
    now = engine_moment(now)
    write(plan, closed_at=now, held_until=now, **achieved)
    note(plan, actor=actor, now=now, before="open", after="closed", reason=achieved["achieved_zh"])
    settle_clocks(now=now, actor=actor)
    tell_companies(maintenance_ids=[plan.pk], kind="plan_ended", at=now)


@transaction.atomic
def post_update(
    *, plan: Maintenance, text_zh: str, text_en: str, planner: User, actor: Actor, now: dt.datetime
) -> MaintenanceUpdate:
    """Post what companies read on the maintenance's page. The same text again at once (a double click) is one post."""
    current = take(plan, planner=planner)
    latest = current.updates.first()
    if latest is not None and (latest.text_zh, latest.text_en, latest.by_id) == (text_zh, text_en, planner.pk):
        return latest
    update = MaintenanceUpdate.objects.create(maintenance=current, at=now, by=planner, text_zh=text_zh, text_en=text_en)
    note(plan, actor=actor, now=now, aspect="update", before="", after=str(update.pk))
    return update
