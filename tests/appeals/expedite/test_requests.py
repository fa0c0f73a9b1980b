"""Asking to expedite: offered exactly when late, decided once by a lead, effective everywhere."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import IntegrityError, connection, transaction
from django.test.utils import CaptureQueriesContext

from accounts.access import Permission
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from appeals.expedite.models import TRANSITIONS, ExpediteRequest, ExpediteState
from appeals.expedite.offers import offer_for, offers_for
from appeals.expedite.requests import NotOffered, ask, close_unneeded
from certification.maintenance.engine import tick
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewKind
from certification.reviews.queue import queue_for
from tests.appeals.expedite.late import DAY, late_maintenance, late_review, waiting_review
from tests.cast import NOW, Cast
from tests.invariants import assert_invariants


def asked(cast: Cast, thing, *, company=None, asker=None, now=NOW) -> ExpediteRequest:
    asker = asker or cast.owner
    return ask(
        thing=thing,
        company=company or cast.clinic,
        reason="Calls go unanswered.",
        asker=asker,
        actor=Actor.person(asker),
        now=now,
    )


def case_of(request: ExpediteRequest) -> Review:
    """The case of the desk that decides the request."""
    assert request.case is not None
    return request.case


def decided(case: Review, lead, decision=Decision.APPROVED, text="approved", now=NOW) -> None:
    desk.claim(review=case, reviewer=lead, actor=Actor.person(lead), now=now)
    desk.decide(review=case, reviewer=lead, decision=decision, text=text, actor=Actor.person(lead), now=now)


def state_of(thing, cast: Cast, now=NOW) -> tuple[str, dt.datetime | None]:
    offer = offer_for(thing, company=cast.clinic, now=now)
    return offer.state, offer.since


def test_table_of_states():
    assert {state.value: [to.value for to in after] for state, after in TRANSITIONS.items()} == {
        "requested": ["granted", "refused", "not_needed"],
        "granted": [],
        "refused": [],
        "not_needed": [],
    }


def test_it_is_offered_exactly_from_the_promised_end(cast):
    review = waiting_review(cast, days=4)
    assert state_of(review, cast) == ("not_yet", review.due_at)
    assert state_of(review, cast, review.due_at - dt.timedelta(seconds=1)) == ("not_yet", review.due_at)
    assert state_of(review, cast, review.due_at) == ("possible", review.due_at)
    with pytest.raises(NotOffered) as refused:
        asked(cast, review)
    assert refused.value.offer.state == "not_yet"
    assert ExpediteRequest.objects.count() == 0


def test_lead_has_one_working_day_and_is_told(cast):
    review = late_review(cast)
    request = asked(cast, review)
    case = case_of(request)
    # NOW is a Wednesday: until the end of Thursday in Shanghai.
    assert (case.kind, case.due_at) == (ReviewKind.EXPEDITE, dt.datetime(2026, 11, 26, 16, tzinfo=dt.UTC))
    told = Notice.objects.filter(kind="expedite_requested")
    assert [(notice.recipient, notice.needs_action) for notice in told] == [(cast.lead, True)]
    assert state_of(review, cast)[0] == "asked"


def test_asking_twice_is_one_request(cast):
    review = late_review(cast)
    first = asked(cast, review)
    assert asked(cast, review, asker=cast.admin) == first
    assert (ExpediteRequest.objects.count(), Review.objects.filter(kind="expedite").count()) == (1, 1)
    with pytest.raises(IntegrityError), transaction.atomic():
        ExpediteRequest.objects.create(
            company=cast.clinic, review=review, reason="x", requested_at=NOW, requested_by=cast.owner
        )


def test_only_a_lead_decides(cast):
    case = case_of(asked(cast, late_review(cast)))
    reviewer = Actor.person(cast.reviewer)
    with pytest.raises(desk.NotAReviewer):
        desk.claim(review=case, reviewer=cast.reviewer, actor=reviewer, now=NOW)
    with pytest.raises(desk.NotAReviewer):
        desk.reassign(review=case, to=cast.reviewer, actor=Actor.person(cast.lead), now=NOW)
    waiting = queue_for(cast.reviewer).filter(kind="expedite")
    assert desk.claim_next(queue=waiting, reviewer=cast.reviewer, actor=reviewer, now=NOW) is None
    assert desk.claim_next(queue=waiting, reviewer=cast.lead, actor=Actor.person(cast.lead), now=NOW) == case
    # Somebody who lost the role while holding the case.
    Review.objects.filter(pk=case.pk).update(claimed_by=cast.reviewer, claim_active_at=NOW)
    with pytest.raises(desk.NotAReviewer):
        desk.decide(review=case, reviewer=cast.reviewer, decision=Decision.APPROVED, text="x", actor=reviewer, now=NOW)
    assert desk.SUBJECTS["expedite"].permission == Permission.LEAD_REVIEWS  # type: ignore[attr-defined]


def test_granted_review_goes_first_and_its_company_is_told(cast):
    late, other = late_review(cast), waiting_review(cast, kind="number_ownership", days=9)
    tick(now=NOW)
    request = asked(cast, late)
    assert queue_for(cast.lead).first() == other
    decided(case_of(request), cast.lead)
    late.refresh_from_db()
    request.refresh_from_db()
    assert (late.is_expedited, request.state, request.settled_at) == (True, "granted", NOW)
    assert queue_for(cast.lead).first() == late
    assert state_of(late, cast)[0] == "granted"
    told = Notice.objects.filter(kind="expedite_granted")
    assert {notice.recipient for notice in told} == {cast.owner, cast.admin}
    rows = JournalEntry.objects.filter(subject__in=["expedite", "review"], aspect__in=["state", "expedited"])
    assert [
        (row.subject, row.aspect, row.before, row.after)
        for row in rows.filter(subject_id__in=[request.pk, late.pk]).order_by("pk")
        if row.aspect == "expedited" or row.subject == "expedite"
    ] == [
        ("expedite", "state", "", "requested"),
        ("review", "expedited", "false", "true"),
        ("expedite", "state", "requested", "granted"),
    ]
    assert_invariants()


def test_refused_request_says_why_and_can_be_repeated_after_two_working_days(cast):
    late = late_review(cast)
    request = asked(cast, late)
    decided(case_of(request), cast.lead, Decision.REJECTED, "A colleague is deciding it today.")
    late.refresh_from_db()
    assert late.is_expedited is False
    # Two working days after a Wednesday end with the Friday.
    again = dt.datetime(2026, 11, 27, 16, tzinfo=dt.UTC)
    assert state_of(late, cast) == ("refused", again)
    assert state_of(late, cast, again)[0] == "possible"
    told = Notice.objects.filter(kind="expedite_refused").first()
    assert told is not None
    assert told.context["reason"] == "A colleague is deciding it today."
    second = asked(cast, late, now=again)
    assert second != request


def test_request_of_a_review_that_was_decided_is_closed(cast):
    late = late_review(cast)
    request = asked(cast, late)
    assert close_unneeded(now=NOW, actor=Actor.engine()) == 0
    desk.cancel(subject="material", subject_id=late.subject_id, actor=Actor.engine(), now=NOW, reason="withdrawn")
    assert close_unneeded(now=NOW, actor=Actor.engine()) == 1
    assert close_unneeded(now=NOW, actor=Actor.engine()) == 0
    request.refresh_from_db()
    case = case_of(request)
    case.refresh_from_db()
    assert (request.state, case.state) == ("not_needed", "cancelled")
    assert Notice.objects.filter(kind="expedite_not_needed").count() == 2
    assert_invariants()


def test_lead_who_decides_what_is_over_settles_it_as_no_longer_needed(cast):
    late = late_review(cast)
    request = asked(cast, late)
    desk.cancel(subject="material", subject_id=late.subject_id, actor=Actor.engine(), now=NOW, reason="withdrawn")
    decided(case_of(request), cast.lead)
    request.refresh_from_db()
    assert request.state == "not_needed"


def test_closing_costs_one_statement_where_there_is_nothing_to_close(cast):
    asked(cast, late_review(cast))
    with CaptureQueriesContext(connection) as queries:
        close_unneeded(now=NOW, actor=Actor.engine())
    assert len([query for query in queries if query["sql"].startswith("SELECT")]) == 1


def test_two_companies_ask_for_one_maintenance_in_one_case(cast):
    late = late_maintenance()
    first = asked(cast, late)
    second = asked(cast, late, company=cast.shop, asker=cast.stranger)
    assert first.case == second.case
    assert Review.objects.filter(kind="expedite").count() == 1
    decided(case_of(first), cast.lead)
    late.refresh_from_db()
    assert late.expedited_at == NOW
    assert set(ExpediteRequest.objects.values_list("state", flat=True)) == {"granted"}
    told = Notice.objects.filter(kind="expedite_granted")
    assert {notice.company for notice in told} == {cast.clinic, cast.shop}
    operations = Notice.objects.filter(kind="maintenance_expedited")
    assert [notice.recipient for notice in operations] == [cast.operations]


def test_member_of_any_asking_company_cannot_decide(cast):
    late = late_maintenance()
    asked(cast, late)
    case = case_of(asked(cast, late, company=cast.shop, asker=cast.stranger))
    cast.stranger.staff_assignments.create(role="lead_reviewer")
    with pytest.raises(desk.OwnSubmission):
        desk.claim(review=case, reviewer=cast.stranger, actor=Actor.person(cast.stranger), now=NOW)


def test_maintenance_that_ends_closes_the_requests(cast):
    late = late_maintenance()
    asked(cast, late)
    asked(cast, late, company=cast.shop, asker=cast.stranger)
    Maintenance.objects.filter(pk=late.pk).update(closed_at=NOW, held_until=NOW)
    assert close_unneeded(now=NOW, actor=Actor.engine()) == 2
    late.refresh_from_db()
    assert state_of(late, cast)[0] == "over"


def test_what_waits_for_the_company_itself_is_not_offered(cast):
    case = case_of(asked(cast, late_review(cast)))
    assert state_of(case, cast, NOW + 9 * DAY)[0] == "never"
    expired = Maintenance(requirement_id=1, opened_at=NOW, expected_until=NOW - DAY)
    assert state_of(expired, cast)[0] == "never"


def test_offers_for_many_take_as_many_queries_as_for_one(cast):
    reviews = [
        waiting_review(cast, kind=kind)
        for kind in ("business_licence", "number_ownership", "statement_of_use", "legal_representative_id")
    ]
    tick(now=NOW)
    reviews = list(Review.objects.filter(pk__in=[review.pk for review in reviews]))
    with CaptureQueriesContext(connection) as queries:
        offers = offers_for(reviews, company=cast.clinic, now=NOW)
    assert ([offer.state for offer in offers], len(queries)) == (["possible"] * 4, 1)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_people_asking_at_the_same_instant_make_one_request(cast):
    late = late_review(cast)
    made: list[int] = []

    def one(person):
        try:
            made.append(asked(cast, late, asker=person).pk)
        finally:
            connection.close()

    threads = [threading.Thread(target=one, args=(person,)) for person in (cast.owner, cast.admin, cast.operator)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(made)) == 1
    assert (len(made), ExpediteRequest.objects.count(), Review.objects.filter(kind="expedite").count()) == (3, 1, 1)
    assert ExpediteRequest.objects.get().state == ExpediteState.REQUESTED


def test_requests_that_say_otherwise_than_the_journal_are_found(cast):
    request = asked(cast, late_review(cast))
    assert_invariants()
    ExpediteRequest.objects.filter(pk=request.pk).update(state=ExpediteState.GRANTED, settled_at=NOW)
    assert "I6" in {row["invariant"] for row in check_invariants(from_the_start=False).violations}
