"""What was written in rows at a past moment, read from the journal, for a page of them at a time.

The derivation (`status`) needs a few of these values for its conditions and reads them in SQL; everything else that a page
as of a moment shows is recalled here, in a number of queries that does not grow with the page. The objects are changed in
memory only and must not be saved.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Sequence
from decimal import Decimal
from typing import Any

from django.db import connection
from django.db.models import Case, F, Max, OuterRef, Q, Subquery, Value, When
from django.db.models.functions import Coalesce

from accounts.journal import JournalEntry, value_at
from accounts.past_companies import recall_companies
from certification.applications.models import ApplicationNumber
from certification.maintenance.models import Maintenance, MaintenanceQuerySet
from certification.materials.models import Material, MaterialState
from certification.numbers.models import NumberGroup, PhoneNumber, Provider
from certification.reviews.models import DueTimeExtension, Review, ReviewState

FIRST_LATER = """
    SELECT DISTINCT ON (subject_id, aspect) subject_id, aspect, coalesce(detail->>'before', before) FROM accounts_journalentry
    WHERE subject = %s AND subject_id = ANY (%s) AND aspect = ANY (%s) AND at > %s ORDER BY subject_id, aspect, at, id
"""


def first_later(
    subject: str, keys: Iterable[int], aspects: Sequence[str], at: dt.datetime
) -> dict[int, dict[str, str]]:
    """Of each subject the values at the moment of those of its aspects that have changed since; one query."""
    found: dict[int, dict[str, str]] = {}
    with connection.cursor() as cursor:
        cursor.execute(FIRST_LATER, [subject, list(keys), list(aspects), at])
        for key, aspect, before in cursor.fetchall():
            found.setdefault(key, {})[aspect] = before
    return found


def moment_or_none(text: str) -> dt.datetime | None:
    """A moment as the journal keeps it, in ISO 8601 or as the database writes it."""
    try:
        moment = dt.datetime.fromisoformat(text)
    except ValueError:
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=dt.UTC)


def recall_numbers(numbers: Sequence[PhoneNumber], *, at: dt.datetime) -> None:
    """Give the numbers their label, alias, group, backup, provider and term of the moment, and their companies theirs."""
    changed = first_later(
        "number", [number.pk for number in numbers], ("label", "alias", "group", "provider", "backup_of", "term"), at
    )
    for number in numbers:
        was = changed.get(number.pk, {})
        number.label, number.alias = was.get("label", number.label), was.get("alias", number.alias)
        for aspect in ("group", "provider", "backup_of"):
            if aspect in was:
                setattr(number, f"{aspect}_id", int(was[aspect]) if was[aspect] else None)
        if "term" in was:
            number.term_ends_at = moment_or_none(was["term"])
    put_back(numbers, changed, "group", NumberGroup)
    put_back(numbers, changed, "provider", Provider)
    put_back(numbers, changed, "backup_of", PhoneNumber)
    recall_since(numbers, at=at)
    companies = {number.company_id: number.company for number in numbers}
    recall_companies(companies.values(), at=at)
    for number in numbers:  # a page's numbers hold several copies of one company
        number.company = companies[number.company_id]


def put_back(
    numbers: Sequence[PhoneNumber],
    changed: dict[int, dict[str, str]],
    name: str,
    model: type[NumberGroup | Provider | PhoneNumber],
) -> None:
    """Replace what the numbers point at where that was something else then; a group that is gone is left out."""
    keys = {getattr(number, f"{name}_id") for number in numbers if name in changed.get(number.pk, {})} - {None}
    if not keys:
        return
    found = model._default_manager.in_bulk(keys)
    for number in numbers:
        if name in changed.get(number.pk, {}):
            setattr(number, name, found.get(getattr(number, f"{name}_id")))


def recall_since(numbers: Sequence[PhoneNumber], *, at: dt.datetime) -> None:
    """Since when each had the lifecycle of the moment, where it has moved on since; one query where any has."""
    moved = [number for number in numbers if number.lifecycle_since > at]
    if moved:
        rows = JournalEntry.objects.filter(
            subject="number", subject_id__in=[number.pk for number in moved], aspect="state", at__lte=at
        )
        latest = dict(rows.order_by().values_list("subject_id").annotate(latest=Max("at")))
        for number in moved:
            number.lifecycle_since = latest.get(number.pk, number.created_at)
    for number in numbers:
        if number.certified_at is not None and number.certified_at > at:  # renewed since, or certified since
            number.certified_at = number.lifecycle_since


#: What is read of a cause; its effects are copied to each maintenance, so that an edit of the catalogue spares them: those
#: of the cause only tell whether a plan has its own.
CAUSE_WORDS = ("name_zh", "name_en", "sentence_zh", "sentence_en")
CAUSE_EFFECTS = ("suspends_display", "urgent_appeals_only", "review_time_factor", "defers")
#: What of a plan people change beside its end (`plans.change_plan`, `plans.end_plan`), and how its journal is read.
PLAN_VALUES: dict[str, Callable[[str], Any]] = {
    "planned_start": moment_or_none,
    "ends_by_plan": lambda text: text == "True",
    "suspends_display": lambda text: text == "True",
    "urgent_appeals_only": lambda text: text == "True",
    "review_time_factor": Decimal,
    "defers": lambda text: text.split(",") if text else [],
    "title_zh": str,
    "title_en": str,
    "message_zh": str,
    "message_en": str,
    "achieved_zh": str,
    "achieved_en": str,
}


def recall_maintenance(rows: Sequence[Maintenance], *, at: dt.datetime) -> None:
    """Give each maintenance its window, its own and its cause's words of the moment, and take back what had not happened yet.

    Two queries; the rows come with their causes.
    """
    words = first_later("cause", {row.cause_id for row in rows}, (*CAUSE_WORDS, *CAUSE_EFFECTS), at)
    for row in rows:
        for name, text in words.get(row.cause_id, {}).items():
            setattr(row.cause, name, PLAN_VALUES.get(name, str)(text))
    aspects = ("planned_end", "expected_until", "overrun", *PLAN_VALUES)
    changed = first_later("maintenance", [row.pk for row in rows], aspects, at)
    for row in rows:
        was = changed.get(row.pk, {})
        for name in PLAN_VALUES.keys() & was.keys():
            setattr(row, name, PLAN_VALUES[name](was[name]))
        if "expected_until" in was:
            row.expected_from = row.expected_until = moment_or_none(was["expected_until"])
        if "planned_end" in was:
            row.planned_end = row.expected_from = row.expected_until = moment_or_none(was["planned_end"])
        if "overrun" in was:
            row.overrunning_since = row.planned_end if was["overrun"] else None
        take_back(row, at=at)


def take_back(row: Maintenance, *, at: dt.datetime) -> None:
    """Take back what had not happened at the moment."""
    for name, held in (
        ("opened_at", "held_since"),
        ("closed_at", "held_until"),
        ("cancelled_at", ""),
        ("expedited_at", ""),
    ):
        moment = getattr(row, name)
        if moment is not None and moment > at:
            setattr(row, name, None)
            if held:
                setattr(row, held, None)
    if row.opened_at is None:
        row.overrunning_since = None
    if row.closed_at is None:
        row.achieved_zh = row.achieved_en = ""


def recall_page(maintenance: Maintenance, *, at: dt.datetime) -> None:
    """Give one maintenance everything that its page says of it at the moment: also the names of whom it covers."""
    recall_maintenance([maintenance], at=at)
    if maintenance.company is not None:
        recall_companies([maintenance.company], at=at)
    if maintenance.number is not None:
        recall_numbers([maintenance.number], at=at)


def plans_at(at: dt.datetime, *, states: Sequence[str] = ()) -> MaintenanceQuerySet:
    """The plans that were known at the moment, with `state_then`: planned, running, overrunning, ended or cancelled.

    With `states` those that were in one of them.
    """
    present = Case(When(overrunning_since__isnull=False, then=Value("overrunning")), default=Value(""))
    overrun = value_at(subject="maintenance", subject_id=OuterRef("pk"), aspect="overrun", at=at, present=present)
    plans = Maintenance.objects.filter(planned_start__isnull=False, created_at__lte=at).annotate(
        overrun_then=overrun,
        state_then=Case(
            When(cancelled_at__lte=at, then=Value("cancelled")),
            When(closed_at__lte=at, then=Value("ended")),
            When(Q(opened_at__isnull=True) | Q(opened_at__gt=at), then=Value("planned")),
            When(overrun_then="overrunning", then=Value("overrunning")),
            default=Value("running"),
        ),
    )
    return plans.filter(state_then__in=states) if states else plans


def due_then(at: dt.datetime) -> Coalesce:
    """The due time of a review at the moment: what its first later extension moved, else the present one."""
    later = DueTimeExtension.objects.filter(review=OuterRef("pk"), at__gt=at).order_by("at", "pk")
    return Coalesce(Subquery(later.values("due_before")[:1]), F("due_at"))


def corrections_at(companies: set[int], *, at: dt.datetime) -> dict[tuple[int, int], Material]:
    """The version of each (company, kind) that was under review, with its review's due time of then."""
    state = value_at(subject="material", subject_id=OuterRef("pk"), aspect="state", at=at, present=F("state"))
    reviews = (
        Review.objects.filter(subject="material", subject_id=OuterRef("pk"), opened_at__lte=at)
        .order_by("-opened_at")
        .annotate(due_then=due_then(at))
        .values("due_then")[:1]
    )
    rows = (
        Material.objects.filter(company__in=companies, submitted_at__lte=at)
        .alias(state_then=state)
        .filter(state_then=MaterialState.SUBMITTED)
        .annotate(due_at=Subquery(reviews), due_from=Subquery(reviews))
    )
    return {(row.company_id, row.kind_id): row for row in rows}


def application_dues_at(numbers: Sequence[PhoneNumber], *, at: dt.datetime) -> dict[int, tuple[str, dt.datetime]]:
    """The application of each number that was under review, with its due time of then; one query."""
    rows = (
        Review.objects.filter(
            Q(decided_at__isnull=True) | Q(decided_at__gt=at), subject="application", opened_at__lte=at
        )
        .exclude(state=ReviewState.CANCELLED)
        .annotate(due_then=due_then(at))
    )
    items = (
        ApplicationNumber.objects.filter(number__in=[number.pk for number in numbers])
        .annotate(
            due_then=Subquery(
                rows.filter(subject_id=OuterRef("application_id")).order_by("-opened_at").values("due_then")[:1]
            )
        )
        .exclude(due_then=None)
        .values_list("number_id", "application__ref", "due_then")
    )
    return {number: (ref, due) for number, ref, due in items}
