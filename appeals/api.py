"""The API that connected systems call: complaints about calls, and marks on numbers. Errors are problem+json (RFC 9457) without internals.

Every call carries `Authorization: Bearer KEY`, a key of a source that staff create, rotate and revoke.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Literal

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import RequestDataTooBig
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe
from ninja import NinjaAPI, Schema
from ninja.errors import AuthenticationError
from ninja.openapi.schema import OpenAPISchema
from ninja.security import HttpBearer
from pydantic import Field

from accounts.access import Access, public
from accounts.journal import Actor, ActorKind
from appeals.complaints.intake import receive
from appeals.complaints.models import Source
from appeals.complaints.sources import TooManyCalls, source_of
from appeals.events import MOST_EVENTS
from appeals.marks.intake import source_key, take_in

PROBLEM = "application/problem+json"


class Problem(Exception):
    """What is wrong with a call as a whole."""

    def __init__(self, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> None:
        super().__init__(title)
        self.status, self.title, self.detail, self.headers = status, title, detail, headers or {}


class KeyOfSource(HttpBearer):
    """Recognises a source by its key."""

    def authenticate(self, request: HttpRequest, token: str) -> Source | None:
        """The source, or None where the key is unknown, revoked or over."""
        try:
            return source_of(key=token.strip(), now=timezone.now())
        except TooManyCalls as refusal:
            raise Problem(
                429,
                _("Too many calls"),
                _("This key has had its calls of this minute. Go on in %(seconds)s seconds.")
                % {"seconds": refusal.seconds},
                {"Retry-After": str(refusal.seconds)},
            ) from refusal


class ComplaintEvent(Schema):
    """One complaint about one call."""

    id: str = Field(max_length=80, description="Unique per source: the same id again is a duplicate.")
    number: str = Field(
        description="The number that called, in any shape that people write.", examples=["+8613800001234"]
    )
    at: str = Field(description="When the call was, ISO 8601 with offset.", examples=["2026-06-03T14:00:00+08:00"])
    category: Literal["fraud", "advertising", "harassment", "other"]
    platform: str | None = Field(
        None, description="Where it was complained: a code such as 360, tencent, baidu, carrier."
    )
    evidence: str | None = Field(None, max_length=4000, description="What the source knows of the call.")


class ComplaintCall(Schema):
    """A batch of complaints."""

    events: list[ComplaintEvent] = Field(max_length=MOST_EVENTS)


class EventResult(Schema):
    """What became of one event."""

    id: str
    outcome: Literal["accepted", "duplicate", "unknown_number", "invalid"]
    reason: str | None = None


class ComplaintAnswer(Schema):
    """A result per event, in order, and the numbers that this call locked."""

    results: list[EventResult]
    locked: list[str]


class ProblemDetails(Schema):
    """What is wrong with the call (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str


class PortalAPI(NinjaAPI):
    """The API, whose description names the bodies that the calls read by themselves, and the refusals as problem documents."""

    def get_openapi_schema(self, **options: Any) -> OpenAPISchema:
        """The description in OpenAPI."""
        schema = deepcopy(super().get_openapi_schema(**options))
        for methods in schema["paths"].values():
            for operation in methods.values():
                body = operation["requestBody"]["content"]["application/json"]["schema"]
                schema["components"]["schemas"].update(body.pop("$defs", {}))
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {PROBLEM: response["content"]["application/json"]}
        return schema


api = PortalAPI(
    title="Certification portal",
    version="1",
    auth=KeyOfSource(),
    docs_url=None,
    openapi_url="openapi.json",
    urls_namespace="api",
)


def problem(*, status: int, title: str, detail: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """The answer to a call that was not taken."""
    body = {"type": "about:blank", "title": title, "status": status, "detail": detail}
    return HttpResponse(
        json.dumps(body, ensure_ascii=False), status=status, content_type=PROBLEM, headers={**(headers or {})}
    )


@api.exception_handler(Problem)
def say_problem(_request: HttpRequest, refusal: Problem) -> HttpResponse:
    """A call that is wrong as a whole."""
    return problem(status=refusal.status, title=refusal.title, detail=refusal.detail, headers=refusal.headers)


@api.exception_handler(AuthenticationError)
def say_unknown_key(_request: HttpRequest, _refusal: AuthenticationError) -> HttpResponse:
    """A call without a valid key."""
    return problem(
        status=401,
        title=_("The key is not valid"),
        detail=_(
            "Send the key of your source as “Authorization: Bearer KEY”. It may have been revoked or have expired."
        ),
        headers={"WWW-Authenticate": "Bearer"},
    )


def events_of(request: HttpRequest) -> list[Any]:
    """The events of a call's body. Raises Problem that says what is wrong with the body as a whole."""
    if request.content_type != "application/json":
        raise Problem(415, _("The body is not JSON"), _("Send JSON with “Content-Type: application/json”."))
    try:
        document = json.loads(request.body)
    except RequestDataTooBig as error:
        raise Problem(413, _("The body is too large"), _("Send fewer events in one call.")) from error
    except (ValueError, RecursionError) as error:
        raise Problem(400, _("The body is not JSON"), _("It cannot be read as JSON in UTF-8.")) from error
    events = document.get("events") if isinstance(document, dict) else None
    if not isinstance(events, list):
        raise Problem(422, _("There are no events"), _("Send an object with “events”, a list."))
    if len(events) > MOST_EVENTS:
        raise Problem(
            422,
            _("Too many events"),
            _("A call holds %(most)s events at most; this one has %(count)s. Nothing of it was taken.")
            % {"most": MOST_EVENTS, "count": len(events)},
        )
    return events


@api.post(
    "/complaints",
    response={200: ComplaintAnswer, (400, 401, 413, 415, 422, 429): ProblemDetails},
    summary="Report complaints",
    description=(
        "Up to 1,000 complaints; each is answered by itself, and the same id of the same source is taken once, so that a "
        "call can be sent again. The sixth complaint about a number in one local day of its company locks it."
    ),
    openapi_extra={
        "requestBody": {
            "required": True,
            "content": {
                "application/json": {
                    "schema": ComplaintCall.model_json_schema(ref_template="#/components/schemas/{model}")
                }
            },
        }
    },
)
def complaints(request: HttpRequest) -> HttpResponse:
    """Take in a batch of complaints."""
    source: Source = request.auth  # type: ignore[attr-defined]
    actor = Actor(ActorKind.SOURCE, None, request.META.get("REMOTE_ADDR") or None, getattr(request, "request_id", ""))
    receipt = receive(source=source, events=events_of(request), actor=actor, now=timezone.now(), needs_offset=True)
    answer = {
        "results": [
            {"id": result.event, "outcome": result.outcome, **({"reason": result.reason} if result.reason else {})}
            for result in receipt.results
        ],
        "locked": receipt.locked,
    }
    return HttpResponse(json.dumps(answer, ensure_ascii=False), content_type="application/json")


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
        "same source is taken once, so that a call can be sent again. A mark that is seen after its clearance has come back; "
        "what is said of a number that nobody holds is kept until a company registers it."
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


def keyed(view: Callable[..., Any]) -> None:
    """Mark a view of the API in the access table: nobody signs in here, every call carries a key."""
    view.access = Access("key")  # type: ignore[attr-defined]
    login_not_required(view)


@require_safe
@public
def description(_request: HttpRequest) -> HttpResponse:
    """Where the API begins: what it takes and answers is in its description."""
    return redirect("api:openapi-json")
