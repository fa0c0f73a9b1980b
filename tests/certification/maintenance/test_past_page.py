"""A maintenance's own page as of a past moment: what staff saw then is what they read later, whatever has happened since."""

from __future__ import annotations

import datetime as dt
from dataclasses import fields
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone, translation

from accounts.companies import Company, CompanyState, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor, JournalEntry
from appeals.complaints.locks import review_again
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.past import recall_page
from certification.maintenance.plan_drafts import PlanDraft, draft_of
from certification.maintenance.plan_pages import with_words
from certification.maintenance.plans import cancel_plan, change_plan, create_plan, end_plan, move_end, post_update
from certification.maintenance.story import Story, scope_words, tell
from certification.materials.catalogue import save_row
from certification.numbers.models import PhoneNumber, Provider
from certification.numbers.registry import release_number
from certification.reviews.expediting import expedite_maintenance
from certification.reviews.models import Decision, Review
from tests.appeals.cases.making import claim, decide, lock
from tests.cast import NOW, Cast
from tests.certification.calendar.conftest import LONG_AGO, founded_long_ago
from tests.invariants import assert_invariants

HOUR, DAY = dt.timedelta(hours=1), dt.timedelta(days=1)


@pytest.fixture(autouse=True)
def english():
    with translation.override("en"):
        yield


def settled(cast: Cast) -> None:
    """Everybody has been there for long."""
    for company in (cast.clinic, cast.shop):
        founded_long_ago(company)
    PhoneNumber.objects.update(created_at=LONG_AGO)


def said(story: Story) -> dict[str, Any]:
    """Everything that the page says."""
    row = story.maintenance
    columns = (
        "planned_start", "planned_end", "opened_at", "held_since", "closed_at", "cancelled_at", "expected_from",
        "expected_until", "expedited_at", "title", "message", "achieved",
    )  # fmt: skip
    return {
        **{field.name: getattr(story, field.name) for field in fields(story) if field.name != "maintenance"},
        **{f"row {name}": getattr(row, name) for name in columns},
        "covers": scope_words(row),
    }


def now_said(plan: Maintenance, now: dt.datetime) -> dict[str, Any]:
    return said(tell(with_words().get(pk=plan.pk), now=now, company=None))


def then_said(plan: Maintenance, at: dt.datetime) -> dict[str, Any]:
    row = with_words().get(pk=plan.pk)
    recall_page(row, at=at)
    return said(tell(row, now=at, company=None, at=at))


def by(user: Any) -> dict[str, Any]:
    return {"planner": user, "actor": Actor.person(user)}


def make_plan(cast: Cast, code: str = "data_sync", *, now: dt.datetime = NOW, **more: Any) -> Maintenance:
    values = {
        "cause": MaintenanceCause.objects.get(code=code), "scope": "industry", "industry": cast.clinic.industry,
        "planned_start": now + DAY, "planned_end": now + 2 * DAY, "ends_by_plan": False,
    }  # fmt: skip
    return create_plan(draft=PlanDraft(**{**values, **more}), now=now, **by(cast.operations))


