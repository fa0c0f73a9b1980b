"""What a person reads about one maintenance: how far it is, whom it stops, what is done about it, whose turn it is."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.companies import Company
from certification.maintenance.coverage import Impact, impact_of
from certification.maintenance.effects import Effects
from certification.maintenance.facts import appeal_url
from certification.maintenance.models import Family, Maintenance, MaintenanceQuerySet, Scope
from certification.maintenance.rule_words import rule_words
from certification.maintenance.series_models import MaintenanceSeries
from certification.maintenance.surroundings import corrections_under_review
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.models import ReviewKind


@dataclass
class Happening:
    """One entry of the timeline."""

    at: dt.datetime
    text: str
    tone: str = "grey"
    actor_label: str = ""
    detail: str = ""


@dataclass
class Step:
    """One step on the way from plan to end; `state` as `{% step_list %}` has it."""

    label: str
    state: str
    at: dt.datetime | None = None
    hint: str = ""


@dataclass
class Story:
    """One maintenance as its page tells it; also what `{% four_facts %}` shows."""

    maintenance: Maintenance
    #: "planned", "running", "overrunning", "ended" or "cancelled".
    state: str
    tone: str
    label: str
    cause: str
    sentence: str
    #: Whether the certification is displayed while it runs; None where it is over.
    displayed: bool | None
    turn: str = "nobody"
    until: dt.datetime | None = None
    until_latest: dt.datetime | None = None
    since: dt.datetime | None = None
    action_label: str = ""
    action_url: str | None = None
    notes: list[str] = field(default_factory=list)
    #: How much of the planned time has passed, 0 to 100; None without a planned end.
    percent: int | None = None
    numbers: int = 0
    impact: Impact | None = None
    effects: list[str] = field(default_factory=list)
    #: Whether it was planned with other effects than those of its cause at present.
    own_effects: bool = False
    #: When it takes place again, in words; empty for what takes place once.
    repeats: str = ""
    steps: list[Step] = field(default_factory=list)
    #: What the company can do about it, one sentence each.
    advice: list[str] = field(default_factory=list)
    happenings: list[Happening] = field(default_factory=list)


def state_of(maintenance: Maintenance) -> str:
    """Where it is between plan and end."""
    if maintenance.cancelled_at is not None:
        return "cancelled"
    if maintenance.closed_at is not None:
        return "ended"
    if maintenance.opened_at is None:
        return "planned"
    return "overrunning" if maintenance.overrunning_since is not None else "running"


def state_words(state: str, *, stops: bool) -> tuple[str, str]:
    """The label of the state and its tone."""
    return {
        "planned": (_("Planned"), "grey"),
        "running": (_("Running"), "red" if stops else "blue"),
        "overrunning": (_("Overrunning"), "red"),
        "ended": (_("Ended"), "green"),
        "cancelled": (_("Cancelled"), "outline"),
    }[state]


def scope_words(maintenance: Maintenance | MaintenanceSeries) -> str:
    """What it covers, in words."""
    if maintenance.scope == Scope.EVERYTHING:
        return _("All numbers of all companies")
    if maintenance.scope == Scope.PROVIDER:
        return _("Numbers certified through %(provider)s") % {"provider": maintenance.provider}
    if maintenance.scope == Scope.INDUSTRY:
        return _("Companies in the industry %(industry)s") % {"industry": maintenance.industry}
    if maintenance.scope == Scope.COMPANY:
        return _("One company: %(company)s") % {"company": maintenance.company}
    if isinstance(maintenance, Maintenance) and maintenance.number is not None:
        shown = mask_number(maintenance.number.number)
        return f"{shown} {maintenance.number.alias}".strip()
    return _("One number")


def effect_words(does: Effects, *, locks: bool = False) -> list[str]:
    """What a company feels while it runs, one sentence each."""
    effects = []
    if locks:
        effects.append(_("The number is locked until a reviewer has decided."))
    if does.suspends_display:
        effects.append(_("Certification is not displayed when you call."))
    else:
        effects.append(_("Your calls display the certification as usual."))
    if does.review_time_factor > 1:
        effects.append(
            _("Reviews of new applications take about %(percent)d%% longer.")
            % {"percent": round((does.review_time_factor - 1) * 100)}
        )
    if does.urgent_appeals_only:
        effects.append(_("Only urgent appeals are processed; every other review is paused."))
    elif does.defers:
        kinds = _(", ").join(str(ReviewKind(kind).label) for kind in does.defers if kind in ReviewKind.values)
        effects.append(_("Waits until it is over: %(kinds)s.") % {"kinds": kinds})
    return effects


def steps_of(maintenance: Maintenance, state: str) -> list[Step]:
    """Planned, running, over: how far a planned maintenance is. Nothing for what the engine opened by itself."""
    if maintenance.planned_start is None:
        return []
    announced = Step(_("Announced"), "done", maintenance.created_at)
    if state == "cancelled":
        return [announced, Step(_("Cancelled"), "stopped", maintenance.cancelled_at)]
    begins = maintenance.opened_at or maintenance.planned_start
    started = Step(_("Starts") if state == "planned" else _("Began"), "todo" if state == "planned" else "done", begins)
    running = {
        "planned": Step(_("Work in progress"), "todo"),
        "running": Step(_("Work in progress"), "current"),
        "overrunning": Step(
            _("Planned end passed; the work goes on"),
            "current",
            maintenance.overrunning_since or maintenance.planned_end,
        ),
        "ended": Step(_("Work in progress"), "done"),
    }[state]
    if state == "ended":
        return [announced, started, running, Step(_("Ended"), "done", maintenance.closed_at)]
    hint = _("Staff end it when the work is done.") if not maintenance.ends_by_plan else _("It ends by itself.")
    if state == "overrunning":
        return [announced, started, running, Step(_("Ends"), "todo", None, _("A new expected end is announced here."))]
    if state == "planned":
        announced.state, started.state = "current", "todo"
    return [announced, started, running, Step(_("Expected end"), "todo", maintenance.expected_until, hint)]


def advice_of(maintenance: Maintenance, state: str) -> list[str]:
    """What a company can do about a planned maintenance; the rest has its one next action."""
    if maintenance.planned_start is None or state in ("ended", "cancelled"):
        return []
    advice = []
    if maintenance.suspends_display:
        advice.append(_("Certification comes back by itself; you need not apply again."))
        advice.append(_("Tell the people you call that the certification is not displayed for a while."))
        if maintenance.scope == Scope.PROVIDER:
            advice.append(_("Make important calls from numbers that are certified through another provider."))
    if maintenance.urgent_appeals_only:
        advice.append(_("Send an urgent appeal if a case cannot wait; everything else is worked on afterwards."))
    elif maintenance.review_time_factor > 1 or maintenance.defers:
        advice.append(_("Send applications and changes early; their pages show the due times that hold."))
    return advice or [_("There is nothing to do.")]


def percent_of(maintenance: Maintenance, now: dt.datetime) -> int | None:
    """How much of the planned time has passed."""
    start, end = maintenance.held_since, maintenance.expected_until or maintenance.planned_end
    if (
        maintenance.opened_at is None
        or maintenance.closed_at is not None
        or start is None
        or end is None
        or end <= start
    ):
        return None
    return max(0, min(100, round((now - start) / (end - start) * 100)))


def stopping(company: Company) -> MaintenanceQuerySet:
    """The open maintenance that stops the display of some or all of the company's numbers."""
    return Maintenance.objects.open_at().filter(suspends_display=True).covering_company(company)


