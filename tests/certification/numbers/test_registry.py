"""Adding, changing, ending and revealing numbers."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from django.db import connection

from accounts.companies import Company
from accounts.journal import Actor, JournalEntry
from certification.applications.models import Application, ApplicationKind, ApplicationNumber, ApplicationState
from certification.maintenance.models import Maintenance, MaintenanceCause, Scope
from certification.numbers import registry
from certification.numbers.models import Lifecycle, NumberGroup, PhoneNumber, Provider
from certification.numbers.shapes import ReadNumber, read_number
from tests.cast import NOW, Cast, make_company, make_number


def read(text: str) -> ReadNumber:
    found = read_number(text)
    assert isinstance(found, ReadNumber)
    return found


def add(company: Company, text: str = "19900080001", **options: Any) -> PhoneNumber:
    provider = Provider.objects.get(code="official")
    return registry.add_number(
        company=company, read=read(text), provider=provider, actor=Actor.command(), now=NOW, **options
    )


def change(number: PhoneNumber, **options: Any) -> list[str]:
    values: dict[str, Any] = {
        "label": number.label,
        "alias": number.alias,
        "provider": number.provider,
        "group": number.group,
        "backup_of": number.backup_of,
        "actor": Actor.command(),
        "now": NOW,
    }
    return registry.change_number(number=number, **{**values, **options})


def journal(number: PhoneNumber) -> list[tuple[str, str, str]]:
    rows = JournalEntry.objects.filter(subject="number", subject_id=number.pk).order_by("id")
    return [(row.aspect, row.before, row.after) for row in rows]


def hold(number: PhoneNumber) -> None:
    application = Application.objects.create(
        company=number.company,
        kind=ApplicationKind.NEW,
        state=ApplicationState.SUBMITTED,
        state_since=NOW,
        created_at=NOW,
    )
    ApplicationNumber.objects.create(application=application, number=number, is_active=True)


def test_added_number_is_a_draft_with_one_journal_row(cast: Cast):
    number = add(cast.shop, label="好味", alias="前台")
    number.refresh_from_db()
    assert (number.number, number.lifecycle, number.label, number.alias) == ("+8619900080001", "draft", "好味", "前台")
    assert journal(number) == [("state", "", "draft")]


def test_number_held_by_anyone_is_refused(cast: Cast):
    add(cast.shop)
    with pytest.raises(registry.NumberUnavailable) as caught:
        add(cast.shop)
    assert caught.value.own
    with pytest.raises(registry.NumberUnavailable) as caught:
        add(cast.clinic)
    assert not caught.value.own
    assert str(caught.value) == "unavailable"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_companies_that_add_one_number_at_once_get_it_once():
    companies = [make_company("甲"), make_company("乙")]
    barrier, results = threading.Barrier(2), []

    def work(company: Company) -> None:
        try:
            barrier.wait()
            add(company)
            results.append("added")
        except registry.NumberUnavailable as error:
            results.append(str(error))
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=[company]) for company in companies]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["added", "unavailable"]
    assert PhoneNumber.objects.count() == 1


def test_each_changed_aspect_is_journalled_once(cast: Cast):
    main, number = add(cast.shop, "19900080001"), add(cast.shop, "19900080002")
    group = NumberGroup.objects.create(company=cast.shop, name="华北")
    other = Provider.objects.get(code="third_party")
    values: dict[str, Any] = {"label": "新名", "alias": "后厨", "provider": other, "group": group, "backup_of": main}
    assert set(change(number, **values)) == set(values)
    assert journal(number)[1:] == [
        ("label", "", "新名"),
        ("alias", "", "后厨"),
        ("provider", str(Provider.objects.get(code="official").pk), str(other.pk)),
        ("group", "", str(group.pk)),
        ("backup_of", "", str(main.pk)),
    ]
    number.refresh_from_db()
    assert change(number) == []
    assert len(journal(number)) == 6


@pytest.mark.parametrize(
    "lifecycle", [Lifecycle.CERTIFIED, Lifecycle.SUBMITTED, Lifecycle.IN_REVIEW, Lifecycle.RETURNED]
)
def test_name_and_provider_of_a_certified_number_are_fixed(cast: Cast, lifecycle: str):
    number = make_number(cast.shop, lifecycle=lifecycle)
    for values in ({"label": "新名"}, {"provider": Provider.objects.get(code="third_party")}):
        with pytest.raises(registry.ChangeNeedsApplication):
            change(number, **values)
    assert change(number, alias="前台") == ["alias"]


def test_backup_stands_in_for_a_main_number_of_the_same_company_only(cast: Cast):
    main, backup, third = (add(cast.shop, f"1990008000{serial}") for serial in range(3))
    change(backup, backup_of=main)
    for number, wanted in ((third, backup), (main, third), (third, third), (third, cast.numbers[0])):
        with pytest.raises(registry.BackupImpossible):
            change(number, backup_of=wanted)


def test_withdrawing_ends_the_certification_once(cast: Cast):
    number = cast.numbers[0]
    values: dict[str, Any] = {"number": number, "actor": Actor.command(), "now": NOW, "reason": "搬迁"}
    assert [registry.withdraw_certification(**values) for _turn in range(2)] == [True, False]
    assert journal(number) == [("state", "certified", "withdrawn")]
    with pytest.raises(registry.NotCertified):
        registry.withdraw_certification(**{**values, "number": add(cast.clinic)})


def test_releasing_withdraws_first_and_frees_the_number(cast: Cast):
    number, backup = cast.numbers[0], cast.numbers[1]
    PhoneNumber.objects.filter(pk=backup.pk).update(backup_of=number)
    values: dict[str, Any] = {"number": number, "actor": Actor.command(), "now": NOW, "reason": ""}
    assert [registry.release_number(**values) for _turn in range(2)] == [True, False]
    assert journal(number) == [("state", "certified", "withdrawn"), ("held", "held", "released")]
    assert journal(backup) == [("backup_of", str(number.pk), "")]
    backup.refresh_from_db()
    assert backup.backup_of is None
    assert add(cast.shop, number.number).company == cast.shop


def test_number_in_an_open_application_can_neither_be_withdrawn_nor_released(cast: Cast):
    number = cast.numbers[0]
    hold(number)
    for act in (registry.withdraw_certification, registry.release_number):
        with pytest.raises(registry.InOpenApplication):
            act(number=number, actor=Actor.command(), now=NOW, reason="")
    assert journal(number) == []


def test_locked_number_cannot_be_released(cast: Cast):
    number = cast.numbers[0]
    Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="complaint_lock"),
        scope=Scope.NUMBER,
        number=number,
        opened_at=NOW,
        held_since=NOW,
        suspends_display=True,
        locks=True,
        created_at=NOW,
    )
    with pytest.raises(registry.LockedByComplaints):
        registry.release_number(number=number, actor=Actor.command(), now=NOW, reason="")
    assert journal(number) == []


def test_every_reveal_is_journalled(cast: Cast):
    number = cast.numbers[0]
    for _turn in range(2):
        assert registry.reveal_number(number=number, actor=Actor.person(cast.viewer), now=NOW) == number.number
    rows = JournalEntry.objects.filter(subject_id=number.pk, aspect="reveal")
    assert {row.actor for row in rows} == {cast.viewer}
    assert rows.count() == 2
