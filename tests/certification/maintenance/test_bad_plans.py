"""Bad input to the forms of plans: each mistake has its own words in both languages, and everything typed stays typed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any

import pytest
from django.db import IntegrityError, transaction
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from django.utils.functional import cached_property

from accounts.companies import Industry
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance
from certification.maintenance.series_models import MaintenanceSeries
from tests.cast import Cast
from tests.certification.maintenance.test_plan_views import NEW, change_data, form_data, monday

LANGUAGES = ("zh-hans", "en")
DAY = dt.timedelta(days=1)
TEXTS = {
    "title_zh": "周一例行维护",
    "title_en": "Monday window",
    "message_zh": "期间照常展示。",
    "message_en": "Display goes on <meanwhile> & after.",
}
NOBODY = {"scope": "industry", "industry": lambda: str(Industry.objects.get(code="education").pk)}
END_FIRST = {
    "zh-hans": "结束时间须晚于开始时间，请填写更晚的结束时间。",
    "en": "The end must be after the start. Enter a later end.",
}
IN_THE_PAST = {
    "zh-hans": "开始时间已过，请填写当前时间之后的时间。",
    "en": "The start is in the past. Enter a moment from now on.",
}
NO_END = {
    "zh-hans": "重复必须有结束：请填写最后一天或次数，最长两年。",
    "en": "A recurrence must end: say after which day or after how many times, at most two years ahead.",
}
NEVER_ENDS = {
    "zh-hans": "该规则永不结束。请写明结束日期（UNTIL）或次数（COUNT），最长两年。",
    "en": "It would never end. Say until when (UNTIL) or how many times (COUNT), at most two years ahead.",
}
NEVER_HAPPENS = {
    "zh-hans": "永远不会发生：两年内、结束之前没有符合规则的日期。",
    "en": "It never happens: no day within two years and before its end fits the rule.",
}
TOO_LONG = {
    "zh-hans": "重复的结束晚于开始两年以上。请填写更早的最后一天。",
    "en": "It ends more than two years after it starts. Enter an earlier last day.",
}
COVERS_NOBODY = {
    "zh-hans": "该范围目前不涉及任何已核验企业，请选择更大的范围。",
    "en": "This scope covers no verified company at present. Choose a wider one.",
}


class Typed(HTMLParser):
    """What stands in the controls of a page, by name, as a browser would send it again."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.values: dict[str, list[str]] = {}
        self.area: str | None = None
        self.select: str | None = None
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        found = dict(attrs)
        name = found.get("name") or ""
        if tag == "textarea":
            self.area = name
            self.values.setdefault(name, [""])
        elif tag == "select":
            self.select = name
        elif tag == "option" and self.select is not None and "selected" in found:
            self.values.setdefault(self.select, []).append(found.get("value") or "")
        elif tag == "input" and (found.get("type") not in ("radio", "checkbox") or "checked" in found):
            self.values.setdefault(name, []).append(found.get("value") or "")

    def handle_endtag(self, tag: str) -> None:
        if tag == "textarea":
            self.area = None
        elif tag == "select":
            self.select = None

    def handle_data(self, data: str) -> None:
        if self.area is not None:
            self.values[self.area][-1] += data.removeprefix("\n")


def assert_kept(page: str, data: dict[str, Any]) -> None:
    """Every value that was sent stands in its control again."""
    typed = Typed(page).values
    lists = {name: value if isinstance(value, list) else [value] for name, value in data.items() if name != "confirm"}
    sent = {name: [value for value in values if value] for name, values in lists.items()}
    kept = {name: [value for value in typed.get(name, []) if value in values] for name, values in sent.items()}
    assert {name: sorted(values) for name, values in kept.items()} == {
        name: sorted(values) for name, values in sent.items()
    }


@dataclass(frozen=True)
class Mistake:
    """What is typed in place of something right, beside which field the words stand, and which words."""

    typed: dict[str, Any]
    field: str
    words: dict[str, str]

    @cached_property
    def values(self) -> dict[str, Any]:
        return {name: value() if callable(value) else value for name, value in self.typed.items()}


