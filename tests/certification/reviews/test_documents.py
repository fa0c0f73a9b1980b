"""The viewer reads all that it shows from the address, and every control is a link."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.reviews.documents import ZOOMS, CaseDocument, Viewer, viewer_of

PATH = "/staff/cases/abc/"


def document(ref: str, *, pages: int = 1, before: str = "", is_current: bool = True) -> CaseDocument:
    return CaseDocument(
        ref=ref,
        title="营业执照",
        note="第 2 版",
        file_name="licence.pdf",
        pages=pages,
        open_url=f"/materials/files/{ref}/",
        page_view="materials:page",
        is_current=is_current,
        before=before,
    )


NEW, OLD, OTHER = "a" * 12, "b" * 12, "c" * 12
DOCUMENTS = [document(NEW, pages=3, before=OLD), document(OLD, pages=1, is_current=False), document(OTHER)]


def viewer(**query: str) -> Viewer:
    shown = viewer_of(DOCUMENTS, query, path=PATH)
    assert shown is not None
    return shown


def values(url: str) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}


def test_no_document_no_viewer() -> None:
    assert viewer_of([], {}, path=PATH) is None


def test_begins_with_first_page_of_first_document_fitted() -> None:
    shown = viewer()
    assert (shown.document.ref, shown.page, shown.zoom, shown.turn) == (NEW, 1, "fit", 0)
    assert (shown.previous_url, shown.smaller_url) == ("", "")
    assert values(shown.next_url) == {"doc": NEW, "page": "2"}
    assert shown.stages[0].url == f"/materials/files/{NEW}/pages/1/"


def test_controls_keep_what_was_chosen() -> None:
    shown = viewer(doc=NEW, page="2", zoom="150", turn="90")
    assert values(shown.next_url) == {"doc": NEW, "page": "3", "zoom": "150", "turn": "90"}
    assert values(shown.turn_url) == {"doc": NEW, "page": "2", "zoom": "150", "turn": "180"}
    assert values(shown.larger_url)["zoom"] == "200"
    assert values(shown.smaller_url)["zoom"] == "100"
    assert values(shown.fit_url) == {"doc": NEW, "page": "2", "turn": "90"}
    assert values(shown.tabs[2].url) == {"doc": OTHER, "zoom": "150"}
    assert shown.stages[0].url == f"/materials/files/{NEW}/pages/2/?turn=90"


def test_four_turns_come_round_and_ends_have_no_step() -> None:
    assert "turn" not in values(viewer(turn="270").turn_url)
    assert viewer(zoom="300").larger_url == ""
    assert viewer(page="3").next_url == ""


def test_small_print_is_fetched_large() -> None:
    assert values(viewer(zoom="200").stages[0].url) == {"size": "large"}


def test_version_before_stands_beside_and_keeps_within_its_pages() -> None:
    shown = viewer(page="3", beside="1")
    assert [(stage.document.ref, stage.page) for stage in shown.stages] == [(NEW, 3), (OLD, 1)]
    assert (shown.compare_url, values(shown.single_url)) == ("", {"doc": NEW, "page": "3"})


def test_document_without_version_before_cannot_be_compared() -> None:
    shown = viewer(doc=OTHER, beside="1")
    assert (len(shown.stages), shown.compare_url) == (1, "")


@pytest.mark.parametrize(
    "query",
    [{"page": "0"}, {"page": "-1"}, {"page": "²"}, {"page": "9" * 40}, {"zoom": "7"}, {"turn": "45"}, {"doc": "x"}],
)
def test_what_does_not_fit_is_ignored(query: dict[str, str]) -> None:
    shown = viewer(**query)
    assert (shown.document.ref, shown.zoom, shown.turn) == (NEW, "fit", 0)
    assert 1 <= shown.page <= 3


@given(
    query=st.dictionaries(st.sampled_from(["doc", "page", "zoom", "turn", "beside"]), st.text(max_size=8)),
    steps=st.lists(
        st.sampled_from(
            ["next_url", "previous_url", "larger_url", "smaller_url", "turn_url", "compare_url", "single_url"]
        ),
        max_size=12,
    ),
)
def test_any_walk_stays_inside(query: dict[str, str], steps: list[str]) -> None:
    shown = viewer_of(DOCUMENTS, query, path=PATH)
    for step in steps:
        assert shown is not None
        url = getattr(shown, step)
        if url:
            shown = viewer_of(DOCUMENTS, values(url), path=PATH)
    assert shown is not None
    assert 1 <= shown.page <= shown.document.pages
    assert shown.zoom in ZOOMS
    assert all(1 <= stage.page <= stage.document.pages for stage in shown.stages)
