"""Whether an upload is the document it claims to be: type by content and name, size, pixels, pages, nothing hidden in it.

Pictures are drawn anew, so that nothing but the picture is left; a PDF is kept as it is when it is whole and passive.
"""

from __future__ import annotations

import hashlib
import io
import json
import struct
import subprocess
import sys
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import PurePath
from typing import Any, Protocol

import filetype
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from PIL import Image, ImageOps

#: Bytes of one file, and files of one version (D).
MOST_BYTES = 10 * 1024 * 1024
MOST_FILES = 10
#: Pixels of a picture (D): a phone's photograph has 12 to 24 million. What is more unpacks to more memory than it is worth.
MOST_PIXELS = 40_000_000
#: Seconds that looking at one PDF may take by the clock.
PATIENCE = 30
JPEG_QUALITY = 90
#: Pixels of the longer side of a page in the viewer, and of one that is read closely; `pdf_child` has the same.
RENDERED, LARGE = 1800, 3600
#: How far a page can be turned to the right, in degrees.
TURNS = (0, 90, 180, 270)

PDF, JPEG, PNG = "application/pdf", "image/jpeg", "image/png"
#: Spreadsheets, where a form takes them; the names under which they are kept.
XLSX, CSV = "application/x-xlsx", "text/csv"
#: What a name may end in, and what the content must then be.
EXTENSIONS = {".pdf": PDF, ".jpg": JPEG, ".jpeg": JPEG, ".png": PNG}
#: For the file dialog.
ACCEPT = ".pdf,.jpg,.jpeg,.png"
SUFFIXES = {PDF: ".pdf", JPEG: ".jpg", PNG: ".png", XLSX: ".xlsx", CSV: ".csv"}

#: What people read when a file is refused, by code. `name` is the file's own.
REFUSALS: dict[str, str | Promise] = {
    "wrong_type": _(
        "%(name)s is not a PDF, JPEG or PNG. Photograph or scan the document, or save it as a PDF, and choose that file."
    ),
    "renamed": _(
        "The content of %(name)s is not what its name says. Open it, save it again as a PDF, JPEG or PNG, and choose the new file."
    ),
    "wrong_sheet": _("%(name)s cannot be read. Save the list as .xlsx or .csv and choose that file."),
    "renamed_sheet": _(
        "The content of %(name)s is not what its name says. Save the list as .xlsx or .csv and choose it again."
    ),
    "too_big": _("%(name)s is larger than 10 MB. Save it with a lower resolution or split it into several files."),
    "empty": _("%(name)s is empty. Check that it opens on your device, then choose it again."),
    "encrypted": _("%(name)s is protected by a password. Remove the protection and choose it again."),
    "damaged": _("%(name)s is damaged or incomplete. Check that it opens on your device, or scan it again."),
    "scripts": _("%(name)s contains scripts or an interactive form. Print it to a new PDF and choose that one."),
    "embedded": _("%(name)s has other files inside it. Choose each of them as a file of its own."),
    "too_many_pages": _("%(name)s has more than 50 pages. Choose only the pages that are asked for."),
    "too_many_pixels": _("%(name)s has more than 40 million pixels. Save it with a lower resolution."),
    "not_stored": _("%(name)s could not be saved just now. What you entered is kept: try again in a few minutes."),
}


class Readable(Protocol):
    """An upload, or any open file."""

    def seek(self, offset: int, /) -> Any: ...
    def read(self, size: int, /) -> bytes: ...


class DocumentRefused(Exception):
    """An upload that is not accepted: `code` is a key of REFUSALS, `name` the file's own."""

    def __init__(self, code: str, name: str) -> None:
        super().__init__(code)
        self.code, self.name = code, name

    @property
    def message(self) -> str:
        """What is wrong and what to do, in the active language."""
        return str(REFUSALS[self.code]) % {"name": self.name}


@dataclass(frozen=True)
class Document:
    """A checked document: what is stored, and what is known of it."""

    content: bytes
    name: str
    content_type: str
    pages: int

    @property
    def size(self) -> int:
        """Bytes."""
        return len(self.content)

    @property
    def sha256(self) -> str:
        """The digest of what is stored, in hexadecimal."""
        return hashlib.sha256(self.content).hexdigest()

    @property
    def suffix(self) -> str:
        """The ending of its name in the store."""
        return SUFFIXES[self.content_type]


def presentable_name(name: str) -> str:
    """The upload's own name without folders and control characters, at most 120 characters with its ending kept."""
    plain = PurePath(name.replace("\\", "/")).name
    plain = "".join(character for character in plain if character.isprintable()).strip() or "document"
    stem, suffix = PurePath(plain).stem, PurePath(plain).suffix[:10]
    return f"{stem[: 120 - len(suffix)]}{suffix}"


