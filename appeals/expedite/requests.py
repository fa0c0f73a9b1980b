"""The one writer of requests to expedite: asking, what the lead's decision does, and closing what is no longer needed.

Decision: one open request per review, and per maintenance and company. A maintenance concerns many companies: their
requests stand together in one case of the desk, and one decision answers them all.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence

from django.db import transaction
from django.db.models import Q

from accounts import journal
from accounts.access import StaffRole
from accounts.companies import Company
from accounts.journal import Actor, Change
from accounts.memberships import StaffAssignment
from accounts.notices import Message, send, send_to_company
from accounts.users import User
from appeals.expedite.models import ExpediteRequest, ExpediteState
from appeals.expedite.offers import Offer, offer_for
from certification.maintenance.models import Family, Maintenance
from certification.reviews import desk
from certification.reviews.expediting import expedite_maintenance, expedite_review
from certification.reviews.models import Decision, Review, ReviewKind, ReviewState

#: What the desk calls such a case.
SUBJECT = "expedite"
#: A review in one of these states has nothing that could go first.
OVER = (ReviewState.DECIDED, ReviewState.CANCELLED)
#: So many are closed at a time as no longer needed.
BATCH = 500
#: The kind of notice that a state is told by.
NOTICES = {
    ExpediteState.GRANTED: "expedite_granted",
    ExpediteState.REFUSED: "expedite_refused",
    ExpediteState.NOT_NEEDED: "expedite_not_needed",
}


class NotOffered(Exception):
    """The company cannot ask at this moment; the offer says why, and from when it can."""

    def __init__(self, offer: Offer) -> None:
        super().__init__(offer.state)
        self.offer = offer


@transaction.atomic
def ask(
    *, thing: Review | Maintenance, company: Company, reason: str, asker: User, actor: Actor, now: dt.datetime
) -> ExpediteRequest:
    """Ask for a late review or maintenance to be put first; a request that is open already is returned as it is.

    The lead has one working day (domain section 6). Raises NotOffered.
    """
    # Whoever asks for the same thing at the same instant waits here and finds the first one's request.
    current: Review | Maintenance
    if isinstance(thing, Review):
        current = Review.objects.select_for_update(of=("self",), no_key=True).get(pk=thing.pk)
    else:
        current = Maintenance.objects.select_for_update(of=("self",), no_key=True).get(pk=thing.pk)
    offer = offer_for(current, company=company, now=now)
    if offer.state == "asked" and offer.request is not None:
        return offer.request
    if not offer.is_possible:
        raise NotOffered(offer)
    request = ExpediteRequest.objects.create(
        company=company,
        review=current if isinstance(current, Review) else None,
        maintenance=current if isinstance(current, Maintenance) else None,
        reason=reason.strip(),
        requested_at=now,
        requested_by=asker,
    )
    request.refresh_from_db(fields=["ref"])
    request.case = shared_case(request) or desk.open_review(
        kind=ReviewKind.EXPEDITE,
        company=company,
        subject=SUBJECT,
        subject_id=request.pk,
        submitted_by_id=asker.pk if asker else None,
        actor=actor,
        now=now,
    )
    request.save(update_fields=["case"])
    journal.record(
        at=now,
        actor=actor,
        company_id=company.pk,
        subject="expedite",
        subject_id=request.pk,
        aspect="state",
        after=ExpediteState.REQUESTED,
        reason=request.reason,
    )
    tell_leads(request=request, now=now)
    return request


def shared_case(request: ExpediteRequest) -> Review | None:
    """The open case in which other companies have asked for the same maintenance; a lead who decides it now keeps it."""
    if request.maintenance_id is None:
        return None
    cases = ExpediteRequest.objects.open().filter(maintenance=request.maintenance_id).values("case")
    waiting = Review.objects.filter(pk__in=cases, state=ReviewState.OPEN)
    return waiting.select_for_update(of=("self",), no_key=True, skip_locked=True).first()


def tell_leads(*, request: ExpediteRequest, now: dt.datetime) -> None:
    """Tell the lead reviewers, once per case."""
    case = request.case
    assert case is not None
    leads = StaffAssignment.objects.filter(role=StaffRole.LEAD_REVIEWER).values_list("user_id", flat=True)
    message = Message(
        key=f"expedite_requested:{case.pk}",
        kind="expedite_requested",
        context={"review": case.ref, "due_at": case.due_at.isoformat()},
        needs_action=True,
    )
    send(messages=[(message, lead) for lead in leads], now=now)


def settle(*, case: Review, decision: Decision, text: str, actor: Actor, now: dt.datetime) -> None:
    """What the lead decided about the case, for every request in it; in the transaction of the decision.

    Where what was late is over by now, the requests are no longer needed, whatever was decided.
    """
    requests = list(
        ExpediteRequest.objects.open()
        .select_for_update(of=("self",), no_key=True)
        .filter(case=case)
        .select_related("review", "maintenance__cause", "company")
        .order_by("pk")
    )
    if not requests:
        return
    to = ExpediteState.REFUSED
    if decision == Decision.APPROVED:
        to = ExpediteState.GRANTED if put_first(requests[0], actor=actor, now=now) else ExpediteState.NOT_NEEDED
    move(requests=requests, to=to, reason=text, actor=actor, now=now)


def put_first(request: ExpediteRequest, *, actor: Actor, now: dt.datetime) -> bool:
    """Let what is late go first, and tell operations of a maintenance; False where it is over by now."""
    if request.review is not None:
        return expedite_review(review=request.review, actor=actor, now=now, reason=request.reason)
    maintenance = request.maintenance
    assert maintenance is not None
    if not expedite_maintenance(maintenance=maintenance, actor=actor, now=now, reason=request.reason):
        return False
    role = StaffRole.POLICY if maintenance.cause.family == Family.POLICY else StaffRole.OPERATIONS
    planners = StaffAssignment.objects.filter(role=role).values_list("user_id", flat=True)
    message = Message(
        key=f"maintenance_expedited:{maintenance.pk}",
        kind="maintenance_expedited",
        context={
            "maintenance": maintenance.ref,
            "cause_zh": maintenance.title_zh or maintenance.cause.name_zh,
            "cause_en": maintenance.title_en or maintenance.cause.name_en,
            **({"planned_end": maintenance.planned_end.isoformat()} if maintenance.planned_end else {}),
        },
        needs_action=True,
    )
    send(messages=[(message, planner) for planner in planners], now=now)
    return True


def move(
    *, requests: Sequence[ExpediteRequest], to: ExpediteState, reason: str, actor: Actor, now: dt.datetime
) -> None:
    """Move locked, open requests to their final state, journal each, and tell each company."""
    ExpediteRequest.objects.filter(pk__in=[request.pk for request in requests]).update(state=to, settled_at=now)
    journal.record_many(
        at=now,
        actor=actor,
        changes=[
            Change("expedite", request.pk, "state", ExpediteState.REQUESTED, to, request.company_id, reason)
            for request in requests
        ],
    )
    for request in requests:
        request.state, request.settled_at = to, now
        send_to_company(
            message=Message(
                key=f"{NOTICES[to]}:{request.pk}",
                kind=NOTICES[to],
                company_id=request.company_id,
                context={"expedite": request.ref, "reason": reason},
            ),
            also=[request.requested_by_id],
            now=now,
        )


@transaction.atomic
def close_unneeded(*, now: dt.datetime, actor: Actor) -> int:
    """Close open requests whose review was decided or whose maintenance has ended meanwhile; returns how many.

    One statement where there is nothing to close. A case that the lead is deciding at this instant is left to them:
    they find the same (`settle`).
    """
    requests = list(
        ExpediteRequest.objects.open()
        .filter(Q(review__state__in=OVER) | Q(maintenance__closed_at__isnull=False))
        .select_for_update(of=("self",), no_key=True, skip_locked=True)
        .select_related("company", "case")
        .order_by("pk")[:BATCH]
    )
    if not requests:
        return 0
    by_case: dict[int, list[ExpediteRequest]] = defaultdict(list)
    for request in requests:
        by_case[request.case_id or 0].append(request)
    free = Review.objects.filter(pk__in=by_case).select_for_update(of=("self",), no_key=True, skip_locked=True)
    closed = 0
    for case in free.order_by("pk"):
        desk.cancel(subject=SUBJECT, subject_id=case.subject_id, actor=actor, now=now, reason="not_needed")
        move(requests=by_case[case.pk], to=ExpediteState.NOT_NEEDED, reason="", actor=actor, now=now)
        closed += len(by_case[case.pk])
    return closed
