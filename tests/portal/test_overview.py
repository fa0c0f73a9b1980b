"""The company's first page: its sentence matches the database, each trouble has one next step."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import translation

from accounts.journal import Actor
from appeals.complaints.intake import receive
from appeals.complaints.locks import open_lock_of, review_again
from appeals.complaints.models import Source
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewKind
from portal.home.desk import desk_of
from portal.home.overview import overview_of
from portal.home.search import search
from tests.cast import NOW, Cast, make_company, make_material, make_number

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def expire_licence(cast: Cast) -> None:
    """The clinic's practice licence ran out two days ago, and the engine has noticed."""
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=NOW.date() - dt.timedelta(days=2)
    )
    reconcile_requirements(now=NOW, actor=Actor.engine())


def test_overview_says_all_is_well(cast):
    overview = overview_of(cast.clinic, now=NOW)
    assert (overview.tasks, overview.works, overview.coming, overview.set_up) == ([], [], [], [])
    assert overview.sentence == "All is well: every certification is displayed and nothing expires soon."
    assert [(tile.label, tile.count) for tile in overview.tiles] == [("Certified", 5)]


def test_overview_counts_what_stopped_and_names_the_one_next_step(cast):
    expire_licence(cast)
    overview = overview_of(cast.clinic, now=NOW)
    assert overview.sentence == "5 numbers not displayed to receivers; 1 thing needs you."
    assert [(task.title, task.tone, task.url) for task in overview.tasks] == [
        ("Medical practice licence has expired", "red", "/materials/add/?kind=medical_practice_licence")
    ]
    assert overview.tasks[0].reason == "5 numbers not displayed since 24 November 2026."
    assert [(tile.label, tile.count) for tile in overview.tiles] == [("Under maintenance", 5)]


def test_overview_hands_the_turn_to_the_platform_once_it_is_resubmitted(cast):
    expire_licence(cast)
    material = make_material(
        cast.clinic,
        "medical_practice_licence",
        by=cast.operator,
        expires_on=dt.date(2028, 1, 1),
        state=MaterialState.SUBMITTED,
    )
    desk.open_review(
        kind=ReviewKind.MATERIAL, company=cast.clinic, subject="material", subject_id=material.pk, submitted_by_id=cast.operator.pk,
        actor=Actor.person(cast.operator), now=NOW,
    )  # fmt: skip
    overview = overview_of(cast.clinic, now=NOW)
    assert overview.tasks == []
    assert [(work.title, work.url) for work in overview.works] == [
        ("Medical practice licence", f"/materials/{material.ref}/")
    ]
    assert "the platform is working on it and you have nothing to do" in overview.sentence


def test_overview_tells_of_a_lock_once_and_leads_to_it(cast):
    source, number = Source.objects.create(name="test", created_at=NOW), cast.numbers[0]
    events = [{"id": f"e{n}", "number": number.number, "at": NOW.isoformat(), "category": "other"} for n in range(6)]
    receive(source=source, events=events, actor=Actor.command(), now=NOW)
    lock = open_lock_of(number)
    assert lock is not None
    overview = overview_of(cast.clinic, now=NOW)
    masked = mask_number(number.number)
    assert [(work.title, work.url) for work in overview.works] == [
        (f"Complaint lock {masked}", f"/maintenance/{lock.ref}/")
    ]
    assert [event.text for event in overview.events][:1] == [f"Maintenance began: {lock.title} · {masked}"]
    review = Review.objects.get(subject="complaint_lock", subject_id=lock.pk)
    desk.claim(review=review, reviewer=cast.reviewer, actor=Actor.person(cast.reviewer), now=NOW)
    desk.decide(
        review=review, reviewer=cast.reviewer, decision=Decision.REJECTED, text="The complaints are true.",
        actor=Actor.person(cast.reviewer), now=NOW,
    )  # fmt: skip
    overview = overview_of(cast.clinic, now=NOW)
    assert overview.works == []
    assert [(task.title, task.action, task.url, task.tone) for task in overview.tasks] == [
        (f"{masked} stays locked after its review", "Appeal", f"/appeals/new/?kind=lock&number={number.ref}", "red")
    ]
    review_again(lock=lock, company=cast.clinic, actor=Actor.person(cast.lead), now=NOW)
    overview = overview_of(cast.clinic, now=NOW)
    assert (overview.tasks, [work.title for work in overview.works]) == ([], [f"Complaint lock {masked}"])


