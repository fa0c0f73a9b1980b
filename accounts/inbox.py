"""A person's inbox: what was written to them, unread first, of these first what they must act on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass

from django.db.models import Case, Count, IntegerField, Q, Value, When
from django.http import HttpRequest
from django.utils.http import base36_to_int, int_to_base36

from accounts.keyset import Page
from accounts.notice_texts import NoticeText, text_of
from accounts.notices import KINDS, Notice, NoticeQuerySet
from accounts.users import User

#: Messages of one page.
PAGE_SIZE = 20
UNREAD = Q(read_at__isnull=True)
#: Unread before read, of each first what asks the reader to do something.
RANK = Case(
    When(UNREAD & Q(needs_action=True), then=Value(3)),
    When(UNREAD, then=Value(2)),
    When(needs_action=True, then=Value(1)),
    default=Value(0),
    output_field=IntegerField(),
)
VIEWS: dict[str, Q] = {"": Q(), "action": UNREAD & Q(needs_action=True), "unread": UNREAD}


@dataclass(frozen=True)
class InboxCounts:
    """How many messages there are, how many unread, how many of these ask for something."""

    total: int
    unread: int
    action: int


@dataclass(frozen=True)
class InboxEntry:
    """One message as the inbox shows it."""

    notice: Notice
    text: NoticeText


def messages_of(user: User) -> NoticeQuerySet:
    """Everything that the inbox can show, of kinds that are still known."""
    return Notice.objects.for_user(user).filter(kind__in=KINDS)


def counts_of(user: User) -> InboxCounts:
    """The inbox in figures; one query."""
    figures = messages_of(user).aggregate(
        total=Count("pk"),
        unread=Count("pk", filter=VIEWS["unread"]),
        action=Count("pk", filter=VIEWS["action"]),
    )
    return InboxCounts(**figures)


def inbox_page(*, user: User, view: str, request: HttpRequest, language: str) -> tuple[Page, list[InboxEntry]]:
    """The page of the inbox that the address asks for (`?after=`, `?before=`), with its texts; one query."""
    rows = messages_of(user).filter(VIEWS[view]).annotate(rank=RANK).select_related("company", "recipient")
    after, before = (place(request.GET.get(name, "")) for name in ("after", "before"))
    if before:
        window = rows.filter(Q(rank__gt=before[0]) | Q(rank=before[0], pk__gt=before[1]))
        found = list(window.order_by("rank", "pk")[: PAGE_SIZE + 1])
        shown = found[:PAGE_SIZE][::-1]
    else:
        if after:
            rows = rows.filter(Q(rank__lt=after[0]) | Q(rank=after[0], pk__lt=after[1]))
        found = list(rows.order_by("-rank", "-pk")[: PAGE_SIZE + 1])
        shown = found[:PAGE_SIZE]
    more = len(found) > PAGE_SIZE
    is_first = not after and not (before and more)
    is_last = not before and not more
    page = Page(
        rows=shown,
        first_url="" if is_first else address(request, {}),
        previous_url="" if is_first or not shown else address(request, {"before": place_of(shown[0])}),
        next_url="" if is_last or not shown else address(request, {"after": place_of(shown[-1])}),
    )
    return page, [InboxEntry(notice, text_of(notice, language=language)) for notice in shown]


def place(text: str) -> tuple[int, int] | None:
    """A row's place in the order, from the address; None where that names none."""
    rank, _dash, key = text.partition("-")
    try:
        return int(rank), base36_to_int(key)
    except ValueError:
        return None


def place_of(notice: Notice) -> str:
    """A row's place in the order, for an address."""
    return f"{notice.rank}-{int_to_base36(notice.pk)}"  # type: ignore[attr-defined]


def address(request: HttpRequest, changes: dict[str, str]) -> str:
    """The page's address with another place in the list."""
    query = request.GET.copy()
    for name in ("after", "before"):
        query.pop(name, None)
    for name, value in changes.items():
        query[name] = value
    text = query.urlencode()
    return f"{request.path}?{text}" if text else request.path


def mark_read(*, notices: NoticeQuerySet, now: dt.datetime) -> int:
    """Note that the messages were read at `now`; those read before keep their moment."""
    return notices.filter(read_at__isnull=True).update(read_at=now)
