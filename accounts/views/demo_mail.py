"""The mailbox of the demonstration: what would have been mailed, open to everybody who can see the demonstration.

It exists only where mails are files and the portal is not in production.
"""

from __future__ import annotations

from typing import Any

from csp.constants import NONE
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.clickjacking import xframe_options_sameorigin
from django.views.decorators.http import require_safe

from accounts.access import public
from accounts.mail_files import BACKEND, MailFile, newest, read

#: Mails of one page, and how far back a search for one recipient looks.
PAGE_SIZE = 30
SEARCHED = 1000


#: The policy of a mail's html: no script, nothing loaded, nothing sent; a link opens in a window of its own.
MAIL_POLICY: dict[str, list[str]] = {
    "default-src": [NONE],
    "script-src": [NONE],
    "style-src": ["'unsafe-inline'"],
    "img-src": [NONE],
    "font-src": [NONE],
    "connect-src": [NONE],
    "form-action": [NONE],
    "frame-src": [NONE],
    "frame-ancestors": ["'self'"],
    "sandbox": ["allow-popups", "allow-popups-to-escape-sandbox"],
}


def has_demo_mailbox() -> bool:
    """Whether there is a mailbox to look into."""
    return bool(settings.EMAIL_BACKEND == BACKEND and not settings.PRODUCTION)


def found_mail(name: str) -> MailFile:
    """The mail of that name, or 404: also where there is no mailbox."""
    if not has_demo_mailbox():
        raise Http404
    try:
        return read(name)
    except (FileNotFoundError, ValueError):
        raise Http404 from None


@public
@require_safe
def demo_mail(request: HttpRequest) -> HttpResponse:
    """The newest mails; `?to=` narrows to one recipient."""
    if not has_demo_mailbox():
        raise Http404
    wanted = request.GET.get("to", "").strip()
    before = request.GET.get("before", "")
    mails: list[MailFile] = []
    more = False
    for name in newest(before=before, limit=SEARCHED if wanted else PAGE_SIZE + 1):
        try:
            mail = read(name)
        except FileNotFoundError:
            continue
        if wanted.lower() in mail.recipient.lower():
            if len(mails) == PAGE_SIZE:
                more = True
                break
            mails.append(mail)
    context: dict[str, Any] = {"mails": mails, "wanted": wanted, "before": before, "more": more}
    return render(request, "demo/mailbox.html", context)


@public
@require_safe
def demo_mail_read(request: HttpRequest, name: str) -> HttpResponse:
    """One mail: its headers, its text, and its html in a frame that can do nothing."""
    return render(request, "demo/mail.html", {"mail": found_mail(name)})


@public
@require_safe
@xframe_options_sameorigin
def demo_mail_html(request: HttpRequest, name: str) -> HttpResponse:
    """The html of one mail, under a policy of its own: no script, nothing loaded, nothing sent."""
    mail = found_mail(name)
    if not mail.html:
        raise Http404
    response = HttpResponse(mail.html)
    response._csp_replace = MAIL_POLICY  # type: ignore[attr-defined]
    return response
