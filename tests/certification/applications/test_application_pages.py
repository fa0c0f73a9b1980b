"""The company's pages: what each shows, what it refuses, and how many queries it takes."""

from __future__ import annotations

import re
import uuid
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from certification.applications.models import Application, ApplicationKind, ApplicationState
from certification.materials.models import MaterialNumber
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.reviews.models import Decision
from tests.cast import Cast, make_material, make_number
from tests.certification.applications.making import (
    decided,
    draft_numbers,
    make_draft,
    make_submitted,
    purpose_item,
)

if TYPE_CHECKING:
    from django.test import Client


def step_url(application: Application, step: str) -> str:
    return reverse("applications:step", args=[application.ref, step])


def test_list_puts_what_needs_company_first(client: Client, cast: Cast) -> None:
    submitted = make_submitted(cast)
    draft = make_draft(cast)
    returned = make_submitted(cast)
    decided(cast, returned, Decision.RETURNED, items=[purpose_item()])
    client.force_login(cast.viewer)
    page = client.get(reverse("applications:list"), headers={"Accept-Language": "en"})
    refs = re.findall(r'data-href="/applications/(\w+)/"', page.content.decode())
    assert refs == [returned.ref, draft.ref, submitted.ref]
    assert "2 applications need you." in page.content.decode()
    assert "New application" not in page.content.decode()  # a viewer changes nothing
    only = client.get(reverse("applications:list"), {"state": "returned"})
    assert re.findall(r'data-href="/applications/(\w+)/"', only.content.decode()) == [returned.ref]


@pytest.mark.parametrize("place", ["x", "W10", "eyJ9", "WzEsMiwzXQ", "WyJhIiwiYiIsImMiXQ"])
def test_list_takes_unreadable_place_for_first_page(client: Client, cast: Cast, place: str) -> None:
    make_draft(cast)
    client.force_login(cast.owner)
    assert client.get(reverse("applications:list"), {"after": place}).status_code == 200


def test_list_costs_the_same_for_any_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.owner)
    now = timezone.now()

    def make(count: int) -> None:
        Application.objects.bulk_create(
            Application(
                company=cast.clinic,
                kind=ApplicationKind.NEW,
                state=ApplicationState.SUBMITTED,
                state_since=now,
                created_at=now,
            )
            for _ in range(count)
        )

    client.get(reverse("applications:list"))
    make(1)
    counts = []
    for more in (0, 2, 47):
        make(more)
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("applications:list"))
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_new_makes_one_draft_on_double_click(client: Client, cast: Cast) -> None:
    number = draft_numbers(cast, 1)[0]
    client.force_login(cast.operator)
    page = client.get(reverse("applications:new"), {"number": number.ref})
    assert page.status_code == 200
    values = {"kind": "new", "creation_key": str(uuid.uuid4()), "numbers": number.ref}
    first = client.post(reverse("applications:new"), values)
    second = client.post(reverse("applications:new"), values)
    application = Application.objects.get()
    assert first["Location"] == second["Location"] == reverse("applications:edit", args=[application.ref])
    assert list(application.items.values_list("number", flat=True)) == [number.pk]


def test_new_ignores_fields_that_are_not_asked(client: Client, cast: Cast) -> None:
    """S2: owner, company, state, times cannot be written."""
    client.force_login(cast.operator)
    client.post(
        reverse("applications:new"),
        {
            "kind": "new",
            "creation_key": str(uuid.uuid4()),
            "numbers": "",
            "company": cast.shop.pk,
            "state": "approved",
            "created_by": cast.stranger.pk,
            "submitted_at": "2020-01-01",
        },
    )
    application = Application.objects.get()
    assert (application.company, application.state, application.created_by, application.submitted_at) == (
        cast.clinic,
        "draft",
        cast.operator,
        None,
    )


def test_new_refuses_unknown_kind(client: Client, cast: Cast) -> None:
    draft_numbers(cast, 1)
    client.force_login(cast.operator)
    page = client.post(reverse("applications:new"), {"kind": "gift", "creation_key": "x"})
    assert page.status_code == 422
    assert not Application.objects.exists()


@pytest.mark.parametrize("name", ["detail", "edit", "result", "withdraw", "numbers", "labels"])
def test_stranger_finds_nothing(client: Client, cast: Cast, name: str) -> None:
    application = make_draft(cast)
    client.force_login(cast.stranger)
    assert client.get(reverse(f"applications:{name}", args=[application.ref])).status_code == 404
    assert client.post(reverse(f"applications:{name}", args=[application.ref])).status_code in (404, 405)


def test_viewer_reads_and_changes_nothing(client: Client, cast: Cast) -> None:
    application = make_draft(cast)
    client.force_login(cast.viewer)
    assert client.get(reverse("applications:detail", args=[application.ref])).status_code == 200
    assert client.get(reverse("applications:edit", args=[application.ref])).status_code == 403
    assert client.post(step_url(application, "check")).status_code == 403
    application.refresh_from_db()
    assert application.state == "draft"