ONCE: dict[str, Any] = {"repeats": "none", "repeat_ends": "", "repeat_count": "", "weekdays": []}
MISTAKES: dict[str, Callable[[], Mistake]] = {
    "end before start": lambda: Mistake({**ONCE, "planned_end": f"{monday() - DAY:%Y-%m-%dT05:00}"}, "planned_end", END_FIRST),
    "end at start": lambda: Mistake({**ONCE, "planned_end": f"{monday():%Y-%m-%dT%H:%M}"}, "planned_end", END_FIRST),
    "start in the past": lambda: Mistake({**ONCE, "planned_start": "2020-01-06T02:00"}, "planned_start", IN_THE_PAST),
    "covers nobody": lambda: Mistake({**ONCE, **NOBODY}, "scope", COVERS_NOBODY),
    "recurring, end before start": lambda: Mistake({"planned_end": f"{monday() - DAY:%Y-%m-%dT05:00}"}, "planned_end", END_FIRST),
    "recurring, start in the past": lambda: Mistake(
        {"planned_start": "2020-01-06T02:00", "planned_end": "2020-01-06T05:00"}, "planned_start", IN_THE_PAST
    ),
    "recurring, covers nobody": lambda: Mistake(dict(NOBODY), "scope", COVERS_NOBODY),
    "never ends": lambda: Mistake({"repeat_ends": ""}, "repeat_ends", NO_END),
    "rule never ends": lambda: Mistake({"repeats": "rule", "rule": "FREQ=WEEKLY", "repeat_ends": ""}, "repeat_ends", NO_END),
    "rule says an end that is none": lambda: Mistake({"repeats": "rule", "rule": "FREQ=WEEKLY;BYDAY=MO;WKST=MO;COUNT=", "repeat_ends": ""}, "rule", NEVER_ENDS),
    "ends too late": lambda: Mistake({"repeat_ends": "until", "repeat_until": "2099-01-01"}, "repeats", TOO_LONG),
    "never happens": lambda: Mistake(
        {"repeats": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule", NEVER_HAPPENS
    ),
    "never happens before its end": lambda: Mistake(
        {"repeats": "monthly", "month_day": "31", "repeat_ends": "until", "repeat_until": f"{monday() + DAY:%Y-%m-%d}"}
        if monday().day < 29 else {"repeats": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"},
        "repeats" if monday().day < 29 else "rule", NEVER_HAPPENS,
    ),
}  # fmt: skip


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
@pytest.mark.parametrize("name", MISTAKES)
def test_each_mistake_of_a_new_plan_has_its_words_in_both_languages_and_keeps_the_form(
    cast: Cast, client: Client, name: str, confirm: dict[str, str], language: str
) -> None:
    mistake = MISTAKES[name]()
    client.force_login(cast.operations)
    data = form_data(**{**TEXTS, **mistake.values})
    response = client.post(NEW, {**data, **confirm}, headers={"accept-language": language})
    page = response.content.decode()
    assert response.status_code == 422
    (said,) = response.context["form"].errors[mistake.field]
    assert said == mistake.words[language]
    # Beside the field and, linked, in the summary.
    assert page.count(said) >= 2
    assert f'href="#id_{mistake.field}' in page
    assert_kept(page, data)
    assert (Maintenance.objects.count(), MaintenanceSeries.objects.count()) == (0, 0)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("recurs", [False, True])
def test_overlap_names_and_links_the_other_plan_in_both_languages_and_keeps_the_form(
    cast: Cast, client: Client, language: str, recurs: bool
) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(**TEXTS, **ONCE, confirm="1"))
    (other,) = Maintenance.objects.all()
    data = form_data(
        **{**TEXTS, **({} if recurs else ONCE), "title_zh": "另一个", "planned_end": f"{monday():%Y-%m-%dT06:00}"}
    )
    response = client.post(NEW, {**data, "confirm": "1"}, headers={"accept-language": language})
    page = response.content.decode()
    assert response.status_code == 422
    (said,) = response.context["form"].errors["planned_start"]
    title = {"zh-hans": "周一例行维护", "en": "Monday window"}[language]
    words = {
        "zh-hans": f"“{title}”（{other.ref}）的原因和范围相同，且时间重叠。请调整其中一个。",
        "en": f"“{title}” ({other.ref}) has the same cause and scope and overlaps this window. Move one of the two.",
    }
    assert said == words[language]
    assert f'href="{reverse("maintenance:detail", args=[other.ref])}"' in page
    assert_kept(page, data)
    assert list(Maintenance.objects.all()) == [other]


def test_database_itself_refuses_the_overlap(cast: Cast, client: Client) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(**ONCE, confirm="1"))
    (other,) = Maintenance.objects.all()
    other.pk, other.ref = None, "another"
    with pytest.raises(IntegrityError), transaction.atomic():
        other.save(force_insert=True)


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("confirm", [{}, {"confirm": "1"}])
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"planned_end": "2020-01-01T05:00"}, "planned_end", END_FIRST),
        ({"planned_start": "2020-01-01T05:00"}, "planned_start", IN_THE_PAST),
    ],
)
def test_mistake_in_a_change_of_a_plan_keeps_the_form_and_the_plan(
    cast: Cast, client: Client, typed: dict[str, str], field: str, words: dict[str, str], confirm: dict[str, str], language: str
) -> None:  # fmt: skip
    client.force_login(cast.operations)
    client.post(NEW, form_data(**ONCE, confirm="1"))
    (row,) = Maintenance.objects.all()
    data = {**change_data(row, **typed), **TEXTS}
    response = client.post(
        reverse("maintenance:plan_change", args=[row.ref]), {**data, **confirm}, headers={"accept-language": language}
    )
    assert response.status_code == 422
    assert response.context["form"].errors[field] == [words[language]]
    assert_kept(response.content.decode(), data)
    assert Maintenance.objects.get().planned_start == row.planned_start


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("typed", "field", "words"),
    [
        ({"repeat_ends": ""}, "repeat_ends", NO_END),
        ({"repeats": "rule", "rule": "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=30"}, "rule", NEVER_HAPPENS),
        ({"planned_end": "2020-01-01T05:00"}, "planned_end", END_FIRST),
    ],
)
def test_mistake_in_a_change_of_a_recurring_plan_keeps_the_form_and_the_plan(
    cast: Cast, client: Client, typed: dict[str, str], field: str, words: dict[str, str], language: str
) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(confirm="1"))
    series = MaintenanceSeries.objects.get()
    data = {name: value for name, value in form_data(**TEXTS, reason="改期").items() if name not in ("cause", "scope")}
    data |= typed
    response = client.post(
        reverse("maintenance:series_change", args=[series.ref]), {**data, "confirm": "1"}, headers={"accept-language": language}
    )  # fmt: skip
    assert response.status_code == 422
    assert response.context["form"].errors[field] == [words[language]]
    assert_kept(response.content.decode(), data)
    assert MaintenanceSeries.objects.count() == 1


@pytest.mark.parametrize("language", LANGUAGES)
def test_end_that_is_moved_into_the_past_keeps_the_reason(cast: Cast, client: Client, language: str) -> None:
    client.force_login(cast.operations)
    client.post(NEW, form_data(**ONCE, confirm="1", ends="hand"))
    (row,) = Maintenance.objects.all()
    assert row.planned_start is not None
    Maintenance.objects.update(planned_start=timezone.now() - DAY)
    tick(now=timezone.now())
    data = {
        "move-planned_end": f"{timezone.localtime() - dt.timedelta(hours=2):%Y-%m-%dT%H:%M}",
        "move-reason": "提前 <结束>",
    }
    response = client.post(
        reverse("maintenance:plan_move", args=[row.ref]), data, headers={"accept-language": language}
    )
    page = response.content.decode()
    assert response.status_code == 422
    words = {
        "zh-hans": "新的结束时间已过，请填写更晚的时间，或立即结束维护。",
        "en": "The new end is in the past. Enter a later one, or end the maintenance now.",
    }
    assert words[language] in page
    assert_kept(page, data)