def check_document(*, name: str, file: Readable, size: int) -> Document:
    """Read an upload of `size` bytes and return what may be stored. Raises DocumentRefused.

    Never holds more than MOST_BYTES of the upload: a larger one is refused by its size, unread.
    """
    shown = presentable_name(name)
    if not size:
        raise DocumentRefused("empty", shown)
    if size > MOST_BYTES:
        raise DocumentRefused("too_big", shown)
    expected = EXTENSIONS.get(PurePath(shown).suffix.lower())
    if expected is None:
        raise DocumentRefused("wrong_type", shown)
    file.seek(0)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DocumentRefused("too_big", shown)
    guess = filetype.guess(content)
    found = guess.mime if guess is not None else ""
    if found != expected:
        # A picture under the name of another accepted type is as wrong as a program: the name is what people see.
        raise DocumentRefused("renamed" if found else "damaged", shown)
    if expected == PDF:
        return Document(content, shown, PDF, checked_pdf(content, shown))
    return Document(redrawn(content, shown, expected), shown, expected, 1)


def is_archive(content: bytes) -> bool:
    """Whether the bytes can also be opened as a ZIP archive (which is found from its end)."""
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            return bool(archive.namelist())
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError, struct.error):
        return False


# --- Pictures --------------------------------------------------------------------------------------------------------


def redrawn(content: bytes, name: str, content_type: str) -> bytes:
    """The picture drawn anew, upright, without metadata. Raises DocumentRefused."""
    if is_archive(content) or b"%PDF-" in content[:1024]:
        raise DocumentRefused("renamed", name)
    try:
        with Image.open(io.BytesIO(content), formats=("JPEG", "PNG")) as picture:
            if picture.width * picture.height > MOST_PIXELS:
                raise DocumentRefused("too_many_pixels", name)
            picture.load()
            upright = ImageOps.exif_transpose(picture)
            mode = picture_mode(upright, content_type)
            bare = upright if upright.mode == mode else upright.convert(mode)
            bare.info = {}
            result = io.BytesIO()
            if content_type == JPEG:
                bare.save(result, "JPEG", quality=JPEG_QUALITY, exif=b"", icc_profile=None)
            else:
                bare.save(result, "PNG", compress_level=6, exif=b"", icc_profile=None)
    except Image.DecompressionBombError as error:
        raise DocumentRefused("too_many_pixels", name) from error
    except (OSError, SyntaxError, ValueError, EOFError, KeyError, TypeError, struct.error, zlib.error) as error:
        raise DocumentRefused("damaged", name) from error
    return result.getvalue()


def picture_mode(picture: Image.Image, content_type: str) -> str:
    """The plain colour mode in which the picture is kept."""
    if picture.mode in {"L", "1", "I;16", "I"}:
        return "L"
    has_alpha = picture.mode in {"RGBA", "LA", "PA"} or "transparency" in picture.info
    return "RGBA" if has_alpha and content_type == PNG else "RGB"


# --- PDFs ------------------------------------------------------------------------------------------------------------


def checked_pdf(content: bytes, name: str) -> int:
    """The number of pages of a PDF that is whole and passive. Raises DocumentRefused."""
    if not content.startswith(b"%PDF-") or is_archive(content):
        raise DocumentRefused("renamed", name)
    end = content.rfind(b"%%EOF")
    if end < 0 or len(content) - end > 1024:
        raise DocumentRefused("damaged", name)
    answer = run_child(content, "inspect")
    try:
        result: dict[str, Any] = json.loads(answer)
    except ValueError:
        # The child ran out of memory or of time.
        result = {"refused": "damaged"}
    if "refused" in result:
        raise DocumentRefused(result["refused"], name)
    return int(result["pages"])


def rendered_page(*, content: bytes, number: int, size: int = RENDERED, turn: int = 0) -> bytes | None:
    """Page `number` of a stored PDF, counted from 1, as a PNG of `size` pixels; None where it cannot be drawn.

    `turn` is in degrees to the right: 0, 90, 180 or 270.
    """
    answer = run_child(content, "render", str(number), str(size), str(turn))
    return answer if answer.startswith(b"\x89PNG") else None


def reduced_picture(*, content: bytes, size: int = RENDERED, turn: int = 0) -> bytes | None:
    """A stored picture in its own format, its longer side at most `size` pixels; None where it cannot be drawn."""
    answer = run_child(content, "picture", str(size), str(turn))
    return answer if answer.startswith((b"\x89PNG", b"\xff\xd8")) else None


def run_child(content: bytes, *arguments: str) -> bytes:
    """What `pdf_child` prints; nothing where it took too long or broke."""
    command = [sys.executable, "-m", "certification.materials.pdf_child", *arguments]
    try:
        return subprocess.run(
            command, input=content, capture_output=True, timeout=PATIENCE, check=False, cwd=settings.BASE_DIR
        ).stdout
    except subprocess.TimeoutExpired:
        return b""
