"""What a decision says: the items with their reasons, and the words that the company reads, in both languages."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from django.utils import translation
from django.utils.translation import gettext as _

from certification.reviews.models import Decision, Reason, Review, ReviewItem
from certification.reviews.subjects import decision_words, item_label

#: What stands in `decision_text` where a reviewer wrote nothing of their own.
APPROVED_WITHOUT_WORDS = "approved"


def stored_text(*, decision: Decision, text: str, items: Sequence[ReviewItem]) -> str:
    """The reason as it is kept and journalled: the reviewer's own words, else the stable codes of the reasons.

    Empty when there is neither: such a decision is refused.
    """
    if text.strip():
        return text.strip()
    if decision == Decision.APPROVED:
        return APPROVED_WITHOUT_WORDS
    codes = sorted({item.reason.code for item in items if item.reason is not None})
    return "; ".join(codes) or "; ".join(item.text for item in items if item.text)


def own_words(review: Review, items: Sequence[ReviewItem]) -> str:
    """What the reviewer wrote to the company beside the reasons of the catalogue; "" for nothing."""
    without = stored_text(decision=Decision(review.decision), text="", items=items)
    return "" if review.decision_text == without else review.decision_text


@dataclass(frozen=True)
class SaidItem:
    """One item as the company reads it."""

    name: str
    reason: str
    fix: str
    text: str


@dataclass(frozen=True)
class Said:
    """A decision as the company reads it, in one language."""

    language: str
    heading: str
    text: str
    items: tuple[SaidItem, ...]


def say_items(subject: str, items: Sequence[ReviewItem]) -> tuple[SaidItem, ...]:
    """The items in the active language."""
    return tuple(
        SaidItem(
            item_label(subject, item),
            str(item.reason) if item.reason else "",
            item.reason.fix if item.reason else "",
            item.text,
        )
        for item in items
    )


def say(*, subject: str, decision: str, text: str, items: Sequence[ReviewItem]) -> Said:
    """The decision in the active language."""
    words = decision_words(subject, decision)
    approved = words.blank or _("Everything was in order.") if decision == Decision.APPROVED else words.blank
    return Said(translation.get_language() or "", words.made, text.strip() or approved, say_items(subject, items))


def say_in_both(*, subject: str, decision: str, text: str, items: Sequence[ReviewItem]) -> list[Said]:
    """The decision in Chinese and in English: what the reviewer sees before they confirm."""
    said = []
    for language in ("zh-hans", "en"):
        with translation.override(language):
            said.append(say(subject=subject, decision=decision, text=text, items=items))
    return said


def say_review(review: Review) -> Said:
    """A decision that was made, in the active language."""
    items = list(review.items.select_related("reason"))
    return say(subject=review.subject, decision=review.decision, text=own_words(review, items), items=items)


def reason_for_notice(review: Review, items: Sequence[ReviewItem]) -> str:
    """The reason as a mail quotes it: the reviewer's own words, else the catalogue's in both languages."""
    own = own_words(review, items)
    if own or review.decision == Decision.APPROVED:
        return own
    reasons = {item.reason_id: item.reason for item in items if item.reason is not None}
    return "\n".join(f"{reason.text_zh} / {reason.text_en}" for reason in reasons.values())


def reasons_for(kind: str) -> list[Reason]:
    """The reasons that the catalogue offers for a kind of review."""
    return list(Reason.objects.filter(is_active=True, kinds__contains=[kind]))
