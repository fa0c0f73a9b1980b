"""R10: whatever is sent to the API, it answers as its own description says, and never with a 500."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections
from django.utils import timezone
from hypothesis import HealthCheck, settings
from schemathesis.specs.openapi.checks import negative_data_rejection

from accounts.journal import Actor
from appeals.api import api
from appeals.complaints.sources import create_source, issue_key
from tests.cast import Cast

schema = schemathesis.openapi.from_dict(api.get_openapi_schema())
schema.app = get_wsgi_application()


@pytest.fixture
def key(cast: Cast) -> str:
    now = timezone.now()
    return issue_key(
        source=create_source(name="attacker", actor=Actor.command(), now=now), actor=Actor.command(), now=now
    )


@pytest.fixture
def open_connection() -> Iterator[None]:
    """The test's transaction outlives each request, as it does in Django's own test client."""
    signals = (request_started, request_finished)
    for signal in signals:
        signal.disconnect(close_old_connections)
    yield
    for signal in signals:
        signal.connect(close_old_connections)


@schema.parametrize()
@pytest.mark.usefixtures("open_connection")
@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
def test_api_answers_as_it_describes_itself(case: Any, key: str) -> None:
    # An event that breaks the schema is answered by itself, and does not refuse the call.
    case.call_and_validate(
        headers={"Authorization": f"Bearer {key}", "Accept-Encoding": "identity"},
        excluded_checks=[negative_data_rejection],
    )
