"""History stays what was shown (I8), whatever is changed afterwards: company, number, group, catalogue, rules, plans."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest
from django.utils import translation

from accounts.companies import CompanyState, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor
from certification.applications.lifecycle import move_numbers
from certification.maintenance.facts import facts_for
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.past import plans_at, recall_maintenance
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import cancel_plan, create_plan, end_plan, move_end
from certification.maintenance.status import counts_by_status, having_status, statuses_of, with_status
from certification.maintenance.story import state_of
from certification.materials.catalogue import save_row
from certification.materials.models import Material, MaterialKind, Requirement
from certification.materials.rules import withdraw_requirement
from certification.numbers.groups.tree import add_group
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from certification.numbers.registry import add_number, change_number, release_number
from certification.numbers.shapes import ReadNumber, read_number
from tests.cast import NOW, Cast, make_material, make_number
from tests.certification.maintenance.test_status import announce, open_row
from tests.invariants import assert_invariants

HOUR = dt.timedelta(hours=1)
DAY = dt.timedelta(days=1)
LATER = NOW + HOUR


def seen(at: dt.datetime | None) -> dict[str, Any]:
    """Everything that a list shows of every number, its counts and its filters, at present or as of a moment."""
    with translation.override("en"):
        rows = list(
            with_status(PhoneNumber.objects.held_at(at), at=at)
            .select_related("company__industry", "provider", "group")
            .order_by("pk")
        )
        facts = facts_for(rows, now=at or NOW, at=at)
        listed = [
            (
                row.pk,
                row.status,  # type: ignore[attr-defined]
                row.label,
                row.alias,
                str(row.provider),
                str(row.group or ""),
                row.company.name,
                str(row.company.industry),
                facts[row.pk].label,
                facts[row.pk].cause,
                facts[row.pk].sentence,
                facts[row.pk].displayed,
                facts[row.pk].turn,
                facts[row.pk].since,
                facts[row.pk].until,
                [str(note) for note in facts[row.pk].notes],
            )
            for row in rows
        ]
        counts = counts_by_status(PhoneNumber.objects.held_at(at), at=at)
        found = {
            status: set(having_status(PhoneNumber.objects.held_at(at), [status], at=at).values_list("pk", flat=True))
            for status in counts
        }
    return {"listed": listed, "counts": counts, "found": found}


def as_staff(cast: Cast) -> Actor:
    return Actor.person(cast.lead)


def industry_changes(cast: Cast) -> None:
    change_company_data(
        company=cast.clinic,
        values={"industry": Industry.objects.get(code="retail"), "name": "仁和商贸"},
        actor=as_staff(cast),
        now=LATER,
        by_staff=True,
        reason="wrong",
    )


def time_zone_changes(cast: Cast) -> None:
    change_company_data(
        company=cast.clinic, values={"time_zone": "Pacific/Kiritimati"}, actor=Actor.person(cast.owner), now=LATER
    )


def provider_and_group_change(cast: Cast) -> None:
    draft = PhoneNumber.objects.get(company=cast.clinic, lifecycle="draft")
    group = add_group(company=cast.clinic, name="West", kind="brand", parent=None, actor=as_staff(cast), now=LATER)
    change_number(
        number=draft,
        label="另名",
        alias="back office",
        provider=Provider.objects.get(code="third_party"),
        group=group,
        backup_of=None,
        actor=Actor.person(cast.owner),
        now=LATER,
    )
    # A certified one changes its provider by staff's hand only, which writes the same row.
    number = cast.numbers[1]
    PhoneNumber.objects.filter(pk=number.pk).update(lifecycle="draft")
    change_number(
        number=number,
        label=number.label,
        alias="",
        provider=Provider.objects.get(code="third_party"),
        group=group,
        backup_of=None,
        actor=Actor.person(cast.owner),
        now=LATER,
    )
    PhoneNumber.objects.filter(pk=number.pk).update(lifecycle="certified")


def number_is_given_up_and_registered_by_another(cast: Cast) -> None:
    number = cast.numbers[2]
    release_number(number=number, actor=Actor.person(cast.owner), now=LATER, reason="sold")
    read = read_number(number.number)
    assert isinstance(read, ReadNumber)
    add_number(
        company=cast.shop, read=read, provider=number.provider, actor=Actor.person(cast.stranger), now=LATER + HOUR
    )


def lifecycle_moves(cast: Cast) -> None:
    numbers = PhoneNumber.objects.filter(pk=cast.numbers[3].pk)
    move_numbers(numbers=numbers, to=Lifecycle.REVOKED, actor=as_staff(cast), now=LATER, reason="false papers")


def effects_are_edited(cast: Cast) -> None:
    for code in ("data_sync", "routine_window", "temporary_policy", "complaint_lock"):
        cause = MaintenanceCause.objects.get(code=code)
        cause.suspends_display = not cause.suspends_display
        cause.name_zh, cause.name_en, cause.sentence_en = "改名", "Renamed", "Another sentence. " * 20
        fields = ["suspends_display", "name_zh", "name_en", "sentence_en"]
        save_row(row=cause, subject="cause", fields=fields, actor=as_staff(cast), now=LATER)


def requirement_ends(cast: Cast) -> None:
    requirement = Requirement.objects.get(
        kind__code="radiology_licence", announced_at=NOW - DAY, effective_from__gt=NOW
    )
    withdraw_requirement(requirement=requirement, actor=as_staff(cast), now=LATER, reason="")


def material_is_approved(cast: Cast) -> None:
    material = make_material(cast.clinic, "radiology_licence", by=cast.owner)
    Material.objects.filter(pk=material.pk).update(submitted_at=LATER, decided_at=LATER + HOUR)


def maintenance_ends(cast: Cast) -> None:
    Maintenance.objects.filter(closed_at__isnull=True).update(closed_at=LATER, held_until=LATER)


def maintenance_begins(cast: Cast) -> None:
    open_row("data_sync", at=LATER)
    open_row("complaint_lock", at=LATER, scope="number", number=cast.numbers[4])


CHANGES: list[Callable[[Cast], None]] = [
    industry_changes,
    time_zone_changes,
    provider_and_group_change,
    number_is_given_up_and_registered_by_another,
    lifecycle_moves,
    effects_are_edited,
    requirement_ends,
    material_is_approved,
    maintenance_ends,
    maintenance_begins,
]


def fill(cast: Cast) -> None:
    """One of everything that a status can come from."""
    make_number(cast.clinic, lifecycle="draft", alias="front desk")
    make_number(cast.clinic, lifecycle="expired")
    make_number(cast.shop, provider="third_party")
    announce(30, kind=MaterialKind.objects.get(code="radiology_licence"))
    medical, third = cast.clinic.industry, Provider.objects.get(code="third_party")
    open_row("routine_window", scope="provider", provider=cast.numbers[0].provider, at=NOW - DAY)
    open_row("data_sync", scope="provider", provider=third, at=NOW - DAY)
    open_row("complaint_lock", scope="number", number=cast.numbers[0], at=NOW - DAY)
    open_row("temporary_policy", scope="industry", industry=medical, at=NOW - 5 * DAY, closed=NOW - 2 * DAY)


@pytest.mark.parametrize("change", CHANGES, ids=lambda change: change.__name__)
def test_past_stays_as_it_was_shown_whatever_changes_afterwards(cast: Cast, change: Callable[[Cast], None]) -> None:
    fill(cast)
    before = {at: seen(at) for at in (NOW - 3 * DAY, NOW - DAY / 2, NOW)}
    assert [row[1] for row in before[NOW]["listed"]] == [row[1] for row in seen(None)["listed"]]
    change(cast)
    assert {at: seen(at) for at in before} == before
    if change is not time_zone_changes:  # it moves days, of which none is near
        assert seen(LATER + 2 * HOUR) != before[NOW]


def test_all_changes_at_once_leave_the_past_alone(cast: Cast) -> None:
    fill(cast)
    before = {at: seen(at) for at in (NOW - 3 * DAY, NOW - DAY / 2, NOW)}
    for change in CHANGES:
        change(cast)
    assert {at: seen(at) for at in before} == before
    assert_invariants()


def test_past_of_a_number_belongs_to_who_held_it_then(cast: Cast) -> None:
    number = cast.numbers[2]
    number_is_given_up_and_registered_by_another(cast)
    rows = PhoneNumber.objects.filter(number=number.number)
    (then,) = rows.held_at(NOW)
    (now,) = rows.held_at(None)
    assert (then.company, now.company) == (cast.clinic, cast.shop)
    assert list(rows.held_at(LATER + HOUR / 2)) == []
    assert statuses_of(rows, at=NOW) == {number.pk: "certified"}
    assert statuses_of(rows, at=LATER + HOUR) == {now.pk: "draft"}


def test_past_facts_offer_no_action_and_keep_the_term_of_then(cast: Cast) -> None:
    number = make_number(cast.clinic, term_ends_at=NOW + 10 * DAY)
    row = with_status(PhoneNumber.objects.filter(pk=number.pk), at=NOW).select_related("company").get()
    facts = facts_for([row], now=LATER, at=NOW)[number.pk]
    assert (facts.action_label, facts.action_url, facts.turn) == ("", None, "company")
    assert facts.until == cast.clinic.today(NOW + 10 * DAY - dt.timedelta(seconds=1))


def test_company_of_a_page_is_what_it_was_then(cast: Cast) -> None:
    change_company_data(
        company=cast.clinic, values={"name": "新名"}, actor=as_staff(cast), now=LATER, by_staff=True, reason="renamed"
    )
    rows = list(with_status(PhoneNumber.objects.held_at(NOW), at=NOW).select_related("company__industry"))
    facts_for(rows, now=LATER, at=NOW)
    assert {row.company.name for row in rows} == {"仁和门诊部"}
    assert {row.company.state for row in rows} == {CompanyState.VERIFIED}


@pytest.mark.parametrize("count", [1, 3, 50])
def test_page_as_of_a_moment_takes_the_same_queries(cast: Cast, count: int, django_assert_max_num_queries: Any) -> None:
    fill(cast)
    for _ in range(count):
        make_number(cast.clinic)
    for change in CHANGES[:4]:
        change(cast)
    with django_assert_max_num_queries(14):
        rows = list(
            with_status(PhoneNumber.objects.held_at(NOW), at=NOW)
            .select_related("company__industry", "provider", "group")
            .order_by("pk")[:50]
        )
        facts_for(rows, now=LATER, at=NOW)


def test_plans_have_the_state_and_the_end_of_then(cast: Cast) -> None:
    cause = MaintenanceCause.objects.get(code="data_sync")
    draft = PlanDraft(cause=cause, scope="everything", planned_start=NOW + DAY, planned_end=NOW + 2 * DAY)
    who: dict[str, Any] = {"planner": cast.operations, "actor": Actor.person(cast.operations)}
    plan = create_plan(draft=draft, now=NOW, **who)
    draft = PlanDraft(cause=cause, scope="everything", planned_start=NOW + 30 * DAY, planned_end=NOW + 31 * DAY)
    given_up = create_plan(draft=draft, now=NOW, **who)
    moved, opened = NOW + 6 * HOUR, NOW + DAY
    move_end(plan=plan, planned_end=NOW + 3 * DAY, now=moved, reason="", **who)
    Maintenance.objects.filter(pk=plan.pk).update(opened_at=opened, held_since=opened)
    cancel_plan(plan=given_up, now=NOW + 2 * DAY, reason="", **who)
    end_plan(plan=plan, achieved_zh="", achieved_en="", now=NOW + 2 * DAY, **who)

    def then(at: dt.datetime) -> list[tuple[str, dt.datetime | None]]:
        rows = list(plans_at(at).order_by("pk").select_related("cause"))
        recall_maintenance(rows, at=at)
        states = [row.state_then for row in rows]  # type: ignore[attr-defined]
        assert [state_of(row) for row in rows] == states
        return [(state, row.planned_end) for state, row in zip(states, rows, strict=True)]

    assert then(NOW - HOUR) == []
    assert then(NOW) == [("planned", NOW + 2 * DAY), ("planned", NOW + 31 * DAY)]
    assert then(moved)[0] == ("planned", NOW + 3 * DAY)
    assert then(opened + HOUR) == [("running", NOW + 3 * DAY), ("planned", NOW + 31 * DAY)]
    assert then(NOW + 3 * DAY) == [("ended", NOW + 3 * DAY), ("cancelled", NOW + 31 * DAY)]
