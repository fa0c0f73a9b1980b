"""Versions of materials: submitted, decided, replaced; what is in force stays so until the next one is approved."""

from __future__ import annotations

import datetime as dt
import uuid

import pytest
from django.db import transaction

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.applications.models import Application
from certification.maintenance.engine import tick
from certification.maintenance.models import Maintenance
from certification.maintenance.status import counts_by_status
from certification.materials import versions
from certification.materials.models import Material, MaterialFile, MaterialState, StagedFile
from certification.materials.store import FilesMissing
from certification.materials.versions import (
    TRANSITIONS,
    DatesRefused,
    NumbersMissing,
    TransitionRefused,
    withdraw,
)
from certification.numbers.models import PhoneNumber
from certification.reminders.models import Reminder
from certification.reviews import desk
from certification.reviews.models import Decision, Review
from tests.cast import NOW, add_member, make_company, make_material, make_number, meet_requirements
from tests.certification.materials.conftest import files_in
from tests.certification.materials.submissions import decide, kind, review_of, staged, submit

TODAY = dt.date(2026, 11, 25)
LICENCE = "medical_practice_licence"


def states(company, code: str) -> list[tuple[int, str]]:
    rows = Material.objects.filter(company=company, kind__code=code).order_by("version")
    return list(rows.values_list("version", "state"))


def test_transition_table_is_the_documented_one():
    printed = {before.value: sorted(to.value for to in after) for before, after in TRANSITIONS.items()}
    assert printed == {
        "submitted": ["approved", "rejected", "returned", "withdrawn"],
        "approved": ["replaced"],
        "returned": ["submitted"],
        "rejected": ["submitted"],
        "replaced": [],
        "withdrawn": [],
    }


@pytest.mark.parametrize("before", list(MaterialState))
@pytest.mark.parametrize("to", list(MaterialState))
def test_move_follows_the_table_and_repeats_quietly(cast, before, to):
    material = make_material(cast.clinic, LICENCE, by=cast.owner, state=before)
    actor = Actor.person(cast.reviewer)
    if to not in TRANSITIONS[before] and to != before:
        with pytest.raises(TransitionRefused):
            versions.move(material=material, to=to, actor=actor, now=NOW)
        return
    assert versions.move(material=material, to=to, actor=actor, now=NOW) == (before != to)
    assert not versions.move(material=material, to=to, actor=actor, now=NOW)
    entries = JournalEntry.objects.filter(subject="material", subject_id=material.pk, aspect="state")
    assert list(entries.values_list("before", "after")) == ([(before, to)] if before != to else [])


def test_submit_version_opens_a_review_and_leaves_what_is_in_force(cast):
    material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    assert states(cast.clinic, LICENCE) == [(1, "approved"), (2, "submitted")]
    review = review_of(material)
    assert (review.kind, review.submitted_by, review.due_from, review.due_at) == (
        "material",
        cast.operator,
        NOW + dt.timedelta(days=3),
        NOW + dt.timedelta(days=5),
    )
    assert StagedFile.objects.count() == 0
    assert MaterialFile.objects.get().material == material
    entry = JournalEntry.objects.get(subject="material", subject_id=material.pk)
    assert (entry.before, entry.after, entry.actor) == ("", "submitted", cast.operator)
    readers = Notice.objects.filter(kind="material_submitted").values_list("recipient__name", flat=True)
    assert sorted(readers) == ["admin", "operator", "owner"]


def test_submit_version_withdraws_the_one_that_waits_with_its_review(cast):
    first = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    second = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 7, 31))
    assert states(cast.clinic, LICENCE) == [(1, "approved"), (2, "withdrawn"), (3, "submitted")]
    assert Review.objects.get(subject_id=first.pk).state == "cancelled"
    assert review_of(second).state == "open"


def test_submit_version_twice_with_one_form_makes_one(cast):
    token = uuid.uuid4()
    first = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30), submission=token)
    again = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30), submission=token)
    assert first == again
    assert len(states(cast.clinic, LICENCE)) == 2
    # The same token of another company is another form.
    other = submit(cast.shop, "food_licence", cast.stranger, expires_on=dt.date(2027, 6, 30), submission=token)
    assert other.company == cast.shop


@pytest.mark.parametrize(
    ("dates", "code"),
    [
        ({"expires_on": dt.date(2026, 11, 24)}, "already_over"),
        ({"expires_on": dt.date(2027, 1, 1), "issued_on": dt.date(2027, 1, 2)}, "ends_before_start"),
        ({"is_long_term": True}, "long_term_refused"),
        ({"is_long_term": False}, "end_missing"),
    ],
)
def test_submit_version_refuses_dates_and_saves_nothing(cast, dates, code):
    with pytest.raises(DatesRefused) as caught, transaction.atomic():
        submit(cast.clinic, LICENCE, cast.operator, **dates)
    assert [problem.code for problem in caught.value.problems] == [code]
    assert states(cast.clinic, LICENCE) == [(1, "approved")]


