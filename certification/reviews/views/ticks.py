"""The checklist of a case: what its holder ticks is kept."""

from __future__ import annotations

from django.http import HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.access import Permission, SignedInRequest, staff_view
from certification.reviews import desk
from certification.reviews.refusals import say_decided, say_not_held
from certification.reviews.ticks import keep_ticks
from certification.reviews.views.cases import conflict, find_review


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def ticks(request: SignedInRequest, ref: str) -> HttpResponse:
    """Keep what is ticked: quietly where a script sends each tick, else back to the checklist."""
    review = find_review(ref)
    try:
        keep_ticks(review=review, reviewer=request.user, codes=request.POST.getlist("check"), now=timezone.now())
    except desk.AlreadyDecided as late:
        return conflict(request, say_decided(late.review), late.review)
    except desk.NotClaimed:
        return conflict(request, say_not_held(find_review(ref)), review)
    if request.headers.get("HX-Request"):
        return HttpResponse(status=204)
    response = redirect("reviews:case", ref=ref)
    response["Location"] += "#checklist"
    return response
