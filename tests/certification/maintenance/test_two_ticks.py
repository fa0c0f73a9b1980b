"""R4: two ticks at the same moment, on two connections, are one."""

from __future__ import annotations

import datetime as dt
import threading

import pytest
from django.db import connection

from accounts.journal import JournalEntry
from accounts.notices import Notice
from certification.maintenance.engine import Counts, tick
from certification.maintenance.models import Maintenance
from certification.maintenance.status import counts_by_status
from certification.numbers.models import PhoneNumber
from tests.cast import NOW
from tests.certification.maintenance.worlds import World, approve, plan_row


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_ticks_at_once_are_one(transactional_db: None) -> None:
    world = World.begin(now=NOW, zones=("Asia/Shanghai",) * 3, prefix="two")
    for company, owner in zip(world.companies, world.owners, strict=True):
        approve(company, "medical_practice_licence", now=NOW, expires_on=NOW.date(), by=owner)
    plan_row(code="model_upgrade", start=NOW + dt.timedelta(hours=1), end=NOW + dt.timedelta(days=5), now=NOW)
    later = NOW + dt.timedelta(days=2)
    gate = threading.Barrier(4)
    results: list[Counts] = []

    def run() -> None:
        try:
            gate.wait()
            results.append(tick(now=later))
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(result.opened for result in results) == [0, 0, 0, 4]
    assert Maintenance.objects.open_at().count() == 4
    assert JournalEntry.objects.filter(subject="maintenance", after="open").count() == 4
    assert Notice.objects.filter(kind="maintenance_opened").count() == 3
    assert counts_by_status(PhoneNumber.objects.all()) == {"maintenance": 6}
