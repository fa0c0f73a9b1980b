"""What happened to an appeal, newest first, from the journal: each change with who and why."""

from __future__ import annotations

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.journal import JournalEntry
from appeals.cases.facts import TONES
from appeals.cases.models import Appeal, AppealState, PlatformState, Urgency
from appeals.platforms import Platform
from certification.applications.timeline import Entry, actor_label
from certification.reviews.clock_story import move_reason
from certification.reviews.models import DueTimeExtension, Review

PLATFORM_TONES = {PlatformState.CLEARED: "green", PlatformState.REFUSED: "red", PlatformState.ASKED: "blue"}


def sentence(entry: JournalEntry) -> str:
    """A change of state in words."""
    if entry.after == AppealState.IN_REVIEW and entry.before == AppealState.MORE_INFORMATION:
        return _("Answered; the review goes on") if entry.reason == "answered" else _("The question was taken back")
    return {
        AppealState.DRAFT: _("Draft created"),
        AppealState.SUBMITTED: _("Sent"),
        AppealState.IN_REVIEW: _("A reviewer has begun"),
        AppealState.MORE_INFORMATION: _("More information was asked for"),
        AppealState.UPHELD: _("Upheld"),
        AppealState.PARTLY_UPHELD: _("Partly upheld"),
        AppealState.DISMISSED: _("Dismissed"),
        AppealState.SETTLED: _("Settled without a decision"),
        AppealState.ABANDONED: _("Closed without an answer"),
        AppealState.WITHDRAWN: _("Withdrawn"),
    }[AppealState(entry.after)]


def timeline_of(appeal: Appeal) -> list[Entry]:
    """The appeal's history for its company; four queries."""
    members = set(appeal.company.memberships.values_list("user_id", flat=True))
    platforms = Platform.objects.in_bulk()
    mine = Q(subject="appeal", subject_id=appeal.pk)
    rows = JournalEntry.objects.filter(mine).select_related("actor").order_by("-at", "-id")
    entries = []
    for row in rows[:200]:
        label = actor_label(row, members)
        if row.aspect == "state":
            said = row.reason if row.after == AppealState.MORE_INFORMATION else ""
            entries.append(Entry(row.at, sentence(row), label, TONES[AppealState(row.after)], said))
        elif row.aspect == "urgency":
            entries.append(Entry(row.at, str(Urgency(row.after).label), label, "blue", row.reason))
        elif row.aspect.startswith("platform:"):
            platform = platforms.get(int(row.aspect.partition(":")[2]))
            words = f"{platform}{_(': ')}{PlatformState(row.after).label}"
            entries.append(Entry(row.at, words, label, PLATFORM_TONES[PlatformState(row.after)], row.reason))
    reviews = Review.objects.filter(subject="appeal", subject_id=appeal.pk)
    entries += [
        Entry(row.at, _("The due time has moved: %(reason)s") % {"reason": move_reason(row)}, _("The portal"), "blue")
        for row in DueTimeExtension.objects.filter(review__in=reviews).select_related("maintenance__cause")
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)
