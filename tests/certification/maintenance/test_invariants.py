"""The checker itself: what it must not hold against a portal that is right."""

from __future__ import annotations

import datetime as dt

from accounts.journal import Actor
from certification.maintenance.engine import tick
from certification.maintenance.invariants import check_invariants
from certification.maintenance.models import Maintenance
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.models import Material
from tests.cast import NOW, Cast


def of_requirements() -> list[dict[str, str]]:
    """What I1 says is wrong."""
    return [row for row in check_invariants(from_the_start=False).violations if row["invariant"] == "I1"]


def test_company_that_was_settled_after_the_last_tick_is_left_to_the_next(cast: Cast) -> None:
    licence = Material.objects.get(company=cast.clinic, kind__code="medical_practice_licence")
    Material.objects.filter(pk=licence.pk).update(expires_on=NOW.date() + dt.timedelta(days=1), is_long_term=False)
    tick(now=NOW)
    assert of_requirements() == []
    # No tick for three days; a decision about another of its documents settles the company meanwhile.
    reconcile_requirements(now=NOW + dt.timedelta(days=3), actor=Actor.engine(), company_id=cast.clinic.pk)
    opened = Maintenance.objects.open_at().filter(company=cast.clinic)
    assert opened.count() == 1
    assert of_requirements() == []
    tick(now=NOW + dt.timedelta(days=3, hours=1))
    assert of_requirements() == []
    opened.delete()
    assert len(of_requirements()) == 1
