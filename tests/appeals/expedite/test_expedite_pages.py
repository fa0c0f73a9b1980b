"""The pages about expediting: from when it is possible, who may ask, what is said afterwards."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor
from accounts.users import User
from appeals.complaints.locks import SUBJECT as LOCK
from appeals.expedite.models import ExpediteRequest
from appeals.expedite.requests import ask
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.models import Material, MaterialState, Requirement
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewKind
from tests.cast import Cast, add_member, make_company, make_material, make_user

DAY = dt.timedelta(days=1)
NEW = "/expedite/new/"


def visitor(user: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def review(cast: Cast, *, days: float) -> Review:
    """A document that was handed in so many days ago, due after five."""
    material = make_material(cast.clinic, "business_licence", by=cast.owner, state=MaterialState.SUBMITTED)
    return desk.open_review(
        kind=ReviewKind.MATERIAL, company=cast.clinic, subject="material", subject_id=material.pk,
        submitted_by_id=cast.owner.pk, actor=Actor.person(cast.owner), now=timezone.now() - days * DAY,
    )  # fmt: skip


def overrunning(**fields: object) -> Maintenance:
    now = timezone.now()
    values: dict[str, object] = {
        "cause": MaintenanceCause.objects.get(code="data_sync"),
        "scope": "everything",
        "planned_start": now - 3 * DAY,
        "planned_end": now - DAY,
        "expected_until": now - DAY,
        "opened_at": now - 3 * DAY,
        "held_since": now - 3 * DAY,
        "overrunning_since": now - DAY,
        "ends_by_plan": False,
        "created_at": now - 9 * DAY,
    }
    found = Maintenance.objects.create(**{**values, **fields})
    found.refresh_from_db()
    return found


def test_before_it_is_late_the_page_says_from_when_and_has_no_button(cast):
    early = review(cast, days=1)
    client = visitor(cast.operator)
    page = client.get(f"{NEW}?case={early.ref}")
    assert "You can ask from" in page.content.decode()
    assert "<textarea" not in page.content.decode()
    refused = client.post(f"{NEW}?case={early.ref}", {"reason": "Please."})
    assert refused.status_code == 409
    assert "Please." in refused.content.decode()
    assert ExpediteRequest.objects.count() == 0


def test_asking_twice_leads_to_one_request(cast):
    late = review(cast, days=6)
    client = visitor(cast.operator)
    empty = client.post(f"{NEW}?case={late.ref}", {"reason": " "})
    assert empty.status_code == 422
    first = client.post(f"{NEW}?case={late.ref}", {"reason": "Calls fail."})
    second = client.post(f"{NEW}?case={late.ref}", {"reason": "Calls fail."})
    asked = ExpediteRequest.objects.get()
    assert first["Location"] == second["Location"] == reverse("expedite:detail", args=[asked.ref])
    assert client.get(f"{NEW}?case={late.ref}")["Location"] == first["Location"]
    assert "With the lead reviewer" in client.get(first["Location"]).content.decode()


def test_viewer_sees_the_offer_and_cannot_ask(cast):
    late = review(cast, days=6)
    client = visitor(cast.viewer)
    material = Material.objects.get(pk=late.subject_id)
    page = client.get(reverse("materials:detail", args=[material.ref])).content.decode()
    assert "This is later than promised" in page
    assert NEW not in page
    assert client.post(f"{NEW}?case={late.ref}", {"reason": "x"}).status_code == 403


def test_another_company_s_case_does_not_exist(cast):
    late = review(cast, days=6)
    client = visitor(cast.stranger)
    assert client.get(f"{NEW}?case={late.ref}").status_code == 404
    assert client.get(f"{NEW}?case=unknown").status_code == 404
    assert client.get(NEW).status_code == 404


def test_maintenance_that_overruns_is_offered_and_marked_when_granted(cast):
    late = overrunning()
    detail = reverse("maintenance:detail", args=[late.ref])
    client = visitor(cast.operator)
    assert f"{NEW}?case={late.ref}" in client.get(detail).content.decode()
    client.post(f"{NEW}?case={late.ref}", {"reason": "Orders are lost."})
    case = ExpediteRequest.objects.get().case
    assert case is not None
    lead = Actor.person(cast.lead)
    desk.claim(review=case, reviewer=cast.lead, actor=lead, now=timezone.now())
    desk.decide(
        review=case, reviewer=cast.lead, decision=Decision.APPROVED, text="approved", actor=lead, now=timezone.now()
    )
    page = client.get(detail).content.decode()
    assert "A lead reviewer has put the end of this maintenance first." in page
    assert "Expedited at the request of a company" in page
    staff = visitor(cast.operations)
    assert "Expedited" in staff.get(f"{reverse('maintenance:plans')}?state=overrunning").content.decode()
    assert "end it first" in staff.get(detail).content.decode()


@pytest.mark.parametrize("kind", ["lock", "correction"])
def test_page_of_a_maintenance_that_a_review_ends_offers_that_review(cast, kind):
    now = timezone.now()
    number = cast.numbers[0]
    if kind == "lock":
        late = overrunning(
            cause=MaintenanceCause.objects.get(opened_by="complaints"), scope="number", number=number, locks=True,
            planned_start=None, planned_end=None, overrunning_since=None,
        )  # fmt: skip
        case = desk.open_review(
            kind=ReviewKind.COMPLAINT_LOCK, company=cast.clinic, subject=LOCK, subject_id=late.pk, submitted_by_id=None,
            actor=Actor.engine(), now=now - 3 * DAY,
        )  # fmt: skip
    else:
        case = review(cast, days=6)
        late = overrunning(
            cause=MaintenanceCause.objects.get(code="material_expired"), scope="company", company=cast.clinic,
            requirement=Requirement.objects.get(kind__code="business_licence", moment="always"),
            planned_start=None, planned_end=None, overrunning_since=None,
        )  # fmt: skip
    page = visitor(cast.owner).get(reverse("maintenance:detail", args=[late.ref])).content.decode()
    assert f"{NEW}?case={case.ref}" in page


def test_maintenance_that_covers_another_of_ones_companies_is_found(cast):
    other = make_company("第二家", industry="catering")
    add_member(other, cast.owner)
    late = overrunning(scope="company", company=other)
    client = visitor(cast.owner)
    client.post(f"{NEW}?case={late.ref}", {"reason": "Orders are lost."})
    assert ExpediteRequest.objects.get().company == other
    assert (
        visitor(add_member(make_company("别家"), make_user("elsewhere"))).get(f"{NEW}?case={late.ref}").status_code
        == 404
    )


def test_refusal_shows_its_reason_and_from_when_one_can_ask_again(cast):
    late = review(cast, days=6)
    asked = ask(
        thing=late,
        company=cast.clinic,
        reason="x",
        asker=cast.owner,
        actor=Actor.person(cast.owner),
        now=timezone.now(),
    )
    lead = Actor.person(cast.lead)
    assert asked.case is not None
    desk.claim(review=asked.case, reviewer=cast.lead, actor=lead, now=timezone.now())
    desk.decide(
        review=asked.case, reviewer=cast.lead, decision=Decision.REJECTED, text="It is decided today.", actor=lead,
        now=timezone.now(),
    )  # fmt: skip
    client = visitor(cast.owner)
    page = client.get(reverse("expedite:detail", args=[asked.ref])).content.decode()
    assert "It is decided today." in page
    assert "You can ask again from" in page
    again = client.get(f"{NEW}?case={late.ref}").content.decode()
    assert "Your last request was refused." in again
    assert "<textarea" not in again


@pytest.mark.parametrize("role", ["reviewer", "lead"])
def test_only_a_lead_is_offered_the_case(cast, role):
    asked = ask(
        thing=review(cast, days=6), company=cast.clinic, reason="Calls fail.", asker=cast.owner,
        actor=Actor.person(cast.owner), now=timezone.now(),
    )  # fmt: skip
    assert asked.case is not None
    client = visitor(getattr(cast, role))
    page = client.get(reverse("reviews:case", args=[asked.case.ref])).content.decode()
    assert "Calls fail." in page
    claim = reverse("reviews:claim", args=[asked.case.ref])
    assert (claim in page) == (role == "lead")
    assert (claim in client.get(reverse("reviews:queue")).content.decode()) == (role == "lead")
    assert client.post(claim).status_code == (302 if role == "lead" else 403)


def test_overview_offers_to_ask_and_then_says_that_it_was_asked(cast):
    late = review(cast, days=6)
    Review.objects.filter(pk=late.pk).update(overdue_since=late.due_at)
    client = visitor(cast.owner)
    assert f"{NEW}?case={late.ref}" in client.get("/").content.decode()
    client.post(f"{NEW}?case={late.ref}", {"reason": "Calls fail."})
    page = client.get("/").content.decode()
    assert f"{NEW}?case={late.ref}" not in page
    assert "You have asked to have it expedited" in page
