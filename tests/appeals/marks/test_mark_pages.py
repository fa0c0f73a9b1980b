"""The pages about marks: what stands, one mark with its history, reporting with a screenshot, settling a report."""

from __future__ import annotations

import datetime as dt
import uuid
from pathlib import Path

import pytest
from django.core.files.storage import FileSystemStorage
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.journal import Actor, ActorKind
from accounts.notices import Notice
from accounts.users import User
from appeals.categories import Category
from appeals.marks.marks import Sighting, observe
from appeals.marks.models import Mark, MarkScreenshot, MarkSighting, Origin
from appeals.platforms import Platform
from certification.materials import store
from certification.materials.models import StagedFile
from certification.numbers.shapes import mask_number
from tests.cast import Cast, make_number
from tests.certification.materials import papers
from tests.invariants import assert_invariants

DAY = dt.timedelta(days=1)
LIST = "/marks/"


@pytest.fixture(autouse=True)
def files(settings, tmp_path: Path) -> Path:
    """A store of its own for each test."""
    folder = tmp_path / "files"
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": f"{FileSystemStorage.__module__}.FileSystemStorage", "OPTIONS": {"location": str(folder)}},
    }  # fmt: skip
    return folder


def visitor(user: User, language: str = "en") -> Client:
    client = Client(headers={"accept-language": language})
    client.force_login(user)
    return client


def seen(number, code: str = "360", days: float = 3, *, is_clearance: bool = False, origin=Origin.PLATFORM) -> None:
    now = timezone.now()
    said = Sighting(
        uuid.uuid4().hex, number.pk, Platform.objects.get(code=code).pk, now - days * DAY, Category.FRAUD, 120,
        is_clearance=is_clearance,
    )  # fmt: skip
    observe(sightings=[said], source="feed", origin=origin, actor=Actor(ActorKind.SOURCE), now=now)


def form(cast: Cast, **fields: object) -> dict[str, object]:
    values: dict[str, object] = {
        "number_text": cast.numbers[0].number,
        "platform": Platform.objects.get(code="baidu").pk,
        "label": "advertising",
        "people": "27",
        "seen_on": cast.clinic.today(timezone.now()).isoformat(),
        "submission": str(uuid.uuid4()),
    }
    return {**values, **fields}


def test_list_says_what_stands_and_narrows_by_platform(cast):
    seen(cast.numbers[0])
    seen(cast.numbers[0], "baidu")
    seen(cast.numbers[1], "baidu")
    seen(cast.numbers[2], "tencent", 9)
    seen(cast.numbers[2], "tencent", 2, is_clearance=True)
    seen(make_number(cast.shop))
    client = visitor(cast.viewer)
    page = client.get(LIST).content.decode()
    assert "2 platforms mark numbers of yours (2 in all)." in page
    assert [tab.count for tab in client.get(LIST).context["tabs"]] == [3, 1, 2, 1]
    assert len(client.get(f"{LIST}?platform=baidu").context["rows"]) == 2
    assert len(client.get(f"{LIST}?state=cleared").context["rows"]) == 1
    assert cast.numbers[0].number not in page


def test_list_without_marks_and_without_matches_says_so(cast):
    client = visitor(cast.owner)
    assert "As far as we know, no platform marks a number of yours." in client.get(LIST).content.decode()
    seen(cast.numbers[0])
    assert "Clear filters" in client.get(f"{LIST}?platform=sogou").content.decode()


@pytest.mark.parametrize("count", [1, 3, 50])
def test_list_takes_the_same_queries_for_any_number_of_marks(cast, count, django_assert_num_queries):
    for _ in range(count):
        seen(make_number(cast.clinic))
    client = visitor(cast.owner)
    client.get(LIST)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(LIST).status_code == 200
    assert len(queries) <= 12
    assert len([query for query in queries if "appeals_mark" in query["sql"]]) == 3


def test_mark_that_came_back_shows_its_earlier_clearance(cast):
    seen(cast.numbers[0], days=30)
    seen(cast.numbers[0], days=20, is_clearance=True)
    seen(cast.numbers[0], days=2)
    mark = Mark.objects.get()
    page = visitor(cast.owner).get(reverse("marks:detail", args=[mark.ref])).content.decode()
    assert "Came back" in page
    assert "Cleared before, on" in page
    assert page.count("Seen: Fraud, by 120 people") == 2


def test_report_with_a_screenshot_is_an_assertion_until_staff_confirm_it(cast):
    client = visitor(cast.operator)
    sent = form(cast, documents=papers.upload("screen.png", papers.picture("PNG")))
    answer = client.post(reverse("marks:report"), sent)
    mark = Mark.objects.get()
    assert answer["Location"] == reverse("marks:detail", args=[mark.ref])
    assert (mark.is_confirmed, mark.people, mark.company) == (False, 27, cast.clinic)
    picture = MarkScreenshot.objects.get()
    shown = client.get(reverse("marks:screenshot", args=[picture.ref]))
    assert (shown.status_code, shown["Content-Type"]) == (200, "image/png")
    assert StagedFile.objects.count() == 0
    # The same form once more, as by a second click.
    again = client.post(
        reverse("marks:report"), {**sent, "documents": papers.upload("screen.png", papers.picture("PNG"))}
    )
    assert again["Location"] == answer["Location"]
    assert (MarkSighting.objects.count(), MarkScreenshot.objects.count()) == (1, 1)

    staff = visitor(cast.reviewer)
    assert "1 mark was reported by a company" in staff.get(reverse("marks:staff_list")).content.decode()
    staff.post(reverse("marks:staff_confirm", args=[mark.ref]))
    staff.post(reverse("marks:staff_confirm", args=[mark.ref]))
    mark.refresh_from_db()
    assert (mark.is_confirmed, mark.sightings.count()) == (True, 2)
    told = Notice.objects.filter(kind="mark_settled")
    assert {notice.recipient for notice in told} == {cast.owner, cast.admin, cast.operator}
    assert_invariants()


