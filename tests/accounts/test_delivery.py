"""The outbox against a real mail server: everything arrives once, whatever happens on the way (R1, R3, R4)."""

from __future__ import annotations

import datetime as dt
import multiprocessing
import os
import re
import signal
import threading
from collections import Counter
from typing import Any

import pytest
from django.db import connections, transaction
from django_q.models import OrmQ

from accounts import delivery
from accounts.access import StaffRole
from accounts.companies import Company
from accounts.delivery import MailOutage, backoff, deliver, deliver_in_turn, resend
from accounts.journal import Actor, JournalEntry
from accounts.notices import Message, Notice, send, send_to_address, send_to_company, wake_delivery
from accounts.preferences import NoticePreference
from tests.accounts.people import notice_to, reader, staff
from tests.cast import NOW, make_company
from tests.conftest import MailServer, free_port

MINUTE = dt.timedelta(minutes=1)


@pytest.fixture
def clinic(db: None) -> Company:
    return make_company("仁和门诊部")


def state_of(notice: Notice) -> str:
    notice.refresh_from_db()
    if notice.delivered_at:
        return "delivered"
    if notice.failed_at:
        return "failed"
    return "waiting" if notice.next_attempt_at else "portal only"


def test_mail_says_the_same_as_text_and_html_in_the_readers_language(clinic: Company, mail_server: MailServer) -> None:
    context = {
        "material": "business_license",
        "material_zh": "营业执照",
        "material_en": "Business licence",
        "material_ref": "112233445566",
        "expires_on": "2026-12-02",
        "days_left": 7,
        "numbers": 12,
    }
    for language in ("zh-hans", "en"):
        user = reader(language, clinic, language=language)
        notice_to(user, clinic, f"key-{language}", kind="material_expires", context=context, needs_action=True)

    assert deliver(now=NOW).sent == 2

    (chinese,), (english,) = mail_server.to("zh-hans@example.com"), mail_server.to("en@example.com")
    assert chinese["Subject"].strip() == "【需处理】营业执照将于 2026-12-02 到期（剩 7 天）"
    assert english["Subject"].strip() == "[Action needed] Business licence expires 2 December 2026 (7 days left)"
    for mail in (chinese, english):
        assert mail.get_content_type() == "multipart/mixed"
        text, html = mail.get_body(("plain",)), mail.get_body(("html",))
        assert text is not None
        assert html is not None
        links = re.findall(r"https?://[^\s\"<]+", text.get_content())
        assert links == re.findall(r'href="([^"]+)"', html.get_content())
        assert len(links) == 1
        assert links[0].endswith("/materials/112233445566/renew/")
        assert [part.get_content_type() for part in mail.iter_attachments()] == ["text/calendar"]
    assert chinese["Content-Language"] == "zh-Hans"


def test_delivered_notice_is_marked_and_never_sent_again(clinic: Company, mail_server: MailServer) -> None:
    notice = notice_to(reader("owner", clinic), clinic, "once")

    assert deliver(now=NOW).sent == 1
    assert deliver(now=NOW + 60 * MINUTE).sent == 0

    assert state_of(notice) == "delivered"
    assert (notice.claimed_at, notice.error, notice.attempts) == (None, "", 1)
    assert len(mail_server.messages) == 1


def test_notice_is_not_sent_before_its_time(clinic: Company, mail_server: MailServer) -> None:
    notice_to(reader("owner", clinic), clinic, "later", next_attempt_at=NOW + MINUTE)

    assert deliver(now=NOW).sent == 0
    assert deliver(now=NOW + MINUTE).sent == 1


def test_refused_address_fails_for_good_while_others_go_through(clinic: Company, mail_server: MailServer) -> None:
    gone = notice_to(reader("gone", clinic), clinic, "a")
    others = [notice_to(reader(name, clinic), clinic, name) for name in ("b", "c")]
    mail_server.refused = {"gone@example.com"}

    done = deliver(now=NOW)

    assert (done.sent, done.failed) == (2, 1)
    assert state_of(gone) == "failed"
    assert gone.error == "550 5.1.1 No such user here"
    assert [state_of(notice) for notice in others] == ["delivered", "delivered"]


