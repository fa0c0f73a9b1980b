"""The pages: a company's month, the staff's, and the link."""

from __future__ import annotations

import datetime as dt
import re

import pytest
from django.core.cache import cache
from django.test import Client
from django.utils import timezone

from accounts.journal import JournalEntry
from certification.calendar.models import CalendarFeed
from tests.cast import make_material, make_number
from tests.certification.calendar.conftest import founded_long_ago, make_plan, utc


def english_client(user) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(user)
    return client


def page(client: Client, address: str) -> str:
    response = client.get(address)
    assert response.status_code == 200
    return response.content.decode()


def test_month_shows_plans_expiries_and_advice_in_words(cast):
    founded_long_ago(cast.clinic)
    plan = make_plan(utc(2027, 2, 9, 18), utc(2027, 2, 11, 2))
    make_plan(utc(2027, 2, 9, 18), utc(2027, 2, 11, 2), cause="model_upgrade", scope="company", company=cast.shop)
    material = make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2027, 2, 28))
    make_number(cast.clinic, term_ends_at=utc(2027, 2, 15, 16))
    html = page(english_client(cast.owner), "/calendar/?month=2027-02")
    assert "3 dates concern you in February 2027. Better not hand in on 1 February." in html
    assert html.count(f"/maintenance/{plan.ref}/") == 3  # 10 and 11 February in the table, once in the agenda
    assert html.count(f"/materials/{material.ref}/") == 2
    assert "The certification of 1 number ends" in html
    assert "Major upgrade" not in html
    assert html.count("Avoid: start of the month") == 2
    assert html.count('rel="prev"') == html.count('rel="next"') == 1
    assert "?view=month&amp;month=2027-01" in html
    assert "?view=month&amp;month=2027-03" in html


def test_agenda_has_no_table_and_keeps_its_view(cast):
    html = page(english_client(cast.owner), "/calendar/?view=agenda&month=2026-12")
    assert "cal-month" not in html
    assert "?view=agenda&amp;month=2027-01" in html
    assert "Nothing is planned and nothing expires in December 2026." in html
    assert "Better not hand in on 1 December and 31 December." in html


@pytest.mark.parametrize("month", ["x", "2026-99", "99999-01", ""])
def test_month_that_is_none_shows_the_present_one(cast, month):
    html = page(english_client(cast.owner), f"/calendar/?month={month}&view=x")
    assert timezone.now().astimezone(cast.clinic.zone).strftime("%B %Y") in html


@pytest.mark.parametrize("address", ["/calendar/", "/staff/calendar/"])
def test_pages_take_the_same_queries_however_much_there_is(cast, django_assert_num_queries, address):
    founded_long_ago(cast.clinic)
    client = english_client(cast.owner if address == "/calendar/" else cast.operations)
    counts = []
    made = 0
    for wanted in (1, 3, 50):
        for number in range(made, wanted):
            start = utc(2027, 2, 1) + dt.timedelta(hours=3 * number)
            make_plan(start, start + dt.timedelta(hours=1))
            make_number(cast.clinic, term_ends_at=utc(2027, 2, 1 + number % 28, 16))
        made = wanted
        cache.clear()  # the paces are kept for a day
        with django_assert_num_queries(25, exact=False) as context:
            page(client, f"{address}?month=2027-02")
        counts.append(len(context.captured_queries))
    assert len(set(counts)) == 1


def test_staff_see_plans_with_their_scope_and_counts_only_of_expiries(cast):
    make_plan(utc(2027, 2, 9), utc(2027, 2, 10), scope="company", company=cast.shop)
    make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2027, 2, 27))
    make_number(cast.shop, term_ends_at=utc(2027, 2, 15, 16))
    html = page(english_client(cast.auditor), "/staff/calendar/?month=2027-02")
    assert "1 plan falls in February 2027." in html
    assert "One company: 好味快餐" in html
    assert "1 document expires" in html
    assert "The certification of 1 number ends" in html
    assert "仁和门诊部" not in html


def test_link_is_shown_once_and_every_step_is_journalled(cast):
    client = english_client(cast.viewer)
    assert "Make a link" in page(client, "/calendar/")
    assert client.get("/calendar/link/").status_code == 405
    assert client.post("/calendar/link/").headers["Location"] == "/calendar/#link"
    first = re.search(r"/calendar/feed/([\w-]+)\.ics", page(client, "/calendar/"))
    assert first is not None
    assert len(first[1]) == 32  # 192 bits
    assert "/calendar/feed/" not in page(client, "/calendar/")
    client.post("/calendar/link/")
    second = re.search(r"/calendar/feed/([\w-]+)\.ics", page(client, "/calendar/"))
    assert second is not None
    assert [Client().get(f"/calendar/feed/{token}.ics").status_code for token in (first[1], second[1])] == [404, 200]
    client.post("/calendar/link/revoke/")
    client.post("/calendar/link/revoke/")
    assert Client().get(f"/calendar/feed/{second[1]}.ics").status_code == 404
    changes = JournalEntry.objects.filter(subject="calendar_feed").order_by("id").values_list("before", "after")
    assert list(changes) == [("", "made"), ("made", "replaced"), ("", "made"), ("made", "revoked")]
    assert not CalendarFeed.objects.filter(token_hash__in=[first[1], second[1]]).exists()


def test_new_link_is_not_shown_in_another_company(cast):
    client = english_client(cast.owner)
    client.post("/calendar/link/")
    session = client.session
    session["calendar_link"] = {**session["calendar_link"], "company": cast.shop.pk}
    session.save()
    assert "/calendar/feed/" not in page(client, "/calendar/")


def test_menus_and_overview_lead_to_the_calendar(cast):
    assert page(english_client(cast.owner), "/").count('href="/calendar/"') >= 2
    assert 'href="/staff/calendar/"' in page(english_client(cast.auditor), "/staff/")


def test_chinese_page_reads_chinese(cast):
    client = Client(headers={"accept-language": "zh-hans"})
    client.force_login(cast.owner)
    html = page(client, "/calendar/?month=2027-02")
    assert "维护日历" in html
    assert "2027年2月" in html
    assert "Avoid" not in html
