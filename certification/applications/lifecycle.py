"""The lifecycle of applications and of the numbers in them: two transition tables as data, and their one writer.

Every move is one conditional, set-based statement that changes the rows and writes one journal row for each.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil.relativedelta import relativedelta
from django.db import connection, models, transaction

from accounts import journal
from accounts.companies import Company
from accounts.journal import Actor
from accounts.working_days import end_of_day
from certification.applications.models import (
    ACTIVE_STATES,
    Application,
    ApplicationKind,
    ApplicationNumber,
    ApplicationState,
)
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from certification.reminders.models import Reminder
from certification.reminders.steps import first_due

#: Domain section 4, for applications.
TRANSITIONS: dict[ApplicationState, tuple[ApplicationState, ...]] = {
    ApplicationState.DRAFT: (ApplicationState.SUBMITTED, ApplicationState.WITHDRAWN),
    ApplicationState.SUBMITTED: (
        ApplicationState.IN_REVIEW,
        ApplicationState.PENDING_MAINTENANCE,
        ApplicationState.WITHDRAWN,
    ),
    ApplicationState.IN_REVIEW: (
        ApplicationState.APPROVED,
        ApplicationState.RETURNED,
        ApplicationState.REJECTED,
        ApplicationState.PENDING_MAINTENANCE,
        ApplicationState.WITHDRAWN,
    ),
    ApplicationState.PENDING_MAINTENANCE: (
        ApplicationState.IN_REVIEW,
        ApplicationState.LAPSED,
        ApplicationState.WITHDRAWN,
    ),
    ApplicationState.RETURNED: (ApplicationState.SUBMITTED, ApplicationState.WITHDRAWN),
    ApplicationState.APPROVED: (),
    ApplicationState.REJECTED: (),
    ApplicationState.LAPSED: (),
    ApplicationState.WITHDRAWN: (),
}

#: Domain section 4, for numbers: which stored states follow which.
NUMBER_TRANSITIONS: dict[Lifecycle, tuple[Lifecycle, ...]] = {
    Lifecycle.DRAFT: (Lifecycle.SUBMITTED,),
    Lifecycle.SUBMITTED: (Lifecycle.IN_REVIEW, Lifecycle.PENDING_MAINTENANCE, Lifecycle.DRAFT),
    Lifecycle.IN_REVIEW: (
        Lifecycle.CERTIFIED,
        Lifecycle.RETURNED,
        Lifecycle.REJECTED,
        Lifecycle.PENDING_MAINTENANCE,
        Lifecycle.DRAFT,
    ),
    Lifecycle.RETURNED: (Lifecycle.SUBMITTED, Lifecycle.DRAFT),
    Lifecycle.PENDING_MAINTENANCE: (Lifecycle.IN_REVIEW, Lifecycle.LAPSED, Lifecycle.DRAFT),
    Lifecycle.CERTIFIED: (Lifecycle.EXPIRED, Lifecycle.WITHDRAWN, Lifecycle.REVOKED),
    Lifecycle.EXPIRED: (Lifecycle.SUBMITTED, Lifecycle.CERTIFIED),
    Lifecycle.REJECTED: (Lifecycle.SUBMITTED,),
    Lifecycle.LAPSED: (Lifecycle.SUBMITTED,),
    Lifecycle.WITHDRAWN: (Lifecycle.SUBMITTED,),
    Lifecycle.REVOKED: (Lifecycle.SUBMITTED,),
}

#: What becomes of an application's numbers when it moves; numbers that are certified stay so until their term is over.
FOLLOWS: dict[ApplicationState, Lifecycle] = {
    ApplicationState.SUBMITTED: Lifecycle.SUBMITTED,
    ApplicationState.IN_REVIEW: Lifecycle.IN_REVIEW,
    ApplicationState.PENDING_MAINTENANCE: Lifecycle.PENDING_MAINTENANCE,
    ApplicationState.RETURNED: Lifecycle.RETURNED,
    ApplicationState.REJECTED: Lifecycle.REJECTED,
    ApplicationState.LAPSED: Lifecycle.LAPSED,
    ApplicationState.WITHDRAWN: Lifecycle.DRAFT,
}
#: How long an application can wait for a newly required material (A): calendar days.
PENDING_DAYS = 15


class TransitionRefused(Exception):
    """The table does not allow the move from the state that the row is in."""

    def __init__(self, application: Application, to: ApplicationState) -> None:
        super().__init__(f"{application.state} -> {to}")
        self.application = application
        self.to = to


class NumberTaken(Exception):
    """A number of the application is in another application that is still open."""


def sources(table: dict[Any, tuple[Any, ...]], to: str) -> list[str]:
    """The states from which the table lets a row move to `to`."""
    return [str(before) for before, after in table.items() if to in after]


def move_numbers(
    *, numbers: models.QuerySet[PhoneNumber], to: Lifecycle, actor: Actor, now: dt.datetime, reason: str = ""
) -> int:
    """Move those of the numbers whose state allows it to `to`, one journal row each; return how many moved.

    Not for `certified`, which has a term: `certify_numbers`.
    """
    ids = numbers.order_by().values("pk").query
    chosen, chosen_parameters = ids.sql_with_params()
    values = {f"chosen_{index}": value for index, value in enumerate(chosen_parameters)}
    chosen = chosen % tuple(f"%({name})s" for name in values)
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH target AS (
                SELECT id, company_id, lifecycle FROM certification_phonenumber
                WHERE lifecycle = ANY (%(sources)s) AND id IN ({chosen}) ORDER BY id FOR NO KEY UPDATE
            ), moved AS (
                UPDATE certification_phonenumber n SET lifecycle = %(to)s, lifecycle_since = %(at)s
                FROM target WHERE n.id = target.id
                RETURNING n.id, target.company_id, target.lifecycle AS before
            )
            {journal.INSERT} SELECT {journal.BY}, company_id, 'number', id, 'state', before, %(to)s, %(reason)s FROM moved
            """,  # noqa: S608 - interpolated are constants and a compiled queryset; the values are parameters
            {
                **journal.by_parameters(at=now, actor=actor),
                **values,
                "sources": sources(NUMBER_TRANSITIONS, to),
                "to": to,
                "reason": reason,
            },
        )
        return int(cursor.rowcount)


