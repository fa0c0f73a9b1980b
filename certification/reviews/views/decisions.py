"""Deciding a case: the reasons, then a preview of exactly what the company will read, then the decision."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.access import Permission, SignedInRequest, staff_view
from certification.reviews import desk, staging
from certification.reviews.forms import DecisionForm, ItemForm, start_from_reason
from certification.reviews.models import Decision, Review, ReviewItem, ReviewState, StagedDecision
from certification.reviews.refusals import say_decided, say_deferred, say_not_held, say_staged
from certification.reviews.subjects import (
    SUBJECTS,
    DecisionRefused,
    case_items,
    decision_words,
    item_label,
    why_involved,
)
from certification.reviews.verdicts import reasons_for, say_in_both
from certification.reviews.views.cases import case_frame, conflict, find_review


def item_forms(review: Review, data: Any, kept: StagedDecision | None = None) -> list[ItemForm]:
    """One form per thing that can be wrong, with what was said of it before a decision was taken back."""
    reasons = reasons_for(review.kind)
    said = {(row["item"], row["item_id"], row["item_name"]): row for row in kept.items} if kept else {}
    forms = []
    for item in case_items(review):
        label = item_label(review.subject, ReviewItem(item=item.item, item_id=item.item_id, item_name=item.name))
        row = said.get((item.item, item.item_id, item.name))
        forms.append(ItemForm(data, item=item, label=label, reasons=reasons, initial=row and {**row, "chosen": True}))
    return forms


def kept_words(form: DecisionForm) -> dict[str, str]:
    """Everything that was typed, for a page that cannot take it."""
    kept = {str(row.label): row.data.get(f"{row.prefix}-text", "") for row in form.items}
    for name, field in form.fields.items():
        kept[str(field.label)] = form.data.get(name, "")
    return {label: text for label, text in kept.items() if text}


@staff_view(read=Permission.DECIDE_REVIEWS, write=Permission.DECIDE_REVIEWS)
def decide(request: SignedInRequest, ref: str, decision: str) -> HttpResponse:
    """Approve, return or reject: choose the reasons; see what the company will read; confirm."""
    now = timezone.now()
    review = find_review(ref)
    if decision not in SUBJECTS[review.subject].decisions:
        raise Http404
    chosen = Decision(decision)
    data = request.POST if request.method == "POST" else None
    words = decision_words(review.subject, chosen)
    kept = staging.kept_words(review=review, user=request.user, decision=chosen) if data is None else None
    items = item_forms(review, data, kept) if chosen != Decision.APPROVED else []
    typed = {"text": kept.text, "internal_note": kept.internal_note} if kept else None
    form = DecisionForm(data, decision=chosen, items=items, initial=typed)
    staged = desk.staged_decision(review)
    if staged is not None:
        if staged.decided_by_id == request.user.pk and staged.decision == chosen:
            return redirect("reviews:decided", ref=ref)
        return conflict(request, say_staged(staged), review, kept_words(form) if data else None)
    if review.state != ReviewState.OPEN:
        if review.decided_by_id == request.user.pk and review.decision == chosen:
            return redirect("reviews:decided", ref=ref)
        return conflict(request, say_decided(review), review, kept_words(form) if data else None)
    if review.claimed_by_id != request.user.pk:
        return not_holder(request, review, form if data else None)
    context = {
        **case_frame(request, review, now),
        "decision": chosen,
        "decision_label": words.made,
        "decision_verb": words.verb,
        "form": form,
        "forms": [form, *items],
        "items": items,
        "refusal": kept.refusal if kept else "",
    }
    if data is None:
        return render(request, "reviews/decide.html", context)
    desk.touch_claim(review=review, reviewer=request.user, now=now)
    if "start" in request.POST:
        return start_own_words(request, review, form, context)
    wrong_rows = [row for row in items if not row.is_valid()]
    if not form.is_valid() or wrong_rows:
        return render(request, "reviews/decide.html", context, status=422)
    made = [row.made() for row in items if row.cleaned_data["chosen"]]
    if "change" in request.POST:
        return render(request, "reviews/decide.html", context)
    if "confirm" not in request.POST:
        both = say_in_both(subject=review.subject, decision=chosen, text=form.cleaned_data["text"], items=made)
        hidden = [(name, value) for name, values in request.POST.lists() for value in values if name in named(form)]
        return render(request, "reviews/preview.html", {**context, "both": both, "hidden": hidden})
    return settle(request, review, chosen, form, made, context)


def start_own_words(
    request: SignedInRequest, review: Review, form: DecisionForm, context: dict[str, Any]
) -> HttpResponse:
    """The same page, on which the chosen reason of one item has become the beginning of the reviewer's own words."""
    data = request.POST.copy()
    row = next((row for row in form.items if row.prefix == request.POST["start"]), None)
    if row is None:
        raise Http404
    if not start_from_reason(data, row):
        row.add_error("reason", _("Choose a reason."))
        return render(request, "reviews/decide.html", context, status=422)
    items = item_forms(review, data)
    started = next(row for row in items if row.prefix == request.POST["start"])
    started.fields["text"].widget.attrs |= {"autofocus": True, "data-played-back": True}
    form = DecisionForm(data, decision=form.decision, items=items)
    return render(request, "reviews/decide.html", {**context, "form": form, "forms": [form, *items], "items": items})


def named(form: DecisionForm) -> set[str]:
    """The names of every field that the preview carries on."""
    names = set(form.fields)
    for row in form.items:
        names |= {f"{row.prefix}-{name}" for name in row.fields}
    return names


def not_holder(request: SignedInRequest, review: Review, form: DecisionForm | None) -> HttpResponse:
    """The case is somebody else's, or nobody's: what was typed is kept."""
    return conflict(request, say_not_held(review), review, kept_words(form) if form else None)


def settle(
    request: SignedInRequest,
    review: Review,
    decision: Decision,
    form: DecisionForm,
    items: list[ReviewItem],
    context: dict[str, Any],
) -> HttpResponse:
    """Stage the decision, or say what stands against it with everything kept."""
    try:
        staging.stage(
            review=review,
            reviewer=request.user,
            decision=decision,
            text=form.cleaned_data["text"],
            actor=request.actor,
            now=timezone.now(),
            items=items,
            internal_note=form.cleaned_data["internal_note"],
        )
    except desk.AlreadyDecided as late:
        return conflict(request, say_decided(late.review), late.review, kept_words(form))
    except desk.DecisionStaged as late:
        return conflict(request, say_staged(late.staged), review, kept_words(form))
    except desk.NotClaimed:
        return not_holder(request, find_review(review.ref), form)
    except desk.NotAReviewer as stranger:
        raise PermissionDenied(_("A case of this kind is decided by a lead reviewer.")) from stranger
    except desk.OwnSubmission as own:
        raise PermissionDenied(why_involved(review)) from own
    except desk.Deferred as deferred:
        form.add_error(None, say_deferred(deferred))
    except DecisionRefused as refused:
        form.add_error(None, refused.message)
    else:
        return redirect("reviews:decided", ref=review.ref)
    return render(request, "reviews/decide.html", context, status=422)
