"""R1: kill -9 in the middle of an import loses nothing and doubles nothing."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import quote

import pytest
from django.conf import settings
from django.core.files.base import ContentFile
from django.db import connection

from accounts.journal import Actor, JournalEntry
from certification.numbers.imports import intake, run
from certification.numbers.models import ImportState, NumberImport, PhoneNumber, Provider
from tests.cast import NOW, make_company
from tests.certification.numbers.sheets import csv_bytes

WORKER = """
import django; django.setup()
import datetime, sys, time
from certification.numbers.imports import run
run.CHUNK = 20
known = {}
while run.take_chunk(import_id=int(sys.argv[1]), known=known, now=datetime.datetime.fromisoformat(sys.argv[2])):
    time.sleep(0.02)
"""


@pytest.mark.slow
@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_killed_import_goes_on_to_the_same_end(tmp_path: Path):
    company = make_company("好味快餐")
    count = 2000
    content = csv_bytes([(f"1990008{serial:04d}", "好味", f"{serial % 7}店") for serial in range(count)])
    number_import = intake.take_in(
        company=company,
        file=ContentFile(content, name="a.csv"),
        name="a.csv",
        provider=Provider.objects.get(code="official"),
        group=None,
        user=None,
        now=NOW,
    )
    intake.write_preview(number_import=number_import, columns=number_import.columns)
    intake.confirm(number_import=number_import, actor=Actor.command(), now=NOW)
    database = connection.settings_dict
    address = (
        f"postgres://{database['USER']}@/{database['NAME']}?host={quote(database['HOST'])}&port={database['PORT']}"
    )
    worker = subprocess.Popen(
        [sys.executable, "-c", WORKER, str(number_import.pk), NOW.isoformat()],
        cwd=settings.BASE_DIR,
        env={**os.environ, "DATABASE_URL": address, "PORTAL_MODE": "test"},
    )
    deadline = time.monotonic() + 60
    while not NumberImport.objects.filter(pk=number_import.pk, rows_done__gt=0).exists():
        assert time.monotonic() < deadline
        assert worker.poll() is None
        time.sleep(0.01)
    worker.send_signal(signal.SIGKILL)
    worker.wait()
    number_import.refresh_from_db()
    assert number_import.state == ImportState.RUNNING
    assert 0 < number_import.rows_done < count

    run.run(import_id=number_import.pk, now=NOW)
    number_import.refresh_from_db()
    assert (number_import.state, number_import.rows_done) == (ImportState.FINISHED, count)
    assert PhoneNumber.objects.filter(company=company).count() == count
    assert JournalEntry.objects.filter(subject="number", aspect="state").count() == count
