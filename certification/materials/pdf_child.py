"""What is done with a document, in a process of its own: whatever a hostile file does, it does it there, within limits.

    python -m certification.materials.pdf_child inspect < file              prints {"pages": 3} or {"refused": "scripts"}
    python -m certification.materials.pdf_child render 2 1800 90 < file     prints page 2 as a PNG, 1,800 pixels, turned right
    python -m certification.materials.pdf_child picture 1800 90 < file      prints a picture, made smaller and turned right

Imports nothing of Django, so that starting it costs a tenth of a second. `certification.materials.documents` calls it.
"""

from __future__ import annotations

import io
import json
import resource
import sys
from collections.abc import Iterator
from typing import Any

import pikepdf
import pypdfium2
from PIL import Image

#: Bytes of memory, and seconds of computing, that one file may take.
MEMORY = 1024 * 1024 * 1024
SECONDS = 15
#: Bytes that one compressed stream may become while the structure is read: the structure of an honest file is small.
UNPACKED = 64 * 1024 * 1024
#: Objects that are looked at; a page has some tens.
MOST_OBJECTS = 200_000
MOST_PAGES = 50
#: The longer side of a page as it is shown, and of one to read the small print on, in pixels.
RENDERED, LARGE = 1800, 3600
#: Degrees to the right -> what Pillow calls it.
TURNS = {90: Image.Transpose.ROTATE_270, 180: Image.Transpose.ROTATE_180, 270: Image.Transpose.ROTATE_90}
JPEG_QUALITY = 85

#: Actions that run something, or send something somewhere.
ACTIVE = {
    "/JavaScript",
    "/Launch",
    "/SubmitForm",
    "/ImportData",
    "/Rendition",
    "/RichMediaExecute",
    "/GoTo3DView",
    "/Movie",
    "/Sound",
}
#: Annotations that hold a program or a player.
ACTIVE_ANNOTATIONS = {"/RichMedia", "/Movie", "/Sound", "/Screen", "/3D"}
#: Actions that only turn to a page or a web address; a person still has to follow them.
HARMLESS_OPENING = {"/GoTo"}


class Refused(Exception):
    """The file is not accepted; the argument is the code of the reason."""


def limit() -> None:
    """Take this process's means away before it looks at anything."""
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (SECONDS, SECONDS))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    pikepdf.settings.set_qpdf_limits(flate_max_memory=UNPACKED, run_length_max_memory=UNPACKED)


def inspect(content: bytes) -> int:
    """The number of pages of a file that is whole and passive. Raises Refused with the code of what is wrong."""
    try:
        with pikepdf.open(io.BytesIO(content), attempt_recovery=False) as pdf:
            if pdf.is_encrypted:
                raise Refused("encrypted")
            look_at_structure(pdf)
            pages = len(pdf.pages)
    except pikepdf.PasswordError as error:
        raise Refused("encrypted") from error
    except (pikepdf.PdfError, pikepdf.DependencyError, ValueError, RuntimeError, RecursionError, MemoryError) as error:
        raise Refused("damaged") from error
    if not pages:
        raise Refused("empty")
    if pages > MOST_PAGES:
        raise Refused("too_many_pages")
    return pages


def look_at_structure(pdf: pikepdf.Pdf) -> None:
    """Walk every object. Raises Refused at the first that runs, embeds or asks for something."""
    root = pdf.Root
    opening = root.get("/OpenAction")
    if isinstance(opening, pikepdf.Dictionary) and str(opening.get("/S")) not in HARMLESS_OPENING:
        raise Refused("scripts")
    if "/Collection" in root:
        raise Refused("embedded")
    seen = 0
    for top in pdf.objects:
        for thing in dictionaries_in(top):
            seen += 1
            if seen > MOST_OBJECTS:
                raise Refused("damaged")
            look_at(thing)


def dictionaries_in(top: Any) -> Iterator[Any]:
    """The dictionaries of one indirect object: itself and what is written inside it, without following references."""
    waiting = [top]
    first = True
    while waiting:
        thing = waiting.pop()
        if not isinstance(thing, pikepdf.Object) or (thing.is_indirect and not first):
            continue
        first = False
        if isinstance(thing, pikepdf.Array):
            waiting.extend(thing)
        elif isinstance(thing, pikepdf.Dictionary | pikepdf.Stream):
            holder = thing.stream_dict if isinstance(thing, pikepdf.Stream) else thing
            yield holder
            waiting.extend(holder[key] for key in holder.keys())  # noqa: SIM118 - iterating is not the same here


def look_at(thing: Any) -> None:
    """Raise Refused when the dictionary is an action, an annotation or a file that a document has no need of."""
    keys = set(thing.keys())
    if "/XFA" in keys:
        raise Refused("scripts")
    if "/EF" in keys or "/EmbeddedFiles" in keys or str(thing.get("/Type")) == "/EmbeddedFile":
        raise Refused("embedded")
    if keys & {"/JS", "/JavaScript", "/AA"}:
        raise Refused("scripts")
    if str(thing.get("/S")) in ACTIVE or str(thing.get("/Subtype")) in ACTIVE_ANNOTATIONS:
        raise Refused("scripts")
    if str(thing.get("/Subtype")) == "/FileAttachment":
        raise Refused("embedded")


def render(content: bytes, number: int, size: int = RENDERED, turn: int = 0) -> bytes:
    """Page `number`, counted from 1, as a PNG of `size` pixels, turned right by `turn` degrees.

    Raises Refused("damaged") where it cannot be drawn.
    """
    try:
        document = pypdfium2.PdfDocument(content)
        page = document[number - 1]
        width, height = page.get_size()
        scale = (size - 1) / max(width, height, 1)  # sizes are rounded up
        picture = page.render(scale=scale, rotation=turn, may_draw_forms=False).to_pil()
        result = io.BytesIO()
        picture.convert("RGB").save(result, "PNG", compress_level=4)
    except (pypdfium2.PdfiumError, IndexError, ValueError, RuntimeError, OSError, MemoryError) as error:
        raise Refused("damaged") from error
    return result.getvalue()


def reduce(content: bytes, size: int = RENDERED, turn: int = 0) -> bytes:
    """A JPEG or PNG with a longer side of at most `size` pixels, turned right by `turn` degrees, in its own format.

    Raises Refused("damaged") where it cannot be drawn.
    """
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as opened:
            kind = opened.format or "PNG"
            if kind == "JPEG":
                opened.draft("RGB", (size, size))  # decodes a large photograph at a half or less
            opened.thumbnail((size, size))
            picture = opened.transpose(TURNS[turn]) if turn in TURNS else opened
            result = io.BytesIO()
            if kind == "JPEG":
                picture.save(result, "JPEG", quality=JPEG_QUALITY)
            else:
                picture.save(result, "PNG", compress_level=4)
    except (OSError, SyntaxError, ValueError, MemoryError) as error:
        raise Refused("damaged") from error
    return result.getvalue()


def main() -> None:
    """Do what the arguments ask with standard input."""
    limit()
    content = sys.stdin.buffer.read()
    try:
        if sys.argv[1] == "render":
            sys.stdout.buffer.write(render(content, *map(int, sys.argv[2:5])))
        elif sys.argv[1] == "picture":
            sys.stdout.buffer.write(reduce(content, *map(int, sys.argv[2:4])))
        else:
            sys.stdout.write(json.dumps({"pages": inspect(content)}))
    except Refused as refused:
        sys.stdout.write(json.dumps({"refused": str(refused)}))
        sys.exit(3)


if __name__ == "__main__":
    main()
