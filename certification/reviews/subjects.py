"""What is reviewed: each slice registers, for its things, what approving, returning and rejecting do."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any, Protocol

from accounts.journal import Actor
from certification.reviews.models import Decision, Review, ReviewItem


class ReviewSubject(Protocol):
    """One kind of thing that is reviewed."""

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


SUBJECTS: dict[str, ReviewSubject] = {}


def register(name: str, subject: ReviewSubject) -> None:
    """Make `Review.subject == name` known; called when the app is ready."""
    SUBJECTS[name] = subject
