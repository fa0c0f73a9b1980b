"""The reasons that reviewers choose from, and how often each was given."""

from __future__ import annotations

from dataclasses import dataclass

from django.db.models import Count

from certification.reviews.models import Reason, ReviewItem, ReviewKind


@dataclass(frozen=True)
class ReasonInUse:
    """A reason with the kinds of case it is offered for, in words, and how often decisions named it."""

    reason: Reason
    kinds: tuple[str, ...]
    used: int


def wording_of(reason: Reason) -> str:
    """What is wrong and how to mend it, in both languages, a line each: the start of a reviewer's own words."""

    def line(text: str, fix: str, *, stop: str, gap: str) -> str:
        ended = text if text.endswith(tuple("。！？.!?")) else f"{text}{stop}"
        return f"{ended}{gap}{fix}".strip()

    return "\n".join(
        (
            line(reason.text_zh, reason.fix_zh, stop="。", gap=""),
            line(reason.text_en, reason.fix_en, stop=".", gap=" "),
        )
    )


def reasons_in_use(kind: str = "") -> list[ReasonInUse]:
    """Every reason, or those offered for one kind; what is no longer offered comes last. Two queries."""
    rows = Reason.objects.filter(kinds__contains=[kind]) if kind else Reason.objects.all()
    counts = ReviewItem.objects.filter(reason__isnull=False).values_list("reason").annotate(count=Count("pk"))
    used = dict(counts.order_by())
    labels = {choice.value: str(choice.label) for choice in ReviewKind}
    return [
        ReasonInUse(reason, tuple(labels[code] for code in reason.kinds if code in labels), used.get(reason.pk, 0))
        for reason in rows.order_by("-is_active", "code")
    ]
