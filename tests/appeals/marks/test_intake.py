"""Marks by API and by file: judged and answered one by one, taken once."""

from __future__ import annotations

import datetime as dt
import json
from io import StringIO
from pathlib import Path

import pytest
import xlsxwriter
from django.core.management import CommandError, call_command
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone, translation
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from accounts.journal import Actor, ActorKind
from appeals.complaints.sources import create_source, issue_key
from appeals.marks.intake import take_in
from appeals.marks.models import Mark, MarkSighting
from tests.cast import NOW, Cast, make_number

FEED = Actor(ActorKind.SOURCE)


def event(cast: Cast, **fields: object) -> dict[str, object]:
    values: dict[str, object] = {
        "id": "e1",
        "number": cast.numbers[0].number,
        "platform": "360",
        "at": "2026-11-20T14:00:00+08:00",
        "label": "fraud",
        "people": 120,
    }
    return {**values, **fields}


def taken(*events: dict[str, object]) -> list[tuple[str, str]]:
    with translation.override("en"):
        results = take_in(events=events, source="feed", actor=FEED, now=NOW)
    return [(result.outcome, result.reason) for result in results]


def test_each_event_is_answered_by_itself_in_order(cast):
    assert taken(
        event(cast),
        event(cast, id="e2", number="+8613900000000"),
        event(cast),
        event(cast, id="e3", platform="nobody"),
        event(cast, id="e4", label="rude"),
        event(cast, id="e5", at=(NOW + dt.timedelta(minutes=11)).isoformat()),
        event(cast, id="e6", at=(NOW + dt.timedelta(minutes=9)).isoformat()),
        event(cast, id="e7", people=-1),
        event(cast, id="e8", cleared="perhaps"),
        event(cast, id=""),
        event(cast, id="e9", number="12"),
        event(cast, id="e10", at="yesterday"),
    ) == [
        ("accepted", ""),
        ("unknown_number", ""),
        ("duplicate", ""),
        ("invalid", "The platform is not known."),
        ("invalid", "The label is not one of fraud, advertising, harassment, other."),
        ("invalid", "The time lies in the future."),
        ("accepted", ""),
        ("invalid", "The number of people is not a whole number."),
        ("invalid", "“Cleared” is neither yes nor no."),
        ("invalid", "The event has no id."),
        ("invalid", "Too few digits for a phone number. Check that none is missing."),
        ("invalid", "The time cannot be read. Write it as 2025-06-03T14:00+08:00."),
    ]
    assert taken(event(cast)) == [("duplicate", "")]
    mark = Mark.objects.get()
    assert (mark.label, mark.people, mark.sightings.count()) == ("fraud", 120, 2)


def test_platforms_and_labels_are_understood_by_their_chinese_names(cast):
    assert taken(event(cast, platform="腾讯", label="广告推销")) == [("accepted", "")]
    assert Mark.objects.get().platform.code == "tencent"


@pytest.mark.parametrize("count", [1, 3, 50])
def test_statements_do_not_grow_with_the_events(cast, count):
    numbers = [make_number(cast.clinic) for _ in range(count)]
    events = [event(cast, id=str(place), number=number.number) for place, number in enumerate(numbers)]
    with CaptureQueriesContext(connection) as queries:
        take_in(events=events, source="feed", actor=FEED, now=NOW)
    assert len([query for query in queries if "SAVEPOINT" not in query["sql"]]) == 6


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(), lambda inner: st.lists(inner, max_size=2)
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(fields=st.dictionaries(st.sampled_from(["id", "number", "platform", "at", "label", "people", "cleared"]), JSON))
def test_any_event_gets_an_answer(cast, fields):
    for outcome, _reason in taken(event(cast, **fields)):
        assert outcome in {"accepted", "duplicate", "unknown_number", "invalid"}


# --- API ------------------------------------------------------------------------------------------------------------


def call(key: str, body: object, client: Client | None = None):
    return (client or Client()).post(
        "/api/v1/marks", json.dumps(body), content_type="application/json", headers={"authorization": f"Bearer {key}"}
    )


