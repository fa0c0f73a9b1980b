"""Health addresses: the process, what it depends on, the figures; and each request's id."""

from __future__ import annotations

import datetime as dt

import pytest
from django.test import Client
from django.utils import timezone

from certification.maintenance.models import TickRun

pytestmark = pytest.mark.django_db


def test_healthz_needs_no_session(client: Client):
    response = client.get("/healthz")
    assert (response.status_code, response.content) == (200, b"ok")
    assert len(response.headers["X-Request-Id"]) == 36


def test_readyz_reports_the_age_of_the_last_tick(client: Client):
    assert client.get("/readyz").json()["tick"]["ok"] is False
    now = timezone.now()
    TickRun.objects.create(id=1, started_at=now, finished_at=now - dt.timedelta(seconds=30))
    report = client.get("/readyz")
    assert report.status_code == 200
    assert report.json()["tick"]["ok"] is True
    assert 29 < report.json()["tick"]["age"] < 60


def test_metrics_ask_for_the_key_where_one_is_set(client: Client, settings):
    assert b"portal_database_ok 1.0" in client.get("/metrics").content
    settings.METRICS_KEY = "a-long-key"
    assert client.get("/metrics").status_code == 403
    assert client.get("/metrics", headers={"authorization": "Bearer a-long-key"}).status_code == 200
