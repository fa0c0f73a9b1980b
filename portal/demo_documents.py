"""Sample documents for the demonstration: drawn pictures that say plainly that they are samples."""

from __future__ import annotations

import io

from PIL import Image, ImageDraw, ImageFont

SIZE = (1240, 877)
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
    draw.text((width / 2, 140), title, font=ImageFont.load_default(54), fill=INK, anchor="mm")
    draw.line((180, 200, width - 180, 200), fill=FRAME, width=3)
    for position, (label, value) in enumerate(lines):
        y = 280 + position * 72
        draw.text((180, y), label, font=ImageFont.load_default(26), fill=(110, 110, 110))
        draw.text((520, y - 4), value, font=ImageFont.load_default(32), fill=INK)
    centre = (width - 260, height - 230)
    draw.ellipse((centre[0] - 110, centre[1] - 110, centre[0] + 110, centre[1] + 110), outline=STAMP, width=7)
    draw.text(centre, "SAMPLE", font=ImageFont.load_default(44), fill=STAMP, anchor="mm")
    buffer = io.BytesIO()
    picture.save(buffer, "PNG", optimize=True)
    return buffer.getvalue()
