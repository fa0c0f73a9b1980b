"""The API by which platforms tell of marks: the same keys, body and answers per event as complaints (`appeals.api`)."""

from __future__ import annotations

import json
from typing import Any, Literal

from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from ninja import Schema
from pydantic import Field

from accounts.journal import Actor, ActorKind
from appeals.api import EventResult, ProblemDetails, api, events_of
from appeals.complaints.models import Source
from appeals.marks.intake import MOST_EVENTS, source_key, take_in


class MarkEvent(Schema):
    """One thing that a platform says about one number: it shows a mark at this moment, or has cleared it."""

    id: str = Field(max_length=80, description="Unique per source: the same id again is a duplicate.")
    number: str = Field(description="The marked number, in any shape that people write.", examples=["+8613800001234"])
    platform: str = Field(description="A code such as 360, tencent, baidu, sogou, carrier, handset_maker.")
    at: str = Field(description="When it was seen, or cleared; ISO 8601.", examples=["2026-06-03T14:00:00+08:00"])
    label: Literal["fraud", "advertising", "harassment", "other"] | None = Field(None, description="What it says.")
    people: int | None = Field(None, ge=0, description="By how many people, where the platform says so.")
    cleared: bool = Field(False, description="True: the platform shows the mark no longer.")


class MarkCall(Schema):
    """A batch of marks."""

    events: list[MarkEvent] = Field(max_length=MOST_EVENTS)


class MarkAnswer(Schema):
    """A result per event, in order."""

    results: list[EventResult]


def plain_event(event: Any) -> dict[str, Any]:
    """The event as the intake reads it; what is no object has nothing in it, and is answered so."""
    return event if isinstance(event, dict) else {}


@api.post(
    "/marks",
    response={200: MarkAnswer, (400, 401, 413, 415, 422, 429): ProblemDetails},
    summary="Tell of marks",
    description=(
        "Up to 1,000 sightings and clearances of marks, in any order; each is answered by itself, and the same id of the "
        "same source is taken once, so that a call can be sent again. A mark that is seen after its clearance has come back."
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {"schema": MarkCall.model_json_schema(ref_template="#/components/schemas/{model}")}
            },
        }
    },
)
def marks(request: HttpRequest) -> HttpResponse:
    """Take in a batch of marks."""
    source: Source = request.auth  # type: ignore[attr-defined]
    actor = Actor(ActorKind.SOURCE, None, request.META.get("REMOTE_ADDR") or None, getattr(request, "request_id", ""))
    events = [plain_event(event) for event in events_of(request)]
    results = take_in(events=events, source=source_key(source), actor=actor, now=timezone.now())
    answer = {
        "results": [
            {"id": result.event, "outcome": result.outcome, **({"reason": result.reason} if result.reason else {})}
            for result in results
        ]
    }
    return HttpResponse(json.dumps(answer, ensure_ascii=False), content_type="application/json")