def test_stored_screenshot_is_not_swept(cast, files: Path):
    visitor(cast.operator).post(
        reverse("marks:report"), form(cast, documents=papers.upload("screen.png", papers.picture("PNG")))
    )
    assert MarkScreenshot.objects.count() == 1
    assert store.sweep(now=timezone.now() + 3 * DAY) == {"unused": 0, "orphans": 0}
    assert len([path for path in files.rglob("*") if path.is_file()]) == 1


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("screen.png", b""),
        ("screen.png", b"MZ\x90\x00 a program"),
        ("screen.png", b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"),
        ("screen.png", papers.archive()),
        ("screen.png", papers.picture("PNG")[:-40]),
        ("screen.png", papers.pixel_bomb()),
        ("screen.exe", papers.picture("PNG")),
        ("screen.pdf", papers.object_bomb()),
    ],
    ids=["empty", "program", "drawing", "archive", "truncated", "pixel bomb", "renamed", "pdf bomb"],
)
def test_hostile_screenshot_is_refused_and_nothing_is_kept(cast, files: Path, name: str, content: bytes):
    answer = visitor(cast.operator).post(
        reverse("marks:report"), form(cast, documents=SimpleUploadedFile(name, content))
    )
    assert (answer.status_code, "documents" in answer.context["form"].errors) == (422, True)
    assert not MarkSighting.objects.exists()
    assert not StagedFile.objects.exists()
    assert [path for path in files.rglob("*") if path.is_file()] == []


def test_report_that_is_refused_keeps_everything(cast):
    client = visitor(cast.operator)
    wrong = form(
        cast,
        number_text="13900000000",
        seen_on="2999-01-01",
        documents=papers.upload("screen.png", papers.picture("PNG")),
    )
    answer = client.post(reverse("marks:report"), wrong)
    page = answer.content.decode()
    assert answer.status_code == 422
    assert "This number is not in your list." in page
    assert "This day is in the future." in page
    assert 'value="13900000000"' in page
    assert "screen.png" in page
    kept = StagedFile.objects.get()
    right = form(cast, staged=kept.ref)
    assert client.post(reverse("marks:report"), right).status_code == 302
    assert MarkScreenshot.objects.get().original_name == "screen.png"


def test_report_without_a_screenshot_is_refused(cast):
    answer = visitor(cast.operator).post(reverse("marks:report"), form(cast))
    assert answer.status_code == 422
    assert "Choose a screenshot on which the mark can be seen." in answer.content.decode()
    assert Mark.objects.count() == 0


def test_number_that_the_form_was_opened_for_is_understood_masked(cast):
    number = cast.numbers[1]
    number.refresh_from_db()
    client = visitor(cast.operator)
    address = f"{reverse('marks:report')}?number={number.ref}"
    assert mask_number(number.number) in client.get(address).content.decode()
    sent = form(
        cast, number_text=mask_number(number.number), documents=papers.upload("screen.png", papers.picture("PNG"))
    )
    client.post(address, sent)
    assert Mark.objects.get().number == number
    assert visitor(cast.stranger).get(address).status_code == 404


def test_refused_report_is_laid_aside_with_its_reason(cast):
    seen(cast.numbers[0], origin=Origin.COMPANY)
    mark = Mark.objects.get()
    staff = visitor(cast.reviewer)
    refuse = reverse("marks:staff_refuse", args=[mark.ref])
    assert staff.post(refuse, {"reason": ""}).status_code == 422
    staff.post(refuse, {"reason": "The screenshot shows another number."})
    mark.refresh_from_db()
    assert mark.is_open is False
    notice = Notice.objects.filter(kind="mark_settled").first()
    assert notice is not None
    assert notice.context["reason"] == "The screenshot shows another number."
    assert staff.post(refuse, {"reason": "again"}).status_code == 302
    assert mark.sightings.count() == 2


def test_staff_record_what_they_see_and_what_is_gone(cast):
    staff = visitor(cast.reviewer)
    record = reverse("marks:staff_record")
    sent = form(cast, what="seen", people="")
    assert staff.post(record, sent).status_code == 302
    mark = Mark.objects.get()
    assert (mark.is_confirmed, mark.label, mark.people) == (True, "advertising", None)
    staff.post(record, sent)
    assert mark.sightings.count() == 1
    assert staff.post(record, form(cast, what="seen", label="")).status_code == 422
    assert staff.post(record, form(cast, what="cleared", label="", people="")).status_code == 302
    mark.refresh_from_db()
    assert mark.is_open is False
    assert visitor(cast.auditor).get(record).status_code == 403


def test_screenshot_of_another_company_does_not_exist(cast):
    visitor(cast.operator).post(
        reverse("marks:report"), form(cast, documents=papers.upload("screen.png", papers.picture("PNG")))
    )
    address = reverse("marks:screenshot", args=[MarkScreenshot.objects.get().ref])
    assert visitor(cast.stranger).get(address).status_code == 404
    assert visitor(cast.operations).get(address).status_code == 404
    assert visitor(cast.reviewer).get(address).status_code == 200


def test_list_of_numbers_says_beside_the_status_where_a_number_is_marked(cast):
    seen(cast.numbers[0])
    seen(cast.numbers[0], "baidu")
    seen(cast.numbers[1], "baidu")
    seen(cast.numbers[2], "baidu", 5)
    seen(cast.numbers[2], "baidu", 1, is_clearance=True)
    page = visitor(cast.viewer).get("/numbers/").content.decode()
    assert (page.count("Marked on 2 platforms."), page.count("Marked on 1 platform.")) == (1, 1)
