"""Whom a plan would affect, read before it is saved: companies, numbers, reviews, and what else runs in its window."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

from django.db import connection
from django.utils import translation

from accounts.working_days import CHINA
from certification.maintenance.coverage import COVERED_COMPANIES, Impact, impact
from certification.maintenance.models import Maintenance, MaintenanceQuerySet, Scope
from certification.maintenance.plan_drafts import PlanDraft, beside
from certification.maintenance.recurrence import Occurrence, Recurrence
from certification.maintenance.rule_words import rule_words
from certification.maintenance.series_steps import HORIZON
from certification.maintenance.story import effect_words
from certification.materials.models import Requirement
from certification.materials.requirements import HAS_VALID_NOW, PRESENT
from certification.reviews.clocks import COVERS, DEFERS
from certification.reviews.models import ReviewKind

#: So many of the other plans, and of the times of a recurring one, are listed.
LISTED_PLANS, LISTED_TIMES = 10, 5
BEGINS = f"greatest(r.effective_from, {PRESENT.local_day}, %(begins)s::date)"
# Open reviews at present, by what a maintenance that began now would do to them: the conditions of the engine.
REVIEWS = f"""
    SELECT review.kind, count(*) FILTER (WHERE {DEFERS}), count(*)
    FROM certification_review review
    JOIN accounts_company c ON c.id = review.company_id
    CROSS JOIN (SELECT %(scope)s::text AS scope, %(provider_id)s::bigint AS provider_id, %(industry_id)s::bigint AS industry_id,
                       %(company_id)s::bigint AS company_id, NULL::bigint AS number_id, %(defers)s::text[] AS defers,
                       %(urgent_appeals_only)s::boolean AS urgent_appeals_only) AS m
    WHERE review.state = 'open' AND {COVERS} AND ({DEFERS} OR (%(factor)s > 1 AND review.kind = 'application'))
    GROUP BY review.kind ORDER BY review.kind
"""  # noqa: S608 - constant texts, every value is a parameter

# Of the companies that the plan covers those that will lack, on the day on which it begins or on which the document is
# first asked for, what a requirement of its cause asks of them.
LACKING = f"""
    WITH covered AS MATERIALIZED (
        SELECT covered.* FROM (SELECT %(provider)s::bigint AS provider_id, %(industry)s::bigint AS industry_id,
                                      %(company)s::bigint AS company_id, NULL::bigint AS number_id) AS x
        CROSS JOIN LATERAL ({COVERED_COMPANIES}) AS covered
    )
    SELECT r.id, count(*) FILTER (WHERE NOT judged.has_it), coalesce(sum(covered.numbers) FILTER (WHERE NOT judged.has_it), 0)
    FROM certification_requirement r
    JOIN accounts_company c ON {PRESENT.concerns}
    JOIN covered ON covered.company_id = c.id
    CROSS JOIN LATERAL (SELECT {HAS_VALID_NOW.format(day=BEGINS)} AS has_it) AS judged
    WHERE r.cause_id = %(cause)s AND r.effective_from <= %(over)s
    GROUP BY r.id ORDER BY r.effective_from, r.id
"""  # noqa: S608 - constant texts, every value is a parameter


@dataclass(frozen=True)
class DelayedReviews:
    """How many open reviews of one kind get later due times, and whether they stand still or take longer."""

    label: str
    count: int
    stand_still: bool


@dataclass(frozen=True)
class Lacking:
    """How many of the companies lack the document of one requirement of the plan's cause, and since or from when it is asked."""

    requirement: Requirement
    companies: int
    numbers: int


@dataclass(frozen=True)
class Times:
    """A recurrence for who is about to save it: the rule, its words in both languages, and the first times."""

    rule: str
    words_zh: str
    words_en: str
    total: int
    first: list[Occurrence]


@dataclass(frozen=True)
class Preview:
    """What is read before a plan is saved."""

    draft: PlanDraft
    impact: Impact
    reviews: list[DelayedReviews]
    beside: list[Maintenance]
    #: Of the documents that the cause asks for before the plan is over those that some company lacks.
    lacking: list[Lacking]
    #: Whether it asks for any.
    asks_for_documents: bool
    #: What companies and reviews will feel, in words.
    effects: list[str]
    times: Times | None = None


