"""The company's pages about materials: who sees what, what a mistake costs, what a document may do (S1, S2, S9, R10)."""

from __future__ import annotations

import datetime as dt
import io
import uuid

import pytest
from django.urls import reverse
from django.utils import timezone
from PIL import Image

from accounts.journal import JournalEntry
from certification import upload_limits
from certification.materials.models import Material, MaterialFile, MaterialKind, StagedFile
from certification.numbers.models import NumberGroup, PhoneNumber
from certification.reviews.models import Decision, Review
from tests.cast import make_material, make_number
from tests.certification.materials import papers
from tests.certification.materials.conftest import files_in
from tests.certification.materials.submissions import decide, kind, staged, submit

LICENCE = "medical_practice_licence"


def form_of(**changes) -> dict[str, object]:
    ends = timezone.now().date() + dt.timedelta(days=365)
    values = {
        "documents": papers.upload(),
        "holder_name": "仁和门诊部",
        "document_number": "",
        "issued_on": "",
        "expires_on": ends.isoformat(),
        "note": "",
        "submission": str(uuid.uuid4()),
    }
    values.update(changes)
    return {name: value for name, value in values.items() if value is not None}


def add_url(code: str = LICENCE) -> str:
    return f"{reverse('materials:add')}?kind={code}"


# --- Who sees what -----------------------------------------------------------------------------------------------------

COMPANY_PAGES = ["materials:list", "materials:add"]
MATERIAL_PAGES = ["materials:detail", "materials:renew", "materials:result", "materials:withdraw"]


@pytest.fixture
def submitted(cast) -> Material:
    now = timezone.now()
    return submit(cast.clinic, LICENCE, cast.owner, now=now, expires_on=now.date() + dt.timedelta(days=365))


def test_anonymous_visitors_are_sent_to_the_login_page_s1(cast, client, submitted):
    file = submitted.files.get()
    urls = [reverse(name) for name in COMPANY_PAGES] + [reverse(name, args=[submitted.ref]) for name in MATERIAL_PAGES]
    urls += [reverse("materials:file", args=[file.ref]), reverse("materials:page", args=[file.ref, 1])]
    for url in urls:
        answer = client.get(url)
        assert (answer.status_code, answer["Location"].split("?")[0]) == (302, reverse("account_login"))


def test_materials_of_another_company_do_not_exist_s1(cast, client, submitted):
    client.force_login(cast.stranger)
    file = submitted.files.get()
    for name in MATERIAL_PAGES:
        assert client.get(reverse(name, args=[submitted.ref])).status_code == 404
        assert client.post(reverse(name, args=[submitted.ref]), form_of()).status_code in (404, 405)
    assert client.get(reverse("materials:file", args=[file.ref])).status_code == 404
    assert client.get(reverse("materials:page", args=[file.ref, 1])).status_code == 404
    submitted.refresh_from_db()
    assert submitted.state == "submitted"
    assert Material.objects.filter(company=cast.clinic, kind__code=LICENCE).count() == 2


def test_viewers_read_and_write_nothing_s1(cast, client, submitted):
    client.force_login(cast.viewer)
    page = client.get(reverse("materials:list"))
    assert reverse("materials:add") not in page.content.decode()
    assert client.get(reverse("materials:detail", args=[submitted.ref])).status_code == 200
    for url in (
        add_url(),
        reverse("materials:renew", args=[submitted.ref]),
        reverse("materials:withdraw", args=[submitted.ref]),
    ):
        assert client.get(url).status_code == 403
        assert client.post(url, form_of()).status_code == 403


@pytest.mark.parametrize(
    ("role", "status"),
    [
        ("owner", 200),
        ("viewer", 200),
        ("reviewer", 200),
        ("lead", 200),
        ("policy", 200),
        ("auditor", 200),
        ("operations", 404),
        ("stranger", 404),
    ],
)
def test_document_is_served_to_members_and_to_staff_who_judge_s9(cast, client, submitted, role, status):
    file = submitted.files.get()
    client.force_login(getattr(cast, role))
    assert client.get(reverse("materials:file", args=[file.ref])).status_code == status
    assert client.get(reverse("materials:page", args=[file.ref, 1])).status_code == status


