"""Whether a company may ask to have a case expedited: exactly when it is later than promised, and nobody has asked yet."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from django.db.models import Q

from accounts.companies import Company
from accounts.working_days import stored_calendar
from appeals.expedite.models import ExpediteRequest, ExpediteState
from certification.maintenance.models import LengthUnit, Maintenance
from certification.reviews.deferrals import pauses_of
from certification.reviews.due_times import after
from certification.reviews.models import Review, ReviewKind, ReviewState

#: Working days after a refusal until one may ask again (D).
AGAIN_AFTER = 2


@dataclass(frozen=True)
class Offer:
    """Whether the company can ask, and if not, why and from when."""

    thing: Review | Maintenance
    #: "not_yet" (from `since`), "possible", "asked", "granted", "refused" (again from `since`), "over",
    #: "never" (nobody at the portal can make it faster).
    state: str
    #: The moment from which one can ask; where one can, the end that was promised.
    since: dt.datetime | None = None
    #: The latest request for it.
    request: ExpediteRequest | None = None

    @property
    def is_maintenance(self) -> bool:
        """Whether it is about a maintenance rather than a review."""
        return isinstance(self.thing, Maintenance)

    @property
    def is_possible(self) -> bool:
        """Whether the company can ask at this moment."""
        return self.state == "possible"


def promised_end(thing: Review | Maintenance) -> dt.datetime | None:
    """When it is to be over at the latest; None where nobody has promised an end."""
    return thing.due_at if isinstance(thing, Review) else thing.expected_until or thing.planned_end


def is_over(thing: Review | Maintenance) -> bool:
    """Whether there is nothing to make faster any more."""
    if isinstance(thing, Review):
        return thing.state != ReviewState.OPEN
    return thing.closed_at is not None or thing.cancelled_at is not None


def depends_on_the_portal(thing: Review | Maintenance) -> bool:
    """Whether putting it first would help: what waits for the company's own document, or for a review, has that instead."""
    if isinstance(thing, Review):
        return thing.kind != ReviewKind.EXPEDITE
    return thing.requirement_id is None and not thing.locks


def is_late(thing: Review | Maintenance, now: dt.datetime) -> bool:
    """Whether the promised end has passed; a review whose clock stands still is not late by that."""
    if isinstance(thing, Review) and thing.overdue_since is not None:
        return True
    end = promised_end(thing)
    if end is None or end > now:
        return False
    return not pauses_of(thing) if isinstance(thing, Review) else thing.opened_at is not None


def is_granted(thing: Review | Maintenance) -> bool:
    """Whether it goes first already."""
    return thing.is_expedited if isinstance(thing, Review) else thing.expedited_at is not None


def offers_for(things: Sequence[Review | Maintenance], *, company: Company, now: dt.datetime) -> list[Offer]:
    """One offer per thing, in order; two queries, and one more for each review that is late and not marked yet."""
    requests = ExpediteRequest.objects.filter(
        Q(review__in=[thing.pk for thing in things if isinstance(thing, Review)])
        | Q(maintenance__in=[thing.pk for thing in things if isinstance(thing, Maintenance)]),
        company=company,
    )
    latest: dict[tuple[str, int], ExpediteRequest] = {}
    for request in requests.select_related("case").order_by("pk"):
        key = ("review", request.review_id) if request.review_id else ("maintenance", request.maintenance_id or 0)
        latest[key] = request
    return [
        offer_of(
            thing,
            latest.get(("review" if isinstance(thing, Review) else "maintenance", thing.pk)),
            company=company,
            now=now,
        )
        for thing in things
    ]


def offer_for(thing: Review | Maintenance, *, company: Company, now: dt.datetime) -> Offer:
    """The offer for one thing."""
    return offers_for([thing], company=company, now=now)[0]


def offer_of(
    thing: Review | Maintenance, request: ExpediteRequest | None, *, company: Company, now: dt.datetime
) -> Offer:
    """The offer, where the latest request for the thing is known."""
    if is_over(thing):
        return Offer(thing, "over", request=request)
    if is_granted(thing):
        return Offer(thing, "granted", request=request)
    if not depends_on_the_portal(thing):
        return Offer(thing, "never", request=request)
    if request is not None and request.state == ExpediteState.REQUESTED:
        return Offer(thing, "asked", request=request)
    end = promised_end(thing)
    if not is_late(thing, now):
        return Offer(thing, "not_yet" if end is not None else "never", since=end, request=request)
    if request is not None and request.state == ExpediteState.REFUSED and request.settled_at is not None:
        again = after(
            request.settled_at, AGAIN_AFTER, LengthUnit.WORKING_DAYS, zone=company.zone, calendar=stored_calendar()
        )
        if now < again:
            return Offer(thing, "refused", since=again, request=request)
    return Offer(thing, "possible", since=end, request=request)
