"""Who is in the demonstration, and what happened to each company."""

from __future__ import annotations

import datetime as dt

from django.db.models import F

from accounts.access import CompanyRole, StaffRole, switch_company
from accounts.companies import Company, CompanyKind, Industry
from accounts.journal import Actor
from accounts.memberships import StaffAssignment, set_role
from accounts.notices import Notice
from accounts.users import User
from accounts.working_days import CHINA, end_of_day
from certification.maintenance.models import MaintenanceCause, Scope
from certification.maintenance.plan_drafts import PlanDraft
from certification.maintenance.plans import create_plan
from certification.maintenance.recurrence import Recurrence
from certification.maintenance.series import create_series
from certification.materials import rules
from certification.materials.models import MaterialKind, RequirementMoment
from certification.numbers.groups.tree import add_group
from certification.numbers.models import GroupKind, PhoneNumber, Provider
from certification.numbers.registry import change_number
from certification.reviews.models import Decision, Reason, ReviewItem
from portal.demo.appeals import couriers_appeal, estate_appeals, restaurants_appeal, telemarketers_appeal
from portal.demo.complaints import complaints
from portal.demo.marks import couriers_are_marked, restaurants_are_marked, shop_asks_to_expedite
from portal.demo.story import DOMAIN, Story

#: One login per role; the company roles are those of the clinic, whose licence has expired.
COMPANY_LOGINS = (
    (CompanyRole.OWNER, "owner", "林晓"),
    (CompanyRole.ADMIN, "admin", "陈静"),
    (CompanyRole.OPERATOR, "operator", "周磊"),
    (CompanyRole.VIEWER, "viewer", "吴敏"),
)
STAFF_LOGINS = (
    (StaffRole.REVIEWER, "reviewer", "王芳"),
    (StaffRole.LEAD_REVIEWER, "lead", "赵强"),
    (StaffRole.OPERATIONS, "operations", "孙宇"),
    (StaffRole.POLICY, "policy", "郑洁"),
    (StaffRole.AUDITOR, "auditor", "何川"),
)


#: What everybody in the trade is asked for at all times and with an application.
USUAL: dict[str, int | None] = {
    "business_licence": None,
    "legal_representative_id": 900,
    "number_ownership": None,
    "statement_of_use": None,
}


def tell(story: Story) -> None:
    """The story of nine companies and the platform."""
    staff(story)
    clinic(story)
    restaurants(story)
    couriers(story)
    telemarketers(story)
    school(story)
    estate(story)
    shop(story)
    bank(story)
    designer(story)
    platform(story)
    story.play()
    mails_of_the_past(story)
    owner = story.people["owner"]
    switch_company(user=owner, company_id=Company.objects.filter(memberships__user=owner).earliest("pk").pk)


def staff(story: Story) -> None:
    """One person per staff role."""
    for role, name, full_name in STAFF_LOGINS:
        StaffAssignment.objects.create(user=story.person(name, full_name), role=role)


def clinic(story: Story) -> None:
    """A medical company whose practice licence ran out two days ago: nothing of it is displayed."""
    owner = story.person("owner", "林晓")
    company = story.company("仁和口腔门诊部", "medical", owner)
    for role, name, full_name in COMPANY_LOGINS[1:]:
        set_role(
            company=company,
            user=story.person(name, full_name),
            role=role,
            actor=Actor.person(owner),
            now=story.days_ago(298),
        )
    ready = story.establish(company, numbers=8, first=70001, materials={**USUAL, "medical_practice_licence": -2})
    story.certify(company, ready)


def restaurants(story: Story) -> None:
    """A chain with brands, regions and stores; its food licence ends in twelve days. The clinic's owner runs it too."""
    owner = story.people["owner"]
    company = story.company("好味餐饮连锁", "catering", owner)
    ready = story.establish(company, numbers=90, first=71001, materials={**USUAL, "food_licence": 12})
    actor = Actor.person(owner)
    brand = add_group(company=company, name="好味快餐", kind=GroupKind.BRAND, parent=None, actor=actor, now=ready)
    numbers = list(PhoneNumber.objects.of_company(company).order_by("pk"))
    for position, region_name in enumerate(("华北", "华东", "华南")):
        region = add_group(
            company=company, name=region_name, kind=GroupKind.REGION, parent=brand, actor=actor, now=ready
        )
        for offset in range(3):
            store = add_group(
                company=company,
                name=f"{region_name} {offset + 1} 店",
                kind=GroupKind.STORE,
                parent=region,
                actor=actor,
                now=ready,
            )
            start = position * 30 + offset * 10
            for index, number in enumerate(numbers[start : start + 10]):
                change_number(
                    number=number,
                    label="好味快餐",
                    alias=f"{store.name} {index + 1} 号线",
                    provider=number.provider,
                    group=store,
                    backup_of=None,
                    actor=actor,
                    now=ready,
                )
    story.certify(company, ready)
    restaurants_are_marked(story, company)
    complaints(story, company)
    restaurants_appeal(story, company)


def couriers(story: Story) -> None:
    """A logistics company whose licence ran out and whose new version a reviewer has on the desk."""
    company = story.company("迅达速递", "logistics", story.person("courier", "马超"))
    ready = story.establish(company, numbers=40, first=72001, materials={**USUAL, "courier_licence": -6})
    story.certify(company, ready)
    last_day = company.today(story.now) + dt.timedelta(days=700)
    story.at(
        4,
        lambda now: story.supply(company, "courier_licence", now, last_day=last_day, approve=False) and None,
    )
    couriers_are_marked(story, company)
    couriers_appeal(story, company)


