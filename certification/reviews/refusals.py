"""Why a case cannot be claimed or decided, in words for the reviewer; pages and notices say the same."""

from __future__ import annotations

from django.utils import timezone
from django.utils.translation import gettext as _

from certification.reviews import desk
from certification.reviews.models import Review, ReviewPause, ReviewState, StagedDecision
from certification.reviews.subjects import DecisionRefused


def say_decided(review: Review) -> str:
    """Who decided and how, or that the company has withdrawn it."""
    if review.state == ReviewState.DECIDED:
        return _("%(person)s has decided this case already: %(decision)s.") % {
            "person": review.decided_by,
            "decision": review.get_decision_display(),
        }
    return _("This case was withdrawn in the meantime.")


def say_staged(staged: StagedDecision) -> str:
    """Who has just decided and how, though it can still be taken back for some seconds."""
    return _("%(person)s has just decided this case: %(decision)s.") % {
        "person": staged.decided_by,
        "decision": staged.get_decision_display(),
    }


def say_not_held(review: Review) -> str:
    """Why somebody who does not hold the case cannot work on it."""
    if review.claimed_by is not None:
        return _("%(holder)s holds this case now, so nothing was saved.") % {"holder": review.claimed_by}
    return _("You do not hold this case any more. Claim it first.")


def say_own() -> str:
    """Why somebody cannot decide a case."""
    return _("You handed this in, or belong to its company, so somebody else must decide it.")


def say_pause(pause: ReviewPause) -> str:
    """Why the case stands still, and until when."""
    return say_deferred(desk.Deferred(pause.maintenance))


def say_deferred(deferred: desk.Deferred) -> str:
    """Why the case cannot be decided now, and until when."""
    maintenance = deferred.maintenance
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
            return say_own()
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
    desk.NotClaimed,
    desk.OwnSubmission,
    desk.ReasonMissing,
    desk.WrongDecision,
    DecisionRefused,
)