def test_mail_refused_for_now_waits_longer_each_time(
    clinic: Company, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = notice_to(reader("busy", clinic), clinic, "busy")
    answers = iter(["451 4.7.1 Try again later", "451 4.7.1 Try again later"])
    accept = mail_server.handle_RCPT

    async def later(*arguments: Any) -> str:
        return next(answers, None) or await accept(*arguments)

    monkeypatch.setattr(mail_server, "handle_RCPT", later)

    assert deliver(now=NOW).postponed == 1
    assert state_of(notice) == "waiting"
    assert notice.error == "451 4.7.1 Try again later"
    assert MINUTE <= (notice.next_attempt_at or NOW) - NOW < 2 * MINUTE
    assert deliver(now=NOW + 2 * MINUTE).postponed == 1
    assert deliver(now=NOW + 3 * MINUTE).sent == 0
    assert deliver(now=NOW + 5 * MINUTE).sent == 1
    assert len(mail_server.messages) == 1


@pytest.mark.parametrize(("attempts", "minutes"), [(1, 1), (2, 2), (3, 4), (9, 256), (10, 360), (12, 360), (99, 360)])
def test_backoff_doubles_up_to_six_hours(attempts: int, minutes: int) -> None:
    assert backoff(attempts) == dt.timedelta(minutes=minutes)


@pytest.mark.parametrize(
    "tried",
    [
        {"attempts": delivery.MAX_ATTEMPTS - 1, "first_attempt_at": NOW - MINUTE},
        {"attempts": 1, "first_attempt_at": NOW - delivery.MAX_AGE},
    ],
)
def test_mail_that_was_tried_often_or_long_enough_fails(
    tried: dict[str, Any], clinic: Company, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notice = notice_to(reader("busy", clinic), clinic, "busy", **tried)

    async def later(*arguments: Any) -> str:
        return "451 4.7.1 Try again later"

    monkeypatch.setattr(mail_server, "handle_RCPT", later)

    assert deliver(now=NOW).failed == 1
    assert state_of(notice) == "failed"


def test_broken_connection_is_opened_anew_for_the_rest(
    clinic: Company, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    notices = [notice_to(reader(name, clinic), clinic, name) for name in ("a", "b", "c")]
    accept = mail_server.handle_RCPT

    async def hang_up_once(*arguments: Any) -> str:
        monkeypatch.setattr(mail_server, "handle_RCPT", accept)
        return "421 4.3.0 Closing"

    monkeypatch.setattr(mail_server, "handle_RCPT", hang_up_once)

    done = deliver(now=NOW)

    assert (done.sent, done.postponed) == (2, 1)
    assert [state_of(notice) for notice in notices] == ["waiting", "delivered", "delivered"]


def test_server_down_for_a_day_loses_and_doubles_nothing(
    clinic: Company, mail_server: MailServer, settings: Any
) -> None:
    notices = [notice_to(reader(f"u{count}", clinic), clinic, f"k{count}") for count in range(5)]
    there, settings.EMAIL_PORT = settings.EMAIL_PORT, free_port()

    for hour in range(24):
        done = deliver(now=NOW + hour * 60 * MINUTE)
        assert done.unreachable
        assert done.sent == 0
    outage = MailOutage.objects.get()
    assert outage.since - NOW < MINUTE
    assert "Connection refused" in outage.error
    assert {state_of(notice) for notice in notices} == {"waiting"}
    assert {notice.attempts for notice in notices} == {0}

    settings.EMAIL_PORT = there
    assert deliver(now=NOW + 24 * 60 * MINUTE).sent == 5
    assert deliver(now=NOW + 25 * 60 * MINUTE).sent == 0
    assert Counter(mail["To"] for mail in mail_server.messages) == {f"u{count}@example.com": 1 for count in range(5)}
    assert not MailOutage.objects.exists()


def test_nobody_tries_again_right_after_the_server_was_unreachable(clinic: Company, settings: Any) -> None:
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", free_port()
    notice_to(reader("owner", clinic), clinic, "k")
    deliver(now=NOW)
    tried = MailOutage.objects.get().tried_at

    assert deliver(now=tried + dt.timedelta(seconds=10)).unreachable
    assert MailOutage.objects.get().tried_at == tried
    deliver(now=tried + MINUTE)
    assert MailOutage.objects.get().tried_at > tried


def test_notice_that_cannot_be_written_does_not_stop_the_others(clinic: Company, mail_server: MailServer) -> None:
    strange = notice_to(reader("a", clinic), clinic, "a", kind="nobody_declared_this")
    fine = notice_to(reader("b", clinic), clinic, "b")

    assert deliver(now=NOW).sent == 1

    assert state_of(strange) == "waiting"
    assert "nobody_declared_this" in strange.error
    assert state_of(fine) == "delivered"


def test_switched_off_kinds_stay_in_the_portal(clinic: Company, mail_server: MailServer) -> None:
    user = reader("owner", clinic)
    NoticePreference.objects.create(user=user, kind="application_submitted")
    NoticePreference.objects.create(user=user, kind="application_lapsed")
    muted = notice_to(user, clinic, "a", kind="application_submitted")
    mandatory = notice_to(user, clinic, "b", kind="application_lapsed")

    done = deliver(now=NOW)

    assert (done.sent, done.kept) == (1, 1)
    assert (state_of(muted), state_of(mandatory)) == ("portal only", "delivered")


def test_inactive_people_and_those_who_left_get_no_mail(clinic: Company, mail_server: MailServer) -> None:
    inactive = notice_to(reader("inactive", clinic, is_active=False), clinic, "a")
    gone = notice_to(reader("gone"), clinic, "b")
    lead = notice_to(
        staff("lead", StaffRole.LEAD_REVIEWER), None, "c", kind="review_overdue_staff", context={"review": "x"}
    )

    deliver(now=NOW)

    assert [state_of(notice) for notice in (inactive, gone, lead)] == ["portal only", "portal only", "delivered"]


def test_invitation_goes_to_its_address_and_forgets_its_token(clinic: Company, mail_server: MailServer) -> None:
    message = Message(
        "invitation:1",
        "invitation",
        clinic.pk,
        {"company": clinic.name, "inviter": "王芳", "token": "s3cret-Token", "role": "viewer"},
    )
    send_to_address(message=message, address="new@example.com", now=NOW)
    Notice.objects.update(next_attempt_at=NOW)

    assert deliver(now=NOW).sent == 1

    (mail,) = mail_server.to("new@example.com")
    assert mail["Subject"].strip() == "仁和门诊部邀请您管理号码认证"
    text = mail.get_body(("plain",))
    assert text is not None
    assert "/invitations/s3cret-Token/" in text.get_content()
    assert "token" not in Notice.objects.get().context


def test_message_id_is_that_of_the_notice_however_often_it_is_sent(clinic: Company, mail_server: MailServer) -> None:
    notice = notice_to(reader("owner", clinic), clinic, "stable")
    deliver(now=NOW)
    Notice.objects.filter(pk=notice.pk).update(delivered_at=None)
    deliver(now=NOW + MINUTE)

    assert len({mail["Message-ID"] for mail in mail_server.messages}) == 1
    assert len(mail_server.messages) == 2


def test_abandoned_claim_is_released_after_ten_minutes(clinic: Company, mail_server: MailServer) -> None:
    notice_to(reader("owner", clinic), clinic, "k", claimed_at=NOW, attempts=1)

    assert deliver(now=NOW + 9 * MINUTE).sent == 0
    done = deliver(now=NOW + 11 * MINUTE)
    assert (done.released, done.sent) == (1, 1)


def test_claim_lost_to_another_deliverer_is_not_mailed(clinic: Company) -> None:
    """A deliverer that was stopped for so long that its claim was released finds that out before it mails."""
    notice_to(reader("owner", clinic), clinic, "k")
    (claimed,) = delivery.claim(now=NOW, limit=5)
    Notice.objects.update(claimed_at=NOW + 11 * MINUTE)

    assert not delivery.renew_claim(claimed, NOW + 12 * MINUTE)


# --- Processes that die, and that meet -------------------------------------------------------------------------------


class Halt:
    """Holds the mail server in the middle of its n-th mail until it is let go."""

    def __init__(self, server: MailServer, monkeypatch: pytest.MonkeyPatch, *, at: int, accepted: bool) -> None:
        self.reached, self.go_on = threading.Event(), threading.Event()
        take = server.handle_DATA
        seen = 0

        async def handle(*arguments: Any) -> str:
            nonlocal seen
            seen += 1
            if seen != at:
                return await take(*arguments)
            answer = await take(*arguments) if accepted else "451 never said"
            self.reached.set()
            self.go_on.wait(20)  # the server's own thread: nobody else is to be served meanwhile
            return answer

        monkeypatch.setattr(server, "handle_DATA", handle)


def run_delivery() -> None:
    """The life of a deliverer process."""
    deliver(now=NOW)


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
@pytest.mark.parametrize("accepted", [False, True])
def test_killed_deliverer_loses_nothing_and_repeats_at_most_one(
    accepted: bool, mail_server: MailServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    clinic = make_company("仁和门诊部")
    notices = [notice_to(reader(f"u{count}", clinic), clinic, f"k{count}") for count in range(6)]
    halt = Halt(mail_server, monkeypatch, at=3, accepted=accepted)
    connections.close_all()
    process = multiprocessing.get_context("fork").Process(target=run_delivery)
    process.start()
    assert halt.reached.wait(20)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(20)
    halt.go_on.set()

    assert [state_of(notice) for notice in notices] == ["delivered"] * 2 + ["waiting"] * 4
    assert deliver(now=NOW + MINUTE).sent == 0, "its claims hold until they are stale"
    assert deliver(now=NOW + 11 * MINUTE).sent == 4

    assert {state_of(notice) for notice in notices} == {"delivered"}
    received = Counter(mail["Message-ID"] for mail in mail_server.messages)
    assert len(received) == 6
    # The server had taken the third mail, and we never heard: SMTP leaves no way to know. Its repeat can be recognised.
    assert sorted(received.values()) == [1] * 5 + [2 if accepted else 1]


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_two_deliverers_at_once_send_each_notice_once(mail_server: MailServer) -> None:
    clinic = make_company("仁和门诊部")
    readers = [reader(f"u{count}", clinic) for count in range(5)]
    for count in range(40):
        notice_to(readers[count % 5], clinic, f"k{count}")
    sent: list[int] = []
    start = threading.Barrier(2)

    def work() -> None:
        try:
            start.wait(20)
            sent.append(deliver(now=NOW, batch=3).sent)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)

    assert sum(sent) == 40
    assert Counter(Counter(mail["Message-ID"] for mail in mail_server.messages).values()) == {1: 40}
    assert not Notice.objects.filter(delivered_at=None).exists()


@pytest.mark.django_db(transaction=True, serialized_rollback=True)
def test_one_deliverer_at_a_time_when_the_queue_asks(mail_server: MailServer) -> None:
    clinic = make_company("仁和门诊部")
    notice_to(reader("owner", clinic), clinic, "k")
    taken, release = threading.Event(), threading.Event()

    def hold() -> None:
        try:
            assert delivery.take_turn()
            taken.set()
            release.wait(20)
            delivery.give_turn_back()
        finally:
            connections.close_all()

    holder = threading.Thread(target=hold)
    holder.start()
    assert taken.wait(20)
    assert deliver_in_turn(now=NOW).sent == 0
    release.set()
    holder.join(20)
    assert deliver_in_turn(now=NOW).sent == 1


# --- Asking for delivery -----------------------------------------------------------------------------------------------


def wakes() -> int:
    return int(OrmQ.objects.count())


def test_writing_notices_wakes_delivery_once_per_transaction(clinic: Company) -> None:
    user = reader("owner", clinic)
    with transaction.atomic():
        for count in range(5):
            send(messages=[(Message(f"m{count}", "application_lapsed", clinic.pk), user.pk)], now=NOW)
    assert wakes() == 1
    assert OrmQ.objects.get().task["func"] == "accounts.tasks.deliver_notices"


def test_nothing_written_wakes_nobody(clinic: Company) -> None:
    send(messages=[], now=NOW)

    assert wakes() == 0


def test_rolled_back_notice_takes_its_wake_with_it(clinic: Company) -> None:
    user = reader("owner", clinic)
    with transaction.atomic():
        point = transaction.savepoint()
        send(messages=[(Message("lost", "application_lapsed", clinic.pk), user.pk)], now=NOW)
        assert wakes() == 1
        transaction.savepoint_rollback(point)
        assert wakes() == 0
        wake_delivery()
        assert wakes() == 1, "the rolled back wake is forgotten with its row"


def test_company_message_reaches_who_is_responsible_and_who_sent_it_once(clinic: Company) -> None:
    owner = reader("owner", clinic)
    reader("viewer", clinic, role="viewer")  # type: ignore[arg-type]
    operator = reader("operator", clinic, role="operator")  # type: ignore[arg-type]
    message = Message("application_submitted:1", "application_submitted", clinic.pk)

    send_to_company(message=message, also=[operator.pk, owner.pk, None], now=NOW)

    assert set(Notice.objects.values_list("recipient", flat=True)) == {owner.pk, operator.pk}


# --- Sending again -----------------------------------------------------------------------------------------------------


def test_failed_mail_is_sent_again_from_the_beginning(clinic: Company, mail_server: MailServer) -> None:
    mail_server.refused = {"owner@example.com"}
    notice = notice_to(reader("owner", clinic), clinic, "k")
    deliver(now=NOW)
    mail_server.refused = set()

    assert resend(notices=Notice.objects.all(), actor=Actor.command(), now=NOW + MINUTE) == 1
    assert resend(notices=Notice.objects.all(), actor=Actor.command(), now=NOW + MINUTE) == 0

    assert deliver(now=NOW + MINUTE).sent == 1
    assert state_of(notice) == "delivered"
    entry = JournalEntry.objects.get(subject="notice")
    assert (entry.subject_id, entry.before, entry.after, entry.company_id) == (
        notice.pk,
        "failed",
        "waiting",
        clinic.pk,
    )


def test_idle_delivery_costs_few_statements(clinic: Company, django_assert_num_queries: Any) -> None:
    for count in range(20):
        notice_to(reader(f"u{count}", clinic), clinic, f"k{count}", delivered_at=NOW)

    with django_assert_num_queries(4):  # stale claims (2), outage, claim
        deliver(now=NOW)
