"""What a person reads about an appeal: its state in words, whose turn it is, until when, and the one next action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.db.models import Count, OuterRef, Q, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from appeals.cases.models import OPEN_STATES, Appeal, AppealState
from certification.applications.facts import Step
from certification.reviews.due_times import shown
from certification.reviews.models import Review, ReviewPause, ReviewState

TONES = {
    AppealState.DRAFT: "grey",
    AppealState.SUBMITTED: "blue",
    AppealState.IN_REVIEW: "blue",
    AppealState.MORE_INFORMATION: "amber",
    AppealState.UPHELD: "green",
    AppealState.PARTLY_UPHELD: "green",
    AppealState.DISMISSED: "outline",
    AppealState.SETTLED: "outline",
    AppealState.ABANDONED: "outline",
    AppealState.WITHDRAWN: "outline",
}
#: The company acts on these, the platform on those.
COMPANY_TURN = (AppealState.MORE_INFORMATION, AppealState.DRAFT)
PLATFORM_TURN = (AppealState.SUBMITTED, AppealState.IN_REVIEW)


@dataclass
class AppealFacts:
    """One appeal in words: what `{% four_facts %}` shows."""

    tone: str
    label: str
    sentence: str
    cause: str = ""
    displayed: bool | None = None
    turn: str = "nobody"  # "company" | "platform" | "nobody"
    #: A moment, or a day where something ends with a day.
    until: dt.date | None = None
    until_latest: dt.date | None = None
    since: dt.datetime | None = None
    action_label: str = ""
    action_url: str | None = None
    is_overdue: bool = False
    is_paused: bool = False
    notes: list[str] = field(default_factory=list)


def with_facts(appeals: QuerySet[Appeal]) -> QuerySet[Appeal]:
    """The appeals with what `facts_of` reads, in one query."""
    reviews = Review.objects.filter(subject="appeal", subject_id=OuterRef("pk"), state=ReviewState.OPEN)
    pauses = ReviewPause.objects.filter(review=OuterRef("open_review"), ended_at__isnull=True)
    unread = Q(messages__is_by_staff=True, messages__read_at__isnull=True)
    return (
        appeals.select_related("company")
        .annotate(
            open_review=Subquery(reviews.values("pk")[:1]),
            due_from=Subquery(reviews.values("due_from")[:1]),
            due_at=Subquery(reviews.values("due_at")[:1]),
            overdue_since=Subquery(reviews.values("overdue_since")[:1]),
            is_urgent=Subquery(reviews.values("is_urgent")[:1]),
            number_count=Count("items", distinct=True),
            unread=Count("messages", filter=unread, distinct=True),
        )
        .annotate(paused_since=Subquery(pauses.order_by("started_at").values("started_at")[:1]))
    )


def facts_of(appeal: Appeal) -> AppealFacts:
    """The words for one appeal that comes from `with_facts`."""
    state = AppealState(appeal.state)
    facts = AppealFacts(TONES[state], str(state.label), SENTENCES[state](), str(appeal.get_kind_display()))
    facts.since = appeal.state_since
    facts.action_label, facts.action_url = _("View"), reverse("appeals:detail", args=[appeal.ref])
    zone = appeal.company.zone
    if state == AppealState.DRAFT:
        facts.turn = "company"
        facts.action_label, facts.action_url = _("Continue"), reverse("appeals:edit", args=[appeal.ref])
    elif state == AppealState.MORE_INFORMATION:
        facts.turn, facts.until = "company", appeal.answer_until
        facts.action_label = _("Answer the question")
        facts.action_url = f"{facts.action_url}#thread"
    elif state in PLATFORM_TURN:
        facts.turn, facts.action_label = "platform", _("See progress")
        facts.is_overdue = appeal.overdue_since is not None  # type: ignore[attr-defined]
        facts.is_paused = appeal.paused_since is not None  # type: ignore[attr-defined]
        if facts.is_paused:
            facts.sentence = _("It waits: at present only urgent appeals are worked on. The time does not count.")
        elif appeal.due_at is not None:  # type: ignore[attr-defined]
            facts.until = shown(appeal.due_from, zone)  # type: ignore[attr-defined]
            facts.until_latest = shown(appeal.due_at, zone)  # type: ignore[attr-defined]
    if appeal.state in OPEN_STATES and appeal.unread:  # type: ignore[attr-defined]
        facts.notes.append(_("A new message from the reviewer"))
    return facts


SENTENCES = {
    AppealState.DRAFT: lambda: _("Not sent yet; only your company sees it."),
    AppealState.SUBMITTED: lambda: _("Received; it is waiting for a reviewer."),
    AppealState.IN_REVIEW: lambda: _("A reviewer is looking into it."),
    AppealState.MORE_INFORMATION: lambda: _(
        "The reviewer asked you something; the time stands still until you answer."
    ),
    AppealState.UPHELD: lambda: _("You were right: the appeal was upheld."),
    AppealState.PARTLY_UPHELD: lambda: _("You were right in a part: the reasons say in which."),
    AppealState.DISMISSED: lambda: _("The appeal was dismissed; the reasons are below."),
    AppealState.SETTLED: lambda: _("What it was about has ended without it; nothing is left to decide."),
    AppealState.ABANDONED: lambda: _(
        "It was closed because the question was not answered in time. You can appeal again."
    ),
    AppealState.WITHDRAWN: lambda: _("Your company has withdrawn it."),
}


def steps_of(appeal: Appeal, reached: Sequence[tuple[str, dt.datetime]]) -> list[Step]:
    """Sent, in review, decided: with the moments of `reached` (state, at), the latest of each."""
    at = dict(reached)
    state = AppealState(appeal.state)
    sent = Step(_("Sent"), "done", at.get("submitted"))
    review = Step(_("In review"), "todo")
    decision = Step(_("Decision"), "todo")
    if state == AppealState.SUBMITTED:
        sent.state = "current"
    elif state == AppealState.IN_REVIEW:
        review.state, review.at = "current", at.get("in_review")
    elif state == AppealState.MORE_INFORMATION:
        review.state, review.hint = "stopped", str(state.label)
    elif state in (AppealState.UPHELD, AppealState.PARTLY_UPHELD, AppealState.DISMISSED):
        review.state, review.at = "done", at.get("in_review")
        decision = Step(str(state.label), "stopped" if state == AppealState.DISMISSED else "done", appeal.state_since)
    else:
        review.state = "done" if at.get("in_review") else "stopped"
        decision = Step(str(state.label), "stopped", appeal.state_since)
    return [sent, review, decision]
