"""The tools of the other tests: they must not lie."""

import smtplib
from email.message import EmailMessage

import pytest
from django.core.mail import send_mail

from tests.conftest import MailServer, OpenWindow


def test_mail_server_keeps_messages_and_refuses_addresses(mail_server: MailServer):
    send_mail("主题", "正文", None, ["owner@example.com"])
    assert [message["Subject"] for message in mail_server.to("owner@example.com")] == ["主题"]

    mail_server.refused.add("gone@example.com")
    message = EmailMessage()
    message["To"], message["From"] = "gone@example.com", "portal@example.com"
    with smtplib.SMTP(mail_server.host, mail_server.port) as client, pytest.raises(smtplib.SMTPRecipientsRefused):
        client.send_message(message)
    assert mail_server.to("gone@example.com") == []


def test_windows_show_the_site_and_share_no_cookies(open_window: OpenWindow):
    desk, phone = open_window(), open_window(width=375, language="en")
    for page in (desk, phone):
        response = page.goto("/healthz")
        assert response is not None
        assert response.status == 200
    desk.context.add_cookies([{"name": "seen", "value": "1", "url": desk.url}])
    assert phone.context.cookies() == []
    assert phone.evaluate("[innerWidth, navigator.language]") == [375, "en"]
