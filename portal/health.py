"""Is the portal well: `/healthz` (this process), `/readyz` (what it depends on), `/metrics`; and each request's id."""

from __future__ import annotations

import datetime as dt
import secrets
import uuid
from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DatabaseError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.models import Min
from django.http import HttpRequest, HttpResponse, HttpResponseBase, JsonResponse
from django.utils import timezone
from django_q.models import OrmQ

from accounts.heartbeat import last_beat
from accounts.notices import Notice
from certification.maintenance.models import TickRun

#: A tick or a mail older than this means that the background queue stands still: seconds.
STALE_AFTER = 300


class HealthMiddleware:
    """Gives every request its id, and answers the health addresses before anything else can fail."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        request.request_id = str(uuid.uuid4())  # type: ignore[attr-defined]
        answers: dict[str, Callable[[HttpRequest], HttpResponseBase]] = {
            "/healthz": healthz,
            "/readyz": readyz,
            "/metrics": metrics,
        }
        answer = answers.get(request.path)
        response = answer(request) if answer else self.get_response(request)
        response.headers["X-Request-Id"] = request.request_id  # type: ignore[attr-defined]
        return response


def healthz(request: HttpRequest) -> HttpResponse:
    """The process answers."""
    return HttpResponse("ok", content_type="text/plain")


def readiness(now: dt.datetime) -> dict[str, Any]:
    """What the portal depends on, each with `ok`: database, migrations, tick, mail, queue (ages in seconds)."""
    try:
        connection.ensure_connection()
        executor = MigrationExecutor(connection)
        waiting = executor.migration_plan(executor.loader.graph.leaf_nodes())
        if waiting:
            return {"database": {"ok": True}, "migrations": {"ok": False, "waiting": len(waiting)}}
        tick = TickRun.objects.filter(pk=1).first()
        oldest_mail = (
            Notice.objects.waiting().filter(next_attempt_at__lte=now).aggregate(oldest=Min("next_attempt_at"))["oldest"]
        )
        beat = last_beat()
        queued = OrmQ.objects.count()
    except DatabaseError as error:
        return {"database": {"ok": False, "error": type(error).__name__}}
    tick_age = (now - tick.finished_at).total_seconds() if tick else None
    beat_age = (now - beat).total_seconds() if beat else None
    mail_age = (now - oldest_mail).total_seconds() if oldest_mail else 0.0
    return {
        "database": {"ok": True},
        "migrations": {"ok": True, "waiting": 0},
        "tick": {"ok": tick_age is not None and tick_age < STALE_AFTER, "age": tick_age},
        "mail": {"ok": mail_age < STALE_AFTER, "age": mail_age},
        "queue": {"ok": beat_age is not None and beat_age < STALE_AFTER, "age": beat_age, "waiting": queued},
    }


def readyz(request: HttpRequest) -> HttpResponse:
    """200 when the portal can serve (database and migrations); the rest is reported beside it."""
    parts = readiness(timezone.now())
    ready = parts["database"]["ok"] and parts.get("migrations", {}).get("ok", False)
    return JsonResponse({"ready": ready, **parts}, status=200 if ready else 503)


def metrics(request: HttpRequest) -> HttpResponse:
    """The same figures in Prometheus text; with METRICS_KEY set, only for who presents it as a bearer token."""
    key = settings.METRICS_KEY
    presented = request.headers.get("Authorization", "").removeprefix("Bearer ")
    if (settings.PRODUCTION and not key) or (key and not secrets.compare_digest(presented.encode(), key.encode())):
        return HttpResponse("Forbidden", status=403, content_type="text/plain")
    lines = []
    for part, facts in readiness(timezone.now()).items():
        for name, value in facts.items():
            if isinstance(value, bool | int | float):
                lines += [f"# TYPE portal_{part}_{name} gauge", f"portal_{part}_{name} {float(value)}"]
    return HttpResponse("\n".join(lines) + "\n", content_type="text/plain; version=0.0.4")