def telemarketers(story: Story) -> None:
    """A telemarketing company that applied without the complaint handling process: its application waits."""
    company = story.company("智联呼叫中心", "telemarketing", story.person("telemarketing", "高远"))
    story.establish(company, numbers=25, first=73001, materials=USUAL)
    story.at(5, lambda now: story.apply(company, now))
    telemarketers_appeal(story, company)


def school(story: Story) -> None:
    """A school whose application came back with two things to correct."""
    company = story.company("晨光教育", "education", story.person("school", "许诺"))
    story.establish(company, numbers=12, first=74001, materials={**USUAL, "school_licence": 400})

    def returned(now: dt.datetime) -> None:
        application = story.apply(company, now)
        story.decide(
            "application",
            application.pk,
            now + dt.timedelta(days=2),
            Decision.RETURNED,
            "用途说明需要补充后重新提交。",
            items=[
                ReviewItem(
                    item="purpose",
                    item_name="通话用途",
                    reason=Reason.objects.get(code="purpose_unclear"),
                    text="请写明致电对象。",
                )
            ],
        )

    story.at(6, returned)


def estate(story: Story) -> None:
    """A public service for which all is well."""
    company = story.company("安居物业服务中心", "property", story.person("estate", "唐宁"), CompanyKind.PUBLIC_SERVICE)
    ready = story.establish(company, numbers=15, first=75001, materials={**USUAL, "property_filing": None})
    story.certify(company, ready)
    estate_appeals(story, company)


def shop(story: Story) -> None:
    """A retailer with an application that nobody took in time and that it asks to expedite, and one that came in today."""
    company = story.company("青禾生鲜超市", "retail", story.person("shop", "苏禾"))
    story.establish(company, numbers=20, first=76001, materials={**USUAL, "retail_licence": None})
    numbers = list(PhoneNumber.objects.of_company(company).order_by("pk").values_list("pk", flat=True))
    story.at(12, lambda now: story.apply(company, now, PhoneNumber.objects.filter(pk__in=numbers[:12])))
    story.at(0.2, lambda now: story.apply(company, now, PhoneNumber.objects.filter(pk__in=numbers[12:])))
    shop_asks_to_expedite(story, company)


def bank(story: Story) -> None:
    """A finance company that a new rule will stop in twenty days unless it supplies the pledge."""
    company = story.company("云舟消费金融", "finance", story.person("bank", "罗岚"))
    ready = story.establish(company, numbers=30, first=77001, materials={**USUAL, "financial_licence": None})
    story.certify(company, ready)
    story.at(3, announce_pledge)


def announce_pledge(now: dt.datetime) -> None:
    """Policy staff announce that finance companies need an anti-money-laundering pledge (A)."""
    rules.announce(
        kind=MaterialKind.objects.get(code="anti_money_laundering_pledge"),
        industry=Industry.objects.get(code="finance"),
        company_kinds=[],
        moment=RequirementMoment.ALWAYS,
        cause=MaintenanceCause.objects.get(code="temporary_policy"),
        effective_from=now.astimezone(CHINA).date() + dt.timedelta(days=23),
        actor=Actor.person(User.objects.get(email=f"policy@{DOMAIN}")),
        now=now,
        notice_zh="根据监管要求，金融行业号码认证需补充反洗钱承诺函。",
        notice_en="The regulator requires an anti-money-laundering pledge for certified numbers of the finance industry.",
    )


def platform(story: Story) -> None:
    """Operations staff plan a routine window each week from tonight on, and a major upgrade next week."""
    operations = story.people["operations"]

    def draft_of(cause: str, start: dt.datetime, hours: int, *, ends_by_plan: bool) -> PlanDraft:
        return PlanDraft(
            cause=MaintenanceCause.objects.get(code=cause),
            scope=Scope.PROVIDER,
            provider=Provider.objects.get(code="official"),
            planned_start=start,
            planned_end=start + dt.timedelta(hours=hours),
            ends_by_plan=ends_by_plan,
        )

    def plan_windows(now: dt.datetime) -> None:
        local = tonight.astimezone(CHINA)
        create_series(
            draft=draft_of("routine_window", tonight, 3, ends_by_plan=True),
            recurrence=Recurrence("FREQ=WEEKLY;COUNT=52", local.date(), local.time(), dt.timedelta(hours=3), CHINA),
            planner=operations,
            actor=Actor.person(operations),
            now=now,
        )

    def plan_upgrade(now: dt.datetime) -> None:
        draft = draft_of("model_upgrade", tonight + dt.timedelta(days=6), 96, ends_by_plan=False)
        create_plan(draft=draft, planner=operations, actor=Actor.person(operations), now=now)

    tonight = end_of_day(story.now.astimezone(CHINA).date(), CHINA) + dt.timedelta(hours=2)
    story.at(0.1, plan_windows)
    story.at(0.1, plan_upgrade)


def designer(story: Story) -> None:
    """Somebody who signed up this morning and waits for verification."""
    story.company("林小满", "other", story.person("designer", "林小满"), CompanyKind.INDIVIDUAL)


def mails_of_the_past(story: Story) -> None:
    """Mails of more than three days ago left then: the demonstration's outbox starts with what is recent."""
    Notice.objects.filter(created_at__lt=story.days_ago(3), delivered_at__isnull=True).update(
        delivered_at=F("created_at"), read_at=F("created_at"), next_attempt_at=F("created_at")
    )