def term_end(now: dt.datetime, months: int, company: Company) -> dt.datetime:
    """The local midnight at which a certification that begins at `now` is over: `months` later, its last day included."""
    last_day = company.today(now) + relativedelta(months=months)
    return end_of_day(last_day, company.zone).astimezone(dt.UTC)


def certify_numbers(*, application: Application, actor: Actor, now: dt.datetime, reason: str) -> int:
    """Certify the application's numbers for their providers' terms (one year (D)); renewals count from the old term's end.

    Writes a journal row for each changed state and one for each changed term, and the terms' reminders.
    """
    company = application.company
    providers = Provider.objects.filter(
        pk__in=PhoneNumber.objects.filter(applications__application=application).values("provider")
    )
    certified = 0
    for provider in providers:  # two or three in all of the portal
        fresh = term_end(now, provider.term_months, company)
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                WITH target AS (
                    SELECT n.id, n.lifecycle, n.term_ends_at FROM certification_phonenumber n
                    JOIN certification_applicationnumber item ON item.number_id = n.id
                    WHERE item.application_id = %(application)s AND n.provider_id = %(provider)s AND n.lifecycle = ANY (%(from)s)
                    ORDER BY n.id FOR NO KEY UPDATE OF n
                ), moved AS (
                    UPDATE certification_phonenumber n SET
                        lifecycle = 'certified',
                        lifecycle_since = CASE WHEN target.lifecycle = 'certified' THEN n.lifecycle_since ELSE %(at)s END,
                        certified_at = %(at)s,
                        term_ends_at = CASE WHEN target.lifecycle = 'certified' AND target.term_ends_at > %(at)s
                            THEN ((target.term_ends_at AT TIME ZONE %(zone)s) + make_interval(months => %(months)s)) AT TIME ZONE %(zone)s
                            ELSE %(fresh)s END
                    FROM target WHERE n.id = target.id
                    RETURNING n.id, target.lifecycle AS before, target.term_ends_at AS term_before, n.term_ends_at AS term_after
                ), states AS (
                    {journal.INSERT} SELECT {journal.BY}, %(company)s, 'number', id, 'state', before, 'certified', %(reason)s
                    FROM moved WHERE before <> 'certified'
                ), terms AS (
                    {journal.INSERT} SELECT {journal.BY}, %(company)s, 'number', id, 'term',
                           coalesce(to_char(term_before AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), ''),
                           to_char(term_after AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), %(reason)s
                    FROM moved
                )
                SELECT term_after, count(*) FROM moved GROUP BY term_after
                """,  # noqa: S608 - interpolated are constants; the values are parameters
                {
                    **journal.by_parameters(at=now, actor=actor),
                    "application": application.pk,
                    "provider": provider.pk,
                    "zone": company.time_zone,
                    "from": [Lifecycle.IN_REVIEW, Lifecycle.EXPIRED, Lifecycle.CERTIFIED],
                    "months": provider.term_months,
                    "fresh": fresh,
                    "company": company.pk,
                    "reason": reason,
                },
            )
            terms = cursor.fetchall()
        for ends_at, count in terms:
            certified += count
            last_day = (ends_at.astimezone(company.zone) - dt.timedelta(seconds=1)).date()
            Reminder.objects.update_or_create(
                company=company,
                term_ends_at=ends_at,
                material=None,
                defaults={"expires_on": last_day, "next_due_at": first_due(last_day, company.zone, now)},
            )
    return certified


@transaction.atomic
def move(
    *, application: Application, to: ApplicationState, actor: Actor, now: dt.datetime, reason: str = "", **changes: Any
) -> bool:
    """Move the application and its numbers to `to` and journal it; `changes` are further columns of the application.

    True when it moved, False when it was there already (a repeated request is a quiet no-op). Raises TransitionRefused
    when the table does not allow it, NumberTaken when a number is in another open application.
    """
    current = Application.objects.select_for_update(of=("self",)).get(pk=application.pk)
    before = ApplicationState(current.state)
    if before == to:
        return False
    if to not in TRANSITIONS[before]:
        raise TransitionRefused(current, to)
    Application.objects.filter(pk=application.pk).update(state=to, state_since=now, **changes)
    application.state, application.state_since = to, now
    for field, value in changes.items():
        setattr(application, field, value)
    journal.record(
        at=now,
        actor=actor,
        company_id=application.company_id,
        subject="application",
        subject_id=application.pk,
        aspect="state",
        before=before,
        after=to,
        reason=reason,
    )
    hold_numbers(application=application, active=to in ACTIVE_STATES)
    if to == ApplicationState.APPROVED:
        approve_numbers(application=application, actor=actor, now=now, reason=reason)
    else:
        numbers = PhoneNumber.objects.filter(applications__application=application).exclude(
            lifecycle=Lifecycle.CERTIFIED
        )
        move_numbers(numbers=numbers, to=FOLLOWS[to], actor=actor, now=now, reason=reason)
    return True


def hold_numbers(*, application: Application, active: bool) -> None:
    """Mark the application's numbers as held by it, or free them. Raises NumberTaken when another one holds one."""
    items = ApplicationNumber.objects.filter(application=application).exclude(is_active=active)
    if active:
        held_elsewhere = ApplicationNumber.objects.filter(is_active=True).exclude(application=application)
        if held_elsewhere.filter(number__in=items.values("number")).exists():
            raise NumberTaken
    items.update(is_active=active)


def approve_numbers(*, application: Application, actor: Actor, now: dt.datetime, reason: str) -> None:
    """What approval does to the numbers: certify or renew them, or apply the change that was asked for."""
    if application.kind != ApplicationKind.CHANGE:
        certify_numbers(application=application, actor=actor, now=now, reason=reason)
        return
    items = list(application.items.select_related("number").exclude(requested_label=""))
    changes = []
    for item in items:
        changes.append(
            journal.Change(
                "number",
                item.number_id,
                "label",
                item.number.label,
                item.requested_label,
                application.company_id,
                reason,
            )
        )
        item.number.label = item.requested_label
    PhoneNumber.objects.bulk_update([item.number for item in items], ["label"], batch_size=1000)
    journal.record_many(at=now, actor=actor, changes=changes)
