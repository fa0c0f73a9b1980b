"""The pages of numbers: the list, one number, adding, changing, ending."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_GET, require_POST

from accounts.access import Permission, SignedInRequest, company_view, enter_company_of
from certification.maintenance.facts import facts_for
from certification.maintenance.status import with_status
from certification.numbers import listing, registry
from certification.numbers.filter_form import FilterForm
from certification.numbers.forms import AddNumberForm, EndForm, NumberForm
from certification.numbers.listing import Filters
from certification.numbers.models import PhoneNumber
from certification.numbers.pages import Crumb, crumbs, may_edit
from certification.numbers.panels import panels_of
from certification.numbers.shapes import dialled, mask_number
from certification.timeline.reading import timeline_of
from certification.timeline.sources import About

READ = Permission.READ_COMPANY
#: Events of the timeline on a number's page.
EVENTS = 20


@dataclass(frozen=True)
class Tab:
    """One tab above the list."""

    url: str
    label: str
    current: bool
    count: int | None


def tab_labels() -> dict[str, str]:
    """What the tabs are called."""
    return {
        "": _("All"),
        "maintenance": _("Under maintenance"),
        "locked": _("Locked"),
        "pending_maintenance": _("Pending maintenance"),
        "returned": _("Returned for correction"),
        "expired": _("Expired"),
        "certified": _("Certified"),
        "draft": _("Draft"),
        "review": _("In review"),
        "ended": _("Ended"),
    }


def tabs(filters: Filters, counts: dict[str, int] | None = None) -> list[Tab]:
    """The tabs of the list, with counts where they are known."""
    current = next(
        (
            tab
            for tab, statuses in listing.TABS
            if tab and set(statuses) == set(listing.STATUS_FILTERS.get(filters.status, ()))
        ),
        "" if not filters.status else None,
    )
    address, labels = reverse("numbers:list"), tab_labels()
    return [
        Tab(
            f"{address}{filters.with_status(tab).query()}",
            labels[tab],
            tab == current,
            None if counts is None else counts[tab],
        )
        for tab, _statuses in listing.TABS
        if tab == current or not tab or counts is None or counts[tab]
    ]


@company_view()
@require_GET
def number_list(request: SignedInRequest) -> HttpResponse:
    """The company's numbers, fifty at a time. Its cost does not depend on how many there are."""
    filters = Filters.from_query(request.GET)
    now = timezone.now()
    page = listing.page_of(
        request.company,
        filters,
        now=now,
        after=request.GET.get("after", "")[:12].replace("\0", ""),
        before=request.GET.get("before", "")[:12].replace("\0", ""),
        last=request.GET.get("last") == "1",
    )
    page.total_label = ngettext(
        "%(count)d number on this page", "%(count)d numbers on this page", len(page.numbers)
    ) % {"count": len(page.numbers)}
    context = {
        "page": page,
        "filters": filters,
        "filter_form": FilterForm(request.company, filters),
        "tabs": tabs(filters),
        "counts_url": f"{reverse('numbers:counts')}{filters.query()}",
        "export_url": f"{reverse('numbers:export')}{filters.query()}",
        "clear_url": reverse("numbers:list") if filters.any else "",
        "may_edit": may_edit(request),
        "now": now,
    }
    return render(request, "numbers/list.html", context)


@company_view()
@require_GET
def number_counts(request: SignedInRequest) -> HttpResponse:
    """The tabs with their counts, and the sentence that says what stands still; loaded after the page."""
    filters = Filters.from_query(request.GET)
    counts = listing.counts(request.company, filters)
    stopped = counts["maintenance"] + counts["locked"] + counts["expired"]
    context = {
        "tabs": tabs(filters, counts),
        "total": counts[""],
        "stopped": stopped,
        "displayed": counts["certified"] + counts["pending_maintenance"],
        "filtered": filters.with_status("").any,
    }
    return render(request, "numbers/_counts.html", context)


def number_or_404(request: SignedInRequest, ref: str) -> PhoneNumber:
    """The number of a company that the person is a member of; that company becomes the request's."""
    numbers = with_status(PhoneNumber.objects.for_user(request.user))
    number = get_object_or_404(numbers.select_related("company", "provider", "group", "backup_of"), ref=ref)
    enter_company_of(request, number.company_id)
    return number


