"""The documents of a case in the viewer beside its facts: which one, which page, how large, turned how far.

All of it stands in the address, so that every step is a plain link, works without scripts, and survives a reload.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import urlencode

from django.urls import reverse
from django.utils.translation import gettext as _

#: How wide a page is drawn, in per cent of the room; "fit" shows all of it.
ZOOMS = ("fit", "100", "150", "200", "300")
TURNS = (0, 90, 180, 270)
#: From here on the page is fetched at its larger size, so that small print can be read.
LARGE_FROM = ("200", "300")


@dataclass(frozen=True)
class CaseDocument:
    """One file of a case, or one that it is compared with."""

    ref: str
    #: What it is: the kind of document.
    title: str
    #: What tells it from others: its version, until when it is valid.
    note: str
    file_name: str
    pages: int
    #: The document itself.
    open_url: str
    #: The view that sends page `number` of `ref` as a picture; it understands `turn` and `size` (see `material_page`).
    page_view: str
    #: False: not what is decided now, but what was there before.
    is_current: bool = True
    #: Whose place this one is to take: the `ref` of the file of the version before.
    before: str = ""
    #: Opening it is journalled.
    is_recorded: bool = False


@dataclass(frozen=True)
class Tab:
    """One document to choose."""

    document: CaseDocument
    url: str
    current: bool


@dataclass(frozen=True)
class Stage:
    """One page as it is shown."""

    document: CaseDocument
    page: int
    url: str
    alt: str


@dataclass(frozen=True)
class Viewer:
    """What the viewer shows, and where each of its controls leads ("" where it leads nowhere)."""

    document: CaseDocument
    page: int
    zoom: str
    turn: int
    tabs: list[Tab]
    stages: list[Stage]
    previous_url: str
    next_url: str
    smaller_url: str
    larger_url: str
    fit_url: str
    turn_url: str
    compare_url: str
    single_url: str

    @property
    def zoom_label(self) -> str:
        """How large the page is drawn."""
        return _("Fitted") if self.zoom == "fit" else f"{self.zoom}%"

    @property
    def is_compared(self) -> bool:
        """Whether the version before stands beside it."""
        return len(self.stages) > 1


def whole(text: str | None, *, most: int) -> int:
    """The text as a number from 1 to `most`; 1 where it is none."""
    return min(int(text), most) if text and text.isascii() and text.isdigit() and len(text) < 6 and int(text) else 1


def stage_of(document: CaseDocument, *, page: int, zoom: str, turn: int) -> Stage:
    """The page's picture, and its words."""
    page = min(page, document.pages)
    query = {**({"turn": turn} if turn else {}), **({"size": "large"} if zoom in LARGE_FROM else {})}
    url = reverse(document.page_view, args=[document.ref, page])
    alt = _("%(document)s, %(note)s, page %(page)d of %(pages)d") % {
        "document": document.title,
        "note": document.note or document.file_name,
        "page": page,
        "pages": document.pages,
    }
    return Stage(document, page, f"{url}?{urlencode(query)}" if query else url, alt)


def viewer_of(documents: Sequence[CaseDocument], query: Mapping[str, str], *, path: str) -> Viewer | None:
    """The viewer as the address asks for it; whatever does not fit is ignored. None where there is no document.

    Parameters: `doc` (a ref), `page`, `zoom`, `turn`, `beside=1` for the version before.
    """
    if not documents:
        return None
    by_ref = {document.ref: document for document in documents}
    chosen = by_ref.get(query.get("doc", ""), documents[0])
    page = whole(query.get("page"), most=chosen.pages)
    zoom = query.get("zoom", "fit")
    zoom = zoom if zoom in ZOOMS else "fit"
    turn = next((known for known in TURNS if str(known) == query.get("turn")), 0)
    older = by_ref.get(chosen.before)
    beside = older is not None and query.get("beside") == "1"

    def link(**changes: object) -> str:
        values = {"doc": chosen.ref, "page": page, "zoom": zoom, "turn": turn, "beside": int(beside), **changes}
        usual = {"page": 1, "zoom": "fit", "turn": 0, "beside": 0}
        return f"{path}?{urlencode({key: value for key, value in values.items() if value != usual.get(key)})}#documents"

    place = ZOOMS.index(zoom)
    shown = [chosen, older] if beside and older is not None else [chosen]
    return Viewer(
        document=chosen,
        page=page,
        zoom=zoom,
        turn=turn,
        tabs=[
            Tab(document, link(doc=document.ref, page=1, turn=0, beside=0), document is chosen)
            for document in documents
        ],
        stages=[stage_of(document, page=page, zoom=zoom, turn=turn) for document in shown],
        previous_url=link(page=page - 1) if page > 1 else "",
        next_url=link(page=page + 1) if page < chosen.pages else "",
        smaller_url=link(zoom=ZOOMS[place - 1]) if place > 0 else "",
        larger_url=link(zoom=ZOOMS[place + 1]) if place + 1 < len(ZOOMS) else "",
        fit_url=link(zoom="fit"),
        turn_url=link(turn=TURNS[(TURNS.index(turn) + 1) % len(TURNS)]),
        compare_url=link(beside=1) if older is not None and not beside else "",
        single_url=link(beside=0) if beside else "",
    )
