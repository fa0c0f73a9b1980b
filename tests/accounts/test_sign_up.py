"""Signing up, confirming, signing in, resetting: what a person can do, and what nobody can find out."""

from __future__ import annotations

import re
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.cache import cache
from django.test import Client
from django_q.models import Schedule

from accounts.journal import JournalEntry
from accounts.users import User
from tests.cast import PASSWORD, make_user

pytestmark = pytest.mark.django_db
TOKEN = re.compile(r'csrfmiddlewaretoken" value="\w+"')
GOOD = "four words nobody guesses"


@pytest.fixture(autouse=True)
def _fresh_limits():
    cache.clear()


def sign_up(
    client: Client, email: str = "new@example.com", *, language: str = "en", name: str = "Li Na", password: str = GOOD
) -> Any:
    """Fill in the form and send it."""
    form = {"name": name, "email": email, "password1": password}
    return client.post("/account/signup/", form, headers={"Accept-Language": language})


def link_in(message: Any) -> str:
    """The one link of a mail, without its host."""
    found = re.search(r"http://testserver(/\S+)", str(message.body))
    assert found
    return found.group(1)


def test_sign_up_sends_one_mail_in_text_and_html_with_the_same_link(client):
    response = sign_up(client)
    assert (response.status_code, response["Location"]) == (302, "/account/confirm-email/")
    assert [message.to for message in mail.outbox] == [["new@example.com"]]
    message: Any = mail.outbox[0]
    html, kind = message.alternatives[0]
    assert kind == "text/html"
    assert f'href="http://testserver{link_in(mail.outbox[0])}"' in html
    assert html.count("href=") == 1


@pytest.mark.parametrize(
    ("language", "stored", "subject"),
    [
        ("en", "en", "Confirm your e-mail address"),
        ("zh-CN", "zh-hans", "确认您的邮箱地址"),
        ("fr", "zh-hans", "确认您的邮箱地址"),
    ],
)
def test_sign_up_remembers_name_and_language(client, language, stored, subject):
    sign_up(client, language=language)
    user = User.objects.get(email="new@example.com")
    assert (user.name, user.language, mail.outbox[0].subject) == ("Li Na", stored, subject)


def test_opening_the_link_changes_nothing_and_confirming_does(client):
    sign_up(client)
    link = link_in(mail.outbox[0])
    assert client.get(link).status_code == 200
    assert not EmailAddress.objects.get(email="new@example.com").verified
    assert client.post(link).status_code == 302
    assert EmailAddress.objects.get(email="new@example.com").verified


def test_nobody_signs_in_before_confirming(client):
    sign_up(client)
    client.logout()
    response = client.post("/account/login/", {"login": "new@example.com", "password": GOOD})
    assert (response.status_code, response["Location"]) == (302, "/account/confirm-email/")
    assert "_auth_user_id" not in client.session


def test_sign_up_with_a_known_address_looks_the_same_and_tells_its_owner():
    make_user("known")
    answers = []
    for name in ("known", "other"):
        client = Client(headers={"Accept-Language": "en"})
        response = sign_up(client, f"{name}@example.com")
        page = client.get(response["Location"]).text.replace(name, "...")
        answers.append((response.status_code, response["Location"], TOKEN.sub("", page)))
    assert answers[0] == answers[1]
    assert [(message.to[0], message.subject) for message in mail.outbox] == [
        ("known@example.com", "您已有账号"),
        ("other@example.com", "Confirm your e-mail address"),
    ]
    assert User.objects.filter(email="known@example.com").count() == 1


def test_reset_answers_alike_for_known_and_unknown_addresses(client):
    make_user("known")
    answers = [
        client.post("/account/password/reset/", {"email": f"{name}@example.com"}) for name in ("known", "nobody")
    ]
    assert {(answer.status_code, answer["Location"]) for answer in answers} == {(302, "/account/password/reset/done/")}
    assert [message.to[0] for message in mail.outbox] == ["known@example.com", "nobody@example.com"]


