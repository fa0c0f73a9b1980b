"""Handing in, correcting, taking back: what holds before and after, and that twice is once."""

from __future__ import annotations

import datetime as dt
import threading
import uuid

import pytest
from django.db import connection

from accounts.journal import Actor, JournalEntry
from accounts.notices import Notice
from certification.applications.drafts import (
    DraftChanged,
    NotEditable,
    TooManyNumbers,
    add_numbers,
    create_draft,
    remove_numbers,
    save_answer,
)
from certification.applications.lifecycle import NumberTaken, TransitionRefused
from certification.applications.models import (
    Application,
    ApplicationKind,
    ApplicationMaterial,
    ApplicationNumber,
    ApplicationState,
)
from certification.applications.submission import Blocked, submit, withdraw
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.models import Material, MaterialState
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews.models import Decision, Review, ReviewKind, ReviewState
from certification.reviews.subjects import DecisionRefused
from tests.cast import NOW, Cast, make_company, make_material, make_number
from tests.certification.applications.making import (
    LATER,
    NEXT_DAY,
    claimed,
    decided,
    draft_numbers,
    make_draft,
    make_submitted,
    prove_numbers,
    purpose_item,
    review_of,
)


def lifecycles(application: Application) -> set[str]:
    return set(PhoneNumber.objects.filter(applications__application=application).values_list("lifecycle", flat=True))


def send(cast: Cast, application: Application, now: dt.datetime = NOW) -> bool:
    return submit(application=application, by=cast.operator, actor=Actor.person(cast.operator), now=now)


def test_submit_opens_review_and_holds_numbers(cast: Cast) -> None:
    application = make_draft(cast)
    assert send(cast, application)
    application.refresh_from_db()
    assert application.state == ApplicationState.SUBMITTED
    assert lifecycles(application) == {Lifecycle.SUBMITTED}
    assert application.items.filter(is_active=True).count() == 2
    review = review_of(application)
    assert (review.kind, review.submitted_by, review.opened_at) == (ReviewKind.APPLICATION, cast.operator, NOW)
    # Submitted on Wednesday 25 November; the fifth working day is Wednesday 2 December, over at midnight in Shanghai.
    assert review.due_at == dt.datetime(2026, 12, 2, 16, tzinfo=dt.UTC)
    assert review.due_from == dt.datetime(2026, 11, 30, 16, tzinfo=dt.UTC)
    assert set(Notice.objects.filter(kind="application_submitted").values_list("recipient", flat=True)) == {
        cast.owner.pk,
        cast.admin.pk,
        cast.operator.pk,
    }


def test_submit_keeps_what_reviewer_sees(cast: Cast) -> None:
    application = make_submitted(cast)
    kinds = set(
        ApplicationMaterial.objects.filter(application=application).values_list("material__kind__code", flat=True)
    )
    assert kinds == {
        "business_licence",
        "legal_representative_id",
        "medical_practice_licence",
        "number_ownership",
        "statement_of_use",
    }
    assert application.submitted_answers["purpose"] == application.purpose


def test_submit_twice_is_once(cast: Cast) -> None:
    application = make_draft(cast)
    assert send(cast, application)
    assert not send(cast, application)
    assert Review.objects.filter(subject="application").count() == 1
    moves = JournalEntry.objects.filter(subject="application", subject_id=application.pk, after="submitted")
    assert moves.count() == 1


def test_submit_refuses_blockers(cast: Cast) -> None:
    application = make_draft(cast)
    Application.objects.update(purpose="")
    with pytest.raises(Blocked) as blocked:
        send(cast, application)
    assert [finding.code for finding in blocked.value.findings] == ["purpose_missing"]
    application.refresh_from_db()
    assert application.state == ApplicationState.DRAFT
    assert not Review.objects.filter(subject="application").exists()


@pytest.mark.parametrize(
    "state", [ApplicationState.APPROVED, ApplicationState.REJECTED, ApplicationState.LAPSED, ApplicationState.WITHDRAWN]
)
def test_submit_refuses_what_is_over(cast: Cast, state: ApplicationState) -> None:
    """S3: nothing comes back after its end."""
    application = make_draft(cast)
    Application.objects.filter(pk=application.pk).update(state=state)
    with pytest.raises(TransitionRefused):
        send(cast, application)


