"""Opening a spreadsheet that a stranger made: what it truly is, how large it would become, and its rows one by one.

Nothing of a file is evaluated: formulas of an xlsx come as the values last saved in it, text that looks like one is text.
"""

from __future__ import annotations

import contextlib
import csv
import io
import re
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from typing import IO

import charset_normalizer
import python_calamine
from django.db import models
from django.utils.translation import gettext_lazy as _

from certification.numbers.shapes import Cell

#: What a company can hand in at once.
MOST_BYTES = 10 * 1024 * 1024
MOST_ROWS = 50_000
MOST_COLUMNS = 60
#: What an xlsx may grow to when it is unpacked; 50,000 rows of eight columns take about 25 MB.
MOST_UNPACKED = 150 * 1024 * 1024
LONGEST_CELL = 500
ENCODINGS = {"utf-8": "UTF-8", "gb18030": "GB18030 / GBK", "utf-16": "UTF-16"}
DELIMITERS = {",": _("comma"), ";": _("semicolon"), "\t": _("tab")}


class FileProblem(models.TextChoices):
    """Why a file cannot be read: a code, and what to do about it."""

    ZERO_BYTES = "zero_bytes", _("This file has 0 bytes. Export the list again.")
    EMPTY = (
        "no_rows",
        _("There are no rows in this file. Put the numbers in the first sheet, below a row of column names."),
    )
    TOO_LARGE = "too_large", _("This file is larger than 10 MB. Remove pictures and other sheets, or split the list.")
    TOO_MANY_ROWS = "too_many_rows", _("This file has more than 50,000 rows. Split it into several files.")
    TOO_MANY_COLUMNS = "too_many_columns", _("This file has more than 60 columns. Keep the columns that are needed.")
    UNPACKED = (
        "unpacked",
        _("This file becomes far too large when it is unpacked. Save the list as a new file and try again."),
    )
    ENCRYPTED = "encrypted", _("This file is protected by a password. Save it without a password and try again.")
    OLD_EXCEL = "old_excel", _("This is the old Excel format (.xls). Open it and save it as .xlsx.")
    APPLE_NUMBERS = "apple_numbers", _("This is an Apple Numbers file. Export it as Excel (.xlsx) or CSV.")
    WRONG_KIND = "wrong_kind", _("Only .xlsx and .csv files can be read.")
    NOT_AS_NAMED = (
        "not_as_named",
        _("This file is not what its name says. Save the list as .xlsx or .csv and try again."),
    )
    BROKEN = "broken", _("This file is damaged or incomplete. Save it again and try once more.")
    UNDECODABLE = (
        "undecodable",
        _("The text of this file cannot be read in this encoding. Save it as CSV UTF-8, or as .xlsx."),
    )
    NO_NUMBERS = "no_numbers", _("No column of this file holds phone numbers.")


class UnreadableFile(Exception):
    """The file cannot be read; `problem` says why."""

    def __init__(self, problem: FileProblem) -> None:
        super().__init__(problem)
        self.problem = problem


@dataclass(frozen=True)
class Layout:
    """How a file is to be read: its kind, and for csv its encoding and delimiter."""

    kind: str  # "xlsx" | "csv"
    encoding: str = ""
    delimiter: str = ""
    #: Whether another encoding than the guessed one is as likely, so that the person should look at the preview.
    doubtful: bool = False


#: The rows of a sheet: the row number as the spreadsheet counts, and its cells.
Rows = Iterator[tuple[int, list[Cell]]]

_BINARY = (b"%PDF", b"\x89PNG", b"\xff\xd8\xff", b"GIF8", b"Rar!", b"7z\xbc\xaf", b"\x1f\x8b", b"\x7fELF", b"{\\rtf")