def covered_numbers(maintenance: Maintenance, company: Company) -> int:
    """How many of the company's certified numbers lie in its scope."""
    numbers = PhoneNumber.objects.of_company(company).filter(lifecycle="certified")
    if maintenance.provider_id is not None:
        numbers = numbers.filter(provider_id=maintenance.provider_id)
    if maintenance.number_id is not None:
        numbers = numbers.filter(pk=maintenance.number_id)
    return numbers.count()


def happenings_of(maintenance: Maintenance, *, until: dt.datetime | None = None) -> list[Happening]:
    """What was posted and what happened, the latest first; with `until` up to that moment."""
    updates = maintenance.updates.all() if until is None else maintenance.updates.filter(at__lte=until)
    entries = [Happening(update.at, _("Update"), "blue", _("Platform"), str(update)) for update in updates]
    for at, text, tone in (
        (maintenance.created_at if maintenance.planned_start else None, _("Announced"), "grey"),
        (maintenance.opened_at, _("Began"), "red" if maintenance.suspends_display else "blue"),
        (maintenance.overrunning_since, _("Planned end passed; the work goes on"), "red"),
        (maintenance.expedited_at, _("Expedited at the request of a company"), "amber"),
        (maintenance.closed_at, _("Ended"), "green"),
        (maintenance.cancelled_at, _("Cancelled"), "grey"),
    ):
        if at is not None:
            entries.append(Happening(at, text, tone))
    entries.reverse()  # of two at one moment the later in the list is the later one
    return sorted(entries, key=lambda entry: entry.at, reverse=True)


