"""What timelines say of reviews and their decisions, of applications and of versions of materials."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from django.db.models import Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.journal import JournalEntry
from certification.applications.facts import TONES as APPLICATION_TONES
from certification.applications.models import Application, ApplicationNumber, ApplicationState
from certification.applications.timeline import sentence
from certification.materials.history import TONES as MATERIAL_TONES
from certification.materials.history import words
from certification.materials.models import Material, MaterialState
from certification.reviews.history import TONES as DECISION_TONES
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.verdicts import own_words, say
from certification.timeline.of_numbers import actor_label, reason_of, while_held
from certification.timeline.sources import About, Event, Source, people

#: Decisions are told by their reviews; these are the other steps.
APPLICATION_STEPS = (
    ApplicationState.SUBMITTED,
    ApplicationState.PENDING_MAINTENANCE,
    ApplicationState.LAPSED,
    ApplicationState.WITHDRAWN,
)
MATERIAL_STEPS = (
    MaterialState.SUBMITTED,
    MaterialState.APPROVED,
    MaterialState.REPLACED,
    MaterialState.WITHDRAWN,
)
#: Subjects of reviews whose opening and decision other sources tell, among the thing's other steps.
TOLD_ELSEWHERE: set[str] = set()


def reviews(about: About) -> QuerySet[Review]:
    """The company's reviews; for a number those of its applications and of its company's materials while it held it."""
    if about.numbers is None:
        return Review.objects.filter(company=about.company)
    applications = ApplicationNumber.objects.filter(number__in=about.number_keys).values("application")
    materials = Q(subject="material") & while_held(about, "opened_at", "company_id")
    return Review.objects.filter(Q(subject="application", subject_id__in=applications) | materials)


def opened(about: About) -> QuerySet[Review]:
    """Those of them that no other source tells."""
    return reviews(about).exclude(subject__in=TOLD_ELSEWHERE)


def decided(about: About) -> QuerySet[Review]:
    """Those of these that were decided."""
    return decisions(opened(about))


def decisions(rows: QuerySet[Review]) -> QuerySet[Review]:
    """Those of the reviews that were decided, with what `say_decided` reads."""
    return rows.filter(state=ReviewState.DECIDED).prefetch_related("items__reason")


def claims(about: About) -> QuerySet[JournalEntry] | None:
    """Who took one of them up; for staff only."""
    if not about.for_staff:
        return None
    return JournalEntry.objects.filter(
        subject="review", subject_id__in=reviews(about).values("pk"), aspect="claim"
    ).exclude(after="")


def application_titles(keys: set[int]) -> dict[int, str]:
    """Applications by kind and reference; one query."""
    rows = Application.objects.in_bulk(keys)
    return {pk: f"{row.get_kind_display()} {row.ref}" for pk, row in rows.items()}


def material_titles(keys: set[int]) -> dict[int, str]:
    """Materials by kind and version; one query."""
    rows = Material.objects.select_related("kind").in_bulk(keys)
    return {
        pk: _("%(material)s, version %(version)d") % {"material": row.kind, "version": row.version}
        for pk, row in rows.items()
    }


#: What the reviews of a subject are about, in a few words, all of a page's at once; apps above add theirs.
TITLES: dict[str, Callable[[set[int]], dict[int, str]]] = {
    "application": application_titles,
    "material": material_titles,
}


def titles_of(rows: Sequence[Review]) -> dict[int, str]:
    """What each review is about, in a few words; a query per subject."""
    asked: dict[str, set[int]] = {}
    for row in rows:
        asked.setdefault(row.subject, set()).add(row.subject_id)
    titles = {subject: TITLES[subject](keys) for subject, keys in asked.items() if subject in TITLES}
    return {row.pk: titles.get(row.subject, {}).get(row.subject_id, str(row)) for row in rows}


def case_url(row: Review, about: About) -> str | None:
    """Where staff read the case."""
    return reverse("reviews:case", args=[row.ref]) if about.for_staff else None


def say_opened(rows: Sequence[Review], about: About) -> list[Event]:
    """Handed to the reviewers."""
    names, titles = people((row.submitted_by_id for row in rows), about), titles_of(rows)
    return [
        Event(
            row.opened_at,
            _("Review opened: %(title)s") % {"title": titles[row.pk]},
            "blue",
            names.get(row.submitted_by_id or 0, ""),
            url=case_url(row, about),
        )
        for row in rows
    ]


def say_decided(rows: Sequence[Review], about: About) -> list[Event]:
    """Decided, by whom and why."""
    names, titles = people((row.decided_by_id for row in rows), about), titles_of(rows)
    events = []
    for row in rows:
        items = list(row.items.all())
        said = say(subject=row.subject, decision=row.decision, text=own_words(row, items), items=items)
        lines = [said.text] if said.text else []
        for item in said.items:
            reason = " ".join(part for part in (item.reason, item.text) if part)
            lines.append(_("%(label)s: %(error)s") % {"label": item.name, "error": reason} if reason else item.name)
        text = _("%(decision)s: %(title)s") % {"decision": said.heading, "title": titles[row.pk]}
        tone, who = DECISION_TONES[Decision(row.decision)], names.get(row.decided_by_id or 0, "")
        assert row.decided_at is not None
        events.append(Event(row.decided_at, text, tone, who, "\n".join(lines), case_url(row, about)))
    return events


def say_claims(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Taken up by a reviewer."""
    found = Review.objects.in_bulk({row.subject_id for row in rows})
    names, titles = people((row.actor_id for row in rows), about), titles_of(list(found.values()))
    return [
        Event(
            row.at,
            _("Claimed: %(title)s") % {"title": titles[row.subject_id]},
            "grey",
            actor_label(row, names),
            url=case_url(found[row.subject_id], about),
        )
        for row in rows
    ]


