"""The forms of plans: recurring ones, effects of their own, changes; what is wrong beside its field, what was typed kept."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pytest_django import DjangoAssertNumQueries

from accounts.companies import Industry
from accounts.notices import Notice
from certification.maintenance.effects import Effects
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.series_models import MaintenanceSeries
from certification.reviews.models import ReviewKind
from tests.cast import Cast
from tests.certification.maintenance.test_pages import make_plan, page
from tests.certification.reviews.test_clocks import open_one

DAY = dt.timedelta(days=1)
NEW = "/staff/plans/new/"


def monday() -> dt.datetime:
    """Monday of the week after next, 02:00 in Shanghai."""
    today = timezone.localdate()
    day = today + (14 - today.weekday()) * DAY
    return dt.datetime.combine(day, dt.time(2))


def form_data(*, code: str = "routine_window", **changes: Any) -> dict[str, Any]:
    start = monday()
    return {
        "cause": str(MaintenanceCause.objects.get(code=code).pk),
        "scope": "everything",
        "time_zone": "Asia/Shanghai",
        "planned_start": f"{start:%Y-%m-%dT%H:%M}",
        "planned_end": f"{start:%Y-%m-%dT05:00}",
        "ends": "plan",
        "effects": "cause",
        "repeats": "weekly",
        "weekdays": ["MO"],
        "repeat_ends": "count",
        "repeat_count": "8",
        "title_zh": "周一例行维护",
        **changes,
    }


def in_english(client: Client, cast: Cast) -> None:
    cast.operations.language = "en"
    cast.operations.save(update_fields=["language"])
    client.force_login(cast.operations)


def test_weekly_window_is_read_in_both_languages_before_it_is_saved(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    shown = client.post(NEW, form_data())
    content = shown.content.decode()
    assert shown.status_code == 200
    for words in (
        "每周一 02:00–05:00（北京时间），共 8 次",
        "Every week on Monday, 02:00–05:00 (Beijing time), 8 times",
    ):
        assert words in content
    assert "FREQ=WEEKLY;COUNT=8;BYDAY=MO" in content
    assert MaintenanceSeries.objects.count() == 0
    saved = client.post(NEW, form_data(confirm="1"))
    series = MaintenanceSeries.objects.get()
    assert (saved.status_code, saved["Location"]) == (302, reverse("maintenance:series", args=[series.ref]))
    assert series.occurrences.count() == 8
    listed = client.get(reverse("maintenance:plans") + "?state=planned")
    assert len(listed.context["rows"]) == 1
    assert "每周一 02:00–05:00" in listed.content.decode()


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"repeats": "daily", "repeat_ends": "count"}, "FREQ=DAILY;COUNT=8"),
        ({"weekdays": []}, "FREQ=WEEKLY;COUNT=8"),
        ({"repeats": "monthly", "month_day": "-1"}, "FREQ=MONTHLY;COUNT=8;BYMONTHDAY=-1"),
        ({"repeats": "rule", "rule": "RRULE:FREQ=MONTHLY;BYDAY=1SU"}, "FREQ=MONTHLY;COUNT=8;BYDAY=1SU"),
        ({"repeats": "rule", "rule": "freq=weekly;count=3;", "repeat_ends": ""}, "FREQ=WEEKLY;COUNT=3"),
    ],
)
def test_plain_answers_become_a_rule(cast: Cast, client: Client, changes: dict[str, Any], rule: str) -> None:
    client.force_login(cast.operations)
    assert client.post(NEW, form_data(confirm="1", **changes)).status_code == 302
    assert MaintenanceSeries.objects.get().rule == rule


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"repeat_ends": ""}, "repeat_ends", "A recurrence must end"),
        ({"repeat_count": ""}, "repeat_count", "how many times"),
        ({"repeat_ends": "until"}, "repeat_until", "last day"),
        ({"repeat_ends": "until", "repeat_until": "2020-01-01"}, "repeats", "ends before it starts"),
        ({"repeat_ends": "until", "repeat_until": "2099-01-01"}, "repeats", "more than two years"),
        ({"repeats": "rule", "rule": ""}, "rule", "Enter a rule"),
        ({"repeats": "rule", "rule": "FREQ=WEEKLY", "repeat_ends": ""}, "repeat_ends", "A recurrence must end"),
        ({"repeats": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule", "never happens"),
        ({"repeats": "rule", "rule": "FREQ=SECONDLY"}, "rule", "once a day"),
        ({"repeats": "rule", "rule": "每周一"}, "rule", "not part of a recurrence rule"),
        ({"repeats": "daily", "planned_end": "2099-01-01T00:00"}, "repeats", "overlap itself"),
        ({"planned_end": "2020-01-01T00:00"}, "planned_end", "must be after the start"),
        ({"planned_start": "2020-01-06T02:00", "planned_end": "2020-01-06T05:00"}, "planned_start", "in the past"),
        ({"time_zone": "Mars/Olympus"}, "time_zone", "time zone"),
        ({"effects": "own", "own_factor": "0.5"}, "own_factor", "1"),
        ({"scope": "industry", "industry": "education"}, "scope", "covers no verified company"),
    ],
)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
def test_each_mistake_has_its_own_words_and_keeps_the_form(
    cast: Cast, client: Client, changes: dict[str, Any], field: str, words: str, confirm: dict[str, str]
) -> None:
    if changes.get("industry"):
        education = Industry.objects.get(code="education")
        changes = {**changes, "industry": str(education.pk)}
    in_english(client, cast)
    response = client.post(NEW, form_data(**confirm, **changes), headers={"accept-language": "en"})
    assert response.status_code == 422
    assert words in " ".join(response.context["form"].errors[field])
    assert "周一例行维护" in response.content.decode()
    assert MaintenanceSeries.objects.count() == 0


def test_overlap_names_the_other_plan_with_a_link_and_keeps_the_form(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(confirm="1"))
    series = MaintenanceSeries.objects.get()
    first = Maintenance.objects.order_by("planned_start")[0]
    response = client.post(NEW, form_data(confirm="1", repeats="none"))
    content = response.content.decode()
    assert response.status_code == 422
    assert first.ref in " ".join(response.context["form"].errors["planned_start"])
    assert f'href="{page(first)}"' in content
    assert "周一例行维护" in content
    later = monday() + 70 * DAY
    again = client.post(
        NEW,
        form_data(
            confirm="1", repeats="none", planned_start=f"{later:%Y-%m-%dT01:00}", planned_end=f"{later:%Y-%m-%dT03:00}"
        ),
    )
    assert again.status_code == 302  # the series is over by then
    assert series.occurrences.count() == 8


def test_time_zone_of_the_plan_decides_its_moments(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(confirm="1", repeats="none", time_zone="America/New_York"))
    (row,) = Maintenance.objects.all()
    assert row.planned_start is not None
    local = row.planned_start.astimezone(dt.timezone(-5 * dt.timedelta(hours=1)))
    assert local.replace(tzinfo=None) in (monday(), monday() - dt.timedelta(hours=1))


def test_effects_of_a_plan_are_preset_with_its_causes_and_can_be_its_own(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    upgrade = MaintenanceCause.objects.get(code="model_upgrade")
    fragment = client.get(reverse("maintenance:plan_effects"), {"cause": str(upgrade.pk)}).content.decode()
    assert 'value="1.50"' in fragment
    shown = client.post(NEW, form_data(code="model_upgrade", repeats="none"))
    assert shown.context["check"].draft.effects == Effects.of(upgrade)
    own = {"effects": "own", "own_suspends": "on", "own_factor": "2", "own_defers": ["material"]}
    client.post(NEW, form_data(code="model_upgrade", repeats="none", confirm="1", **own))
    (row,) = Maintenance.objects.all()
    assert (row.suspends_display, row.review_time_factor, row.defers) == (True, Decimal(2), ["material"])
    assert "为本计划单独设定" in client.get(page(row)).content.decode()


def test_preview_says_which_reviews_would_be_due_later(cast: Cast, client: Client) -> None:
    open_one(cast.clinic, ReviewKind.APPLICATION)
    open_one(cast.clinic, ReviewKind.NUMBER_CHANGE)
    open_one(cast.shop, ReviewKind.NUMBER_CHANGE)
    client.force_login(cast.operations)
    upgrade = client.post(NEW, form_data(code="model_upgrade", repeats="none")).context["check"]
    assert [(row.count, row.stand_still) for row in upgrade.reviews] == [(1, False)]
    sync = client.post(NEW, form_data(code="data_sync", repeats="none")).context["check"]
    assert [(row.count, row.stand_still) for row in sync.reviews] == [(2, True)]
    routine = client.post(NEW, form_data(repeats="none")).context["check"]
    assert routine.reviews == []


def change_data(row: Maintenance, **changes: str) -> dict[str, str]:
    assert row.planned_start is not None
    assert row.planned_end is not None
    return {
        "time_zone": "Asia/Shanghai",
        "planned_start": f"{timezone.localtime(row.planned_start):%Y-%m-%dT%H:%M}",
        "planned_end": f"{timezone.localtime(row.planned_end):%Y-%m-%dT%H:%M}",
        "ends": "plan",
        "effects": "cause",
        "reason": "客户要求",
        **changes,
    }


def test_plan_is_changed_once_read_and_told_once(cast: Cast, client: Client) -> None:
    row = make_plan(cast, after=5 * DAY)
    address = reverse("maintenance:plan_change", args=[row.ref])
    client.force_login(cast.operations)
    start = timezone.localtime() + 6 * DAY
    changes = {
        "planned_start": f"{start:%Y-%m-%dT%H:%M}",
        "planned_end": f"{start + DAY:%Y-%m-%dT%H:%M}",
        "title_zh": "新标题",
    }
    assert client.get(address).status_code == 200
    assert client.post(address, change_data(row, **changes)).status_code == 200
    assert Notice.objects.filter(kind="plan_changed").count() == 0
    for _ in range(2):
        assert client.post(address, change_data(row, confirm="1", **changes)).status_code == 302
    row.refresh_from_db()
    assert (row.title_zh, row.suspends_display) == ("新标题", True)
    assert row.planned_start is not None
    assert f"{timezone.localtime(row.planned_start):%Y-%m-%dT%H:%M}" == changes["planned_start"]
    assert Notice.objects.filter(kind="plan_changed").count() == 3
    failed = client.post(address, change_data(row, confirm="1", planned_end="2020-01-01T00:00"))
    assert failed.status_code == 422
    assert "客户要求" in failed.content.decode()
    client.force_login(cast.policy)
    assert client.get(address).status_code == 403


def test_series_is_changed_and_ended_from_a_time_on(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(confirm="1"))
    series = MaintenanceSeries.objects.get()
    third = Maintenance.objects.order_by("planned_start")[2]
    assert third.planned_start is not None
    address = reverse("maintenance:series_change", args=[series.ref])
    shown = client.get(address, {"from": third.ref})
    assert 'value="weekly"' in shown.content.decode()
    assert shown.context["form"].initial["planned_start"] == monday() + 14 * DAY
    start = monday() + 15 * DAY
    data = form_data(
        planned_start=f"{start:%Y-%m-%dT%H:%M}",
        planned_end=f"{start:%Y-%m-%dT04:00}",
        weekdays=["TU"],
        reason="改到周二",
        **{"from": third.ref},
    )
    assert client.post(address, data).status_code == 200
    response = client.post(address, {**data, "confirm": "1"})
    after = MaintenanceSeries.objects.get(follows=series)
    assert (response.status_code, after.occurrences.count()) == (302, 8)
    assert series.occurrences.filter(cancelled_at=None).count() == 2
    ended = reverse("maintenance:series_end", args=[after.ref])
    assert client.post(ended, {"reason": ""}).status_code == 422
    assert client.get(ended).status_code == 200
    assert client.post(ended, {"reason": "停止"}).status_code == 302
    assert after.occurrences.filter(cancelled_at=None).count() == 0
    for view in ("series_change", "series_end"):
        assert client.get(reverse(f"maintenance:{view}", args=[after.ref])).status_code == 302
    client.force_login(cast.auditor)
    assert client.get(reverse("maintenance:series", args=[series.ref])).status_code == 200
    assert client.get(address).status_code == 403


@pytest.mark.parametrize("count", [1, 3, 50])
def test_page_of_a_series_takes_the_same_queries(
    cast: Cast, client: Client, count: int, django_assert_num_queries: DjangoAssertNumQueries
) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(confirm="1", repeats="daily", repeat_count=str(count)))
    address = reverse("maintenance:series", args=[MaintenanceSeries.objects.get().ref])
    client.force_login(cast.auditor)
    with django_assert_num_queries(9):
        response = client.get(address)
    assert len(response.context["coming"]) == count


def test_causes_say_how_often_they_are_in_use(cast: Cast, client: Client) -> None:
    make_plan(cast)
    client.force_login(cast.policy)
    content = client.get(reverse("materials:causes")).content.decode()
    assert "进行中 0 项，已计划 1 项" in content
    form = client.get(reverse("materials:cause", args=["data_sync"])).content.decode()
    assert "进行中 0 项，已计划 1 项" in form
    assert "它们保持计划时的设定" in form
