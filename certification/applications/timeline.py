"""What happened to an application, newest first, from the journal: each change with who and why."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.journal import ActorKind, JournalEntry
from certification.applications.facts import TONES
from certification.applications.models import Application, ApplicationState
from certification.reviews.clock_story import move_reason
from certification.reviews.models import Decision, DueTimeExtension, Review, ReviewState
from certification.reviews.verdicts import say_review


@dataclass(frozen=True)
class Entry:
    """One line of a timeline."""

    at: dt.datetime
    text: str
    actor_label: str = ""
    tone: str = "grey"
    detail: str = ""


def actor_label(entry: JournalEntry, members: set[int]) -> str:
    """Who it was, as the company may know it: its own people by name, staff by their office."""
    if entry.actor_kind == ActorKind.PERSON and entry.actor is not None:
        return str(entry.actor) if entry.actor_id in members else _("Reviewer")
    return _("The portal")


def sentence(entry: JournalEntry) -> str:
    """A change of state in words."""
    before, after = entry.before, entry.after
    if after == ApplicationState.SUBMITTED and before == ApplicationState.RETURNED:
        return _("Submitted again after correction")
    if after == ApplicationState.IN_REVIEW and before == ApplicationState.PENDING_MAINTENANCE:
        return _("The document is there; the review goes on")
    return {
        ApplicationState.DRAFT: _("Draft created"),
        ApplicationState.SUBMITTED: _("Submitted"),
        ApplicationState.IN_REVIEW: _("A reviewer has begun"),
        ApplicationState.PENDING_MAINTENANCE: _("Waits for a required document"),
        ApplicationState.RETURNED: _("Returned for correction"),
        ApplicationState.APPROVED: _("Approved"),
        ApplicationState.REJECTED: _("Rejected"),
        ApplicationState.LAPSED: _("Lapsed"),
        ApplicationState.WITHDRAWN: _("Withdrawn"),
    }[ApplicationState(after)]


def detail_of(review: Review) -> str:
    """What the company reads about a decision, in lines."""
    said = say_review(review)
    lines = [said.text] if said.text else []
    lines += [
        _("%(label)s: %(error)s") % {"label": item.name, "error": item.text or item.reason}
        if not (item.text and item.reason)
        else _("%(label)s: %(error)s") % {"label": item.name, "error": f"{item.reason} {item.text}"}
        for item in said.items
    ]
    return "\n".join(lines)


def timeline_of(application: Application, *, for_staff: bool = False) -> list[Entry]:
    """The application's history, newest first; staff read who claimed and decided by name."""
    reviews = list(
        Review.objects.filter(subject="application", subject_id=application.pk).prefetch_related("items__reason")
    )
    members = set(application.company.memberships.values_list("user_id", flat=True))
    mine = Q(subject="application", subject_id=application.pk, aspect="state")
    claims = Q(subject="review", subject_id__in=[review.pk for review in reviews], aspect="claim")
    rows = (
        JournalEntry.objects.filter(mine | claims if for_staff else mine).select_related("actor").order_by("-at", "-id")
    )
    # The application moves when a decision takes effect, shortly after its reviewer made it.
    effects = JournalEntry.objects.filter(
        subject="review", subject_id__in=[review.pk for review in reviews], aspect="state", after=ReviewState.DECIDED
    )
    took_effect = dict(effects.values_list("subject_id", "at"))
    decided = {(took_effect.get(review.pk, review.decided_at), review.decision): review for review in reviews}
    entries = []
    for row in rows[:200]:
        label = str(row.actor or _("The portal")) if for_staff else actor_label(row, members)
        if row.subject == "review":
            text = _("Claimed") if row.after else _("Released")
            entries.append(Entry(row.at, text, label))
            continue
        review = decided.get((row.at, row.after)) if row.after in set(Decision.values) else None
        entries.append(
            Entry(
                row.at,
                sentence(row),
                label,
                TONES[ApplicationState(row.after)],
                detail_of(review) if review else "",
            )
        )
    entries += [
        Entry(
            row.at,
            _("The due time has moved: %(reason)s") % {"reason": move_reason(row)},
            _("The portal"),
            "blue",
        )
        for row in DueTimeExtension.objects.filter(review__in=reviews).select_related("maintenance__cause")
    ]
    return sorted(entries, key=lambda entry: entry.at, reverse=True)
