"""How the demonstration is told: one method per thing that somebody does at a given moment."""

from __future__ import annotations

import datetime as dt
import io
import secrets
import uuid
from collections.abc import Callable, Sequence
from pathlib import Path

from allauth.account.models import EmailAddress
from django.conf import settings
from django.contrib.auth.hashers import make_password
from stdnum.cn import uscc

from accounts.access import CompanyRole
from accounts.companies import Company, CompanyKind, Industry
from accounts.journal import Actor
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
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet, Provider
from certification.numbers.registry import add_number
from certification.numbers.shapes import ReadNumber, read_number
from certification.reviews import desk
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState
from portal.demo.documents import sample_document

#: The mail domain of everybody in the demonstration.
DOMAIN = "demo.example"


def password() -> str:
    """The demonstration's password: made once per installation, kept under `var/` with mode 600."""
    path = Path(settings.VAR) / "demo-password"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch(mode=0o600)
        path.write_text(f"demo-{secrets.token_hex(4)}")
    return path.read_text()


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

    def moments_of_today(self, now: dt.datetime, count: int) -> list[dt.datetime]:
        """So many moments between midnight and `now`, evenly, in Chinese time."""
        midnight = dt.datetime.combine(now.astimezone(CHINA).date(), dt.time(), CHINA)
        step = (now - midnight) / (count + 1)
        return [midnight + step * place for place in range(1, count + 1)]

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
        start = company.created_at + dt.timedelta(days=1)
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
        """The owner enters `count` mobiles from a block that none of the sample files uses."""
        owner = owner_of(company)
        numbers = []
        for position in range(count):
            read = read_number(f"1998{first + position:07d}")
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
