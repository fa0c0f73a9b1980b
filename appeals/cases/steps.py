"""What the timelines of numbers and companies say of appeals: sent, asked, answered, decided, each platform's answer."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.journal import JournalEntry
from appeals.cases.decisions import STATES as OUTCOMES
from appeals.cases.decisions import title_of
from appeals.cases.facts import TONES
from appeals.cases.models import Appeal, AppealNumber, AppealState, PlatformState
from appeals.cases.submission import SUBJECT
from appeals.cases.timeline import PLATFORM_TONES, sentence
from appeals.platforms import Platform
from certification.reviews.models import Decision, Review
from certification.timeline.of_numbers import actor_label
from certification.timeline.of_reviews import TITLES, TOLD_ELSEWHERE, decisions, say_decided
from certification.timeline.sources import About, Event, Source, people, register, register_kind

PLATFORM = "platform:"
#: Decisions are told by their reviews, with the reasons; what a platform answered stands among the steps.
STATES = Q(aspect="state") & (
    Q(
        after__in=[
            AppealState.SUBMITTED,
            AppealState.MORE_INFORMATION,
            AppealState.SETTLED,
            AppealState.ABANDONED,
        ]
    )
    | Q(after=AppealState.IN_REVIEW, before=AppealState.MORE_INFORMATION)
    | (Q(after=AppealState.WITHDRAWN) & ~Q(before=AppealState.DRAFT))
)
ANSWERS = Q(aspect__startswith=PLATFORM, after__in=[PlatformState.CLEARED, PlatformState.REFUSED])


def about_number(about: About) -> QuerySet[AppealNumber]:
    """The places of the number in appeals."""
    return AppealNumber.objects.filter(number__in=about.number_keys)


def appeal_steps(about: About) -> QuerySet[JournalEntry]:
    """The steps of the company's appeals, or of those about the number."""
    rows = JournalEntry.objects.filter(STATES | ANSWERS, subject=SUBJECT)
    if about.numbers is None:
        return rows.filter(company=about.company)
    return rows.filter(subject_id__in=about_number(about).values("appeal"))


def appeal_decisions(about: About) -> QuerySet[Review]:
    """The decisions about them."""
    rows = Review.objects.filter(subject=SUBJECT)
    if about.numbers is None:
        return decisions(rows.filter(company=about.company))
    return decisions(rows.filter(subject_id__in=about_number(about).values("appeal")))


def appeal_titles(keys: set[int]) -> dict[int, str]:
    """Appeals by kind and reference; one query."""
    return {pk: title_of(appeal) for pk, appeal in Appeal.objects.in_bulk(keys).items()}


def urls_of(keys: set[int], about: About) -> dict[int, str]:
    """Where the reader reads about the appeals: the company its page, staff the case. One query."""
    if not about.for_staff:
        refs = Appeal.objects.filter(pk__in=keys).values_list("pk", "ref")
        return {pk: reverse("appeals:detail", args=[ref]) for pk, ref in refs}
    reviews = Review.objects.filter(subject=SUBJECT, subject_id__in=keys).order_by("opened_at")
    return {pk: reverse("reviews:case", args=[ref]) for pk, ref in reviews.values_list("subject_id", "ref")}


def say_steps(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Each step with who, and the question or the platform's answer where there is one. Five queries at most."""
    keys = {row.subject_id for row in rows}
    appeals, urls = Appeal.objects.in_bulk(keys), urls_of(keys, about)
    answered = {int(row.aspect.removeprefix(PLATFORM)) for row in rows if row.aspect.startswith(PLATFORM)}
    platforms = Platform.objects.in_bulk(answered) if answered else {}
    names = people((row.actor_id for row in rows), about)
    events = []
    for row in rows:
        if row.aspect == "state":
            step, tone = sentence(row), TONES[AppealState(row.after)]
            detail = row.reason if row.after == AppealState.MORE_INFORMATION else ""
        else:
            state = PlatformState(row.after)
            platform = platforms[int(row.aspect.removeprefix(PLATFORM))]
            step, tone, detail = f"{platform}{_(': ')}{state.label}", PLATFORM_TONES[state], row.reason
        text = _("%(thing)s: %(step)s") % {"thing": title_of(appeals[row.subject_id]), "step": step}
        text, url = about.whose(row.company_id, text), urls.get(row.subject_id)
        events.append(Event(row.at, text, tone, actor_label(row, names), detail, url))
    return events


def say_decisions(rows: Sequence[Review], about: About) -> list[Event]:
    """The outcome with its reasons."""
    urls = urls_of({row.subject_id for row in rows}, about)
    return [
        dataclasses.replace(
            event,
            text=about.whose(row.company_id, event.text),
            tone=TONES[OUTCOMES[Decision(row.decision)]],
            url=urls.get(row.subject_id),
        )
        for row, event in zip(rows, say_decided(rows, about), strict=True)
    ]


TITLES[SUBJECT] = appeal_titles
TOLD_ELSEWHERE.add(SUBJECT)
register_kind("appeal", gettext_lazy("Appeals"))
register(
    Source("appeal_decided", "appeal", "decided_at", appeal_decisions, say_decisions),
    Source("appeal_steps", "appeal", "at", appeal_steps, say_steps),
)
