"""Pages for when something went wrong: what happened to the input, when it is back, whom to ask.

Each is plain words in the visitor's language. 500 and 503 touch neither database nor session nor context processors,
and fall back to a page without a template when even that fails.
"""

from __future__ import annotations

import logging
import re
import sys
from collections.abc import Callable
from datetime import datetime, timedelta
from email.utils import parseaddr
from functools import wraps
from typing import Any, NamedTuple
from urllib.parse import urlsplit

from django.conf import settings
from django.db import InterfaceError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import resolve_url
from django.template.loader import render_to_string
from django.urls import NoReverseMatch
from django.utils import timezone, translation
from django.utils.cache import add_never_cache_headers
from django.utils.html import format_html
from django.utils.translation import gettext

logger = logging.getLogger(__name__)

#: A posted field whose name says one of these is never shown again.
SECRET = re.compile(r"pass|secret|token|otp|(?<!credit_)code|factor|credential|key|signature|csrf", re.IGNORECASE)
#: More than this is not played back: it would be an upload, not something typed.
MOST_KEPT_FIELDS, MOST_KEPT_CHARACTERS = 500, 200_000


#: What psycopg raises when the server is gone, restarting, or does not answer.
DATABASE_AWAY = (OperationalError, InterfaceError)


class KeptField(NamedTuple):
    """One value of a posted form that can be sent again."""

    name: str
    value: str


