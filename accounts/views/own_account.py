"""A person's own account: name, language, sessions."""

from __future__ import annotations

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views import i18n
from django.views.decorators.http import require_POST

from accounts.access import SignedInRequest, has_second_factor, public, signed_in
from accounts.forms import PersonForm
from accounts.languages import choose_language
from accounts.people import change_person
from accounts.sessions import end_sessions
from accounts.users import User
from accounts.views.settings_menu import settings_tabs


@signed_in
def own_account(request: SignedInRequest) -> HttpResponse:
    """Name, language, and the ways to password, address, second factor and sessions."""
    form = PersonForm(request.POST if request.method == "POST" else None, instance=User.objects.get(pk=request.user.pk))
    status = 200
    if request.method == "POST":
        if form.is_valid():
            change_person(
                user=request.user,
                name=form.cleaned_data["name"],
                language=form.cleaned_data["language"],
                actor=request.actor,
                now=timezone.now(),
            )
            messages.success(request, _("Saved."))
            response = redirect("settings:account")
            remember_language(response, form.cleaned_data["language"])
            return response
        status = 422
    context = {
        "form": form,
        "second_factor": has_second_factor(request.user),
        "second_factor_required": request.user.is_staff and settings.STAFF_SECOND_FACTOR_REQUIRED,
        "tabs": settings_tabs(request, "settings:account"),
    }
    return render(request, "settings/account.html", context, status=status)


def remember_language(response: HttpResponse, language: str) -> None:
    """Keep the language of the pages on this device."""
    response.set_cookie(
        settings.LANGUAGE_COOKIE_NAME,
        language,
        max_age=settings.LANGUAGE_COOKIE_AGE,
        path=settings.LANGUAGE_COOKIE_PATH,
        domain=settings.LANGUAGE_COOKIE_DOMAIN,
        secure=settings.LANGUAGE_COOKIE_SECURE,
        httponly=settings.LANGUAGE_COOKIE_HTTPONLY,
        samesite=settings.LANGUAGE_COOKIE_SAMESITE,
    )


@public
@require_POST
def set_language(request: HttpRequest) -> HttpResponse:
    """Switch the language of the pages; for a signed-in person that of their e-mails too."""
    if request.user.is_authenticated:
        choose_language(user=request.user, language=request.POST.get("language", ""))
    response = i18n.set_language(request)
    assert isinstance(response, HttpResponse)
    return response


@signed_in
@require_POST
def end_session(request: SignedInRequest) -> HttpResponse:
    """End one of one's own sessions, on whichever device it is."""
    chosen = request.POST.get("session", "")
    if not chosen.isascii() or not chosen.isdecimal() or len(chosen) > 18:
        raise Http404
    if not end_sessions(user=request.user, actor=request.actor, now=timezone.now(), only=int(chosen)):
        raise Http404
    messages.success(request, _("The session has ended."))
    return redirect("usersessions_list")
