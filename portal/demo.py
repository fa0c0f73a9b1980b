"""Demonstration data: eight companies in every situation that the portal is about, made through the domain functions.

Their story begins ten months before `now` and is told in order, so that journal, reviews and mails are those of a
portal that has been in use: nothing here writes a state that a person or the engine could not have brought about.
"""

from __future__ import annotations

import datetime as dt
import io
import secrets
import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.db.models import F
from stdnum.cn import uscc

from accounts.access import CompanyRole, StaffRole, switch_company
from accounts.companies import Company, CompanyKind, Industry
from accounts.journal import Actor
from accounts.memberships import StaffAssignment, set_role
from accounts.notices import Notice
from accounts.registration import register_company
from accounts.users import User
from accounts.working_days import CHINA, end_of_day
from certification.applications.drafts import create_draft, save_answer
from certification.applications.models import Application, ApplicationKind
from certification.applications.submission import submit
from certification.maintenance.engine import tick
from certification.materials.documents import check_document
from certification.materials.models import Material, MaterialKind
from certification.materials.store import stage
from certification.materials.versions import submit_version
from certification.numbers.groups.tree import add_group
from certification.numbers.models import GroupKind, PhoneNumber, PhoneNumberQuerySet, Provider
from certification.numbers.registry import add_number, change_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews import desk
from certification.reviews.models import Decision, Reason, Review, ReviewItem, ReviewState
from portal.demo_documents import sample_document

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
DOMAIN = "demo.example"


@dataclass
class Demonstration:
    """What `manage.py demo --json` prints."""

    companies: list[dict[str, Any]] = field(default_factory=list)
    logins: list[dict[str, str]] = field(default_factory=list)


def password() -> str:
    """The demonstration's password: made once per installation, kept under `var/` with mode 600."""
    path = Path(settings.VAR) / "demo-password"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"demo-{secrets.token_hex(4)}")
    return path.read_text()


def is_loaded() -> bool:
    """Whether the demonstration's people exist."""
    return User.objects.filter(email=f"owner@{DOMAIN}").exists()


def describe() -> Demonstration:
    """The companies and logins of the loaded demonstration."""
    secret = password()
    if not User.objects.get(email=f"owner@{DOMAIN}").check_password(secret):
        # The database outlived var/: its people get the new password.
        User.objects.filter(email__endswith=f"@{DOMAIN}").update(password=make_password(secret))
    companies = [
        {"id": company.pk, "name": company.name, "numbers": company.numbers.filter(released_at__isnull=True).count()}
        for company in Company.objects.order_by("pk")
    ]
    logins = [
        {"role": role.value, "email": f"{name}@{DOMAIN}", "password": secret}
        for role, name, _ in (*COMPANY_LOGINS, *STAFF_LOGINS)
    ]
    return Demonstration(companies, logins)


def owner_of(company: Company) -> User:
    """The company's owner."""
    return company.memberships.select_related("user").get(role=CompanyRole.OWNER).user


