"""Sample documents for the demonstration: drawn pictures that say plainly that they are samples."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

#: Pixels: large enough to read on a reviewer's screen, small enough to draw forty of them in a moment.
SIZE = (1000, 707)
INK = (38, 50, 56)
PAPER = (252, 250, 244)
FRAME = (176, 141, 87)
STAMP = (190, 40, 40)


def sample_document(title: str, lines: list[tuple[str, str]]) -> bytes:
    """A PNG that looks like a certificate: a title, labelled lines, a stamp that says SAMPLE.

    Latin script only: the font that comes with Pillow is the one that every machine has.
    """
    picture = Image.new("RGB", SIZE, PAPER)
    draw = ImageDraw.Draw(picture)
    width, height = SIZE
    for inset, line in ((24, 6), (40, 2)):
        draw.rectangle((inset, inset, width - inset, height - inset), outline=FRAME, width=line)
    draw.text((width / 2, 110), title, font=ImageFont.load_default(42), fill=INK, anchor="mm")
    draw.line((140, 160, width - 140, 160), fill=FRAME, width=3)
    for position, (label, value) in enumerate(lines):
        y = 220 + position * 60
        draw.text((140, y), label, font=ImageFont.load_default(22), fill=(110, 110, 110))
        draw.text((400, y - 3), value, font=ImageFont.load_default(26), fill=INK)
    centre = (width - 210, height - 180)
    draw.ellipse((centre[0] - 90, centre[1] - 90, centre[0] + 90, centre[1] + 90), outline=STAMP, width=7)
    draw.text(centre, "SAMPLE", font=ImageFont.load_default(36), fill=STAMP, anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()
