"""Every page of this slice renders, in both languages."""

from __future__ import annotations

import pytest

PAGES = [
    "/settings/",
    "/settings/members/",
    "/settings/members/invite/",
    "/settings/journal/",
    "/settings/account/",
    "/companies/new/",
    "/account/email/",
    "/account/password/change/",
    "/account/2fa/",
    "/account/2fa/totp/activate/",
    "/account/sessions/",
    "/account/logout/",
    "/account/reauthenticate/",
]
PUBLIC = [
    "/account/login/",
    "/account/signup/",
    "/account/password/reset/",
    "/account/password/reset/done/",
    "/account/password/reset/key/done/",
    "/account/password/reset/key/1-abc/",
    "/account/confirm-email/",
    "/account/confirm-email/abc/",
    "/account/inactive/",
]


@pytest.mark.parametrize("language", ["zh-hans", "en"])
@pytest.mark.parametrize("path", PAGES)
def test_page_of_a_member_renders(path, language, cast, visit):
    response = visit(cast.owner, language=language).get(path)
    assert response.status_code == 200
    assert 'class="topbar"' in response.text


@pytest.mark.parametrize("path", PUBLIC)
def test_page_of_a_visitor_renders(path, cast, client):
    response = client.get(path, follow=True)
    assert response.status_code == 200
    assert "topbar-public" in response.text