def test_overview_warns_of_a_document_by_its_last_day(cast):
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=dt.date(2026, 12, 7)
    )
    overview = overview_of(cast.clinic, now=NOW)
    assert overview.sentence == "No number is stopped; 1 thing needs you, the earliest by 7 December 2026."
    assert [task.last_day for task in overview.tasks] == [dt.date(2026, 12, 7)]
    assert [(item.day, item.title) for item in overview.coming] == [
        (dt.date(2026, 12, 7), "Medical practice licence expires")
    ]


def test_overview_groups_terms_that_end_on_one_day(cast):
    ends = dt.datetime(2026, 12, 19, 16, tzinfo=dt.UTC)  # the last day is 19 December in Shanghai
    PhoneNumber.objects.filter(pk__in=[number.pk for number in cast.numbers[:3]]).update(term_ends_at=ends)
    PhoneNumber.objects.filter(pk=cast.numbers[3].pk).update(
        lifecycle=Lifecycle.EXPIRED, term_ends_at=NOW - dt.timedelta(days=3)
    )
    overview = overview_of(cast.clinic, now=NOW)
    assert [(task.title, task.tone, task.last_day) for task in overview.tasks] == [
        ("The certification of 1 number ended on 22 November 2026", "red", None),
        ("The certification of 3 numbers ends on 19 December 2026", "amber", dt.date(2026, 12, 19)),
    ]


def test_overview_announces_a_new_rule(cast):
    Requirement.objects.create(
        kind=MaterialKind.objects.get(code="radiology_licence"), industry=cast.clinic.industry, effective_from=dt.date(2026, 12, 20),
        announced_at=NOW - dt.timedelta(days=1), cause=MaintenanceCause.objects.get(code="regulatory_material"),
    )  # fmt: skip
    overview = overview_of(cast.clinic, now=NOW)
    assert [task.title for task in overview.tasks] == ["New rule: Radiology diagnosis and treatment licence"]
    assert [(tile.label, tile.count) for tile in overview.tiles] == [("Pending maintenance", 5)]


def test_overview_leads_a_new_company_to_its_first_certification(cast):
    company = make_company("新企业", verified=False)
    overview = overview_of(company, now=NOW)
    assert [step["state"] for step in overview.set_up] == ["current", "todo", "todo", "blocked"]
    assert overview.sentence == "Nothing is certified yet. The steps below lead there."


@pytest.mark.parametrize("rows", [1, 3, 50])
def test_overview_takes_the_same_queries_for_any_number_of_rows(cast, client: Client, django_assert_num_queries, rows):
    expire_licence(cast)
    for _ in range(rows):
        make_number(cast.clinic)
    client.force_login(cast.owner)
    client.get("/")  # the session's first use
    with django_assert_num_queries(22):
        assert client.get("/").status_code == 200


def test_search_finds_numbers_by_any_part_with_their_facts(cast):
    number = make_number(cast.clinic, number="+8657187001234", alias="前台")
    other = make_number(cast.shop, number="+8657187001235")
    for text in ("0571-8700", "7001234", "前台"):
        found = search(cast.clinic, text, now=NOW)
        assert [row.pk for row, _facts in found.numbers] == [number.pk], text
    assert not search(cast.clinic, other.number[-4:], now=NOW)
    assert not search(cast.clinic, "\x00", now=NOW)
    assert not search(cast.clinic, "  ", now=NOW)


def test_desk_counts_what_waits_and_shows_platform_maintenance(cast, client: Client):
    desk.open_review(
        kind=ReviewKind.MATERIAL, company=cast.clinic, subject="material", subject_id=Material.objects.earliest("pk").pk,
        submitted_by_id=cast.operator.pk, actor=Actor.person(cast.operator), now=NOW,
    )  # fmt: skip
    Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="model_upgrade"), scope=Scope.EVERYTHING, planned_start=NOW + dt.timedelta(days=2),
        planned_end=NOW + dt.timedelta(days=5), created_at=NOW,
    )  # fmt: skip
    seen = desk_of(cast.reviewer, now=NOW)
    assert [(tile.label, tile.count) for tile in seen.tiles] == [
        ("Overdue", 0), ("Due within 24 hours", 0), ("My cases", 0), ("Unclaimed", 1),
    ]  # fmt: skip
    assert [row.cause.code for row in seen.maintenance] == ["model_upgrade"]
    late = desk_of(cast.reviewer, now=NOW + dt.timedelta(days=6))
    assert late.sentence.startswith("1 case waits, 1 of them overdue")
    client.force_login(cast.auditor)
    assert client.get("/staff/").status_code == 200
    client.force_login(cast.owner)
    assert client.get("/staff/").status_code == 404
