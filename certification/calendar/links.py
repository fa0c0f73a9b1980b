"""The one writer of calendar links: making, replacing, revoking and finding them (S16)."""

from __future__ import annotations

import datetime as dt
import hashlib
import secrets

from django.db import transaction
from django.db.models import Exists, OuterRef, Q

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.memberships import Membership
from accounts.users import User
from certification.calendar.models import CalendarFeed

#: 192 random bits.
TOKEN_BYTES = 24
#: That a program reads the feed is noted this often at most.
NOTED_EVERY = dt.timedelta(hours=1)


def token_hash(token: str) -> str:
    """What is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def link_of(*, user: User, company: Company) -> CalendarFeed | None:
    """The person's link for the company that works at present."""
    return CalendarFeed.objects.filter(user=user, company=company, revoked_at__isnull=True).first()


@transaction.atomic
def make_link(*, user: User, company: Company, actor: Actor, now: dt.datetime) -> str:
    """Make the person's link for the company and return its token, which nobody can read later; an older link ends."""
    User.objects.select_for_update(of=("self",)).get(pk=user.pk)  # two clicks at once take turns
    end_link(user=user, company=company, actor=actor, now=now, after="replaced")
    token = secrets.token_urlsafe(TOKEN_BYTES)
    feed = CalendarFeed.objects.create(user=user, company=company, token_hash=token_hash(token), created_at=now)
    note(feed, actor=actor, now=now, before="", after="made")
    return token


@transaction.atomic
def revoke_link(*, user: User, company: Company, actor: Actor, now: dt.datetime) -> None:
    """End the person's link for the company. Twice is once."""
    end_link(user=user, company=company, actor=actor, now=now, after="revoked")


def end_link(*, user: User, company: Company, actor: Actor, now: dt.datetime, after: str) -> None:
    """End what works at present, and journal it."""
    feed = (
        CalendarFeed.objects.select_for_update(of=("self",))
        .filter(user=user, company=company, revoked_at__isnull=True)
        .first()
    )
    if feed is None:
        return
    CalendarFeed.objects.filter(pk=feed.pk).update(revoked_at=now)
    note(feed, actor=actor, now=now, before="made", after=after)


def note(feed: CalendarFeed, *, actor: Actor, now: dt.datetime, before: str, after: str) -> None:
    """Write the journal row of one change."""
    journal.record(
        at=now,
        actor=actor,
        company_id=feed.company_id,
        subject="calendar_feed",
        subject_id=feed.pk,
        aspect="state",
        before=before,
        after=after,
    )


def find(token: str) -> CalendarFeed | None:
    """The link that works: not revoked, of a person who may sign in and is a member ever since it was made."""
    member = Membership.objects.filter(
        user=OuterRef("user"), company=OuterRef("company"), created_at__lte=OuterRef("created_at")
    )
    return (
        CalendarFeed.objects.filter(
            Exists(member), token_hash=token_hash(token), revoked_at__isnull=True, user__is_active=True
        )
        .select_related("user", "company")
        .first()
    )


def note_reading(feed: CalendarFeed, *, now: dt.datetime) -> None:
    """Remember that a program read it."""
    if feed.last_read_at is None or feed.last_read_at <= now - NOTED_EVERY:
        CalendarFeed.objects.filter(Q(last_read_at__isnull=True) | Q(last_read_at__lt=now), pk=feed.pk).update(
            last_read_at=now
        )
