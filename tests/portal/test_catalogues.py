"""Catalogues are compiled without gettext, from one file or several, and only when they changed."""

from __future__ import annotations

import gettext
import os
from pathlib import Path

import pytest

from portal.catalogues import CatalogueProblem, compile_catalogues


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    path = tmp_path / "zh_Hans" / "LC_MESSAGES"
    (path / "parts").mkdir(parents=True)
    return path


def write(path: Path, **translations: str) -> None:
    path.write_text("".join(f'msgid "{key}"\nmsgstr "{value}"\n\n' for key, value in translations.items()), "utf-8")


def translate(folder: Path, text: str) -> str:
    with (folder / "django.mo").open("rb") as compiled:
        return gettext.GNUTranslations(compiled).gettext(text)


def test_parts_are_merged_and_the_main_file_wins(tmp_path: Path, folder: Path):
    write(folder / "django.po", Save="保存")
    write(folder / "parts" / "numbers.po", Save="储存", Number="号码")
    assert list(compile_catalogues(tmp_path)) == [folder / "django.mo"]
    assert [translate(folder, text) for text in ("Save", "Number", "Other")] == ["保存", "号码", "Other"]


def test_fresh_catalogues_are_left_alone_until_one_changes(tmp_path: Path, folder: Path):
    part = folder / "parts" / "numbers.po"
    write(part, Number="号码")
    list(compile_catalogues(tmp_path))
    assert list(compile_catalogues(tmp_path)) == []
    assert list(compile_catalogues(tmp_path, force=True)) == [folder / "django.mo"]

    write(part, Number="电话号码")
    later = (folder / "django.mo").stat().st_mtime + 10
    os.utime(part, (later, later))
    assert list(compile_catalogues(tmp_path)) == [folder / "django.mo"]
    assert translate(folder, "Number") == "电话号码"


def test_fuzzy_and_empty_entries_are_left_out(tmp_path: Path, folder: Path):
    (folder / "django.po").write_text('#, fuzzy\nmsgid "Save"\nmsgstr "存"\n\nmsgid "Open"\nmsgstr ""\n', "utf-8")
    list(compile_catalogues(tmp_path))
    assert [translate(folder, text) for text in ("Save", "Open")] == ["Save", "Open"]


def test_broken_catalogue_is_named(tmp_path: Path, folder: Path):
    (folder / "django.po").write_text("no catalogue\n", "utf-8")
    with pytest.raises(CatalogueProblem, match=r"django\.po"):
        list(compile_catalogues(tmp_path))
