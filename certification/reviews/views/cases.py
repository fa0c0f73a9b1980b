"""One case: the thing beside its documents, who holds it, what was decided before; claim, release, hand on."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_may, staff_view
from certification.reviews import desk
from certification.reviews.clock_story import clock_of
from certification.reviews.company_history import decisions_on_numbers, history_of_company
from certification.reviews.deferrals import pauses_of
from certification.reviews.documents import CaseDocument, viewer_of
from certification.reviews.due_times import shown
from certification.reviews.forms import ReassignForm
from certification.reviews.history import earlier_decisions, history_of
from certification.reviews.models import Decision, Review, ReviewState
from certification.reviews.panels import panels_of
from certification.reviews.refusals import say_decided, say_not_held, say_pause, say_staged
from certification.reviews.subjects import SUBJECTS, decision_words, is_involved, may_decide, why_involved
from certification.reviews.ticks import checklist_for
from certification.reviews.verdicts import Said, say_in_both, say_review


def find_review(ref: str) -> Review:
    """The case of that reference; 404 where there is none."""
    rows = Review.objects.select_related("company__industry", "claimed_by", "decided_by", "submitted_by")
    return get_object_or_404(rows.filter(subject__in=SUBJECTS), ref=ref)


def case_frame(request: SignedInRequest, review: Review, now: dt.datetime) -> dict[str, Any]:
    """What every page about a case shows around its own content."""
    is_open = review.state == ReviewState.OPEN
    involved = is_involved(review=review, user=request.user)
    enough = staff_may(request.user, Permission.DECIDE_REVIEWS) and may_decide(review=review, user=request.user)
    holds = is_open and review.claimed_by_id == request.user.pk
    free = review.claimed_by is None or desk.is_idle(review, now)
    staged = desk.staged_decision(review) if is_open else None
    pauses = pauses_of(review) if is_open else []
    may_lead = staff_may(request.user, Permission.LEAD_REVIEWS)
    subject = SUBJECTS[review.subject]
    return {
        "review": review,
        "title": subject.title(review),
        "now": now,
        "due": shown(review.due_at, review.company.zone),
        "is_open": is_open,
        "is_late": is_open and (review.overdue_since is not None or (review.due_at <= now and not pauses)),
        "staged": staged,
        "staged_words": say_staged(staged) if staged else "",
        "may_undo": staged is not None and (staged.decided_by_id == request.user.pk or may_lead),
        "paused": say_pause(pauses[0]) if pauses else "",
        "holds": holds,
        "involved": involved,
        "can_claim": is_open and enough and not holds and free and not involved and staged is None,
        "can_reassign": is_open and staged is None and may_lead,
        "can_revoke": may_lead,
        "decision_made": decision_words(review.subject, review.decision).made if review.decision else "",
        "why_involved": why_involved(review) if involved and is_open else "",
        "decisions": [(code, decision_words(review.subject, code).verb) for code in subject.decisions]
        if holds and staged is None and not pauses
        else [],
        "clock": clock_of(review, review.company.zone),
        "breadcrumb": [{"label": _("Queue"), "url": reverse("reviews:queue")}, {"label": review.ref}],
    }


def findings_of(review: Review, now: dt.datetime) -> list[Any] | None:
    """What a machine found in the case; None where its subject does not look."""
    hook = getattr(SUBJECTS[review.subject], "findings", None)
    return list(hook(review, now)) if hook is not None else None


def documents_of(review: Review) -> list[CaseDocument]:
    """What the viewer beside the facts shows."""
    hook = getattr(SUBJECTS[review.subject], "documents", None)
    return list(hook(review)) if hook is not None else []


def viewer_frame(request: SignedInRequest, review: Review) -> dict[str, Any]:
    """The viewer, for those who may open the documents of companies."""
    documents = documents_of(review)
    may_open = staff_may(request.user, Permission.READ_DOCUMENTS)
    return {
        "has_documents": bool(documents),
        "may_open": may_open,
        "viewer": viewer_of(documents, request.GET, path=request.path) if may_open else None,
    }


@require_safe
@staff_view()
def case(request: SignedInRequest, ref: str) -> HttpResponse:
    """The case with everything that a decision needs; only the viewer where a script asks for it."""
    now = timezone.now()
    review = find_review(ref)
    viewing = viewer_frame(request, review)
    if request.headers.get("HX-Target") == "documents":
        return varied(render(request, "reviews/_documents.html", {**viewing, "review": review}))
    subject = SUBJECTS[review.subject]
    frame = case_frame(request, review, now)
    panels = panels_of(review, now)
    response = render(
        request,
        "reviews/case.html",
        {
            **frame,
            **viewing,
            "case_template": subject.case_template,
            **subject.case_context(review),
            "findings": findings_of(review, now) if frame["is_open"] else None,
            "checks": checklist_for(review, request.user),
            "evidence": [panel for panel in panels if panel.is_evidence],
            "further": [panel for panel in panels if not panel.is_evidence],
            "if_approved": approval_words(review) if frame["decisions"] else [],
            "said": say_review(review) if review.state == ReviewState.DECIDED else None,
            "company_history": history_of_company(review.company, now=now),
            "on_numbers": decisions_on_numbers(review),
            "earlier": earlier_decisions(review),
            "history": history_of(review),
            "reassign_form": ReassignForm() if frame["can_reassign"] else None,
        },
    )
    return varied(response)


def varied(response: HttpResponse) -> HttpResponse:
    """The response, told apart from the part of the page that a script asks for."""
    patch_vary_headers(response, ["HX-Request", "HX-Target"])
    return response


def approval_words(review: Review) -> list[Said]:
    """What the company reads when it is approved without further words, in both languages."""
    return say_in_both(subject=review.subject, decision=Decision.APPROVED, text="", items=[])


def conflict(
    request: SignedInRequest, explanation: str, review: Review, kept: dict[str, str] | None = None
) -> HttpResponse:
    """409: somebody else was first. Says who, keeps what was typed, and leads to how the case stands now."""
    context = {
        "explanation": explanation,
        "kept": kept or {},
        "url": reverse("reviews:case", args=[review.ref]),
        "breadcrumb": [],
    }
    return render(request, "409.html", context, status=409)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def claim(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take the case; a lost race names the holder."""
    review = find_review(ref)
    try:
        desk.claim(review=review, reviewer=request.user, actor=request.actor, now=timezone.now())
    except desk.ClaimConflict as lost:
        explanation = _("%(holder)s holds this case. Take another one, or ask them to release it.")
        return conflict(request, explanation % {"holder": lost.holder}, review)
    except desk.AlreadyDecided as late:
        return conflict(request, say_decided(late.review), late.review)
    except desk.DecisionStaged as late:
        return conflict(request, say_staged(late.staged), review)
    except desk.OwnSubmission:
        return conflict(request, why_involved(review), review)
    except desk.NotAReviewer as stranger:
        raise PermissionDenied(_("A case of this kind is decided by a lead reviewer.")) from stranger
    return redirect("reviews:case", ref=ref)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def at_work(request: SignedInRequest, ref: str) -> HttpResponse:
    """The holder's page is open and seen: reading is work too, so the claim stays. Sent by the page itself, every minute.

    Somebody who no longer holds the case is told who does.
    """
    review = find_review(ref)
    if desk.touch_claim(review=review, reviewer=request.user, now=timezone.now()):
        return HttpResponse(status=204)
    current = find_review(ref)
    words = say_decided(current) if current.state != ReviewState.OPEN else say_not_held(current)
    return render(request, "reviews/_not_held.html", {"words": words})


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def release(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give the case back to the queue."""
    review = find_review(ref)
    desk.release(review=review, reviewer=request.user, actor=request.actor, now=timezone.now())
    messages.success(request, _("Case %(ref)s is free again.") % {"ref": ref})
    return redirect("reviews:queue")


@staff_view(read=Permission.LEAD_REVIEWS, write=Permission.LEAD_REVIEWS)
def reassign(request: SignedInRequest, ref: str) -> HttpResponse:
    """Hand the case to another reviewer, whoever holds it."""
    now = timezone.now()
    review = find_review(ref)
    form = ReassignForm(request.POST if request.method == "POST" else None)
    if form.is_valid():
        to = form.cleaned_data["to"]
        try:
            desk.reassign(review=review, to=to, actor=request.actor, now=now)
        except desk.OwnSubmission:
            form.add_error("to", _("This person handed it in, or belongs to its company."))
        except desk.NotAReviewer:
            form.add_error("to", _("This person cannot decide reviews."))
        except desk.AlreadyDecided as late:
            return conflict(request, say_decided(late.review), late.review)
        except desk.DecisionStaged as late:
            return conflict(request, say_staged(late.staged), review)
        else:
            messages.success(request, _("The case is with %(person)s now.") % {"person": to})
            return redirect("reviews:case", ref=ref)
    context = {**case_frame(request, review, now), "form": form}
    return render(request, "reviews/reassign.html", context, status=422 if form.is_bound else 200)