class Story:
    """Tells what happened: each method is one thing that somebody did at a given moment."""

    def __init__(self, now: dt.datetime) -> None:
        self.now = now
        #: One hash for all: they share the password, and hashing is slow on purpose.
        self.hashed = make_password(password())
        self.serial = 0
        self.people: dict[str, User] = {}
        self.events: list[tuple[dt.datetime, Callable[[dt.datetime], object]]] = []

    def days_ago(self, days: float) -> dt.datetime:
        """The moment so many days before the story's end."""
        return self.now - dt.timedelta(days=days)

    def at(self, days_ago: float, event: Callable[[dt.datetime], object]) -> None:
        """Plan an event of the story."""
        self.events.append((self.days_ago(days_ago), event))

    def person(self, name: str, full_name: str) -> User:
        """A person with a verified address; the same one when asked again."""
        if name not in self.people:
            email = f"{name}@{DOMAIN}"
            user = User.objects.create_user(email, None, name=full_name, language="zh-hans")
            user.password = self.hashed
            user.save(update_fields=["password"])
            EmailAddress.objects.create(user=user, email=email, primary=True, verified=True)
            self.people[name] = user
        return self.people[name]

    def company(self, name: str, industry: str, owner: User, kind: str = CompanyKind.ENTERPRISE) -> Company:
        """A company that its owner registered; individuals have an identity number instead of a credit code."""
        self.serial += 1
        body = f"91330108{self.serial:05d}MA2X"[:17]
        individual = kind == CompanyKind.INDIVIDUAL
        company = Company(
            name=name,
            kind=kind,
            industry=Industry.objects.get(code=industry),
            credit_code="" if individual else body + uscc.calc_check_digit(body),
            contact_name=owner.name,
            contact_phone=f"0571-8600{self.serial:04d}",
            contact_email=owner.email,
        )
        return register_company(
            company=company,
            owner=owner,
            actor=Actor.person(owner),
            now=self.days_ago(300 - self.serial) if not individual else self.days_ago(0.3),
            identity_number="330106199003070039" if individual else "",
        )

    def decide(
        self,
        subject: str,
        subject_id: int,
        now: dt.datetime,
        decision: Decision = Decision.APPROVED,
        text: str = "核对无误。",
        items: Sequence[ReviewItem] = (),
    ) -> None:
        """The reviewer claims the open review of a thing and decides it."""
        reviewer = self.people["reviewer"]
        review = Review.objects.get(subject=subject, subject_id=subject_id, state=ReviewState.OPEN)
        actor = Actor.person(reviewer)
        desk.claim(review=review, reviewer=reviewer, actor=actor, now=now)
        desk.decide(review=review, reviewer=reviewer, decision=decision, text=text, items=items, actor=actor, now=now)

    def supply(
        self,
        company: Company,
        kind_code: str,
        now: dt.datetime,
        *,
        last_day: dt.date | None = None,
        approve: bool = True,
    ) -> Material:
        """The company's owner uploads a version of a document; with `approve`, the reviewer accepts it two days later."""
        kind = MaterialKind.objects.get(code=kind_code)
        owner = owner_of(company)
        lines = [("Holder", f"Company {company.pk}"), ("Number", f"{kind_code[:3].upper()}-{company.pk:04d}-{now:%Y}")]
        lines.append(("Valid until", last_day.isoformat() if last_day else "long-term"))
        content = sample_document(kind.name_en, lines)
        document = check_document(name=f"{kind_code}.png", file=io.BytesIO(content), size=len(content))
        material = submit_version(
            company=company,
            kind=kind,
            files=[stage(company=company, document=document, uploaded_by=owner, now=now)],
            actor=Actor.person(owner),
            now=now,
            issued_on=company.today(now) - dt.timedelta(days=30),
            expires_on=last_day,
            is_long_term=last_day is None,
            numbers=PhoneNumber.objects.of_company(company) if kind.names_numbers else None,
            holder_name=company.name,
        )
        if approve:
            self.decide("material", material.pk, now + dt.timedelta(days=2))
        return material

    def establish(
        self,
        company: Company,
        *,
        numbers: int,
        first: int,
        materials: dict[str, int | None],
        provider: str = "official",
    ) -> dt.datetime:
        """The company is verified, enters its numbers and supplies its documents; returns when all was approved.

        `materials` gives for each kind in how many days (from the story's end) its last day is; None: long-term.
        """
        start = self.days_ago(299 - company.pk % 7)
        self.decide("company", company.pk, start, text="与登记信息一致。")
        self.add_numbers(company, count=numbers, first=first, provider=provider, now=start)
        for kind, days in materials.items():
            last_day = company.today(self.now) + dt.timedelta(days=days) if days is not None else None
            self.supply(company, kind, start + dt.timedelta(days=1), last_day=last_day)
        return start + dt.timedelta(days=4)

    def add_numbers(
        self,
        company: Company,
        *,
        count: int,
        first: int,
        now: dt.datetime,
        provider: str = "official",
        alias: str = "坐席",
    ) -> list[PhoneNumber]:
        """The owner enters `count` mobiles from the block that no carrier hands out (199 0000)."""
        owner = owner_of(company)
        numbers = []
        for position in range(count):
            read = read_number(f"1990{first + position:07d}")
            assert isinstance(read, ReadNumber)
            numbers.append(
                add_number(
                    company=company,
                    read=read,
                    provider=Provider.objects.get(code=provider),
                    label=company.name[:12],
                    alias=f"{alias} {position + 1}",
                    actor=Actor.person(owner),
                    now=now,
                )
            )
        return numbers

    def apply(self, company: Company, now: dt.datetime, numbers: PhoneNumberQuerySet | None = None) -> Application:
        """The owner applies for certification of the numbers (all, unless told)."""
        owner = owner_of(company)
        actor = Actor.person(owner)
        chosen = numbers if numbers is not None else PhoneNumber.objects.of_company(company)
        draft = create_draft(
            company=company,
            kind=ApplicationKind.NEW,
            numbers=chosen,
            creation_key=uuid.uuid4(),
            by=owner,
            actor=actor,
            now=now,
        )
        answers: tuple[tuple[str, object], ...] = (
            ("applicant", False),
            ("purpose", "向客户确认预约、通知到达与回访服务质量，不用于营销推广。"),
            ("script", "您好，这里是" + company.name + "，来电与您确认今天的安排，请问现在方便吗？"),
        )
        for part, value in answers:
            draft.refresh_from_db()
            save_answer(application=draft, part=part, value=value, revision=draft.revision)
        draft.refresh_from_db()
        submit(application=draft, by=owner, actor=actor, now=now)
        draft.refresh_from_db()
        return draft

    def certify(self, company: Company, now: dt.datetime) -> None:
        """The owner applies, the reviewer approves three days later."""
        application = self.apply(company, now)
        self.decide("application", application.pk, now + dt.timedelta(days=3))

    def play(self) -> None:
        """Let the planned events happen in order, with the engine running every night in between."""
        nights = [
            end_of_day((self.now - dt.timedelta(days=days)).astimezone(CHINA).date(), CHINA) + dt.timedelta(minutes=1)
            for days in range(75, 0, -1)
        ]
        moments: list[tuple[dt.datetime, Callable[[dt.datetime], object]]] = [
            *self.events,
            *((night, lambda moment: tick(now=moment)) for night in nights),
        ]
        for moment, event in sorted(moments, key=lambda item: item[0]):
            if moment < self.now:
                event(moment)
        tick(now=self.now)


