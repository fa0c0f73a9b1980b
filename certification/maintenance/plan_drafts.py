"""What a person wants to plan, and everything that can be wrong with it; nothing is written here."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import pairwise

from django.utils.translation import gettext as _

from accounts.companies import Company, Industry
from certification.maintenance.coverage import impact
from certification.maintenance.effects import Effects
from certification.maintenance.meeting import companies_in, meeting
from certification.maintenance.models import Maintenance, MaintenanceCause, MaintenanceQuerySet, Scope
from certification.maintenance.recurrence import Occurrence, Recurrence
from certification.maintenance.series_models import MaintenanceSeries
from certification.maintenance.series_steps import HORIZON
from certification.numbers.models import Provider


class Problems(dict[str, str]):
    """What is wrong, by field, in words that say what to do; `other` is the plan that stands in the way."""

    other: Maintenance | MaintenanceSeries | None = None


class PlanRefused(Exception):
    """The plan cannot be as it is; `problems` says what to do, by field."""

    def __init__(self, problems: Problems) -> None:
        super().__init__("; ".join(problems.values()))
        self.problems = problems


@dataclass(frozen=True)
class PlanDraft:
    """What a person wants to plan; of a recurring plan the first time."""

    cause: MaintenanceCause
    scope: str
    planned_start: dt.datetime
    planned_end: dt.datetime
    ends_by_plan: bool = True
    provider: Provider | None = None
    industry: Industry | None = None
    company: Company | None = None
    texts: dict[str, str] = field(default_factory=dict)  # title_zh, title_en, message_zh, message_en
    #: What it does in place of its cause's effects; None: what the cause says.
    own_effects: Effects | None = None

    @property
    def keys(self) -> dict[str, int | None]:
        """What the scope names, and null for the rest."""
        keys = {Scope.PROVIDER: self.provider, Scope.INDUSTRY: self.industry, Scope.COMPANY: self.company}
        return {f"{name}_id": row.pk if row is not None and name == self.scope else None for name, row in keys.items()}

    @property
    def effects(self) -> Effects:
        """What companies and reviews will feel."""
        return self.own_effects if self.own_effects is not None else Effects.of(self.cause)


def draft_of(plan: Maintenance) -> PlanDraft:
    """What a plan says at present."""
    assert plan.planned_start is not None
    assert plan.planned_end is not None
    return PlanDraft(
        cause=plan.cause,
        scope=plan.scope,
        planned_start=plan.planned_start,
        planned_end=plan.planned_end,
        ends_by_plan=plan.ends_by_plan,
        provider=plan.provider,
        industry=plan.industry,
        company=plan.company,
        texts={name: getattr(plan, name) for name in ("title_zh", "title_en", "message_zh", "message_en")},
        own_effects=Effects.of(plan),
    )


def current_plans(draft: PlanDraft) -> MaintenanceQuerySet:
    """Plans of the draft's cause and scope that are planned or running."""
    rows = Maintenance.objects.filter(planned_start__isnull=False, closed_at__isnull=True, cancelled_at__isnull=True)
    return rows.filter(cause=draft.cause, scope=draft.scope, **draft.keys)


def overlapping(*, draft: PlanDraft, other_than: int | None = None) -> MaintenanceQuerySet:
    """Plans of the same cause and scope, planned or running, whose window overlaps the draft's."""
    rows = current_plans(draft).filter(planned_start__lt=draft.planned_end, planned_end__gt=draft.planned_start)
    return rows.exclude(pk=other_than) if other_than is not None else rows


def later_times(draft: PlanDraft) -> list[tuple[MaintenanceSeries, list[Occurrence]]]:
    """The times of running series of the draft's cause and scope that are not planned yet."""
    rows = MaintenanceSeries.objects.filter(
        cause=draft.cause, scope=draft.scope, ended_at__isnull=True, next_due_at__isnull=False, **draft.keys
    ).select_related("cause")
    return [
        (row, [time for time in row.recurrence.occurrences if time.start >= row.next_due_at + HORIZON])
        for row in rows
        if row.next_due_at is not None
    ]


def beside(*, draft: PlanDraft, other_than: int | None = None) -> MaintenanceQuerySet:
    """Every other plan in the window that meets one of the same companies, whatever its cause and scope."""
    companies = companies_in(scope=draft.scope, keys=draft.keys)
    rows = meeting(companies, start=draft.planned_start, end=draft.planned_end)
    return rows.exclude(pk=other_than) if other_than is not None else rows


