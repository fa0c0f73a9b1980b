"""Why a case cannot be claimed or decided, in words for the reviewer; pages and notices say the same."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from certification.reviews import desk
from certification.reviews.models import Review, ReviewPause, ReviewState, StagedDecision
from certification.reviews.standstill import MORE_INFORMATION
from certification.reviews.subjects import DecisionRefused, decision_words, why_involved


def say_decided(review: Review) -> str:
    """Who decided and how, or that the company has withdrawn it."""
    if review.state == ReviewState.DECIDED:
        return _("%(person)s has decided this case already: %(decision)s.") % {
            "person": review.decided_by,
            "decision": decision_words(review.subject, review.decision).made,
        }
    return _("This case was withdrawn in the meantime.")


def say_staged(staged: StagedDecision) -> str:
    """Who has just decided and how, though it can still be taken back for some seconds."""
    return _("%(person)s has just decided this case: %(decision)s.") % {
        "person": staged.decided_by,
        "decision": decision_words(staged.review.subject, staged.decision).made,
    }


def say_not_held(review: Review) -> str:
    """Why somebody who does not hold the case cannot work on it."""
    if review.claimed_by is not None:
        return _("%(holder)s holds this case now, so nothing was saved.") % {"holder": review.claimed_by}
    return _("You do not hold this case any more. Claim it first.")


def say_pause(pause: ReviewPause) -> str:
    """Why the case stands still, and until when."""
    return say_deferred(desk.Deferred(pause.maintenance, pause.reason))


def say_deferred(deferred: desk.Deferred) -> str:
    """Why the case cannot be decided now, and until when."""
    maintenance = deferred.maintenance
    if maintenance is None and deferred.reason == MORE_INFORMATION:
        return _("The clock of this case stands still until the company answers what it was asked.")
    if maintenance is None:
        return _("The clock of this case stands still: the company must supply a document first.")
    if maintenance.urgent_appeals_only:
        why = _("“%(cause)s”: only urgent appeals are decided meanwhile.") % {"cause": maintenance.title}
    else:
        why = _("“%(cause)s” defers cases of this kind.") % {"cause": maintenance.title}
    if maintenance.expected_until is None:
        return why
    until = timezone.localtime(maintenance.expected_until).strftime("%Y-%m-%d %H:%M")
    return _("%(why)s Expected until %(until)s.") % {"why": why, "until": until}


def say_refusal(error: Exception, review: Review) -> str:
    """What stood against a decision, whatever it was."""
    match error:
        case desk.AlreadyDecided():
            return say_decided(error.review)
        case desk.DecisionStaged():
            return say_staged(error.staged)
        case desk.ClaimConflict():
            return _("%(holder)s holds this case.") % {"holder": error.holder}
        case desk.NotClaimed():
            return say_not_held(review)
        case desk.OwnSubmission():
            return why_involved(review)
        case desk.NotAReviewer():
            return _("A case of this kind is decided by a lead reviewer.")
        case desk.Deferred():
            return say_deferred(error)
        case DecisionRefused():
            return error.message
        case desk.WrongDecision():
            return _("This decision is not possible for a case of this kind.")
        case desk.ReasonMissing():
            return _("The decision has no reason that the company could read.")
    return _("Something went wrong here. Please decide the case again.")


#: What `desk.decide` and `desk.claim` raise where a decision cannot be made.
REFUSALS = (
    desk.AlreadyDecided,
    desk.ClaimConflict,
    desk.Deferred,
    desk.DecisionStaged,
    desk.NotAReviewer,
    desk.NotClaimed,
    desk.OwnSubmission,
    desk.ReasonMissing,
    desk.WrongDecision,
    DecisionRefused,
)
