"""What a reviewer is told about a version: facts beside what the portal knows, findings, and what changed."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import pytest
from django.utils.translation import override
from PIL import Image

from accounts.journal import Actor
from accounts.users import User
from certification.materials.decisions import MaterialReviews
from certification.materials.documents import JPEG, PDF, Document
from certification.materials.models import Material, MaterialFile
from certification.materials.store import document_stem, page_picture, stage
from certification.materials.versions import submit_version
from certification.reviews.models import Decision, Review
from tests.cast import NOW, Cast
from tests.certification.materials import papers
from tests.certification.materials.submissions import decide, kind, review_of


@pytest.fixture
def english() -> Iterator[None]:
    with override("en"):
        yield


LATER = NOW + dt.timedelta(hours=2)


def handed_in(
    cast: Cast, by: User | None = None, *, content: bytes, code: str = "business_licence", **fields: object
) -> Material:
    """A version with the given file."""
    company = fields.pop("company", cast.clinic)
    pages = fields.pop("pages", 1)
    by = by or cast.operator
    document = Document(content, "licence.pdf", PDF, pages)  # type: ignore[arg-type]
    fields.setdefault("is_long_term", fields.get("expires_on") is None)
    return submit_version(
        company=company,  # type: ignore[arg-type]
        kind=kind(code),
        files=[stage(company=company, document=document, uploaded_by=by, now=NOW)],  # type: ignore[arg-type]
        actor=Actor.person(by),
        now=fields.pop("now", NOW),  # type: ignore[arg-type]
        **fields,  # type: ignore[arg-type]
    )


def findings(review: Review) -> list[tuple[str, bool]]:
    return [(found.title, found.blocks) for found in MaterialReviews().findings(review, NOW)]


def test_document_in_order_has_no_finding(cast: Cast, english: None) -> None:
    material = handed_in(
        cast, content=papers.pdf(pages=7), holder_name="仁和 门诊部", document_number=cast.clinic.credit_code.lower()
    )
    assert findings(review_of(material)) == []
    facts = {fact.label: fact.agrees for fact in MaterialReviews().case_context(review_of(material))["facts"]}
    assert facts == {"Name on the document": True, "Number on the document": True, "Valid": None}


def test_names_codes_and_dates_that_do_not_fit_are_found(cast: Cast, english: None) -> None:
    material = handed_in(
        cast,
        content=papers.pdf(pages=7),
        holder_name="别家公司",
        document_number=cast.shop.credit_code,
        expires_on=dt.date(2026, 12, 31),
    )
    assert findings(review_of(material)) == [
        ("The name on the document, “别家公司”, is not the registered name.", True),
        ("The credit code entered is not the company's.", True),
        ("It runs out on 31 December 2026 already.", False),
        ("It ends before the version in force (Long-term).", False),
    ]


def test_same_file_again_and_of_another_company_is_found(cast: Cast, english: None) -> None:
    content = papers.pdf(pages=7)
    first = handed_in(cast, content=content)
    decide(first, Decision.RETURNED, cast.reviewer)
    handed_in(cast, cast.stranger, content=content, company=cast.shop)
    again = handed_in(cast, content=content)
    assert findings(review_of(again)) == [
        (f"The same file as in version {first.version}.", False),
        ("The same file was handed in by 1 other company.", True),
    ]


def test_number_of_an_identity_card_is_masked(cast: Cast) -> None:
    material = handed_in(
        cast, content=papers.pdf(pages=7), code="legal_representative_id", document_number="330106199003070039"
    )
    facts = MaterialReviews().case_context(review_of(material))["facts"]
    assert "330*************39" in {fact.entered for fact in facts}
    assert all("330106199003070039" not in fact.entered + fact.before for fact in facts)


def test_returned_version_shows_what_changed(cast: Cast, english: None) -> None:
    content = papers.pdf(pages=7)  # a second one would carry another second's date
    first = handed_in(cast, content=content)
    decide(first, Decision.RETURNED, cast.reviewer)
    same = handed_in(cast, content=content, now=LATER)
    [change] = MaterialReviews().case_context(review_of(same))["changes"]
    assert (change.after, change.is_changed) == ("the same files", False)
    better = handed_in(cast, content=papers.pdf(pages=8), now=LATER)
    [change] = MaterialReviews().case_context(review_of(better))["changes"]
    assert (change.after, change.is_changed) == ("other files", True)


def test_renewal_stands_beside_the_version_in_force(cast: Cast) -> None:
    old = handed_in(cast, content=papers.pdf(pages=7))
    decide(old, Decision.APPROVED, cast.reviewer)
    new = handed_in(cast, content=papers.pdf(pages=8), now=LATER)
    documents = MaterialReviews().documents(review_of(new))
    assert [(document.ref, document.is_current, document.before) for document in documents] == [
        (new.files.get().ref, True, old.files.get().ref),
        (old.files.get().ref, False, ""),
    ]


# --- Pictures of pages -----------------------------------------------------------------------------------------------


def size_of(content: bytes | None) -> tuple[int, int]:
    assert content is not None
    with Image.open(io.BytesIO(content)) as picture:
        return picture.size


@pytest.mark.parametrize(
    ("turn", "large", "size"), [(0, False, (1272, 1800)), (90, False, (1800, 1272)), (180, True, (2543, 3600))]
)
def test_page_of_a_pdf_is_turned_and_large(cast: Cast, turn: int, large: bool, size: tuple[int, int]) -> None:
    def upright(made: object) -> None:
        made.pages[0].MediaBox = [0, 0, 595, 842]  # type: ignore[attr-defined]

    file = handed_in(cast, content=papers.pdf(upright)).files.get()
    width, height = size_of(page_picture(file, 1, turn=turn, large=large))
    assert (abs(width - size[0]) <= 2, abs(height - size[1]) <= 2) == (True, True)


def photograph(cast: Cast, size: tuple[int, int]) -> MaterialFile:
    """A stored JPEG of some weight, dark on the left."""
    content = papers.picture(size=size, quality=95)
    document = Document(content + b"\0" * 400_000, "photo.jpg", JPEG, 1)
    material = submit_version(
        company=cast.clinic,
        kind=kind("business_licence"),
        files=[stage(company=cast.clinic, document=document, uploaded_by=cast.operator, now=NOW)],
        actor=Actor.person(cast.operator),
        now=NOW,
        is_long_term=True,
    )
    return material.files.get()


def test_photograph_is_sent_smaller_and_turned_to_the_right(cast: Cast) -> None:
    file = photograph(cast, (4000, 2000))
    assert size_of(page_picture(file, 1)) == (1800, 900)
    turned = page_picture(file, 1, turn=90)
    assert size_of(turned) == (900, 1800)
    with Image.open(io.BytesIO(turned or b"")) as picture:
        # What was on the left is on top now.
        assert (picture.getpixel((450, 100)), picture.getpixel((450, 1700))) == ((0, 0, 0), (255, 255, 255))


def test_turned_pages_are_swept_with_their_document(cast: Cast, store: object) -> None:
    file = photograph(cast, (2000, 1000))
    page_picture(file, 1, turn=270, large=True)
    [kept] = [path for path in store.rglob("*") if "previews" in path.parts and path.is_file()]  # type: ignore[attr-defined]
    name = "/".join(kept.parts[kept.parts.index("previews") :])
    assert document_stem(name) == document_stem(file.storage_name)
