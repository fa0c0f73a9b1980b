"""The company's pages about its materials."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.contrib import messages
from django.core.paginator import Page, Paginator
from django.db.models import F
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from accounts.access import Permission, SignedInRequest, company_role_may, company_view, enter_company_of
from certification.materials.affected import affected_counts, certified_numbers, named_by
from certification.materials.documents import ACCEPT
from certification.materials.forms import MaterialForm
from certification.materials.history import history_of
from certification.materials.matrix import matrix_of
from certification.materials.models import Material, MaterialKind, MaterialState
from certification.materials.pages import document_pages
from certification.materials.store import FilesMissing
from certification.materials.summary import summarise
from certification.materials.validity import STANDING_WORDS, Standing, standing
from certification.materials.versions import (
    SUBJECT,
    NumbersMissing,
    TransitionRefused,
    submit_version,
    withdraw,
)
from certification.reviews.due_times import PROMISES
from certification.reviews.models import Review, ReviewKind, ReviewState
from certification.reviews.overturning import is_appealable
from certification.reviews.verdicts import say_review
from certification.reviews.waiting import options_for
from certification.upload_limits import dropped

PAGE = 50
#: How many of the numbers that a version names its page shows.
NAMED_SHOWN = 20
MATERIALS = Material.objects.select_related("kind", "company__industry", "submitted_by")


def own_material(request: SignedInRequest, ref: str) -> Material:
    """The person's material of this reference, its company entered. Raises Http404 for anybody else's."""
    material = get_object_or_404(MATERIALS.for_user(request.user), ref=ref)
    enter_company_of(request, material.company_id)
    return material


def may_edit(request: SignedInRequest) -> bool:
    """Whether the person may hand in and withdraw materials."""
    return company_role_may(request.membership.role, Permission.EDIT_COMPANY)


def crumbs(*more: tuple[str, str]) -> list[dict[str, str]]:
    """The way to a page of this slice."""
    items = [{"label": _("Materials"), "url": reverse("materials:list")}]
    return items + [{"label": label, "url": url} for label, url in more]


def described(material: Material, *, today: dt.date) -> dict[str, Any]:
    """A version as the lists show it."""
    where = standing(material, today=today)
    label, tone = STANDING_WORDS[where]
    renewable = where in (Standing.IN_FORCE, Standing.EXPIRING, Standing.EXPIRED, Standing.NOT_YET)
    return {
        "material": material,
        "standing": where,
        "label": label,
        "tone": tone,
        "is_renewable": renewable,
        "is_to_correct": where in (Standing.RETURNED, Standing.REJECTED),
        "days_left": material.expires_on if where in (Standing.EXPIRING, Standing.EXPIRED) else None,
    }


@company_view()
def material_list(request: SignedInRequest) -> HttpResponse:
    """What is required, what there is, what expires next."""
    now = timezone.now()
    company, today = request.company, request.company.today(now)
    rows = matrix_of(company=company, now=now)
    current = (
        MATERIALS.filter(company=company)
        .exclude(state__in=[MaterialState.REPLACED, MaterialState.WITHDRAWN])
        .order_by(F("expires_on").asc(nulls_last=True), "kind__ordering", "-version")
    )
    page = Paginator(current, PAGE).get_page(request.GET.get("page"))
    materials = list(page.object_list)
    counts = affected_counts(company=company, materials=materials)
    next_to_end = MATERIALS.filter(company=company, state=MaterialState.APPROVED, expires_on__gte=today)
    context = {
        "now": now,
        "rows": rows,
        "documents": [described(material, today=today) | {"affected": counts[material.pk]} for material in materials],
        "page": pages_of(page, "materials:list"),
        "summary": summarise(
            rows=rows, company=company, next_to_end=next_to_end.order_by("expires_on").first(), today=today
        ),
        "may_edit": may_edit(request),
    }
    return render(request, "materials/list.html", context)


def pages_of(page: Page[Any], view: str) -> dict[str, str]:
    """What the component `pagination` shows."""

    def url(number: int) -> str:
        return f"{reverse(view)}?page={number}"

    total = page.paginator.count
    label = ngettext("%(count)d document", "%(count)d documents", total) % {"count": total}
    pages = {"total_label": label}
    if page.has_previous():
        pages |= {"first_url": url(1), "previous_url": url(page.previous_page_number())}
    if page.has_next():
        pages |= {"next_url": url(page.next_page_number()), "last_url": url(page.paginator.num_pages)}
    return pages


@company_view()
def material_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One version: where it stands, its files, its review, the other versions, what happened."""
    now = timezone.now()
    material = own_material(request, ref)
    today = request.company.today(now)
    reviews = list(
        Review.objects.filter(subject=SUBJECT, subject_id=material.pk)
        .prefetch_related("items__reason", "extensions")
        .order_by("-opened_at")
    )
    review = reviews[0] if reviews else None
    others = MATERIALS.filter(company=material.company_id, kind=material.kind_id).exclude(pk=material.pk)
    context = {
        "now": now,
        "breadcrumb": crumbs((str(material.kind), "")),
        **described(material, today=today),
        "files": [(file, document_pages(file)) for file in material.files.order_by("pk")],
        "review": review,
        "options": options_for(review, company=request.company, now=now),
        "appealable": review is not None and is_appealable(review),
        "said": say_review(review) if review and review.state == ReviewState.DECIDED else None,
        "affected": affected_counts(company=request.company, materials=[material])[material.pk],
        "named": named_by(material).order_by("pk")[:NAMED_SHOWN] if material.kind.names_numbers else [],
        "in_force": others.valid_on(today).first(),
        "others": [described(other, today=today) for other in others.order_by("-version")[:20]],
        "history": history_of(material, reviews),
        "may_edit": may_edit(request),
    }
    return render(request, "materials/detail.html", context)


