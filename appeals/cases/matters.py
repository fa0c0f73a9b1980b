"""What an appeal is about: which numbers can be in it, by kind, and which decisions it can be against."""

from __future__ import annotations

import datetime as dt

from django.db.models import CharField, Exists, OuterRef, Q, QuerySet, Value
from django.db.models.functions import Cast, Concat

from accounts.companies import Company
from appeals.cases.models import Appeal, AppealKind, AppealNumber
from appeals.marks.models import Mark
from certification.maintenance.models import Maintenance, Scope
from certification.numbers.models import Lifecycle, PhoneNumber, PhoneNumberQuerySet
from certification.reviews.models import Review, ReviewState
from certification.reviews.overturning import AGAINST, is_appealable

#: An appeal holds at most so many numbers (D): a reviewer has to be able to look at them.
MOST_NUMBERS = 5_000
#: Decisions can be appealed against for so long (D): calendar days.
APPEAL_WITHIN = dt.timedelta(days=90)
MARK, REVOCATION = "mark", "revocation"


def open_locks() -> QuerySet[Maintenance]:
    """The locks that are open."""
    return Maintenance.objects.open_at().filter(locks=True, scope=Scope.NUMBER)


def lock_subject(lock: Maintenance) -> str:
    """What an appeal against this lock has as its subject."""
    return f"{AppealKind.LOCK}:{lock.pk}"


def lock_of(item: AppealNumber) -> int | None:
    """The primary key of the lock that an item is about; None for other subjects."""
    kind, _colon, key = item.subject.partition(":")
    return int(key) if kind == AppealKind.LOCK and key.isdecimal() else None


def with_subject(numbers: PhoneNumberQuerySet, kind: str) -> PhoneNumberQuerySet:
    """The numbers of which an appeal of this kind can be made, each with its `subject`."""
    if kind == AppealKind.LOCK:
        lock = open_locks().filter(number=OuterRef("pk")).order_by("-pk").values("pk")[:1]
        keyed = numbers.annotate(lock_key=lock).filter(lock_key__isnull=False)
        prefix = Value(f"{AppealKind.LOCK}:")
        return keyed.annotate(subject=Concat(prefix, Cast("lock_key", CharField()), output_field=CharField()))
    if kind == AppealKind.DECISION:
        return numbers.filter(lifecycle=Lifecycle.REVOKED).annotate(subject=Value(REVOCATION))
    return numbers.annotate(subject=Value(MARK))


def choosable(*, company: Company, kind: str) -> PhoneNumberQuerySet:
    """What the choice shows: the numbers that an appeal can be about, those in another open one as `taken`.

    For marks the numbers on which a mark stands come with how many (`marks`).
    """
    numbers = with_subject(PhoneNumber.objects.of_company(company), kind)
    same = AppealNumber.objects.filter(number=OuterRef("pk"), subject=OuterRef("subject"), is_open=True)
    return numbers.annotate(taken=Exists(same), is_marked=Exists(Mark.objects.open().filter(number=OuterRef("pk"))))


def eligible(*, company: Company, kind: str) -> PhoneNumberQuerySet:
    """The company's numbers that an appeal of `kind` can hold at present, with their `subject`."""
    return choosable(company=company, kind=kind).filter(Q(taken=False))


def appealable_reviews(*, company: Company, now: dt.datetime) -> list[Review]:
    """The decisions that the company can appeal against, the latest first; without those in an open appeal."""
    rows = Review.objects.filter(
        company=company,
        state=ReviewState.DECIDED,
        decision__in=AGAINST,
        decided_at__gt=now - APPEAL_WITHIN,
        overturned_at__isnull=True,
    ).exclude(pk__in=Appeal.objects.open().filter(appealed_review__isnull=False).values("appealed_review"))
    return [review for review in rows.order_by("-decided_at", "-pk")[:30] if is_appealable(review)]


def takes_numbers(appeal: Appeal) -> bool:
    """Whether the company chooses numbers: an appeal against a review's decision is about what was reviewed."""
    return appeal.kind != AppealKind.DECISION or appeal.appealed_review_id is None


def marked_platforms(appeal: Appeal) -> set[int]:
    """The platforms on which a mark of one of the appeal's numbers stands."""
    marks = Mark.objects.open().filter(number__appeals__appeal=appeal)
    return set(marks.order_by().values_list("platform", flat=True).distinct())


def narrow(text: str) -> Q:
    """Numbers that a search finds: by alias, displayed name, or digits."""
    digits = "".join(
        character for character in text if character.isascii() and (character.isdigit() or character == "+")
    )
    condition = Q(alias__icontains=text) | Q(label__icontains=text)
    if digits:
        condition |= Q(number__contains=digits.lstrip("0") or digits)
    return condition