def test_page_of_then_is_what_was_seen_then_through_the_whole_life_of_a_plan(cast: Cast) -> None:
    settled(cast)
    plan = make_plan(cast)
    notes: dict[dt.datetime, dict[str, Any]] = {}

    def note(at: dt.datetime) -> None:
        notes[at] = now_said(plan, at)

    note(NOW)
    change_plan(
        plan=plan,
        draft=PlanDraft(**{**vars(draft_of(plan)), "planned_end": NOW + 3 * DAY, "texts": {
            "title_zh": "校准", "title_en": "Calibration", "message_zh": "请稍候", "message_en": "Please wait"}}),
        now=NOW + HOUR, reason="longer", **by(cast.operations),
    )  # fmt: skip
    note(NOW + HOUR)
    post_update(plan=plan, text_zh="准备中", text_en="Preparing", now=NOW + 2 * HOUR, **by(cast.operations))
    note(NOW + 2 * HOUR)
    tick(now=NOW + DAY + HOUR)  # late: it held an hour before it was noticed
    note(NOW + DAY + HOUR)
    release_number(number=cast.numbers[0], actor=Actor.person(cast.owner), now=NOW + DAY + 2 * HOUR, reason="sold")
    note(NOW + DAY + 2 * HOUR)
    tick(now=NOW + 4 * DAY)
    note(NOW + 4 * DAY)
    expedite_maintenance(maintenance=plan, actor=Actor.person(cast.lead), now=NOW + 4 * DAY + HOUR, reason="late")
    note(NOW + 4 * DAY + HOUR)
    move_end(
        plan=plan, planned_end=NOW + 6 * DAY, now=NOW + 4 * DAY + 2 * HOUR, reason="more time", **by(cast.operations)
    )
    note(NOW + 4 * DAY + 2 * HOUR)
    end_plan(plan=plan, achieved_zh="误标 6%", achieved_en="False marks 6 %", now=NOW + 5 * DAY, **by(cast.operations))
    note(NOW + 5 * DAY)
    end_plan(plan=plan, achieved_zh="误标 5%", achieved_en="False marks 5 %", now=NOW + 6 * DAY, **by(cast.operations))
    note(NOW + 6 * DAY)
    end_plan(plan=plan, achieved_zh="误标 5%", achieved_en="False marks 5 %", now=NOW + 7 * DAY, **by(cast.operations))
    change_company_data(
        company=cast.clinic, values={"industry": Industry.objects.get(code="retail")}, actor=Actor.person(cast.lead),
        now=NOW + 8 * DAY, by_staff=True, reason="wrong",
    )  # fmt: skip
    cause = MaintenanceCause.objects.get(pk=plan.cause_id)
    cause.suspends_display, cause.name_en = False, "Renamed"
    save_row(
        row=cause,
        subject="cause",
        fields=["suspends_display", "name_en"],
        actor=Actor.person(cast.policy),
        now=NOW + 9 * DAY,
    )
    note(NOW + 9 * DAY)
    for at, before in notes.items():
        assert then_said(plan, at) == before, at
    told = list(notes.values())
    assert {page["state"] for page in told} == {"planned", "running", "overrunning", "ended"}
    assert {(page["impact"].companies, page["impact"].numbers) for page in told} == {(1, 5), (1, 4), (0, 0)}
    assert {page["row achieved"] for page in told} == {"", "False marks 6 %", "False marks 5 %"}
    assert {page["own_effects"] for page in told} == {False, True}
    assert {page["row title"] for page in told} == {"Data sync", "Calibration"}
    assert (
        JournalEntry.objects.filter(subject="maintenance", subject_id=plan.pk, aspect__startswith="achieved").count()
        == 2
    )
    assert_invariants()


def test_plan_that_was_given_up_was_planned_before(cast: Cast) -> None:
    settled(cast)
    plan = make_plan(cast)
    before = now_said(plan, NOW)
    cancel_plan(plan=plan, now=NOW + HOUR, reason="not needed", **by(cast.operations))
    assert then_said(plan, NOW) == before
    assert then_said(plan, NOW + HOUR) == now_said(plan, NOW + HOUR)
    assert then_said(plan, NOW + HOUR)["state"] == "cancelled"


def test_lock_has_the_expected_end_of_then_when_it_is_looked_at_again(cast: Cast) -> None:
    settled(cast)
    locked = lock(cast.numbers[0])
    before = now_said(locked, NOW)
    review = claim(Review.objects.get(subject="complaint_lock", subject_id=locked.pk), cast.reviewer)
    decide(review, cast.reviewer, Decision.REJECTED, now=NOW + HOUR)
    again = review_again(lock=locked, company=cast.clinic, actor=Actor.person(cast.lead), now=NOW + 3 * DAY)
    assert again is not None
    review_again(lock=locked, company=cast.clinic, actor=Actor.person(cast.lead), now=NOW + 3 * DAY)  # twice is once
    assert then_said(locked, NOW) == before
    assert now_said(locked, NOW + 3 * DAY)["row expected_until"] == again.due_at == NOW + 5 * DAY
    assert (
        JournalEntry.objects.filter(subject="maintenance", subject_id=locked.pk, aspect="expected_until").count() == 1
    )
    assert_invariants()


@pytest.mark.parametrize("scope", ["everything", "provider", "industry", "company", "number"])
def test_coverage_of_then_is_by_where_companies_and_numbers_belonged_then(cast: Cast, scope: str) -> None:
    settled(cast)
    choices: dict[str, dict[str, Any]] = {
        "everything": {}, "provider": {"provider": cast.numbers[0].provider}, "industry": {"industry": cast.clinic.industry},
        "company": {"company": cast.clinic}, "number": {"number": cast.numbers[0]},
    }  # fmt: skip
    values = choices[scope]
    row = Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(code="data_sync"), scope=scope, opened_at=NOW, held_since=NOW, created_at=NOW,
        suspends_display=True, **values,
    )  # fmt: skip
    before = now_said(row, NOW)["impact"]
    other_provider = Provider.objects.get(code="third_party")
    PhoneNumber.objects.filter(pk=cast.numbers[0].pk).update(provider=other_provider)  # as a decided change does
    JournalEntry.objects.create(
        at=NOW + HOUR, actor_kind="person", company=cast.clinic, subject="number", subject_id=cast.numbers[0].pk,
        aspect="provider", before=str(cast.numbers[0].provider_id), after=str(other_provider.pk),
    )  # fmt: skip
    for other in cast.numbers[1:3]:
        release_number(number=other, actor=Actor.person(cast.owner), now=NOW + HOUR, reason="sold")
    change_company_data(
        company=cast.clinic, values={"industry": Industry.objects.get(code="retail")}, actor=Actor.person(cast.lead),
        now=NOW + HOUR, by_staff=True, reason="wrong",
    )  # fmt: skip
    middle = now_said(row, NOW + HOUR)["impact"]
    Company.objects.filter(pk=cast.clinic.pk).update(state=CompanyState.PENDING, verified_at=None)
    JournalEntry.objects.create(
        at=NOW + 2 * HOUR, actor_kind="person", company=cast.clinic, subject="company", subject_id=cast.clinic.pk,
        aspect="state", before="verified", after="pending",
    )  # fmt: skip
    assert then_said(row, NOW)["impact"] == before
    assert then_said(row, NOW + HOUR)["impact"] == middle
    assert then_said(row, NOW + 2 * HOUR)["impact"] == now_said(row, NOW + 2 * HOUR)["impact"]
    assert before.numbers == (1 if scope == "number" else 5)


