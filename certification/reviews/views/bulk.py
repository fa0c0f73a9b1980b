"""Several cases of one company and one kind, decided together: choose, see what the company will read, confirm, result."""

from __future__ import annotations

import secrets
from typing import Any

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_view
from certification.reviews import staging
from certification.reviews.forms import TogetherForm, start_from_reason
from certification.reviews.models import Decision, Review, ReviewState, StagedDecision
from certification.reviews.subjects import SUBJECTS
from certification.reviews.together import (
    MOST_CASES,
    Mixed,
    NeedsItsOwnReturn,
    items_for,
    possible_decisions,
    require_alike,
    stage_together,
)
from certification.reviews.verdicts import Said, say_in_both

deciding_view = staff_view(read=Permission.DECIDE_REVIEWS, write=Permission.DECIDE_REVIEWS)
#: Results are the person's own and are kept with their session; so many of them.
RESULTS = "decided_together"
KEPT_RESULTS = 5


def chosen_cases(refs: list[str]) -> list[Review]:
    """The cases that were ticked, in the order of the queue."""
    rows = Review.objects.filter(subject__in=SUBJECTS, ref__in=set(refs[:MOST_CASES]))
    return list(rows.select_related("company__industry", "claimed_by", "decided_by").order_by("queue_rank", "due_at"))


def titled(reviews: list[Review]) -> list[tuple[Review, str]]:
    """Each case with the title of its thing."""
    return [(review, SUBJECTS[review.subject].title(review)) for review in reviews]


def back_to_queue(reviews: list[Review]) -> str:
    """The queue of the company and the kind."""
    queue = reverse("reviews:queue")
    return f"{queue}?company={reviews[0].company.ref}&kind={reviews[0].kind}" if reviews else queue


@deciding_view
def bulk(request: SignedInRequest) -> HttpResponse:
    """Choose one decision and one reason; see what the company will read of each case; confirm."""
    data = request.POST if request.method == "POST" else None
    reviews = chosen_cases((data or request.GET).getlist("case"))
    context: dict[str, Any] = {
        "cases": titled(reviews),
        "queue_url": back_to_queue(reviews),
        "breadcrumb": [{"label": _("Queue"), "url": back_to_queue(reviews)}, {"label": _("Decide together")}],
    }
    if not reviews:
        messages.info(request, _("Tick the cases first that you want to decide together."))
        return redirect("reviews:queue")
    try:
        require_alike(reviews)
    except Mixed:
        return render(request, "reviews/together_mixed.html", context, status=422)
    form = TogetherForm(data, decisions=possible_decisions(reviews[0]), kind=reviews[0].kind)
    context |= {"form": form, "company_shown": reviews[0].company, "kind_label": reviews[0].get_kind_display()}
    if data is not None and "start" in data:
        started = data.copy()
        if not start_from_reason(started, form):
            form.add_error("reason", _("Choose a reason."))
            return render(request, "reviews/together.html", context, status=422)
        context["form"] = TogetherForm(started, decisions=possible_decisions(reviews[0]), kind=reviews[0].kind)
        return render(request, "reviews/together.html", context)
    if data is None or "change" in data:
        return render(request, "reviews/together.html", context)
    if not form.is_valid():
        return render(request, "reviews/together.html", context, status=422)
    if "confirm" not in data:
        return preview(request, reviews, form, context)
    return decide_all(request, reviews, form)


def preview(
    request: SignedInRequest, reviews: list[Review], form: TogetherForm, context: dict[str, Any]
) -> HttpResponse:
    """Exactly what the company will read, case by case, in both languages."""
    decision, reason = Decision(form.cleaned_data["decision"]), form.cleaned_data["reason"]
    shown: list[tuple[Review, str, list[Said]]] = []
    for review, title in context["cases"]:
        try:
            items = items_for(review, decision=decision, reason=reason)
        except NeedsItsOwnReturn:
            shown.append((review, title, []))
            continue
        both = say_in_both(subject=review.subject, decision=decision, text=form.cleaned_data["text"], items=items)
        shown.append((review, title, both))
    fields = ("decision", "reason", "text", "internal_note")
    hidden = [(name, request.POST.get(name, "")) for name in fields]
    hidden += [("case", review.ref) for review in reviews]
    more = {"shown": shown, "hidden": hidden, "decision_label": decision.label}
    return render(request, "reviews/together_preview.html", {**context, **more})


