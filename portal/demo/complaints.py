"""Complaints in the demonstration: a hotline that reports, a month of a few, and a chain with one number warned and one locked today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from accounts.companies import Company
from accounts.journal import Actor, ActorKind
from appeals.complaints.intake import receive
from appeals.complaints.models import Source
from appeals.complaints.sources import create_source, issue_key
from certification.numbers.models import PhoneNumber
from portal.demo.story import Story

CATEGORIES = ("advertising", "harassment", "fraud", "other")
PLATFORMS = ("360", "tencent", "carrier", "baidu")
#: How many complaints one number has today, and the other, which they lock.
WARNED, LOCKED = 4, 7
HOTLINE = "12321 举报中心"
FEED = Actor(ActorKind.SOURCE)
EVIDENCE = ("自称客服，要求提供验证码。", "", "一天之内多次来电。")
#: A number of nobody's, complained of again and again.
UNKNOWN = "19980099001"


def report(prefix: str, calls: Sequence[tuple[str, dt.datetime]], now: dt.datetime) -> None:
    """The hotline reports complaints: about which number, and when the call was."""
    events = [
        {
            "id": f"{prefix}-{place}",
            "number": number,
            "at": at.isoformat(),
            "category": CATEGORIES[place % len(CATEGORIES)],
            "platform": PLATFORMS[place % len(PLATFORMS)],
            "evidence": EVIDENCE[place % len(EVIDENCE)],
        }
        for place, (number, at) in enumerate(calls)
    ]
    receive(source=Source.objects.get(name=HOTLINE), events=events, actor=FEED, now=now)


def complaints(story: Story, company: Company) -> None:
    """The chain's numbers are complained of now and then; today one of them is warned about and one locked."""
    operations = Actor.person(story.people["operations"])
    numbers = list(PhoneNumber.objects.of_company(company).order_by("pk").values_list("number", flat=True))
    source = create_source(name=HOTLINE, actor=operations, now=story.days_ago(60), by=story.people["operations"])
    issue_key(source=source, actor=operations, now=story.days_ago(60), by=story.people["operations"])
    warned, locked = numbers[4], numbers[11]

    def past(now: dt.datetime) -> None:
        calls = [(numbers[(day * 5) % 30], now - dt.timedelta(hours=day % 7, minutes=3 * day)) for day in range(1, 3)]
        calls += [(locked, now - dt.timedelta(hours=2)), (UNKNOWN, now - dt.timedelta(hours=1))]
        report(f"{now:%m%d}", calls, now)

    for days in (27, 24, 20, 17, 13, 9, 6, 4, 2):
        story.at(days, past)

    def today(now: dt.datetime) -> None:
        for name, number, count in (("warned", warned, WARNED), ("locked", locked, LOCKED)):
            report(f"today-{name}", [(number, moment) for moment in story.moments_of_today(now, count)], now)

    # The last minute of the story: what happened today is in its past whatever the hour.
    story.events.append((story.now - dt.timedelta(minutes=1), today))
