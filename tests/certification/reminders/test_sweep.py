"""Reminders: each step once per person, the latest only after a pause, none after renewal or while under review (I13)."""

from __future__ import annotations

import datetime as dt

import pytest

from accounts.company_changes import change_company_data
from accounts.journal import Actor
from accounts.notices import Notice
from certification.maintenance.engine import tick
from certification.materials.models import Material, MaterialState
from certification.numbers.models import PhoneNumber
from certification.reminders.models import Reminder
from certification.reminders.steps import STEPS, due_moment, first_due
from certification.reminders.sweep import remind_of_material
from tests.cast import NOW, Cast, make_material
from tests.invariants import assert_invariants

DAY = dt.timedelta(days=1)
LAST_DAY = dt.date(2027, 2, 10)


@pytest.fixture
def licence(cast: Cast) -> Material:
    """The clinic's licence that ends in 77 days, with its reminders planned."""
    material = Material.objects.get(company=cast.clinic, kind__code="medical_practice_licence")
    Material.objects.filter(pk=material.pk).update(is_long_term=False, expires_on=LAST_DAY)
    material.refresh_from_db()
    remind_of_material(material=material, now=NOW)
    return material


def moment(cast: Cast, step: int) -> dt.datetime:
    return due_moment(LAST_DAY, step, cast.clinic.zone)


def steps_sent() -> list[int]:
    """The steps of the reminders that were written, in order, each as often as it was."""
    keys = Notice.objects.filter(kind="material_expires").order_by("id").values_list("key", flat=True)
    return [int(key.split(":")[3]) for key in keys]


def test_each_step_reaches_each_responsible_person_once(cast: Cast, licence: Material) -> None:
    for step in STEPS:
        assert tick(now=moment(cast, step) - dt.timedelta(seconds=1)).sent == 0
        for _ in range(2):
            tick(now=moment(cast, step))
    assert steps_sent() == [step for step in STEPS for _person in range(2)]
    assert set(Notice.objects.values_list("recipient__name", flat=True)) == {"owner", "admin"}
    assert Reminder.objects.get().next_due_at is None
    assert_invariants()


def test_after_an_outage_only_the_latest_step_speaks(cast: Cast, licence: Material) -> None:
    tick(now=moment(cast, 3) + DAY / 2)
    assert steps_sent() == [3, 3]
    assert Notice.objects.filter(kind="material_expires")[0].context["days_left"] == 3
    tick(now=moment(cast, 1))
    assert steps_sent() == [3, 3, 1, 1]


def test_nothing_is_said_while_a_new_version_is_under_review(cast: Cast, licence: Material) -> None:
    waiting = make_material(cast.clinic, "medical_practice_licence", by=cast.owner, state=MaterialState.SUBMITTED)
    assert tick(now=moment(cast, 30)).sent == 0
    waiting.state = MaterialState.RETURNED
    waiting.save()
    tick(now=moment(cast, 14))
    assert steps_sent() == [14, 14]


def test_nothing_is_said_after_renewal(cast: Cast, licence: Material) -> None:
    Material.objects.filter(pk=licence.pk).update(state=MaterialState.REPLACED, replaced_at=moment(cast, 60))
    make_material(cast.clinic, "medical_practice_licence", by=cast.owner)
    for step in STEPS:
        tick(now=moment(cast, step))
    assert steps_sent() == []
    assert Reminder.objects.get().next_due_at is None


def test_nothing_is_said_of_what_is_over(cast: Cast, licence: Material) -> None:
    tick(now=moment(cast, 0) + DAY)
    assert steps_sent() == []


def test_version_that_ends_soon_is_reminded_of_at_once(cast: Cast) -> None:
    assert first_due(LAST_DAY, cast.clinic.zone, moment(cast, 14) + DAY) == moment(cast, 14) + DAY
    assert first_due(LAST_DAY, cast.clinic.zone, moment(cast, 0) + DAY) is None


def test_terms_are_reminded_of_with_the_numbers_that_are_not_being_renewed(cast: Cast) -> None:
    ends = PhoneNumber.objects.filter(company=cast.clinic).values_list("term_ends_at", flat=True)[0]
    assert ends is not None
    last = (ends.astimezone(cast.clinic.zone) - dt.timedelta(seconds=1)).date()
    due = due_moment(last, 60, cast.clinic.zone)
    Reminder.objects.create(company=cast.clinic, term_ends_at=ends, expires_on=last, next_due_at=due)
    assert tick(now=due).sent == 2
    assert Notice.objects.filter(kind="term_expires")[0].context == {
        "expires_on": last.isoformat(),
        "days_left": 60,
        "numbers": 5,
    }


@pytest.mark.parametrize(
    ("zone", "last", "due"),
    [
        ("America/New_York", dt.date(2027, 9, 30), dt.datetime(2027, 8, 1, 13, tzinfo=dt.UTC)),
        ("Pacific/Kiritimati", dt.date(2027, 10, 1), dt.datetime(2027, 8, 1, 19, tzinfo=dt.UTC)),
    ],
)
def test_term_is_reminded_of_by_its_last_day_in_the_new_zone(
    cast: Cast, licence: Material, zone: str, last: dt.date, due: dt.datetime
) -> None:
    ends = dt.datetime(2027, 9, 30, 16, tzinfo=dt.UTC)  # midnight after 30 September in Shanghai
    shanghai = dt.date(2027, 9, 30)
    Reminder.objects.create(
        company=cast.clinic,
        term_ends_at=ends,
        expires_on=shanghai,
        next_due_at=due_moment(shanghai, 60, cast.clinic.zone),
    )
    change_company_data(company=cast.clinic, values={"time_zone": zone}, actor=Actor.person(cast.owner), now=NOW + DAY)
    term = Reminder.objects.get(term_ends_at=ends)
    assert (term.expires_on, term.next_due_at) == (last, due)
    assert Reminder.objects.get(material=licence).expires_on == LAST_DAY
    tick(now=due)
    notice = Notice.objects.filter(kind="term_expires").earliest("pk")
    assert (notice.context["expires_on"], notice.context["days_left"]) == (last.isoformat(), 60)
