"""What a person reads about an application: its state in words, whose turn it is, until when, and the one next action."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Count, OuterRef, QuerySet, Subquery
from django.urls import reverse
from django.utils.translation import gettext as _

from certification.applications.corrections import RETURN_DAYS
from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.reviews.due_times import shown
from certification.reviews.models import Review, ReviewItem, ReviewState

TONES = {
    ApplicationState.DRAFT: "grey",
    ApplicationState.SUBMITTED: "blue",
    ApplicationState.IN_REVIEW: "blue",
    ApplicationState.PENDING_MAINTENANCE: "amber",
    ApplicationState.RETURNED: "amber",
    ApplicationState.APPROVED: "green",
    ApplicationState.REJECTED: "outline",
    ApplicationState.LAPSED: "outline",
    ApplicationState.WITHDRAWN: "outline",
}
#: The company acts on these, the platform on those.
COMPANY_TURN = (ApplicationState.RETURNED, ApplicationState.PENDING_MAINTENANCE, ApplicationState.DRAFT)
PLATFORM_TURN = (ApplicationState.SUBMITTED, ApplicationState.IN_REVIEW)


@dataclass
class ApplicationFacts:
    """One application in words."""

    state: str
    tone: str
    label: str
    sentence: str
    turn: str = "nobody"  # "company" | "platform" | "nobody"
    #: A moment, or a day where something ends with a day.
    until: dt.date | None = None
    until_latest: dt.date | None = None
    action_label: str = ""
    action_url: str | None = None
    is_overdue: bool = False


def with_facts(applications: QuerySet[Application]) -> QuerySet[Application]:
    """The applications with what `facts_of` reads, in one query."""
    reviews = Review.objects.filter(subject="application", subject_id=OuterRef("pk"))
    open_ones = reviews.filter(state=ReviewState.OPEN)
    latest = reviews.filter(state=ReviewState.DECIDED).order_by("-decided_at")
    returned = (
        ReviewItem.objects.filter(review=OuterRef("last_review"))
        .order_by()
        .values("review")
        .annotate(total=Count("pk"))
        .values("total")
    )
    return (
        applications.select_related("company", "waits_for__kind")
        .defer("submitted_answers")
        .annotate(
            due_from=Subquery(open_ones.values("due_from")[:1]),
            due_at=Subquery(open_ones.values("due_at")[:1]),
            overdue_since=Subquery(open_ones.values("overdue_since")[:1]),
            last_review=Subquery(latest.values("pk")[:1]),
            number_count=Count("items"),
        )
        .annotate(returned_items=Subquery(returned))
    )


def facts_of(application: Application) -> ApplicationFacts:
    """The words for one application that comes from `with_facts`."""
    state = ApplicationState(application.state)
    facts = ApplicationFacts(state, TONES[state], str(state.label), SENTENCES[state]())
    detail = reverse("applications:detail", args=[application.ref])
    facts.action_label, facts.action_url = _("View"), detail
    if state == ApplicationState.DRAFT:
        facts.turn = "company"
        facts.action_label = _("Continue")
        facts.action_url = reverse("applications:edit", args=[application.ref])
    elif state in PLATFORM_TURN:
        facts.turn = "platform"
        zone = application.company.zone
        if application.due_at is not None:  # type: ignore[attr-defined]
            facts.until = shown(application.due_from, zone)  # type: ignore[attr-defined]
            facts.until_latest = shown(application.due_at, zone)  # type: ignore[attr-defined]
        facts.action_label = _("See progress")
        facts.is_overdue = application.overdue_since is not None  # type: ignore[attr-defined]
    elif state == ApplicationState.RETURNED:
        facts.turn = "company"
        facts.until = application.state_since + dt.timedelta(days=RETURN_DAYS)
        facts.action_label = _("See the reasons and correct")
        facts.action_url = reverse("applications:edit", args=[application.ref])
    elif state == ApplicationState.PENDING_MAINTENANCE:
        facts.turn = "company"
        facts.until = application.waits_until
        if application.waits_for is not None:
            facts.sentence = _("It waits for %(material)s, for at most 15 days.") % {
                "material": application.waits_for.kind
            }
            facts.action_url = f"{reverse('materials:add')}?kind={application.waits_for.kind.code}"
        facts.action_label = _("Supply the document")
    return facts


SENTENCES = {
    ApplicationState.DRAFT: lambda: _("Not submitted yet; only your company sees it."),
    ApplicationState.SUBMITTED: lambda: _("Received; it is waiting for a reviewer."),
    ApplicationState.IN_REVIEW: lambda: _("A reviewer is checking it."),
    ApplicationState.PENDING_MAINTENANCE: lambda: _("It waits for a document, for at most 15 days."),
    ApplicationState.RETURNED: lambda: _("Something needs correction before it can be approved."),
    ApplicationState.APPROVED: lambda: _("It has been approved."),
    ApplicationState.REJECTED: lambda: _("It has not been approved. You can apply again or appeal."),
    ApplicationState.LAPSED: lambda: _(
        "It lapsed because a document was not supplied within 15 days. You can apply again."
    ),
    ApplicationState.WITHDRAWN: lambda: _("Your company has withdrawn it."),
}


@dataclass
class Step:
    """One step of the way that an application goes."""

    label: str
    state: str
    at: dt.datetime | None = None
    hint: str = ""


def steps_of(application: Application, reached: Sequence[tuple[str, dt.datetime]]) -> list[Step]:
    """Handed in, in review, decided: with the moments of `reached` (state, at), the latest of each."""
    at = dict(reached)
    state = application.state
    submitted = Step(_("Submitted"), "done", at.get("submitted"))
    review = Step(_("In review"), "todo")
    decision = Step(_("Decision"), "todo")
    if state == ApplicationState.SUBMITTED:
        submitted.state = "current"
    elif state == ApplicationState.IN_REVIEW:
        review.state, review.at = "current", at.get("in_review")
    elif state == ApplicationState.PENDING_MAINTENANCE:
        review.state, review.hint = "stopped", str(ApplicationState.PENDING_MAINTENANCE.label)
    elif state == ApplicationState.RETURNED:
        review.state, review.at = "done", at.get("in_review")
        decision = Step(str(ApplicationState.RETURNED.label), "stopped", application.state_since)
    elif state == ApplicationState.APPROVED:
        review.state, review.at = "done", at.get("in_review")
        done = _("Changed") if application.kind == ApplicationKind.CHANGE else _("Certified")
        decision = Step(done, "done", application.state_since)
    else:
        review.state = "done" if at.get("in_review") else "stopped"
        decision = Step(str(ApplicationState(state).label), "stopped", application.state_since)
    return [submitted, review, decision]
