"""What a number's status is: derived, never stored, in SQL, for one number, a list, a count, or a moment in the past.

Nothing else decides this. The rules are domain section 4:

1. the lifecycle is not `certified`: the lifecycle's own label;
2. an open maintenance that suspends display covers the number: locked where it locks, else under maintenance;
3. a requirement that the company does not meet takes effect later: pending maintenance;
4. otherwise certified.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Any

from django.db import models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from accounts.companies import Company
from accounts.journal import value_at
from certification.maintenance.models import Maintenance, MaintenanceQuerySet, Scope
from certification.materials.models import Requirement
from certification.materials.requirements import companies_lacking_announced
from certification.numbers.models import Lifecycle, PhoneNumber, PhoneNumberQuerySet


class Status(models.TextChoices):
    """What a person sees; the words are those of every list, page, mail, export and API answer."""

    DRAFT = "draft", _("Draft")
    SUBMITTED = "submitted", _("Submitted")
    IN_REVIEW = "in_review", _("In review")
    RETURNED = "returned", _("Returned for correction")
    PENDING_MAINTENANCE = "pending_maintenance", _("Pending maintenance")
    CERTIFIED = "certified", _("Certified")
    MAINTENANCE = "maintenance", _("Under maintenance")
    LOCKED = "locked", _("Locked")
    EXPIRED = "expired", _("Expired")
    REJECTED = "rejected", _("Rejected")
    LAPSED = "lapsed", _("Lapsed")
    WITHDRAWN = "withdrawn", _("Withdrawn")
    REVOKED = "revoked", _("Revoked")


class PlainSQL(RawSQL):
    """RawSQL whose text is a constant of ours and whose values are named parameters."""

    def __init__(self, sql: str, values: dict[str, Any], output_field: models.Field[Any, Any]) -> None:
        order = [values[part.split(")s", 1)[0]] for part in sql.split("%(")[1:]]
        for name in values:
            sql = sql.replace(f"%({name})s", "%s")
        super().__init__(sql, order, output_field)


class Derivation:
    """The conditions of the four rules at one moment; `at` None is now (as the portal shows it at present)."""

    def __init__(self, at: dt.datetime | None = None) -> None:
        self.at = at
        self.moment = at or timezone.now()

    def open(self) -> MaintenanceQuerySet:
        """The maintenance open at the moment that stops display."""
        return Maintenance.objects.open_at(self.at).filter(suspends_display=True)

    def lifecycle(self) -> Combinable:
        """The lifecycle at the moment."""
        if self.at is None:
            return F("lifecycle")
        return value_at(subject="number", subject_id=OuterRef("pk"), aspect="state", at=self.at, present=F("lifecycle"))

    def provider(self) -> Combinable:
        """The provider at the moment."""
        if self.at is None:
            return F("provider_id")
        before = value_at(
            subject="number",
            subject_id=OuterRef("pk"),
            aspect="provider",
            at=self.at,
            present=Cast(F("provider_id"), models.CharField()),
        )
        return Cast(before, models.BigIntegerField())

    def industry(self) -> Combinable:
        """The industry of the number's company at the (past) moment."""
        assert self.at is not None
        before = value_at(
            subject="company",
            subject_id=OuterRef("company_id"),
            aspect="industry",
            at=self.at,
            present=Cast(F("company__industry_id"), models.CharField()),
        )
        return Cast(before, models.BigIntegerField())

    def any_open(self, open_rows: MaintenanceQuerySet, scope: Scope, covered: Q) -> Q:
        """`covered`, asked only where one of `open_rows` has the scope: PostgreSQL finds that out once, not per number."""
        return Q(Exists(open_rows.filter(scope=scope))) & covered

    def in_covered_industry(self, open_rows: MaintenanceQuerySet) -> Q:
        """The industry of the number's company is covered by one of `open_rows`."""
        industries = open_rows.filter(scope=Scope.INDUSTRY).values("industry_id")
        if self.at is None:
            return Q(company_id__in=Company.objects.filter(industry_id__in=industries).values("pk"))
        return Q(industry_then__in=industries)

    def covered(self, open_rows: MaintenanceQuerySet) -> Q:
        """One of `open_rows` covers the number. Needs the annotations of `prepare`."""
        parts = {
            Scope.NUMBER: Q(pk__in=open_rows.filter(scope=Scope.NUMBER).values("number_id")),
            Scope.COMPANY: Q(company_id__in=open_rows.filter(scope=Scope.COMPANY).values("company_id")),
            Scope.PROVIDER: Q(provider_then__in=open_rows.filter(scope=Scope.PROVIDER).values("provider_id")),
            Scope.INDUSTRY: self.in_covered_industry(open_rows),
        }
        condition = Q(Exists(open_rows.filter(scope=Scope.EVERYTHING)))
        for scope, part in parts.items():
            condition |= self.any_open(open_rows, scope, part)
        return condition

    def suspended(self) -> Q:
        """An open maintenance that suspends display covers the number."""
        return self.covered(self.open())

    def locked(self) -> Q:
        """One of them is a lock."""
        return self.covered(self.open().filter(locks=True))

    def lacking_announced(self) -> Q:
        """The company does not meet a requirement that takes effect later."""
        sql = companies_lacking_announced(past=self.at is not None)
        lacking = Q(company_id__in=PlainSQL(sql, {"at": self.moment}, models.BigIntegerField()))
        # No local day is before that of UTC by more than one: a requirement of an earlier day is announced nowhere.
        return (
            Q(Exists(Requirement.objects.filter(effective_from__gte=self.moment.astimezone(dt.UTC).date()))) & lacking
        )

    def prepare(self, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
        """The numbers that existed at the moment, with the values that the conditions read."""
        if self.at is not None:
            # Rows are kept when a number is released, so that its past stays readable.
            numbers = numbers.filter(Q(released_at__isnull=True) | Q(released_at__gt=self.at), created_at__lte=self.at)
            # The facts say which maintenance covered the number then; they need to know where it belonged.
            return numbers.annotate(provider_then=self.provider(), industry_then=self.industry()).alias(
                lifecycle_then=self.lifecycle()
            )
        return numbers.alias(lifecycle_then=self.lifecycle(), provider_then=self.provider())

    def case(self) -> Case:
        """The status as one expression; what most numbers are is found out first."""
        return Case(
            When(~Q(lifecycle_then=Lifecycle.CERTIFIED), then=F("lifecycle_then")),
            When(
                self.suspended(),
                then=Case(When(self.locked(), then=Value(Status.LOCKED)), default=Value(Status.MAINTENANCE)),
            ),
            When(self.lacking_announced(), then=Value(Status.PENDING_MAINTENANCE)),
            default=Value(Status.CERTIFIED),
            output_field=models.CharField(),
        )

    def condition(self, status: str) -> Q:
        """The condition under which a number has the status: what `case` says, in a form that can use indexes."""
        certified = Q(lifecycle_then=Lifecycle.CERTIFIED)
        if status == Status.LOCKED:
            return certified & self.locked()
        if status == Status.MAINTENANCE:
            return certified & self.suspended() & ~self.locked()
        if status == Status.PENDING_MAINTENANCE:
            waiting = certified & ~self.suspended() & self.lacking_announced()
            return Q(lifecycle_then=Lifecycle.PENDING_MAINTENANCE) | waiting
        if status == Status.CERTIFIED:
            return certified & ~self.suspended() & ~self.lacking_announced()
        return Q(lifecycle_then=status)


def with_status(numbers: PhoneNumberQuerySet, *, at: dt.datetime | None = None) -> PhoneNumberQuerySet:
    """The numbers with their derived status as `status`; at a past moment with `at` (as the portal showed it then)."""
    derivation = Derivation(at)
    return derivation.prepare(numbers).annotate(status=derivation.case())


def having_status(
    numbers: PhoneNumberQuerySet, statuses: Iterable[str], *, at: dt.datetime | None = None
) -> PhoneNumberQuerySet:
    """Those of the numbers whose derived status is one of `statuses`."""
    derivation = Derivation(at)
    wanted = Q(pk__in=[])
    for status in statuses:
        wanted |= derivation.condition(status)
    return derivation.prepare(numbers).filter(wanted)


def counts_by_status(numbers: PhoneNumberQuerySet, *, at: dt.datetime | None = None) -> dict[str, int]:
    """How many of the numbers have each status; only statuses that occur."""
    derived: Any = with_status(numbers, at=at)
    rows = derived.order_by().values("status").annotate(total=models.Count("pk"))
    return {row["status"]: row["total"] for row in rows}


def statuses_of(numbers: PhoneNumberQuerySet, *, at: dt.datetime | None = None) -> dict[int, str]:
    """The status of each of the numbers by primary key, of those that existed at the moment `at`."""
    return {
        number.pk: number.status  # type: ignore[attr-defined]
        for number in with_status(numbers, at=at).order_by().only("pk")
    }


def status_of(number: PhoneNumber, *, at: dt.datetime | None = None) -> str | None:
    """The status of one number; None when it did not exist at the moment `at`."""
    derived: Any = with_status(PhoneNumber.objects.filter(pk=number.pk), at=at)
    status: str | None = derived.values_list("status", flat=True).first()
    return status
