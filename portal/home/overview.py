"""The company's first page: which numbers are in trouble, the next step of each, what is coming, what happened.

Only a reading: each part asks the slice that knows, in a number of queries that does not grow with the company.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

from django.db.models import F
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.companies import Company, CompanyState
from appeals.cases.models import AppealState
from appeals.complaints.locks import SUBJECT as LOCK
from appeals.expedite.offers import Offer, offers_for
from certification.applications.models import Application, ApplicationState
from certification.maintenance.models import Maintenance, Scope
from certification.maintenance.status import Status, counts_by_status
from certification.materials.models import Material, MaterialState
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.models import Decision, Review, ReviewKind, ReviewState
from certification.reviews.subjects import decision_words
from portal.home.coming import Coming, coming_up, number_count
from portal.home.needs import last_day, needs_of
from portal.home.tasks import Task
from portal.templatetags.moments import day_text

#: How many of the latest events are shown.
RECENT = 6

#: In which order counts are shown, with their tone.
STATUS_TONES: dict[str, str] = {
    Status.LOCKED: "red",
    Status.MAINTENANCE: "red",
    Status.EXPIRED: "red",
    Status.RETURNED: "amber",
    Status.PENDING_MAINTENANCE: "amber",
    Status.SUBMITTED: "blue",
    Status.IN_REVIEW: "blue",
    Status.CERTIFIED: "green",
    Status.DRAFT: "grey",
    Status.REJECTED: "outline",
    Status.LAPSED: "outline",
    Status.WITHDRAWN: "outline",
    Status.REVOKED: "outline",
}


@dataclass
class Work:
    """One thing that the platform is working on."""

    title: str
    url: str | None
    due: dt.datetime | None
    due_latest: dt.datetime | None
    overdue: bool = False
    note: str = ""
    #: What is worked on, and whether the company may ask to have it expedited, where it is late.
    thing: Review | Maintenance | None = None
    offer: Offer | None = None


@dataclass
class Event:
    """One thing that happened lately; an entry of the timeline component."""

    at: dt.datetime
    text: str
    tone: str
    actor_label: str | Promise = ""
    detail: str = ""


@dataclass
class Tile:
    """A count by status; an entry of the component `count_tiles`."""

    url: str
    label: str | Promise
    count: int
    tone: str


@dataclass
class Overview:
    """Everything on the company's first page."""

    sentence: str
    tone: str
    tasks: list[Task]
    works: list[Work]
    tiles: list[Tile]
    coming: list[Coming]
    events: list[Event]
    total: int
    set_up: list[dict[str, object]] = field(default_factory=list)


def overview_of(company: Company, *, now: dt.datetime) -> Overview:
    """The overview of one company at `now`."""
    numbers = PhoneNumber.objects.of_company(company)
    counts = counts_by_status(numbers)
    total = sum(counts.values())
    stopped = counts.get(Status.MAINTENANCE, 0) + counts.get(Status.LOCKED, 0)
    certified = stopped + counts.get(Status.CERTIFIED, 0)
    open_maintenance = list(
        Maintenance.objects.open_at()
        .covering_company(company)
        .select_related("cause", "requirement__kind", "number")
        .order_by("opened_at")
        .distinct()
    )
    under_review = set(
        Material.objects.filter(company=company, state=MaterialState.SUBMITTED).values_list("kind_id", flat=True)
    )
    # What has stopped the company already is not announced once more as coming.
    settled = under_review | {row.requirement.kind_id for row in open_maintenance if row.requirement}
    tasks = needs_of(
        company, rows=open_maintenance, under_review=under_review, settled=settled, certified=certified, now=now
    )
    works = [*reviews_under_way(company), *platform_maintenance(open_maintenance)]
    offer_to_expedite(works, company=company, now=now)
    coming = coming_up(company, settled, now)
    sentence, tone = first_sentence(company, tasks, works, stopped, total, coming)
    tiles = [
        Tile(f"{reverse('numbers:list')}?status={status}", Status(status).label, counts[status], tone_of_status)
        for status, tone_of_status in STATUS_TONES.items()
        if counts.get(status)
    ]
    overview = Overview(sentence, tone, tasks, works, tiles, coming, recent_events(company), total)
    if not certified and not counts.get(Status.EXPIRED):
        overview.set_up = set_up_steps(company, total)
    return overview


