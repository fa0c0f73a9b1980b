"""The derivation of status: each rule of domain section 4, each scope, several at once, and as of a past moment."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import Any

import pytest

from accounts import journal
from accounts.companies import Company, Industry
from accounts.journal import Actor
from certification.maintenance.facts import facts_for
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.reference import reference_statuses
from certification.maintenance.status import counts_by_status, having_status, status_of, statuses_of, with_status
from certification.materials.models import MaterialKind, Requirement
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from tests.cast import NOW, Cast, make_material, make_number

DAY = dt.timedelta(days=1)


def open_row(code: str, *, at: dt.datetime = NOW, closed: dt.datetime | None = None, **scope: Any) -> Maintenance:
    """A running (or past) maintenance with its cause's effects."""
    cause = MaintenanceCause.objects.get(code=code)
    return Maintenance.objects.create(
        cause=cause,
        suspends_display=cause.suspends_display,
        locks=cause.locks,
        opened_at=at,
        held_since=at,
        closed_at=closed,
        created_at=at,
        **({"scope": "everything"} | scope),
    )


def announce(days: int, **fields: object) -> Requirement:
    """A requirement of the medical industry that takes effect so many days from the real clock's today."""
    values: dict[str, object] = {
        "kind": MaterialKind.objects.get(code="radiology_licence"),
        "industry": Industry.objects.get(code="medical"),
        "effective_from": NOW.date() + days * DAY,
        "announced_at": NOW - DAY,
        "cause": MaintenanceCause.objects.get(code="regulatory_material"),
    }
    return Requirement.objects.create(**{**values, **fields})


@pytest.mark.parametrize("lifecycle", [value for value in Lifecycle if value != Lifecycle.CERTIFIED])
def test_lifecycle_other_than_certified_shows_itself_whatever_is_open(cast: Cast, lifecycle: str) -> None:
    number = make_number(cast.clinic, lifecycle=lifecycle)
    open_row("data_sync")
    open_row("complaint_lock", scope="number", number=number)
    assert status_of(number) == lifecycle


@pytest.mark.parametrize("scope", ["everything", "provider", "industry", "company", "number"])
@pytest.mark.parametrize(
    ("code", "status"), [("data_sync", "maintenance"), ("complaint_lock", "locked"), ("routine_window", "certified")]
)
def test_each_scope_covers_its_numbers_only(cast: Cast, scope: str, code: str, status: str) -> None:
    ours, theirs = cast.numbers[0], make_number(cast.shop, provider="third_party")
    keys: dict[str, Any] = {
        "provider": ours.provider,
        "industry": cast.clinic.industry,
        "company": cast.clinic,
        "number": ours,
    }
    open_row(code, scope=scope, **({scope: keys[scope]} if scope in keys else {}))
    assert status_of(ours) == status
    assert status_of(theirs) == (status if scope == "everything" else "certified")
    assert status_of(cast.numbers[1]) == ("certified" if scope == "number" else status)
    everyone = PhoneNumber.objects.all()
    derived = Counter(statuses_of(everyone).values())
    assert counts_by_status(everyone) == counts_by_status(everyone, of_all_companies=True) == derived


def test_lock_is_named_before_every_other_maintenance_and_the_rest_is_listed_by_severity(cast: Cast) -> None:
    number = cast.numbers[0]
    open_row("data_sync")
    open_row("temporary_policy", scope="industry", industry=cast.clinic.industry)
    open_row("material_expired", scope="company", company=cast.clinic)
    lock = open_row("complaint_lock", scope="number", number=number)
    assert status_of(number) == "locked"
    rows = with_status(PhoneNumber.objects.filter(pk=number.pk)).select_related("company")
    facts = facts_for(list(rows), now=NOW)[number.pk]
    families = [row.cause.family for row in facts.maintenance]
    assert facts.maintenance[0] == lock
    assert families == ["risk", "risk", "policy", "technical"]
    assert (facts.displayed, len(facts.notes)) == (False, 3)


def test_announced_requirement_that_is_not_met_is_pending_until_supplied(cast: Cast) -> None:
    announce(400)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"pending_maintenance": 5}
    make_material(cast.clinic, "radiology_licence", by=cast.owner, expires_on=NOW.date() + 390 * DAY)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"pending_maintenance": 5}
    make_material(cast.clinic, "radiology_licence", by=cast.owner)
    assert counts_by_status(PhoneNumber.objects.filter(company=cast.clinic)) == {"certified": 5}


