"""What happens to a request whose session ended, or whose database is away: nothing typed is lost, nothing is a riddle."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.http import HttpRequest, HttpResponseBase

from portal.error_pages import DATABASE_AWAY, session_expired, unavailable


class SignedInMiddleware(LoginRequiredMiddleware):
    """Sends visitors to the sign-in page; a form sent after the session's end comes back with everything typed."""

    def handle_no_permission(  # type: ignore[override]  # any response, not only a redirect
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponseBase:
        """The sign-in page for a look, the kept form for a POST that holds something."""
        if request.method == "POST" and set(request.POST) - {"csrfmiddlewaretoken"}:
            return session_expired(request)
        response: HttpResponseBase = super().handle_no_permission(request, view_func)
        return response


class DatabaseAwayMiddleware:
    """Answers 503 in plain words when a view finds the database away; `error_pages.server_error` does for middleware."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponseBase | None:
        """A view could not reach the database."""
        return unavailable(request) if isinstance(exception, DATABASE_AWAY) else None
