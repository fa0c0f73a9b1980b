"""The case page: what stands on it, the checklist that is kept, panels of other apps, and the viewer."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator

import pytest
import time_machine
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.journal import Actor
from certification.applications.drafts import save_answer
from certification.applications.submission import submit
from certification.materials.models import Material, MaterialFile, MaterialNumber, MaterialState
from certification.reviews import desk
from certification.reviews.company_history import decisions_on_numbers, history_of_company
from certification.reviews.models import Decision, Review, ReviewKind, ReviewState, ReviewTick
from certification.reviews.panels import PANELS, CasePanel, register_panel
from certification.reviews.ticks import keep_ticks
from tests.cast import NOW, Cast, make_material
from tests.certification.applications.making import (
    LATER,
    NEXT_DAY,
    claimed,
    decided,
    draft_numbers,
    make_submitted,
    purpose_item,
    review_of,
)

ENGLISH = {"Accept-Language": "en"}


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    with time_machine.travel(LATER, tick=False):
        yield


def case_url(review: Review) -> str:
    return reverse("reviews:case", args=[review.ref])


def ticks_url(review: Review) -> str:
    return reverse("reviews:ticks", args=[review.ref])


def add_file(material: Material, *, pages: int = 3) -> MaterialFile:
    file = MaterialFile.objects.create(
        material=material,
        storage_name=f"materials/{material.pk}.pdf",
        original_name="licence.pdf",
        content_type="application/pdf",
        size=1,
        sha256=f"{material.pk:064d}",
        pages=pages,
    )
    file.refresh_from_db()
    return file


# --- The checklist ---------------------------------------------------------------------------------------------------


def test_ticks_are_kept_and_come_back(client: Client, cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    client.force_login(cast.reviewer)
    answer = client.post(ticks_url(review), {"check": ["names_agree", "purpose_fits", "unknown"]})
    assert answer["Location"] == f"{case_url(review)}#checklist"
    text = client.get(case_url(review)).content.decode()
    assert re.findall(r'value="(\w+)" id="check-\w+" checked', text) == ["names_agree", "purpose_fits"]
    assert (
        client.post(ticks_url(review), {"check": ["purpose_fits"]}, headers={"HX-Request": "true"}).status_code == 204
    )
    assert list(review.ticks.values_list("code", flat=True)) == ["purpose_fits"]


def test_tick_keeps_its_first_moment(cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    keep_ticks(review=review, reviewer=cast.reviewer, codes=["names_agree"], now=LATER)
    keep_ticks(review=review, reviewer=cast.reviewer, codes=["names_agree", "purpose_fits"], now=NEXT_DAY)
    assert dict(review.ticks.values_list("code", "at")) == {"names_agree": LATER, "purpose_fits": NEXT_DAY}


def test_ticking_is_activity_of_the_claim(cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    keep_ticks(review=review, reviewer=cast.reviewer, codes=[], now=LATER + dt.timedelta(minutes=20))
    review.refresh_from_db()
    assert review.claim_active_at == LATER + dt.timedelta(minutes=20)


def test_other_holder_begins_with_an_empty_list(client: Client, cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    keep_ticks(review=review, reviewer=cast.reviewer, codes=["names_agree"], now=LATER)
    actor = Actor.person(cast.lead)
    desk.reassign(review=review, to=cast.second_reviewer, actor=actor, now=LATER)
    client.force_login(cast.second_reviewer)
    assert " checked" not in client.get(case_url(review)).content.decode()
    client.force_login(cast.reviewer)
    late = client.post(ticks_url(review), {"check": ["purpose_fits"]}, headers=ENGLISH)
    assert late.status_code == 409
    assert f"{cast.second_reviewer} holds this case now" in late.content.decode()


def test_ticks_of_who_decided_stay_as_internal_record(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    review = claimed(cast, application)
    keep_ticks(review=review, reviewer=cast.reviewer, codes=["names_agree"], now=LATER)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    client.force_login(cast.auditor)
    text = client.get(case_url(review), headers=ENGLISH).content.decode()
    assert "What reviewer ticked before deciding:" in text
    assert text.count("check-ok") == 1
    client.force_login(cast.reviewer)
    assert client.post(ticks_url(review), {"check": []}).status_code == 409
    assert ReviewTick.objects.count() == 1


@pytest.mark.parametrize(("name", "status"), [("auditor", 403), ("operations", 403), ("owner", 404)])
def test_only_reviewers_tick(client: Client, cast: Cast, name: str, status: int) -> None:
    review = claimed(cast, make_submitted(cast))
    client.force_login(getattr(cast, name))
    assert client.post(ticks_url(review), {"check": ["names_agree"]}).status_code == status


# --- What stands on the page -----------------------------------------------------------------------------------------


def test_holder_sees_what_an_approval_says_before_deciding(client: Client, cast: Cast) -> None:
    review = claimed(cast, make_submitted(cast))
    client.force_login(cast.reviewer)
    text = client.get(case_url(review)).content.decode()
    assert "Everything was in order." in text
    client.force_login(cast.second_reviewer)
    assert "Everything was in order." not in client.get(case_url(review)).content.decode()


def test_company_history_counts_numbers_and_decisions(cast: Cast) -> None:
    decided(cast, make_submitted(cast), Decision.RETURNED, items=[purpose_item()])
    make_submitted(cast)
    history = history_of_company(cast.clinic, now=LATER)
    assert history.decisions == {"approved": 0, "returned": 1, "rejected": 0, "partly": 0}
    assert (history.waiting, history.count) == (1, 9)
    assert ("已认证", 5) in history.numbers or ("Certified", 5) in history.numbers


def test_earlier_decisions_on_the_same_numbers_are_found(cast: Cast) -> None:
    shared, other = draft_numbers(cast, 2), draft_numbers(cast, 2)
    first = make_submitted(cast, shared)
    rejected = decided(cast, first, Decision.REJECTED)
    decided(cast, make_submitted(cast, other), Decision.REJECTED)
    again = review_of(make_submitted(cast, [shared[0]]))
    assert decisions_on_numbers(again) == [rejected]


def test_earlier_decisions_on_proofs_of_the_same_numbers_are_found(cast: Cast) -> None:
    numbers = draft_numbers(cast, 2)
    proof = make_material(cast.clinic, "number_ownership", by=cast.operator, state=MaterialState.REJECTED)
    MaterialNumber.objects.create(material=proof, number=numbers[0])
    earlier = desk.open_review(
        kind=ReviewKind.MATERIAL, company=cast.clinic, subject="material", subject_id=proof.pk,
        submitted_by_id=cast.operator.pk, actor=Actor.person(cast.operator), now=NOW,
    )  # fmt: skip
    Review.objects.filter(pk=earlier.pk).update(
        state=ReviewState.DECIDED,
        decision=Decision.REJECTED,
        decided_by=cast.reviewer,
        decided_at=NOW,
        decision_text="x",
    )
    assert decisions_on_numbers(review_of(make_submitted(cast, [numbers[0]]))) == [earlier]
    assert decisions_on_numbers(review_of(make_submitted(cast, [numbers[1]]))) == []


def test_returned_application_shows_before_and_now(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    save_answer(
        application=application, part="purpose", value="通知复诊时间，仅限工作日。", revision=application.revision
    )
    application.refresh_from_db()
    submit(application=application, by=cast.operator, actor=Actor.person(cast.operator), now=NEXT_DAY)
    client.force_login(cast.reviewer)
    text = client.get(case_url(review_of(application))).content.decode()
    assert "<del>提醒已预约的患者按时就诊，仅限工作日白天。</del>" in text
    assert "<ins>通知复诊时间，仅限工作日。</ins>" in text
    assert "请写明致电对象" in text


def test_other_apps_add_panels(client: Client, cast: Cast) -> None:
    review = review_of(make_submitted(cast))

    def build(shown: Review, now: dt.datetime) -> CasePanel | None:
        if shown.pk != review.pk:
            return None
        return CasePanel("投诉", "reviews/_said.html", {"now": now})

    register_panel("sample", build)
    try:
        client.force_login(cast.reviewer)
        assert '<h2 class="panel-title">投诉</h2>' in client.get(case_url(review)).content.decode()
        other = review_of(make_submitted(cast))
        assert '<h2 class="panel-title">投诉</h2>' not in client.get(case_url(other)).content.decode()
    finally:
        del PANELS["sample"]


# --- The viewer ------------------------------------------------------------------------------------------------------


def material_case(cast: Cast) -> tuple[Review, MaterialFile]:
    """An open case about a document of three pages."""
    material = Material.objects.filter(company=cast.clinic, kind__code="business_licence").latest("pk")
    file = add_file(material)
    review = Review.objects.create(
        kind="material",
        company=cast.clinic,
        subject="material",
        subject_id=material.pk,
        submitted_by=cast.owner,
        opened_at=NOW,
        due_from=NOW,
        due_at=NOW + dt.timedelta(days=5),
    )
    review.refresh_from_db()
    return review, file


def test_viewer_works_by_links(client: Client, cast: Cast) -> None:
    review, file = material_case(cast)
    client.force_login(cast.reviewer)
    text = client.get(f"{case_url(review)}?page=2&zoom=150&turn=90", headers=ENGLISH).content.decode()
    assert f'src="/materials/files/{file.ref}/pages/2/?turn=90"' in text
    assert "Page 2 of 3" in text
    assert 'data-zoom="150"' in text


def test_script_gets_the_viewer_alone(client: Client, cast: Cast) -> None:
    review, _file = material_case(cast)
    client.force_login(cast.reviewer)
    part = client.get(case_url(review), headers={"HX-Request": "true", "HX-Target": "documents"})
    text = part.content.decode()
    assert text.lstrip().startswith('<section class="documents')
    assert "<html" not in text
    assert "HX-Target" in part["Vary"]
    assert "<html" in client.get(case_url(review)).content.decode()


def test_documents_are_closed_to_operations(client: Client, cast: Cast) -> None:
    review, file = material_case(cast)
    client.force_login(cast.operations)
    text = client.get(case_url(review), headers=ENGLISH).content.decode()
    assert file.ref not in text
    assert "Documents are open to those who judge them" in text


def test_case_costs_the_same_for_any_number_of_files_and_decisions(client: Client, cast: Cast) -> None:
    review, file = material_case(cast)
    client.force_login(cast.reviewer)
    counts = []
    for count in (1, 3, 50):
        for place in range(count):
            MaterialFile.objects.create(
                material=file.material,
                storage_name=f"materials/more-{count}-{place}.pdf",
                original_name="page.pdf",
                content_type="application/pdf",
                size=1,
                sha256="1" * 64,
            )
        with CaptureQueriesContext(connection) as captured:
            client.get(case_url(review))
        counts.append(len(captured))
    assert len(set(counts)) == 1
