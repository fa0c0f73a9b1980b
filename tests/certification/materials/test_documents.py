"""What is accepted as a document, and what is refused with which words (S9, R10)."""

from __future__ import annotations

import io
import tracemalloc

import pikepdf
import pytest
from django.utils.translation import override
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from certification.materials.documents import (
    MOST_BYTES,
    REFUSALS,
    DocumentRefused,
    check_document,
    presentable_name,
    rendered_page,
)
from tests.certification.materials import papers


def check(name: str, content: bytes):
    return check_document(name=name, file=io.BytesIO(content), size=len(content))


def refusal(name: str, content: bytes) -> str:
    with pytest.raises(DocumentRefused) as caught:
        check(name, content)
    return caught.value.code


def script(pdf: pikepdf.Pdf) -> pikepdf.Dictionary:
    return pikepdf.Dictionary(S=pikepdf.Name.JavaScript, JS="app.alert(1)")


def open_with_script(pdf):
    pdf.Root.OpenAction = script(pdf)


def open_with_launch(pdf):
    pdf.Root.OpenAction = pikepdf.Dictionary(S=pikepdf.Name.Launch, F="calc.exe")


def open_on_a_page(pdf):
    pdf.Root.OpenAction = pikepdf.Array([pdf.pages[0].obj, pikepdf.Name.Fit])


def script_on_page_open(pdf):
    pdf.pages[0].AA = pikepdf.Dictionary(O=script(pdf))


def named_script(pdf):
    names = pikepdf.Array(["a", pdf.make_indirect(script(pdf))])
    pdf.Root.Names = pikepdf.Dictionary(JavaScript=pikepdf.Dictionary(Names=names))


def script_in_a_link(pdf):
    link = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.Link, Rect=[0, 0, 9, 9], A=script(pdf))
    pdf.pages[0].Annots = pikepdf.Array([link])


def dynamic_form(pdf):
    pdf.Root.AcroForm = pikepdf.Dictionary(Fields=pikepdf.Array(), XFA="<xdp/>")


def attachment(pdf):
    pdf.attachments["payload.exe"] = b"MZ"


def film(pdf):
    film = pikepdf.Dictionary(Type=pikepdf.Name.Annot, Subtype=pikepdf.Name.RichMedia, Rect=[0, 0, 9, 9])
    pdf.pages[0].Annots = pikepdf.Array([film])


def locked(owner: str, user: str) -> pikepdf.Encryption:
    return pikepdf.Encryption(owner=owner, user=user)


