"""The health card of a number (domain section 7): marks by platform and age, complaints, locks. Facts and their trend, no score.

Cards are made for several numbers at once, in a number of queries that does not grow with them.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

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
    lock: Maintenance | None = None
    past_locks: list[Maintenance] = field(default_factory=list)
    past_locks_total: int = 0

    @property
    def tone(self) -> str:
        """Red while it is locked, amber while something stands against it."""
        if self.lock is not None:
            return "red"
        return "amber" if self.marks else "green"

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
        return clauses


def cards_of(numbers: Sequence[PhoneNumber], *, now: dt.datetime) -> dict[int, HealthCard]:
    """The card of each number by its key, as of `now`; three queries."""
    cards = {number.pk: HealthCard(number) for number in numbers}
    if not cards:
        return cards
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
