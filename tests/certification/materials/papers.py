"""Documents as people upload them, and as attackers do."""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Callable
from typing import Any

import pikepdf
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image
from PIL.ExifTags import Base


def pdf(fix: Callable[[pikepdf.Pdf], object] | None = None, *, pages: int = 1, **save: Any) -> bytes:
    """A PDF of blank pages, with whatever `fix` does to it."""
    made = pikepdf.new()
    for _ in range(pages):
        made.add_blank_page()
    if fix is not None:
        fix(made)
    result = io.BytesIO()
    made.save(result, **save)
    return result.getvalue()


def picture(form: str = "JPEG", size: tuple[int, int] = (60, 40), mode: str = "RGB", **save: Any) -> bytes:
    """A picture with a dark left half, so that turning it shows."""
    made = Image.new(mode, size, 255 if mode == "L" else "white")
    made.paste(0 if mode == "L" else "black", (0, 0, size[0] // 2, size[1]))
    result = io.BytesIO()
    made.save(result, form, **save)
    return result.getvalue()


def photograph() -> bytes:
    """A JPEG that lies on its side and says where and with what it was taken."""
    exif = Image.Exif()
    exif[Base.Orientation] = 6
    exif[Base.Make] = "SecretCamera"
    return picture(exif=exif.tobytes(), comment=b"hidden words")


def archive() -> bytes:
    result = io.BytesIO()
    with zipfile.ZipFile(result, "w") as made:
        made.writestr("payload.exe", b"MZ")
    return result.getvalue()


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


def pixel_bomb(width: int = 20_000, height: int = 20_000) -> bytes:
    """A PNG of some kilobytes that unpacks to hundreds of megabytes."""
    row = zlib.compressobj(9)
    body = b"".join(row.compress(b"\0" * (width // 8 + 1)) for _ in range(height)) + row.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", body) + chunk(b"IEND", b"")


def text_bomb() -> bytes:
    """A PNG with a comment that unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b"\0" * 1024 * 1024) for _ in range(200)) + packer.flush()
    good = picture("PNG")
    at = good.index(b"IDAT") - 4
    return good[:at] + chunk(b"zTXt", b"Comment\0\0" + body) + good[at:]


def object_bomb() -> bytes:
    """A PDF of a hundred kilobytes whose table of objects unpacks to 200 MB."""
    packer = zlib.compressobj(9)
    body = b"".join(packer.compress(b"\0" * 1024 * 1024) for _ in range(200)) + packer.flush()
    head = b"%PDF-1.5\n"
    table = (
        b"1 0 obj\n<< /Type /XRef /Size 9000000 /W [1 8 8] /Root 2 0 R /Filter /FlateDecode /Length "
        + str(len(body)).encode()
        + b" >>\nstream\n"
        + body
        + b"\nendstream\nendobj\n"
    )
    return head + table + b"startxref\n" + str(len(head)).encode() + b"\n%%EOF\n"


def upload(name: str = "licence.pdf", content: bytes | None = None) -> SimpleUploadedFile:
    """An upload of a form; a whole PDF unless told otherwise."""
    return SimpleUploadedFile(name, pdf() if content is None else content)
