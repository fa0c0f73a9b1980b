"""The matrix of what is required and supplied, against the same rules written a second time, in plain Python."""

from __future__ import annotations

import datetime as dt
import random

import pytest

from accounts.companies import CompanyKind, Industry
from accounts.journal import Actor
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.maintenance.reconcile import reconcile_requirements
from certification.materials.matrix import Supply, matrix_of
from certification.materials.models import Material, MaterialKind, MaterialState, Requirement
from tests.cast import NOW, make_company, make_material, make_user
from tests.certification.materials.submissions import submit

TODAY = dt.date(2026, 11, 25)


def asked(company, requirement: Requirement) -> bool:
    """Whether the requirement concerns the company: domain section 5, once more."""
    return (
        requirement.announced_at <= NOW
        and (requirement.withdrawn_at is None or requirement.withdrawn_at > NOW)
        and (requirement.industry_id is None or requirement.industry_id == company.industry_id)
        and (not requirement.company_kinds or company.kind in requirement.company_kinds)
    )


def good_on(material: Material, day: dt.date) -> bool:
    start, end = material.issued_on or dt.date.min, material.expires_on or dt.date.max
    return material.state == MaterialState.APPROVED and start <= day <= end


@pytest.mark.parametrize("seed", range(6))
def test_matrix_and_engine_agree_with_the_plain_rules(db, seed):
    dice = random.Random(seed)
    by = make_user("somebody")
    kinds = list(MaterialKind.objects.all())
    industries = [None, *Industry.objects.filter(code__in=["medical", "finance"])]
    Requirement.objects.all().delete()
    cause = MaintenanceCause.objects.get(code="regulatory_material")
    for _ in range(15):
        Requirement.objects.create(
            kind=dice.choice(kinds),
            industry=dice.choice(industries),
            company_kinds=dice.choice([[], [], ["enterprise"], ["individual", "sole_trader"]]),
            moment=dice.choice(["always", "always", "application"]),
            cause=cause,
            effective_from=TODAY + dt.timedelta(days=dice.randint(-40, 40)),
            announced_at=NOW + dt.timedelta(days=dice.choice([-50, -50, -50, 1])),
            withdrawn_at=dice.choice([None, None, None, NOW, NOW + dt.timedelta(days=1)]),
        )
    companies = [
        make_company(
            f"c{number}", industry=dice.choice(["medical", "finance", "catering"]), kind=dice.choice(CompanyKind.values)
        )
        for number in range(4)
    ]
    for company in companies:
        for kind in kinds:
            for _ in range(dice.choice([0, 0, 1, 2, 3])):
                start = dice.choice([None, TODAY + dt.timedelta(days=dice.randint(-30, 30))])
                end = dice.choice([None, (start or TODAY) + dt.timedelta(days=dice.randint(0, 90))])
                make_material(
                    company,
                    kind.code,
                    by=by,
                    issued_on=start,
                    expires_on=end,
                    state=dice.choice(["approved", "approved", "submitted", "returned", "replaced"]),
                )
    reconcile_requirements(now=NOW, actor=Actor.engine())

    for company in companies:
        materials = list(Material.objects.filter(company=company))
        concerned = {row.pk for row in Requirement.objects.all() if asked(company, row)}
        rows = matrix_of(company=company, now=NOW)
        assert {row.requirement.pk for row in rows} == concerned
        for row in rows:
            of_kind = [material for material in materials if material.kind_id == row.kind.pk]
            day = max(TODAY, row.requirement.effective_from)
            met = any(good_on(material, day) for material in of_kind)
            assert (row.supply in (Supply.SUPPLIED, Supply.EXPIRING)) == (
                met or any(good_on(m, TODAY) for m in of_kind)
            )
            if not met:
                assert row.supply != Supply.SUPPLIED
            assert row.is_announced == (row.requirement.effective_from > TODAY)
            assert (row.submitted is not None) == any(m.state == "submitted" for m in of_kind)
        # What the matrix calls stopped is what the engine has opened.
        open_rows = Maintenance.objects.filter(company=company, opened_at__isnull=False, closed_at__isnull=True)
        assert {row.requirement.pk for row in rows if row.stops} == set(open_rows.values_list("requirement", flat=True))


def row(company, code: str):
    return next(row for row in matrix_of(company=company, now=NOW) if row.kind.code == code)


def set_dates(company, code: str, **dates) -> None:
    Material.objects.filter(company=company, kind__code=code).update(
        is_long_term=dates.get("expires_on") is None, **dates
    )


@pytest.mark.parametrize(
    ("days", "supply", "needs", "stops"),
    [
        (None, "supplied", False, False),
        (61, "supplied", False, False),
        (60, "expiring", True, False),
        (0, "expiring", True, False),
        (-1, "expired", True, True),
    ],
)
def test_matrix_row_asks_for_renewal_in_time(cast, days, supply, needs, stops):
    ends = None if days is None else TODAY + dt.timedelta(days=days)
    set_dates(cast.clinic, "business_licence", expires_on=ends)
    found = row(cast.clinic, "business_licence")
    assert (found.supply, found.needs_company, found.stops) == (supply, needs, stops)
    assert found.deadline == (ends if supply == "expiring" else None)


def test_matrix_row_with_a_version_under_review_waits_for_the_platform(cast):
    set_dates(cast.clinic, "medical_practice_licence", expires_on=TODAY - dt.timedelta(days=1))
    material = submit(cast.clinic, "medical_practice_licence", cast.owner, expires_on=dt.date(2027, 1, 1))
    found = row(cast.clinic, "medical_practice_licence")
    assert (found.submitted, found.needs_company, found.tone, found.stops) == (material, False, "blue", True)
    assert found.review is not None
    assert found.review.due_at == NOW + dt.timedelta(days=5)


def test_matrix_row_of_a_renewal_without_a_gap_is_supplied(cast):
    set_dates(cast.clinic, "business_licence", expires_on=TODAY + dt.timedelta(days=10))
    make_material(
        cast.clinic,
        "business_licence",
        by=cast.owner,
        issued_on=TODAY + dt.timedelta(days=11),
        expires_on=TODAY + dt.timedelta(days=400),
    )
    assert row(cast.clinic, "business_licence").supply == Supply.SUPPLIED


def test_matrix_row_of_an_announced_rule_names_the_last_day_to_act(cast):
    starts = TODAY + dt.timedelta(days=20)
    Requirement.objects.create(
        kind=MaterialKind.objects.get(code="radiology_licence"), effective_from=starts, announced_at=NOW
    )
    found = row(cast.clinic, "radiology_licence")
    assert (found.is_announced, found.needs_company, found.deadline) == (True, True, TODAY + dt.timedelta(days=19))


@pytest.mark.parametrize("count", [1, 3, 50])
def test_matrix_takes_three_queries_however_much_there_is(cast, count, django_assert_num_queries):
    kinds = [MaterialKind.objects.create(code=f"k{number}", name_zh="种", name_en="kind") for number in range(count)]
    for kind in kinds:
        Requirement.objects.create(kind=kind, effective_from=TODAY, announced_at=NOW)
        make_material(cast.clinic, kind.code, by=cast.owner, state="submitted")
    with django_assert_num_queries(3):
        rows = matrix_of(company=cast.clinic, now=NOW)
        assert len(rows) == 6 + count
        assert [str(row.kind) for row in rows]
