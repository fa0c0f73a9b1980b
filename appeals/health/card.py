"""The health card of a number (domain section 7): marks by platform and age, complaints, locks. Facts and their trend, no score.

Cards are made for several numbers at once, in a number of queries that does not grow with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db import connection
from django.db.models import Count, Q
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from appeals.complaints.models import Complaint
from appeals.marks.models import Mark, MarkSighting
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber

#: How far back complaints are counted, and what marks are compared with (domain section 7).
LOOK_BACK = dt.timedelta(days=30)
#: So many past locks are listed; the rest is counted.
LOCKS_SHOWN = 3


@dataclass
class HealthCard:
    """What is known about one number."""

    number: PhoneNumber
    #: Marks that stand, the oldest first, and how many stood thirty days ago.
    marks: list[Mark] = field(default_factory=list)
    marks_before: int = 0
    #: Marks that were cleared and have not come back.
    cleared: int = 0
    #: Complaints about calls of the last thirty days, of the thirty before, and the company's median per number.
    complaints: int = 0
    complaints_before: int = 0
    median: float = 0
    lock: Maintenance | None = None
    past_locks: list[Maintenance] = field(default_factory=list)
    past_locks_total: int = 0
    #: Whether the company itself reads it, or staff.
    for_company: bool = True

    @property
    def is_above_median(self) -> bool:
        """Whether more is complained of it than of the company's usual number."""
        return self.complaints > self.median

    @property
    def median_text(self) -> str:
        """The median without needless decimals."""
        return f"{self.median:g}"

    @property
    def tone(self) -> str:
        """Red while it is locked, amber while something stands against it."""
        if self.lock is not None:
            return "red"
        return "amber" if self.marks or self.is_above_median else "green"

    @property
    def unconfirmed(self) -> int:
        """How many of the marks only the company has told of."""
        return sum(not mark.is_confirmed for mark in self.marks)

    @property
    def sentence(self) -> str:
        """The card in one sentence."""
        return _("%(facts)s.") % {"facts": _("; ").join(self.clauses())}

    def clauses(self) -> list[str]:
        """What the sentence says, one after the other."""
        clauses = []
        if self.lock is not None:
            clauses.append(_("It is locked because of complaints"))
        if self.marks:
            clauses.append(
                ngettext(
                    "%(count)s platform marks this number", "%(count)s platforms mark this number", len(self.marks)
                )
                % {"count": len(self.marks)}
            )
        else:
            clauses.append(_("No platform marks this number"))
        clauses.append(self.complaint_clause())
        return clauses

    def complaint_clause(self) -> str:
        """How many complaints there were, against the median."""
        if not self.complaints:
            return _("no complaint in 30 days")
        values = {"count": self.complaints, "median": self.median_text}
        if self.is_above_median and self.for_company:
            words = ngettext(
                "%(count)s complaint in 30 days, above your company's median of %(median)s",
                "%(count)s complaints in 30 days, above your company's median of %(median)s",
                self.complaints,
            )
        elif self.is_above_median:
            words = ngettext(
                "%(count)s complaint in 30 days, above the company's median of %(median)s",
                "%(count)s complaints in 30 days, above the company's median of %(median)s",
                self.complaints,
            )
        else:
            words = ngettext(
                "%(count)s complaint in 30 days, not above the median of %(median)s",
                "%(count)s complaints in 30 days, not above the median of %(median)s",
                self.complaints,
            )
        return words % values


# The median is over every number that the company holds, those without complaints included.
MEDIANS = """
WITH counted AS (
    SELECT number_id, count(*) AS complaints FROM appeals_complaint
    WHERE company_id = ANY (%(companies)s) AND at > %(since)s AND at <= %(now)s GROUP BY number_id
)
SELECT n.company_id, percentile_cont(0.5) WITHIN GROUP (ORDER BY coalesce(counted.complaints, 0))
FROM certification_phonenumber n LEFT JOIN counted ON counted.number_id = n.id
WHERE n.company_id = ANY (%(companies)s) AND n.released_at IS NULL
GROUP BY n.company_id
"""


def count_complaints(cards: dict[int, HealthCard], *, now: dt.datetime) -> None:
    """Fill in the complaints and the medians; two queries."""
    recent = Q(at__gt=now - LOOK_BACK)
    rows = Complaint.objects.filter(number__in=cards, at__gt=now - 2 * LOOK_BACK, at__lte=now)
    counted = (
        rows.order_by().values("number").annotate(now=Count("pk", filter=recent), before=Count("pk", filter=~recent))
    )
    for row in counted:
        card = cards[row["number"]]
        card.complaints, card.complaints_before = row["now"], row["before"]
    companies = sorted({card.number.company_id for card in cards.values()})
    with connection.cursor() as cursor:
        cursor.execute(MEDIANS, {"companies": companies, "since": now - LOOK_BACK, "now": now})
        medians = dict(cursor.fetchall())
    for card in cards.values():
        card.median = medians.get(card.number.company_id, 0)


def cards_of(numbers: Sequence[PhoneNumber], *, now: dt.datetime, for_company: bool = True) -> dict[int, HealthCard]:
    """The card of each number by its key, as of `now`; five queries."""
    cards = {number.pk: HealthCard(number, for_company=for_company) for number in numbers}
    if not cards:
        return cards
    count_complaints(cards, now=now)
    for mark in Mark.objects.seen().filter(number__in=cards).select_related("platform").order_by("first_seen_at", "pk"):
        card = cards[mark.number_id]
        if mark.is_open:
            mark.number = card.number
            card.marks.append(mark)
        else:
            card.cleared += 1
    # What was said last before that moment; a clearance counts after a sighting of the same instant.
    last_said = (
        MarkSighting.objects.filter(mark__number__in=cards, at__lte=now - LOOK_BACK)
        .order_by("mark", "-at", "-is_clearance")
        .distinct("mark")
        .values_list("mark__number", "is_clearance")
    )
    for number_id, is_clearance in last_said:
        cards[number_id].marks_before += not is_clearance
    locks = Maintenance.objects.filter(number__in=cards, locks=True, opened_at__isnull=False)
    for lock in locks.select_related("cause").order_by("-opened_at", "-pk"):
        assert lock.number_id is not None
        card = cards[lock.number_id]
        if lock.is_open:
            card.lock = lock
            continue
        card.past_locks_total += 1
        if len(card.past_locks) < LOCKS_SHOWN:
            card.past_locks.append(lock)
    return cards