def truncated(content: bytes) -> bytes:
    return content[: len(content) // 2]


@pytest.mark.parametrize(
    ("name", "content", "content_type", "pages"),
    [
        ("licence.pdf", papers.pdf(pages=3), "application/pdf", 3),
        ("LICENCE.PDF", papers.pdf(), "application/pdf", 1),
        ("fifty.pdf", papers.pdf(pages=50), "application/pdf", 50),
        ("packed.pdf", papers.pdf(object_stream_mode=pikepdf.ObjectStreamMode.generate), "application/pdf", 1),
        ("view.pdf", papers.pdf(open_on_a_page), "application/pdf", 1),
        ("photo.jpg", papers.picture(), "image/jpeg", 1),
        ("photo.jpeg", papers.picture(mode="L"), "image/jpeg", 1),
        ("print.jpg", papers.picture(mode="CMYK"), "image/jpeg", 1),
        ("scan.png", papers.picture("PNG", mode="RGBA"), "image/png", 1),
    ],
)
def test_document_that_is_what_it_says_is_accepted(name, content, content_type, pages):
    document = check(name, content)
    assert (document.content_type, document.pages) == (content_type, pages)


@pytest.mark.parametrize(
    ("name", "content", "code"),
    [
        ("empty.pdf", b"", "empty"),
        ("letter.docx", papers.archive(), "wrong_type"),
        ("no-ending", papers.pdf(), "wrong_type"),
        ("program.pdf", b"MZ" + b"\0" * 500, "renamed"),
        ("picture.png", papers.picture("JPEG"), "renamed"),
        ("picture.jpg", papers.pdf(), "renamed"),
        ("page.pdf", b"<html><script>alert(1)</script>", "damaged"),
        ("text.jpg", b"plain words", "damaged"),
        ("archive.pdf", papers.pdf() + papers.archive(), "renamed"),
        ("archive.jpg", papers.picture() + papers.archive(), "renamed"),
        ("archive.png", papers.picture("PNG") + papers.archive(), "renamed"),
        ("both.jpg", papers.picture(comment=b"%PDF-1.7 1 0 obj"), "renamed"),
        ("half.pdf", truncated(papers.pdf(pages=20)), "damaged"),
        ("half-with-end.pdf", truncated(papers.pdf(pages=20)) + b"%%EOF", "damaged"),
        ("half.jpg", truncated(papers.picture(size=(600, 400))), "damaged"),
        ("half.png", truncated(papers.picture("PNG", size=(600, 400))), "damaged"),
        ("header-only.pdf", b"%PDF-1.7\n%%EOF", "damaged"),
        ("no-pages.pdf", papers.pdf(pages=0), "empty"),
        ("locked.pdf", papers.pdf(encryption=locked(owner="o", user="u")), "encrypted"),
        ("owner-locked.pdf", papers.pdf(encryption=locked(owner="o", user="")), "encrypted"),
        ("long.pdf", papers.pdf(pages=51), "too_many_pages"),
        ("script.pdf", papers.pdf(open_with_script), "scripts"),
        ("launch.pdf", papers.pdf(open_with_launch), "scripts"),
        ("page-script.pdf", papers.pdf(script_on_page_open), "scripts"),
        ("named-script.pdf", papers.pdf(named_script), "scripts"),
        ("link-script.pdf", papers.pdf(script_in_a_link), "scripts"),
        ("form.pdf", papers.pdf(dynamic_form), "scripts"),
        ("film.pdf", papers.pdf(film), "scripts"),
        (
            "packed-script.pdf",
            papers.pdf(named_script, object_stream_mode=pikepdf.ObjectStreamMode.generate),
            "scripts",
        ),
        ("attachment.pdf", papers.pdf(attachment), "embedded"),
        ("bomb.png", papers.pixel_bomb(), "too_many_pixels"),
        ("huge.png", papers.pixel_bomb(8000, 8000), "too_many_pixels"),
        ("comment.png", papers.text_bomb(), "damaged"),
        ("table.pdf", papers.object_bomb(), "damaged"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_document_that_is_not_is_refused_with_its_own_reason_s9(name, content, code):
    assert refusal(name, content) == code


def test_document_larger_than_ten_megabytes_is_refused_unread():
    class Endless(io.RawIOBase):
        def read(self, size: int = -1) -> bytes:
            raise AssertionError("it must not be read")

    with pytest.raises(DocumentRefused) as caught:
        check_document(name="big.pdf", file=Endless(), size=100 * 1024 * 1024)
    assert caught.value.code == "too_big"


def test_document_that_grows_behind_its_stated_size_is_refused():
    with pytest.raises(DocumentRefused) as caught:
        check_document(name="big.pdf", file=io.BytesIO(b"%PDF-" + b"\0" * MOST_BYTES), size=100)
    assert caught.value.code == "too_big"


def test_pixel_bomb_is_refused_without_being_unpacked():
    content = papers.pixel_bomb()
    tracemalloc.start()
    try:
        assert refusal("bomb.png", content) == "too_many_pixels"
        _now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < 5 * len(content) + 4_000_000


def test_picture_is_drawn_anew_upright_and_without_metadata():
    content = papers.photograph()
    assert b"SecretCamera" in content
    document = check("photo.jpg", content)
    assert b"SecretCamera" not in document.content
    assert b"hidden words" not in document.content
    with Image.open(io.BytesIO(document.content)) as drawn:
        assert drawn.size == (40, 60)
        assert not drawn.getexif()
        grey = drawn.convert("L").tobytes()
    assert (grey[5 * 40 + 20] < 40, grey[55 * 40 + 20] > 215) == (True, True)


def test_refusals_differ_and_name_the_file_in_both_languages():
    for language in ("zh-hans", "en"):
        with override(language):
            texts = [DocumentRefused(code, "a.pdf").message for code in REFUSALS]
        assert len(set(texts)) == len(REFUSALS)
        assert all("a.pdf" in text for text in texts)


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("../../etc/passwd.pdf", "passwd.pdf"),
        ("C:\\fake\\执照.jpg", "执照.jpg"),
        ("a\x00b\r\nSet-Cookie: x.pdf", "abSet-Cookie: x.pdf"),
        ("‮fdp.exe", "fdp.exe"),
        ("", "document"),
        ("x" * 300 + ".pdf", "x" * 116 + ".pdf"),
    ],
)
def test_presentable_name_keeps_nothing_but_a_name(given_name, shown):
    assert presentable_name(given_name) == shown


@given(name=st.text(max_size=300), content=st.binary(max_size=200))
@settings(max_examples=60, deadline=None)
def test_check_document_refuses_or_accepts_and_never_breaks(name, content):
    outcomes = set()
    for lead in (b"", b"\xff\xd8\xff\xe0", b"\x89PNG\r\n\x1a\n"):
        try:
            check(name + ".jpg", lead + content)
        except DocumentRefused as refused:
            outcomes.add(refused.code)
    assert outcomes <= set(REFUSALS)


def test_page_is_rendered_as_a_picture():
    picture = rendered_page(content=papers.pdf(pages=2), number=2)
    assert picture is not None
    with Image.open(io.BytesIO(picture)) as drawn:
        assert (drawn.format, max(drawn.size)) == ("PNG", 1800)


def test_page_that_is_not_there_is_not_rendered():
    assert rendered_page(content=papers.pdf(), number=2) is None