@company_view()
@require_GET
def number_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One number: what holds, why, until when, and the one thing to do."""
    number = number_or_404(request, ref)
    return number_page(request, number)


def number_page(request: SignedInRequest, number: PhoneNumber, *, revealed: str = "") -> HttpResponse:
    """The page of one number, with the whole number on it right after it was revealed."""
    now = timezone.now()
    facts = facts_for([number], now=now)[number.pk]
    backups = list(
        with_status(PhoneNumber.objects.of_company(number.company).filter(backup_of=number))
        .select_related("company", "provider")
        .order_by("pk")[:20]
    )
    backup_facts = facts_for(backups, now=now)
    context = {
        "number": number,
        "facts": facts,
        "backups": [(backup, backup_facts[backup.pk]) for backup in backups],
        "timeline": timeline_of(About(number.company, (number,), for_staff=False), request, size=EVENTS),
        "panels": panels_of(number, now),
        "masked": mask_number(number.number),
        "revealed": revealed,
        "breadcrumb": crumbs(Crumb(number.alias or mask_number(number.number))),
        "may_edit": may_edit(request) and number.released_at is None,
        "now": now,
    }
    return render(request, "numbers/detail.html", context)


@company_view(write=READ)
@require_POST
def number_reveal(request: SignedInRequest, ref: str) -> HttpResponse:
    """The same page with the whole number, once; who looked is written to the journal."""
    number = number_or_404(request, ref)
    whole = registry.reveal_number(number=number, actor=request.actor, now=timezone.now())
    response = number_page(request, number, revealed=dialled(whole))
    response.headers["Cache-Control"] = "no-store, private"
    return response


@company_view()
def number_add(request: SignedInRequest) -> HttpResponse:
    """Add one number."""
    form = AddNumberForm(
        request.POST if request.method == "POST" else None,
        company=request.company,
        main=main_number(request),
    )
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            number = registry.add_number(
                company=request.company,
                read=values["number_text"],
                provider=values["provider"],
                label=values["label"],
                alias=values["alias"],
                group=values["group"],
                backup_of=values["backup_of"],
                actor=request.actor,
                now=timezone.now(),
            )
        except registry.NumberUnavailable as error:
            form.add_error("number_text", unavailable(own=error.own))
        except registry.BackupImpossible:
            form.add_error("backup_of", backup_impossible())
        else:
            messages.success(request, _("The number has been added. Apply for its certification next."))
            return redirect("numbers:detail", number.ref)
    context = {"form": form, "breadcrumb": crumbs(Crumb(_("Add a number")))}
    return render(request, "numbers/add.html", context, status=422 if form.errors else 200)


def main_number(request: SignedInRequest) -> PhoneNumber | None:
    """The number that the new one is to stand in for, where the page of that number led here."""
    ref = request.GET.get("backup_of", "").replace("\0", "")
    return PhoneNumber.objects.of_company(request.company).filter(ref=ref).first() if ref else None


def unavailable(*, own: bool) -> str:
    """Why a number cannot be added; the same words whoever holds it."""
    if own:
        return _("This number is in your list already.")
    return _("This number is not available. Check it; if it is yours, contact us with the operator's contract.")


def backup_impossible() -> str:
    """Why a number cannot be a backup."""
    return _(
        "A backup stands in for a main number of yours that is not a backup itself, and has no backups of its own."
    )


@company_view()
def number_edit(request: SignedInRequest, ref: str) -> HttpResponse:
    """Change what a company may change itself."""
    number = number_or_404(request, ref)
    if number.released_at is not None:
        return redirect("numbers:detail", number.ref)
    form = NumberForm.of(number, request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        try:
            changed = registry.change_number(number=number, actor=request.actor, now=timezone.now(), **values)
        except registry.BackupImpossible:
            form.add_error("backup_of", backup_impossible())
        except registry.ChangeNeedsApplication:
            form.add_error(
                None,
                _("Name and provider are fixed by now: the number has been certified or submitted in the meantime."),
            )
        except registry.NumberUnavailable:
            return redirect("numbers:detail", number.ref)
        else:
            if changed:
                messages.success(request, _("The changes have been saved."))
            return redirect("numbers:detail", number.ref)
    context = {
        "form": form,
        "number": number,
        "masked": mask_number(number.number),
        "breadcrumb": crumbs(
            Crumb(number.alias or mask_number(number.number), reverse("numbers:detail", args=[number.ref])),
            Crumb(_("Edit")),
        ),
    }
    return render(request, "numbers/edit.html", context, status=422 if form.errors else 200)


def ending(
    request: SignedInRequest, ref: str, *, template: str, title: str, done: str, act: Callable[..., bool]
) -> HttpResponse:
    """A page that asks before a certification or a number is given up."""
    number = number_or_404(request, ref)
    form = EndForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            act(number=number, actor=request.actor, now=timezone.now(), reason=form.cleaned_data["reason"])
        except registry.InOpenApplication:
            form.add_error(
                None,
                _(
                    "This number is in an application that is still open. Withdraw the application first, or wait for its decision."
                ),
            )
        except registry.LockedByComplaints:
            form.add_error(
                None, _("This number is locked after complaints. It can be given up when the lock has been reviewed.")
            )
        except registry.NotCertified:
            form.add_error(None, _("This number has no certification that could be withdrawn."))
        else:
            messages.success(request, done)
            return redirect("numbers:detail", number.ref)
    context = {
        "form": form,
        "number": number,
        "masked": mask_number(number.number),
        "breadcrumb": crumbs(
            Crumb(number.alias or mask_number(number.number), reverse("numbers:detail", args=[number.ref])),
            Crumb(title),
        ),
    }
    status = 409 if form.non_field_errors() else 422 if form.errors else 200
    return render(request, template, context, status=status)


@company_view()
def number_release(request: SignedInRequest, ref: str) -> HttpResponse:
    """Give a number up, after asking."""
    return ending(
        request,
        ref,
        template="numbers/release.html",
        title=_("Give up the number"),
        done=_("The number has been given up."),
        act=registry.release_number,
    )


@company_view()
def number_withdraw(request: SignedInRequest, ref: str) -> HttpResponse:
    """Withdraw a certification, after asking."""
    return ending(
        request,
        ref,
        template="numbers/withdraw.html",
        title=_("Withdraw the certification"),
        done=_("The certification has been withdrawn."),
        act=registry.withdraw_certification,
    )
