"""Who lives in the simulation, what they intend to do next, and what has been counted."""

from __future__ import annotations

import datetime as dt
import heapq
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from accounts.companies import Company, Industry
from accounts.users import User
from appeals.complaints.models import Source
from certification.materials.models import MaterialKind
from certification.numbers.models import Provider
from certification.reviews.models import Reason
from portal.simulation.database import set_clock

Choice = TypeVar("Choice")
#: The local midnight at which every simulation begins: 1 January 2026 in China.
START = dt.datetime(2025, 12, 31, 16, tzinfo=dt.UTC)
DAY = dt.timedelta(days=1)
#: However small the world, each rare thing happens about so often a day: fifteen times a year.
AT_LEAST = 0.04


@dataclass
class Tenant:
    """One company with its habits."""

    company: Company
    owner: User
    #: So many days before the end it renews; negative: after it.
    lead: int
    #: How likely its documents are in order.
    care: float
    #: Kinds of application that it is about to make.
    intends: set[str] = field(default_factory=set)


@dataclass
class Staff:
    """Who works on certification."""

    reviewers: list[User]
    lead: User
    operations: User
    policy: User


class World:
    """The state of a run that is not in the database: dice, clock, agenda, people, counts.

    Whatever is chosen is chosen from lists in the order in which they came to be, so that a seed fixes the run.
    """

    def __init__(self, *, companies: int, numbers: int, seed: int) -> None:
        self.rng = random.Random(seed)  # noqa: S311 - not for secrets
        self.now = START
        self.size, self.numbers = companies, numbers
        self.counts: Counter[str] = Counter()
        self.violations: list[dict[str, str]] = []
        self.tenants: list[Tenant] = []
        self.by_company: dict[int, Tenant] = {}
        self.staff: Staff
        #: Tells the reviewers that a case has come in: its subject and key.
        self.on_desk: Callable[[str, int], None]
        self.industries = list(Industry.objects.order_by("code"))
        self.providers = list(Provider.objects.order_by("code"))
        self.kinds = {kind.pk: kind for kind in MaterialKind.objects.order_by("code")}
        self.reasons = {reason.code: reason for reason in Reason.objects.order_by("code")}
        #: The account of complaints that locks are held against: local day and moment of each, per number.
        self.complained: dict[int, list[tuple[dt.date, dt.datetime]]] = {}
        #: When each number was last released from a lock.
        self.released: dict[int, dt.datetime] = {}
        #: The numbers that are locked.
        self.locked: set[int] = set()
        self.source: Source | None = None
        self.serial = 0
        self.last_number = 0
        self.engine_stops_until = START
        self._agenda: list[tuple[dt.datetime, int, Callable[[], None]]] = []
        self._entries = 0

    # --- Time ---------------------------------------------------------------------------------------------------------

    def at(self, moment: dt.datetime, act: Callable[[], None]) -> None:
        """Put an act on the agenda; one that should have happened happens next."""
        self._entries += 1
        heapq.heappush(self._agenda, (max(moment, self.now), self._entries, act))

    def after(self, days: float, act: Callable[[], None]) -> None:
        """Put an act on the agenda, so many days from now."""
        self.at(self.now + dt.timedelta(seconds=round(days * 86_400)), act)

    def sometime(self, least: float, most: float, act: Callable[[], None]) -> None:
        """Put an act on the agenda between `least` and `most` days from now."""
        self.after(self.rng.uniform(least, most), act)

    def live_until(self, moment: dt.datetime) -> None:
        """Let everything happen, in order, that is on the agenda before `moment`."""
        while self._agenda and self._agenda[0][0] < moment:
            due, _entry, act = heapq.heappop(self._agenda)
            self.move_clock(due)
            act()
        self.move_clock(moment)

    def move_clock(self, moment: dt.datetime) -> None:
        """Let it be `moment`, here and in the database."""
        self.now = moment
        set_clock(moment)

    # --- Chance -------------------------------------------------------------------------------------------------------

    def chance(self, probability: float) -> bool:
        """Whether something of this probability happens."""
        return self.rng.random() < probability

    def times(self, rate: float) -> int:
        """How often something happens today that happens `rate` times on an average day."""
        rate = max(rate, AT_LEAST)
        return int(rate) + self.chance(rate - int(rate))

    def one_of(self, choices: Sequence[Choice]) -> Choice:
        """One of them."""
        return choices[self.rng.randrange(len(choices))]

    def tenant(self) -> Tenant:
        """A company that staff have verified."""
        for _attempt in range(20):
            found = self.one_of(self.tenants)
            if found.company.is_verified:
                return found
        return self.tenants[0]

    # --- Counting -----------------------------------------------------------------------------------------------------

    def count(self, what: str, times: int = 1) -> None:
        """Count something that happened."""
        if times:
            self.counts[what] += times

    def refused(self, refusal: Exception) -> None:
        """Count what the portal rightly did not let somebody do."""
        self.counts[f"refused: {type(refusal).__name__}"] += 1

    def release(self, number_id: int) -> None:
        """A decision has ended the lock of a number: it counts anew."""
        self.released[number_id] = self.now
        self.locked.discard(number_id)

    def join(self, tenant: Tenant) -> None:
        """A company is there from now on."""
        self.tenants.append(tenant)
        self.by_company[tenant.company.pk] = tenant