#: What everybody in the trade is asked for at all times and with an application.
USUAL: dict[str, int | None] = {
    "business_licence": None,
    "legal_representative_id": 900,
    "number_ownership": None,
    "statement_of_use": None,
}


def load(*, now: dt.datetime) -> Demonstration:
    """Load the demonstration where there is none, and describe it."""
    if not is_loaded():
        with transaction.atomic():
            tell(Story(now))
    return describe()


def tell(story: Story) -> None:
    """The story of eight companies."""
    staff(story)
    clinic(story)
    restaurants(story)
    couriers(story)
    telemarketers(story)
    school(story)
    estate(story)
    shop(story)
    designer(story)
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


def telemarketers(story: Story) -> None:
    """A telemarketing company that applied without the complaint handling process: its application waits."""
    company = story.company("智联呼叫中心", "telemarketing", story.person("telemarketing", "高远"))
    story.establish(company, numbers=25, first=73001, materials=USUAL)
    story.at(5, lambda now: story.apply(company, now))


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


def shop(story: Story) -> None:
    """A retailer with an application that nobody took in time, and one that came in today."""
    company = story.company("青禾生鲜超市", "retail", story.person("shop", "苏禾"))
    story.establish(company, numbers=20, first=76001, materials={**USUAL, "retail_licence": None})
    numbers = list(PhoneNumber.objects.of_company(company).order_by("pk").values_list("pk", flat=True))
    story.at(12, lambda now: story.apply(company, now, PhoneNumber.objects.filter(pk__in=numbers[:12])))
    story.at(0.2, lambda now: story.apply(company, now, PhoneNumber.objects.filter(pk__in=numbers[12:])))


def designer(story: Story) -> None:
    """Somebody who signed up this morning and waits for verification."""
    story.company("林小满", "other", story.person("designer", "林小满"), CompanyKind.INDIVIDUAL)


def mails_of_the_past(story: Story) -> None:
    """Mails of more than three days ago left then: the demonstration's outbox starts with what is recent."""
    Notice.objects.filter(created_at__lt=story.days_ago(3), delivered_at__isnull=True).update(
        delivered_at=F("created_at"), read_at=F("created_at"), next_attempt_at=F("created_at")
    )