def application_steps(about: About) -> QuerySet[JournalEntry] | None:
    """The steps of the company's applications; a number's own lifecycle tells of its."""
    if about.numbers is not None:
        return None
    return JournalEntry.objects.filter(
        company=about.company, subject="application", aspect="state", after__in=APPLICATION_STEPS
    )


def say_applications(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Submitted, waiting, lapsed, withdrawn."""
    found = Application.objects.in_bulk({row.subject_id for row in rows})
    names = people((row.actor_id for row in rows), about)
    return [
        Event(
            row.at,
            _("%(thing)s: %(step)s")
            % {
                "thing": f"{found[row.subject_id].get_kind_display()} {found[row.subject_id].ref}",
                "step": sentence(row),
            },
            APPLICATION_TONES[ApplicationState(row.after)],
            actor_label(row, names),
            reason_of(row),
            None if about.for_staff else reverse("applications:detail", args=[found[row.subject_id].ref]),
        )
        for row in rows
    ]


def material_steps(about: About) -> QuerySet[JournalEntry]:
    """The steps of versions of the company's materials, or of those that held the number, while they did."""
    rows = JournalEntry.objects.filter(subject="material", aspect="state", after__in=MATERIAL_STEPS)
    if about.numbers is None:
        return rows.filter(company=about.company)
    return rows.filter(while_held(about, "at", "company_id"))


def say_materials(rows: Sequence[JournalEntry], about: About) -> list[Event]:
    """Handed in, in force, replaced, withdrawn; with until when the version holds."""
    found = Material.objects.select_related("kind").in_bulk({row.subject_id for row in rows})
    names = people((row.actor_id for row in rows), about)
    events = []
    for row in rows:
        material = found[row.subject_id]
        title = _("%(material)s, version %(version)d") % {"material": material.kind, "version": material.version}
        detail = reason_of(row)
        if row.after == MaterialState.APPROVED:
            day = material.expires_on
            detail = _("Valid until %(day)s") % {"day": day.isoformat()} if day else _("Long-term")
        events.append(
            Event(
                row.at,
                _("%(thing)s: %(step)s") % {"thing": title, "step": words(row.after)},
                MATERIAL_TONES[MaterialState(row.after)],
                actor_label(row, names),
                detail,
                None if about.for_staff else reverse("materials:detail", args=[material.ref]),
            )
        )
    return events


SOURCES = (
    Source("application_steps", "certification", "at", application_steps, say_applications),
    Source("material_steps", "material", "at", material_steps, say_materials),
    Source("review_claimed", "review", "at", claims, say_claims),
    Source("review_decided", "review", "decided_at", decided, say_decided),
    Source("review_began", "review", "opened_at", opened, say_opened),
)
