"""Timelines: what is on them, in which order, who reads which names, page by page, and that the past stays as it was."""

from __future__ import annotations

import dataclasses
import datetime as dt
import random
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.companies import Company, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber, Provider
from certification.numbers.registry import add_number, change_number, release_number, reveal_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews import desk
from certification.reviews.models import Decision
from certification.timeline.reading import timeline_page
from certification.timeline.sources import KINDS, SOURCES, About, Event, Source, register, register_kind
from tests.cast import NOW, Cast, make_number
from tests.certification.applications.making import claimed, make_submitted
from tests.certification.calendar.conftest import LONG_AGO, founded_long_ago
from tests.certification.maintenance.test_status import open_row

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def events(about: About, query: dict[str, str] | None = None, **more: Any) -> list[Event]:
    request = RequestFactory().get("/", query or {})
    rows: list[Event] = timeline_page(about, request, **more).rows
    return rows


def texts(about: About, **more: Any) -> list[str]:
    return [event.text for event in events(about, **more)]


def of_company(company: Company, *, for_staff: bool = False) -> About:
    return About(company, None, for_staff=for_staff)


def of_number(number: PhoneNumber, *, for_staff: bool = False) -> About:
    return About(number.company, (number,), for_staff=for_staff)


def every_page(about: About, size: int) -> list[Event]:
    """Forwards to the end; on the way, each page leads back to the one before."""
    found: list[Event] = []
    address, before = "/", None
    while address:
        page = timeline_page(about, RequestFactory().get(address), size=size)
        assert bool(page.previous_url) == (before is not None)
        if before is not None:
            assert timeline_page(about, RequestFactory().get(page.previous_url), size=size).rows == before
        found += page.rows
        before, address = page.rows, page.next_url
    return found


def test_decision_has_its_person_and_reason_and_companies_do_not_read_who_among_staff(cast: Cast) -> None:
    application = make_submitted(cast)
    review = claimed(cast, application)
    desk.decide(
        review=review,
        reviewer=cast.reviewer,
        decision=Decision.REJECTED,
        text="The seal is missing.",
        actor=Actor.person(cast.reviewer),
        now=NOW + 5 * HOUR,
    )
    title = f"New certification {application.ref}"
    by_staff = {event.text: event for event in events(of_company(cast.clinic, for_staff=True))}
    by_owner = {event.text: event for event in events(of_company(cast.clinic))}
    assert by_staff[f"Rejected: {title}"].actor_label == "reviewer"
    assert by_owner[f"Rejected: {title}"].actor_label == "Portal staff"
    assert by_owner[f"Rejected: {title}"].detail == "The seal is missing."
    assert by_owner[f"{title}: Submitted"].actor_label == "operator"
    assert f"Claimed: {title}" in by_staff
    assert f"Claimed: {title}" not in by_owner
    assert "reviewer" not in {event.actor_label for event in by_owner.values()}


def test_number_tells_its_changes_and_what_covered_it(cast: Cast) -> None:
    number = make_number(cast.clinic, lifecycle="draft", created_at=NOW - 30 * DAY)
    open_row("data_sync", at=NOW - 3 * DAY, closed=NOW - 2 * DAY)
    open_row("complaint_lock", at=NOW - DAY, scope="number", number=cast.numbers[0])
    change_number(
        number=number, label=number.label, alias="front", provider=Provider.objects.get(code="third_party"), group=None,
        backup_of=None, actor=Actor.person(cast.operator), now=NOW,
    )  # fmt: skip
    reveal_number(number=number, actor=Actor.person(cast.viewer), now=NOW + HOUR)
    assert texts(of_number(number)) == [
        "The whole number was shown",
        "Provider: Official platform → Third-party provider",
        "Alias: none → front",
        "Maintenance ended: Data sync",
        "Maintenance began: Data sync",
    ]
    kinds = [event.kind for event in events(of_number(number))]
    assert kinds == ["change", "change", "change", "maintenance", "maintenance"]
    assert texts(of_number(number), kind="maintenance") == texts(of_number(number))[3:]


