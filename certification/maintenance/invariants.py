"""What must always hold (docs: quality, invariants), checked on a live database without changing it.

Each check returns how many rows it looked at and what is wrong, in words without personal data. I10 comes from the
app above (`invariant_queries.FURTHER`), I17 from the calendar (`FURTHER_CHECKS`). I5 compares two histories, which no
database has: tests live them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from django.db import connection, transaction

from accounts.companies import Company
from accounts.journal import JournalEntry
from certification.maintenance.invariant_queries import COMPANIES_APART, FURTHER, REPLAYED, SIMPLE
from certification.maintenance.models import Maintenance, MaintenanceCause, OpenedBy, StatusSample, TickRun
from certification.maintenance.reference import NumberFacts, reference_statuses, reference_unmet
from certification.maintenance.status import counts_by_status, having_status, statuses_of, with_status
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet

#: So many violations of one invariant are listed; the rest is counted.
LISTED = 20
#: So many moments of recorded statuses are read back, the latest.
SAMPLED_MOMENTS = 10
#: So many companies' calendars are read, chosen at random, where nobody says whose.
SAMPLED_CALENDARS = 20


@dataclass
class Report:
    """What was checked and what is wrong."""

    checked: dict[str, int] = field(default_factory=dict)
    violations: list[dict[str, str]] = field(default_factory=list)

    def add(self, invariant: str, rows: int, problems: list[str]) -> None:
        """Note the outcome of one check."""
        self.checked[invariant] = self.checked.get(invariant, 0) + rows
        self.violations += [{"invariant": invariant, "what": what} for what in problems[:LISTED]]
        if len(problems) > LISTED:
            self.violations.append({"invariant": invariant, "what": f"... and {len(problems) - LISTED} more"})


#: Checks that the slices above add; told for which companies, and which moment it is.
FURTHER_CHECKS: list[Callable[[Report, Sequence[Company], dt.datetime], None]] = []


@contextmanager
def one_snapshot() -> Iterator[None]:
    """Read everything as of one moment, and be unable to write; inside a transaction that is running, as it is."""
    if connection.in_atomic_block:
        yield
        return
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


def rows(sql: str, parameters: dict[str, Any] | None = None) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())


def database_clock() -> dt.datetime:
    """The clock by which the derivation looks, the same all through a transaction."""
    ((now,),) = rows("SELECT now()")
    moment: dt.datetime = now
    return moment


def further_checks(report: Report, companies: Sequence[Company] | None) -> None:
    """What the slices above add, for these companies or for some chosen at random."""
    if companies is None:
        companies = list(Company.objects.order_by("?")[:SAMPLED_CALENDARS])
    for check in FURTHER_CHECKS:
        check(report, companies, database_clock())


def requirements_open(report: Report, tick_at: dt.datetime | None) -> None:
    """I1, as of the last tick; companies with what was changed since then are left to the next."""
    if tick_at is None:
        report.add("I1", 0, [])
        return
    # A decision about a document settles its company at once, by the day on which it is made.
    changed = set(
        JournalEntry.objects.filter(
            subject__in=["company", "material", "maintenance"], company__isnull=False, at__gt=tick_at
        ).values_list("company_id", flat=True)
    )
    expected = {pair for pair in reference_unmet(now=tick_at) if pair[0] not in changed}
    open_rows = Maintenance.objects.open_at().filter(requirement__isnull=False).values_list("company_id", "requirement")
    counted: dict[tuple[int, int], int] = {}
    for pair in open_rows:
        if pair[0] not in changed:
            counted[pair] = counted.get(pair, 0) + 1
    problems = [
        f"company {c} lacks requirement {r}, {counted.get((c, r), 0)} open"
        for c, r in expected
        if counted.get((c, r)) != 1
    ]
    problems += [
        f"company {c} meets requirement {r}, {n} open" for (c, r), n in counted.items() if (c, r) not in expected
    ]
    report.add("I1", len(expected | set(counted)), problems)


def random_numbers(most: int) -> PhoneNumberQuerySet:
    """Held numbers chosen at random, or all where there are no more than `most`."""
    held = PhoneNumber.objects.held()
    return held.filter(pk__in=held.order_by("?").values("pk")[:most]) if held.count() > most else held


def statuses_agree(report: Report, numbers: PhoneNumberQuerySet) -> None:
    """I7: the derivation in SQL against the reference in Python, for each of the numbers."""
    derived: Any = with_status(numbers).order_by("pk")
    facts = derived.values_list("pk", "lifecycle", "company_id", "provider_id", "status")
    found = {pk: (NumberFacts(pk, *read), status) for pk, *read, status in facts}
    expected = reference_statuses(numbers=[number for number, _status in found.values()], now=database_clock())
    problems = [
        f"number {pk}: SQL says {status}, the rules {expected[pk]}"
        for pk, (_number, status) in found.items()
        if status != expected[pk]
    ]
    report.add("I7", len(found), problems)


def history_agrees(report: Report, ages: Collection[int]) -> None:
    """I8: statuses that were noted when they were shown, read back as of that moment; `ages` as in `check_invariants`.

    A change whose moment lies before the note but that was written after it had not been shown; its numbers are skipped.
    """
    late = """
        SELECT s.number_id FROM certification_statussample s
        JOIN certification_phonenumber n ON n.id = s.number_id
        JOIN accounts_journalentry j ON j.company_id = n.company_id
         AND j.at <= %(at)s AND j.recorded_at > %(at)s AND j.subject IN ('number', 'company', 'maintenance', 'material')
        WHERE s.at = %(at)s
        UNION
        SELECT s.number_id FROM certification_statussample s
        WHERE s.at = %(at)s AND EXISTS (
            SELECT FROM accounts_journalentry j WHERE j.company_id IS NULL
            AND j.at <= %(at)s AND j.recorded_at > %(at)s AND j.subject IN ('number', 'company', 'maintenance', 'material'))
    """
    seen, problems = 0, []
    noted_at = StatusSample.objects.order_by("-at").values_list("at", flat=True).distinct()[: max(ages) + 1]
    for at in [at for age, at in enumerate(noted_at) if age in ages]:
        unsure = {pk for (pk,) in rows(late, {"at": at})}
        noted = {
            pk: status
            for pk, status in StatusSample.objects.filter(at=at).values_list("number_id", "status")
            if pk not in unsure
        }
        then = statuses_of(PhoneNumber.objects.filter(pk__in=noted), at=at)
        seen += len(noted)
        problems += [
            f"number {pk} as of {at.isoformat()}: {then.get(pk)}, was shown as {status}"
            for pk, status in noted.items()
            if then.get(pk) != status
        ]
    report.add("I8", seen, problems)


def counts_add_up(report: Report) -> None:
    """I9: counts by status add up to the numbers, and each filter finds as many as its count says."""
    numbers = PhoneNumber.objects.held()
    counts, total = counts_by_status(numbers, of_all_companies=True), numbers.count()
    problems = [] if sum(counts.values()) == total else [f"counts add up to {sum(counts.values())} of {total} numbers"]
    for status, count in counts.items():
        found = having_status(numbers, [status]).count()
        if found != count:
            problems.append(f"{status}: counted {count}, the filter finds {found}")
    report.add("I9", total, problems)


def journal_replays(report: Report, *, from_the_start: bool) -> None:
    """I6: the last value in the journal is the stored one; what was never journalled is as it began."""
    for name, sql in REPLAYED.items():
        for count, problems in rows(sql, {"from_the_start": from_the_start}):
            report.add("I6", count, [f"{name} {problem}" for problem in problems or []])


def one_company_each(report: Report) -> None:
    """I15: no row joins things of two companies."""
    for name, sql in COMPANIES_APART.items():
        for count, problems in rows(sql):
            report.add("I15", count, [f"{name} {problem} joins two companies" for problem in problems or []])


def simple_checks(report: Report, tick_at: dt.datetime | None) -> None:
    """What one statement finds: I2, I3, I11 to I16, and what the apps above add."""
    for invariant, what, sql in (*SIMPLE, *FURTHER):
        for count, problems in rows(sql, {"tick": tick_at}):
            report.add(invariant, count, [f"{what}: {problem}" for problem in problems or []])


def check_invariants(
    *,
    numbers: PhoneNumberQuerySet | None = None,
    ages: Collection[int] = range(SAMPLED_MOMENTS),
    companies: Sequence[Company] | None = None,
    from_the_start: bool = True,
) -> Report:
    """Check all of them as of one snapshot; writes nothing.

    `numbers`: what I7 looks at; None: every number that is held. `ages`: at which of the moments when statuses were noted
    I8 reads them back, 0 being the latest. `companies`: whose calendars I17 reads; None: some at random. `from_the_start`:
    rows without a journal row must be as every row begins (False where rows were put in by hand, as tests do).
    """
    if numbers is None:
        numbers = PhoneNumber.objects.held()
    report = Report()
    with one_snapshot():
        tick_at = TickRun.objects.filter(pk=1).values_list("started_at", flat=True).first()
        checks: tuple[Callable[[], None], ...] = (
            lambda: requirements_open(report, tick_at),
            lambda: simple_checks(report, tick_at),
            lambda: journal_replays(report, from_the_start=from_the_start),
            lambda: statuses_agree(report, numbers),
            lambda: history_agrees(report, ages),
            lambda: counts_add_up(report),
            lambda: one_company_each(report),
            lambda: further_checks(report, companies),
        )
        for check in checks:
            check()
        if MaintenanceCause.objects.filter(opened_by=OpenedBy.EXPIRY).count() != 1:
            report.add("I1", 1, ["the catalogue has no cause for expired materials"])
    report.checked = dict(sorted(report.checked.items(), key=lambda item: int(item[0][1:])))
    return report