@pytest.mark.parametrize("step", ["applicant", "purpose", "script", "materials", "check"])
def test_steps_open(client: Client, cast: Cast, step: str) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    assert client.get(step_url(application, step)).status_code == 200


def test_answer_is_saved_and_leads_on(client: Client, cast: Cast) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    url = step_url(application, "purpose")
    saved = client.post(url, {"answer": "只致电会员。", "revision": application.revision})
    assert saved["Location"] == step_url(application, "script")
    application.refresh_from_db()
    back = client.post(f"{url}?back=check", {"answer": "只致电老会员。", "revision": application.revision})
    assert back["Location"] == step_url(application, "check")


def test_empty_answer_is_422_with_message(client: Client, cast: Cast) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    page = client.post(step_url(application, "purpose"), {"answer": "", "revision": application.revision})
    assert page.status_code == 422
    assert 'href="#id_answer"' in page.content.decode()


def test_second_tab_gets_409_with_both_texts(client: Client, cast: Cast) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    url = step_url(application, "purpose")
    client.post(url, {"answer": "第一个标签页", "revision": application.revision})
    page = client.post(url, {"answer": "第二个标签页", "revision": application.revision})
    assert page.status_code == 409
    text = page.content.decode()
    assert "第一个标签页" in text
    assert "第二个标签页" in text
    revision = re.search(r'name="revision" value="(\d+)"', text)
    assert revision is not None
    again = client.post(url, {"answer": "第二个标签页", "revision": revision.group(1)})
    assert again.status_code == 302
    application.refresh_from_db()
    assert application.purpose == "第二个标签页"


@pytest.mark.parametrize("revision", ["", "x", "-1", "99999999999999999999", "²"])
def test_odd_revision_is_no_error(client: Client, cast: Cast, revision: str) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    page = client.post(step_url(application, "purpose"), {"answer": "别的", "revision": revision})
    assert page.status_code == 409


@pytest.mark.parametrize("text", ["\x00", "a\x00b", "\u202e反", "😀" * 500, "x" * 100_000, "\ud800"])
def test_any_text_is_no_error(client: Client, cast: Cast, text: str) -> None:
    """R10, at the free text fields."""
    application = make_draft(cast)
    client.force_login(cast.operator)
    data = {"answer": text.encode("utf-8", "surrogatepass"), "revision": application.revision}
    for step in ("purpose", "script", "applicant"):
        assert client.post(step_url(application, step), data).status_code < 500
    query = f"?q={quote(text[:200].encode('utf-8', 'surrogatepass'))}"
    assert client.get(reverse("applications:numbers", args=[application.ref]) + query).status_code < 500


def test_numbers_are_added_and_taken_out(client: Client, cast: Cast) -> None:
    application = make_draft(cast, [])
    numbers = draft_numbers(cast, 3)
    client.force_login(cast.operator)
    url = reverse("applications:numbers", args=[application.ref])
    client.post(url, {"action": "add", "number": [numbers[0].ref]})
    assert application.items.count() == 1
    tail = numbers[1].number[-7:]
    client.post(f"{url}?q={tail}", {"action": "add_all"})
    assert set(application.items.values_list("number", flat=True)) == {numbers[0].pk, numbers[1].pk}
    client.post(url, {"action": "add_all"})
    assert application.items.count() == 3
    client.post(f"{url}?view=chosen&q={tail}", {"action": "remove_all"})
    client.post(f"{url}?view=chosen", {"action": "remove", "number": [numbers[0].ref]})
    assert set(application.items.values_list("number", flat=True)) == {numbers[2].pk}


def test_numbers_of_another_company_cannot_be_added(client: Client, cast: Cast) -> None:
    application = make_draft(cast, [])
    foreign = make_number(cast.shop, lifecycle=Lifecycle.DRAFT)
    client.force_login(cast.operator)
    client.post(reverse("applications:numbers", args=[application.ref]), {"action": "add", "number": [foreign.ref]})
    assert application.items.count() == 0


def test_number_of_open_application_is_shown_as_such(client: Client, cast: Cast) -> None:
    taken = draft_numbers(cast, 1)
    make_submitted(cast, taken)
    application = make_draft(cast, [])
    free = draft_numbers(cast, 1)
    client.force_login(cast.operator)
    page = client.get(
        reverse("applications:numbers", args=[application.ref]), headers={"Accept-Language": "en"}
    ).content.decode()
    assert "In another application" in page
    assert f'value="{free[0].ref}"' in page
    assert f'value="{taken[0].ref}"' not in page
    assert taken[0].number not in page  # masked


