"""Asking for the password again before a change that matters, without losing what was typed."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any
from urllib.parse import urlencode

from allauth.account.adapter import get_adapter
from allauth.account.internal.flows.reauthentication import did_recently_reauthenticate
from django.http import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse

from accounts.access import SAFE_METHODS, SignedInRequest

#: Where the typed values wait in the session while the person confirms who they are.
KEPT = "kept_until_reauthenticated"

View = Callable[..., HttpResponseBase]


def recently_authenticated(view: View) -> View:
    """Let the view run only for a person who confirmed their password or code in the last minutes.

    Others confirm first and come back to the page; what they had posted is in `request.kept` then, to fill the form.
    """

    @wraps(view)
    def checked(request: SignedInRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
        if not did_recently_reauthenticate(request):
            if request.method not in SAFE_METHODS:
                typed = {name: value for name, value in request.POST.items() if name != "csrfmiddlewaretoken"}
                request.session[KEPT] = {"path": request.path, "typed": typed}
            methods = get_adapter().get_reauthentication_methods(request.user)
            page = methods[0]["url"] if methods else reverse("account_login")
            return redirect(f"{page}?{urlencode({'next': request.get_full_path()})}")
        kept = request.session.pop(KEPT, None) if request.method in SAFE_METHODS else None
        request.kept = kept["typed"] if kept and kept["path"] == request.path else {}  # type: ignore[attr-defined]
        return view(request, *args, **kwargs)

    return checked
