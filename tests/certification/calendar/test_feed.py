"""The feed as calendar programs read it, held against a parser and against the text of RFC 5545 itself; S16."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone
from icalendar import Calendar

from accounts.access import CompanyRole
from accounts.companies import Company
from accounts.journal import Actor
from accounts.memberships import Membership, set_role
from accounts.users import User
from certification.calendar import limits, links
from certification.calendar.dates import dates_of
from certification.calendar.feeds import feed_of
from certification.calendar.models import CalendarFeed
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plan_steps import start_and_end_plans
from certification.maintenance.plans import cancel_plan, create_plan, end_plan, move_end
from tests.cast import NOW, Cast, make_company, make_material, make_number
from tests.certification.calendar.conftest import founded_long_ago, make_plan, utc


def unfold(body: bytes) -> list[str]:
    """The content lines of RFC 5545, 3.1: CRLF between them, at most 75 octets each, folded with one blank."""
    assert body.endswith(b"\r\n")
    physical = body[:-2].split(b"\r\n")
    lines: list[bytes] = []
    for line in physical:
        assert b"\n" not in line
        assert b"\r" not in line
        assert len(line) <= 75
        line.decode()  # no character is cut in two
        if line.startswith((b" ", b"\t")):
            lines[-1] += line[1:]
        else:
            lines.append(line)
    return [line.decode() for line in lines]


def events(body: bytes) -> dict[str, dict[str, str]]:
    """The events by UID, read without a library: each property once, BEGIN and END in pairs."""
    lines = unfold(body)
    assert (lines[0], lines[-1]) == ("BEGIN:VCALENDAR", "END:VCALENDAR")
    assert "VERSION:2.0" in lines
    assert any(line.startswith("PRODID:") for line in lines)
    found: dict[str, dict[str, str]] = {}
    current: dict[str, str] | None = None
    for line in lines[1:-1]:
        if line == "BEGIN:VEVENT":
            assert current is None
            current = {}
        elif line == "END:VEVENT":
            assert current is not None
            assert {"UID", "DTSTAMP", "DTSTART", "DTEND", "SUMMARY", "SEQUENCE", "STATUS"} <= set(current)
            assert current["UID"] not in found
            found[current["UID"]] = current
            current = None
        elif current is not None:
            name, _colon, value = line.partition(":")
            name = name.partition(";")[0]
            assert name not in current
            current[name] = value
    assert current is None
    return found


def one(body: bytes) -> dict[str, str]:
    (only,) = events(body).values()
    return only


def feed(company: Company, user: User, now: dt.datetime = NOW) -> bytes:
    return feed_of(company=company, user=user, now=now)


def plan_by_staff(cast: Cast, start: dt.datetime, end: dt.datetime, **fields: object) -> Maintenance:
    return create_plan(
        draft=PlanDraft(
            cause=MaintenanceCause.objects.get(code="data_sync"),
            scope="everything",
            planned_start=start,
            planned_end=end,
            **fields,  # type: ignore[arg-type]
        ),
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW,
    )


def make_link(user: User, company: Company) -> str:
    token = links.make_link(user=user, company=company, actor=Actor.person(user), now=timezone.now())
    return f"/calendar/feed/{token}.ics"


def test_feed_holds_exactly_the_dates_of_the_calendar(cast):
    founded_long_ago(cast.clinic, cast.shop)
    make_plan(utc(2026, 12, 1, 18), utc(2026, 12, 1, 21))
    make_plan(utc(2026, 12, 5), utc(2026, 12, 6), cancelled_at=NOW)
    make_plan(utc(2026, 12, 5), utc(2026, 12, 6), scope="company", company=cast.shop)
    make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2027, 2, 28))
    make_material(cast.shop, "number_ownership", by=cast.stranger, expires_on=dt.date(2027, 2, 28))
    make_number(cast.clinic, term_ends_at=utc(2026, 12, 31, 16))
    body = feed(cast.clinic, cast.owner)
    today = cast.clinic.today(NOW)
    dates = dates_of(
        company=cast.clinic,
        first=today - dt.timedelta(60),
        last=today + dt.timedelta(400),
        now=NOW,
        with_cancelled=True,
    )
    wanted = {f"plan-{date.plan.ref}" for date in dates.plans}
    wanted |= {f"material-{date.material.ref}" for date in dates.materials}
    wanted |= {f"term-{date.day:%Y%m%d}" for date in dates.terms}
    by_hand, by_library = events(body), Calendar.from_ical(body).walk("VEVENT")
    assert {uid.rpartition("@")[0] for uid in by_hand} == {f"{name}-{cast.clinic.ref}" for name in wanted}
    assert {str(event["UID"]) for event in by_library} == set(by_hand)
    assert (len(dates.plans), len(dates.materials), len(dates.terms)) == (2, 1, 2)
    assert not any(event.errors for event in by_library)


def test_expiry_is_an_event_of_a_whole_day_and_a_plan_has_moments(cast):
    founded_long_ago(cast.clinic)
    cast.clinic.numbers.all().delete()
    make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2027, 2, 28))
    only = one(feed(cast.clinic, cast.owner))
    assert (only["DTSTART"], only["DTEND"], only["STATUS"]) == ("20270228", "20270301", "CONFIRMED")
    cast.clinic.materials.all().delete()
    make_plan(utc(2026, 12, 1, 18), utc(2026, 12, 1, 21))
    only = one(feed(cast.clinic, cast.owner))
    assert (only["DTSTART"], only["DTEND"]) == ("20261201T180000Z", "20261201T210000Z")


def test_new_york_sees_its_own_day_of_the_term(cast):
    harbour = make_company("Harbour Clinic", time_zone="America/New_York")
    founded_long_ago(harbour)
    make_number(harbour, term_ends_at=utc(2027, 3, 15, 4))  # midnight after 14 March, the first day of summer time
    only = one(feed(harbour, cast.owner))
    assert (only["DTSTART"], only["DTEND"]) == ("20270314", "20270315")


def test_changes_raise_the_sequence_and_a_cancellation_says_so(cast):
    founded_long_ago(cast.clinic)
    cast.clinic.numbers.all().update(term_ends_at=utc(2029, 1, 1, 16))
    plan = plan_by_staff(cast, utc(2026, 12, 1, 18), utc(2026, 12, 1, 21))
    by = {"planner": cast.operations, "actor": Actor.person(cast.operations), "reason": "later"}
    announced = one(feed(cast.clinic, cast.owner))
    move_end(plan=plan, planned_end=utc(2026, 12, 1, 23), now=NOW + dt.timedelta(hours=1), **by)
    moved = one(feed(cast.clinic, cast.owner))
    cancel_plan(plan=plan, now=NOW + dt.timedelta(hours=2), **by)
    cancelled = one(feed(cast.clinic, cast.owner))
    assert [event["UID"] for event in (announced, moved, cancelled)] == [announced["UID"]] * 3
    assert [event["SEQUENCE"] for event in (announced, moved, cancelled)] == ["0", "1", "2"]
    assert [event["STATUS"] for event in (announced, moved, cancelled)] == ["CONFIRMED", "CONFIRMED", "CANCELLED"]
    assert [event["DTSTAMP"] for event in (announced, moved, cancelled)] == [
        "20261125T030000Z",
        "20261125T040000Z",
        "20261125T050000Z",
    ]
    assert [event["DTEND"] for event in (announced, moved, cancelled)] == [
        "20261201T210000Z",
        "20261201T230000Z",
        "20261201T230000Z",
    ]


def test_start_and_early_end_by_engine_and_staff_are_changes(cast):
    founded_long_ago(cast.clinic)
    cast.clinic.numbers.all().update(term_ends_at=utc(2029, 1, 1, 16))
    plan = plan_by_staff(cast, NOW + dt.timedelta(hours=1), NOW + dt.timedelta(hours=9), ends_by_plan=False)
    start_and_end_plans(now=NOW + dt.timedelta(hours=1), actor=Actor.engine())
    assert one(feed(cast.clinic, cast.owner))["SEQUENCE"] == "1"
    end_plan(
        plan=plan,
        achieved_zh="误标 12 % 降到 6 %",
        achieved_en="",
        planner=cast.operations,
        actor=Actor.person(cast.operations),
        now=NOW + dt.timedelta(hours=3),
    )
    ended = one(feed(cast.clinic, cast.owner))
    assert (ended["SEQUENCE"], ended["DTEND"]) == ("2", "20261125T060000Z")


def test_feed_speaks_the_persons_language_and_folds_long_chinese_lines(cast):
    founded_long_ago(cast.clinic)
    make_plan(
        utc(2026, 12, 1, 18),
        utc(2026, 12, 1, 21),
        title_zh="与运营商同步号码数据",
        title_en="Synchronising with carriers; all, at once",
        message_zh="同步期间号码修改将延后处理。" * 12,
        message_en="Changes wait.\nNothing to do.",
    )
    cast.clinic.numbers.all().delete()
    User.objects.filter(pk=cast.owner.pk).update(language="zh-hans")
    User.objects.filter(pk=cast.admin.pk).update(language="en")
    cast.owner.refresh_from_db()
    cast.admin.refresh_from_db()
    chinese, english = one(feed(cast.clinic, cast.owner)), one(feed(cast.clinic, cast.admin))
    assert chinese["SUMMARY"] == "与运营商同步号码数据"
    assert chinese["DESCRIPTION"].startswith("同步期间号码修改将延后处理。" * 12)
    assert english["SUMMARY"] == r"Synchronising with carriers\; all\, at once"
    assert english["DESCRIPTION"].startswith(r"Changes wait.\nNothing to do.")


def test_feed_leaks_no_number(cast):
    founded_long_ago(cast.clinic)
    number = cast.numbers[0]
    make_plan(utc(2026, 12, 1, 18), utc(2026, 12, 1, 21), scope="number", number=number)
    body = feed(cast.clinic, cast.owner)
    assert len(events(body)) == 2
    for other in cast.numbers:
        assert other.number.encode() not in body
        assert other.number[3:].encode() not in body


@pytest.mark.parametrize("count", [1, 3, 50])
def test_feed_takes_the_same_queries_however_much_there_is(cast, django_assert_num_queries, count):
    founded_long_ago(cast.clinic)
    for number in range(count):
        start = utc(2026, 12, 1) + dt.timedelta(hours=3 * number)
        make_plan(start, start + dt.timedelta(hours=1))
        make_number(cast.clinic, term_ends_at=utc(2027, 1, 1 + number % 28, 16))
    with django_assert_num_queries(6):
        body = feed(cast.clinic, cast.owner)
    assert len(events(body)) == count + min(count, 28) + 1


def test_feed_is_served_as_a_calendar_and_not_sent_twice(cast):
    founded_long_ago(cast.clinic)
    address, client = make_link(cast.owner, cast.clinic), Client()
    response = client.get(address)
    assert (response.status_code, response.headers["Content-Type"]) == (200, "text/calendar; charset=utf-8")
    assert response.headers["Cache-Control"] == "private, no-cache"
    assert "Set-Cookie" not in response.headers
    again = client.get(address, headers={"if-none-match": response.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"] == response.headers["ETag"]
    make_plan(timezone.now() + dt.timedelta(days=1), timezone.now() + dt.timedelta(days=2))
    assert client.get(address, headers={"if-none-match": response.headers["ETag"]}).status_code == 200
    assert client.post(address).status_code == 405
    feed_row = CalendarFeed.objects.get()
    assert feed_row.last_read_at is not None


def test_unknown_and_revoked_links_answer_alike(cast):
    address, client = make_link(cast.owner, cast.clinic), Client()
    assert client.get(address).status_code == 200
    links.revoke_link(user=cast.owner, company=cast.clinic, actor=Actor.person(cast.owner), now=timezone.now())
    unknown = "/calendar/feed/" + "A" * 32 + ".ics"
    revoked, never = client.get(address), client.get(unknown)
    assert (revoked.status_code, never.status_code) == (404, 404)
    assert revoked.headers["Content-Type"] == never.headers["Content-Type"]
    assert len(revoked.content) == len(never.content)


def test_link_ends_with_the_membership_and_stays_ended(cast):
    address, client = make_link(cast.viewer, cast.clinic), Client()
    assert client.get(address).status_code == 200
    owner = Actor.person(cast.owner)
    set_role(company=cast.clinic, user=cast.viewer, role=None, actor=owner, now=timezone.now())
    assert client.get(address).status_code == 404
    set_role(company=cast.clinic, user=cast.viewer, role=CompanyRole.VIEWER, actor=owner, now=timezone.now())
    # A transaction has one moment; in the test it is that of the whole story.
    Membership.objects.filter(user=cast.viewer).update(created_at=timezone.now())
    assert client.get(address).status_code == 404


def test_link_of_somebody_who_may_not_sign_in_is_dead(cast):
    address = make_link(cast.owner, cast.clinic)
    User.objects.filter(pk=cast.owner.pk).update(is_active=False)
    assert Client().get(address).status_code == 404


def test_link_shows_its_company_and_no_other(cast):
    founded_long_ago(cast.clinic, cast.shop)
    make_plan(utc(2026, 12, 1), utc(2026, 12, 2), scope="company", company=cast.shop)
    clinic, shop = make_link(cast.owner, cast.clinic), make_link(cast.stranger, cast.shop)
    bodies = [Client().get(address).content for address in (clinic, shop)]
    assert [b"plan-" in body for body in bodies] == [False, True]


@pytest.fixture
def one_stretch(monkeypatch):
    """One stretch until the year 2033, so that none ends within a test."""
    monkeypatch.setattr(limits, "STRETCH", 1_000_000_000)


def test_too_many_readings_of_one_link_are_refused(cast, monkeypatch, one_stretch):
    monkeypatch.setattr(limits, "READINGS", 3)
    address, other = make_link(cast.owner, cast.clinic), make_link(cast.admin, cast.clinic)
    client = Client()
    answers = [client.get(address) for _reading in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert 0 < int(answers[-1].headers["Retry-After"]) <= limits.STRETCH
    assert client.get(other).status_code == 200


def test_guessing_links_is_refused_whatever_is_guessed(cast, monkeypatch, one_stretch):
    monkeypatch.setattr(limits, "MISSES", 3)
    client = Client(REMOTE_ADDR="203.0.113.9")
    statuses = [client.get(f"/calendar/feed/guess-{number}.ics").status_code for number in range(4)]
    assert statuses == [404, 404, 404, 429]
    assert client.get(make_link(cast.owner, cast.clinic)).status_code == 429
    assert Client(REMOTE_ADDR="203.0.113.10").get("/calendar/feed/guess-5.ics").status_code == 404


def test_counting_starts_afresh_in_the_next_stretch():
    at = dt.datetime(2026, 11, 25, 3, 9, 59, tzinfo=dt.UTC)
    assert [limits.count("x", now=at), limits.count("x", now=at)] == [1, 2]
    assert limits.seconds_left(now=at) == 1
    assert limits.count("x", now=at + dt.timedelta(seconds=1)) == 1
    assert limits.counted("x", now=at) == 2
