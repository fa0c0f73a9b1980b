"""What marks, complaints and appeals add to the timelines of numbers and companies, and that the past stays as it was."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import translation

from accounts.journal import Actor
from appeals.cases.clearance import set_platform
from appeals.cases.conversation import say_as_company, say_as_staff
from appeals.cases.models import AppealKind, PlatformState
from appeals.cases.submission import withdraw
from appeals.categories import Category
from appeals.complaints.locks import release
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Origin
from appeals.platforms import Platform
from certification.maintenance.engine import tick
from certification.numbers.models import PhoneNumber
from certification.numbers.registry import add_number, release_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews.models import Decision, Review
from certification.timeline.sources import About
from tests.appeals.cases.conftest import store
from tests.appeals.cases.making import DAY, HOUR, claim, decide, draft, lock, mark, send, sent
from tests.appeals.complaints.test_intake import event, make_source, take
from tests.cast import NOW, Cast
from tests.certification.timeline.test_timeline import events, of_company, of_number, texts
from tests.invariants import assert_invariants

__all__ = ["store"]


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def said(about: About, kind: str) -> list[str]:
    return texts(about, kind=kind)


def see(
    number: PhoneNumber, identifier: str, at: dt.datetime, *, origin: Origin = Origin.PLATFORM, **more: object
) -> None:
    """One thing said by 360 about the number, heard of `heard` later."""
    heard = more.pop("heard", dt.timedelta())
    sighting = Sighting(identifier, number.pk, Platform.objects.get(code="360").pk, at, **more)  # type: ignore[arg-type]
    observe(
        sightings=[sighting], source=f"test {origin}", origin=origin, actor=Actor.command(), now=at + heard  # type: ignore[operator]
    )  # fmt: skip


# --- Marks -----------------------------------------------------------------------------------------------------------


def test_mark_is_told_when_it_comes_goes_and_comes_back(cast: Cast) -> None:
    number = cast.numbers[0]
    see(number, "1", NOW - 9 * DAY, label=Category.FRAUD, people=120)
    see(number, "2", NOW - 8 * DAY, label=Category.FRAUD, people=130)  # the same mark is no step
    see(number, "3", NOW - 6 * DAY, is_clearance=True)
    see(number, "4", NOW - 2 * DAY, label=Category.ADVERTISING, heard=DAY)
    assert said(of_number(number), "mark") == [
        "360: marked again, Advertising",
        "360: mark cleared",
        "360: marked, Fraud, by 120 people",
    ]
    came_back = events(of_number(number), kind="mark")[0]
    assert (came_back.at, came_back.held_at, came_back.url) == (NOW - DAY, NOW - 2 * DAY, None)
    assert [event.held_at for event in events(of_number(number), kind="mark")[1:]] == [None, None]
    assert [event.tone for event in events(of_number(number), kind="mark")] == ["red", "green", "red"]
    (latest, *_rest) = events(of_company(cast.clinic), kind="mark")
    assert latest.text == f"{number.number[3:6]}****{number.number[-4:]} · 360: marked again, Advertising"
    assert latest.url == f"/numbers/{number.ref}/"
    assert said(of_number(cast.numbers[1]), "mark") == []
    assert said(of_company(cast.shop), "mark") == []


def test_mark_that_the_company_reported_is_called_so_and_by_whom(cast: Cast) -> None:
    see(cast.numbers[0], "1", NOW, origin=Origin.COMPANY, label=Category.HARASSMENT)
    assert said(of_number(cast.numbers[0]), "mark") == ["360: mark reported by the company, Harassment"]


def test_mark_says_what_was_known_then_whatever_is_heard_since(cast: Cast) -> None:
    number = cast.numbers[0]
    see(number, "1", NOW - 9 * DAY, label=Category.FRAUD, people=7)
    before = events(of_number(number), kind="mark")
    see(number, "2", NOW - 5 * DAY, is_clearance=True, heard=DAY)
    see(number, "3", NOW - 12 * DAY, label=Category.OTHER, heard=11 * DAY)  # an earlier sighting, heard late
    about = About(cast.clinic, (number,), for_staff=True, until=NOW - 5 * DAY)
    assert events(about, kind="mark") == before


# --- Complaints ------------------------------------------------------------------------------------------------------


def test_complaints_are_one_line_per_number_and_local_day_with_their_warning(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    yesterday = NOW - DAY
    take(source, [event(number, "y", yesterday)], now=yesterday)
    for count in range(4):
        at = NOW + count * HOUR
        take(source, [event(number, f"t{count}", at, category="fraud" if count else "harassment")], now=at)
    take(source, [event(cast.numbers[1], "other")])
    found = events(of_number(number), kind="complaint")
    assert [(line.text, line.detail, line.at) for line in found] == [
        ("Warning: 3 complaints on 2026-11-25, near the limit", "", NOW + 2 * HOUR),
        ("4 complaints on 2026-11-25", "Fraud 3, Harassment 1 · 11:00 – 14:00", NOW),
        ("1 complaint on 2026-11-24", "Harassment 1 · 11:00", yesterday),
    ]
    company = events(of_company(cast.clinic), kind="complaint")
    masked = f"{number.number[3:6]}****{number.number[-4:]}"
    assert [line.text for line in company if line.text.startswith(masked)] == [
        f"{masked} · {line.text}" for line in found
    ]
    assert {line.url for line in company} == {f"/numbers/{row.ref}/" for row in cast.numbers[:2]}
    assert len(company) == 4
    assert said(of_company(cast.shop), "complaint") == []


def test_local_day_is_the_companys_and_a_late_event_counts_for_its_own(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    before_midnight = dt.datetime(2026, 11, 24, 15, 59, tzinfo=dt.UTC)
    take(source, [event(number, "1", before_midnight), event(number, "2", before_midnight + dt.timedelta(minutes=1))])
    assert said(of_number(number), "complaint") == ["1 complaint on 2026-11-25", "1 complaint on 2026-11-24"]


def test_complaints_are_those_that_were_known_at_the_moment_looked_back_to(cast: Cast) -> None:
    number, source = cast.numbers[0], make_source()
    take(source, [event(number, "1", NOW), event(number, "2", NOW + dt.timedelta(minutes=1))], now=NOW + HOUR)
    then = About(cast.clinic, (number,), for_staff=True, until=NOW + 2 * HOUR)
    before = events(then, kind="complaint")
    assert [line.text for line in before] == ["2 complaints on 2026-11-25"]
    # A day later more of that day is heard of, an earlier one among them: a warning and a lock follow, then.
    late = [event(number, f"late {count}", NOW - (count - 2) * dt.timedelta(minutes=7)) for count in range(5)]
    take(source, late, now=NOW + DAY)
    assert events(then, kind="complaint") == before
    assert said(of_number(number), "complaint") == ["7 complaints on 2026-11-25"]


def test_lock_needs_no_warning_and_its_decision_is_told(cast: Cast) -> None:
    number = cast.numbers[0]
    locked = lock(number)
    review = claim(Review.objects.get(subject="complaint_lock", subject_id=locked.pk), cast.reviewer)
    decide(review, cast.reviewer, Decision.REJECTED, text="The calls were many.", now=NOW + HOUR)
    assert said(of_number(number), "complaint") == ["6 complaints on 2026-11-25"]
    (kept,) = events(of_number(number), kind="review")
    masked = f"{number.number[3:6]}****{number.number[-4:]}"
    assert (kept.text, kept.detail) == (f"Rejected: Complaint lock {masked}", "The calls were many.")
    assert f"Rejected: Complaint lock {masked}" in said(of_company(cast.clinic), "review")
    release(lock=locked, actor=Actor.person(cast.lead), now=NOW + DAY, reason="an appeal was upheld")
    assert said(of_number(number), "maintenance") == [
        "Maintenance ended: Complaint lock",
        "Maintenance began: Complaint lock",
    ]
    assert_invariants()


# --- Appeals ---------------------------------------------------------------------------------------------------------


def test_appeal_is_told_step_by_step_with_each_platform_and_the_outcome(cast: Cast) -> None:
    number = cast.numbers[0]
    mark(number, "360", "baidu")
    appeal, review = sent(cast, platforms=["360", "baidu"])
    by: dict[str, Any] = {"reviewer": cast.reviewer, "actor": Actor.person(cast.reviewer)}
    say_as_staff(
        appeal=appeal, review=review, text="Which calls?", submission=uuid.uuid4(), asks=True, now=NOW + HOUR, **by
    )  # fmt: skip
    say_as_company(
        appeal=appeal, text="Reminders.", files=[], submission=uuid.uuid4(), by=cast.operator,
        actor=Actor.person(cast.operator), now=NOW + 2 * HOUR,
    )  # fmt: skip
    for hours, row, to in zip(
        (3, 4), appeal.platforms.all(), (PlatformState.CLEARED, PlatformState.REFUSED), strict=True
    ):
        set_platform(row=row, to=to, note=f"note {hours}", review=review, now=NOW + hours * HOUR, **by)
    decide(review, cast.reviewer, Decision.PARTLY, text="One of two.", now=NOW + 5 * HOUR)
    title = f"Appeal: False mark {appeal.ref}"
    first, second = (row.platform for row in appeal.platforms.all())
    found = events(of_number(number), kind="appeal")
    assert [(line.text, line.detail) for line in found] == [
        (f"Partly upheld: {title}", "One of two."),
        (f"{title}: {second}: The platform refused", "note 4"),
        (f"{title}: {first}: Mark cleared", "note 3"),
        (f"{title}: Answered; the review goes on", ""),
        (f"{title}: More information was asked for", "Which calls?"),
        (f"{title}: Sent", ""),
    ]
    assert [line.actor_label for line in found] == [
        "Portal staff", "Portal staff", "Portal staff", "operator", "Portal staff", "operator",
    ]  # fmt: skip
    assert {line.url for line in found} == {f"/appeals/{appeal.ref}/"}
    assert events(of_company(cast.clinic), kind="appeal") == found
    # The company's reviews do not tell the same once more.
    assert said(of_company(cast.clinic), "review") == []
    for_staff = events(of_number(number, for_staff=True), kind="appeal")
    assert {line.url for line in for_staff} == {f"/staff/cases/{review.ref}/"}
    assert for_staff[0].actor_label == "reviewer"
    assert f"Claimed: {title}" in said(of_company(cast.clinic, for_staff=True), "review")
    assert said(of_number(number), "mark")[0] == f"{first}: mark cleared"
    assert events(of_number(number), kind="mark")[0].detail == f"Appeal {appeal.ref}"
    for stranger in (of_number(cast.numbers[1]), of_company(cast.shop)):
        assert said(stranger, "appeal") == []
    assert_invariants()


def test_appeal_that_ends_without_a_decision_says_how(cast: Cast) -> None:
    given_up = draft(cast, platforms=["360"], numbers=[cast.numbers[1]])
    withdraw(appeal=given_up, actor=Actor.person(cast.operator), now=NOW)  # never sent: nobody needs to know
    withdrawn = draft(cast, platforms=["360"])
    send(cast, withdrawn)
    withdraw(appeal=withdrawn, actor=Actor.person(cast.operator), now=NOW + HOUR)
    silent, review = sent(cast, platforms=["baidu"], now=NOW + DAY)
    say_as_staff(
        appeal=silent, review=review, text="Which calls?", submission=uuid.uuid4(), asks=True, now=NOW + DAY,
        reviewer=cast.reviewer, actor=Actor.person(cast.reviewer),
    )  # fmt: skip
    tick(now=NOW + 20 * DAY)
    locked = lock(cast.numbers[2], now=NOW + 21 * DAY)
    settled = draft(cast, kind=AppealKind.LOCK, numbers=[cast.numbers[2]], now=NOW + 21 * DAY)
    send(cast, settled, now=NOW + 21 * DAY)
    release(lock=locked, actor=Actor.person(cast.lead), now=NOW + 22 * DAY, reason="checked")
    last = {line.split(": ")[1]: line.split(": ")[2] for line in reversed(said(of_company(cast.clinic), "appeal"))}
    assert last == {
        f"False mark {withdrawn.ref}": "Withdrawn",
        f"False mark {silent.ref}": "Closed without an answer",
        f"Complaint lock {settled.ref}": "Settled without a decision",
    }
    assert said(of_number(cast.numbers[1]), "appeal") == []


def test_number_that_moved_tells_each_company_its_own_part_and_staff_both(cast: Cast) -> None:
    number = cast.numbers[0]
    mark(number, "360", now=NOW)
    take(make_source(), [event(number, "1", NOW)])
    appeal = draft(cast, platforms=["360"])
    send(cast, appeal)
    withdraw(appeal=appeal, actor=Actor.person(cast.operator), now=NOW)
    release_number(number=number, actor=Actor.person(cast.owner), now=NOW + DAY, reason="sold")
    read = read_number(number.number)
    assert isinstance(read, ReadNumber)
    moved = add_number(
        company=cast.shop, read=read, provider=number.provider, actor=Actor.person(cast.stranger), now=NOW + DAY
    )
    for kind in ("mark", "complaint", "appeal"):
        assert said(of_number(moved), kind) == []
        assert said(of_company(cast.shop), kind) == []
        both = said(About(cast.shop, (moved, number), for_staff=True), kind)
        assert both == [f"仁和门诊部 · {line}" for line in said(of_number(number), kind)]
        assert both


# --- Pages -----------------------------------------------------------------------------------------------------------


def busy(cast: Cast, count: int, round_: int) -> None:
    """Marks, complaints of several days, an appeal with its answers: the first round long before the second."""
    number, source = cast.numbers[0], make_source(f"round {round_}")
    for index in range(count):
        at = NOW + (round_ * 30 + index - 90) * DAY
        see(number, f"{round_} {index} seen", at, label=Category.FRAUD)
        see(number, f"{round_} {index} cleared", at + HOUR, is_clearance=True)
        take(source, [event(number, f"{index} {part}", at) for part in range(3)], now=at)
        appeal, review = sent(cast, platforms=["360"], now=at)
        set_platform(
            row=appeal.platforms.get(), to=PlatformState.CLEARED, note="", review=review, reviewer=cast.reviewer,
            actor=Actor.person(cast.reviewer), now=at,
        )  # fmt: skip
        decide(review, cast.reviewer, Decision.APPROVED, now=at)


@pytest.mark.parametrize(
    ("address", "role"),
    [
        ("/numbers/{number}/", "owner"),
        ("/timeline/", "owner"),
        ("/staff/numbers/{number}/", "auditor"),
        ("/staff/companies/{company}/timeline/", "auditor"),
    ],
)
@pytest.mark.parametrize("kind", ["mark", "complaint", "appeal"])
def test_pages_take_the_same_queries_however_much_there_is(cast: Cast, address: str, role: str, kind: str) -> None:
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(getattr(cast, role))
    address = address.format(number=cast.numbers[0].ref, company=cast.clinic.ref)
    taken = []
    for round_, count in enumerate((1, 3, 20)):
        busy(cast, count, round_)
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address, {"kind": kind})
        assert page.status_code == 200
        assert len(page.context["timeline"].page.rows) >= count
        taken.append(len(queries))
    assert taken[0] == taken[1] == taken[2]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_pages_can_be_narrowed_to_each_kind_in_both_languages(cast: Cast, language: str) -> None:
    busy(cast, 1, 0)
    client = Client(headers={"Accept-Language": language})
    client.force_login(cast.viewer)
    words = {
        "zh-hans": {"mark": "号码标记", "complaint": "投诉", "appeal": "申诉"},
        "en": {"mark": "Marks", "complaint": "Complaints", "appeal": "Appeals"},
    }[language]
    for kind, label in words.items():
        timeline = client.get("/timeline/", {"kind": kind}).context["timeline"]
        assert [str(tab.label) for tab in timeline.tabs if tab.current] == [label]
        assert {str(row.kind_label) for row in timeline.page.rows} == {label}
        if language == "zh-hans":
            assert not [row.text for row in timeline.page.rows if "mark" in row.text or "omplaint" in row.text]


def test_staff_look_back_to_what_was_on_the_number(cast: Cast) -> None:
    busy(cast, 3, 0)
    client = Client(headers={"Accept-Language": "en"})
    client.force_login(cast.auditor)
    address = f"/staff/numbers/{cast.numbers[0].ref}/"
    moment = (NOW - 88.5 * DAY).isoformat()
    before = {
        kind: client.get(address, {"at": moment, "kind": kind}).context["timeline"].page.rows
        for kind in ("mark", "complaint", "appeal")
    }
    assert {kind: len(rows) for kind, rows in before.items()} == {"mark": 4, "complaint": 4, "appeal": 6}
    busy(cast, 2, 1)
    take(make_source("late"), [event(cast.numbers[0], "late", NOW - 89 * DAY)], now=NOW)
    see(cast.numbers[0], "late", NOW - 89 * DAY, heard=89 * DAY)
    for kind, rows in before.items():
        assert client.get(address, {"at": moment, "kind": kind}).context["timeline"].page.rows == rows
