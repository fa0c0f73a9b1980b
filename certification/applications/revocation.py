"""Taking a certification away: by staff, for a reason, and only by a lead reviewer."""

from __future__ import annotations

import datetime as dt

from django.db import models, transaction

from accounts.companies import Company
from accounts.journal import Actor, JournalEntry
from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from certification.applications.lifecycle import move_numbers
from certification.maintenance.models import Maintenance, Scope
from certification.numbers.models import Lifecycle, PhoneNumber
from certification.numbers.shapes import mask_number


class RevocationReasonMissing(Exception):
    """A revocation needs a reason that the company can read."""


@transaction.atomic
def revoke(
    *, company: Company, numbers: models.QuerySet[PhoneNumber], actor: Actor, now: dt.datetime, reason: str
) -> int:
    """Revoke those of the company's numbers that are certified; return how many were. Repeating it does nothing.

    The company is told once, with the reason; open applications of the numbers stay as they are and cannot bring the
    certification back without a reviewer. Raises RevocationReasonMissing.
    """
    if not reason.strip():
        raise RevocationReasonMissing
    concerned = PhoneNumber.objects.of_company(company).filter(pk__in=numbers.order_by().values("pk"))
    certified = list(concerned.filter(lifecycle=Lifecycle.CERTIFIED).order_by("pk").values_list("pk", "number"))
    chosen = PhoneNumber.objects.filter(pk__in=[pk for pk, _number in certified])
    revoked = move_numbers(numbers=chosen, to=Lifecycle.REVOKED, actor=actor, now=now, reason=reason.strip())
    if revoked:
        message = Message(
            key=f"certification_revoked:{company.pk}:{now.timestamp():.6f}",
            kind="certification_revoked",
            company_id=company.pk,
            context={
                "numbers": revoked,
                "masked": [mask_number(number) for _pk, number in certified[:3]],
                "reason": reason.strip(),
            },
            needs_action=True,
        )
        readers = Membership.objects.filter(company=company, role__in=RESPONSIBLE_ROLES)
        send(messages=[(message, user_id) for user_id in readers.values_list("user_id", flat=True)], now=now)
    return revoked


class RestoreRefused(Exception):
    """Numbers that are locked cannot become certified before they are released (domain section 7)."""


@transaction.atomic
def restore(*, numbers: models.QuerySet[PhoneNumber], actor: Actor, now: dt.datetime, reason: str) -> int:
    """Give revoked certifications back for what is left of their terms: an appeal was upheld. Return how many came back.

    Those whose term has ended meanwhile stay revoked: they need a new application. Raises RestoreRefused while an open
    lock covers one of them.
    """
    held = PhoneNumber.objects.held().filter(pk__in=numbers.order_by().values("pk"))
    coming = held.filter(lifecycle=Lifecycle.REVOKED, term_ends_at__gt=now)
    ids = list(coming.order_by("pk").select_for_update(of=("self",)).values_list("pk", flat=True))
    if Maintenance.objects.open_at().filter(locks=True, scope=Scope.NUMBER, number__in=ids).exists():
        raise RestoreRefused
    return move_numbers(
        numbers=PhoneNumber.objects.filter(pk__in=ids), to=Lifecycle.CERTIFIED, actor=actor, now=now, reason=reason
    )


def revoked_by(numbers: models.QuerySet[PhoneNumber]) -> set[int]:
    """Who revoked the numbers last: they do not judge an appeal against it."""
    rows = JournalEntry.objects.filter(
        subject="number", aspect="state", after=Lifecycle.REVOKED, subject_id__in=numbers.order_by().values("pk")
    )
    return {pk for pk in rows.values_list("actor", flat=True).distinct() if pk is not None}