def test_covering_maintenance_is_that_of_the_industry_and_provider_of_then(cast: Cast) -> None:
    founded_long_ago(cast.clinic)
    number = make_number(cast.clinic, lifecycle="draft", created_at=LONG_AGO)
    official, third = number.provider, Provider.objects.get(code="third_party")
    medical, retail = cast.clinic.industry, Industry.objects.get(code="retail")
    rows = {
        "official, before": open_row("data_sync", at=NOW - 9 * DAY, closed=NOW - 8 * DAY, scope="provider", provider=official),
        "official, after": open_row("data_sync", at=NOW - 2 * DAY, closed=NOW - DAY, scope="provider", provider=official),
        "third, before": open_row("data_sync", at=NOW - 9 * DAY, closed=NOW - 8 * DAY, scope="provider", provider=third),
        "third, after": open_row("data_sync", at=NOW - 2 * DAY, closed=NOW - DAY, scope="provider", provider=third),
        "medical, before": open_row("data_sync", at=NOW - 9 * DAY, closed=NOW - 8 * DAY, scope="industry", industry=medical),
        "medical, after": open_row("data_sync", at=NOW - 2 * DAY, closed=NOW - DAY, scope="industry", industry=medical),
        "retail, before": open_row("data_sync", at=NOW - 9 * DAY, closed=NOW - 8 * DAY, scope="industry", industry=retail),
        "retail, after": open_row("data_sync", at=NOW - 2 * DAY, closed=NOW - DAY, scope="industry", industry=retail),
    }  # fmt: skip
    for name, row in rows.items():
        Maintenance.objects.filter(pk=row.pk).update(title_zh=name, title_en=name)
    change_number(
        number=number, label=number.label, alias="", provider=third, group=None, backup_of=None,
        actor=Actor.person(cast.owner), now=NOW - 5 * DAY,
    )  # fmt: skip
    change_company_data(
        company=cast.clinic,
        values={"industry": retail},
        actor=Actor.person(cast.lead),
        now=NOW - 5 * DAY,
        by_staff=True,
    )
    number.refresh_from_db()
    began = {text.removeprefix("Maintenance began: ") for text in texts(of_number(number)) if "began" in text}
    assert began == {"official, before", "third, after", "medical, before", "retail, after"}
    company = {text.removeprefix("Maintenance began: ") for text in texts(of_company(cast.clinic)) if "began" in text}
    assert company == began | {"official, after"}  # its other numbers stayed there


def test_number_that_moved_has_one_story_for_staff_and_each_company_its_own_part(cast: Cast) -> None:
    number = cast.numbers[0]
    release_number(number=number, actor=Actor.person(cast.owner), now=NOW, reason="sold")
    read = read_number(number.number)
    assert isinstance(read, ReadNumber)
    moved = add_number(
        company=cast.shop, read=read, provider=number.provider, actor=Actor.person(cast.stranger), now=NOW + HOUR
    )
    open_row("data_sync", at=NOW + 2 * HOUR)
    for_staff = texts(About(cast.shop, (moved, number), for_staff=True))
    assert for_staff[:4] == [
        "Maintenance began: Data sync",
        "好味快餐 · Added to the list",
        "仁和门诊部 · Given up",
        "仁和门诊部 · Certified → Withdrawn",
    ]
    number.refresh_from_db()
    clinic, shop = texts(of_number(number)), texts(of_number(moved))
    assert clinic[0] == "Given up"
    assert shop == ["Maintenance began: Data sync", "Added to the list"]
    assert not any("好味快餐" in text for text in clinic)


def test_event_says_since_when_it_held_where_that_differs(cast: Cast) -> None:
    row = open_row("data_sync", at=NOW)
    Maintenance.objects.filter(pk=row.pk).update(held_since=NOW - DAY)
    (event,) = events(of_number(cast.numbers[0]), kind="maintenance")
    assert (event.at, event.held_at) == (NOW, NOW - DAY)
    Maintenance.objects.filter(pk=row.pk).update(held_since=NOW - dt.timedelta(seconds=60))
    (event,) = events(of_number(cast.numbers[0]), kind="maintenance")
    assert event.held_at is None


def test_reminder_is_told_once_however_many_people_read_it(cast: Cast) -> None:
    context = {
        "expires_on": "2026-12-02",
        "days_left": 7,
        "material_zh": "执照",
        "material_en": "Licence",
        "numbers": 5,
    }
    for step, moment in ((7, NOW), (3, NOW + 4 * DAY)):
        for person in (cast.owner, cast.admin):
            Notice.objects.create(
                key=f"reminder:material:1:{step}:{person.pk}", kind="material_expires", recipient=person,
                company=cast.clinic, context={**context, "days_left": step}, created_at=moment,
            )  # fmt: skip
    found = events(of_company(cast.clinic), kind="reminder")
    assert [(event.text, event.detail) for event in found] == [
        ("Reminder sent: Licence expires", "2026-12-02, in 3 days"),
        ("Reminder sent: Licence expires", "2026-12-02, in 7 days"),
    ]
    assert len(events(of_number(cast.numbers[0]), kind="reminder")) == 2
    assert events(of_company(cast.shop), kind="reminder") == []