def key_of(name: str = "platform") -> str:
    source = create_source(name=name, actor=Actor.command(), now=NOW)
    return issue_key(source=source, actor=Actor.command(), now=NOW)


def test_api_takes_marks_with_the_key_of_a_source(cast):
    key = key_of()
    at = (timezone.now() - dt.timedelta(days=1)).isoformat()
    answer = call(key, {"events": [event(cast, at=at), event(cast, id="e2", at=at, cleared=True)]})
    assert (answer.status_code, answer.json()) == (
        200,
        {"results": [{"id": "e1", "outcome": "accepted"}, {"id": "e2", "outcome": "accepted"}]},
    )
    again = call(key, {"events": [event(cast, at=at)]})
    assert again.json() == {"results": [{"id": "e1", "outcome": "duplicate"}]}
    # Another source counts its own ids.
    other = call(key_of("other"), {"events": [event(cast, at=at)]})
    assert other.json()["results"][0]["outcome"] == "accepted"


def test_api_refuses_calls_without_a_key_and_bodies_without_events(cast):
    assert call("ncp_wrong", {"events": []}).status_code == 401
    key = key_of()
    assert call(key, {"marks": []}).status_code == 422
    assert call(key, {"events": [event(cast)] * 1001}).status_code == 422
    assert call(key, {"events": ["no object", 7, None]}).json()["results"][0]["outcome"] == "invalid"
    assert Mark.objects.count() == 0


# --- Files ----------------------------------------------------------------------------------------------------------


def run(path: Path) -> dict[str, object]:
    output = StringIO()
    call_command("import_marks", str(path), source="export", json=True, stdout=output)
    document: dict[str, object] = json.loads(output.getvalue())
    return document


def test_spreadsheet_is_imported_once_however_often(cast, tmp_path: Path):
    path = tmp_path / "marks.csv"
    path.write_bytes(
        "标记清单,,,,\n号码,平台,标记时间,标记类型,标记人数\n"
        f"{cast.numbers[0].number},360,2026-11-20 14:00,诈骗,12\n"
        f"{cast.numbers[1].number},百度,2026/11/21,广告,\n"
        "13900000000,360,2026-11-20,诈骗,1\n"
        f"{cast.numbers[2].number},某平台,2026-11-20,诈骗,1\n".encode("gb18030")
    )
    first = run(path)
    assert (first["accepted"], first["duplicate"], first["unknown_number"]) == (2, 0, 1)
    assert [row["row"] for row in first["invalid"]] == [6]  # type: ignore[attr-defined]
    assert run(path)["duplicate"] == 3
    assert MarkSighting.objects.count() == 2
    mark = Mark.objects.get(number=cast.numbers[0])
    assert (mark.first_seen_at, mark.people) == (dt.datetime(2026, 11, 20, 6, tzinfo=dt.UTC), 12)


def test_excel_file_with_dates_and_ids_is_imported(cast, tmp_path: Path):
    path = tmp_path / "marks.xlsx"
    with xlsxwriter.Workbook(path) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["id", "number", "platform", "at", "label", "people", "cleared"])
        sheet.write_row(1, 0, ["a", cast.numbers[0].number, "360", "", "fraud", 3, ""])
        sheet.write_datetime(
            1, 3, dt.datetime.fromisoformat("2026-11-01T09:00"), book.add_format({"num_format": "yyyy-mm-dd hh:mm"})
        )
        sheet.write_row(2, 0, ["b", cast.numbers[0].number, "360", "2026-11-05T09:00:00+08:00", "", "", "是"])
    assert run(path) == {"accepted": 2, "duplicate": 0, "unknown_number": 0, "invalid": []}
    assert Mark.objects.get().cleared_at == dt.datetime(2026, 11, 5, 1, tzinfo=dt.UTC)


def test_file_without_the_columns_is_refused(db, tmp_path: Path):
    path = tmp_path / "list.csv"
    path.write_text("a,b\n1,2\n")
    with pytest.raises(CommandError):
        run(path)