@company_view(read=Permission.EDIT_COMPANY)
def material_add(request: SignedInRequest) -> HttpResponse:
    """Choose a kind, then hand in a document of it (`?kind=<code>`)."""
    code = request.GET.get("kind")
    kinds = {kind.code: kind for kind in MaterialKind.objects.all()}
    if code is None:
        now = timezone.now()
        rows = matrix_of(company=request.company, now=now)
        required = {row.kind.code for row in rows}
        context = {
            "now": now,
            "breadcrumb": crumbs((_("Add a document"), "")),
            "rows": list({row.kind.code: row for row in reversed(rows)}.values())[::-1],
            "others": [kind for kind in kinds.values() if kind.code not in required],
        }
        return render(request, "materials/choose_kind.html", context)
    if code not in kinds:
        raise Http404
    return hand_in(request, kinds[code])


@company_view(read=Permission.EDIT_COMPANY)
def material_renew(request: SignedInRequest, ref: str) -> HttpResponse:
    """Hand in the next version of a document: one document, one date."""
    material = own_material(request, ref)
    return hand_in(request, material.kind, renewed=material)


def hand_in(request: SignedInRequest, kind: MaterialKind, renewed: Material | None = None) -> HttpResponse:
    """The form for one document; a mistake costs neither what was typed nor what was uploaded."""
    now = timezone.now()
    posted = request.method == "POST"
    form = MaterialForm(
        *((request.POST, request.FILES) if posted else ()),
        company=request.company,
        kind=kind,
        user=request.user,
        now=now,
        renewed=renewed,
        dropped=dropped(request, "documents") if posted else [],
    )
    status = 200
    if posted:
        form.receive_files()
        if "find" in request.POST:
            # Looking for numbers is a step inside the form: nothing is judged yet.
            form = form.unjudged()
        elif form.is_valid():
            made = submitted(request, form, now=now)
            if made is not None:
                return redirect("materials:result", made.ref)
            status = 422
        else:
            status = 422
    current = MATERIALS.filter(company=request.company, kind=kind)
    context = {
        "now": now,
        "form": form,
        "kind": kind,
        "renewed": renewed,
        "breadcrumb": crumbs((str(kind), "")),
        "accept": ACCEPT,
        "in_force": current.valid_on(request.company.today(now))
        .order_by(F("expires_on").desc(nulls_first=True))
        .first(),
        "waiting": None if kind.names_numbers else current.filter(state=MaterialState.SUBMITTED).first(),
        "affected": certified_numbers(request.company),
        "promise": PROMISES[ReviewKind.MATERIAL],
    }
    return render(request, "materials/form.html", context, status=status)


def submitted(request: SignedInRequest, form: MaterialForm, *, now: dt.datetime) -> Material | None:
    """The version that the valid form makes; None where its uploads are gone, with the error in the form."""
    data = form.cleaned_data
    try:
        return submit_version(
            company=request.company,
            kind=form.kind,
            files=form.staged,
            issued_on=data["issued_on"],
            expires_on=data["expires_on"],
            is_long_term=form.is_long_term,
            numbers=form.chosen_numbers(),
            holder_name=data["holder_name"],
            document_number=data["document_number"],
            note=data["note"],
            submission=data["submission"],
            actor=request.actor,
            now=now,
        )
    except FilesMissing:
        form.staged = []
        form.add_error("documents", _("The uploaded files are no longer there. Choose them again."))
    except NumbersMissing:
        form.add_error("scope", _("There are no numbers in this choice. Choose others."))
    return None


@company_view()
def material_result(request: SignedInRequest, ref: str) -> HttpResponse:
    """What became of a submission: reference, due time, what happens next. Can be reloaded and kept."""
    now = timezone.now()
    material = own_material(request, ref)
    review = Review.objects.filter(subject=SUBJECT, subject_id=material.pk).order_by("-opened_at").first()
    others = MATERIALS.filter(company=material.company_id, kind=material.kind_id).exclude(pk=material.pk)
    context = {
        "now": now,
        "breadcrumb": crumbs(
            (str(material.kind), reverse("materials:detail", args=[material.ref])), (_("Submitted"), "")
        ),
        "material": material,
        "review": review,
        "steps": [
            _("A reviewer compares the document with your data; you are told the result by e-mail and in the portal."),
            _("Until then the version in force stays in force.")
            if others.valid_on(request.company.today(now)).exists()
            else _("When it is approved, whatever was suspended for want of it is displayed again at once."),
            _("If something is missing, it comes back with the reasons, and you submit again."),
        ],
    }
    return render(request, "materials/result.html", context)


@company_view(read=Permission.EDIT_COMPANY)
def material_withdraw(request: SignedInRequest, ref: str) -> HttpResponse:
    """Take a submitted version back, after one question."""
    now = timezone.now()
    material = own_material(request, ref)
    if request.method == "POST":
        try:
            withdraw(material=material, actor=request.actor, now=now)
        except TransitionRefused:
            messages.warning(request, _("A reviewer has decided in the meantime; it could not be withdrawn."))
        return redirect("materials:detail", material.ref)
    if material.state != MaterialState.SUBMITTED:
        return redirect("materials:detail", material.ref)
    context = {
        "material": material,
        "breadcrumb": crumbs(
            (str(material.kind), reverse("materials:detail", args=[material.ref])), (_("Withdraw"), "")
        ),
    }
    return render(request, "materials/withdraw.html", context)
