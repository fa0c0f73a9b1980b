"""I17: a calendar holds exactly the plans and the expiry dates that concern the company."""

from __future__ import annotations

import datetime as dt
import random
from collections import defaultdict
from typing import Any

import pytest

from accounts.companies import Company, Industry
from accounts.company_changes import change_company_data
from accounts.journal import Actor
from accounts.working_days import end_of_day
from certification.calendar.dates import all_plans, dates_of, expiry_counts
from certification.calendar.reference import reference_materials, reference_plans, reference_terms
from certification.maintenance.models import Maintenance, MaintenanceCause
from certification.materials.models import MaterialState
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from certification.numbers.registry import add_number, change_number, release_number
from certification.numbers.shapes import ReadNumber, read_number
from tests.cast import NOW, Cast, add_member, make_company, make_material, make_number, make_user, meet_requirements
from tests.certification.calendar.conftest import LONG_AGO, founded_long_ago, make_plan, utc

NOVEMBER = (dt.date(2026, 11, 1), dt.date(2026, 11, 30))
FEBRUARY = (dt.date(2027, 2, 1), dt.date(2027, 2, 28))


def plans_by_hand(company: Company, first: dt.date, last: dt.date, *, with_cancelled: bool) -> set[str]:
    """The rule once more, over all plans."""
    rows = [row for row in Maintenance.objects.all() if with_cancelled or row.cancelled_at is None]
    return reference_plans(company, rows, first=first, last=last, now=NOW)


def scatter(companies: list[Company], people: dict[int, object], seed: int) -> None:
    """Plans of every scope and state, versions of documents, and terms, over half a year, at random."""
    chance = random.Random(seed)
    causes = list(MaintenanceCause.objects.filter(opened_by="plan"))
    providers = list(Provider.objects.all())
    for company in companies:
        for _number in range(6):
            day = dt.date(2026, 11, 1) + dt.timedelta(days=chance.randrange(160))
            make_number(
                company,
                provider=chance.choice(providers).code,
                lifecycle=chance.choice([Lifecycle.CERTIFIED, Lifecycle.CERTIFIED, Lifecycle.EXPIRED, Lifecycle.DRAFT]),
                term_ends_at=end_of_day(day, company.zone),
                released_at=NOW if chance.random() < 0.2 else None,
            )
        for _version in range(8):
            make_material(
                company,
                chance.choice(["business_licence", "legal_representative_id", "number_ownership", "statement_of_use"]),
                by=people[company.pk],  # type: ignore[arg-type]
                expires_on=dt.date(2026, 11, 1) + dt.timedelta(days=chance.randrange(160)),
                state=chance.choice([MaterialState.APPROVED, MaterialState.SUBMITTED, MaterialState.REPLACED]),
            )
    numbers = list(PhoneNumber.objects.all())
    free_from: dict[object, dt.datetime] = defaultdict(lambda: utc(2026, 10, 20))
    opened = set()
    for _plan in range(120):
        scope = chance.choice(["everything", "provider", "industry", "company", "number"])
        things = {
            "everything": [None],
            "provider": providers,
            "industry": [company.industry for company in companies],
            "company": companies,
            "number": numbers,
        }[scope]
        thing = chance.choice(things)  # type: ignore[arg-type, var-annotated]
        cause = chance.choice(causes)
        key = (cause.pk, scope, thing.pk if thing else None)
        start = free_from[key] + dt.timedelta(hours=chance.randrange(1, 400))
        end = start + dt.timedelta(hours=chance.choice([1, 3, 24, 24 * 4]))
        free_from[key] = end
        fields: dict[str, object] = {scope: thing} if thing else {}
        state = chance.choice(["planned", "running", "ended", "cancelled"])
        if state == "cancelled":
            fields["cancelled_at"] = min(start, NOW)
        elif state in {"running", "ended"} and start < NOW:
            fields |= {"opened_at": start, "held_since": start}
            if state == "ended" or key in opened:
                closed = min(end + dt.timedelta(hours=chance.randrange(-1, 30)), NOW + dt.timedelta(minutes=1))
                fields |= {"closed_at": max(start, closed), "held_until": max(start, closed)}
            else:
                opened.add(key)
        make_plan(start, end, cause=cause.code, scope=scope, **fields)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_dates_are_exactly_those_of_the_reference_in_every_month(cast: Cast, seed):
    harbour = make_company("Harbour Clinic", time_zone="America/New_York")
    captain = add_member(harbour, make_user("captain"))
    meet_requirements(harbour, by=captain)
    companies = [cast.clinic, cast.shop, harbour]
    founded_long_ago(*companies)
    scatter(companies, {cast.clinic.pk: cast.owner, cast.shop.pk: cast.stranger, harbour.pk: captain}, seed)
    seen = 0
    for company in companies:
        for month in ((2026, 11), (2026, 12), (2027, 1), (2027, 2), (2027, 3)):
            first = dt.date(*month, 1)
            last = (first + dt.timedelta(days=31)).replace(day=1) - dt.timedelta(days=1)
            for with_cancelled in (False, True):
                dates = dates_of(company=company, first=first, last=last, now=NOW, with_cancelled=with_cancelled)
                refs = [date.plan.ref for date in dates.plans]
                assert len(refs) == len(set(refs))
                assert set(refs) == plans_by_hand(company, first, last, with_cancelled=with_cancelled)
                seen += len(refs)
            assert {(d.material.ref, d.day) for d in dates.materials} == reference_materials(
                company, first=first, last=last
            )
            assert {d.day: d.numbers for d in dates.terms} == reference_terms(company, first=first, last=last)
            seen += len(dates.materials) + len(dates.terms)
    assert seen > 100  # the comparison compared something


