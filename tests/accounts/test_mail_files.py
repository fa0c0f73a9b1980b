"""Mail as files, and the demonstration's mailbox."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.core.mail import EmailMultiAlternatives, get_connection
from django.test import Client

from accounts.mail_files import BACKEND, newest, read


@pytest.fixture
def mailbox(settings: Any, tmp_path: Path) -> Path:
    settings.EMAIL_BACKEND, settings.EMAIL_FILE_PATH = BACKEND, str(tmp_path / "mail")
    return tmp_path / "mail"


def send_mail(subject: str, to: str = "owner@example.com", html: str = "<p>Hello</p>") -> str:
    mail = EmailMultiAlternatives(
        subject, "Hello, see http://127.0.0.1:8000/inbox/", to=[to], connection=get_connection(BACKEND)
    )
    mail.attach_alternative(html, "text/html")
    assert mail.send() == 1
    return newest(limit=1)[0]


def test_each_mail_is_a_file_of_its_own(mailbox: Path) -> None:
    names = [send_mail(subject) for subject in ("第一封", "第二封")]

    assert newest(limit=10) == names[::-1]
    assert newest(before=names[1], limit=10) == [names[0]]
    mail = read(names[0])
    assert (mail.subject, mail.recipient) == ("第一封", "owner@example.com")
    assert mail.text.strip() == "Hello, see http://127.0.0.1:8000/inbox/"
    assert mail.html.strip() == "<p>Hello</p>"
    assert mailbox.stat().st_mode & 0o077 == 0


def test_mailbox_without_mail_is_empty(mailbox: Path, client: Client) -> None:
    assert newest(limit=10) == []
    assert "还没有邮件" in client.get("/demo/mail/").content.decode()


@pytest.mark.parametrize(
    "name", ["../secret-key", "secret-key", "20260101T000000000000-0123abcd.eml.bak", "..", "", "%2e%2e"]
)
def test_only_the_backends_own_names_are_read(name: str, mailbox: Path) -> None:
    mailbox.mkdir()
    (mailbox / "secret-key").write_text("secret")
    (mailbox.parent / "secret-key").write_text("secret")

    with pytest.raises(FileNotFoundError):
        read(name)


@pytest.mark.parametrize(
    "name", ["..%2fsecret-key", "%2e%2e%2fsecret-key", "secret-key", "a%00b", "20260101T000000000000-0123abcd.eml"]
)
def test_page_of_a_strange_name_is_missing(name: str, mailbox: Path, client: Client) -> None:
    for address in (f"/demo/mail/{name}/", f"/demo/mail/{name}/html/"):
        assert client.get(address).status_code == 404


def test_mailbox_is_open_to_visitors_and_shows_text_and_html(mailbox: Path, client: Client) -> None:
    name = send_mail("到期提醒", html="<script>alert(1)</script><p>Hello</p>")
    send_mail("别人的", to="other@example.com")

    listed = client.get("/demo/mail/").content.decode()
    assert listed.index("别人的") < listed.index("到期提醒")
    narrowed = client.get("/demo/mail/?to=owner").content.decode()
    assert "到期提醒" in narrowed
    assert "别人的" not in narrowed
    page = client.get(f"/demo/mail/{name}/").content.decode()
    assert f'src="/demo/mail/{name}/html/"' in page
    assert '<a href="http://127.0.0.1:8000/inbox/"' in page
    assert "alert(1)" not in page


def test_html_of_a_mail_can_do_nothing(mailbox: Path, client: Client) -> None:
    response = client.get(f"/demo/mail/{send_mail('x', html='<script>alert(1)</script>')}/html/")

    policy = response["Content-Security-Policy"]
    assert "sandbox allow-popups allow-popups-to-escape-sandbox" in policy
    assert "allow-scripts" not in policy
    assert "default-src 'none'" in policy
    assert "script-src 'none'" in policy
    assert "frame-ancestors 'self'" in policy
    assert response["X-Frame-Options"] == "SAMEORIGIN"


@pytest.mark.parametrize(
    "other", [{"EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend"}, {"PRODUCTION": True}]
)
def test_mailbox_exists_only_in_the_demonstration(
    other: dict[str, Any], mailbox: Path, client: Client, settings: Any
) -> None:
    name = send_mail("x")
    for key, value in other.items():
        setattr(settings, key, value)

    for address in ("/demo/mail/", f"/demo/mail/{name}/", f"/demo/mail/{name}/html/"):
        assert client.get(address).status_code == 404


def test_sign_in_page_leads_to_the_mailbox(mailbox: Path, client: Client, settings: Any, db: None) -> None:
    assert 'href="/demo/mail/"' in client.get("/account/login/").content.decode()
    settings.PRODUCTION = True
    assert "/demo/mail/" not in client.get("/account/login/").content.decode()
