"""The pages of numbers: the list and its filters, one number, adding, changing, ending, revealing, exporting."""

from __future__ import annotations

import datetime as dt
import io
import re
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django_q.models import OrmQ

from accounts.journal import JournalEntry
from certification.numbers.exports import job
from certification.numbers.imports.sheets import Layout, rows_of
from certification.numbers.models import (
    ImportState,
    Lifecycle,
    NumberExport,
    NumberGroup,
    NumberImport,
    PhoneNumber,
    Provider,
)
from tests.cast import NOW, Cast, make_number
from tests.certification.numbers.sheets import csv_bytes, upload

LIST = reverse("numbers:list")


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    return tmp_path


@pytest.fixture
def owner(client: Client, cast: Cast) -> Client:
    client.force_login(cast.owner)
    return client


def listed(client: Client, query: str = "") -> list[str]:
    response = client.get(LIST + query)
    assert response.status_code == 200
    return [number.number for number, _facts in response.context["page"].rows]


def numbers(cast: Cast, count: int, **fields: Any) -> list[PhoneNumber]:
    return [make_number(cast.clinic, **fields) for _turn in range(count)]


def content_of(response: Any) -> bytes:
    """The whole of a file that was sent in pieces."""
    return b"".join(response.streaming_content)


# --- List ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 50])
def test_list_takes_the_same_few_queries_however_long_it_is(owner: Client, cast: Cast, count: int):
    PhoneNumber.objects.all().delete()
    numbers(cast, count)
    owner.get(LIST)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert len(listed(owner)) == count
    assert len(queries) <= 12
    with CaptureQueriesContext(connection) as one:
        owner.get(LIST + "?status=certified")
    assert len(one) == len(queries)


def test_list_shows_masked_numbers_and_four_facts(owner: Client, cast: Cast):
    content = owner.get(LIST).content.decode()
    for number in cast.numbers:
        assert number.number not in content
        assert number.number.removeprefix("+86") not in content
    assert content.count('class="fact-until"') == len(cast.numbers)


def test_pages_go_forwards_and_backwards_without_gap_or_repetition(owner: Client, cast: Cast):
    numbers(cast, 118)
    whole = list(PhoneNumber.objects.filter(company=cast.clinic).order_by("pk").values_list("number", flat=True))
    first = owner.get(LIST).context["page"]
    second = owner.get(LIST + first.next_url).context["page"]
    third = owner.get(LIST + second.next_url).context["page"]
    assert [n.number for page in (first, second, third) for n in page.numbers] == whole
    assert (first.previous_url, third.next_url) == ("", "")
    assert [n.number for n in owner.get(LIST + third.previous_url).context["page"].numbers] == whole[50:100]
    assert [n.number for n in owner.get(LIST + first.last_url).context["page"].numbers] == whole[-50:]
    last = owner.get(LIST + first.last_url).context["page"]
    assert [n.number for n in owner.get(LIST + last.previous_url).context["page"].numbers] == whole[-100:-50]


@pytest.mark.parametrize("mark", ["after=000000000000", "before=zzz", "after=%00", "last=x"])
def test_unknown_mark_gives_the_first_page(owner: Client, cast: Cast, mark: str):
    assert listed(owner, f"?{mark}") == [number.number for number in cast.numbers]


def test_mark_of_another_company_gives_the_first_page(owner: Client, cast: Cast):
    other = make_number(cast.shop)
    assert len(listed(owner, f"?after={other.ref}")) == 5


def test_search_finds_any_part_of_number_or_alias(owner: Client, cast: Cast):
    landline = make_number(cast.clinic, number="+8657187123456", alias="Front Desk")
    percent = make_number(cast.clinic, number="+8619911112222", alias="100%")
    assert listed(owner, "?q=7123") == [landline.number]
    assert listed(owner, "?q=0571-8712") == [landline.number]
    assert listed(owner, "?q=front d") == [landline.number]
    assert listed(owner, "?q=%25") == [percent.number]
    assert listed(owner, "?q=_") == []
    make_number(cast.shop, number="+8657187123457")
    assert listed(owner, "?q=57187") == [landline.number]