def test_other_companies_things_are_absent(cast):
    founded_long_ago(cast.clinic, cast.shop)
    make_plan(utc(2026, 11, 26), utc(2026, 11, 27), scope="company", company=cast.shop)
    make_plan(utc(2026, 11, 26), utc(2026, 11, 27), scope="industry", industry=cast.shop.industry)
    make_plan(utc(2026, 11, 26), utc(2026, 11, 27), scope="number", number=make_number(cast.shop))
    make_number(cast.shop, term_ends_at=utc(2026, 11, 28, 16))
    make_material(cast.shop, "number_ownership", by=cast.stranger, expires_on=dt.date(2026, 11, 29))
    clinic, shop = (
        dates_of(company=company, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW) for company in (cast.clinic, cast.shop)
    )
    assert (clinic.plans, clinic.materials, clinic.terms) == ([], [], [])
    assert (len(shop.plans), len(shop.materials), len(shop.terms)) == (3, 1, 1)


def test_what_the_engine_opened_is_no_plan(cast):
    founded_long_ago(cast.clinic)
    Maintenance.objects.create(
        cause=MaintenanceCause.objects.get(opened_by="expiry"),
        scope="company",
        company=cast.clinic,
        opened_at=NOW,
        held_since=NOW,
        created_at=NOW,
    )
    assert dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW).plans == []


def test_plan_that_was_over_before_the_company_came_does_not_concern_it(cast):
    founded_long_ago(cast.clinic)
    times: dict[str, Any] = {"opened_at": utc(2026, 11, 3), "held_since": utc(2026, 11, 3)}
    over = make_plan(utc(2026, 11, 3), utc(2026, 11, 4), closed_at=utc(2026, 11, 4), **times)
    dates = dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW)
    assert [date.plan for date in dates.plans] == [over]
    cast.clinic.created_at = utc(2026, 11, 5)
    assert dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW).plans == []


