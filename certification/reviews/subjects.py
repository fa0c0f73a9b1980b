"""What is reviewed: each slice registers, for its things, what approving, returning and rejecting do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from django.db import connection
from django.utils.translation import gettext as _

from accounts.access import Permission, staff_may
from accounts.journal import Actor
from accounts.users import User
from certification.reviews.models import Decision, Review, ReviewItem


@dataclass(frozen=True)
class CaseItem:
    """Something in a case that can be wrong by itself: a document, an answer, a number."""

    #: "material", "field", "number", or the subject's own name for the case as a whole.
    item: str
    item_id: int | None
    name: str

    @property
    def key(self) -> str:
        """What the form calls it."""
        return f"{self.item}-{self.item_id}" if self.item_id is not None else f"{self.item}-{slug(self.name)}"


def slug(name: str) -> str:
    """A name as it can stand in a form field's name."""
    return "".join(character if character.isalnum() and character.isascii() else "_" for character in name)


class ReviewSubject(Protocol):
    """One kind of thing that is reviewed.

    Optional methods: `claimed(review, actor, now)` when a reviewer takes it; `items(review)` for what can be wrong in
    it, one by one (else `items` of the context, as tuples); `field_label(name)` for what an answer is called;
    `findings(review, now)` for what a machine found; `documents(review)` for what the viewer beside the facts shows
    (`CaseDocument`s); `numbers(review)` for the numbers that the case is about, and `about_numbers(numbers, company_id)`
    for the ids of its things that are about some of these numbers (both querysets), so that earlier decisions are found;
    `involved(review)` for the ids of further people who handed something in and so cannot decide, and
    `why_involved(review)` for what they read where it is another reason; `decision_words(decision)` for what a decision
    is called of it; `can_reopen(review)`, `reopen(review, by, actor, now)` to bring a decided thing back to the reviewers
    (see `Reopened`); `company_url(review)` for the address of the company's own page about it. Optional: `permission`,
    where it takes more than reviewing to decide it.
    """

    #: The template that shows the thing on the case page: facts beside documents.
    case_template: str
    #: The decisions that make sense for it.
    decisions: tuple[Decision, ...]

    def decide(
        self, *, review: Review, decision: Decision, items: Sequence[ReviewItem], actor: Actor, now: dt.datetime
    ) -> None:
        """Apply the decision to the thing, in the transaction of the decision."""

    def case_context(self, review: Review) -> dict[str, Any]:
        """What the case template shows."""

    def title(self, review: Review) -> str:
        """The thing in a few words, for queue and page titles."""


@dataclass(frozen=True)
class DecisionWords:
    """What a decision is called: as something to do, and once it is made."""

    verb: str
    made: str
    #: What the company reads where the reviewer wrote nothing.
    blank: str = ""


@dataclass(frozen=True)
class Reopened:
    """What became of a thing whose decision was overturned: its new review, or why it needs none."""

    review: Review | None
    why_not: str = ""


class DecisionRefused(Exception):
    """The thing cannot be decided like that at present; the message says why, in the reviewer's language."""

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


SUBJECTS: dict[str, ReviewSubject] = {}


def register(name: str, subject: ReviewSubject) -> None:
    """Make `Review.subject == name` known; called when the app is ready."""
    SUBJECTS[name] = subject


def claimed(*, review: Review, actor: Actor, now: dt.datetime) -> None:
    """Tell the subject that a reviewer has taken its case."""
    hook = getattr(SUBJECTS.get(review.subject), "claimed", None)
    if hook is not None:
        hook(review=review, actor=actor, now=now)


def case_items(review: Review) -> list[CaseItem]:
    """What can be wrong in the case, one by one; the case as a whole where its subject names nothing smaller."""
    subject = SUBJECTS[review.subject]
    hook = getattr(subject, "items", None)
    if hook is not None:
        return list(hook(review))
    named = subject.case_context(review).get("items")
    if named:
        return [CaseItem(*row) for row in named]
    return [CaseItem(review.subject, review.subject_id, subject.title(review)[:120])]


def item_label(subject: str, item: ReviewItem) -> str:
    """What an item is called: answers by their subject's words for them, everything else by its stored name."""
    hook = getattr(SUBJECTS.get(subject), "field_label", None)
    return str(hook(item.item_name)) if hook is not None and item.item == "field" else item.item_name


def decision_words(subject: str, decision: str) -> DecisionWords:
    """What the decision is called of things of this subject, in the active language."""
    hook = getattr(SUBJECTS.get(subject), "decision_words", None)
    if hook is not None and (words := hook(decision)) is not None:
        return words  # type: ignore[no-any-return]
    return {
        Decision.APPROVED: DecisionWords(_("Approve"), _("Approved")),
        Decision.RETURNED: DecisionWords(_("Return for correction"), _("Returned for correction")),
        Decision.REJECTED: DecisionWords(_("Reject"), _("Rejected")),
        Decision.PARTLY: DecisionWords(_("Approve in part"), _("Partly approved")),
    }[Decision(decision)]


def why_involved(review: Review) -> str:
    """Why somebody cannot decide a case, in the active language."""
    hook = getattr(SUBJECTS.get(review.subject), "why_involved", None)
    if hook is not None and (words := hook(review)):
        return str(words)
    return _("You handed this in, or belong to its company, so somebody else must decide it.")


def company_url(review: Review) -> str | None:
    """The company's own page about what is reviewed; None where it has none."""
    hook = getattr(SUBJECTS.get(review.subject), "company_url", None)
    return hook(review) if hook is not None else None


def may_decide(*, review: Review, user: User) -> bool:
    """Whether the person's role is enough for a case of this sort; whoever decides reviews may decide most of them."""
    wanted: Permission | None = getattr(SUBJECTS.get(review.subject), "permission", None)
    return wanted is None or staff_may(user, wanted)


def closed_to(user: User) -> list[str]:
    """The subjects whose cases the person's role is not enough for."""
    return [
        name
        for name, subject in SUBJECTS.items()
        if (wanted := getattr(subject, "permission", None)) is not None and not staff_may(user, wanted)
    ]


def is_involved(*, review: Review, user: User) -> bool:
    """Whether the person handed in the case or a part of it, or belongs to its company: they can never decide it."""
    if review.submitted_by_id == user.pk or belongs_or_was_overturned(review=review, user=user):
        return True
    hook = getattr(SUBJECTS.get(review.subject), "involved", None)
    return hook is not None and user.pk in hook(review)


def belongs_or_was_overturned(*, review: Review, user: User) -> bool:
    """Whether the person is of the review's company, or decided its thing before and was overturned.

    Nobody decides again what an appeal has reopened.
    """
    with connection.cursor() as cursor:
        cursor.execute(
            BELONGS_OR_WAS_OVERTURNED, [user.pk, review.company_id, review.subject, review.subject_id, user.pk]
        )
        (found,) = cursor.fetchone()
    return bool(found)


BELONGS_OR_WAS_OVERTURNED = """
    SELECT EXISTS (SELECT FROM accounts_membership WHERE user_id = %s AND company_id = %s)
        OR EXISTS (SELECT FROM certification_review
                   WHERE subject = %s AND subject_id = %s AND decided_by_id = %s AND overturned_at IS NOT NULL)
"""
