"""The one writer of planned maintenance, by people: announcing, moving, cancelling, ending, posting updates.

The engine starts and ends what was planned (`plan_steps`). Each change is journalled and told once to the companies
that it covers, as far as they can feel it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from django.db import IntegrityError, models, transaction
from django.utils.translation import gettext as _

from accounts import journal
from accounts.access import Permission, staff_may
from accounts.journal import Actor
from accounts.users import User
from certification.maintenance.advance import next_notice
from certification.maintenance.clock import engine_moment, take_turn
from certification.maintenance.models import Family, Maintenance, MaintenanceCause, MaintenanceUpdate, OpenedBy
from certification.maintenance.plan_drafts import (
    PlanDraft,
    PlanRefused,
    Problems,
    draft_of,
    overlap_text,
    overlapping,
    problems_of,
)
from certification.maintenance.plan_steps import tell_companies
from certification.reviews.clocks import carry_on, settle_clocks

#: Longest value that the journal's columns hold.
SHOWN = 120
#: Who plans and ends what (domain section 9); causes of risk come from the engine and from reviews only.
PERMISSIONS: dict[str, Permission] = {
    Family.TECHNICAL: Permission.PLAN_TECHNICAL,
    Family.POLICY: Permission.EDIT_RULES,
}


class PlanMovedOn(Exception):
    """Meanwhile the maintenance has started, ended or been cancelled, by the engine or somebody else."""


class NotTheirs(Exception):
    """The person's role does not plan maintenance of this family."""


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


@transaction.atomic
def create_plan(*, draft: PlanDraft, planner: User, actor: Actor, now: dt.datetime) -> Maintenance:
    """Save the plan with its effects, its cause's or its own, and announce it. Raises PlanRefused or NotTheirs."""
    if not causes_for(planner).filter(pk=draft.cause.pk).exists():
        raise NotTheirs
    problems = problems_of(draft=draft, now=now)
    if problems:
        raise PlanRefused(problems)
    with overlap_refused(draft):
        plan = Maintenance.objects.create(
            cause=draft.cause,
            scope=draft.scope,
            **draft.keys,
            planned_start=draft.planned_start,
            planned_end=draft.planned_end,
            ends_by_plan=draft.ends_by_plan,
            expected_from=draft.planned_end,
            expected_until=draft.planned_end,
            next_notice_at=next_notice(planned_start=draft.planned_start, effects=draft.effects, now=now),
            **draft.effects.columns(),
            planned_by=planner,
            created_at=now,
            **draft.texts,
        )
    note(plan, actor=actor, now=now, before="", after="planned")
    tell_companies(maintenance_ids=[plan.pk], kind="plan_announced", at=now)
    return plan