def first_sentence(
    company: Company, tasks: list[Task], works: list[Work], stopped: int, total: int, coming: list[Coming]
) -> tuple[str, str]:
    """The sentence that answers what the person came for, and its tone."""
    dues = [task.due for task in tasks if task.due]
    due = _(", the earliest by %(date)s") % {"date": day_text(last_day(company, min(dues)))} if dues else ""
    if stopped and tasks:
        return ngettext(
            "%(numbers)s not displayed to receivers; %(count)d thing needs you%(due)s.",
            "%(numbers)s not displayed to receivers; %(count)d things need you%(due)s.",
            len(tasks),
        ) % {"numbers": number_count(stopped), "count": len(tasks), "due": due}, "red"
    if stopped:
        return _(
            "%(numbers)s not displayed to receivers; the platform is working on it and you have nothing to do."
        ) % {"numbers": number_count(stopped)}, "blue"
    if not total:
        return _("Nothing is certified yet. The steps below lead there."), "grey"
    if tasks:
        return ngettext(
            "No number is stopped; %(count)d thing needs you%(due)s.",
            "No number is stopped; %(count)d things need you%(due)s.",
            len(tasks),
        ) % {"count": len(tasks), "due": due}, "amber"
    if works:
        return _("Nothing to do: the platform is working on what you handed in."), "blue"
    if coming:
        return _("All is well. The next date is %(date)s: %(title)s.") % {
            "date": day_text(coming[0].day),
            "title": coming[0].title,
        }, "green"
    return _("All is well: every certification is displayed and nothing expires soon."), "green"


def things_of(reviews: list[Review], company: Company) -> dict[tuple[str, int], tuple[str, str]]:
    """What the company's things under review are called, and where their pages are; one query per sort of thing."""
    of: dict[str, list[int]] = {}
    for review in reviews:
        of.setdefault(review.subject, []).append(review.subject_id)
    things: dict[tuple[str, int], tuple[str, str]] = {}
    if "application" in of:
        for pk, ref in company.applications.filter(pk__in=of["application"]).values_list("pk", "ref"):
            things["application", pk] = ref, reverse("applications:detail", args=[ref])
    if "material" in of:
        for row in company.materials.filter(pk__in=of["material"]).select_related("kind"):
            things["material", row.pk] = str(row.kind), reverse("materials:detail", args=[row.ref])
    if "appeal" in of:
        for pk, ref in company.appeals.filter(pk__in=of["appeal"]).values_list("pk", "ref"):
            things["appeal", pk] = ref, reverse("appeals:detail", args=[ref])
    if LOCK in of:
        locks = Maintenance.objects.filter(pk__in=of[LOCK], number__company=company).values_list(
            "pk", "ref", "number__number"
        )
        for pk, ref, number in locks:
            things[LOCK, pk] = mask_number(number), reverse("maintenance:detail", args=[ref])
    return things


def named(reviews: list[Review], company: Company) -> list[tuple[Review, str, str | None]]:
    """Each review with its kind and the name of what it is about (a document by its name alone), and its page."""
    things = things_of(reviews, company)
    result = []
    for review in reviews:
        kind = str(review.get_kind_display())
        name, url = things.get((review.subject, review.subject_id), (None, None))
        if name is None:
            name = kind
        elif review.subject != "material":
            name = f"{kind} {name}"
        result.append((review, name, url))
    return result


def reviews_under_way(company: Company) -> list[Work]:
    """What reviewers have on their desk for this company; a request to expedite is told of with what it is about."""
    open_ones = company.reviews.filter(state=ReviewState.OPEN).exclude(kind=ReviewKind.EXPEDITE)
    asked = company.appeals.filter(state=AppealState.MORE_INFORMATION)
    reviews = list(open_ones.exclude(subject="appeal", subject_id__in=asked.values("pk")).order_by("due_at"))
    return [
        Work(name, url, review.due_from, review.due_at, overdue=review.overdue_since is not None, thing=review)
        for review, name, url in named(reviews, company)
    ]