def test_reset_link_sets_a_new_password_and_ends_other_sessions(client, visit):
    user = make_user("known", language="en")
    elsewhere = visit(user)
    client.post("/account/password/reset/", {"email": "known@example.com"})
    page = client.get(link_in(mail.outbox[0]))
    client.post(page["Location"], {"password1": GOOD, "password2": GOOD})
    user.refresh_from_db()
    assert user.check_password(GOOD)
    assert elsewhere.get("/settings/account/").status_code == 302
    assert [message.subject for message in mail.outbox] == ["Set a new password", "Your password was set anew"]


@pytest.mark.parametrize("name", ["known", "nobody"])
def test_wrong_password_is_refused_alike(client, name):
    make_user("known")
    response = client.post(
        "/account/login/",
        {"login": f"{name}@example.com", "password": "wrong"},
        headers={"Accept-Language": "en"},
    )
    assert response.status_code == 422
    assert "The e-mail address or the password is not right." in response.text


def test_mail_in_the_language_of_its_reader(client):
    make_user("english", language="en")
    client.post("/account/password/reset/", {"email": "english@example.com"}, headers={"Accept-Language": "zh-CN"})
    assert mail.outbox[0].subject == "Set a new password"


def test_sixth_attempt_within_five_minutes_is_refused_unread(client):
    make_user("known")
    for _ in range(5):
        client.post("/account/login/", {"login": "known@example.com", "password": "wrong"})
    response = client.post(
        "/account/login/", {"login": "known@example.com", "password": PASSWORD}, headers={"Accept-Language": "en"}
    )
    assert response.status_code == 422
    assert "Too many attempts." in response.text
    reasons = JournalEntry.objects.filter(aspect="sign_in").order_by("pk").values_list("detail__why", flat=True)
    assert list(reasons) == ["password"] * 5 + ["too_many"]


def test_sign_ins_and_refusals_are_journalled_with_origin(client):
    user = make_user("known")
    client.post("/account/login/", {"login": "known@example.com", "password": "wrong"})
    client.post("/account/login/", {"login": "nobody@example.com", "password": "wrong"})
    client.post("/account/login/", {"login": "known@example.com", "password": PASSWORD})
    client.post("/account/logout/")
    rows = JournalEntry.objects.filter(subject="user").order_by("pk")
    assert [(row.subject_id, row.actor_id, row.aspect, row.after, row.origin) for row in rows] == [
        (user.pk, None, "sign_in", "refused", "127.0.0.1"),
        (0, None, "sign_in", "refused", "127.0.0.1"),
        (user.pk, user.pk, "sign_in", "accepted", "127.0.0.1"),
        (user.pk, user.pk, "sign_out", "ended", "127.0.0.1"),
    ]
    assert rows[1].detail == {"why": "password", "address": "n***@example.com"}


@pytest.mark.parametrize("password", ["short", "password", "12345678", "portal portal", "a" * 129])
def test_weak_password_is_refused_and_the_rest_kept(client, password):
    response = sign_up(client, password=password)
    assert response.status_code == 422
    assert 'value="new@example.com"' in response.text
    assert not User.objects.filter(email="new@example.com").exists()


def test_signup_survives_a_mail_server_that_does_not_answer(client, settings):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 9
    response = sign_up(client)
    assert response.status_code == 302
    schedule = Schedule.objects.get(func="accounts.late_mails.send_again")
    assert "new@example.com" in schedule.args


def test_changing_the_language_is_remembered(client, visit):
    user = make_user("known", language="zh-hans")
    visit(user).post("/i18n/setlang/", {"language": "en", "next": "/settings/account/"})
    user.refresh_from_db()
    assert user.language == "en"
    response = client.post("/i18n/setlang/", {"language": "en", "next": "/account/login/"})
    assert (response.status_code, response["Location"]) == (302, "/account/login/")


@pytest.mark.parametrize("address", ["https://evil.example/", "//evil.example/"])
def test_language_switch_and_sign_in_lead_nowhere_else(client, address):
    make_user("known")
    assert client.post("/i18n/setlang/", {"language": "en", "next": address})["Location"] == "/"
    response = client.post("/account/login/", {"login": "known@example.com", "password": PASSWORD, "next": address})
    assert response["Location"] == "/"