def test_document_is_served_as_something_that_cannot_act_s9(cast, client, submitted, store):
    client.force_login(cast.owner)
    file = submitted.files.get()
    answer = client.get(reverse("materials:file", args=[file.ref]))
    assert b"".join(answer) == (store / file.storage_name).read_bytes()
    assert answer["Content-Type"] == "application/pdf"
    assert answer["Content-Disposition"].startswith("attachment;")
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["Cache-Control"] == "no-store, private"
    assert answer["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    page = client.get(reverse("materials:page", args=[file.ref, 1]))
    assert page["Content-Type"] == "image/png"
    assert Image.open(io.BytesIO(b"".join(page))).format == "PNG"
    assert client.get(reverse("materials:page", args=[file.ref, 2])).status_code == 404
    assert client.get(reverse("materials:page", args=[file.ref, 0])).status_code == 404


def test_document_that_the_store_has_lost_is_said_in_plain_words(cast, client, submitted, store):
    file = submitted.files.get()
    (store / file.storage_name).unlink()
    client.force_login(cast.owner)
    for url in (reverse("materials:file", args=[file.ref]), reverse("materials:page", args=[file.ref, 1])):
        assert client.get(url).status_code == 503


def test_reading_an_identity_document_is_journalled_for_everyone(cast, client):
    now = timezone.now()
    material = submit(cast.clinic, "legal_representative_id", cast.owner, now=now)
    file = material.files.get()
    for reader in (cast.owner, cast.reviewer):
        client.force_login(reader)
        client.get(reverse("materials:file", args=[file.ref]))
        client.get(reverse("materials:page", args=[file.ref, 1]))
    client.force_login(cast.stranger)
    client.get(reverse("materials:file", args=[file.ref]))
    rows = JournalEntry.objects.filter(subject="material", subject_id=material.pk, aspect="read").order_by("pk")
    assert [(row.actor, row.detail.get("page")) for row in rows] == [
        (cast.owner, None),
        (cast.owner, 1),
        (cast.reviewer, None),
        (cast.reviewer, 1),
    ]


def test_reading_another_document_is_not_journalled(cast, client, submitted):
    client.force_login(cast.owner)
    client.get(reverse("materials:file", args=[submitted.files.get().ref]))
    assert not JournalEntry.objects.filter(aspect="read").exists()


# --- Handing in --------------------------------------------------------------------------------------------------------


def test_handing_in_ends_on_a_result_that_can_be_reloaded(cast, client):
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of())
    material = Material.objects.get(company=cast.clinic, kind__code=LICENCE, version=2)
    assert answer["Location"] == reverse("materials:result", args=[material.ref])
    assert (material.state, material.submitted_by, material.holder_name) == ("submitted", cast.operator, "仁和门诊部")
    result = client.get(answer["Location"])
    review = Review.objects.get(subject="material", subject_id=material.pk)
    assert material.ref in result.content.decode()
    assert result.context["review"] == review
    client.get(answer["Location"])
    assert Review.objects.filter(subject="material").count() == 1


def test_double_click_makes_one_version(cast, client):
    client.force_login(cast.operator)
    token = str(uuid.uuid4())
    first = client.post(add_url(), form_of(submission=token))
    second = client.post(add_url(), form_of(submission=token))
    assert first["Location"] == second["Location"]
    assert Material.objects.filter(company=cast.clinic, kind__code=LICENCE).count() == 2


def test_bad_second_file_keeps_the_first_and_everything_typed(cast, client):
    client.force_login(cast.operator)
    files = [papers.upload("front.pdf"), papers.upload("letter.txt", b"words")]
    answer = client.post(add_url(), form_of(documents=files, document_number="A-1", note="请核对"))
    form = answer.context["form"]
    assert answer.status_code == 422
    assert list(form.errors) == ["documents"]
    assert "letter.txt" in form.errors["documents"][0]
    assert [file.original_name for file in form.staged] == ["front.pdf"]
    assert (form["document_number"].value(), form["note"].value()) == ("A-1", "请核对")
    kept = form.staged[0].ref
    assert f'name="staged" value="{kept}"' in answer.content.decode()
    again = client.post(add_url(), form_of(documents=None, staged=[kept], document_number="A-1"))
    assert again.status_code == 302
    assert [file.original_name for file in MaterialFile.objects.all()] == ["front.pdf"]
    assert StagedFile.objects.count() == 0