def test_filters_narrow_by_group_provider_backup_and_status(owner: Client, cast: Cast):
    brand = NumberGroup.objects.create(company=cast.clinic, name="仁和")
    store = NumberGroup.objects.create(company=cast.clinic, name="一店", parent=brand)
    in_store = make_number(cast.clinic, group=store, provider="third_party")
    backup = make_number(cast.clinic, backup_of=in_store, lifecycle=Lifecycle.DRAFT)
    plain = [number.number for number in cast.numbers]
    assert listed(owner, f"?group={brand.ref}") == [in_store.number]
    assert listed(owner, "?group=none") == [*plain, backup.number]
    assert listed(owner, "?provider=third_party") == [in_store.number]
    assert listed(owner, "?backup=backup") == [backup.number]
    assert listed(owner, "?backup=covered") == [in_store.number]
    assert listed(owner, "?backup=uncovered") == plain
    assert listed(owner, "?status=draft") == [backup.number]
    assert listed(owner, "?status=draft&backup=covered") == []
    assert listed(owner, "?status=nonsense&backup=x&group=zz") == []


def test_counts_are_those_of_the_lists(owner: Client, cast: Cast):
    numbers(cast, 2, lifecycle=Lifecycle.DRAFT)
    numbers(cast, 1, lifecycle=Lifecycle.EXPIRED)
    response = owner.get(reverse("numbers:counts"))
    found = {tab.url.partition("status=")[2]: tab.count for tab in response.context["tabs"]}
    assert found == {"": 8, "certified": 5, "draft": 2, "expired": 1}
    for status, count in found.items():
        assert len(listed(owner, f"?status={status}")) == count
    narrowed = owner.get(reverse("numbers:counts") + "?status=draft&q=9999999999").context
    assert {tab.count for tab in narrowed["tabs"]} == {0}


def test_empty_list_leads_to_the_import_and_no_match_to_the_whole_list(owner: Client, cast: Cast):
    assert "data-href" not in owner.get(LIST + "?q=9999999").content.decode()
    assert f'href="{LIST}"' in owner.get(LIST + "?q=9999999").content.decode()
    PhoneNumber.objects.all().delete()
    assert reverse("numbers:import") in owner.get(LIST).content.decode()


def test_viewer_reads_and_changes_nothing(client: Client, cast: Cast):
    client.force_login(cast.viewer)
    number = cast.numbers[0]
    assert len(listed(client)) == 5
    assert client.get(reverse("numbers:detail", args=[number.ref])).status_code == 200
    for name in ("add", "import", "groups"):
        assert client.post(reverse(f"numbers:{name}")).status_code == 403
    for name in ("edit", "release", "withdraw"):
        assert client.post(reverse(f"numbers:{name}", args=[number.ref])).status_code == 403


def test_things_of_another_company_do_not_exist(client: Client, cast: Cast):
    client.force_login(cast.stranger)
    ref = cast.numbers[0].ref
    group = NumberGroup.objects.create(company=cast.clinic, name="一店")
    number_import = NumberImport.objects.create(
        company=cast.clinic, created_at=NOW, file_name="a.csv", provider=Provider.objects.all()[0]
    )
    export = NumberExport.objects.create(company=cast.clinic, created_by=cast.owner, created_at=NOW, file_format="csv")
    addresses = [
        *(reverse(f"numbers:{name}", args=[ref]) for name in ("detail", "edit", "release", "withdraw")),
        reverse("numbers:group_edit", args=[group.ref]),
        *(
            reverse(f"numbers:{name}", args=[number_import.ref])
            for name in ("import_detail", "import_columns", "import_progress")
        ),
        reverse("numbers:import_report", args=[number_import.ref, "csv"]),
        *(
            reverse(f"numbers:{name}", args=[export.ref])
            for name in ("export_detail", "export_progress", "export_file")
        ),
    ]
    assert {client.get(address).status_code for address in addresses} == {404}
    posts = [
        reverse("numbers:reveal", args=[ref]),
        reverse("numbers:release", args=[ref]),
        reverse("numbers:import_confirm", args=[number_import.ref]),
        reverse("numbers:import_discard", args=[number_import.ref]),
    ]
    assert {client.post(address).status_code for address in posts} == {404}
    assert not JournalEntry.objects.filter(aspect__in=["reveal", "held"]).exists()


# --- One number ----------------------------------------------------------------------------------------------------


def test_number_is_added_and_its_page_shown(owner: Client, cast: Cast):
    values = {
        "number_text": "（010）8100-0007",
        "label": "仁和",
        "alias": "前台",
        "provider": Provider.objects.get(code="official").pk,
    }
    response = owner.post(reverse("numbers:add"), values)
    number = PhoneNumber.objects.get(number="+861081000007")
    assert response["Location"] == reverse("numbers:detail", args=[number.ref])
    page = owner.get(response["Location"]).content.decode()
    assert "010****0007" in page
    assert "81000007" not in page