def decide_all(request: SignedInRequest, reviews: list[Review], form: TogetherForm) -> HttpResponse:
    """Claim and stage each; the result can be reloaded without deciding again."""
    outcomes = stage_together(
        reviews=reviews,
        reviewer=request.user,
        decision=Decision(form.cleaned_data["decision"]),
        reason=form.cleaned_data["reason"],
        text=form.cleaned_data["text"],
        internal_note=form.cleaned_data["internal_note"],
        actor=request.actor,
        now=timezone.now(),
    )
    batch = secrets.token_hex(6)
    results: dict[str, Any] = request.session.get(RESULTS, {})
    results[batch] = [[outcome.review.ref, outcome.refusal] for outcome in outcomes]
    request.session[RESULTS] = dict(list(results.items())[-KEPT_RESULTS:])
    return redirect("reviews:bulk_result", batch=batch)


def outcomes_of(request: SignedInRequest, batch: str) -> list[dict[str, Any]]:
    """The cases of one result, each as it stands now."""
    kept = request.session.get(RESULTS, {}).get(batch, [])
    reviews = {review.ref: review for review in chosen_cases([ref for ref, _refusal in kept])}
    staged = {row.review_id: row for row in StagedDecision.objects.filter(review__in=list(reviews.values()))}
    rows = []
    for ref, refusal in kept:
        review = reviews.get(ref)
        if review is None:
            continue
        standing = staged.get(review.pk)
        waits = not refusal and standing is not None and standing.stands_at is not None
        rows.append(
            {
                "review": review,
                "title": SUBJECTS[review.subject].title(review),
                "refusal": refusal or (standing.refusal if standing else ""),
                "stands_at": standing.stands_at if standing is not None and waits else None,
                "decided": not refusal and review.state == ReviewState.DECIDED,
            }
        )
    return rows


@require_safe
@staff_view(read=Permission.DECIDE_REVIEWS)
def result(request: SignedInRequest, batch: str) -> HttpResponse:
    """What became of each case."""
    rows = outcomes_of(request, batch)
    if not rows:
        messages.info(request, _("This result is no longer kept. The cases themselves say what was decided."))
        return redirect("reviews:queue")
    waiting = [row["stands_at"] for row in rows if row["stands_at"] is not None]
    made = sum(1 for row in rows if row["decided"] or row["stands_at"] is not None)
    context = {
        "rows": rows,
        "batch": batch,
        "waiting": len(waiting),
        "stands_at": max(waiting, default=None),
        "sentence": ngettext(
            "%(made)d of %(all)d case was decided.", "%(made)d of %(all)d cases were decided.", len(rows)
        )
        % {"made": made, "all": len(rows)},
        "queue_url": back_to_queue([row["review"] for row in rows]),
        "breadcrumb": [{"label": _("Queue"), "url": reverse("reviews:queue")}, {"label": _("Decided together")}],
    }
    return render(request, "reviews/together_result.html", context)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def undo_all(request: SignedInRequest, batch: str) -> HttpResponse:
    """Take back every decision of the result that has not taken effect."""
    undone, now = 0, timezone.now()
    for row in outcomes_of(request, batch):
        if row["stands_at"] is None:
            continue
        try:
            staging.undo(review=row["review"], by=request.user, actor=request.actor, now=now)
        except (staging.TooLate, staging.NotTheirs):
            continue
        undone += 1
    messages.success(
        request,
        ngettext("%(count)d decision was taken back.", "%(count)d decisions were taken back.", undone)
        % {"count": undone},
    )
    return redirect("reviews:bulk_result", batch=batch)


@require_POST
@staff_view(write=Permission.DECIDE_REVIEWS)
def apply_all(request: SignedInRequest, batch: str) -> HttpResponse:
    """Let every decision of the result take effect at once."""
    now = timezone.now()
    for row in outcomes_of(request, batch):
        if row["stands_at"] is None:
            continue
        try:
            staging.apply_now(review=row["review"], by=request.user, now=now)
        except (staging.TooLate, staging.NotTheirs):
            continue
    return redirect("reviews:bulk_result", batch=batch)
