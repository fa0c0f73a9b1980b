from __future__ import annotations

from collections.abc import Callable
from time import time

import pytest
from django.test import Client

from accounts.users import User


@pytest.fixture
def visit() -> Callable[..., Client]:
    """A browser of somebody who has signed in and, unless told otherwise, confirmed their password just now."""

    def sign_in(user: User, *, confirmed: bool = True, language: str = "en") -> Client:
        client = Client(headers={"Accept-Language": language})
        client.force_login(user)
        if confirmed:
            session = client.session
            session["account_authentication_methods"] = [{"method": "password", "at": time(), "reauthenticated": True}]
            session["account_authentication_methods_user"] = str(user.pk)
            session.save()
        return client

    return sign_in
