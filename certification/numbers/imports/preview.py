"""What each row of a sheet would become: read, compared with the rows above it and with the numbers that exist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from accounts.companies import Company
from certification.numbers.groups.tree import DEEPEST, Step, path_text, split_path
from certification.numbers.imports.columns import Target
from certification.numbers.imports.sheets import Rows, shown
from certification.numbers.models import GroupKind, PhoneNumber, Provider, RowOutcome
from certification.numbers.problems import SKIPPED, Problem
from certification.numbers.shapes import Cell, ReadNumber, read_number

#: Rows compared with the database in one statement.
BATCH = 5000
LONGEST_NAME, LONGEST_PATH = 60, 300
CONTROL = re.compile(r"[\x00-\x1f\x7f]+")
#: From the top of the tree down.
GROUP_COLUMNS = (
    (Target.BRAND, GroupKind.BRAND),
    (Target.REGION, GroupKind.REGION),
    (Target.CITY, GroupKind.REGION),
    (Target.STORE, GroupKind.STORE),
)


@dataclass
class JudgedRow:
    """One row and what is to become of it."""

    row: int
    cells: list[str]
    value: str
    number: str = ""
    kind: str = ""
    extension: str = ""
    label: str = ""
    alias: str = ""
    group_path: str = ""
    backup_for: str = ""
    provider_id: int | None = None
    outcome: str = RowOutcome.ACCEPTED
    problem: str = ""
    detail: str = ""

    def refuse(self, problem: Problem, detail: str = "") -> None:
        """Leave the row out, because of `problem`."""
        self.outcome = RowOutcome.SKIPPED if problem in SKIPPED else RowOutcome.REJECTED
        self.problem, self.detail = problem, detail[:120]


@dataclass
class Judge:
    """Judges the rows of one file, in order; remembers what it has seen."""

    company: Company
    columns: dict[str, int]
    providers: Sequence[Provider]
    default_provider: Provider
    first_rows: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.provider_names = {
            name.casefold(): provider.pk
            for provider in self.providers
            for name in (provider.code, provider.name_zh, provider.name_en)
        }

    def judge(self, rows: Rows) -> Iterator[JudgedRow]:
        """Every row after reading, comparing within the file, and comparing with the numbers that are held already."""
        while batch := [self.read(number, cells) for number, cells in islice(rows, BATCH)]:
            self.compare(batch)
            yield from batch

    def cell(self, cells: Sequence[Cell], target: Target) -> str:
        """What the column of `target` says, trimmed."""
        column = self.columns.get(target, -1)
        return CONTROL.sub(" ", shown(cells[column])).strip() if 0 <= column < len(cells) else ""

    def read(self, number: int, cells: list[Cell]) -> JudgedRow:
        """One row by itself, and against the rows above it."""
        column = self.columns[Target.NUMBER]
        value = cells[column] if column < len(cells) else None
        row = JudgedRow(number, [shown(cell) for cell in cells], shown(value)[:200])
        row.provider_id = self.default_provider.pk
        found = read_number(value)
        if isinstance(found, ReadNumber):
            row.number, row.kind, row.extension = found
            self.read_texts(row, cells)
        else:
            row.refuse(found)
        if row.outcome == RowOutcome.ACCEPTED:
            first = self.first_rows.setdefault(row.number, number)
            if first != number:
                row.refuse(Problem.REPEATED, str(first))
        return row

    def read_texts(self, row: JudgedRow, cells: Sequence[Cell]) -> None:
        """The columns beside the number."""
        row.label, row.alias = self.cell(cells, Target.LABEL), self.cell(cells, Target.ALIAS)
        if len(row.label) > LONGEST_NAME:
            row.label = ""
            return row.refuse(Problem.LABEL_TOO_LONG)
        if len(row.alias) > LONGEST_NAME:
            row.alias = ""
            return row.refuse(Problem.ALIAS_TOO_LONG)
        provider = self.cell(cells, Target.PROVIDER)
        if provider:
            row.provider_id = self.provider_names.get(provider.casefold())
            if row.provider_id is None:
                return row.refuse(Problem.UNKNOWN_PROVIDER, provider)
        steps = self.group_steps(cells)
        if len(steps) >= DEEPEST or any(len(step.name) > LONGEST_NAME for step in steps):
            return row.refuse(Problem.GROUP_TOO_LONG)
        path = path_text(steps)
        if len(path) > LONGEST_PATH:
            return row.refuse(Problem.GROUP_TOO_LONG)
        row.group_path = path
        main = self.cell(cells, Target.BACKUP_FOR)
        if main:
            read = read_number(main)
            if not isinstance(read, ReadNumber):
                return row.refuse(Problem.BACKUP_INVALID, main)
            row.backup_for = read.number if read.number != row.number else ""
        return None

    def group_steps(self, cells: Sequence[Cell]) -> tuple[Step, ...]:
        """The groups of a row, from the top down."""
        steps = tuple(Step(str(kind), name) for target, kind in GROUP_COLUMNS if (name := self.cell(cells, target)))
        return steps + split_path(self.cell(cells, Target.GROUP))

    def compare(self, batch: Iterable[JudgedRow]) -> None:
        """Leave out the company's own numbers, and refuse those of others: in one statement."""
        accepted = {row.number: row for row in batch if row.outcome == RowOutcome.ACCEPTED}
        held = PhoneNumber.objects.held().filter(number__in=list(accepted)).values_list("number", "company_id")
        for number, company_id in held:
            own = company_id == self.company.pk
            accepted[number].refuse(Problem.ALREADY_YOURS if own else Problem.UNAVAILABLE)