def test_past_plan_concerns_who_belonged_to_its_scope_then(cast):
    """Industry, provider and company of the moment decide about what is over, those of today about what is to come."""
    founded_long_ago(cast.clinic, cast.shop)
    number = make_number(cast.shop, provider="third_party", created_at=LONG_AGO)
    third, medical = number.provider, cast.clinic.industry
    ran: dict[str, Any] = {"opened_at": utc(2026, 11, 3), "held_since": utc(2026, 11, 3), "closed_at": utc(2026, 11, 4)}
    window, coming = (utc(2026, 11, 3), utc(2026, 11, 4)), (utc(2026, 11, 28), utc(2026, 11, 29))
    of_industry = make_plan(*window, scope="industry", industry=medical, **ran)
    of_provider = make_plan(*window, scope="provider", provider=third, **ran)
    of_number = make_plan(*window, scope="number", number=number, **ran)
    make_plan(*coming, scope="industry", industry=medical)
    make_plan(*coming, scope="provider", provider=third)

    def plans(company: Company) -> set[int]:
        return {d.plan.pk for d in dates_of(company=company, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW).plans}

    before = {cast.clinic: plans(cast.clinic), cast.shop: plans(cast.shop)}
    assert len(before[cast.clinic]) == 2
    assert len(before[cast.shop]) == 3
    change_company_data(
        company=cast.clinic,
        values={"industry": Industry.objects.get(code="retail")},
        actor=Actor.person(cast.lead),
        now=NOW,
        by_staff=True,
        reason="wrong",
    )
    read = read_number(number.number)
    assert isinstance(read, ReadNumber)
    PhoneNumber.objects.filter(pk=number.pk).update(lifecycle="draft")
    release_number(number=number, actor=Actor.person(cast.stranger), now=NOW, reason="sold")
    add_number(company=cast.clinic, read=read, provider=third, actor=Actor.person(cast.owner), now=NOW)
    coming_of_provider = Maintenance.objects.get(provider=third, opened_at=None)
    assert plans(cast.clinic) == {of_industry.pk, coming_of_provider.pk}
    assert plans(cast.shop) == {of_provider.pk, of_number.pk}


def test_past_plan_of_a_provider_that_a_number_has_left_still_concerns_its_company(cast):
    founded_long_ago(cast.clinic)
    draft = make_number(cast.clinic, lifecycle="draft", provider="third_party", created_at=LONG_AGO)
    ran: dict[str, Any] = {"opened_at": utc(2026, 11, 3), "held_since": utc(2026, 11, 3), "closed_at": utc(2026, 11, 4)}
    then = make_plan(utc(2026, 11, 3), utc(2026, 11, 4), scope="provider", provider=draft.provider, **ran)
    official = cast.numbers[0].provider
    change_number(
        number=draft, label=draft.label, alias="", provider=official, group=None, backup_of=None,
        actor=Actor.person(cast.owner), now=utc(2026, 11, 10),
    )  # fmt: skip
    after: dict[str, Any] = {"opened_at": utc(2026, 11, 12), "held_since": utc(2026, 11, 12)}
    make_plan(
        utc(2026, 11, 12),
        utc(2026, 11, 13),
        scope="provider",
        provider=then.provider,
        closed_at=utc(2026, 11, 13),
        **after,
    )
    dates = dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW)
    assert [date.plan for date in dates.plans] == [then]


def test_plan_that_ends_at_midnight_ends_with_the_day_before(cast):
    founded_long_ago(cast.clinic)
    make_plan(utc(2026, 11, 29, 16), utc(2026, 11, 30, 16))  # 30 November in China, the whole day
    december = dates_of(company=cast.clinic, first=dt.date(2026, 12, 1), last=dt.date(2026, 12, 31), now=NOW)
    november = dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW)
    assert (len(november.plans), december.plans) == (1, [])


def test_overrunning_plan_lasts_until_now_and_an_ended_one_until_its_end(cast):
    founded_long_ago(cast.clinic)
    start, end = utc(2026, 11, 10), utc(2026, 11, 12)
    running = make_plan(start, end, opened_at=start, held_since=start, overrunning_since=end, ends_by_plan=False)
    ended = make_plan(
        start,
        end,
        cause="model_upgrade",
        opened_at=start,
        held_since=start,
        closed_at=utc(2026, 11, 11),
        held_until=utc(2026, 11, 11),
    )
    dates = dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW).plans
    assert {date.plan.pk: date.end for date in dates} == {running.pk: NOW, ended.pk: utc(2026, 11, 11)}
    today = dates_of(company=cast.clinic, first=dt.date(2026, 11, 25), last=dt.date(2026, 11, 25), now=NOW).plans
    assert [date.plan.pk for date in today] == [running.pk]


