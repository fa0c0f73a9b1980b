"""What platforms show about the demonstration's numbers, and one request to expedite."""

from __future__ import annotations

import datetime as dt
import io
import uuid

from accounts.companies import Company
from accounts.journal import Actor
from appeals.categories import Category
from appeals.expedite.requests import ask
from appeals.marks.intake import take_in
from appeals.marks.marks import Sighting, clear, observe
from appeals.marks.models import Origin
from appeals.marks.reports import report
from appeals.platforms import Platform
from certification.materials.documents import check_document
from certification.materials.store import stage
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review, ReviewState
from portal.demo.complaints import FEED, UNKNOWN
from portal.demo.documents import sample_document
from portal.demo.story import Story, owner_of

PLATFORM_FEED = "platform feed"


def numbers_of(company: Company) -> list[PhoneNumber]:
    """The company's numbers, in the order of entry."""
    return list(PhoneNumber.objects.of_company(company).order_by("pk"))


def seen(company: Company, place: int, code: str, now: dt.datetime, label: Category, people: int) -> None:
    """A platform tells of a mark on the company's number at this place."""
    number = numbers_of(company)[place]
    said = Sighting(
        f"{number.pk}-{code}-{now:%Y%m%d}", number.pk, Platform.objects.get(code=code).pk, now, label, people
    )
    observe(sightings=[said], source=PLATFORM_FEED, origin=Origin.PLATFORM, actor=FEED, now=now)


def cleared(company: Company, place: int, code: str, now: dt.datetime) -> None:
    """The platform has taken the mark away."""
    number = numbers_of(company)[place]
    clear(number=number, platform=Platform.objects.get(code=code), actor=FEED, now=now, reason="核实为正常业务来电。")


def reported(company: Company, place: int, code: str, now: dt.datetime) -> None:
    """The company has seen a mark itself and hands in a screenshot."""
    owner = owner_of(company)
    content = sample_document("Incoming call", [("Shown", "Advertising"), ("Marked by", "27 people")])
    document = check_document(name="screenshot.png", file=io.BytesIO(content), size=len(content))
    report(
        number=numbers_of(company)[place],
        platform=Platform.objects.get(code=code),
        label=Category.ADVERTISING,
        people=27,
        seen_at=now,
        files=[stage(company=company, document=document, uploaded_by=owner, now=now)],
        submission=uuid.uuid4(),
        reporter=owner,
        actor=Actor.person(owner),
        now=now,
    )


def restaurants_are_marked(story: Story, company: Company) -> None:
    """Two numbers of the restaurants: one on two platforms, one whose mark was cleared and has come back."""
    story.at(41, lambda now: seen(company, 3, "360", now, Category.HARASSMENT, 18))
    story.at(15, lambda now: seen(company, 3, "360", now, Category.HARASSMENT, 36))
    story.at(14, lambda now: seen(company, 3, "tencent", now, Category.ADVERTISING, 12))
    story.at(60, lambda now: seen(company, 11, "baidu", now, Category.ADVERTISING, 25))
    story.at(33, lambda now: cleared(company, 11, "baidu", now))
    story.at(2, lambda now: seen(company, 11, "baidu", now, Category.ADVERTISING, 8))


def couriers_are_marked(story: Story, company: Company) -> None:
    """The couriers report a mark that no platform has told of yet."""
    story.at(20, lambda now: seen(company, 2, "carrier", now, Category.HARASSMENT, 54))
    story.at(1.5, lambda now: reported(company, 7, "handset_maker", now))
    story.at(3, nobody_is_marked)


def nobody_is_marked(now: dt.datetime) -> None:
    """A platform tells of a number that no company holds."""
    told = {
        "id": "unknown",
        "number": UNKNOWN,
        "platform": "360",
        "at": now.isoformat(),
        "label": "fraud",
        "people": 88,
    }
    take_in(events=[told], source=PLATFORM_FEED, actor=FEED, now=now)


def shop_asks_to_expedite(story: Story, company: Company) -> None:
    """The retailer's application is later than promised: its owner asks for it to go first."""

    def asked(now: dt.datetime) -> None:
        owner = owner_of(company)
        late = Review.objects.filter(company=company, subject="application", state=ReviewState.OPEN).earliest("due_at")
        ask(
            thing=late,
            company=company,
            reason="新店本周六开业，客服号码尚未展示认证，顾客不敢接听。",
            asker=owner,
            actor=Actor.person(owner),
            now=now,
        )

    story.at(0.15, asked)