def problems_of(*, draft: PlanDraft, now: dt.datetime, other_than: int | None = None) -> Problems:
    """What is wrong with a plan for one time; empty where it can be saved.

    `other_than`: the plan that it changes. Its start may be past then, if it has started.
    """
    problems = problems_of_scope(draft)
    if draft.planned_end <= draft.planned_start:
        problems["planned_end"] = _("The end must be after the start. Enter a later end.")
    if other_than is None and draft.planned_start < now:
        problems["planned_start"] = _("The start is in the past. Enter a moment from now on.")
    if problems:
        return problems
    if other_than is None and not impact(scope=draft.scope, **draft.keys).companies:
        problems["scope"] = nobody_text()
    other: Maintenance | MaintenanceSeries | None = (
        overlapping(draft=draft, other_than=other_than).select_related("cause").order_by("planned_start").first()
    )
    if other is None:
        window = [Occurrence(draft.planned_start, draft.planned_end)]
        other = next((row for row, times in later_times(draft) if first_clash(window, times)), None)
    if other is not None:
        problems["planned_start"] = overlap_text(other)
        problems.other = other
    return problems


def problems_of_series(*, draft: PlanDraft, recurrence: Recurrence, now: dt.datetime) -> Problems:
    """What is wrong with a recurring plan, whose first time the draft's window is; empty where it can be saved."""
    problems = problems_of_scope(draft)
    if recurrence.length <= dt.timedelta(0):
        problems["planned_end"] = _("The end must be after the start. Enter a later end.")
    elif text := recurrence.problem():
        problems["rule"] = text
    elif recurrence.occurrences[0].start < now:
        problems["planned_start"] = _("The start is in the past. Enter a moment from now on.")
    if problems:
        return problems
    if not impact(scope=draft.scope, **draft.keys).companies:
        problems["scope"] = nobody_text()
    other = in_the_way(draft=draft, times=recurrence.occurrences)
    if other is not None:
        problems["planned_start"] = overlap_text(other)
        problems.other = other
    return problems


def problems_of_scope(draft: PlanDraft) -> Problems:
    """Whether the scope names what it is for."""
    missing = {
        Scope.PROVIDER: (draft.provider, _("Choose the provider that this plan is for.")),
        Scope.INDUSTRY: (draft.industry, _("Choose the industry that this plan is for.")),
        Scope.COMPANY: (draft.company, _("Name the company that this plan is for.")),
    }.get(Scope(draft.scope), (draft, ""))
    return Problems({str(draft.scope): missing[1]} if missing[0] is None else {})


def in_the_way(*, draft: PlanDraft, times: list[Occurrence]) -> Maintenance | MaintenanceSeries | None:
    """The first plan or series of the same cause and scope that one of the times would meet; two queries."""
    plans = current_plans(draft).filter(planned_start__lt=times[-1].end, planned_end__gt=times[0].start)
    for plan in plans.select_related("cause").order_by("planned_start"):
        assert plan.planned_start is not None
        assert plan.planned_end is not None
        if first_clash(times, [Occurrence(plan.planned_start, plan.planned_end)]):
            return plan
    return next((row for row, later in later_times(draft) if first_clash(times, later)), None)


def first_clash(some: Iterable[Occurrence], others: Iterable[Occurrence]) -> Occurrence | None:
    """The first of two sets of times, each without overlaps of its own, that meets one of the other set."""
    every = sorted([*some, *others], key=lambda time: (time.start, time.end))
    return next((later for earlier, later in pairwise(every) if later.start < earlier.end), None)


def nobody_text() -> str:
    """The words for a scope that covers nobody."""
    return _("This scope covers no verified company at present. Choose a wider one.")


def overlap_text(other: Maintenance | MaintenanceSeries) -> str:
    """The words for an overlap with `other`."""
    if isinstance(other, MaintenanceSeries):
        text = _(
            "“%(title)s” (%(ref)s) recurs with the same cause and scope and meets this window. Move one of the two."
        )
        return text % {"title": str(other), "ref": other.ref}
    return _("“%(title)s” (%(ref)s) has the same cause and scope and overlaps this window. Move one of the two.") % {
        "title": other.title,
        "ref": other.ref,
    }