def delayed_reviews(draft: PlanDraft) -> list[DelayedReviews]:
    """The open reviews whose due times would move, by kind; one query."""
    effects = draft.effects
    parameters = {
        "scope": str(draft.scope),
        "provider_id": None,
        "industry_id": None,
        "company_id": None,
        **draft.keys,
        "defers": list(effects.defers),
        "urgent_appeals_only": effects.urgent_appeals_only,
        "factor": effects.review_time_factor,
    }
    with connection.cursor() as cursor:
        cursor.execute(REVIEWS, parameters)
        return read_delayed(cursor.fetchall())


def read_delayed(rows: Iterable[tuple[str, int, int]]) -> list[DelayedReviews]:
    """Rows (kind, how many stand still, how many in all) in words."""
    found = []
    for kind, still, count in rows:
        label = str(ReviewKind(kind).label)
        if still:
            found.append(DelayedReviews(label, still, True))
        if count > still:
            found.append(DelayedReviews(label, count - still, False))
    return found


def lacking_of(draft: PlanDraft, *, now: dt.datetime) -> list[Lacking]:
    """For each document that the draft's cause asks of its companies: who will lack it when it begins; two queries at most."""
    keys = {name.removesuffix("_id"): key for name, key in draft.keys.items()}
    parameters = {
        **keys,
        "cause": draft.cause.pk,
        "at": now,
        "begins": draft.planned_start.astimezone(CHINA).date(),
        "over": draft.planned_end.astimezone(CHINA).date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(LACKING, parameters)
        rows = cursor.fetchall()
    if not rows:
        return []
    requirements = Requirement.objects.select_related("kind", "industry").in_bulk([key for key, *_counts in rows])
    return [Lacking(requirements[key], companies, int(numbers)) for key, companies, numbers in rows]


def times_of(recurrence: Recurrence) -> Times:
    """A recurrence without problems, as it is shown."""
    with translation.override("zh-hans"):
        words_zh = rule_words(recurrence)
    with translation.override("en"):
        words_en = rule_words(recurrence)
    times = recurrence.occurrences
    rule = recurrence.parts.text(recurrence.zone)
    return Times(rule, words_zh, words_en, len(times), times[:LISTED_TIMES])


def beside_times(*, draft: PlanDraft, recurrence: Recurrence) -> list[Maintenance]:
    """The other plans that meet one of the times of the next 90 days."""
    times = [time for time in recurrence.occurrences if time.start < draft.planned_start + HORIZON]
    rows: MaintenanceQuerySet = beside(
        draft=PlanDraft(
            draft.cause,
            Scope(draft.scope),
            draft.planned_start,
            times[-1].end,
            provider=draft.provider,
            industry=draft.industry,
            company=draft.company,
        )
    )
    found = []
    for row in rows:
        assert row.planned_start is not None
        assert row.planned_end is not None
        if any(time.start < row.planned_end and time.end > row.planned_start for time in times):
            found.append(row)
    return found[:LISTED_PLANS]


def preview_of(
    *, draft: PlanDraft, now: dt.datetime, recurrence: Recurrence | None = None, plan: Maintenance | None = None
) -> Preview:
    """What a draft without problems would do; a fixed number of queries."""
    others = (
        beside_times(draft=draft, recurrence=recurrence)
        if recurrence is not None
        else list(beside(draft=draft, other_than=plan.pk if plan is not None else None)[:LISTED_PLANS])
    )
    asked_for = lacking_of(draft, now=now)
    return Preview(
        draft=draft,
        impact=impact(scope=draft.scope, **draft.keys),
        reviews=delayed_reviews(draft),
        beside=others,
        lacking=[row for row in asked_for if row.companies],
        asks_for_documents=bool(asked_for),
        effects=effect_words(draft.effects),
        times=times_of(recurrence) if recurrence is not None else None,
    )
