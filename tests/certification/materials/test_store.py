"""Files and rows stay together: no row without a file, no file without a row for longer than a day (R6)."""

from __future__ import annotations

import datetime as dt
import os
from pathlib import Path

import pytest

from certification.materials.documents import Document, DocumentRefused
from certification.materials.models import MaterialFile, StagedFile
from certification.materials.store import discard, page_picture, read, stage, staged_for, sweep
from tests.cast import NOW
from tests.certification.materials import papers
from tests.certification.materials.conftest import files_in
from tests.certification.materials.submissions import staged, submit

DAY = dt.timedelta(days=1)


def age(folder: Path, moment: dt.datetime) -> None:
    for path in files_in(folder):
        os.utime(path, (moment.timestamp(), moment.timestamp()))


def test_stage_writes_a_generated_name_outside_of_the_upload_s_own(cast, store):
    file = staged(cast.clinic, cast.owner)
    assert file.original_name == "licence.pdf"
    assert "licence" not in file.storage_name
    assert (store / file.storage_name).read_bytes() == read(file)
    assert file.sha256 == Document(read(file), "", "application/pdf", 1).sha256


def test_stage_leaves_no_row_when_the_store_cannot_be_written_r6(cast, store):
    store.parent.mkdir(parents=True, exist_ok=True)
    store.write_text("a file where the folder should be")
    document = Document(papers.pdf(), "licence.pdf", "application/pdf", 1)
    with pytest.raises(DocumentRefused) as caught:
        stage(company=cast.clinic, document=document, uploaded_by=cast.owner, now=NOW)
    assert caught.value.code == "not_stored"
    assert StagedFile.objects.count() == 0


def test_stage_leaves_no_file_when_the_row_cannot_be_written(cast, store):
    document = Document(papers.pdf(), "x" * 500, "application/pdf", 1)
    with pytest.raises(Exception, match="too long"):
        stage(company=cast.clinic, document=document, uploaded_by=cast.owner, now=NOW)
    assert files_in(store) == []


def test_staged_for_gives_a_person_only_their_own_uploads_of_the_last_day(cast):
    own, colleague = staged(cast.clinic, cast.owner), staged(cast.clinic, cast.admin)
    foreign, old = staged(cast.shop, cast.stranger), staged(cast.clinic, cast.owner, now=NOW - DAY)
    refs = [old.ref, foreign.ref, colleague.ref, own.ref, own.ref, "0" * 12]
    assert staged_for(user=cast.owner, company=cast.clinic, refs=refs, now=NOW) == [own]


def test_discard_removes_row_and_file(cast, store, django_capture_on_commit_callbacks):
    file = staged(cast.clinic, cast.owner)
    with django_capture_on_commit_callbacks(execute=True):
        discard(staged=file)
    assert (StagedFile.objects.count(), files_in(store)) == (0, [])


def test_sweep_removes_what_is_a_day_old_and_belongs_to_nothing(cast, store):
    material = submit(cast.clinic, "statement_of_use", cast.owner, numbers=cast.clinic.numbers.all())
    kept = material.files.get()
    assert page_picture(kept, 1) is not None
    unused = staged(cast.clinic, cast.owner, now=NOW - DAY)
    waiting = staged(cast.clinic, cast.owner, now=NOW - DAY + dt.timedelta(minutes=1))
    orphan = store / "materials" / "ab" / "abcdef.pdf"
    preview = store / "previews" / "ab" / "abcdef-1.png"
    for path in (orphan, preview):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"left behind")
    age(store, NOW - DAY)
    fresh = store / "materials" / "ab" / "fresh.pdf"
    fresh.write_bytes(b"its row is about to come")
    os.utime(fresh, (NOW.timestamp(), NOW.timestamp()))

    assert sweep(now=NOW) == {"unused": 1, "orphans": 2}
    assert list(StagedFile.objects.all()) == [waiting]
    left = {path.relative_to(store).as_posix() for path in files_in(store)}
    picture = kept.storage_name.replace("materials/", "previews/").replace(".pdf", "-1.png")
    assert left == {kept.storage_name, picture, waiting.storage_name, "materials/ab/fresh.pdf"}
    assert not (store / unused.storage_name).exists()
    assert MaterialFile.objects.get() == kept
    assert sweep(now=NOW) == {"unused": 0, "orphans": 0}


def test_sweep_of_an_empty_store_finds_nothing(cast):
    assert sweep(now=NOW) == {"unused": 0, "orphans": 0}


def test_page_picture_is_drawn_once_and_kept(cast, store):
    file = staged(cast.clinic, cast.owner)
    first = page_picture(file, 1)
    kept = next(path for path in files_in(store) if path.suffix == ".png")
    kept.write_bytes(b"the kept one")
    assert first is not None
    assert page_picture(file, 1) == b"the kept one"
