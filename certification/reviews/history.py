"""What happened to a case, and what was decided before about the same thing and the same company."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.journal import JournalEntry
from accounts.users import User
from certification.reviews.clock_story import move_reason
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.verdicts import say_review

TONES = {Decision.APPROVED: "green", Decision.RETURNED: "amber", Decision.REJECTED: "red", Decision.PARTLY: "amber"}


@dataclass(frozen=True)
class CaseEntry:
    """One line of a case's timeline."""

    at: dt.datetime
    text: str
    actor_label: str = ""
    tone: str = "grey"
    detail: str = ""


def earlier_decisions(review: Review, *, size: int = 10) -> list[Review]:
    """The latest decisions about the company, those about the same thing first."""
    rows = (
        Review.objects.filter(company=review.company_id, state=ReviewState.DECIDED)
        .exclude(pk=review.pk)
        .select_related("decided_by")
        .order_by("-decided_at", "-pk")
    )
    same = list(rows.filter(subject=review.subject, subject_id=review.subject_id)[:size])
    others = rows.exclude(subject=review.subject, subject_id=review.subject_id)
    return same + list(others[: size - len(same)])


def history_of(review: Review) -> list[CaseEntry]:
    """The case's own journal, newest first, with people's names."""
    rows = (
        JournalEntry.objects.filter(subject="review", subject_id=review.pk)
        .select_related("actor")
        .order_by("-at", "-id")
    )
    listed = list(rows[:200])
    ids = {
        int(value) for row in listed if row.aspect == "claim" for value in (row.before, row.after) if value.isdigit()
    }
    people = User.objects.in_bulk(ids)
    entries = [entry for row in listed for entry in say_entry(review, row, people)]
    entries += [
        CaseEntry(row.at, _("Due time moved"), _("The portal"), tone="blue", detail=move_reason(row))
        for row in review.extensions.select_related("maintenance__cause")
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def say_entry(review: Review, row: JournalEntry, people: dict[int, User]) -> Iterator[CaseEntry]:
    """One journal row in words; rows without words of their own are left out."""
    actor = str(row.actor) if row.actor else _("The portal")
    if row.aspect == "claim":
        if not row.after:
            text = _("Released: no activity for 30 minutes") if row.reason == "idle" else _("Released")
        else:
            holder = people.get(int(row.after))
            same = row.actor_id == int(row.after)
            text = _("Claimed") if same else _("Handed to %(person)s") % {"person": holder}
        yield CaseEntry(row.at, text, actor)
    elif row.aspect == "overdue":
        yield CaseEntry(row.at, _("Overdue"), actor, "red")
    elif row.aspect == "expedited":
        yield CaseEntry(row.at, _("Expedited"), actor, "amber", row.reason)
    elif row.aspect == "decision" and row.after == "undone":
        yield CaseEntry(
            row.at, _("Taken back: %(decision)s") % {"decision": Decision(row.before).label}, actor, detail=row.reason
        )
    elif row.aspect == "decision":
        text = _("Could not take effect: %(decision)s") % {"decision": Decision(row.before).label}
        yield CaseEntry(row.at, text, actor, "red", row.reason)
    elif row.aspect == "state" and not row.before:
        yield CaseEntry(row.at, _("Opened"), actor, "blue")
    elif row.aspect == "state" and row.after == ReviewState.CANCELLED:
        yield CaseEntry(row.at, _("Withdrawn"), actor, detail=row.reason)
    elif row.aspect == "state":
        said = say_review(review)
        yield CaseEntry(row.at, said.heading, actor, TONES[Decision(review.decision)], said.text)
