"""The inbox, and which messages are mailed."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import get_language, ngettext
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST

from accounts import inbox as box
from accounts.access import SignedInRequest, signed_in
from accounts.notice_texts import text_of
from accounts.notices import KINDS
from accounts.preferences import choose_mails, kinds_for, muted_kinds
from accounts.views.settings_menu import Tab, settings_tabs


@signed_in
def inbox(request: SignedInRequest) -> HttpResponse:
    """What was written to the person; looking changes nothing."""
    view = request.GET.get("show", "")
    view = view if view in box.VIEWS else ""
    counts = box.counts_of(request.user)
    page, entries = box.inbox_page(
        user=request.user, view=view, request=request, language=get_language() or request.user.language
    )
    context = {
        "page": page,
        "entries": entries,
        "counts": counts,
        "view": view,
        "newest": max((entry.notice.pk for entry in entries), default=0),
        "tabs": [
            Tab("?", _("All"), view == "", counts.total),
            Tab("?show=action", _("Needs action"), view == "action", counts.action),
            Tab("?show=unread", _("Unread"), view == "unread", counts.unread),
        ],
    }
    return render(request, "inbox/inbox.html", context)


@signed_in
@require_POST
def inbox_open(request: SignedInRequest, ref: str) -> HttpResponse:
    """Mark the message as read and go where its button leads."""
    notice = get_object_or_404(box.messages_of(request.user).select_related("company"), ref=ref)
    box.mark_read(notices=box.messages_of(request.user).filter(pk=notice.pk), now=timezone.now())
    return redirect(text_of(notice, language=request.user.language).path)


@signed_in
@require_POST
def inbox_read(request: SignedInRequest, ref: str) -> HttpResponse:
    """Mark the message as read."""
    notice = get_object_or_404(box.messages_of(request.user), ref=ref)
    box.mark_read(notices=box.messages_of(request.user).filter(pk=notice.pk), now=timezone.now())
    return redirect("inbox")


@signed_in
@require_POST
def inbox_read_all(request: SignedInRequest) -> HttpResponse:
    """Mark everything as read that was there when the page was opened."""
    unread = box.messages_of(request.user)
    newest = request.POST.get("newest", "")
    if newest.isascii() and newest.isdigit() and len(newest) < 19:
        unread = unread.filter(pk__lte=int(newest))
    count = box.mark_read(notices=unread, now=timezone.now())
    if count:
        messages.success(
            request,
            ngettext("%(count)d message marked as read.", "%(count)d messages marked as read.", count)
            % {"count": count},
        )
    return redirect("inbox")


@signed_in
def notifications(request: SignedInRequest) -> HttpResponse:
    """Which kinds of message are mailed; those that cannot be switched off are named with the reason."""
    is_member = request.user.memberships.exists()
    kinds = kinds_for(is_staff=request.user.is_staff, is_member=is_member)
    muted = muted_kinds(request.user)
    if request.method == "POST":
        choose_mails(
            user=request.user,
            offered=[kind.code for kind in kinds],
            wanted=[code for code in request.POST.getlist("mail") if code in KINDS],
            actor=request.actor,
            now=timezone.now(),
        )
        messages.success(request, _("Saved."))
        return redirect("settings:notifications")
    optional = [kind for kind in kinds if not kind.mandatory]
    context = {
        "optional": [(kind, kind.code not in muted) for kind in optional],
        "mandatory": [kind for kind in kinds if kind.mandatory],
        "off": sum(kind.code in muted for kind in optional),
        "tabs": settings_tabs(request, "settings:notifications"),
    }
    return render(request, "settings/notifications.html", context)