def test_numbers_cost_the_same_for_any_length(client: Client, cast: Cast) -> None:
    application = make_draft(cast, [])
    client.force_login(cast.operator)
    url = reverse("applications:numbers", args=[application.ref])
    counts = []
    for more in (1, 2, 47):
        draft_numbers(cast, more)
        with CaptureQueriesContext(connection) as captured:
            client.get(url)
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_check_refuses_blockers_with_422(client: Client, cast: Cast) -> None:
    """S3: a draft without its materials cannot be handed in."""
    application = make_draft(cast, proven=False)
    client.force_login(cast.operator)
    page = client.post(step_url(application, "check"), headers={"Accept-Language": "en"})
    assert page.status_code == 422
    text = page.content.decode()
    assert "Proof of number ownership is missing." in text
    assert "<title>Error" in text
    application.refresh_from_db()
    assert application.state == "draft"


def test_submitting_ends_on_result_that_can_be_reloaded(client: Client, cast: Cast) -> None:
    application = make_draft(cast)
    client.force_login(cast.operator)
    url = step_url(application, "check")
    sent = client.post(url)
    again = client.post(url)
    result = reverse("applications:result", args=[application.ref])
    assert sent["Location"] == again["Location"] == result
    for _ in range(2):
        page = client.get(result)
        assert page.status_code == 200
        assert application.ref in page.content.decode()
    application.refresh_from_db()
    assert application.state == "submitted"
    assert client.get(reverse("applications:edit", args=[application.ref])).status_code == 302


def test_returned_application_shows_reason_and_locks_the_rest(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    decided(cast, application, Decision.RETURNED, items=[purpose_item()])
    client.force_login(cast.operator)
    page = client.get(reverse("applications:edit", args=[application.ref]), headers={"Accept-Language": "en"})
    text = page.content.decode()
    assert "请写明致电对象" in text
    assert "1 item needs correction" in text
    locked = client.post(step_url(application, "script"), {"answer": "别的话术", "revision": application.revision})
    assert locked.status_code == 409
    assert "别的话术" in locked.content.decode()
    assert client.get(step_url(application, "script")).status_code == 302
    application.refresh_from_db()
    assert application.sample_script.startswith("您好")


def test_change_application_asks_for_names(client: Client, cast: Cast) -> None:
    application = make_draft(cast, cast.numbers[:2], kind=ApplicationKind.CHANGE)
    client.force_login(cast.operator)
    url = reverse("applications:labels", args=[application.ref])
    assert client.get(url).status_code == 200
    items = list(application.items.order_by("number_id"))
    names = {f"item-{items[0].pk}-label": "仁和门诊前台", f"item-{items[1].pk}-label": "x" * 21}
    page = client.post(url, {**names, "revision": application.revision})
    assert page.status_code == 422
    assert "仁和门诊前台" in page.content.decode()
    names[f"item-{items[1].pk}-label"] = "仁和门诊"
    assert client.post(url, {**names, "revision": application.revision}).status_code == 302
    assert set(application.items.values_list("requested_label", flat=True)) == {"仁和门诊前台", "仁和门诊"}


def test_withdraw_asks_first_and_then_shows_it(client: Client, cast: Cast) -> None:
    application = make_submitted(cast)
    client.force_login(cast.owner)
    url = reverse("applications:withdraw", args=[application.ref])
    assert client.get(url).status_code == 200
    application.refresh_from_db()
    assert application.state == "submitted"
    done = client.post(url, {"reason": "号码选错了"})
    assert done["Location"] == reverse("applications:detail", args=[application.ref])
    assert "号码选错了" not in client.get(reverse("applications:list")).content.decode()
    assert PhoneNumber.objects.filter(applications__application=application, lifecycle="draft").count() == 2


@pytest.mark.parametrize("state", list(ApplicationState))
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_detail_opens_in_every_state(client: Client, cast: Cast, state: str, language: str) -> None:
    application = make_submitted(cast)
    changes: dict[str, Any] = {"state": state}
    if state == ApplicationState.PENDING_MAINTENANCE:
        changes["waits_until"] = timezone.now()
    Application.objects.filter(pk=application.pk).update(**changes)
    client.force_login(cast.owner)
    page = client.get(reverse("applications:detail", args=[application.ref]), headers={"Accept-Language": language})
    assert page.status_code == 200
    number = PhoneNumber.objects.filter(applications__application=application).first()
    assert number is not None
    assert number.number not in page.content.decode()


def test_detail_costs_the_same_for_any_length(client: Client, cast: Cast) -> None:
    client.force_login(cast.owner)
    counts = []
    for count in (1, 3, 50):
        application = make_submitted(cast, draft_numbers(cast, count))
        with CaptureQueriesContext(connection) as captured:
            client.get(reverse("applications:detail", args=[application.ref]))
        counts.append(len(captured))
    assert len(set(counts)) == 1


def test_materials_say_which_numbers_are_not_named(client: Client, cast: Cast) -> None:
    numbers = draft_numbers(cast, 3)
    application = make_draft(cast, numbers, proven=False)
    for kind in ("number_ownership", "statement_of_use"):
        material = make_material(cast.clinic, kind, by=cast.owner)
        MaterialNumber.objects.create(material=material, number=numbers[0])
    client.force_login(cast.operator)
    page = client.get(step_url(application, "materials"), headers={"Accept-Language": "en"}).content.decode()
    assert page.count("2 numbers are not named") == 2
