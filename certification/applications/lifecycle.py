"""The lifecycle of applications and of the numbers in them: two transition tables as data, and their one writer.

Every move is one conditional, set-based statement that changes the rows and writes one journal row for each.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from dateutil.relativedelta import relativedelta
from django.core.exceptions import EmptyResultSet
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
from certification.maintenance.models import Maintenance, Scope
from certification.numbers.models import Lifecycle, PhoneNumber, Provider
from certification.reminders.sweep import remind_of_term

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
    ApplicationState.REJECTED: (ApplicationState.SUBMITTED,),  # an appeal against it was upheld
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
    Lifecycle.REVOKED: (Lifecycle.SUBMITTED, Lifecycle.CERTIFIED),  # certified: an appeal against it was upheld
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
    """Numbers of the application are in another application that is still open."""

    def __init__(self, numbers: list[PhoneNumber]) -> None:
        super().__init__(f"{len(numbers)} taken")
        self.numbers = numbers


class NumbersLocked(Exception):
    """Numbers under an open lock cannot become certified (domain section 7)."""

    def __init__(self, numbers: list[PhoneNumber]) -> None:
        super().__init__(f"{len(numbers)} locked")
        self.numbers = numbers


def sources(table: dict[Any, tuple[Any, ...]], to: str) -> list[str]:
    """The states from which the table lets a row move to `to`."""
    return [str(before) for before, after in table.items() if to in after]


def move_numbers(
    *, numbers: models.QuerySet[PhoneNumber], to: Lifecycle, actor: Actor, now: dt.datetime, reason: str = ""
) -> int:
    """Move those of the numbers whose state allows it to `to`, one journal row each; return how many moved.

    Not for a certification that begins, which has a term: `certify_numbers`.
    """
    ids = numbers.order_by().values("pk").query
    try:
        chosen, chosen_parameters = ids.sql_with_params()
    except EmptyResultSet:  # nothing can be among them
        return 0
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
                      AND n.released_at IS NULL
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
            remind_of_term(company=company, term_ends_at=ends_at, now=now)
    return certified


@transaction.atomic
def move(
    *, application: Application, to: ApplicationState, actor: Actor, now: dt.datetime, reason: str = "", **changes: Any
) -> bool:
    """Move the application and its numbers to `to` and journal it; `changes` are further columns of the application.

    True when it moved, False when it was there already (a repeated request is a quiet no-op). Raises TransitionRefused
    when the table does not allow it, NumberTaken when a number is in another open application.
    """
    current = Application.objects.select_for_update().only("state").get(pk=application.pk)
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
    move_with(application=application, before=before, to=to, actor=actor, now=now, reason=reason)
    return True


def move_with(
    *,
    application: Application,
    before: ApplicationState,
    to: ApplicationState,
    actor: Actor,
    now: dt.datetime,
    reason: str,
) -> None:
    """Let the numbers follow their application: those that it holds, and never the numbers of a mere draft.

    A change asks for another name only, so it leaves the numbers' own lifecycle alone.
    """
    if to in ACTIVE_STATES and before not in ACTIVE_STATES:
        hold_numbers(application=application)
    if to == ApplicationState.APPROVED:
        approve_numbers(application=application, actor=actor, now=now, reason=reason)
    elif application.kind != ApplicationKind.CHANGE:
        numbers = PhoneNumber.objects.filter(
            applications__application=application, applications__is_active=True
        ).exclude(lifecycle=Lifecycle.CERTIFIED)
        move_numbers(numbers=numbers, to=FOLLOWS[to], actor=actor, now=now, reason=reason)
    if to not in ACTIVE_STATES:
        ApplicationNumber.objects.filter(application=application, is_active=True).update(is_active=False)


def lock_numbers(*, application: Application) -> None:
    """Lock the application's numbers in one order, so that whoever wants the same ones waits instead of failing."""
    rows = PhoneNumber.objects.filter(applications__application=application).order_by("pk")
    list(rows.select_for_update(of=("self",)).values_list("pk"))


def hold_numbers(*, application: Application) -> None:
    """Mark the application's numbers as held by it. Raises NumberTaken when another open application holds one."""
    lock_numbers(application=application)
    mine = ApplicationNumber.objects.filter(application=application)
    taken = (
        PhoneNumber.objects.filter(pk__in=mine.values("number"), applications__is_active=True)
        .exclude(pk__in=mine.filter(is_active=True).values("number"))
        .order_by("pk")
    )
    if taken.exists():
        raise NumberTaken(list(taken[:50]))
    mine.update(is_active=True)


def let_go(*, application: Application, numbers: models.QuerySet[PhoneNumber], actor: Actor, now: dt.datetime) -> int:
    """Take the numbers out of the application; those that it holds become drafts again. Return how many left it."""
    items = ApplicationNumber.objects.filter(application=application, number__in=numbers.order_by().values("pk"))
    if application.kind != ApplicationKind.CHANGE:
        held = PhoneNumber.objects.filter(pk__in=items.filter(is_active=True).values("number"))
        move_numbers(
            numbers=held.exclude(lifecycle=Lifecycle.CERTIFIED),
            to=Lifecycle.DRAFT,
            actor=actor,
            now=now,
            reason="taken out of the application",
        )
    removed: int = items.delete()[0]
    return removed


def locked_numbers(*, application: Application) -> models.QuerySet[PhoneNumber]:
    """Those of the application's numbers that an open lock covers."""
    locks = Maintenance.objects.open_at().filter(locks=True, scope=Scope.NUMBER)
    return PhoneNumber.objects.filter(applications__application=application, pk__in=locks.values("number_id")).order_by(
        "pk"
    )


def approve_numbers(*, application: Application, actor: Actor, now: dt.datetime, reason: str) -> None:
    """What approval does to the numbers: certify or renew them, or apply the change that was asked for.

    Raises NumbersLocked when an open lock covers one that would become certified: it must be released first. The rows
    are locked before the look, so that a lock which is being opened is either seen or comes after the certification.
    """
    lock_numbers(application=application)
    if application.kind == ApplicationKind.CHANGE:
        change_labels(application=application, actor=actor, now=now, reason=reason)
        return
    locked = locked_numbers(application=application)
    if locked.exists():
        raise NumbersLocked(list(locked[:50]))
    certify_numbers(application=application, actor=actor, now=now, reason=reason)


def change_labels(*, application: Application, actor: Actor, now: dt.datetime, reason: str) -> int:
    """Give the numbers the names that a change application asks for, one journal row each; return how many changed."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"""
            WITH target AS (
                SELECT n.id, n.company_id, n.label, item.requested_label FROM certification_phonenumber n
                JOIN certification_applicationnumber item ON item.number_id = n.id
                WHERE item.application_id = %(application)s AND item.requested_label <> '' AND item.requested_label <> n.label
                  AND n.released_at IS NULL
            ), moved AS (
                UPDATE certification_phonenumber n SET label = target.requested_label FROM target WHERE n.id = target.id
                RETURNING n.id, target.company_id, target.label AS before, n.label AS after
            )
            {journal.INSERT} SELECT {journal.BY}, company_id, 'number', id, 'label', before, after, %(reason)s FROM moved
            """,  # noqa: S608 - interpolated are constants; the values are parameters
            {**journal.by_parameters(at=now, actor=actor), "application": application.pk, "reason": reason},
        )
        return int(cursor.rowcount)
