"""Files in the store: written before the row that names them, removed after it, so that no row is without its file.

What a crash leaves between the two is a file without a row; `sweep` removes those.
"""

from __future__ import annotations

import datetime as dt
import secrets
from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from django.core.files.base import ContentFile
from django.core.files.storage import default_storage
from django.db import transaction

from accounts.companies import Company
from accounts.users import User
from certification.materials.documents import (
    LARGE,
    PDF,
    RENDERED,
    SUFFIXES,
    Document,
    DocumentRefused,
    reduced_picture,
    rendered_page,
)
from certification.materials.models import StagedFile, StoredDocument

#: Where documents lie, and the pictures of their pages; two letters of the name make a folder.
FOLDER, PREVIEWS = "materials", "previews"
#: Bytes up to which a picture is shown as it is.
SMALL = 300_000
#: How long an upload waits for the rest of its form (D). A file without a row is left alone for as long.
STAGED_FOR = dt.timedelta(hours=24)


def stage(*, company: Company, document: Document, uploaded_by: User, now: dt.datetime) -> StagedFile:
    """Write a checked document to the store and note it as waiting for its form.

    Raises DocumentRefused("not_stored") when the store cannot take it; then there is neither a file nor a row.
    """
    identifier = secrets.token_hex(16)
    wanted = f"{FOLDER}/{identifier[:2]}/{identifier}{document.suffix}"
    try:
        name = default_storage.save(wanted, ContentFile(document.content))
    except OSError as error:
        remove(wanted)
        raise DocumentRefused("not_stored", document.name) from error
    try:
        with transaction.atomic():
            return StagedFile.objects.create(
                company=company,
                uploaded_by=uploaded_by,
                uploaded_at=now,
                storage_name=name,
                original_name=document.name,
                content_type=document.content_type,
                size=document.size,
                sha256=document.sha256,
                pages=document.pages,
            )
    except BaseException:
        remove(name)
        raise


def staged_for(*, user: User, company: Company, refs: list[str], now: dt.datetime) -> list[StagedFile]:
    """The uploads that a form names and that the person made for this company within the last day, in the form's order."""
    rows = StagedFile.objects.filter(uploaded_by=user, company=company, uploaded_at__gt=now - STAGED_FOR)
    by_ref = {row.ref: row for row in rows}
    return [by_ref[ref] for ref in dict.fromkeys(refs) if ref in by_ref]


class FilesMissing(Exception):
    """An upload that a form counted on is no longer there."""


def take_files(*, files: Sequence[StagedFile]) -> list[dict[str, Any]]:
    """End the waiting of uploads; returns what a row of another model of stored documents needs to take each over.

    In the transaction that makes those rows: what is stored stays where it is. Raises FilesMissing.
    """
    ids = [file.pk for file in files]
    locked = list(StagedFile.objects.select_for_update().filter(pk__in=ids).order_by("pk"))
    if len(locked) != len(set(ids)):
        raise FilesMissing  # another submission of the same form, or the sweep, was first
    StagedFile.objects.filter(pk__in=ids).delete()
    return [
        {
            "storage_name": file.storage_name,
            "original_name": file.original_name,
            "content_type": file.content_type,
            "size": file.size,
            "sha256": file.sha256,
            "pages": file.pages,
        }
        for file in files
    ]


def discard(*, staged: StagedFile) -> None:
    """Forget an upload that its form does not want any more."""
    with transaction.atomic():
        staged.delete()
        transaction.on_commit(lambda: remove(staged.storage_name))


def remove(name: str) -> None:
    """Remove a file and what was drawn from it; one that is not there, or a store that does not answer, is for the sweep."""
    try:
        default_storage.delete(name)
    except OSError:
        return


def read(document: StoredDocument) -> bytes:
    """The content of a stored document. Raises OSError when the store does not have it."""
    with default_storage.open(document.storage_name) as file:
        content: bytes = file.read()
    return content


def page_picture(document: StoredDocument, number: int, *, turn: int = 0, large: bool = False) -> bytes | None:
    """Page `number` of a stored document as a picture, drawn once and kept; None where it cannot be drawn.

    A PDF's page is a PNG, a picture stays what it is. `turn` is one of TURNS; `large` for small print. A picture that
    is small already is sent as it is. Raises OSError when the store does not have the document.
    """
    is_pdf = document.content_type == PDF
    if not is_pdf and not turn and document.size <= SMALL:
        return read(document)
    size = LARGE if large else RENDERED
    stem = document.storage_name.removeprefix(f"{FOLDER}/").rsplit(".", 1)[0]
    variant = f"x{size}r{turn}" if turn or large else ""
    name = f"{PREVIEWS}/{stem}-{number}{variant}{'.png' if is_pdf else SUFFIXES[document.content_type]}"
    if default_storage.exists(name):
        with default_storage.open(name) as file:
            kept: bytes = file.read()
        return kept
    content = read(document)
    if is_pdf:
        picture = rendered_page(content=content, number=number, size=size, turn=turn)
    else:
        picture = reduced_picture(content=content, size=size, turn=turn)
    if picture is not None:
        try:
            default_storage.save(name, ContentFile(picture))
        except OSError:
            remove(name)
    return picture


def sweep(*, now: dt.datetime) -> dict[str, int]:
    """Remove uploads that no form used for a day, then files that no row names; return how many of each.

    Files younger than a day are left alone: their row may be about to be written.
    """
    unused = StagedFile.objects.filter(uploaded_at__lte=now - STAGED_FOR)
    names = list(unused.values_list("storage_name", flat=True))
    unused.delete()
    for name in names:
        remove(name)
    orphans = 0
    for folder in (FOLDER, PREVIEWS):
        files = files_under(folder)
        while batch := list(islice(files, 500)):
            orphans += sweep_batch(batch, now=now)
    return {"unused": len(names), "orphans": orphans}


def files_under(folder: str) -> Iterator[str]:
    """The names of all files under a folder of the store and the folders in it."""
    try:
        folders, files = default_storage.listdir(folder)
    except FileNotFoundError:
        return
    for file in sorted(files):
        yield f"{folder}/{file}"
    for inner in sorted(folders):
        yield from files_under(f"{folder}/{inner}")


def sweep_batch(names: list[str], *, now: dt.datetime) -> int:
    """Remove those of the files that are a day old and that no row names; return how many."""
    stems = {name: document_stem(name) for name in names}
    wanted = [f"{FOLDER}/{stem}{suffix}" for stem in set(stems.values()) for suffix in SUFFIXES.values()]
    known: set[str] = set()
    for kind in StoredDocument.__subclasses__():  # every model of a stored document, whichever app it belongs to
        names_of = kind._default_manager.filter(storage_name__in=wanted).values_list("storage_name", flat=True)
        known |= {document_stem(name) for name in names_of}
    removed = 0
    for name, stem in stems.items():
        if stem in known:
            continue
        try:
            if default_storage.get_modified_time(name) > now - STAGED_FOR:
                continue
        except FileNotFoundError:
            continue
        remove(name)
        removed += 1
    return removed


def document_stem(name: str) -> str:
    """Folder and identifier of the document that a file is, or that it was drawn from."""
    inner = name.split("/", 1)[1].rsplit(".", 1)[0]
    return inner.rsplit("-", 1)[0]