def test_submit_needs_verified_company(cast: Cast) -> None:
    application = make_draft(cast)
    cast.clinic.__class__.objects.filter(pk=cast.clinic.pk).update(state="pending", verified_at=None)
    with pytest.raises(Blocked) as blocked:
        send(cast, application)
    assert [finding.code for finding in blocked.value.findings] == ["company_not_verified"]


def test_number_is_in_one_open_application(cast: Cast) -> None:
    numbers = draft_numbers(cast)
    first, second = make_draft(cast, numbers), make_draft(cast, numbers[:1], proven=False)
    send(cast, first)
    with pytest.raises(Blocked) as blocked:
        send(cast, second)
    assert [finding.code for finding in blocked.value.findings] == ["numbers_taken"]


def test_discarding_draft_leaves_numbers_of_another_alone(cast: Cast) -> None:
    numbers = draft_numbers(cast)
    first, second = make_draft(cast, numbers), make_draft(cast, numbers, proven=False)
    send(cast, first)
    assert withdraw(application=second, actor=Actor.person(cast.operator), now=LATER)
    assert lifecycles(first) == {Lifecycle.SUBMITTED}


def test_withdraw_frees_numbers_and_cancels_review(cast: Cast) -> None:
    application = make_submitted(cast)
    assert withdraw(application=application, actor=Actor.person(cast.owner), now=LATER)
    assert not withdraw(application=application, actor=Actor.person(cast.owner), now=LATER)
    assert lifecycles(application) == {Lifecycle.DRAFT}
    assert not application.items.filter(is_active=True).exists()
    assert review_of(application).state == ReviewState.CANCELLED


def test_withdraw_refuses_after_decision(cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.APPROVED)
    with pytest.raises(TransitionRefused):
        withdraw(application=application, actor=Actor.person(cast.owner), now=NEXT_DAY)


def test_approval_certifies_for_a_year(cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.APPROVED)
    assert application.state == ApplicationState.APPROVED
    assert lifecycles(application) == {Lifecycle.CERTIFIED}
    ends = set(PhoneNumber.objects.filter(applications__application=application).values_list("term_ends_at", flat=True))
    assert ends == {dt.datetime(2027, 11, 25, 16, tzinfo=dt.UTC)}  # the last day is 25 November, over at midnight
    assert Notice.objects.filter(kind="application_approved").count() == 3


def test_renewal_goes_on_from_old_end(cast: Cast) -> None:
    end = dt.datetime(2026, 12, 31, 16, tzinfo=dt.UTC)
    numbers = [make_number(cast.clinic, term_ends_at=end)]
    application = make_submitted(cast, numbers, kind=ApplicationKind.RENEWAL)
    assert lifecycles(application) == {Lifecycle.CERTIFIED}
    decided(cast, application, Decision.APPROVED)
    numbers[0].refresh_from_db()
    assert (numbers[0].lifecycle, numbers[0].term_ends_at) == (
        "certified",
        dt.datetime(2027, 12, 31, 16, tzinfo=dt.UTC),
    )


def test_renewal_needs_near_end(cast: Cast) -> None:
    application = make_draft(cast, cast.numbers, kind=ApplicationKind.RENEWAL)
    assert application.items.count() == 0


def test_change_sets_label_and_leaves_lifecycle(cast: Cast) -> None:
    application = make_submitted(cast, cast.numbers[:2], kind=ApplicationKind.CHANGE)
    assert review_of(application).kind == ReviewKind.NUMBER_CHANGE
    assert lifecycles(application) == {Lifecycle.CERTIFIED}
    decided(cast, application, Decision.APPROVED)
    labels = list(PhoneNumber.objects.filter(company=cast.clinic).order_by("pk").values_list("label", flat=True))
    assert labels == ["仁和门诊", "仁和门诊", "仁和门诊部", "仁和门诊部", "仁和门诊部"]
    rows = JournalEntry.objects.filter(subject="number", aspect="label")
    assert set(rows.values_list("before", "after")) == {("仁和门诊部", "仁和门诊")}


def test_change_leaves_number_whose_term_ended_meanwhile(cast: Cast) -> None:
    application = make_submitted(cast, cast.numbers[:1], kind=ApplicationKind.CHANGE)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    PhoneNumber.objects.filter(pk=cast.numbers[0].pk).update(lifecycle=Lifecycle.EXPIRED)
    Application.objects.update(purpose="只致电已预约的患者，提醒就诊时间。")
    send(cast, application, NEXT_DAY)
    assert lifecycles(application) == {Lifecycle.EXPIRED}


