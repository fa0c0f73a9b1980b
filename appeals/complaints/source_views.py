"""The staff's pages about sources: who reports complaints, by which keys, and when each key was used last."""

from __future__ import annotations

import datetime as dt

from cryptography.fernet import InvalidToken
from django.contrib import messages
from django.db.models import Count, Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.formats import date_format
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_POST, require_safe

from accounts.access import Permission, SignedInRequest, staff_view
from accounts.encryption import decrypt, encrypt
from appeals.complaints.figures import per_day, today_by_source
from appeals.complaints.forms import KeyForm, SourceForm
from appeals.complaints.models import Source, SourceKey
from appeals.complaints.sources import (
    OVERLAP,
    KeysChanged,
    NameTaken,
    create_source,
    issue_key,
    revoke_key,
)
from appeals.complaints.staff_pages import crumbs, may_take, tabs
from certification.plots import Bar, BarPlot

#: Where a new key waits, encrypted, for the page that shows it this once.
NEW_KEY = "new_source_key"
WRITE = Permission.TAKE_COMPLAINTS


def valid(now: dt.datetime) -> Q:
    """Keys that work."""
    return Q(keys__revoked_at__isnull=True) & (Q(keys__expires_at__isnull=True) | Q(keys__expires_at__gt=now))


@staff_view(write=WRITE)
def sources(request: SignedInRequest) -> HttpResponse:
    """Every source with its valid keys, when it last called, and what came today; a form for a new one."""
    now = timezone.now()
    form = SourceForm(request.POST if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            source = create_source(name=form.cleaned_data["name"], actor=request.actor, now=now, by=request.user)
        except NameTaken:
            form.add_error("name", _("There is a source of this name already."))
        else:
            source.refresh_from_db()
            messages.success(request, _("The source is there. Give it a key next."))
            return redirect("complaints:source", source.ref)
    today = {share.ref: share.total for share in today_by_source(now=now)}
    rows = Source.objects.annotate(valid_keys=Count("keys", filter=valid(now)), used_at=Max("keys__last_used_at"))
    context = {
        "tabs": tabs("complaints:sources"),
        "rows": [(source, today.get(source.ref, 0)) for source in rows.order_by("name")],
        "form": form,
        "may_take": may_take(request),
        "breadcrumb": crumbs((_("Sources and keys"), "")),
    }
    return render(request, "complaints/sources.html", context, status=422 if form.errors else 200)


def source_or_404(ref: str) -> Source:
    """The source of that reference."""
    return get_object_or_404(Source, ref=ref)


def state_of(key: SourceKey, now: dt.datetime) -> str:
    """Whether the key works: "valid", "revoked", or "over"."""
    if key.revoked_at is not None:
        return "revoked"
    return "over" if key.expires_at is not None and key.expires_at <= now else "valid"


def days_plot(source: Source, now: dt.datetime) -> BarPlot:
    """What came from the source on each of the last 30 days."""
    days = per_day(source, now=now)
    total = sum(count for _day, count in days)
    words = ngettext("%(count)d complaint in 30 days.", "%(count)d complaints in 30 days.", total) % {"count": total}
    return BarPlot(
        title=_("Complaints received per day"),
        description=words,
        bars=[Bar(date_format(day, "MONTH_DAY_FORMAT"), count) for day, count in days],
        label_heading=_("Day"),
        value_heading=_("Complaints"),
    )


def shown_once(request: SignedInRequest, source: Source) -> str:
    """The key that was issued a moment ago for this source, if it was not shown yet; it is not shown again."""
    if request.method != "GET" or NEW_KEY not in request.session:
        return ""
    try:
        ref, _space, key = decrypt(request.session[NEW_KEY]).partition(" ")
    except InvalidToken:
        ref = key = ""
    if ref and ref != source.ref:
        return ""
    del request.session[NEW_KEY]
    return key


def source_page(request: SignedInRequest, source: Source, form: KeyForm | None = None) -> HttpResponse:
    """The page of one source."""
    now = timezone.now()
    keys = list(source.keys.select_related("created_by"))
    if form is None:
        form = KeyForm(initial={"newest": keys[0].ref if keys else ""})
    context = {
        "source": source,
        "keys": [(key, state_of(key, now)) for key in keys],
        "has_valid": any(state_of(key, now) == "valid" for key in keys),
        "plot": days_plot(source, now),
        "form": form,
        "new_key": shown_once(request, source),
        "overlap": OVERLAP.days,
        "address": request.build_absolute_uri(reverse("api:complaints")),
        "marks_address": request.build_absolute_uri(reverse("api:marks")),
        "may_take": may_take(request),
        "breadcrumb": crumbs((_("Sources and keys"), reverse("complaints:sources")), (str(source), "")),
    }
    response = render(request, "complaints/source.html", context, status=422 if form.errors else 200)
    response.headers["Cache-Control"] = "no-store, private"
    return response


@require_safe
@staff_view()
def source_detail(request: SignedInRequest, ref: str) -> HttpResponse:
    """One source: its keys, what came from it, and right after it was issued the new key, this once."""
    return source_page(request, source_or_404(ref))


@require_POST
@staff_view(write=WRITE)
def key_new(request: SignedInRequest, ref: str) -> HttpResponse:
    """Issue a key; the ones before go on working for the overlap."""
    source, now = source_or_404(ref), timezone.now()
    form = KeyForm(request.POST)
    if not form.is_valid():
        return source_page(request, source, form)
    try:
        key = issue_key(
            source=source,
            actor=request.actor,
            now=now,
            by=request.user,
            expires_at=form.expires_at(now),
            seen=form.cleaned_data["newest"],
        )
    except KeysChanged:
        messages.info(request, _("A key has been issued in the meantime; it is below."))
    else:
        request.session[NEW_KEY] = encrypt(f"{source.ref} {key}")
    return redirect("complaints:source", source.ref)


@staff_view(read=WRITE, write=WRITE)
def key_revoke(request: SignedInRequest, ref: str) -> HttpResponse:
    """Revoke a key, after asking; it stops working at once."""
    key = get_object_or_404(SourceKey.objects.select_related("source"), ref=ref)
    if request.method == "POST":
        revoke_key(key=key, actor=request.actor, now=timezone.now())
        messages.success(request, _("The key is revoked. Calls with it are refused from now on."))
        return redirect("complaints:source", key.source.ref)
    source_url = reverse("complaints:source", args=[key.source.ref])
    context = {
        "key": key,
        "source_url": source_url,
        "breadcrumb": crumbs(
            (_("Sources and keys"), reverse("complaints:sources")), (str(key.source), source_url), (_("Revoke"), "")
        ),
    }
    return render(request, "complaints/key_revoke.html", context)