@pytest.mark.parametrize("text", ["29900012345", "", "=1", "19900070015转801", "taken", "own", "\x00", "9" * 5000])
def test_number_that_cannot_be_added_keeps_what_was_typed(owner: Client, cast: Cast, text: str):
    taken = {"taken": make_number(cast.shop).number, "own": cast.numbers[0].number}
    before = PhoneNumber.objects.count()
    values = {"number_text": taken.get(text, text), "alias": "前台灯", "provider": Provider.objects.all()[0].pk}
    response = owner.post(reverse("numbers:add"), values)
    assert response.status_code == 422
    assert response.context["form"].errors["number_text"]
    assert "前台灯" in response.content.decode()
    assert PhoneNumber.objects.count() == before


def test_backup_of_another_companys_number_is_refused(owner: Client, cast: Cast):
    other = make_number(cast.shop)
    values = {"number_text": "19900080001", "provider": Provider.objects.all()[0].pk, "backup_of": other.number}
    assert owner.post(reverse("numbers:add"), values).status_code == 422


def test_edit_changes_what_is_free_and_ignores_what_is_fixed(owner: Client, cast: Cast):
    number = cast.numbers[0]
    values = {
        "alias": "前台",
        "label": "别的名字",
        "provider": Provider.objects.get(code="third_party").pk,
        "lifecycle": "revoked",
    }
    response = owner.post(reverse("numbers:edit", args=[number.ref]), values)
    assert response.status_code == 302
    number.refresh_from_db()
    assert (number.alias, number.label, number.provider.code, number.lifecycle) == (
        "前台",
        "仁和门诊部",
        "official",
        "certified",
    )


def test_main_number_is_shown_masked_and_understood_as_shown(owner: Client, cast: Cast):
    main = cast.numbers[0]
    address = reverse("numbers:add") + f"?backup_of={main.ref}"
    page = owner.get(address)
    shown = page.context["form"]["backup_of"].value()
    assert "****" in shown
    assert main.number.removeprefix("+86") not in page.content.decode()
    provider = Provider.objects.all()[0].pk
    values = {"number_text": "19900080001", "provider": provider, "backup_of": shown}
    assert owner.post(reverse("numbers:add"), values).status_code == 422
    assert owner.post(address, values).status_code == 302
    added = PhoneNumber.objects.get(number="+8619900080001")
    assert added.backup_of == main
    edit = reverse("numbers:edit", args=[added.ref])
    assert owner.post(edit, {"alias": "二线", "provider": provider, "backup_of": shown}).status_code == 302
    added.refresh_from_db()
    assert (added.alias, added.backup_of) == ("二线", main)
    owner.post(edit, {"alias": "二线", "provider": provider, "backup_of": ""})
    assert PhoneNumber.objects.filter(pk=added.pk, backup_of__isnull=True).exists()


def test_group_of_another_company_cannot_be_chosen(owner: Client, cast: Cast):
    foreign = NumberGroup.objects.create(company=cast.shop, name="一店")
    response = owner.post(reverse("numbers:edit", args=[cast.numbers[0].ref]), {"alias": "", "group": foreign.pk})
    assert response.status_code == 422


def test_ending_asks_first_and_then_happens(owner: Client, cast: Cast):
    first, second = cast.numbers[:2]
    for name in ("withdraw", "release"):
        assert owner.get(reverse(f"numbers:{name}", args=[first.ref])).status_code == 200
    owner.post(reverse("numbers:withdraw", args=[first.ref]), {"reason": "搬迁"})
    owner.post(reverse("numbers:release", args=[second.ref]), {"reason": "停用"})
    first.refresh_from_db()
    second.refresh_from_db()
    assert first.lifecycle == Lifecycle.WITHDRAWN
    assert second.released_at is not None
    page = owner.get(reverse("numbers:detail", args=[second.ref]))
    assert page.status_code == 200
    assert "停用" in page.content.decode()
    assert owner.post(reverse("numbers:withdraw", args=[second.ref])).status_code in (302, 409)


def test_reveal_shows_the_number_once_and_is_journalled(client: Client, cast: Cast):
    client.force_login(cast.viewer)
    number = cast.numbers[0]
    address = reverse("numbers:reveal", args=[number.ref])
    assert client.get(address).status_code == 405
    plain = number.number.removeprefix("+86")
    shown = f"{plain[:3]} {plain[3:7]} {plain[7:]}"
    response = client.post(address)
    assert shown in response.content.decode()
    assert "no-store" in response["Cache-Control"]
    assert shown not in client.get(reverse("numbers:detail", args=[number.ref])).content.decode()
    assert JournalEntry.objects.filter(aspect="reveal", actor=cast.viewer, subject_id=number.pk).count() == 1


