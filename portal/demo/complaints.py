"""Complaints in the demonstration: a hotline that reports, a month of a few, and a chain with one number warned and one locked today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence

from accounts.companies import Company
from accounts.journal import Actor
from accounts.working_days import CHINA
from appeals.complaints.intake import receive
from appeals.complaints.sources import create_source, issue_key
from certification.numbers.models import PhoneNumber
from portal.demo.story import Story

CATEGORIES = ("advertising", "harassment", "fraud", "other")
PLATFORMS = ("360", "tencent", "carrier", "baidu")
#: How many complaints one number has today, and the other, which they lock.
WARNED, LOCKED = 4, 7
#: A number of nobody's, complained of again and again.
UNKNOWN = "19980099001"


def complaints(story: Story, company: Company) -> None:
    """The chain's numbers are complained of now and then; today one of them is warned about and one locked."""
    operations = Actor.person(story.people["operations"])
    numbers = list(PhoneNumber.objects.of_company(company).order_by("pk").values_list("number", flat=True))
    source = create_source(
        name="12321 举报中心", actor=operations, now=story.days_ago(60), by=story.people["operations"]
    )
    issue_key(source=source, actor=operations, now=story.days_ago(60), by=story.people["operations"])
    warned, locked = numbers[4], numbers[11]

    def report(prefix: str, calls: Sequence[tuple[str, dt.datetime]], now: dt.datetime) -> None:
        events = [
            {
                "id": f"{prefix}-{place}",
                "number": number,
                "at": at.isoformat(),
                "category": CATEGORIES[place % len(CATEGORIES)],
                "platform": PLATFORMS[place % len(PLATFORMS)],
                "evidence": "",
            }
            for place, (number, at) in enumerate(calls)
        ]
        receive(source=source, events=events, actor=operations, now=now)

    def past(now: dt.datetime) -> None:
        calls = [(numbers[(day * 5) % 30], now - dt.timedelta(hours=day % 7, minutes=3 * day)) for day in range(1, 3)]
        calls += [(locked, now - dt.timedelta(hours=2)), (UNKNOWN, now - dt.timedelta(hours=1))]
        report(f"{now:%m%d}", calls, now)

    for days in (27, 24, 20, 17, 13, 9, 6, 4, 2):
        story.at(days, past)

    def today(now: dt.datetime) -> None:
        midnight = dt.datetime.combine(now.astimezone(CHINA).date(), dt.time(), CHINA)
        step = (now - midnight) / (LOCKED + 1)
        report("today-warned", [(warned, midnight + step * place) for place in range(1, WARNED + 1)], now)
        report("today-locked", [(locked, midnight + step * place) for place in range(1, LOCKED + 1)], now)

    # The last minute of the story: what happened today is in its past whatever the hour.
    story.events.append((story.now - dt.timedelta(minutes=1), today))
