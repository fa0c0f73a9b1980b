"""Drafts of appeals: made once per form, saved step by step, kept on the server; nothing here moves a lifecycle."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Collection

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import F, QuerySet

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.users import User
from appeals.cases.lifecycle import locked
from appeals.cases.matters import MOST_NUMBERS, eligible, marked_platforms, takes_numbers
from appeals.cases.models import Appeal, AppealKind, AppealPlatform, AppealState
from appeals.platforms import Platform
from certification.numbers.models import PhoneNumber
from certification.reviews.models import Review


class NotEditable(Exception):
    """The appeal has been handed in, or does not have this part."""


class DraftChanged(Exception):
    """Somebody else, or another tab, saved the draft since the form was opened."""

    def __init__(self, current: Appeal) -> None:
        super().__init__(f"revision {current.revision}")
        self.current = current


class TooManyNumbers(Exception):
    """An appeal holds at most MOST_NUMBERS."""


@transaction.atomic
def create_draft(
    *,
    company: Company,
    kind: AppealKind,
    numbers: QuerySet[PhoneNumber],
    appealed_review: Review | None,
    platforms: Collection[Platform] = (),
    creation_key: uuid.UUID,
    by: User,
    actor: Actor,
    now: dt.datetime,
) -> Appeal:
    """Make a draft with those of `numbers` that can be in it, or return the one that this form has made already."""
    appeal, created = Appeal.objects.get_or_create(
        creation_key=creation_key,
        defaults={
            "company": company,
            "kind": kind,
            "state": AppealState.DRAFT,
            "state_since": now,
            "created_at": now,
            "created_by": by,
            "appealed_review": appealed_review if kind == AppealKind.DECISION else None,
        },
    )
    if created:
        appeal.refresh_from_db()  # the database makes the reference
        journal.record(
            at=now,
            actor=actor,
            company_id=company.pk,
            subject="appeal",
            subject_id=appeal.pk,
            aspect="state",
            after=AppealState.DRAFT,
            detail={"kind": kind},
        )
        if takes_numbers(appeal):
            add_numbers(appeal=appeal, numbers=numbers)
        if kind == AppealKind.MARK:
            known = marked_platforms(appeal) | {platform.pk for platform in platforms}
            AppealPlatform.objects.bulk_create(AppealPlatform(appeal=appeal, platform_id=pk) for pk in sorted(known))
    elif appeal.company_id != company.pk:
        raise NotEditable
    return appeal


def require_draft(appeal: Appeal) -> Appeal:
    """The row, locked; raises NotEditable once it was handed in."""
    current = locked(appeal)
    if current.state != AppealState.DRAFT:
        raise NotEditable
    return current


def count_revision(appeal: Appeal) -> None:
    """Note that the draft was changed."""
    Appeal.objects.filter(pk=appeal.pk).update(revision=F("revision") + 1)


@transaction.atomic
def add_numbers(*, appeal: Appeal, numbers: QuerySet[PhoneNumber]) -> int:
    """Put those of `numbers` that can be in the draft into it, in one statement; return how many were new.

    Raises TooManyNumbers when it would hold more than MOST_NUMBERS, NotEditable once it was handed in.
    """
    current = require_draft(appeal)
    if not takes_numbers(current):
        raise NotEditable
    chosen = eligible(company=current.company, kind=current.kind).filter(pk__in=numbers.order_by().values("pk"))
    try:
        sql, parameters = chosen.order_by().values_list("id", F("subject")).query.sql_with_params()
    except EmptyResultSet:  # nothing can be among them
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO appeals_appealnumber (appeal_id, number_id, subject, is_open)
            SELECT %s, chosen.id, chosen.subject, false FROM ({sql}) AS chosen (id, subject)
            ON CONFLICT (appeal_id, number_id) DO NOTHING
            """,  # noqa: S608 - a compiled queryset; the values are parameters
            [current.pk, *parameters],
        )
        added = int(cursor.rowcount)
    if current.items.count() > MOST_NUMBERS:
        raise TooManyNumbers
    count_revision(current)
    return added


@transaction.atomic
def remove_numbers(*, appeal: Appeal, numbers: QuerySet[PhoneNumber]) -> int:
    """Take the numbers out of the draft; return how many were in it."""
    current = require_draft(appeal)
    removed: int = current.items.filter(number__in=numbers.order_by().values("pk")).delete()[0]
    if removed:
        count_revision(current)
    return removed


@transaction.atomic
def choose_platforms(*, appeal: Appeal, platforms: Collection[Platform]) -> None:
    """Make `platforms` those that the draft is about."""
    current = require_draft(appeal)
    if current.kind != AppealKind.MARK:
        raise NotEditable
    AppealPlatform.objects.filter(appeal=current).exclude(platform__in=platforms).delete()
    AppealPlatform.objects.bulk_create(
        [AppealPlatform(appeal=current, platform=platform) for platform in platforms], ignore_conflicts=True
    )
    count_revision(current)


@transaction.atomic
def save_statement(*, appeal: Appeal, statement: str, urgency_reason: str, revision: int) -> Appeal:
    """Save what the company says, and why it is urgent ("" for: it is not). Saving what is stored changes nothing.

    Raises DraftChanged when `revision` is not the draft's any more and what is stored differs; NotEditable.
    """
    current = require_draft(appeal)
    if (current.statement, current.urgency_reason) == (statement, urgency_reason):
        return current
    if current.revision != revision:
        raise DraftChanged(current)
    current.statement, current.urgency_reason = statement, urgency_reason
    current.revision += 1
    current.save(update_fields=["statement", "urgency_reason", "revision"])
    return current