def test_return_opens_only_what_was_returned(cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    assert application.state == ApplicationState.RETURNED
    assert lifecycles(application) == {Lifecycle.RETURNED}
    with pytest.raises(NotEditable):
        save_answer(application=application, part="script", value="别的话术", revision=application.revision)
    with pytest.raises(NotEditable):
        add_numbers(application=application, numbers=PhoneNumber.objects.all(), now=NEXT_DAY)
    save_answer(application=application, part="purpose", value="只致电已预约的患者。", revision=application.revision)


def test_resubmission_needs_the_correction(cast: Cast) -> None:
    application = make_submitted(cast)
    first = decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    with pytest.raises(Blocked) as blocked:
        send(cast, application, NEXT_DAY)
    assert [finding.code for finding in blocked.value.findings] == ["not_corrected"]
    save_answer(
        application=application,
        part="purpose",
        value="只致电已预约的患者，提醒就诊时间。",
        revision=application.revision,
    )
    assert send(cast, application, NEXT_DAY)
    second = review_of(application)
    assert (second.pk != first.pk, second.times_returned, second.opened_at) == (True, 1, NEXT_DAY)
    application.refresh_from_db()
    assert application.submitted_answers["previous"]["purpose"] == "提醒已预约的患者按时就诊，仅限工作日白天。"


def test_number_taken_out_of_returned_application_is_draft_again(cast: Cast) -> None:
    numbers = draft_numbers(cast)
    application = make_submitted(cast, numbers)
    item = purpose_item()
    item.item, item.item_id, item.item_name = "number", numbers[0].pk, "199****0001"
    decided(cast, application, Decision.RETURNED, items=[item])
    gone = PhoneNumber.objects.filter(pk=numbers[0].pk)
    assert remove_numbers(application=application, numbers=gone, actor=Actor.person(cast.operator), now=NEXT_DAY) == 1
    numbers[0].refresh_from_db()
    numbers[1].refresh_from_db()
    assert (numbers[0].lifecycle, numbers[1].lifecycle) == (Lifecycle.DRAFT, Lifecycle.RETURNED)
    assert send(cast, application, NEXT_DAY)


def test_locked_number_cannot_become_certified(cast: Cast) -> None:
    numbers = draft_numbers(cast)
    application = make_submitted(cast, numbers)
    Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(locks=True),
        scope="number",
        number=numbers[0],
        opened_at=NOW,
        held_since=NOW,
        suspends_display=True,
        locks=True,
        created_at=NOW,
    )
    with pytest.raises(DecisionRefused) as refused:
        decided(cast, application, Decision.APPROVED)
    masked = f"{numbers[0].number[3:6]}****{numbers[0].number[-4:]}"
    assert masked in refused.value.message
    assert numbers[0].number not in refused.value.message
    application.refresh_from_db()
    assert (application.state, lifecycles(application)) == ("in_review", {Lifecycle.IN_REVIEW})
    assert review_of(application).state == ReviewState.OPEN


def test_approval_waits_for_documents(cast: Cast) -> None:
    application = make_draft(cast)
    newer = make_material(cast.clinic, "business_licence", by=cast.owner, state=MaterialState.SUBMITTED)
    Material.objects.filter(kind=newer.kind).exclude(pk=newer.pk).delete()
    send(cast, application)
    with pytest.raises(DecisionRefused):
        decided(cast, application, Decision.APPROVED)


def test_missing_material_that_holds_makes_application_wait(cast: Cast) -> None:
    cast.clinic.industry = cast.clinic.industry.__class__.objects.get(code="telemarketing")
    cast.clinic.save()
    application = make_submitted(cast)
    assert application.state == ApplicationState.PENDING_MAINTENANCE
    assert lifecycles(application) == {Lifecycle.PENDING_MAINTENANCE}
    assert application.waits_for is not None
    assert application.waits_for.kind.code == "complaint_handling_process"
    assert review_of(application).pauses.filter(ended_at__isnull=True).count() == 1


