"""A session that ended, a database that is away: plain words, and nothing typed is lost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client

from tests.cast import Cast


@pytest.mark.django_db
def test_form_after_the_sessions_end_comes_back_with_what_was_typed(cast: Cast):
    client = Client()
    typed = {"number": "0571-87001234", "alias": "前台 <1>"}
    response = client.post("/numbers/add/", typed, headers={"origin": "http://testserver"})
    assert response.status_code == 403
    page = response.content.decode()
    assert "0571-87001234" in page
    assert "前台 &lt;1&gt;" in page


@pytest.mark.django_db
def test_look_without_a_session_goes_to_the_sign_in_page(client: Client):
    response = client.get("/numbers/")
    assert response.status_code == 302
    assert response.headers["Location"] == "/account/login/?next=/numbers/"


@pytest.mark.django_db
def test_form_with_a_stale_token_comes_back_with_what_was_typed(cast: Cast):
    client = Client(enforce_csrf_checks=True)
    client.force_login(cast.owner)
    response = client.post("/numbers/add/", {"number": "0571-87001234"}, headers={"origin": "http://testserver"})
    assert response.status_code == 403
    assert "0571-87001234" in response.content.decode()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_page_answers_503_while_the_database_is_away_and_recovers(cast: Cast):
    client = Client(raise_request_exception=False)
    client.force_login(cast.owner)
    assert client.get("/").status_code == 200
    port, name = connection.settings_dict["PORT"], connection.settings_dict["NAME"]
    connection.settings_dict["PORT"] = "1"  # nobody listens there
    connection.close()
    try:
        response = client.get("/")
    finally:
        connection.settings_dict["PORT"] = port
        connection.close()
    assert response.status_code == 503
    assert response.headers["Retry-After"]
    assert connection.settings_dict["NAME"] == name
    assert client.get("/").status_code == 200