def test_days_are_those_of_the_companys_zone(cast):
    harbour = make_company("Harbour Clinic", time_zone="America/New_York")
    founded_long_ago(harbour, cast.clinic)
    make_number(harbour, term_ends_at=utc(2027, 3, 1, 5))  # midnight after 28 February in New York
    make_number(cast.clinic, term_ends_at=utc(2027, 2, 28, 16))  # midnight after 28 February in China
    make_plan(utc(2027, 3, 1, 1), utc(2027, 3, 1, 3))  # 28 February, 20:00 in New York; 1 March in China
    there, here = (dates_of(company=c, first=FEBRUARY[0], last=FEBRUARY[1], now=NOW) for c in (harbour, cast.clinic))
    assert [(term.day, term.numbers) for term in there.terms] == [(FEBRUARY[1], 1)]
    assert [(term.day, term.numbers) for term in here.terms] == [(FEBRUARY[1], 1)]
    assert (len(there.plans), len(here.plans)) == (1, 0)


def test_longest_valid_version_alone_counts(cast):
    founded_long_ago(cast.clinic)
    make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2026, 11, 28))
    renewed = make_material(cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2026, 11, 30))
    make_material(
        cast.clinic, "number_ownership", by=cast.owner, expires_on=dt.date(2027, 11, 30), state=MaterialState.SUBMITTED
    )
    dates = dates_of(company=cast.clinic, first=NOVEMBER[0], last=NOVEMBER[1], now=NOW)
    assert [date.material for date in dates.materials] == [renewed]


def test_staff_see_every_plan_and_how_much_expires(cast):
    company_plan = make_plan(utc(2026, 11, 26), utc(2026, 11, 27), scope="company", company=cast.shop)
    everything = make_plan(utc(2026, 11, 28), utc(2026, 11, 29))
    make_plan(utc(2026, 11, 26), utc(2026, 11, 27), cancelled_at=NOW)
    make_plan(utc(2026, 12, 26), utc(2026, 12, 27))
    harbour = make_company("Harbour Clinic", time_zone="America/New_York")
    make_number(harbour, term_ends_at=utc(2026, 12, 1, 5))
    make_number(cast.clinic, term_ends_at=utc(2026, 11, 30, 16))
    make_number(cast.shop, term_ends_at=utc(2026, 12, 1, 16))
    for company, person in ((cast.clinic, cast.owner), (cast.shop, cast.stranger)):
        make_material(company, "number_ownership", by=person, expires_on=dt.date(2026, 11, 27))
    plans = all_plans(first=NOVEMBER[0], last=NOVEMBER[1], now=NOW)
    counts = expiry_counts(first=NOVEMBER[0], last=NOVEMBER[1])
    assert [date.plan for date in plans] == [company_plan, everything]
    assert [(c.day.day, c.materials, c.numbers) for c in counts] == [(27, 2, 0), (30, 0, 2)]


@pytest.mark.parametrize("count", [1, 3, 50])
def test_dates_take_five_queries(cast, django_assert_num_queries, count):
    founded_long_ago(cast.clinic)
    for number in range(count):
        start = LONG_AGO + dt.timedelta(days=380 + number // 24, hours=number % 24)
        make_plan(start, start + dt.timedelta(hours=1))
        make_number(cast.clinic, term_ends_at=utc(2026, 11, 1 + number % 28, 16))
    with django_assert_num_queries(5):
        dates = dates_of(company=cast.clinic, first=dt.date(2026, 10, 1), last=NOVEMBER[1], now=NOW)
        assert all(date.plan.title for date in dates.plans)
    assert len(dates.plans) == count
