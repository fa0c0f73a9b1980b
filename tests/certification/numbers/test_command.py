"""`manage.py import_numbers`: what other programs rely on."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import CommandError, call_command

from certification.numbers.models import NumberImport, PhoneNumber
from tests.cast import Cast
from tests.certification.numbers.sheets import csv_bytes, xlsx_bytes

DATA = Path(__file__).parent / "data"


@pytest.fixture(autouse=True)
def files(settings: Any, tmp_path: Path) -> Path:
    settings.STORAGES = {
        **settings.STORAGES,
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage", "OPTIONS": {"location": str(tmp_path)}},
    }
    return tmp_path


def run(path: Path, company: object, *options: str) -> str:
    out = io.StringIO()
    call_command("import_numbers", str(path), "--company", str(company), *options, stdout=out)
    return out.getvalue()


@pytest.mark.parametrize("options", [["--dry-run"], []])
def test_document_agrees_with_what_is_expected_of_the_messy_file(cast: Cast, options: list[str]):
    result = json.loads(run(DATA / "messy.gb18030.csv", cast.shop.ref, "--json", *options))
    accepted = {row["row"]: row["number"] for row in result["accepted"]}
    for expected in json.loads((DATA / "messy.expected.json").read_text()):
        assert accepted.get(expected["row"]) == expected["e164"], expected
    assert [row["row"] for row in result["rejected"]] == [13, 14, 15, 17, 18, 19]
    assert [row["row"] for row in result["skipped"]] == [16]
    assert all(set(row) == {"row", "value", "reason", "code"} and row["reason"] for row in result["rejected"])
    assert result["accepted"][-1] == {"row": 20, "number": "+8619900070015", "extension": "801"}
    assert not any(row["value"].startswith("=") for row in result["rejected"])
    assert PhoneNumber.objects.filter(company=cast.shop).count() == (0 if options else 12)
    assert NumberImport.objects.count() == (0 if options else 1)


def test_second_run_leaves_everything_out(cast: Cast, tmp_path: Path):
    path = tmp_path / "numbers.xlsx"
    path.write_bytes(xlsx_bytes([(f"1990008{serial:04d}", "好味", "华北") for serial in range(250)]))
    assert len(json.loads(run(path, cast.shop.pk, "--json"))["accepted"]) == 250
    again = json.loads(run(path, cast.shop.pk, "--json"))
    assert (len(again["accepted"]), len(again["rejected"]), len(again["skipped"])) == (0, 0, 250)


def test_without_json_it_speaks_to_people(cast: Cast):
    text = run(DATA / "messy.gb18030.csv", cast.shop.ref)
    assert text.startswith("12 imported, 6 rejected, 1 left out.")
    assert "row 14:" in text


@pytest.mark.parametrize("company", ["0", "nobody", "999999999", "９", ""])
def test_unknown_company_is_an_error(cast: Cast, company: str):
    with pytest.raises(CommandError, match="no company"):
        run(DATA / "messy.gb18030.csv", company)


def test_file_that_cannot_be_read_is_an_error(cast: Cast, tmp_path: Path):
    with pytest.raises(CommandError, match="cannot be read"):
        run(tmp_path / "nowhere.csv", cast.shop.ref)
    path = tmp_path / "a.xlsx"
    path.write_bytes(csv_bytes([]))
    with pytest.raises(CommandError, match=r"a\.xlsx"):
        run(path, cast.shop.ref)