@contextmanager
def overlap_refused(draft: PlanDraft, *, other_than: int | None = None, field: str = "planned_start") -> Iterator[None]:
    """Write what somebody may just have planned the like of: the database keeps them apart. Raises PlanRefused then."""
    try:
        with transaction.atomic():
            yield
    except IntegrityError as clash:
        other = overlapping(draft=draft, other_than=other_than).select_related("cause").first()
        if other is None:
            raise
        problems = Problems({field: overlap_text(other)})
        problems.other = other
        raise PlanRefused(problems) from clash


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
    """Write the journal row of one change of the plan; values longer than its columns are kept in `detail`."""
    long = {"before": before, "after": after} if max(len(before), len(after)) > SHOWN else {}
    journal.record(
        at=now,
        actor=actor,
        company_id=plan.company_id,
        subject="maintenance",
        subject_id=plan.pk,
        aspect=aspect,
        before=before[:SHOWN],
        after=after[:SHOWN],
        reason=reason,
        detail=long,
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
    draft = replace(draft_of(current), planned_end=planned_end)
    try:
        change_taken(plan, current, draft=draft, actor=actor, now=now, reason=reason)
    except PlanRefused as refused:
        problems = Problems({"planned_end": next(iter(refused.problems.values()))})
        problems.other = refused.problems.other
        raise PlanRefused(problems) from refused


@transaction.atomic
def change_plan(
    *, plan: Maintenance, draft: PlanDraft, planner: User, actor: Actor, now: dt.datetime, reason: str
) -> bool:
    """Make the plan what the draft says, except cause and scope, and tell the companies once; False: nothing differs.

    What has started keeps its start and what it does: companies live with what they were told. Raises PlanRefused,
    PlanMovedOn when it is over, or NotTheirs.
    """
    current = take(plan, planner=planner)
    return change_taken(plan, current, draft=draft, actor=actor, now=now, reason=reason)


def change_taken(
    plan: Maintenance, current: Maintenance, *, draft: PlanDraft, actor: Actor, now: dt.datetime, reason: str
) -> bool:
    """Change a plan that was taken: each field that differs is one row of the journal."""
    if current.closed_at is not None or current.cancelled_at is not None:
        raise PlanMovedOn
    was = draft_of(current)
    draft = replace(
        draft, cause=was.cause, scope=was.scope, provider=was.provider, industry=was.industry, company=was.company
    )
    if current.opened_at is not None:
        draft = replace(draft, planned_start=was.planned_start, own_effects=was.own_effects)
    now = engine_moment(now)
    before = columns_of(was)
    changes = {name: value for name, value in columns_of(draft).items() if before[name] != value}
    if not changes:
        return False
    if problems := problems_of_change(plan=current, draft=draft, now=now):
        raise PlanRefused(problems)
    moved = {"planned_start", "planned_end"} & changes.keys()
    was_overrunning = "planned_end" in changes and current.overrunning_since is not None
    with overlap_refused(draft, other_than=current.pk):
        write(plan, **changes, **followers_of(current, draft, changes, now))
    for name, value in changes.items():
        note(plan, actor=actor, now=now, aspect=name, before=shown(before[name]), after=shown(value), reason=reason)
    if was_overrunning:
        note(plan, actor=actor, now=now, aspect="overrun", before="overrunning", after="", reason=reason)
    if "planned_end" in changes and current.is_open:
        carry_on(maintenance_id=plan.pk, since=was.planned_end, now=now, actor=actor)
    occasion = f"{draft.planned_end.timestamp():.0f}"
    if changes.keys() != {"planned_end"}:
        occasion += f":{now.timestamp():.0f}"
    what = "start" if "planned_start" in changes else "end" if moved else "plan"
    tell_companies(
        maintenance_ids=[plan.pk],
        kind="plan_changed",
        at=now,
        occasion=occasion,
        more={"what": what},
        was_felt=was.effects.are_felt,
    )
    return True


def problems_of_change(*, plan: Maintenance, draft: PlanDraft, now: dt.datetime) -> Problems:
    """What is wrong with making the plan what the draft says; empty where it can be. Only what moves can be wrong."""
    was = draft_of(plan)
    starts_elsewhere, ends_elsewhere = draft.planned_start != was.planned_start, draft.planned_end != was.planned_end
    if starts_elsewhere and draft.planned_start < now:
        return Problems({"planned_start": _("The start is in the past. Enter a moment from now on.")})
    if ends_elsewhere and draft.planned_start < draft.planned_end <= now:
        text = _("The new end is in the past. Enter a later one, or end the maintenance now.")
        return Problems({"planned_end": text})
    if starts_elsewhere or ends_elsewhere:
        return problems_of(draft=draft, now=now, other_than=plan.pk)
    return Problems()


def columns_of(draft: PlanDraft) -> dict[str, Any]:
    """What of a plan can change."""
    window = {"planned_start": draft.planned_start, "planned_end": draft.planned_end}
    return {**window, "ends_by_plan": draft.ends_by_plan, **draft.effects.columns(), **draft.texts}


def followers_of(current: Maintenance, draft: PlanDraft, changes: dict[str, Any], now: dt.datetime) -> dict[str, Any]:
    """What is stored beside the changes because it follows from them."""
    follow: dict[str, Any] = {}
    if "planned_end" in changes:
        follow |= {"expected_from": draft.planned_end, "expected_until": draft.planned_end, "overrunning_since": None}
    if current.opened_at is None:
        follow["next_notice_at"] = next_notice(planned_start=draft.planned_start, effects=draft.effects, now=now)
    return follow


def shown(value: Any) -> str:
    """A value as the journal keeps it: moments to the minute."""
    if isinstance(value, dt.datetime):
        return value.isoformat(timespec="minutes")
    return ",".join(value) if isinstance(value, list) else str(value)


@transaction.atomic
def cancel_plan(*, plan: Maintenance, planner: User, actor: Actor, now: dt.datetime, reason: str) -> None:
    """Give up a plan that has not started. Twice is once. Raises PlanMovedOn when it has, or NotTheirs."""
    current = take(plan, planner=planner)
    if current.cancelled_at is not None:
        return
    if current.opened_at is not None:
        raise PlanMovedOn
    now = engine_moment(now)
    write(plan, cancelled_at=now, next_notice_at=None)
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
        before = {name: getattr(current, name) for name in achieved}
        write(plan, **achieved)
        for name, text in achieved.items():
            if before[name] != text:
                note(plan, actor=actor, now=now, aspect=name, before=before[name], after=text)
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