def test_group_page_adds_renames_and_deletes(owner: Client, cast: Cast):
    address = reverse("numbers:groups")
    assert owner.post(address, {"name": "仁和", "kind": "brand"}).status_code == 302
    assert owner.post(address, {"name": "仁和", "kind": "brand"}).status_code == 422
    group = NumberGroup.objects.get(company=cast.clinic)
    edit = reverse("numbers:group_edit", args=[group.ref])
    assert owner.post(edit, {"name": "仁和二", "kind": "brand", "parent": group.pk}).status_code == 422
    assert owner.post(edit, {"name": "仁和二", "kind": "brand"}).status_code == 302
    assert owner.post(edit, {"delete": "1"}).status_code == 302
    assert not NumberGroup.objects.filter(company=cast.clinic).exists()


# --- Import --------------------------------------------------------------------------------------------------------


def start_import(client: Client, content: bytes, name: str = "numbers.csv") -> Any:
    values = {"file": upload(content, name), "provider": Provider.objects.get(code="official").pk}
    return client.post(reverse("numbers:import"), values)


def test_import_goes_from_file_to_preview_to_queue(owner: Client, cast: Cast):
    response = start_import(owner, csv_bytes([("19900080001", "仁和", "杭州"), ("1990000", "", "")]))
    number_import = NumberImport.objects.get()
    assert response["Location"] == reverse("numbers:import_columns", args=[number_import.ref])
    columns = owner.get(response["Location"]).context["form"]
    values = {name: columns[name].value() for name in columns.fields}
    response = owner.post(response["Location"], values)
    detail = reverse("numbers:import_detail", args=[number_import.ref])
    assert response["Location"] == detail
    preview = owner.get(detail)
    assert [line.row.row for line in preview.context["rows"]] == [2, 3]
    assert [line.row.row for line in owner.get(detail + "?show=too_short").context["rows"]] == [3]
    for _turn in range(2):
        assert owner.post(reverse("numbers:import_confirm", args=[number_import.ref]))["Location"] == detail
    assert OrmQ.objects.count() == 1
    assert "hx-get" in owner.get(detail).content.decode()
    assert owner.get(reverse("numbers:import_progress", args=[number_import.ref])).status_code == 200
    NumberImport.objects.update(state=ImportState.FINISHED, finished_at=NOW)
    finished = owner.get(reverse("numbers:import_progress", args=[number_import.ref]))
    assert finished["HX-Redirect"] == detail
    report = owner.get(reverse("numbers:import_report", args=[number_import.ref, "csv"]))
    assert b"1990000" in content_of(report)


@pytest.mark.parametrize(
    ("content", "name"),
    [(b"", "a.csv"), (b"%PDF", "a.csv"), (b"x", "a.doc"), (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "a.xls")],
)
def test_bad_file_is_refused_beside_its_field(owner: Client, cast: Cast, content: bytes, name: str):
    group = NumberGroup.objects.create(company=cast.clinic, name="一店")
    provider = Provider.objects.get(code="third_party")
    response = owner.post(
        reverse("numbers:import"), {"file": upload(content, name), "provider": provider.pk, "group": group.pk}
    )
    assert response.status_code == 422
    assert response.context["form"].errors["file"]
    assert response.context["form"]["group"].value() == str(group.pk)
    assert not NumberImport.objects.exists()


def test_bad_second_file_keeps_the_first_import_and_its_columns(owner: Client, cast: Cast):
    start_import(owner, csv_bytes([("19900080001", "仁和", "杭州")]))
    number_import = NumberImport.objects.get()
    assert start_import(owner, b"%PDF").status_code == 422
    page = owner.get(reverse("numbers:import_columns", args=[number_import.ref]))
    assert page.context["form"]["number"].value() == "0"


def test_column_under_two_names_is_refused(owner: Client, cast: Cast):
    start_import(owner, csv_bytes([("19900080001", "仁和", "杭州")]))
    address = reverse("numbers:import_columns", args=[NumberImport.objects.get().ref])
    assert owner.post(address, {"number": "0", "label": "0"}).status_code == 422
    assert owner.post(address, {"label": "1"}).status_code == 422
    assert owner.post(address, {"number": "99"}).status_code == 422


def test_discarded_import_says_so(owner: Client, cast: Cast):
    start_import(owner, csv_bytes([("19900080001", "仁和", "杭州")]))
    ref = NumberImport.objects.get().ref
    assert owner.post(reverse("numbers:import_discard", args=[ref])).status_code == 302
    assert owner.get(reverse("numbers:import_detail", args=[ref])).status_code == 200