def test_upload_survives_a_wrong_date_and_can_be_left_out(cast, client, store, django_capture_on_commit_callbacks):
    client.force_login(cast.operator)
    past = (timezone.now().date() - dt.timedelta(days=2)).isoformat()
    answer = client.post(add_url(), form_of(expires_on=past))
    assert list(answer.context["form"].errors) == ["expires_on"]
    ref = answer.context["form"].staged[0].ref
    with django_capture_on_commit_callbacks(execute=True):
        again = client.post(add_url(), form_of(documents=None, staged=[ref], remove=[ref]))
    assert list(again.context["form"].errors) == ["documents"]
    assert files_in(store) == []


def test_upload_of_somebody_else_cannot_be_used_by_its_reference_s2(cast, client):
    now = timezone.now()
    foreign, colleague = staged(cast.shop, cast.stranger, now=now), staged(cast.clinic, cast.admin, now=now)
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(documents=None, staged=[foreign.ref, colleague.ref, "x", "' OR 1=1"]))
    assert answer.status_code == 422
    assert answer.context["form"].staged == []


def test_fields_that_the_company_may_not_write_are_ignored_s2(cast, client):
    client.force_login(cast.operator)
    client.post(add_url(), form_of(state="approved", version="99", company=cast.shop.pk, decided_at="2026-01-01"))
    material = Material.objects.get(company=cast.clinic, kind__code=LICENCE, version=2)
    assert (material.state, material.decided_at, material.company) == ("submitted", None, cast.clinic)


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"documents": None}, "documents"),
        ({"documents": papers.upload("a.pdf", b"")}, "documents"),
        ({"documents": papers.upload("a.pdf", b"MZ" * 99)}, "documents"),
        ({"expires_on": ""}, "expires_on"),
        ({"expires_on": "2020-01-01"}, "expires_on"),
        ({"expires_on": "2999-01-01"}, "expires_on"),
        ({"expires_on": "yesterday"}, "expires_on"),
        ({"issued_on": "2199-01-01"}, "issued_on"),
        ({"holder_name": ""}, "holder_name"),
        ({"holder_name": "x" * 121}, "holder_name"),
        ({"holder_name": "a\x00b"}, "holder_name"),
        ({"note": "x" * 1_000_001}, "note"),
        ({"submission": "nonsense"}, "submission"),
    ],
)
def test_mistakes_stand_beside_their_field_and_save_nothing(cast, client, changes, field):
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(**changes))
    assert answer.status_code == 422
    assert field in answer.context["form"].errors
    assert Material.objects.filter(company=cast.clinic, kind__code=LICENCE).count() == 1


def test_long_term_needs_no_date_and_takes_none(cast, client):
    client.force_login(cast.operator)
    url = add_url("business_licence")
    assert list(client.post(url, form_of(expires_on="")).context["form"].errors) == ["validity"]
    assert list(client.post(url, form_of(expires_on="", validity="until")).context["form"].errors) == ["expires_on"]
    # A date left over in the other answer's field does not matter.
    assert client.post(url, form_of(expires_on="2020-01-01", validity="long_term")).status_code == 302
    material = Material.objects.get(company=cast.clinic, kind__code="business_licence", version=2)
    assert (material.is_long_term, material.expires_on) == (True, None)


def test_long_term_is_not_offered_where_the_kind_always_ends(cast, client):
    client.force_login(cast.operator)
    assert "validity" not in client.get(add_url()).context["form"].fields
    client.post(add_url(), form_of(validity="long_term", expires_on=""))
    assert Material.objects.filter(company=cast.clinic, kind__code=LICENCE).count() == 1


def test_more_than_ten_files_are_said_and_the_first_ten_kept(cast, client):
    client.force_login(cast.operator)
    pictures = [papers.upload(f"{n}.png", papers.picture("PNG", size=(40 + n, 40))) for n in range(11)]
    form = client.post(add_url(), form_of(documents=pictures)).context["form"]
    assert (len(form.staged), list(form.errors)) == (10, ["documents"])


def test_upload_of_100_megabytes_is_dropped_and_said_beside_its_field_s9(cast, client, monkeypatch, store):
    """The same path as in earnest, with the limit lowered so that the test need not make 100 MB."""
    monkeypatch.setattr(upload_limits, "MOST_BYTES", 3_000_000)
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(documents=papers.upload("huge.pdf", b"%PDF-1.7" + b"\0" * 8_000_000)))
    assert answer.status_code == 422
    assert "huge.pdf" in answer.context["form"].errors["documents"][0]
    assert answer.context["form"]["holder_name"].value() == "仁和门诊部"
    assert files_in(store) == []


