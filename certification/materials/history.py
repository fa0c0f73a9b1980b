"""What happened to a version, as its company reads it: from the journal, newest first."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.utils.translation import gettext as _

from accounts.journal import ActorKind, JournalEntry
from certification.materials.models import Material, MaterialState
from certification.reviews.models import Review, ReviewState
from certification.reviews.verdicts import own_words


@dataclass(frozen=True)
class TimelineEntry:
    """One line of the timeline."""

    at: dt.datetime
    text: str
    actor_label: str = ""
    tone: str = "grey"
    detail: str = ""


#: What each state that a version comes to is called in its timeline, and its tone.
TONES = {
    MaterialState.SUBMITTED: "blue",
    MaterialState.APPROVED: "green",
    MaterialState.RETURNED: "amber",
    MaterialState.REJECTED: "red",
    MaterialState.REPLACED: "grey",
    MaterialState.WITHDRAWN: "grey",
}


def words(state: str) -> str:
    """A change to `state` as a sentence."""
    return {
        MaterialState.SUBMITTED: _("Submitted for review"),
        MaterialState.APPROVED: _("Approved"),
        MaterialState.RETURNED: _("Returned for correction"),
        MaterialState.REJECTED: _("Rejected"),
        MaterialState.REPLACED: _("Replaced by a later version"),
        MaterialState.WITHDRAWN: _("Withdrawn"),
    }[MaterialState(state)]


def history_of(material: Material, reviews: list[Review]) -> list[TimelineEntry]:
    """Every step of the version; staff are not named. Two queries; the reviews come with their items."""
    members = set(material.company.memberships.values_list("user_id", flat=True))
    steps = JournalEntry.objects.filter(subject="material", subject_id=material.pk, aspect="state")
    claims = JournalEntry.objects.filter(
        subject="review", subject_id__in=[review.pk for review in reviews], aspect="claim"
    ).exclude(after="")
    spoken = {
        review.decision: own_words(review, list(review.items.all()))
        for review in reviews
        if review.state == ReviewState.DECIDED
    }
    entries = []
    for row in (steps | claims).select_related("actor").order_by("-at", "-id"):
        staff = _("Platform") if row.actor_kind == ActorKind.PERSON else ""
        who = str(row.actor) if row.actor_id in members else staff
        if row.subject == "review":
            entries.append(TimelineEntry(row.at, _("A reviewer is checking it"), who, "blue"))
            continue
        decided = row.after in (MaterialState.APPROVED, MaterialState.RETURNED, MaterialState.REJECTED)
        detail = spoken.get(row.after, "") if decided else ""
        entries.append(TimelineEntry(row.at, words(row.after), who, TONES[MaterialState(row.after)], detail))
    return entries