def platform_maintenance(rows: list[Maintenance]) -> list[Work]:
    """Open maintenance that asks nothing of the company; of a number's lock its review, its appeal or a task tells."""
    return [
        Work(
            row.title, reverse("maintenance:detail", args=[row.ref]), row.expected_from, row.expected_until,
            overdue=row.overrunning_since is not None, note=row.message, thing=row,
        )
        for row in rows
        if row.requirement is None and not (row.locks and row.number_id is not None)
    ]  # fmt: skip


def offer_to_expedite(works: list[Work], *, company: Company, now: dt.datetime) -> None:
    """Say of what is late whether the company may ask to have it put first; one query where anything is."""
    late = [work for work in works if work.overdue and work.thing is not None]
    if not late:
        return
    offers = offers_for([work.thing for work in late if work.thing is not None], company=company, now=now)
    for work, offer in zip(late, offers, strict=True):
        work.offer = offer


DECISION_TONES = {
    Decision.APPROVED: "green",
    Decision.RETURNED: "amber",
    Decision.REJECTED: "red",
    Decision.PARTLY: "amber",
}


def recent_events(company: Company) -> list[Event]:
    """The latest decisions, and maintenance that began or ended, a number's lock too, newest first."""
    decided = list(company.reviews.filter(state=ReviewState.DECIDED).order_by(F("decided_at").desc())[:RECENT])
    events = [
        Event(
            review.decided_at, _("%(name)s: %(decision)s") % {"name": name, "decision": decision_words(review.subject, review.decision).made},
            DECISION_TONES[Decision(review.decision)], gettext_lazy("Reviewer"), review.decision_text,
        )
        for review, name, _url in named(decided, company)
        if review.decided_at
    ]  # fmt: skip
    latest = Maintenance.objects.filter(opened_at__isnull=False).order_by("-opened_at")
    rows = [
        *latest.filter(company=company, scope=Scope.COMPANY).select_related("cause", "requirement__kind")[:RECENT],
        *latest.filter(number__company=company, scope=Scope.NUMBER).select_related("cause", "number")[:RECENT],
    ]
    for row in rows:
        what = str(row.title)
        if row.requirement_id is not None and row.requirement is not None:
            what = f"{what} · {row.requirement.kind}"
        elif row.number_id is not None and row.number is not None:
            what = f"{what} · {mask_number(row.number.number)}"
        if row.opened_at:
            events.append(
                Event(
                    row.opened_at, _("Maintenance began: %(what)s") % {"what": what}, "red", gettext_lazy("The portal")
                )
            )
        if row.closed_at:
            events.append(
                Event(
                    row.closed_at,
                    _("Maintenance ended: %(what)s") % {"what": what},
                    "green",
                    gettext_lazy("The portal"),
                )
            )
    return sorted(events, key=lambda event: event.at, reverse=True)[:RECENT]


def set_up_steps(company: Company, total: int) -> list[dict[str, object]]:
    """The way of a new company to its first certification; entries of the component `task_list`."""
    verified = company.state == CompanyState.VERIFIED
    supplied = company.materials.filter(state__in=[MaterialState.SUBMITTED, MaterialState.APPROVED]).exists()
    applied = Application.objects.filter(company=company).exclude(state=ApplicationState.DRAFT).exists()

    def state(done: bool, ready: bool = True) -> str:
        return "done" if done else ("todo" if ready else "blocked")

    company_hint = {
        CompanyState.PENDING: _("We are checking your company's data; you can go on meanwhile."),
        CompanyState.VERIFIED: "",
        CompanyState.REFUSED: company.state_reason,
    }[CompanyState(company.state)]
    return [
        {
            "label": _("Your company is verified"), "url": reverse("settings:company"), "hint": company_hint,
            "state": "done" if verified else ("returned" if company.state == CompanyState.REFUSED else "current"),
            "state_label": company.get_state_display(),
        },
        {"label": _("Add your numbers"), "url": reverse("numbers:import"), "state": state(total > 0), "hint": _("One by one, or from a spreadsheet.")},
        {"label": _("Supply the materials"), "url": reverse("materials:list"), "state": state(supplied), "hint": _("Licence, identity card, proof of the numbers.")},
        {
            "label": _("Apply for certification"), "url": reverse("applications:new"), "state": state(applied, total > 0),
            "hint": _("Reviewed within 3–5 working days."),
        },
    ]  # fmt: skip