def test_submit_version_counts_the_company_s_own_day(cast):
    # 03:00 UTC is still the evening of the 24th in New York.
    cast.clinic.time_zone = "America/New_York"
    cast.clinic.save()
    submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2026, 11, 24))
    assert states(cast.clinic, LICENCE)[-1] == (2, "submitted")


def test_submit_version_takes_only_uploads_of_the_company(cast):
    foreign = staged(cast.shop, cast.stranger)
    for files in ([], [foreign]):
        with pytest.raises(FilesMissing), transaction.atomic():
            versions.submit_version(
                company=cast.clinic,
                kind=kind(LICENCE),
                files=files,
                expires_on=dt.date(2027, 1, 1),
                actor=Actor.person(cast.owner),
                now=NOW,
            )


def test_submit_version_uses_an_upload_once(cast):
    file = staged(cast.clinic, cast.owner)
    values = {"company": cast.clinic, "kind": kind(LICENCE), "expires_on": dt.date(2027, 1, 1), "now": NOW}
    versions.submit_version(files=[file], actor=Actor.person(cast.owner), **values)
    with pytest.raises(FilesMissing), transaction.atomic():
        versions.submit_version(files=[file], actor=Actor.person(cast.owner), **values)


def test_approval_replaces_the_old_version_and_plans_reminders(cast):
    material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    decide(material, Decision.APPROVED, cast.reviewer)
    assert states(cast.clinic, LICENCE) == [(1, "replaced"), (2, "approved")]
    assert Material.objects.get(company=cast.clinic, kind__code=LICENCE, version=1).replaced_at == NOW
    assert Reminder.objects.get(material=material).expires_on == dt.date(2027, 6, 30)
    readers = Notice.objects.filter(kind="material_approved").values_list("recipient__name", flat=True)
    assert sorted(readers) == ["admin", "operator", "owner"]


def test_approval_of_a_version_that_starts_later_keeps_the_old_one(cast):
    Material.objects.filter(company=cast.clinic, kind__code=LICENCE).update(
        is_long_term=False, expires_on=dt.date(2026, 12, 31)
    )
    old = Material.objects.get(company=cast.clinic, kind__code=LICENCE)
    Reminder.objects.create(material=old, company=cast.clinic, expires_on=dt.date(2026, 12, 31), next_due_at=NOW)
    material = submit(
        cast.clinic, LICENCE, cast.operator, issued_on=dt.date(2027, 1, 1), expires_on=dt.date(2027, 12, 31)
    )
    decide(material, Decision.APPROVED, cast.reviewer)
    assert states(cast.clinic, LICENCE) == [(1, "approved"), (2, "approved")]
    assert tick(now=NOW).opened == 0
    # It is renewed: nobody is reminded of the old one any more.
    assert Reminder.objects.get(material=old).next_due_at is None


@pytest.mark.parametrize(("decision", "state"), [(Decision.RETURNED, "returned"), (Decision.REJECTED, "rejected")])
def test_sending_back_keeps_what_is_in_force_and_says_why(cast, decision, state):
    material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    review = decide(material, decision, cast.reviewer)
    assert states(cast.clinic, LICENCE) == [(1, "approved"), (2, state)]
    assert list(review.items.values_list("reason__code", flat=True)) == ["illegible"]
    notice = Notice.objects.get(kind=f"material_{state}", recipient=cast.operator)
    assert (notice.context["items"], notice.context["reason"], notice.needs_action) == (1, "看过了", True)


def test_correction_of_a_returned_version_tells_the_desk_how_often(cast):
    for count in range(3):
        material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
        assert review_of(material).times_returned == count
        decide(material, Decision.RETURNED, cast.reviewer)
    last = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    decide(last, Decision.APPROVED, cast.reviewer)
    assert review_of(submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2028, 6, 30))).times_returned == 0


def test_withdraw_ends_the_review_and_is_refused_after_the_decision(cast):
    material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    actor = Actor.person(cast.operator)
    assert withdraw(material=material, actor=actor, now=NOW)
    assert not withdraw(material=material, actor=actor, now=NOW)
    assert Review.objects.get(subject_id=material.pk).state == "cancelled"
    decided = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    decide(decided, Decision.APPROVED, cast.reviewer)
    with pytest.raises(TransitionRefused):
        withdraw(material=decided, actor=actor, now=NOW)


def test_submitter_never_decides_their_own_version(cast):
    material = submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2027, 6, 30))
    with pytest.raises(desk.OwnSubmission):
        desk.claim(review=review_of(material), reviewer=cast.operator, actor=Actor.person(cast.operator), now=NOW)