def in_language_of_visitor(
    view: Callable[..., HttpResponse],
) -> Callable[..., HttpResponse]:
    """Activate the visitor's language around an error view: the error may have come before the middleware did."""

    @wraps(view)
    def wrapped(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        with translation.override(language_of(request)):
            return view(request, *args, **kwargs)

    return wrapped


def language_of(request: HttpRequest) -> str:
    """The language that the middleware found, else the one the request asks for, else the portal's own."""
    known = getattr(request, "LANGUAGE_CODE", None)
    if known:
        return str(known)
    try:
        return translation.get_language_from_request(request)
    except Exception:  # noqa: BLE001 - an error page must come, whatever is broken
        return settings.LANGUAGE_CODE


def address_or_empty(name: str) -> str:
    """The address of a URL name, "" where it does not exist or the URLconf itself is broken."""
    try:
        return resolve_url(name)
    except (NoReverseMatch, ImportError, AttributeError):
        return ""


def wants_fragment(request: HttpRequest) -> bool:
    """Whether htmx asked for a part of a page (a boosted link or form wants the whole one)."""
    headers = request.headers
    return headers.get("HX-Request") == "true" and "HX-Boosted" not in headers


def error_page(request: HttpRequest, status: int, **values: Any) -> HttpResponse:
    """The page `<status>.html`, or for htmx its text as a banner; never cached, without context processors."""
    context = {
        "status": status,
        "request": request,  # for the language switch and nothing else: no processor runs
        "request_id": getattr(request, "request_id", "") or getattr(request, "id", ""),
        "support": getattr(settings, "SUPPORT_EMAIL", "") or parseaddr(settings.DEFAULT_FROM_EMAIL)[1],
        "home_url": address_or_empty("overview"),
        **values,
    }
    if wants_fragment(request):
        html = render_to_string("components/error_fragment.html", {**context, "template": f"{status}.html"})
    else:
        html = render_to_string(f"{status}.html", context)
    response = HttpResponse(html, status=status)
    add_never_cache_headers(response)
    return response


@in_language_of_visitor
def bad_request(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler400: what was sent could not be understood."""
    return error_page(request, 400)


@in_language_of_visitor
def permission_denied(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler403: signed in, but not allowed. A reason is shown when the exception carries one."""
    reason = str(exception.args[0]) if exception and exception.args else ""
    return error_page(request, 403, reason=reason)


@in_language_of_visitor
def page_not_found(request: HttpRequest, exception: Exception | None = None) -> HttpResponse:
    """handler404: nothing here, or nothing that this person may know of: the same words for both."""
    return error_page(request, 404)


@in_language_of_visitor
def conflict(
    request: HttpRequest,
    *,
    explanation: str = "",
    holder: str = "",
    url: str = "",
    kept: dict[str, str] | None = None,
) -> HttpResponse:
    """409: somebody else was first. `holder` names them, `kept` shows what was typed (label -> text), `url` is the thing."""
    return error_page(request, 409, explanation=explanation, holder=holder, url=url, kept=kept or {})


@in_language_of_visitor
def too_many_requests(
    request: HttpRequest, exception: Exception | None = None, *, retry_after: int = 60
) -> HttpResponse:
    """429: slow down. `retry_after` in seconds goes into the header and into the words."""
    response = error_page(
        request, 429, retry_at=timezone.now() + timedelta(seconds=retry_after), kept_fields=kept_fields(request)
    )
    response.headers["Retry-After"] = str(retry_after)
    return response


@in_language_of_visitor
def server_error(request: HttpRequest) -> HttpResponse:
    """handler500: our fault, or the database is away (then 503). Needs nothing that may be broken."""
    if isinstance(sys.exc_info()[1], DATABASE_AWAY):
        return unavailable(request)
    return last_resort(request, 500, happened_at=timezone.now())


@in_language_of_visitor
def unavailable(request: HttpRequest, *, retry_after: int = 30, retry_at: datetime | None = None) -> HttpResponse:
    """503: the database or another part is away for a moment. `retry_at` where the end is known."""
    response = last_resort(request, 503, retry_at=retry_at, retry_after=retry_after, happened_at=timezone.now())
    response.headers["Retry-After"] = str(retry_after)
    return response


def last_resort(request: HttpRequest, status: int, **values: Any) -> HttpResponse:
    """The page of `status`, or a bare one when templates or static files fail as well."""
    try:
        return error_page(request, status, **values)
    except Exception:
        logger.exception("The error page for %s failed too", status)
        html = format_html(
            '<!doctype html><html lang="{}"><meta charset="utf-8"><title>{}</title><h1>{}</h1><p>{}</p><p>{}</p></html>',
            translation.get_language() or "zh-Hans",
            status,
            gettext("Something went wrong on our side"),
            gettext(
                "It is uncertain whether your last action was saved. Go back, look, and repeat it if it is missing."
            ),
            getattr(request, "request_id", ""),
        )
        response = HttpResponse(html, status=status)
        add_never_cache_headers(response)
        return response


# --- A form that could not be accepted, and what was typed into it --------------------------------------------


def same_origin(request: HttpRequest) -> bool:
    """Whether the browser vouches that this request came from one of our own pages.

    Without that, playing the fields back with a fresh token would turn a forged request into one click.
    """
    site = request.headers.get("Sec-Fetch-Site")
    if site is not None:
        return site == "same-origin"
    origin = request.headers.get("Origin") or request.headers.get("Referer") or ""
    try:
        parts = urlsplit(origin)
    except ValueError:
        return False
    return bool(parts.netloc) and parts.netloc == request.get_host() and parts.scheme == request.scheme


def kept_fields(request: HttpRequest) -> list[KeptField]:
    """The posted values that may be shown again: typed text, from our own page, never a secret, within limits."""
    if request.method != "POST" or not same_origin(request):
        return []
    fields = [
        KeptField(name, value) for name, values in request.POST.lists() if not SECRET.search(name) for value in values
    ]
    if len(fields) > MOST_KEPT_FIELDS or sum(len(field.value) for field in fields) > MOST_KEPT_CHARACTERS:
        return []
    return fields


def held_secret(request: HttpRequest) -> bool:
    """Whether the posted form held a password or a code, which must be typed again on its own page."""
    return any(SECRET.search(name) for name in request.POST if name != "csrfmiddlewaretoken")


@in_language_of_visitor
def csrf_failure(request: HttpRequest, reason: str = "") -> HttpResponse:
    """CSRF_FAILURE_VIEW: usually a page left open across a sign-in. Keeps what was typed, to be sent again."""
    return form_again(request)


@in_language_of_visitor
def session_expired(request: HttpRequest) -> HttpResponse:
    """For a POST by somebody whose session has ended: keeps what was typed until they have signed in again."""
    return form_again(request)


def form_again(request: HttpRequest) -> HttpResponse:
    """The page that shows the typed values and sends them again with a fresh token, to the same address.

    Where the form was sent by htmx the page it stands on is still there: the headers give portal.js the token for it.
    """
    fields = kept_fields(request)
    files = [upload.name for _, uploads in request.FILES.lists() for upload in uploads] if fields else []
    user = getattr(request, "user", None)
    signed_in = bool(user and user.is_authenticated)
    token = get_token(request)
    response = error_page(
        request,
        403,
        expired=True,
        kept_fields=fields,
        lost_files=files,
        can_resend=bool(fields) and not held_secret(request) and not files,
        action=request.get_full_path(),
        csrf_token=token,
        signed_in=signed_in,
        login_url=address_or_empty(settings.LOGIN_URL),
    )
    response.headers["X-Portal-Form"] = "expired" if signed_in else "signed-out"
    if same_origin(request):
        response.headers["X-CSRFToken"] = token
    return response
