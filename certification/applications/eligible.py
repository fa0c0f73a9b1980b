"""Which numbers an application can hold: by what is asked for, and not in two open applications at once."""

from __future__ import annotations

import datetime as dt

from django.db.models import Exists, OuterRef, Q

from accounts.companies import Company
from certification.applications.models import ApplicationKind, ApplicationNumber
from certification.numbers.models import Lifecycle, PhoneNumber, PhoneNumberQuerySet

#: A certified number can be renewed so long before its term ends (interface section 4).
RENEW_WITHIN = dt.timedelta(days=60)
#: An application holds at most so many numbers: as many as one import.
MOST_NUMBERS = 50_000
#: From these states a number can be certified anew; expired ones are renewed instead.
FRESH = (Lifecycle.DRAFT, Lifecycle.REJECTED, Lifecycle.LAPSED, Lifecycle.WITHDRAWN, Lifecycle.REVOKED)


def lifecycle_allows(kind: str, now: dt.datetime) -> Q:
    """The condition under which a number's own state allows the kind of application."""
    if kind == ApplicationKind.NEW:
        return Q(lifecycle__in=FRESH)
    if kind == ApplicationKind.RENEWAL:
        ending = Q(lifecycle=Lifecycle.CERTIFIED, term_ends_at__lte=now + RENEW_WITHIN)
        return ending | Q(lifecycle=Lifecycle.EXPIRED)
    return Q(lifecycle=Lifecycle.CERTIFIED)


def is_taken() -> Exists:
    """Whether an open application holds the number."""
    return Exists(ApplicationNumber.objects.filter(number=OuterRef("pk"), is_active=True))


def eligible(*, company: Company, kind: str, now: dt.datetime) -> PhoneNumberQuerySet:
    """The company's numbers that an application of `kind` can hold at the moment `now`."""
    numbers = PhoneNumber.objects.of_company(company).filter(lifecycle_allows(kind, now))
    return numbers.filter(~is_taken())


def choosable(*, company: Company, kind: str, now: dt.datetime) -> PhoneNumberQuerySet:
    """What the choice shows: the eligible numbers, and those that another open application holds, as `taken`."""
    numbers = PhoneNumber.objects.of_company(company).annotate(taken=is_taken())
    return numbers.filter(lifecycle_allows(kind, now) | Q(taken=True))