def test_draft_is_made_once_per_form(cast: Cast) -> None:
    key = uuid.uuid4()
    made = [
        create_draft(
            company=cast.clinic,
            kind=ApplicationKind.NEW,
            numbers=PhoneNumber.objects.none(),
            creation_key=key,
            by=cast.operator,
            actor=Actor.person(cast.operator),
            now=NOW,
        )
        for _ in range(2)
    ]
    assert made[0].pk == made[1].pk
    with pytest.raises(NotEditable):
        create_draft(
            company=cast.shop,
            kind=ApplicationKind.NEW,
            numbers=PhoneNumber.objects.none(),
            creation_key=key,
            by=cast.stranger,
            actor=Actor.person(cast.stranger),
            now=NOW,
        )


def test_draft_takes_own_eligible_numbers_only(cast: Cast) -> None:
    application = make_draft(cast, [])
    make_number(cast.shop, lifecycle=Lifecycle.DRAFT)
    mine = draft_numbers(cast, 3)
    added = add_numbers(application=application, numbers=PhoneNumber.objects.all(), now=NOW)
    assert added == 3
    assert set(application.items.values_list("number", flat=True)) == {number.pk for number in mine}


def test_draft_refuses_more_than_it_can_hold(cast: Cast, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("certification.applications.drafts.MOST_NUMBERS", 2)
    application = make_draft(cast, [])
    draft_numbers(cast, 3)
    with pytest.raises(TooManyNumbers):
        add_numbers(application=application, numbers=PhoneNumber.objects.all(), now=NOW)
    assert application.items.count() == 0


def test_second_tab_does_not_overwrite(cast: Cast) -> None:
    application = make_draft(cast)
    opened = application.revision
    save_answer(application=application, part="purpose", value="第一个标签页的内容", revision=opened)
    with pytest.raises(DraftChanged) as changed:
        save_answer(application=application, part="purpose", value="第二个标签页的内容", revision=opened)
    assert changed.value.current.purpose == "第一个标签页的内容"
    save_answer(
        application=application, part="purpose", value="第二个标签页的内容", revision=changed.value.current.revision
    )
    application.refresh_from_db()
    assert application.purpose == "第二个标签页的内容"


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_submitted_by_many_at_once_is_one(cast: Cast) -> None:
    """R4: a double click, and two people who press the button at the same moment."""
    application = make_draft(cast)
    outcomes: list[bool] = []

    def press() -> None:
        try:
            outcomes.append(send(cast, Application.objects.get(pk=application.pk)))
        finally:
            connection.close()

    threads = [threading.Thread(target=press) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == [False] * 5 + [True]
    assert Review.objects.filter(subject="application").count() == 1


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_overlapping_applications_at_once_leave_one(cast: Cast) -> None:
    numbers = draft_numbers(cast, 4)
    prove_numbers(cast, numbers)
    drafts = [make_draft(cast, chosen, proven=False) for chosen in (numbers, numbers[::-1], numbers[1:], numbers[:3])]
    outcomes: list[str] = []

    def press(pk: int) -> None:
        try:
            send(cast, Application.objects.get(pk=pk))
            outcomes.append("sent")
        except (Blocked, NumberTaken):
            outcomes.append("refused")
        finally:
            connection.close()

    threads = [threading.Thread(target=press, args=[draft.pk]) for draft in drafts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(outcomes) == ["refused", "refused", "refused", "sent"]
    held = ApplicationNumber.objects.filter(is_active=True)
    assert held.values("application").distinct().count() == 1


def test_claimed_moves_to_review(cast: Cast) -> None:
    application = make_submitted(cast)
    claimed(cast, application)
    application.refresh_from_db()
    assert (application.state, lifecycles(application)) == ("in_review", {Lifecycle.IN_REVIEW})


def test_rejection_lets_numbers_apply_again(cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.REJECTED)
    assert (application.state, lifecycles(application)) == ("rejected", {Lifecycle.REJECTED})
    again = make_draft(
        cast, list(PhoneNumber.objects.filter(applications__application=application)), proven=False, now=NEXT_DAY
    )
    assert send(cast, again, NEXT_DAY)


def test_other_company_is_untouched(cast: Cast) -> None:
    other = make_company("另一家", industry="medical")
    make_number(other, lifecycle=Lifecycle.DRAFT)
    make_submitted(cast)
    assert PhoneNumber.objects.get(company=other).lifecycle == Lifecycle.DRAFT
