"""The result of a decision: for half a minute it can be taken back, or applied at once; then the company has been told."""

from __future__ import annotations

import math
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_view
from certification.reviews import staging
from certification.reviews.models import Review, ReviewState, StagedDecision
from certification.reviews.refusals import say_decided
from certification.reviews.views.cases import case_frame, conflict, find_review


def standing_of(review: Review) -> StagedDecision | None:
    """What is, or was, staged for the review."""
    return StagedDecision.objects.filter(review=review).select_related("decided_by", "review").first()


@require_safe
@staff_view()
def decided(request: SignedInRequest, ref: str) -> HttpResponse:
    """What became of the decision; can be kept and reloaded. While nothing has changed a script's question is answered by 204."""
    now = timezone.now()
    review = find_review(ref)
    kept = standing_of(review)
    frame = case_frame(request, review, now)
    pending = frame["staged"]
    if pending is not None and request.headers.get("HX-Target") == "standing":
        return varied(HttpResponse(status=204))
    if pending is None and review.state == ReviewState.OPEN and (kept is None or not kept.refusal):
        return varied(redirect("reviews:case", ref=ref))
    context: dict[str, Any] = {
        **frame,
        "kept": kept,
        "seconds": max(0, math.ceil((pending.stands_at - now).total_seconds())) if pending else 0,
    }
    return varied(render(request, "reviews/decided.html", context))


def varied(response: HttpResponse) -> HttpResponse:
    """The response, told apart from what a script asks for."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def undo(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take the decision back, and lead to its form with everything that was typed."""
    review = find_review(ref)
    try:
        staged = staging.undo(review=review, by=request.user, actor=request.actor, now=timezone.now())
    except staging.TooLate:
        return too_late(request, review)
    except staging.NotTheirs as wrong:
        raise PermissionDenied from wrong
    messages.success(request, _("The decision was taken back. The company has been told nothing."))
    if staged.decided_by_id != request.user.pk:
        return redirect("reviews:case", ref=ref)
    return redirect("reviews:decide", ref=ref, decision=staged.decision)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def apply(request: SignedInRequest, ref: str) -> HttpResponse:
    """Let the decision take effect at once."""
    review = find_review(ref)
    try:
        staging.apply_now(review=review, by=request.user, now=timezone.now())
    except staging.TooLate:
        return too_late(request, review)
    except staging.NotTheirs as wrong:
        raise PermissionDenied from wrong
    return redirect("reviews:decided", ref=ref)


def too_late(request: SignedInRequest, review: Review) -> HttpResponse:
    """Nothing is staged any more: it took effect, was taken back, or somebody else decided."""
    current = find_review(review.ref)
    if current.state == ReviewState.OPEN:
        messages.info(request, _("No decision waits here any more."))
        return redirect("reviews:case", ref=review.ref)
    if current.decided_by_id == request.user.pk:
        messages.info(request, _("The decision had taken effect already."))
        return redirect("reviews:decided", ref=review.ref)
    return conflict(request, say_decided(current), current)
