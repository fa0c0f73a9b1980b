"""Call logs as evidence: a spreadsheet that is what its name says, read by the same rules as a list of numbers."""

from __future__ import annotations

import io
from pathlib import PurePath

from certification.materials.documents import (
    CSV,
    MOST_BYTES,
    XLSX,
    Document,
    DocumentRefused,
    Readable,
    check_document,
    presentable_name,
)
from certification.numbers.imports.sheets import FileProblem, UnreadableFile, look_at, rows_of

SHEETS = {".xlsx": XLSX, ".csv": CSV}
#: For the file dialog.
ACCEPT = ".xlsx,.csv,.pdf,.jpg,.jpeg,.png"
#: What a sheet is refused for, in the words that documents are refused with.
REFUSED = {
    FileProblem.ZERO_BYTES: "empty",
    FileProblem.EMPTY: "empty",
    FileProblem.TOO_LARGE: "too_big",
    FileProblem.UNPACKED: "too_big",
    FileProblem.ENCRYPTED: "encrypted",
    FileProblem.NOT_AS_NAMED: "renamed_sheet",
    FileProblem.WRONG_KIND: "wrong_sheet",
    FileProblem.OLD_EXCEL: "wrong_sheet",
    FileProblem.APPLE_NUMBERS: "wrong_sheet",
}


def check_evidence(*, name: str, file: Readable, size: int) -> Document:
    """Read an upload that may be a call log: a spreadsheet, or a document as everywhere. Raises DocumentRefused."""
    shown = presentable_name(name)
    content_type = SHEETS.get(PurePath(shown).suffix.lower())
    if content_type is None:
        return check_document(name=name, file=file, size=size)
    if not size:
        raise DocumentRefused("empty", shown)
    if size > MOST_BYTES:
        raise DocumentRefused("too_big", shown)
    file.seek(0)
    content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise DocumentRefused("too_big", shown)
    sheet = io.BytesIO(content)
    try:
        layout = look_at(sheet, shown)
        if layout.kind != PurePath(shown).suffix.lower().lstrip("."):
            raise DocumentRefused("renamed_sheet", shown)
        for _row in rows_of(sheet, layout):  # to its end: what is broken in the middle is broken
            pass
    except UnreadableFile as unreadable:
        raise DocumentRefused(REFUSED.get(unreadable.problem, "damaged"), shown) from unreadable
    return Document(content, shown, content_type, 0)  # a sheet has no pages to look at