def look_at(file: IO[bytes], name: str) -> Layout:
    """Find out what the file is and how to read it. Raises UnreadableFile; leaves the file at its beginning."""
    size = file.seek(0, io.SEEK_END)
    file.seek(0)
    if size == 0:
        raise UnreadableFile(FileProblem.ZERO_BYTES)
    if size > MOST_BYTES:
        raise UnreadableFile(FileProblem.TOO_LARGE)
    head = file.read(8)
    file.seek(0)
    suffix = name.lower().rpartition(".")[2]
    if suffix == "numbers":
        raise UnreadableFile(FileProblem.APPLE_NUMBERS)
    if head.startswith(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"):
        encrypted = "EncryptedPackage".encode("utf-16-le") in file.read()
        file.seek(0)
        raise UnreadableFile(FileProblem.ENCRYPTED if encrypted else FileProblem.OLD_EXCEL)
    if suffix == "xls":
        raise UnreadableFile(FileProblem.OLD_EXCEL if not head.startswith(b"PK") else FileProblem.NOT_AS_NAMED)
    if head.startswith(b"PK"):
        check_package(file)
        if suffix not in ("xlsx", "xlsm"):
            raise UnreadableFile(FileProblem.NOT_AS_NAMED)
        return Layout("xlsx")
    if suffix in ("xlsx", "xlsm"):
        raise UnreadableFile(FileProblem.NOT_AS_NAMED)
    if suffix not in ("csv", "txt", "tsv"):
        raise UnreadableFile(FileProblem.WRONG_KIND)
    if head.startswith(_BINARY):
        raise UnreadableFile(FileProblem.NOT_AS_NAMED)
    return look_at_text(file)


# --- Text ----------------------------------------------------------------------------------------------------------


def look_at_text(file: IO[bytes]) -> Layout:
    """Guess encoding and delimiter of a csv file: strict decoding decides, charset-normalizer only raises a doubt."""
    data = file.read()
    file.seek(0)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        encoding, doubtful = "utf-16", False
    elif b"\0" in data:
        raise UnreadableFile(FileProblem.NOT_AS_NAMED)
    elif decodes(data, "utf-8"):
        encoding, doubtful = "utf-8", False
    elif decodes(data, "gb18030"):
        encoding = "gb18030"
        best = charset_normalizer.from_bytes(data[:20_000], cp_isolation=["gb18030", "big5", "shift_jis"]).best()
        doubtful = best is not None and best.encoding not in ("gb18030", "gbk", "gb2312")
    else:
        raise UnreadableFile(FileProblem.UNDECODABLE)
    text = data[:100_000].decode(encoding, errors="ignore")
    return Layout("csv", encoding, guess_delimiter(text), doubtful)


def decodes(data: bytes, encoding: str) -> bool:
    """Whether all of the data is text in this encoding."""
    try:
        data.decode(encoding)
    except UnicodeDecodeError:
        return False
    return True


def guess_delimiter(text: str) -> str:
    """The delimiter that the first lines hold most evenly; a comma where none does."""
    lines = [re.sub(r'"[^"]*"', "", line) for line in text.splitlines()[:20] if line.strip()]

    def steadiness(delimiter: str) -> tuple[int, int]:
        counts = [line.count(delimiter) for line in lines] or [0]
        return min(counts), sum(counts)

    best = max(DELIMITERS, key=steadiness)
    return best if steadiness(best)[1] else ","


def csv_rows(file: IO[bytes], layout: Layout) -> Rows:
    """The rows of a csv file, counted as a spreadsheet that opens it would: by row, not by line."""
    encoding = "utf-8-sig" if layout.encoding == "utf-8" else layout.encoding
    text = io.TextIOWrapper(file, encoding=encoding, errors="strict", newline="")
    count = 0
    try:
        for count, cells in enumerate(csv.reader(text, delimiter=layout.delimiter or ","), start=1):
            if len(cells) > MOST_COLUMNS and any(cell.strip() for cell in cells[MOST_COLUMNS:]):
                raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS)
            yield count, list(cells[:MOST_COLUMNS])
    except UnicodeError as error:
        raise UnreadableFile(FileProblem.UNDECODABLE) from error
    except csv.Error as error:
        raise UnreadableFile(FileProblem.BROKEN) from error
    finally:
        with contextlib.suppress(ValueError):  # the file was closed before the last row was asked for
            text.detach()


# --- xlsx ----------------------------------------------------------------------------------------------------------

#: Only cells that hold something count; rows that are merely coloured go down to the million in many a file.
_CELL = re.compile(rb"""<c\s+(?:[^>]*?\s)?r\s*=\s*["']([A-Za-z]{1,7})(\d{1,10})["'][^>]*(?<!/)>""")
_PREFIX = re.compile(rb"<(/?)[A-Za-z_][\w.-]*:")
_CELL_TAG = re.compile(rb"<c[\s>]")


