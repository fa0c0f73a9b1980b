"""Drafts: made once per form, saved step by step, kept on the server; nothing here moves a lifecycle."""

from __future__ import annotations

import datetime as dt
import uuid
from typing import Any

from django.core.exceptions import EmptyResultSet
from django.db import connection, models, transaction
from django.db.models import F

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.users import User
from certification.applications.corrections import editable_parts
from certification.applications.eligible import MOST_NUMBERS, eligible
from certification.applications.lifecycle import let_go
from certification.applications.models import Application, ApplicationKind, ApplicationNumber, ApplicationState
from certification.numbers.models import PhoneNumber, PhoneNumberQuerySet

#: What is answered in a draft, by the part that it belongs to.
ANSWERS = {"applicant": "applicant_is_agent", "purpose": "purpose", "script": "sample_script"}
#: States in which a company can change what it asks for.
OPEN_TO_CHANGE = (ApplicationState.DRAFT, ApplicationState.RETURNED)


class NotEditable(Exception):
    """The application has been handed in, or this part of it was accepted."""


class DraftChanged(Exception):
    """Somebody else, or another tab, saved the draft since the form was opened."""

    def __init__(self, current: Application) -> None:
        super().__init__(f"revision {current.revision}")
        self.current = current


class TooManyNumbers(Exception):
    """An application holds at most MOST_NUMBERS."""


@transaction.atomic
def create_draft(
    *,
    company: Company,
    kind: ApplicationKind,
    numbers: PhoneNumberQuerySet,
    creation_key: uuid.UUID,
    by: User,
    actor: Actor,
    now: dt.datetime,
) -> Application:
    """Make a draft with those of `numbers` that are eligible, or return the one that this form has made already."""
    application, created = Application.objects.get_or_create(
        creation_key=creation_key,
        defaults={
            "company": company,
            "kind": kind,
            "state": ApplicationState.DRAFT,
            "state_since": now,
            "created_at": now,
            "created_by": by,
            **last_answers(company),
        },
    )
    if created:
        application.refresh_from_db()  # the database makes the reference
        journal.record(
            at=now,
            actor=actor,
            company_id=company.pk,
            subject="application",
            subject_id=application.pk,
            aspect="state",
            after=ApplicationState.DRAFT,
            detail={"kind": kind},
        )
        add_numbers(application=application, numbers=numbers, now=now)
    elif application.company_id != company.pk:
        raise NotEditable
    return application


def last_answers(company: Company) -> dict[str, Any]:
    """Known data is never retyped: what the company's newest application said of its calls."""
    before = Application.objects.filter(company=company).exclude(purpose="").order_by("-created_at").first()
    return {"purpose": before.purpose, "sample_script": before.sample_script} if before else {}


def require_editable(*, application: Application, part: str) -> Application:
    """The row, locked; raises NotEditable unless this part of it can be changed by the company at present."""
    current = Application.objects.select_for_update().get(pk=application.pk)
    if current.state not in OPEN_TO_CHANGE:
        raise NotEditable
    parts = editable_parts(current)
    if parts is not None and part not in parts:
        raise NotEditable
    return current


@transaction.atomic
def save_answer(*, application: Application, part: str, value: Any, revision: int) -> Application:
    """Save the answer of one step and count the revision up.

    Raises DraftChanged when `revision` is not the draft's any more and the answer differs from what is stored, and
    NotEditable when the part is closed. Saving what is stored already changes nothing.
    """
    current = require_editable(application=application, part=part)
    field = ANSWERS[part]
    if getattr(current, field) == value:
        return current
    if current.revision != revision:
        raise DraftChanged(current)
    setattr(current, field, value)
    current.revision += 1
    current.save(update_fields=[field, "revision"])
    return current


@transaction.atomic
def add_numbers(*, application: Application, numbers: PhoneNumberQuerySet, now: dt.datetime) -> int:
    """Put those of `numbers` that are eligible into the draft, in one statement; return how many were new.

    Raises TooManyNumbers when the draft would hold more than MOST_NUMBERS, NotEditable once it was handed in: a
    returned application gets no further numbers.
    """
    current = require_editable(application=application, part="numbers")
    if current.state != ApplicationState.DRAFT:
        raise NotEditable
    chosen = eligible(company=current.company, kind=current.kind, now=now).filter(
        pk__in=numbers.order_by().values("pk")
    )
    try:
        sql, parameters = chosen.order_by().values("id").query.sql_with_params()
    except EmptyResultSet:  # nothing can be among them
        return 0
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            INSERT INTO certification_applicationnumber (application_id, number_id, requested_label, submitted_label, is_active)
            SELECT %s, chosen.id, '', '', false FROM ({sql}) AS chosen (id)
            ON CONFLICT (application_id, number_id) DO NOTHING
            """,  # noqa: S608 - a compiled queryset; the values are parameters
            [current.pk, *parameters],
        )
        added = int(cursor.rowcount)
    if current.items.count() > MOST_NUMBERS:
        raise TooManyNumbers
    count_revision(current)
    return added


@transaction.atomic
def remove_numbers(
    *, application: Application, numbers: models.QuerySet[PhoneNumber], actor: Actor, now: dt.datetime
) -> int:
    """Take the numbers out of the draft, or out of a returned application, which then lets go of them."""
    current = require_editable(application=application, part="numbers")
    removed = let_go(application=current, numbers=numbers, actor=actor, now=now)
    if removed:
        count_revision(current)
    return removed


def count_revision(application: Application) -> None:
    """Note that the draft was changed."""
    Application.objects.filter(pk=application.pk).update(revision=F("revision") + 1)


@transaction.atomic
def request_labels(*, application: Application, labels: dict[int, str], revision: int) -> Application:
    """Save the new displayed names that a change application asks for, by the primary key of the item.

    Raises DraftChanged as `save_answer` does.
    """
    current = require_editable(application=application, part="labels")
    items = list(current.items.filter(pk__in=labels))
    changed = [item for item in items if item.requested_label != labels[item.pk]]
    if not changed:
        return current
    if current.revision != revision:
        raise DraftChanged(current)
    for item in changed:
        item.requested_label = labels[item.pk]
    ApplicationNumber.objects.bulk_update(changed, ["requested_label"], batch_size=1000)
    current.revision += 1
    current.save(update_fields=["revision"])
    return current


@transaction.atomic
def request_label_for_all(*, application: Application, label: str) -> int:
    """Ask for one new displayed name for every number of the draft; return how many numbers it has."""
    current = require_editable(application=application, part="labels")
    count = current.items.update(requested_label=label)
    count_revision(current)
    return count
