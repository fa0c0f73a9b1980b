"""Statuses that are noted when they are shown, and held against history later (I8)."""

from __future__ import annotations

import datetime as dt

from django.utils import timezone

from certification.maintenance.engine import tick
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance, StatusSample
from certification.maintenance.samples import sample_statuses
from certification.materials.models import Material
from tests.cast import Cast


def test_history_agrees_with_what_was_noted_and_a_falsified_past_is_found(cast: Cast) -> None:
    now = timezone.now()
    Material.objects.filter(company=cast.clinic, kind__code="medical_practice_licence").update(
        is_long_term=False, expires_on=now.date() - dt.timedelta(days=3)
    )
    tick(now=now)
    noted_at = now + dt.timedelta(minutes=5)
    assert sample_statuses(now=noted_at, size=50) > 0
    assert set(StatusSample.objects.values_list("status", flat=True)) == {"maintenance"}
    Maintenance.objects.update(closed_at=now + dt.timedelta(hours=1))
    assert [row for row in check_invariants(from_the_start=False).violations if row["invariant"] == "I8"] == []
    Maintenance.objects.update(opened_at=now + dt.timedelta(minutes=30), held_since=now)
    found = [row["what"] for row in check_invariants(from_the_start=False).violations if row["invariant"] == "I8"]
    assert len(found) == StatusSample.objects.count()


def test_nothing_is_noted_while_the_engine_is_ahead_of_the_clock(cast: Cast) -> None:
    tick(now=timezone.now() + dt.timedelta(days=30))
    assert sample_statuses(now=timezone.now()) == 0