def check_package(file: IO[bytes]) -> None:
    """Refuse an xlsx that is none, is encrypted or broken, or would take too much memory. Raises UnreadableFile.

    Every part is unpacked once, in pieces, so that a size which the directory of the archive makes up is found out
    (zipfile stops at the declared size and then compares the checksum). The positions of cells are looked at before
    anything builds a grid of them: one cell in the last corner of a sheet would be a grid of 17 thousand million.
    """
    try:
        with zipfile.ZipFile(file) as package:
            names = set(package.namelist())
            if "xl/workbook.xml" not in names:
                apple = any(name.startswith("Index/") or name == "Index.zip" for name in names)
                raise UnreadableFile(FileProblem.APPLE_NUMBERS if apple else FileProblem.NOT_AS_NAMED)
            if "content.xml" in names or "xl/workbook.bin" in names:  # would be opened as another format
                raise UnreadableFile(FileProblem.NOT_AS_NAMED)
            parts = package.infolist()
            if sum(part.file_size for part in parts) > MOST_UNPACKED or len(parts) > 2000:
                raise UnreadableFile(FileProblem.UNPACKED)
            if any(part.flag_bits & 1 for part in parts):
                raise UnreadableFile(FileProblem.ENCRYPTED)
            for part in parts:
                check_part(package, part)
    except (zipfile.BadZipFile, EOFError, OSError, ValueError, NotImplementedError, RuntimeError) as error:
        raise UnreadableFile(FileProblem.BROKEN) from error
    except zipfile.zlib.error as error:  # type: ignore[attr-defined]
        raise UnreadableFile(FileProblem.BROKEN) from error
    finally:
        file.seek(0)


def check_part(package: zipfile.ZipFile, part: zipfile.ZipInfo) -> None:
    """Unpack one part in pieces, and see how far the cells of a worksheet reach.

    A worksheet can be called anything, so every part is looked at; cells may carry their position or follow one another.
    """
    rest, rows = b"", 0
    with package.open(part) as stream:
        while piece := stream.read(1 << 18):
            text = rest + piece
            rest = text[text.rfind(b"<") :] if b"<" in text[-2000:] else b""
            text = text[: len(text) - len(rest)] if rest else text
            if b"<row" not in text and b":row" not in text and b"<c" not in text and b":c" not in text:
                continue
            rows += check_cells(_PREFIX.sub(rb"<\1", text))
            if rows > MOST_ROWS + 20:
                raise UnreadableFile(FileProblem.TOO_MANY_ROWS)


def check_cells(text: bytes) -> int:
    """Refuse positions beyond the limits in a piece of a worksheet; return how many of its rows hold something."""
    for column, row in _CELL.findall(text):
        if len(column) > 2 or (len(column) == 2 and column.upper() > b"BH"):
            raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS)
        if len(row) > 5 or int(row) > MOST_ROWS + 20:
            raise UnreadableFile(FileProblem.TOO_MANY_ROWS)
    filled = 0
    for row in text.split(b"<row")[1:]:
        filled += b"<v" in row or b"<is" in row
        if (
            row.count(b"<c") > MOST_COLUMNS
            and len(_CELL_TAG.findall(row)) > MOST_COLUMNS
            and (b"<v" in row or b"<is" in row)
        ):
            raise UnreadableFile(FileProblem.TOO_MANY_COLUMNS)
    return filled


def xlsx_rows(file: IO[bytes]) -> Rows:
    """The rows of the first visible sheet that holds something."""
    try:
        workbook = python_calamine.CalamineWorkbook.from_filelike(file)
        visible = [
            sheet.name
            for sheet in workbook.sheets_metadata
            if sheet.visible == python_calamine.SheetVisibleEnum.Visible
            and sheet.typ == python_calamine.SheetTypeEnum.WorkSheet
        ]
        for name in visible:
            sheet = workbook.get_sheet_by_name(name)
            if sheet.start is None:
                continue
            before = [""] * sheet.start[1]  # the rows come without the empty columns on their left
            for index, cells in enumerate(sheet.iter_rows(), start=1):
                yield index, [*before, *cells]
            return
    except python_calamine.PasswordError as error:
        raise UnreadableFile(FileProblem.ENCRYPTED) from error
    except python_calamine.CalamineError as error:
        raise UnreadableFile(FileProblem.BROKEN) from error


def rows_of(file: IO[bytes], layout: Layout) -> Rows:
    """The rows that hold something. Raises UnreadableFile on the way, also when there are too many."""
    found = 0
    for number, cells in xlsx_rows(file) if layout.kind == "xlsx" else csv_rows(file, layout):
        if not any(cell is not None and cell != "" and (not isinstance(cell, str) or cell.strip()) for cell in cells):
            continue
        found += 1
        if found > MOST_ROWS + 20:  # the header, and titles above it
            raise UnreadableFile(FileProblem.TOO_MANY_ROWS)
        yield number, cells


def shown(cell: Cell) -> str:
    """The cell as a person would read it, without what no text column can hold, cut where it is unreasonably long."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer() and abs(cell) < 1e15:
        return str(int(cell))
    text = str(cell)[:LONGEST_CELL]
    return text.replace("\0", "") if text.isascii() else text.replace("\0", "").encode("utf-8", "ignore").decode()
