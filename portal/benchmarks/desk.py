"""P10: the review desk with 100,000 open and 2,000,000 closed reviews, against one with 100 open."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable

from django.conf import settings
from django.db import connection
from django.test import Client
from django.urls import reverse

from accounts.access import StaffRole
from accounts.journal import Actor
from accounts.memberships import StaffAssignment
from accounts.users import User
from certification.reviews import desk
from certification.reviews.models import Review
from certification.reviews.queue import queue_for
from portal.benchmarks.data import DESK, DESK_SMALL, NOW, database
from portal.benchmarks.registry import Row, benchmark, limit, median, milliseconds, row
from portal.preparation import collect_assets

#: So many reviewers ask for the next case at the same instant.
REVIEWERS = 20
QUEUE = "reviews:queue"


def reviewers() -> list[User]:
    """People who review and belong to no company; made once."""
    people = []
    for number in range(REVIEWERS):
        person, _created = User.objects.get_or_create(
            email=f"reviewer{number}@bench.example", defaults={"name": f"Reviewer {number}", "password": "!"}
        )
        StaffAssignment.objects.get_or_create(user=person, role=StaffRole.REVIEWER)
        people.append(person)
    return people


def page_costs(addresses: dict[str, str]) -> dict[str, float]:
    """What each page costs, in milliseconds; "next" is the page after the first."""
    client = Client(HTTP_HOST="localhost", raise_request_exception=True)
    client.force_login(reviewers()[0])

    def visit(path: str) -> Callable[[], object]:
        def visiting() -> object:
            response = client.get(path)
            assert response.status_code == 200, (path, response.status_code)
            return response

        return visiting

    first = client.get(reverse(QUEUE)).content.decode()
    following = html.unescape(re.findall(r'href="([^"]*after=[^"]*)" rel="next"', first)[0])
    return {name: median(visit(following if path == "next" else path), runs=7) for name, path in addresses.items()}


def claims_at_once(people: list[User]) -> tuple[list[int | None], float]:
    """What each reviewer got by "claim next", all at the same instant, and how long it took them all; given back afterwards."""
    got: list[int | None] = []
    start = threading.Barrier(len(people) + 1)

    def claiming(person: User) -> None:
        try:
            connection.ensure_connection()
            start.wait()
            rows = queue_for(person)
            review = desk.claim_next(queue=rows, reviewer=person, actor=Actor.person(person), now=NOW)
            got.append(review.pk if review else None)
        finally:
            connection.close()

    threads = [threading.Thread(target=claiming, args=[person]) for person in people]
    for thread in threads:
        thread.start()

    def waiting() -> None:
        start.wait()
        for thread in threads:
            thread.join()

    taken = milliseconds(waiting)
    Review.objects.filter(claimed_by__in=people).update(claimed_by=None, claimed_at=None, claim_active_at=None)
    return got, taken


@benchmark("P10")
def review_desk() -> list[Row]:
    """Pages of the queue and the desk, and twenty reviewers who ask for the next case at once."""
    collect_assets()
    settings.ALLOWED_HOSTS = [*settings.ALLOWED_HOSTS, "localhost"]
    queue = reverse(QUEUE)
    addresses = {
        "first page of the queue": queue,
        "next page": "next",
        "one kind of case": f"{queue}?kind=material",
        "what is overdue": f"{queue}?overdue=on",
        "what is unclaimed": f"{queue}?unclaimed=on",
        "the desk": reverse("staff_home"),
    }
    with database(DESK_SMALL):
        small = page_costs(addresses)
    with database(DESK):
        full = page_costs(addresses)
        people = reviewers()
        rounds = [claims_at_once(people) for _ in range(5)]
    different = min(len({pk for pk in got if pk is not None}) for got, _taken in rounds)
    slowest = sorted(taken for _got, taken in rounds)[len(rounds) // 2]
    rows = [
        row("P10", f"{name}, 100,000 open against 100", value=full[name], reference=small[name], bar=2)
        for name in addresses
    ]
    rows.append(
        limit(
            "P10", "reviewers of 20 who got no case of their own", value=REVIEWERS - different, bar=0, unit="reviewers"
        )
    )
    rows.append(limit("P10", "20 reviewers claim next at once, all of them", value=slowest, bar=2000, unit="ms"))
    return rows