def test_request_beyond_everything_is_refused_before_it_is_read(cast, client, monkeypatch):
    monkeypatch.setattr(upload_limits, "MOST_BYTES_OF_REQUEST", 1_000_000)
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(documents=papers.upload("huge.pdf", b"\0" * 2_000_000)))
    assert answer.status_code == 400


def test_full_disk_keeps_the_form_and_makes_no_row_r6(cast, client, store):
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_text("no folder can be made here")
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(note="请核对"))
    assert answer.status_code == 422
    assert list(answer.context["form"].errors) == ["documents"]
    assert answer.context["form"]["note"].value() == "请核对"
    assert StagedFile.objects.count() == 0


def test_disk_that_is_full_while_receiving_drops_the_file_and_says_so_r6(cast, client, settings):
    settings.FILE_UPLOAD_TEMP_DIR = "/nonexistent"
    client.force_login(cast.operator)
    answer = client.post(add_url(), form_of(documents=papers.upload("scan.pdf", b"%PDF-1.7" + b"\0" * 3_000_000)))
    assert answer.status_code == 422
    assert "scan.pdf" in answer.context["form"].errors["documents"][0]


@pytest.mark.parametrize("code", ["nothing", "", "a\x00b", "' OR 1=1"])
def test_unknown_kind_is_404(cast, client, code):
    client.force_login(cast.operator)
    assert client.get(reverse("materials:add"), {"kind": code}).status_code == 404


# --- Numbers -----------------------------------------------------------------------------------------------------------


def proof(**changes) -> dict[str, object]:
    return form_of(expires_on="", validity="long_term", **changes)


def named(version: int) -> set[int]:
    material = Material.objects.get(kind__code="number_ownership", version=version)
    return set(material.named_numbers.values_list("number", flat=True))


def test_numbers_are_named_all_by_group_or_one_by_one(cast, client):
    make_number(cast.shop)
    brand = NumberGroup.objects.create(company=cast.clinic, name="总店")
    branch = NumberGroup.objects.create(company=cast.clinic, name="分店", parent=brand, kind="store")
    first, second, third = cast.numbers[:3]
    PhoneNumber.objects.filter(pk=first.pk).update(group=brand)
    PhoneNumber.objects.filter(pk=second.pk).update(group=branch)
    client.force_login(cast.operator)
    url = add_url("number_ownership")
    assert client.post(url, proof(scope="all")).status_code == 302
    assert named(1) == {number.pk for number in cast.numbers}
    assert client.post(url, proof(scope="group", group=brand.pk)).status_code == 302
    assert named(2) == {first.pk, second.pk}
    assert client.post(url, proof(scope="chosen", numbers=[third.ref])).status_code == 302
    assert named(3) == {third.pk}


def test_numbers_of_others_cannot_be_named_s1(cast, client):
    foreign = make_number(cast.shop)
    group = NumberGroup.objects.create(company=cast.shop, name="别家")
    NumberGroup.objects.create(company=cast.clinic, name="自家")
    client.force_login(cast.operator)
    url = add_url("number_ownership")
    assert list(client.post(url, proof(scope="chosen", numbers=[foreign.ref])).context["form"].errors) == ["numbers"]
    assert list(client.post(url, proof(scope="group", group=group.pk)).context["form"].errors) == ["group"]
    assert list(client.post(url, proof(scope="chosen")).context["form"].errors) == ["search"]
    assert not Material.objects.filter(kind__code="number_ownership").exists()


def test_looking_for_numbers_loses_nothing_and_judges_nothing(cast, client):
    client.force_login(cast.operator)
    number = cast.numbers[0]
    PhoneNumber.objects.filter(pk=number.pk).update(alias="前台")
    values = proof(scope="all", search="前台", find="1", note="请核对", holder_name="")
    answer = client.post(add_url("number_ownership"), values)
    form = answer.context["form"]
    assert answer.status_code == 200
    assert not form.errors
    assert [value for value, _label in form["numbers"].field.choices] == [number.ref]
    assert (form["note"].value(), form["scope"].value(), len(form.staged)) == ("请核对", "chosen", 1)
    assert number.number not in answer.content.decode()
    # What is ticked stays while one looks for more.
    more = client.post(
        add_url("number_ownership"), proof(scope="chosen", search="nothing", find="1", numbers=[number.ref])
    )
    assert more.context["form"]["numbers"].value() == [number.ref]


