"""What surrounds a page of numbers and decides what is said of them: open maintenance, corrections, applications, rules.

Read in a number of queries that does not grow with the page, as of now or of a past moment. `facts` puts it into words.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db import connection
from django.db.models import OuterRef, Q, Subquery

from certification.maintenance.models import Family, Maintenance, Scope
from certification.maintenance.past import application_dues_at, corrections_at, recall_maintenance
from certification.maintenance.status import Status
from certification.materials.models import Material, MaterialState, Requirement
from certification.materials.requirements import announced_unmet
from certification.naming import in_language
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review, ReviewState

#: The most severe first (domain section 4): risk over policy over technical.
SEVERITY = {Family.RISK: 0, Family.POLICY: 1, Family.TECHNICAL: 2}
#: A certified number that ends within so many days asks for renewal (interface section 4).
RENEW_WITHIN = dt.timedelta(days=60)
#: In these states the facts tell of the application that the number is in.
WAITING = frozenset({Status.SUBMITTED, Status.IN_REVIEW, Status.RETURNED, Status.PENDING_MAINTENANCE, Status.EXPIRED})
FAR = dt.datetime.max.replace(tzinfo=dt.UTC)


def by_severity(maintenance: Maintenance) -> tuple[int, float, int]:
    """Sorts the most severe first; within a family the later expected end."""
    ends = maintenance.expected_until or maintenance.planned_end or FAR
    return SEVERITY[Family(maintenance.cause.family)], -ends.timestamp(), maintenance.pk


class Surroundings:
    """Everything that the facts of a page of numbers need to know, read in at most five queries."""

    def __init__(self, numbers: Sequence[PhoneNumber], *, now: dt.datetime, at: dt.datetime | None) -> None:
        self.now, self.at = at or now, at
        companies = {number.company_id for number in numbers}
        statuses = {number.status for number in numbers}  # type: ignore[attr-defined]
        self.maintenance: list[Maintenance] = []
        if at is not None or something_is_open(companies, numbers):
            self.maintenance = self.open_maintenance(companies, numbers)
        self.corrections: dict[tuple[int, int], Material] = {}
        if any(row.requirement_id for row in self.maintenance):
            self.corrections = corrections_at(companies, at=at) if at else corrections_under_review(companies)
        self.applications: dict[int, OpenApplication] = {}
        asked = [number for number in numbers if may_be_in_application(number, self.now)]
        if asked:
            self.applications = applications_of(asked) if at is None else applications_at(asked, at=at)
        self.announced: dict[int, list[Requirement]] = {}
        if Status.PENDING_MAINTENANCE in statuses:
            self.announced = announced_unmet(company_ids=companies, at=at or now)

    def open_maintenance(self, companies: set[int], numbers: Sequence[PhoneNumber]) -> list[Maintenance]:
        """What was open at the moment and may cover one of the numbers."""
        rows = list(
            Maintenance.objects.open_at(self.at)
            .filter(
                Q(scope__in=[Scope.EVERYTHING, Scope.PROVIDER, Scope.INDUSTRY])
                | Q(company__in=companies)
                | Q(number__in=[number.pk for number in numbers])
            )
            .select_related("cause", "requirement__kind")
        )
        if self.at is not None:
            recall_maintenance(rows, at=self.at)
        return rows

    def covering(self, number: PhoneNumber) -> list[Maintenance]:
        """The open maintenance that covers the number, the most severe first."""
        # As of a past moment the derivation says where the number belonged then.
        provider = getattr(number, "provider_then", number.provider_id)
        industry = getattr(number, "industry_then", number.company.industry_id)
        rows = [
            row
            for row in self.maintenance
            if row.scope == Scope.EVERYTHING
            or (row.scope == Scope.PROVIDER and row.provider_id == provider)
            or (row.scope == Scope.INDUSTRY and row.industry_id == industry)
            or (row.scope == Scope.COMPANY and row.company_id == number.company_id)
            or (row.scope == Scope.NUMBER and row.number_id == number.pk)
        ]
        return sorted(rows, key=by_severity)


# In the words of the partial indexes maintenance_open_*; mostly there is nothing, and then nothing more is read.
SOMETHING_IS_OPEN = """
    SELECT EXISTS (SELECT FROM certification_maintenance WHERE opened_at IS NOT NULL AND closed_at IS NULL AND scope NOT IN ('company', 'number'))
        OR EXISTS (SELECT FROM certification_maintenance WHERE opened_at IS NOT NULL AND closed_at IS NULL AND company_id = ANY (%s))
        OR EXISTS (SELECT FROM certification_maintenance WHERE opened_at IS NOT NULL AND closed_at IS NULL AND number_id = ANY (%s))