def test_announced_requirement_concerns_its_industry_and_kinds_only(cast: Cast) -> None:
    make_number(cast.shop)
    announce(400, company_kinds=["individual"])
    assert counts_by_status(PhoneNumber.objects.all()) == {"certified": 6}
    announce(400)
    for of_all in (False, True):
        counts = counts_by_status(PhoneNumber.objects.all(), of_all_companies=of_all)
        assert counts == {"certified": 1, "pending_maintenance": 5}


def test_counts_filters_and_reference_agree(cast: Cast) -> None:
    for lifecycle in Lifecycle:
        make_number(cast.clinic, lifecycle=lifecycle)
    make_number(cast.shop, provider="third_party")
    open_row("data_sync", scope="provider", provider=Provider.objects.get(code="third_party"))
    open_row("complaint_lock", scope="number", number=cast.numbers[0])
    announce(400)
    numbers = PhoneNumber.objects.held()
    derived = statuses_of(numbers)
    assert derived == reference_statuses(numbers=numbers, now=NOW)
    counts = counts_by_status(numbers)
    assert counts == counts_by_status(numbers, of_all_companies=True)
    assert sum(counts.values()) == numbers.count()
    for status, count in counts.items():
        found = having_status(numbers, [status])
        assert {number.pk for number in found} == {pk for pk, value in derived.items() if value == status}
        assert found.count() == count


def test_past_status_is_what_was_shown_then(cast: Cast) -> None:
    open_row("data_sync", at=NOW - 10 * DAY, closed=NOW - 5 * DAY)
    number = cast.numbers[0]
    shown = [status_of(number, at=NOW - days * DAY) for days in (11, 10, 6, 5, 4)]
    assert shown == ["certified", "maintenance", "maintenance", "certified", "certified"]
    assert status_of(number, at=NOW - 200 * DAY) is None


def changed(subject: str, pk: int, aspect: str, before: object, after: object) -> None:
    journal.record(
        at=NOW,
        actor=Actor.engine(),
        subject=subject,
        subject_id=pk,
        aspect=aspect,
        before=str(before),
        after=str(after),
    )


def test_past_status_knows_provider_industry_and_lifecycle_of_then(cast: Cast) -> None:
    number, other = cast.numbers[:2]
    official, third = number.provider, Provider.objects.get(code="third_party")
    medical, retail = cast.clinic.industry, Industry.objects.get(code="retail")
    open_row("data_sync", scope="provider", provider=official, at=NOW - 10 * DAY, closed=NOW - 8 * DAY)
    open_row("temporary_policy", scope="industry", industry=medical, at=NOW - 6 * DAY, closed=NOW - 4 * DAY)
    PhoneNumber.objects.filter(pk=number.pk).update(provider=third)
    changed("number", number.pk, "provider", official.pk, third.pk)
    Company.objects.filter(pk=cast.clinic.pk).update(industry=retail)
    changed("company", cast.clinic.pk, "industry", medical.pk, retail.pk)
    PhoneNumber.objects.filter(pk=other.pk).update(lifecycle="revoked")
    changed("number", other.pk, "state", "certified", "revoked")
    for row in (number, other):
        assert [status_of(row, at=NOW - days * DAY) for days in (9, 7, 5, 3)] == [
            "maintenance",
            "certified",
            "maintenance",
            "certified",
        ]
    rows = list(with_status(PhoneNumber.objects.filter(pk=number.pk), at=NOW - 9 * DAY).select_related("company"))
    facts = facts_for(rows, now=NOW, at=NOW - 9 * DAY)[number.pk]
    assert [row.provider for row in facts.maintenance] == [official]
    assert (status_of(number), status_of(other)) == ("certified", "revoked")


def test_past_pending_is_read_from_what_was_approved_by_then(cast: Cast) -> None:
    announce(5, announced_at=NOW - 10 * DAY)
    material = make_material(cast.clinic, "radiology_licence", by=cast.owner, expires_on=NOW.date() + 5 * DAY)
    material.decided_at = NOW - 2 * DAY
    material.save()
    shown = [status_of(cast.numbers[0], at=NOW - days * DAY) for days in (11, 9, 3, 2)]
    assert shown == ["certified", "pending_maintenance", "pending_maintenance", "certified"]
