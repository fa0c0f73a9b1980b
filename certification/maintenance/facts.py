"""The four facts of a number, in this order everywhere: status and cause, displayed or not, whose turn, until when.

Words, tones and next actions are those of interface section 4. Which status it is comes from `status`; this module
only says it, for a page of numbers at a time and in a number of queries that does not grow with the page.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass, field

from django.urls import NoReverseMatch, reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from certification.maintenance.models import Family, Maintenance
from certification.maintenance.past import recall_numbers
from certification.maintenance.status import Status
from certification.maintenance.surroundings import RENEW_WITHIN, Surroundings
from certification.materials.models import Requirement
from certification.numbers.models import PhoneNumber
from certification.numbers.notes import notes_of


@dataclass
class StatusFacts:
    """What a person reads about one number; the component `four_facts` shows it."""

    status: str
    tone: str
    label: str
    cause: str = ""
    sentence: str = ""
    #: Whether receivers see the certification; None where there is none to see.
    displayed: bool | None = None
    turn: str = "nobody"  # "company" | "platform" | "nobody"
    #: A moment, or a day where something ends with a day.
    until: dt.datetime | dt.date | None = None
    until_latest: dt.datetime | dt.date | None = None
    since: dt.datetime | None = None
    #: Since when it truly held, where that differs from when the portal showed it.
    held_since: dt.datetime | None = None
    action_label: str = ""
    action_url: str | None = None
    notes: list[str] = field(default_factory=list)
    maintenance: list[Maintenance] = field(default_factory=list)


def facts_for(
    numbers: Sequence[PhoneNumber], *, now: dt.datetime, at: dt.datetime | None = None
) -> dict[int, StatusFacts]:
    """The facts of each number by primary key. The numbers come from `status.with_status` with `company` selected.

    With `at` the facts are those of the past moment, without next actions, and the numbers and their companies are
    turned into what they were then (`past.recall_numbers`).
    """
    if not numbers:
        return {}
    if at is not None:
        recall_numbers(numbers, at=at)
    around = Surroundings(numbers, now=now, at=at)
    facts = {number.pk: facts_of(number, around) for number in numbers}
    if at is None:  # what others note holds now
        for number_id, notes in notes_of(numbers, now).items():
            facts[number_id].notes += notes
    else:
        for then in facts.values():
            then.action_label, then.action_url = "", None
    return facts


def facts_of(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    """The facts of one number among its surroundings."""
    status = Status(number.status)  # type: ignore[attr-defined]
    if status in (Status.LOCKED, Status.MAINTENANCE):
        return stopped(number, status, around)
    facts = LIFECYCLE_WORDS[status](number, around)
    facts.notes += [
        _("%(cause)s: %(sentence)s") % {"cause": row.title, "sentence": row.message}
        for row in around.covering(number)
        if status == Status.CERTIFIED or row.locks
    ]
    return facts


def stopped(number: PhoneNumber, status: Status, around: Surroundings) -> StatusFacts:
    """A certified number whose display an open maintenance stops."""
    rows = [row for row in around.covering(number) if row.suspends_display]
    if not rows:  # it ended between the query for the number and the one for its maintenance
        return certified(number, around)
    if status == Status.LOCKED:
        rows.sort(key=lambda row: not row.locks)
    first, others = rows[0], rows[1:]
    facts = StatusFacts(
        status=status,
        tone="blue",
        label=str(status.label),
        cause=first.title,
        sentence=first.message,
        displayed=False,
        turn="platform",
        since=first.opened_at,
        held_since=first.held_since,
        until=first.expected_from or first.planned_end,
        until_latest=first.expected_until,
        action_label=_("See the effects"),
        action_url=reverse("maintenance:detail", args=[first.ref]),
        maintenance=rows,
    )
    facts.notes = [_("Also: %(cause)s") % {"cause": described(row)} for row in others]
    if first.requirement is not None:
        for_requirement(facts, number, first, first.requirement, around)
    elif first.locks:
        facts.tone, facts.turn = "red", "platform"
        facts.action_label = _("See the lock")
        if appeal := appeal_url(number, "lock"):
            facts.action_label, facts.action_url = _("Appeal"), appeal
    return facts


def appeal_url(number: PhoneNumber, kind: str) -> str | None:
    """Where a company appeals against a lock or a decision about the number; None where the portal takes no appeals."""
    try:
        return f"{reverse('appeals:new')}?kind={kind}&number={number.ref}"
    except NoReverseMatch:
        return None


def described(row: Maintenance) -> str:
    """A further maintenance in a few words: its name, and the material it asks for."""
    return f"{row.title} ({row.requirement.kind})" if row.requirement else row.title


def for_requirement(
    facts: StatusFacts, number: PhoneNumber, row: Maintenance, requirement: Requirement, around: Surroundings
) -> None:
    """Say whose turn it is where a material is missing: the company's, or, once it is resubmitted, the platform's."""
    material = str(requirement.kind)
    correction = around.corrections.get((number.company_id, requirement.kind_id))
    expired = row.cause.family == Family.RISK
    facts.cause = (
        _("%(material)s expired") % {"material": material}
        if expired
        else _("%(material)s missing") % {"material": material}
    )
    if correction is not None:
        facts.cause = _("Correction under review: %(material)s") % {"material": material}
        facts.tone, facts.turn = "blue", "platform"
        facts.sentence = _("The new version has been received; its review is finished 3–5 days after submission.")
        facts.until, facts.until_latest = correction.due_from, correction.due_at  # type: ignore[attr-defined]
        facts.action_label, facts.action_url = _("See progress"), reverse("materials:detail", args=[correction.ref])
        return
    facts.turn = "company"
    facts.tone = "red" if expired else "amber"
    facts.action_label = _("Renew the document") if expired else _("Supply the document")
    facts.action_url = f"{reverse('materials:add')}?kind={requirement.kind.code}"
    if expired:
        facts.sentence = _(
            "%(material)s has expired and certification is not displayed until a new version is approved."
        ) % {"material": material}
        facts.until = facts.until_latest = None
        return
    facts.sentence = row.message


def draft(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    return StatusFacts(
        Status.DRAFT,
        "grey",
        str(Status.DRAFT.label),
        sentence=_("Not submitted yet; only your company sees it."),
        turn="company",
        since=number.lifecycle_since,
        action_label=_("Apply for certification"),
        action_url=f"{reverse('applications:new')}?number={number.ref}",
    )


def waiting(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    status = Status(number.status)  # type: ignore[attr-defined]
    item = around.applications.get(number.pk)
    sentence = (
        _("Received; it is waiting for a reviewer.") if status == Status.SUBMITTED else _("A reviewer is checking it.")
    )
    return StatusFacts(
        status,
        "blue",
        str(status.label),
        sentence=sentence,
        displayed=False,
        turn="platform",
        since=number.lifecycle_since,
        until=item.due_from if item else None,
        until_latest=item.due_at if item else None,
        action_label=_("See progress"),
        action_url=reverse("applications:detail", args=[item.ref]) if item else None,
    )


def returned(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    item = around.applications.get(number.pk)
    return StatusFacts(
        Status.RETURNED,
        "amber",
        str(Status.RETURNED.label),
        sentence=_("Something needs correction before it can be certified."),
        displayed=False,
        turn="company",
        since=number.lifecycle_since,
        action_label=_("See the reasons and correct"),
        action_url=reverse("applications:detail", args=[item.ref]) if item else None,
    )


def pending(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    item = around.applications.get(number.pk)
    label = str(Status.PENDING_MAINTENANCE.label)
    if item is not None and item.waits_for is not None:
        material = item.waits_for_name
        return StatusFacts(
            Status.PENDING_MAINTENANCE,
            "amber",
            label,
            cause=_("%(material)s missing") % {"material": material},
            sentence=_("The application waits for this document, for at most 15 days."),
            displayed=False,
            turn="company",
            since=number.lifecycle_since,
            until=item.waits_until,
            action_label=_("Supply the document"),
            action_url=f"{reverse('materials:add')}?kind={item.waits_for}",
        )
    requirements = around.announced.get(number.company_id, [])
    facts = StatusFacts(
        Status.PENDING_MAINTENANCE,
        "amber",
        label,
        displayed=True,
        turn="company",
        since=number.lifecycle_since,
        action_label=_("Supply the document"),
        action_url=reverse("materials:list"),
    )
    if requirements:
        first = requirements[0]
        facts.cause = _("New rule: %(material)s") % {"material": first.kind}
        facts.sentence = _(
            "The rules have changed. Supply %(material)s before it takes effect; your calls display as usual until then."
        ) % {"material": first.kind}
        facts.since = first.announced_at
        facts.until = first.effective_from
        facts.action_url = f"{reverse('materials:add')}?kind={first.kind.code}"
        facts.notes = [_("Also: %(cause)s") % {"cause": other.kind} for other in requirements[1:]]
    return facts


def last_day_of_term(number: PhoneNumber) -> dt.date | None:
    """The last day of the certification, local to its company: the one before the midnight at which it ends."""
    if number.term_ends_at is None:
        return None
    return number.company.today(number.term_ends_at - dt.timedelta(seconds=1))


def certified(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    facts = StatusFacts(
        Status.CERTIFIED,
        "green",
        str(Status.CERTIFIED.label),
        sentence=_("Calls display the certification as usual."),
        displayed=True,
        since=number.certified_at,
        until=last_day_of_term(number),
    )
    if number.term_ends_at is None or number.term_ends_at - around.now > RENEW_WITHIN:
        return facts
    item = around.applications.get(number.pk)
    if item is not None:
        facts.turn, facts.action_label = "platform", _("Renewal under way")
        facts.action_url = reverse("applications:detail", args=[item.ref])
        return facts
    facts.turn, facts.action_label = "company", _("Renew")
    facts.action_url = f"{reverse('applications:new')}?kind=renewal&number={number.ref}"
    days = max((number.term_ends_at - around.now).days, 0)
    facts.notes.append(
        ngettext("The certification ends in %(days)d day.", "The certification ends in %(days)d days.", days)
        % {"days": days}
    )
    return facts


def expired(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    facts = StatusFacts(
        Status.EXPIRED,
        "red",
        str(Status.EXPIRED.label),
        sentence=_("The term of the certification is over."),
        displayed=False,
        turn="company",
        since=number.term_ends_at,
        action_label=_("Renew"),
        action_url=f"{reverse('applications:new')}?kind=renewal&number={number.ref}",
    )
    item = around.applications.get(number.pk)
    if item is not None:
        facts.turn, facts.action_label = "platform", _("Renewal under way")
        facts.action_url = reverse("applications:detail", args=[item.ref])
    return facts


def ended(number: PhoneNumber, around: Surroundings) -> StatusFacts:
    status = Status(number.status)  # type: ignore[attr-defined]
    return StatusFacts(
        status,
        "outline",
        str(status.label),
        sentence=_("There is no certification; you can apply again."),
        displayed=False,
        turn="company",
        since=number.lifecycle_since,
        action_label=_("Apply again"),
        action_url=f"{reverse('applications:new')}?number={number.ref}",
    )


LIFECYCLE_WORDS = {
    Status.DRAFT: draft,
    Status.SUBMITTED: waiting,
    Status.IN_REVIEW: waiting,
    Status.RETURNED: returned,
    Status.PENDING_MAINTENANCE: pending,
    Status.CERTIFIED: certified,
    Status.EXPIRED: expired,
    Status.REJECTED: ended,
    Status.LAPSED: ended,
    Status.WITHDRAWN: ended,
    Status.REVOKED: ended,
}