"""


def something_is_open(companies: set[int], numbers: Sequence[PhoneNumber]) -> bool:
    """Whether any maintenance that is open now may cover one of the numbers."""
    with connection.cursor() as cursor:
        cursor.execute(SOMETHING_IS_OPEN, [list(companies), [number.pk for number in numbers]])
        (found,) = cursor.fetchone()
    return bool(found)


def may_be_in_application(number: PhoneNumber, now: dt.datetime) -> bool:
    """Whether the facts of the number ask for its open application: it waits in one, or its renewal may be under way."""
    status = number.status  # type: ignore[attr-defined]
    if status == Status.CERTIFIED:
        return number.term_ends_at is not None and number.term_ends_at - now <= RENEW_WITHIN
    return status in WAITING


def corrections_under_review(companies: set[int]) -> dict[tuple[int, int], Material]:
    """The submitted version of each (company, kind), with its review's due times as `due_from` and `due_at`."""
    reviews = Review.objects.filter(subject="material", subject_id=OuterRef("pk"), state=ReviewState.OPEN)
    rows = Material.objects.filter(company__in=companies, state=MaterialState.SUBMITTED).annotate(
        due_from=Subquery(reviews.values("due_from")[:1]), due_at=Subquery(reviews.values("due_at")[:1])
    )
    return {(row.company_id, row.kind_id): row for row in rows}


@dataclass(frozen=True)
class OpenApplication:
    """What the facts tell of the application that a number is in."""

    ref: str
    waits_until: dt.datetime | None
    #: The material that it waits for (待维护), and its name in the active language.
    waits_for: str | None
    waits_for_name: str
    due_from: dt.datetime | None
    due_at: dt.datetime | None


# Plain SQL: as a queryset it takes longer to write than to run, and every page of numbers asks.
OPEN_APPLICATIONS = """
    SELECT item.number_id, application.ref, application.waits_until, kind.code, kind.name_zh, kind.name_en, review.due_from, review.due_at
    FROM certification_applicationnumber item
    JOIN certification_application application ON application.id = item.application_id
    LEFT JOIN certification_requirement requirement ON requirement.id = application.waits_for_id
    LEFT JOIN certification_materialkind kind ON kind.id = requirement.kind_id
    LEFT JOIN certification_review review
      ON review.subject = 'application' AND review.subject_id = application.id AND review.state = 'open'
    WHERE item.is_active AND item.number_id = ANY (%s)
"""


def applications_of(numbers: Sequence[PhoneNumber]) -> dict[int, OpenApplication]:
    """The open application of each number that is in one, with its review's due times; one query."""
    with connection.cursor() as cursor:
        cursor.execute(OPEN_APPLICATIONS, [[number.pk for number in numbers]])
        return {
            number: OpenApplication(ref, until, code, in_language(chinese or "", english or ""), due_from, due_at)
            for number, ref, until, code, chinese, english, due_from, due_at in cursor.fetchall()
        }


def applications_at(numbers: Sequence[PhoneNumber], *, at: dt.datetime) -> dict[int, OpenApplication]:
    """The application of each number that was in one at the past moment, with its review's due time of then."""
    return {
        number: OpenApplication(ref, None, None, "", due, due)
        for number, (ref, due) in application_dues_at(numbers, at=at).items()
    }
