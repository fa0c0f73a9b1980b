"""What companies are told about complaints: the warning, the lock, the release. More than three numbers are one digest."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from accounts.memberships import Membership
from accounts.notices import RESPONSIBLE_ROLES, Message, send
from certification.maintenance.models import Maintenance
from certification.numbers.models import PhoneNumber
from certification.numbers.shapes import mask_number
from certification.reviews.models import Review

#: So many numbers have a message each (interface section 5).
EACH = 3


@dataclass(frozen=True)
class Warned:
    """One number's day that has come near the limit."""

    number: PhoneNumber
    day: dt.date
    #: How many complaints there are of that day, and in which local hours, such as [9, 14].
    complaints: int
    hours: Sequence[int]


def tell(messages: Sequence[Message], *, now: dt.datetime) -> None:
    """Send each to the owners and administrators of its company; one query for all of them."""
    readers: dict[int | None, list[int]] = defaultdict(list)
    if not messages:
        return
    responsible = Membership.objects.filter(
        company__in={message.company_id for message in messages}, role__in=RESPONSIBLE_ROLES
    )
    for company_id, user_id in responsible.order_by("user_id").values_list("company_id", "user_id"):
        readers[company_id].append(user_id)
    send(messages=[(message, user) for message in messages for user in readers[message.company_id]], now=now)


def named(number: PhoneNumber) -> dict[str, Any]:
    """The number as a message says it: which one, and what it is called."""
    return {"number": number.ref, "number_name": number.alias or mask_number(number.number)}


def lock_messages(locks: Sequence[tuple[Maintenance, PhoneNumber]]) -> list[Message]:
    """For each company: which numbers are locked, and until when that is decided."""
    by_company: dict[int, list[tuple[Maintenance, PhoneNumber]]] = defaultdict(list)
    for lock, number in locks:
        by_company[number.company_id].append((lock, number))
    messages = []
    for company_id, some in by_company.items():
        for chosen in [some] if len(some) > EACH else [[one] for one in some]:
            lock, number = chosen[0]
            context: dict[str, Any] = {
                "maintenance": lock.ref,
                "numbers": len(chosen),
                "limit": lock.cause.lock_above,
            }
            if len(chosen) == 1:
                context |= named(number)
            if lock.expected_until is not None:
                context["due_at"] = lock.expected_until.isoformat()
            messages.append(
                Message(f"complaint_lock:{lock.pk}", "complaint_lock", company_id, context, needs_action=True)
            )
    return messages


def warning_messages(warnings: Sequence[Warned], *, limit: int | None) -> list[Message]:
    """For each company: which number has how many complaints of which day, and at which hours."""
    by_company: dict[int, list[Warned]] = defaultdict(list)
    for warned in warnings:
        by_company[warned.number.company_id].append(warned)
    messages = []
    for company_id, some in by_company.items():
        for chosen in [some] if len(some) > EACH else [[one] for one in some]:
            first = chosen[0]
            context: dict[str, Any] = {
                "numbers": len({warned.number.pk for warned in chosen}),
                "complained_on": first.day.isoformat(),
                "limit": limit,
            }
            if len(chosen) == 1:
                context |= {**named(first.number), "complaints": first.complaints, "hours": list(first.hours)}
            key = f"complaint_warning:{first.number.pk}:{first.day}"
            messages.append(Message(key, "complaint_warning", company_id, context, needs_action=True))
    return messages


def tell_of_release(*, lock: Maintenance, number: PhoneNumber, now: dt.datetime) -> None:
    """The company: the number is displayed again."""
    context = {**named(number), "numbers": 1, "lifecycle": number.lifecycle}
    tell([Message(f"lock_released:{lock.pk}", "lock_released", number.company_id, context)], now=now)


def tell_of_kept_lock(*, lock: Maintenance, review: Review, reason: str, now: dt.datetime) -> None:
    """The company: a reviewer has looked at the lock and kept it; why, and that it can appeal."""
    number = PhoneNumber.objects.get(pk=lock.number_id or 0)
    context = {**named(number), "maintenance": lock.ref, "reason": reason}
    tell(
        [Message(f"lock_kept:{review.pk}", "lock_kept", number.company_id, context, needs_action=True)],
        now=now,
    )