# --- Export --------------------------------------------------------------------------------------------------------


def exported(client: Client, query: str = "", file_format: str = "xlsx") -> list[list[Any]]:
    response = client.post(reverse("numbers:export") + query, {"file_format": file_format})
    assert response.status_code == 200
    content = io.BytesIO(content_of(response))
    layout = Layout("xlsx") if file_format == "xlsx" else Layout("csv", "utf-8", ",")
    return [cells for _number, cells in rows_of(content, layout)]


@pytest.mark.parametrize("file_format", ["xlsx", "csv"])
def test_export_holds_what_the_list_holds(owner: Client, cast: Cast, file_format: str):
    group = NumberGroup.objects.create(company=cast.clinic, name="=cmd|x")
    make_number(cast.clinic, number="+8657187123456", alias="=1+1", label="@x", group=group, lifecycle=Lifecycle.DRAFT)
    make_number(cast.clinic, number="+16502530000", kind="foreign", lifecycle=Lifecycle.DRAFT)
    cells = exported(owner, "?status=draft", file_format)
    assert len(cells) == 3
    assert cells[1][0] == "0571-87123456"
    assert cells[1][1:3] == ["'@x", "'=1+1"]
    assert cells[2][0].lstrip("'") == "+16502530000"
    dangerous = [cell for row in cells for cell in row if str(cell).startswith(("=", "@", "\t", "-"))]
    assert dangerous == []
    assert len(exported(owner, "", file_format)) == 8
    assert JournalEntry.objects.filter(aspect="export", actor=cast.owner).count() == 2


def test_long_export_is_written_by_the_queue_and_fetched_by_its_person_only(
    owner: Client, cast: Cast, monkeypatch: pytest.MonkeyPatch, files: Path
):
    monkeypatch.setattr(job, "AT_ONCE", 3)
    for _turn in range(2):  # a double click is one export
        response = owner.post(reverse("numbers:export"), {"file_format": "csv"})
    export = NumberExport.objects.get()
    assert OrmQ.objects.count() == 1
    assert response["Location"] == reverse("numbers:export_detail", args=[export.ref])
    assert "hx-get" in owner.get(response["Location"]).content.decode()
    assert job.run(export_id=export.pk, now=NOW) == {"rows": 5}
    assert job.run(export_id=export.pk, now=NOW) == {"rows": 0}
    file_url = reverse("numbers:export_file", args=[export.ref])
    assert file_url in owner.get(response["Location"]).content.decode()
    assert len(content_of(owner.get(file_url)).splitlines()) == 6
    colleague = Client()
    colleague.force_login(cast.admin)
    assert colleague.get(file_url).status_code == 404
    export.refresh_from_db()
    assert export.fetched_at is not None
    assert job.sweep(now=export.fetched_at + dt.timedelta(minutes=14))["removed"] == 0
    assert job.sweep(now=export.fetched_at + dt.timedelta(minutes=16))["removed"] == 1
    assert [path for path in files.rglob("*") if path.is_file()] == []
    assert owner.get(file_url).status_code == 302
    assert JournalEntry.objects.filter(aspect="export_fetched").count() == 1


def test_lost_export_is_started_again(cast: Cast):
    export = NumberExport.objects.create(
        company=cast.clinic, created_by=cast.owner, created_at=NOW, progress_at=NOW, file_format="csv", language="en"
    )
    assert job.sweep(now=NOW + dt.timedelta(minutes=1))["started"] == 0
    assert job.sweep(now=NOW + dt.timedelta(minutes=3))["started"] == 1
    assert job.sweep(now=NOW + dt.timedelta(days=2))["failed"] == 1
    export.refresh_from_db()
    assert export.failed_at is not None


@pytest.mark.parametrize("name", ["list", "add", "groups", "import", "export"])
@pytest.mark.parametrize("language", ["zh-hans", "en"])
def test_page_is_whole_in_both_languages(owner: Client, cast: Cast, name: str, language: str):
    content = owner.get(reverse(f"numbers:{name}"), headers={"Accept-Language": language}).content.decode()
    main = re.sub(r"<[^>]+>|&\w+;", " ", content[content.index("<main") : content.index("</main>")])
    words = set(re.findall(r"[A-Za-z]{3,}", main)) - {"xlsx", "csv", "Excel", "CSV", "UTF"}
    assert (words == set()) == (language == "zh-hans")