# --- Materials that name numbers --------------------------------------------------------------------------------------


def numbers(*rows: PhoneNumber):
    return PhoneNumber.objects.filter(pk__in=[row.pk for row in rows])


def test_proof_replaces_only_proofs_whose_numbers_it_names_too(cast):
    first, second, third = cast.numbers[:3]
    proof = {"code": "number_ownership", "by": cast.operator}
    both = submit(cast.clinic, **proof, numbers=numbers(first, second))
    decide(both, Decision.APPROVED, cast.reviewer)
    other = submit(cast.clinic, **proof, numbers=numbers(third))
    decide(other, Decision.APPROVED, cast.reviewer)
    part = submit(cast.clinic, **proof, numbers=numbers(first))
    decide(part, Decision.APPROVED, cast.reviewer)
    assert states(cast.clinic, "number_ownership") == [(1, "approved"), (2, "approved"), (3, "approved")]
    everything = submit(cast.clinic, **proof, numbers=numbers(first, second))
    decide(everything, Decision.APPROVED, cast.reviewer)
    assert states(cast.clinic, "number_ownership") == [
        (1, "replaced"),
        (2, "approved"),
        (3, "replaced"),
        (4, "approved"),
    ]


def test_proof_names_only_numbers_that_the_company_holds(cast):
    foreign, released = make_number(cast.shop), make_number(cast.clinic, released_at=NOW)
    material = submit(
        cast.clinic, "number_ownership", cast.operator, numbers=numbers(cast.numbers[0], foreign, released)
    )
    assert [row.number for row in material.named_numbers.all()] == [cast.numbers[0]]
    for none in (None, numbers(foreign)):
        with pytest.raises(NumbersMissing), transaction.atomic():
            submit(cast.clinic, "number_ownership", cast.operator, numbers=none)


# --- The whole way ------------------------------------------------------------------------------------------------------


def test_expired_licence_comes_back_with_the_approval_of_its_successor(cast):
    Material.objects.filter(company=cast.clinic, kind__code=LICENCE).update(
        is_long_term=False, expires_on=dt.date(2026, 11, 30)
    )
    certified = {"certified": 5}
    clinic = PhoneNumber.objects.of_company(cast.clinic)
    assert counts_by_status(clinic) == certified
    midnight = dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    assert tick(now=midnight - dt.timedelta(seconds=1)).opened == 0
    assert tick(now=midnight).opened == 1
    assert counts_by_status(clinic) == {"maintenance": 5}
    later = midnight + dt.timedelta(hours=9)
    material = submit(cast.clinic, LICENCE, cast.operator, now=later, expires_on=dt.date(2027, 11, 30))
    assert counts_by_status(clinic) == {"maintenance": 5}
    decided_at = later + dt.timedelta(days=3)
    decide(material, Decision.APPROVED, cast.reviewer, now=decided_at)
    assert counts_by_status(clinic) == certified
    maintenance = Maintenance.objects.get(company=cast.clinic)
    assert (maintenance.opened_at, maintenance.closed_at) == (midnight, decided_at)
    assert tick(now=decided_at).as_dict() == {**tick(now=decided_at).as_dict(), "opened": 0, "closed": 0}
    kinds = Notice.objects.filter(recipient=cast.owner).order_by("created_at", "pk").values_list("kind", flat=True)
    assert [kind for kind in kinds if kind != "material_expires"] == [
        "maintenance_opened",
        "material_submitted",
        "material_approved",
        "maintenance_closed",
    ]


def test_application_that_waits_for_a_material_goes_on_with_its_approval(cast):
    company = make_company("电销公司", industry="telemarketing")
    add_member(company, cast.operator)
    meet_requirements(company, by=cast.owner)
    Material.objects.filter(company=company, kind__code="complaint_handling_process").update(state="rejected")
    application = Application.objects.create(
        company=company, kind="new", state="in_review", state_since=NOW, created_at=NOW, submitted_at=NOW
    )
    tick(now=NOW)
    application.refresh_from_db()
    assert application.state == "pending_maintenance"
    later = NOW + dt.timedelta(days=2)
    material = submit(company, "complaint_handling_process", cast.operator, now=later)
    decide(material, Decision.APPROVED, cast.reviewer, now=later)
    application.refresh_from_db()
    assert application.state == "in_review"


def test_rolled_back_submission_leaves_its_upload_staged(cast, store):
    with pytest.raises(DatesRefused), transaction.atomic():
        submit(cast.clinic, LICENCE, cast.operator, expires_on=dt.date(2020, 1, 1))
    assert Material.objects.filter(company=cast.clinic, kind__code=LICENCE).count() == 1
    assert MaterialFile.objects.count() == 0
    # The file itself is there without a row, and a day old it is swept (test_store).
    assert len(files_in(store)) == 1