def tell(
    maintenance: Maintenance, *, now: dt.datetime, company: Company | None, at: dt.datetime | None = None
) -> Story:
    """The story for a company that it covers, or for staff where `company` is None. At most six queries.

    With `at`, for staff: as it was at that moment; the maintenance is one that `past.recall_page` has changed back.
    """
    state = state_of(maintenance)
    stops = maintenance.suspends_display
    label, tone = state_words(state, stops=stops)
    story = Story(
        maintenance=maintenance,
        state=state,
        tone=tone,
        label=label,
        cause=maintenance.title,
        sentence="",
        displayed=True if state in ("planned", "ended", "cancelled") else not stops,
        since=maintenance.opened_at,
        percent=percent_of(maintenance, now),
        effects=effect_words(Effects.of(maintenance), locks=maintenance.locks),
        own_effects=maintenance.planned_start is not None and Effects.of(maintenance) != Effects.of(maintenance.cause),
        repeats=rule_words(maintenance.series.recurrence) if maintenance.series is not None else "",
        steps=steps_of(maintenance, state),
        advice=advice_of(maintenance, state),
        happenings=happenings_of(maintenance, until=at),
    )
    if state == "planned":
        story.until = maintenance.planned_start
        story.since = None
    elif state in ("running", "overrunning"):
        story.until = maintenance.expected_from or maintenance.planned_end
        story.until_latest = maintenance.expected_until
        story.turn = "platform"
    if company is None:
        story.impact = impact_of(maintenance, at=at)
        story.numbers = story.impact.numbers
    else:
        story.numbers = covered_numbers(maintenance, company)
        if story.displayed and stopping(company).exists():  # not by this one, but stopped all the same
            story.displayed = False
            story.notes.append(_("Something else stops the display of some or all of your numbers at present."))
    story.sentence = sentence_of(story, for_staff=company is None)
    if company is not None:
        say_whose_turn(story, company)
    if (
        maintenance.opened_at
        and maintenance.held_since
        and maintenance.opened_at - maintenance.held_since > dt.timedelta(minutes=2)
    ):
        story.notes.append(_("It truly holds since an earlier moment than the one at which the portal noticed it."))
    return story


def sentence_of(story: Story, *, for_staff: bool) -> str:
    """The page's first sentence: do numbers stop, and until when?"""
    values: dict[str, Any] = {"count": story.numbers}
    stops = story.maintenance.suspends_display
    if story.state == "cancelled":
        return _("This maintenance was cancelled and will not take place.")
    if story.state == "ended":
        return _("This maintenance is over.")
    if story.state == "planned":
        if stops:
            return (
                ngettext(
                    "%(count)d certified number will not be displayed while it runs.",
                    "%(count)d certified numbers will not be displayed while it runs.",
                    story.numbers,
                )
                % values
            )
        return (
            _("Planned; your calls will display as usual.")
            if not for_staff
            else _("Planned; display goes on while it runs.")
        )
    if stops and story.numbers:
        return (
            ngettext(
                "%(count)d certified number is not displayed at present.",
                "%(count)d certified numbers are not displayed at present.",
                story.numbers,
            )
            % values
        )
    if stops:
        return _("No certified number is affected at present.")
    return _("Your calls display as usual.") if not for_staff else _("It runs without visible effect on display.")


def say_whose_turn(story: Story, company: Company) -> None:
    """What the company does: supply a document, wait for its review, appeal against a lock, or nothing."""
    maintenance = story.maintenance
    if story.state not in ("running", "overrunning"):
        return
    requirement = maintenance.requirement
    if requirement is None:
        if maintenance.locks and maintenance.number is not None and (appeal := appeal_url(maintenance.number, "lock")):
            story.action_label, story.action_url = _("Appeal"), appeal
        return
    correction = corrections_under_review({company.pk}).get((company.pk, requirement.kind_id))
    if correction is not None:
        story.tone, story.turn = "blue", "platform"
        story.until, story.until_latest = correction.due_from, correction.due_at  # type: ignore[attr-defined]
        story.notes.append(_("A new version of %(material)s is under review.") % {"material": requirement.kind})
        story.action_label, story.action_url = _("See progress"), reverse("materials:detail", args=[correction.ref])
        return
    expired = maintenance.cause.family == Family.RISK
    story.tone, story.turn = ("red" if expired else "amber"), "company"
    story.action_label = _("Renew the document") if expired else _("Supply the document")
    story.action_url = f"{reverse('materials:add')}?kind={requirement.kind.code}"
    if expired:
        story.until = story.until_latest = None
