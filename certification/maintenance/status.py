"""What a number's status is: derived, never stored, in SQL, for one number, a list, a count, or a moment in the past.

Nothing else decides this. The rules are domain section 4:

1. the lifecycle is not `certified`: the lifecycle's own label;
2. an open maintenance that suspends display covers the number: locked where it locks, else under maintenance;
3. a requirement that the company does not meet takes effect later: pending maintenance;
4. otherwise certified.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterable, Sequence
from typing import Any

from django.db import connection, models
from django.db.models import Case, Exists, F, OuterRef, Q, Value, When
from django.db.models.expressions import Combinable, RawSQL
from django.db.models.functions import Cast
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


TODAY_UTC = PlainSQL("(now() AT TIME ZONE 'UTC')::date", {}, models.DateField())


class Derivation:
    """The conditions of the four rules at one moment; `at` None is now (as the portal shows it at present)."""

    def __init__(self, at: dt.datetime | None = None) -> None:
        self.at = at

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

    def in_covered_industry(self, open_rows: MaintenanceQuerySet) -> Q:
        """The industry of the number's company is covered by one of `open_rows`."""
        industries = open_rows.filter(scope=Scope.INDUSTRY).values("industry_id")
        if self.at is None:
            return Q(company_id__in=Company.objects.filter(industry_id__in=industries).values("pk"))
        return Q(industry_then__in=industries)

    def covered(self, open_rows: MaintenanceQuerySet, *, alone: bool = True) -> Q:
        """One of `open_rows` covers the number; without `alone` those that cover only it do not count.

        Needs the annotations of `prepare`.
        """
        condition = (
            Q(Exists(open_rows.filter(scope=Scope.EVERYTHING)))
            | Q(company_id__in=open_rows.filter(scope=Scope.COMPANY).values("company_id"))
            | Q(provider_then__in=open_rows.filter(scope=Scope.PROVIDER).values("provider_id"))
            | self.in_covered_industry(open_rows)
        )
        if alone:
            condition |= Q(pk__in=open_rows.filter(scope=Scope.NUMBER).values("number_id"))
        return condition

    def suspended(self, *, alone: bool = True) -> Q:
        """An open maintenance that suspends display covers the number."""
        return self.covered(self.open(), alone=alone)

    def locked(self, *, alone: bool = True) -> Q:
        """One of them is a lock."""
        return self.covered(self.open().filter(locks=True), alone=alone)

    def companies_apart(self) -> models.QuerySet[Any, Any]:
        """The keys of the companies that differ from others at present.

        By maintenance of theirs or of their industry, or by a requirement that they do not meet.
        """
        open_rows = self.open()
        own = Q(company_id__in=open_rows.filter(scope=Scope.COMPANY).values("company_id"))
        return (
            Company.objects.alias(company_id=F("pk"))
            .filter(own | self.in_covered_industry(open_rows) | self.lacking_announced())
            .values("pk")
        )

    def lacking_announced(self) -> Q:
        """The company does not meet a requirement that takes effect later."""
        sql = companies_lacking_announced(past=self.at is not None)
        day: Any
        if self.at is None:  # by the database's clock, so that the statement is the same every time
            lacking, day = PlainSQL(sql.replace("%(at)s", "now()"), {}, models.BigIntegerField()), TODAY_UTC
        else:
            lacking, day = PlainSQL(sql, {"at": self.at}, models.BigIntegerField()), self.at.astimezone(dt.UTC).date()
        # A requirement of a day before UTC's is announced nowhere: then no company is looked at.
        return Q(Exists(Requirement.objects.filter(effective_from__gte=day))) & Q(company_id__in=lacking)

    def prepare(self, numbers: PhoneNumberQuerySet) -> PhoneNumberQuerySet:
        """The numbers that existed at the moment, with the values that the conditions read."""
        if self.at is not None:
            numbers = numbers.held_at(self.at)
            # The facts say which maintenance covered the number then; they need to know where it belonged.
            return numbers.annotate(provider_then=self.provider(), industry_then=self.industry()).alias(
                lifecycle_then=self.lifecycle()
            )
        return numbers.alias(lifecycle_then=self.lifecycle(), provider_then=self.provider())

    def case(self, *, alone: bool = True) -> Case:
        """The status as one expression; what most numbers are is found out first. `alone` as in `covered`."""
        stopped = Case(When(self.locked(alone=alone), then=Value(Status.LOCKED)), default=Value(Status.MAINTENANCE))
        return Case(
            When(~Q(lifecycle_then=Lifecycle.CERTIFIED), then=F("lifecycle_then")),
            When(self.suspended(alone=alone), then=stopped),
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


@functools.cache
def present_statuses() -> tuple[str, tuple[Any, ...]]:
    """SQL (id, status) of every number at present, to be narrowed by a condition. Compiled once: that takes longer than it runs."""
    derived: Any = with_status(PhoneNumber.objects.all())
    sql, parameters = derived.order_by().values_list("pk", "status").query.sql_with_params()
    return sql, tuple(parameters)


def statuses_by_key(keys: Sequence[int]) -> dict[int, str]:
    """The present status of each of the numbers with these primary keys; one query."""
    sql, parameters = present_statuses()
    by_key = f"{sql} WHERE {PhoneNumber._meta.db_table}.id = ANY (%s)"
    with connection.cursor() as cursor:
        cursor.execute(by_key, [*parameters, list(keys)])
        return dict(cursor.fetchall())


def give_status(numbers: Sequence[PhoneNumber]) -> None:
    """Set the present `status` of each of the numbers of a page, as `with_status` would have; one query."""
    statuses = statuses_by_key([number.pk for number in numbers])
    for number in numbers:
        number.status = statuses[number.pk]  # type: ignore[attr-defined]


@functools.cache
def statuses_of_examples() -> tuple[str, tuple[Any, ...]]:
    """SQL (id, lifecycle, status but for what covers it alone, whether that locks it) of the numbers in `counted`.

    Compiled once: it takes longer to write than to run.
    """
    derivation = Derivation()
    single = derivation.open().filter(scope=Scope.NUMBER, locks=True)
    examples = PlainSQL("SELECT example FROM counted", {}, models.BigIntegerField())
    numbers: Any = derivation.prepare(PhoneNumber.objects.filter(pk__in=examples)).annotate(
        status=derivation.case(alone=False), is_locked=Q(pk__in=single.values("number_id"))
    )
    sql, parameters = numbers.order_by().values_list("pk", "lifecycle", "status", "is_locked").query.sql_with_params()
    return sql, tuple(parameters)


#: Groups of numbers with one status: an example of each, and how many there are.
GROUPS_OF_COMPANY = """
    SELECT min(n.id), count(*) FROM ({numbers}) AS n (id, company_id, provider_id, lifecycle)
    GROUP BY n.company_id, n.provider_id, n.lifecycle
"""
#: The same for so many companies that only those which differ from others are kept apart: the few groups that are left
#: can be counted by several processes. The array is made once, and hashed.
GROUPS_OF_ALL = """
    SELECT min(n.id), count(*) FROM ({numbers}) AS n (id, company_id, provider_id, lifecycle)
    LEFT JOIN unnest(ARRAY({apart})) AS apart (company_id) ON apart.company_id = n.company_id
    GROUP BY apart.company_id, n.provider_id, n.lifecycle
"""


def counts_by_status(
    numbers: PhoneNumberQuerySet, *, at: dt.datetime | None = None, of_all_companies: bool = False
) -> dict[str, int]:
    """How many of the numbers have each status; only statuses that occur. `of_all_companies`: they are those of all.

    Numbers of one company, provider and lifecycle have one status, unless a maintenance covers a single one of them: so
    they are counted in such groups first, and the status is derived for one number of each and for each covered alone.
    """
    if at is not None:
        past: Any = with_status(numbers, at=at)
        rows = past.order_by().values("status").annotate(total=models.Count("pk"))
        return {row["status"]: row["total"] for row in rows}
    single = Derivation().open().filter(scope=Scope.NUMBER).values("number_id")
    facts = numbers.order_by().values_list("pk", "company_id", "provider_id", "lifecycle").query.sql_with_params()
    apart = Derivation().companies_apart().order_by().query.sql_with_params() if of_all_companies else ("", ())
    covered_alone = numbers.filter(pk__in=single).order_by().values_list("pk").query.sql_with_params()
    examples = statuses_of_examples()
    groups = (GROUPS_OF_ALL if of_all_companies else GROUPS_OF_COMPANY).format(numbers=facts[0], apart=apart[0])
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH groups (example, total) AS MATERIALIZED ({groups}), single (example) AS MATERIALIZED ({covered_alone[0]}),
            counted (example, total, is_alone) AS MATERIALIZED (
                SELECT example, total, false FROM groups
                UNION ALL SELECT example, -1, false FROM single UNION ALL SELECT example, 1, true FROM single
            )
            SELECT CASE WHEN counted.is_alone AND derived.lifecycle = 'certified'
                        THEN CASE WHEN derived.is_locked OR derived.status = 'locked' THEN 'locked' ELSE 'maintenance' END
                        ELSE derived.status END AS status, sum(counted.total)
            FROM ({examples[0]}) AS derived (id, lifecycle, status, is_locked) JOIN counted ON counted.example = derived.id
            GROUP BY 1 HAVING sum(counted.total) > 0
            """,  # noqa: S608 - compiled querysets, every value is a parameter
            [*facts[1], *apart[1], *covered_alone[1], *examples[1]],
        )
        return {status: int(total) for status, total in cursor.fetchall()}


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
