"""Whoever works for the portal signs in with a second factor where the installation asks for it."""

from __future__ import annotations

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret

STAFF_PAGES = ["/staff/companies/", "/staff/journal/", "/settings/account/"]


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_staff_without_second_factor_are_led_to_setting_it_up(cast, visit, settings, path):
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    response = visit(cast.reviewer).get(path)
    assert (response.status_code, response["Location"]) == (302, "/account/2fa/totp/activate/")
    assert visit(cast.reviewer).get("/account/2fa/totp/activate/").status_code == 200


@pytest.mark.parametrize("path", STAFF_PAGES)
def test_staff_with_second_factor_get_on_with_their_work(cast, visit, settings, path):
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    TOTP.activate(cast.reviewer, generate_totp_secret())
    assert visit(cast.reviewer).get(path).status_code == 200


def test_staff_need_none_where_it_is_not_asked_for(cast, visit, settings):
    settings.STAFF_SECOND_FACTOR_REQUIRED = False
    assert visit(cast.reviewer).get("/staff/companies/").status_code == 200


def test_members_need_none(cast, visit, settings):
    settings.STAFF_SECOND_FACTOR_REQUIRED = True
    assert visit(cast.owner).get("/settings/").status_code == 200


def test_secret_is_stored_encrypted(cast):
    secret = generate_totp_secret()
    TOTP.activate(cast.reviewer, secret)
    assert secret not in str(Authenticator.objects.get().data)
