"""How the stored file of an import is read, and its removal."""

from __future__ import annotations

from django.core.files.storage import default_storage
from django.db import transaction

from certification.numbers.imports.examining import Taken
from certification.numbers.imports.models import SheetImport
from certification.numbers.imports.sheets import Layout


def described(taken: Taken) -> dict[str, object]:
    """The columns of an import that say how its file is read."""
    return {
        "encoding": taken.layout.encoding,
        "delimiter": taken.layout.delimiter,
        "header_row": taken.header_row,
        "header": taken.header,
        "columns": taken.columns,
        "sample": taken.sample,
    }


def layout_of(sheet_import: SheetImport) -> Layout:
    """How the stored file is read."""
    kind = "csv" if sheet_import.encoding else "xlsx"
    return Layout(kind, sheet_import.encoding, sheet_import.delimiter)


def remove_file(sheet_import: SheetImport) -> None:
    """Remove the stored upload once this transaction is committed."""
    name = sheet_import.storage_name
    if name:
        type(sheet_import)._default_manager.filter(pk=sheet_import.pk).update(storage_name="")
        transaction.on_commit(lambda: default_storage.delete(name))