def test_renewal_offers_the_numbers_of_the_version_before(cast, client):
    now = timezone.now()
    chosen = PhoneNumber.objects.filter(pk=cast.numbers[0].pk)
    material = submit(cast.clinic, "number_ownership", cast.owner, now=now, numbers=chosen, holder_name="某公司")
    decide(material, Decision.APPROVED, cast.reviewer, now=now)
    client.force_login(cast.operator)
    url = reverse("materials:renew", args=[material.ref])
    form = client.get(url).context["form"]
    assert (form["scope"].value(), form["holder_name"].value(), form["validity"].value()) == (
        "same",
        "某公司",
        "long_term",
    )
    assert client.post(url, proof(scope="same")).status_code == 302
    assert named(2) == {cast.numbers[0].pk}


# --- Reading -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("count", [1, 3, 50])
def test_list_takes_the_same_queries_for_any_number_of_documents(cast, client, count, django_assert_num_queries):
    today = timezone.now().date()
    for number in range(count):
        code = f"k{number}"
        MaterialKind.objects.create(code=code, name_zh="种", name_en="kind", names_numbers=bool(number % 2))
        make_material(cast.clinic, code, by=cast.owner, expires_on=today + dt.timedelta(days=100 + number))
    make_material(cast.clinic, "number_ownership", by=cast.owner)
    client.force_login(cast.owner)
    with django_assert_num_queries(11):
        page = client.get(reverse("materials:list"))
    ends = [item["material"].expires_on for item in page.context["documents"] if item["material"].expires_on]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("days", "case"), [(None, "endless"), (200, "ends"), (30, "needed"), (0, "needed"), (-1, "stopped")]
)
def test_list_says_first_what_a_person_comes_for(cast, client, days, case):
    today = cast.clinic.today(timezone.now())
    ends = None if days is None else today + dt.timedelta(days=days)
    Material.objects.filter(kind__code=LICENCE).update(is_long_term=ends is None, expires_on=ends)
    client.force_login(cast.owner)
    summary = client.get(reverse("materials:list")).context["summary"]
    assert summary.case == case
    assert summary.day == (ends if case in ("ends", "needed") else None)


def test_detail_of_a_returned_version_says_what_to_mend_without_naming_staff(cast, client, submitted):
    decide(submitted, Decision.RETURNED, cast.reviewer, now=timezone.now())
    client.force_login(cast.operator)
    page = client.get(reverse("materials:detail", args=[submitted.ref]))
    text = page.content.decode()
    assert "看过了" in text
    assert "请在光线充足处重新拍摄" in text or "Take a new picture" in text
    assert "reviewer" not in {entry.actor_label for entry in page.context["history"]}
    assert reverse("materials:renew", args=[submitted.ref]) in text


def test_withdrawing_asks_first_and_happens_by_post_only_s4(cast, client, submitted):
    client.force_login(cast.operator)
    url = reverse("materials:withdraw", args=[submitted.ref])
    assert client.get(url).status_code == 200
    submitted.refresh_from_db()
    assert submitted.state == "submitted"
    assert client.post(url)["Location"] == reverse("materials:detail", args=[submitted.ref])
    submitted.refresh_from_db()
    assert submitted.state == "withdrawn"
    assert client.get(url).status_code == 302


def test_identity_document_shows_neither_preview_nor_number_on_the_page(cast, client):
    material = submit(
        cast.clinic, "legal_representative_id", cast.owner, now=timezone.now(), document_number="11010119900307123X"
    )
    client.force_login(cast.owner)
    text = client.get(reverse("materials:detail", args=[material.ref])).content.decode()
    assert "11010119900307123X" not in text
    assert reverse("materials:page", args=[material.files.get().ref, 1]) not in text


@pytest.mark.parametrize("address", ["/materials/nonsense/", "/materials/%00%00/renew/", "/materials/files/123/"])
def test_addresses_that_are_none_are_404(cast, client, address):
    client.force_login(cast.owner)
    assert client.get(address).status_code == 404


def test_reviewer_sees_the_document_beside_the_data(cast, client, submitted):
    client.force_login(cast.reviewer)
    review = Review.objects.get(subject="material", subject_id=submitted.pk)
    text = client.get(reverse("reviews:case", args=[review.ref])).content.decode()
    file = submitted.files.get()
    assert reverse("materials:page", args=[file.ref, 1]) in text
    assert cast.clinic.name in text
    assert str(kind(LICENCE)) in text
