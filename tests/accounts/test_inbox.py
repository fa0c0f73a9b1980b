"""The inbox, notification settings, and what staff see of deliveries."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from django.test import Client
from django.urls import reverse

from accounts.access import StaffRole
from accounts.companies import Company
from accounts.delivery import MailOutage
from accounts.inbox import PAGE_SIZE
from accounts.journal import JournalEntry
from accounts.memberships import Membership
from accounts.notices import KINDS, Audience, Notice
from accounts.preferences import NoticePreference
from accounts.users import User
from tests.accounts.people import notice_to, reader, staff
from tests.cast import NOW, make_company

READ: dict[str, Any] = {"read_at": NOW}


@pytest.fixture
def clinic(db: None) -> Company:
    return make_company("仁和门诊部")


@pytest.fixture
def owner(clinic: Company) -> User:
    return reader("owner", clinic)


def signed_in(client: Client, user: User) -> Client:
    client.force_login(user)
    return client


def shown(client: Client, address: str = "/inbox/") -> list[str]:
    return [entry.notice.key for entry in client.get(address).context["entries"]]


def test_unread_comes_first_and_of_it_what_needs_action(client: Client, owner: User, clinic: Company) -> None:
    notice_to(owner, clinic, "read, action", needs_action=True, **READ)
    notice_to(owner, clinic, "action", needs_action=True)
    notice_to(owner, clinic, "read", **READ)
    notice_to(owner, clinic, "unread")
    notice_to(owner, clinic, "newer action", needs_action=True)
    client = signed_in(client, owner)

    assert shown(client) == ["newer action", "action", "unread", "read, action", "read"]
    assert shown(client, "/inbox/?show=unread") == ["newer action", "action", "unread"]
    assert shown(client, "/inbox/?show=action") == ["newer action", "action"]
    assert shown(client, "/inbox/?show=nonsense") == shown(client)


def test_inbox_says_the_words_of_the_mail(client: Client, owner: User, clinic: Company) -> None:
    context = {"application": "aa11bb22cc33", "numbers": 2, "reason": "缺少 <b>授权书</b>，请致电 13812341234"}
    notice_to(owner, clinic, "k", kind="application_rejected", context=context)

    content = signed_in(client, owner).get("/inbox/").content.decode()

    assert "申请 aa11bb22cc33 未通过" in content
    assert "缺少 &lt;b&gt;授权书&lt;/b&gt;，请致电 138****1234" in content
    assert "13812341234" not in content


def test_looking_marks_nothing_as_read(client: Client, owner: User, clinic: Company) -> None:
    notice = notice_to(owner, clinic, "k")
    client = signed_in(client, owner)
    client.get("/inbox/")
    for name in ("inbox_open", "inbox_read"):
        assert client.get(reverse(name, args=[notice.ref])).status_code == 405
    assert client.get("/inbox/read/").status_code == 405

    notice.refresh_from_db()
    assert notice.read_at is None


def test_opening_marks_as_read_and_leads_on(client: Client, owner: User, clinic: Company) -> None:
    notice = notice_to(owner, clinic, "k", kind="company_verified", context={"company": clinic.name})

    response = signed_in(client, owner).post(reverse("inbox_open", args=[notice.ref]))

    assert response["Location"] == f"/settings/?company={clinic.ref}"
    notice.refresh_from_db()
    assert notice.read_at is not None


def test_reading_twice_keeps_the_first_moment(client: Client, owner: User, clinic: Company) -> None:
    notice = notice_to(owner, clinic, "k", **READ)

    signed_in(client, owner).post(reverse("inbox_read", args=[notice.ref]))

    notice.refresh_from_db()
    assert notice.read_at == NOW


def test_marking_all_leaves_what_arrived_meanwhile(client: Client, owner: User, clinic: Company) -> None:
    seen = notice_to(owner, clinic, "seen")
    page = signed_in(client, owner).get("/inbox/")
    late = notice_to(owner, clinic, "late")

    assert client.post("/inbox/read/", {"newest": page.context["newest"]})["Location"] == "/inbox/"

    seen.refresh_from_db()
    late.refresh_from_db()
    assert seen.read_at is not None
    assert late.read_at is None


def test_others_messages_do_not_exist(client: Client, owner: User, clinic: Company) -> None:
    theirs = notice_to(reader("colleague", clinic), clinic, "k")
    client = signed_in(client, owner)

    assert shown(client) == []
    for name in ("inbox_open", "inbox_read"):
        assert client.post(reverse(name, args=[theirs.ref])).status_code == 404
    client.post("/inbox/read/")
    theirs.refresh_from_db()
    assert theirs.read_at is None


def test_messages_of_a_company_go_with_the_membership(client: Client, owner: User, clinic: Company) -> None:
    notice = notice_to(owner, clinic, "k")
    Membership.objects.filter(user=owner).delete()
    client = signed_in(client, owner)

    assert shown(client) == []
    assert client.post(reverse("inbox_open", args=[notice.ref])).status_code == 404


def test_link_in_a_message_opens_the_company_that_it_is_about(client: Client, clinic: Company) -> None:
    shop = make_company("好味快餐", industry="catering")
    both = reader("both", clinic, shop)
    client = signed_in(client, both)

    assert client.get("/settings/").context["company"] == clinic
    assert client.get(f"/settings/?company={shop.ref}").context["company"] == shop
    stranger = make_company("别家", industry="catering")
    assert client.get(f"/settings/?company={stranger.ref}").status_code == 404


def test_inbox_pages_lead_through_everything_once(client: Client, owner: User, clinic: Company) -> None:
    for count in range(2 * PAGE_SIZE + 3):
        notice_to(owner, clinic, f"k{count}", needs_action=count % 3 == 0, **(READ if count % 2 else {}))
    client = signed_in(client, owner)
    expected = list(Notice.objects.filter(recipient=owner).values_list("key", "read_at", "needs_action", "pk"))
    expected.sort(key=lambda row: (row[1] is None, row[2], row[3]), reverse=True)

    forwards, address, addresses = [], "/inbox/", []
    while address:
        response = client.get(address)
        forwards += [entry.notice.key for entry in response.context["entries"]]
        addresses.append(address)
        address = response.context["page"].next_url
    assert forwards == [row[0] for row in expected]
    assert len(addresses) == 3

    back = client.get(client.get(addresses[2]).context["page"].previous_url)
    assert [entry.notice.key for entry in back.context["entries"]] == forwards[PAGE_SIZE : 2 * PAGE_SIZE]
    first = client.get(back.context["page"].previous_url)
    assert [entry.notice.key for entry in first.context["entries"]] == forwards[:PAGE_SIZE]
    assert first.context["page"].previous_url == ""
    assert client.get("/inbox/?after=nonsense&before=9-!").status_code == 200


def test_inbox_costs_the_same_for_few_and_many(
    client: Client, owner: User, clinic: Company, django_assert_num_queries: Any
) -> None:
    client = signed_in(client, owner)
    notice_to(owner, clinic, "first")
    client.get("/inbox/")
    with django_assert_num_queries(QUERIES):
        client.get("/inbox/")
    for count in range(50):
        notice_to(owner, clinic, f"k{count}")
        if count == 1:
            with django_assert_num_queries(QUERIES):
                client.get("/inbox/")
    with django_assert_num_queries(QUERIES):
        client.get("/inbox/")


#: Session, person, staff roles, membership; counts, messages; unread count of the frame.
QUERIES = 7


def test_new_persons_inbox_says_what_will_come(client: Client, db: None) -> None:
    response = signed_in(client, reader("nobody")).get("/inbox/")

    assert response.status_code == 200
    assert "还没有消息" in response.content.decode()


# --- Which messages are mailed -----------------------------------------------------------------------------------------


def test_choice_switches_off_what_is_not_ticked(client: Client, owner: User) -> None:
    client = signed_in(client, owner)
    wanted = [kind.code for kind in KINDS.values() if not kind.mandatory and kind.code != "plan_ended"]

    assert client.post("/settings/notifications/", {"mail": wanted})["Location"] == "/settings/notifications/"
    client.post("/settings/notifications/", {"mail": wanted})

    assert list(NoticePreference.objects.values_list("user", "kind")) == [(owner.pk, "plan_ended")]
    entry = JournalEntry.objects.get(subject="user", subject_id=owner.pk)
    assert (entry.aspect, entry.before, entry.after) == ("mail:plan_ended", "on", "off")

    client.post("/settings/notifications/", {"mail": [*wanted, "plan_ended"]})
    assert not NoticePreference.objects.exists()


def test_mandatory_and_unknown_kinds_cannot_be_chosen(client: Client, owner: User) -> None:
    client = signed_in(client, owner)
    client.post("/settings/notifications/", {"mail": ["nonsense"]})

    muted = set(NoticePreference.objects.values_list("kind", flat=True))
    assert muted == {kind.code for kind in KINDS.values() if not kind.mandatory and kind.audience == Audience.COMPANY}
    page = client.get("/settings/notifications/").content.decode()
    assert 'value="maintenance_opened"' not in page
    assert "认证已暂停" in page


def test_staff_choose_among_the_kinds_for_staff(client: Client, db: None) -> None:
    context = signed_in(client, staff("lead", StaffRole.LEAD_REVIEWER)).get("/settings/notifications/").context

    assert {kind.code for kind in context["mandatory"]} == {
        "review_overdue_staff",
        "decision_refused",
        "plan_overrunning",
        "maintenance_expedited",
        "expedite_requested",
    }
    assert [kind.code for kind, *_more in context["optional"]] == ["appeal_message_staff"]


# --- Deliveries ----------------------------------------------------------------------------------------------------------


@pytest.fixture
def operations(db: None) -> User:
    return staff("operations", StaffRole.OPERATIONS)


def test_deliveries_show_what_failed_with_the_servers_answer(
    client: Client, operations: User, owner: User, clinic: Company
) -> None:
    notice_to(owner, clinic, "failed", failed_at=NOW, error="550 5.1.1 No such user here", attempts=1)
    notice_to(owner, clinic, "waiting")
    notice_to(owner, clinic, "portal", next_attempt_at=None)
    client = signed_in(client, operations)

    response = client.get("/staff/deliveries/")

    assert response.context["counts"] == {"failed": 1, "waiting": 1, "delivered": 0}
    assert [row.notice.key for row in response.context["rows"]] == ["failed"]
    assert "550 5.1.1 No such user here" in response.content.decode()
    assert [row.notice.key for row in client.get("/staff/deliveries/?show=waiting").context["rows"]] == ["waiting"]


def test_deliveries_name_an_outage(client: Client, operations: User) -> None:
    MailOutage.objects.create(since=NOW, tried_at=NOW + dt.timedelta(minutes=5), error="Connection refused")

    assert "Connection refused" in signed_in(client, operations).get("/staff/deliveries/").content.decode()


def test_operations_have_failed_mails_sent_again(
    client: Client, operations: User, owner: User, clinic: Company
) -> None:
    first, second = (notice_to(owner, clinic, key, failed_at=NOW, error="550", attempts=3) for key in ("a", "b"))
    client = signed_in(client, operations)

    client.post("/staff/deliveries/resend/", {"ref": first.ref})
    assert list(Notice.objects.waiting()) == [first]
    client.post("/staff/deliveries/resend/", {"all": "1"})
    assert set(Notice.objects.waiting()) == {first, second}
    assert JournalEntry.objects.filter(subject="notice", actor=operations).count() == 2


@pytest.mark.parametrize("role", [StaffRole.AUDITOR, StaffRole.REVIEWER, StaffRole.LEAD_REVIEWER, StaffRole.POLICY])
def test_other_staff_read_deliveries_and_send_nothing(
    role: StaffRole, client: Client, owner: User, clinic: Company
) -> None:
    failed = notice_to(owner, clinic, "a", failed_at=NOW)
    client = signed_in(client, staff("somebody", role))

    assert client.get("/staff/deliveries/").status_code == 200
    assert client.post("/staff/deliveries/resend/", {"ref": failed.ref}).status_code == 403
    failed.refresh_from_db()
    assert failed.failed_at == NOW


def test_deliveries_do_not_exist_for_companies(client: Client, owner: User) -> None:
    client = signed_in(client, owner)

    assert client.get("/staff/deliveries/").status_code == 404
    assert client.post("/staff/deliveries/resend/", {"all": "1"}).status_code == 404


def test_deliveries_cost_the_same_for_few_and_many(
    client: Client, operations: User, owner: User, clinic: Company, django_assert_max_num_queries: Any
) -> None:
    client = signed_in(client, operations)
    counts = []
    for wanted in (1, 3, 50):
        while Notice.objects.count() < wanted:
            notice_to(owner, clinic, f"k{Notice.objects.count()}", failed_at=NOW)
        with django_assert_max_num_queries(12) as queries:
            client.get("/staff/deliveries/")
        counts.append(len(queries))
    assert len(set(counts)) == 1