def scatter(cast: Cast, seed: int) -> PhoneNumber:
    """Many events, often several of several sources at one moment."""
    chance = random.Random(seed)
    number = cast.numbers[0]
    moments = [NOW - chance.randrange(6) * DAY for _ in range(60)]
    for index, at in enumerate(moments):
        if index % 3 == 0:
            open_row("data_sync", at=at, closed=at + chance.randrange(2) * DAY)
        else:
            JournalEntry.objects.create(
                at=at, actor_kind="engine", company=cast.clinic, subject="number", subject_id=number.pk,
                aspect=chance.choice(["state", "alias", "label"]), before="certified", after="revoked",
            )  # fmt: skip
    return number


@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("size", [1, 7, 50])
def test_pages_hold_every_event_once_in_order_and_lead_back(cast: Cast, seed: int, size: int) -> None:
    founded_long_ago(cast.clinic)
    number = scatter(cast, seed)
    for about in (of_number(number, for_staff=True), of_company(cast.clinic)):
        found = every_page(about, size)
        assert len(found) >= 40
        assert [event.at for event in found] == sorted((event.at for event in found), reverse=True)
        assert found == events(about, size=1000)


@pytest.mark.parametrize("token", ["", "x", "W10", "WyIyMDI2Il0", "\0"])
def test_place_that_is_none_is_the_first_page(cast: Cast, token: str) -> None:
    number = scatter(cast, 1)
    assert events(of_number(number), {"after": token}) == events(of_number(number), {"before": token})
    assert events(of_number(number), {"after": token}) == events(of_number(number))


def test_further_app_adds_its_own_events(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certification.timeline.sources.KINDS", KINDS)
    kinds, sources = dict(KINDS), dict(SOURCES)
    try:
        register_kind("complaint", "Complaints")
        source = Source(
            "complaints",
            "complaint",
            "created_at",
            lambda about: PhoneNumber.objects.filter(pk__in=about.number_keys),
            lambda rows, about: [Event(row.created_at, f"Complaint about {row.ref}") for row in rows],
        )
        register(source)
        register(source)  # twice is once
        with pytest.raises(ValueError, match="already"):
            register(dataclasses.replace(source, moment="released_at"))
        with pytest.raises(ValueError, match="no kind"):
            register(dataclasses.replace(source, name="other", kind="unheard of"))
        number = PhoneNumber.objects.get(pk=cast.numbers[0].pk)
        (event,) = events(of_number(number), kind="complaint")
        assert (event.text, event.kind_label) == (f"Complaint about {number.ref}", "Complaints")
        assert event in events(of_number(number))
    finally:
        for registry, saved in ((KINDS, kinds), (SOURCES, sources)):
            registry.clear()
            registry.update(saved)  # type: ignore[arg-type]


@pytest.mark.parametrize("address", ["/numbers/{number}/", "/timeline/", "/staff/numbers/{number}/"])
def test_pages_take_the_same_queries_however_much_there_is(cast: Cast, address: str) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.lead if "staff" in address else cast.owner)
    founded_long_ago(cast.clinic)
    number = PhoneNumber.objects.get(pk=cast.numbers[0].pk)
    address = address.format(number=number.ref)
    taken = []
    for count in (1, 3, 50):
        for index in range(count):
            make_submitted(cast)
            open_row("routine_window", at=NOW - index * HOUR, closed=NOW)
            JournalEntry.objects.create(
                at=NOW, actor_kind="person", actor=cast.owner, company=cast.clinic, subject="number",
                subject_id=number.pk, aspect="provider", before=str(number.provider_id), after=str(number.provider_id),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200
        taken.append(len(queries))
    # A page says what is on it: sources that others have pushed off it are not asked for words.
    assert taken[2] <= max(taken[:2])
    assert max(taken) <= 45


def test_kind_narrows_the_page_and_stays_in_its_links(cast: Cast) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.owner)
    open_row("data_sync", at=NOW)
    Company.objects.filter(pk=cast.clinic.pk).update(created_at=LONG_AGO)
    page = client.get("/timeline/", {"kind": "maintenance"}).content.decode()
    assert "Maintenance began: Data sync" in page
    assert "Clear filters" in client.get("/timeline/", {"kind": "reminder"}).content.decode()
    assert client.get("/timeline/", {"kind": "unheard of"}).context["timeline"].clear_url == ""