# --- The page --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("language", "words"),
    [("zh-hans", ("当时的情况", "进行中", "已结束")), ("en", ("As it was on", "Running", "Ended"))],
)
@pytest.mark.parametrize("role", ["operations", "lead", "auditor"])
def test_staff_look_back_from_the_list_to_the_page_without_controls(
    client: Client, cast: Cast, role: str, language: str, words: tuple[str, str, str]
) -> None:
    settled(cast)
    now = timezone.now()
    plan = make_plan(cast, now=now - 9 * DAY)
    tick(now=now - 8 * DAY)
    end_plan(
        plan=plan, achieved_zh="误标减半", achieved_en="Half the false marks", now=now - 6 * DAY, **by(cast.operations)
    )
    client.force_login(getattr(cast, role))
    at, headers = (now - 7.5 * DAY).isoformat(), {"Accept-Language": language}
    listed = client.get(reverse("maintenance:plans"), {"at": at, "state": "running"}, headers=headers)
    (row,) = listed.context["rows"]
    answer = client.get(row["url"], headers=headers)
    page = answer.content.decode()
    assert answer.context["story"].state == "running"
    assert words[0] in page
    assert words[1] in page
    assert "Half the false" not in page
    assert "误标减半" not in page
    assert "controls" not in answer.context
    assert answer.context["plans_url"].startswith("/staff/plans/?at=")
    assert "may_change" not in answer.context
    present = client.get(reverse("maintenance:detail", args=[plan.ref]), headers=headers)
    assert present.context["story"].state == "ended"
    assert words[2] in present.content.decode()
    assert ("controls" in present.context) == (role == "operations")


def test_page_before_the_plan_was_made_does_not_exist_and_no_moment_is_a_message(client: Client, cast: Cast) -> None:
    now = timezone.now()
    plan = make_plan(cast, now=now - 2 * DAY)
    client.force_login(cast.auditor)
    address = reverse("maintenance:detail", args=[plan.ref])
    assert client.get(address, {"at": (now - 3 * DAY).isoformat()}).status_code == 404
    failed = client.get(address, {"at": "then"}, headers={"Accept-Language": "en"})
    assert failed.status_code == 422
    assert "This is no date and time" in failed.content.decode()
    assert "What it is" not in failed.content.decode()


def test_companies_do_not_look_back(client: Client, cast: Cast) -> None:
    now = timezone.now()
    plan = make_plan(cast, now=now - 9 * DAY)
    tick(now=now - 8 * DAY)
    client.force_login(cast.owner)
    answer = client.get(reverse("maintenance:detail", args=[plan.ref]), {"at": (now - 8.5 * DAY).isoformat()})
    assert answer.context["story"].state == "running"


def test_page_of_then_takes_the_same_queries_however_much_has_happened(client: Client, cast: Cast) -> None:
    settled(cast)
    now = timezone.now()
    plan = make_plan(cast, now=now - 9 * DAY)
    client.force_login(cast.auditor)
    address, taken, posted = reverse("maintenance:detail", args=[plan.ref]), [], 0
    for count in (1, 3, 50):
        for _index in range(count):
            posted += 1
            post_update(
                plan=plan, text_zh=str(posted), text_en=str(posted), now=now - 8 * DAY + posted * HOUR / 10,
                **by(cast.operations),
            )  # fmt: skip
        with CaptureQueriesContext(connection) as queries:
            page = client.get(address, {"at": (now - 2 * DAY).isoformat()})
        assert len([entry for entry in page.context["story"].happenings if entry.detail]) == posted
        taken.append(len(queries))
    assert taken[0] == taken[1] == taken[2]
