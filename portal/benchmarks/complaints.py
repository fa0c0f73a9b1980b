"""P9: complaints by API, batches of 1,000 from eight clients at once, against plain COPY of the same rows."""

from __future__ import annotations

import datetime as dt
import json
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count
from typing import Any

from django.db import connection, connections
from django.test import Client
from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints import sources
from appeals.complaints.intake import receive
from appeals.complaints.models import Source
from appeals.events import MOST_EVENTS
from certification.numbers.models import PhoneNumber
from portal.benchmarks.data import SMALL, database
from portal.benchmarks.registry import RUNS, Row, benchmark, limit, row, statements

CLIENTS, BATCHES = 8, 4
#: Statements of one batch, however many numbers it warns about and locks.
STATEMENTS = 20
#: Calls are complained of up to so many days later; a number has mostly one complaint a day.
DAYS = 28
SOURCE = "benchmark"

#: What the events of one run are told apart by.
serial = count(1)

COPY = """COPY appeals_complaint (source_id, event, company_id, number_id, dialled, at, day, category, platform_id, platform_name,
                                       evidence, received_at) FROM STDIN"""


def batches(numbers: list[PhoneNumber], now: dt.datetime) -> list[list[dict[str, Any]]]:
    """As many batches as the clients send together, each event new; neighbours share numbers, so that clients meet."""
    run = next(serial)
    made = []
    for batch in range(CLIENTS * BATCHES):
        events = []
        for place in range(MOST_EVENTS):
            number = numbers[(batch * 613 + place * 7) % len(numbers)]
            day = 1 + (run * 5 + batch + place * 3) % DAYS
            at = now - dt.timedelta(days=day, seconds=place)
            events.append(
                {
                    "id": f"{run}-{batch}-{place}",
                    "number": number.number,
                    "at": at.isoformat(),
                    "category": "harassment",
                    "platform": "360",
                    "evidence": "来电推销，未表明身份。",
                }
            )
        made.append(events)
    return made


def together(works: list[list[Callable[[], None]]]) -> float:
    """The seconds that the clients take, each doing its works one after the other."""

    def client(own: list[Callable[[], None]]) -> None:
        try:
            for work in own:
                work()
        finally:
            connections.close_all()

    start = time.perf_counter()
    with ThreadPoolExecutor(len(works)) as pool:
        list(pool.map(client, works))
    return time.perf_counter() - start


def call(client: Client, key: str, body: str) -> Callable[[], None]:
    """One call of the API, which must be taken as a whole, by a client that has loaded the site, as a server has."""

    def work() -> None:
        answer = client.post(
            "/api/v1/complaints", body, content_type="application/json", headers={"Authorization": f"Bearer {key}"}
        )
        assert answer.status_code == 200, answer.content
        assert b'"invalid"' not in answer.content

    return work


def copy(rows: list[tuple[Any, ...]]) -> Callable[[], None]:
    """The same rows by COPY into the same table."""

    def work() -> None:
        with connection.cursor() as cursor, cursor.copy(COPY) as target:
            for values in rows:
                target.write_row(values)

    return work


def forget() -> None:
    """Empty what the runs fill; nothing of it is locked."""
    with connection.cursor() as cursor:
        cursor.execute("TRUNCATE appeals_complaint, appeals_complaintday, appeals_numbercomplaints")


@benchmark("P9")
def complaints_in() -> list[Row]:
    """Eight clients, each sending its batches; the rate beside that of COPY by eight clients of the same rows."""
    with database(SMALL):
        now = timezone.now()
        actor = Actor.command()
        source = Source.objects.filter(name=SOURCE).first() or sources.create_source(name=SOURCE, actor=actor, now=now)
        key = sources.issue_key(source=source, actor=actor, now=now)
        numbers = list(PhoneNumber.objects.held().only("number", "company_id").order_by("pk"))
        held = {number.number: number for number in numbers}
        clients = [Client() for _client in range(CLIENTS)]
        for client in clients:
            client.get("/healthz")
        taken, plain = [], []
        for run in range(RUNS + 1):
            forget()
            made = batches(numbers, now)
            bodies = [json.dumps({"events": events}) for events in made]
            calls = [[call(clients[place], key, body) for body in bodies[place::CLIENTS]] for place in range(CLIENTS)]
            rows = [
                [
                    (
                        source.pk, f"copied-{event['id']}", held[event["number"]].company_id, held[event["number"]].pk,
                        event["number"], event["at"], event["at"][:10], event["category"], 1, "", event["evidence"], now,
                    )
                    for event in events
                ]
                for events in made
            ]  # fmt: skip
            copies = [[copy(batch) for batch in rows[client::CLIENTS]] for client in range(CLIENTS)]
            seconds = together(calls)
            forget()
            reference = together(copies)
            if run:  # the first one warms up
                taken.append(seconds)
                plain.append(reference)
        forget()
        heavy = [
            {**event, "id": f"heavy-{place}", "number": numbers[place % 100].number, "at": now.isoformat()}
            for place, event in enumerate(batches(numbers, now)[0])
        ]
        needed = statements(lambda: receive(source=source, events=heavy, actor=actor, now=now))
    events = CLIENTS * BATCHES * MOST_EVENTS
    return [
        row(
            "P9",
            f"{events:,} complaints by API, 8 clients, against COPY by 8",
            value=statistics.median(taken) * 1000,
            reference=statistics.median(plain) * 1000,
            bar=4,
        ),
        limit("P9", "statements of a batch that locks 100 numbers", value=needed, bar=STATEMENTS, unit="statements"),
    ]
