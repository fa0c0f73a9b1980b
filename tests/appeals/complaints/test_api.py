"""`POST /api/v1/complaints`: keys, the answer per event, and what a call that is wrong as a whole is told."""

from __future__ import annotations

import datetime as dt
import io
import json
from pathlib import Path
from typing import Any

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts.journal import Actor
from appeals.complaints import sources
from appeals.complaints.models import Complaint, Source, SourceKey
from certification.numbers.models import PhoneNumber
from tests.cast import Cast

ADDRESS = "/api/v1/complaints"
DATA = Path(__file__).parents[2] / "data"


def command(*arguments: str, **options: Any) -> dict[str, Any]:
    printed = io.StringIO()
    call_command(*arguments, json=True, stdout=printed, **options)
    document: dict[str, Any] = json.loads(printed.getvalue())
    return document


@pytest.fixture
def key(cast: Cast) -> str:
    return str(command("create_source", "platform")["key"])


def post(key: str, body: Any, **headers: Any) -> Any:
    data = body if isinstance(body, str | bytes) else json.dumps(body)
    return Client(raise_request_exception=False).post(
        ADDRESS,
        data,
        content_type=headers.pop("content_type", "application/json"),
        headers={"Authorization": f"Bearer {key}", "Accept-Language": "en", **headers},
    )


def event(number: PhoneNumber, identifier: str, **more: Any) -> dict[str, Any]:
    at = (timezone.now() - dt.timedelta(minutes=1)).isoformat()
    return {"id": identifier, "number": number.number, "at": at, "category": "fraud", **more}


def test_call_is_answered_event_by_event_and_can_be_sent_again(cast: Cast, key: str) -> None:
    number = cast.numbers[0]
    at = "2026-11-20T14:00:00+08:00"
    events = [event(number, f"e{n}", at=at, platform="360", evidence="录音") for n in range(6)]
    wrong = event(number, "naive", at="2026-11-20T14:00:00")
    unknown = {**events[0], "id": "u", "number": "+8619912345678"}
    answer = post(key, {"events": [*events, wrong, unknown, events[0]]})
    assert answer.status_code == 200
    document = answer.json()
    assert [row["outcome"] for row in document["results"]] == [
        *["accepted"] * 6, "invalid", "unknown_number", "duplicate",
    ]  # fmt: skip
    assert document["results"][6]["reason"].startswith("The time has no offset.")
    assert set(document["results"][0]) == {"id", "outcome"}
    assert document["locked"] == [number.number]
    again = post(key, {"events": events}).json()
    assert ({row["outcome"] for row in again["results"]}, again["locked"]) == ({"duplicate"}, [])
    complaint = Complaint.objects.get(event="e0")
    assert (str(complaint.platform), complaint.platform_name, complaint.evidence) == ("360", "", "录音")


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("{", 400),
        (b"\xff\xfe", 400),
        ("[" * 100_000, 400),
        ([], 422),
        ({}, 422),
        ({"events": {}}, 422),
        ({"events": [{}] * 1001}, 422),
        ("x" * (6 * 1024 * 1024), 413),
    ],
)
def test_call_that_is_wrong_as_a_whole_says_why(key: str, body: Any, status: int) -> None:
    answer = post(key, body)
    assert (answer.status_code, answer["Content-Type"]) == (status, "application/problem+json")
    document = answer.json()
    assert document["status"] == status
    assert document["detail"]
    assert Complaint.objects.count() == 0


def test_event_of_any_shape_is_answered(cast: Cast, key: str) -> None:
    strange: list[Any] = [None, 7, "x", [], {}, {"id": {"a": 1}, "number": ["1"], "at": 9e99, "category": {}}]
    strange += [event(cast.numbers[0], text) for text in ("\0", "\ud800", "‮", "😀" * 90, "x" * 1_000_000)]
    strange += [{**event(cast.numbers[0], "n"), "number": value} for value in (True, 1e400, -1, 13800001234, 1e300)]
    answer = post(key, {"events": strange})
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == len(strange)


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer ", "Bearer nonsense", "Basic abc", "Bearer \xe4"])
def test_call_without_a_valid_key_is_refused(cast: Cast, key: str, header: str) -> None:
    answer = Client().post(ADDRESS, "{}", content_type="application/json", headers={"Authorization": header})
    assert (answer.status_code, answer["Content-Type"]) == (401, "application/problem+json")
    assert answer["WWW-Authenticate"] == "Bearer"


def test_other_bodies_and_methods_are_refused(cast: Cast, key: str) -> None:
    assert post(key, "{}", content_type="text/plain").status_code == 415
    assert Client().get(ADDRESS).status_code in (401, 405)


def test_keys_rotate_with_overlap_and_are_revoked_at_once(cast: Cast, key: str) -> None:
    source = Source.objects.get()
    assert command("create_source", "platform")["source"] == "platform"
    first, second = SourceKey.objects.order_by("pk")
    assert first.expires_at is not None
    assert first.expires_at > timezone.now() + dt.timedelta(days=6)
    assert post(key, {"events": []}).status_code == 200
    assert SourceKey.objects.get(pk=first.pk).last_used_at is not None
    assert sources.source_of(key=key, now=first.expires_at) is None
    sources.revoke_key(key=first, actor=Actor.command(), now=timezone.now())
    assert post(key, {"events": []}).status_code == 401
    assert key not in str(SourceKey.objects.filter(source=source).values())
    assert second.expires_at is None


def test_too_many_calls_are_told_when_to_go_on(cast: Cast, key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "CALLS_A_MINUTE", 0)
    answer = post(key, {"events": []})
    assert (answer.status_code, answer["Content-Type"]) == (429, "application/problem+json")
    assert 1 <= int(answer["Retry-After"]) <= 60


def test_description_is_served(cast: Cast, key: str) -> None:
    answer = Client().get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert "/api/v1/complaints" in answer.json()["paths"]


def test_import_prints_one_document_and_a_second_time_finds_duplicates(cast: Cast) -> None:
    expected = json.loads((DATA / "complaints.expected.json").read_text())
    first = command("import_complaints", str(DATA / "complaints.csv"), source="file")
    assert set(first) == {"accepted", "duplicate", "unknown_number", "invalid", "locked"}
    assert first["accepted"] + first["unknown_number"] == expected["distinct"]
    assert first["invalid"] == []
    assert first["duplicate"] == expected["delivered"] - expected["distinct"]
    second = command("import_complaints", str(DATA / "complaints.csv"), source="file")
    assert (second["duplicate"], second["accepted"], second["locked"]) == (expected["delivered"], 0, [])
