"""The top bar and the menus: where one can go, in which language, for which company."""

from __future__ import annotations

from typing import Any, NamedTuple

from django import template
from django.conf import settings
from django.http import HttpRequest
from django.urls import NoReverseMatch, reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext_lazy

from portal.templatetags.icons import icon_svg

register = template.Library()


class MenuItem(NamedTuple):
    """One place in a menu."""

    url: str
    label: Any
    icon: str
    current: bool
    badge: int = 0


#: The company's places, used where the context holds no `navigation`. A name without a URL is left out.
COMPANY_PLACES = (
    ("overview", gettext_lazy("Overview"), "home"),
    ("numbers:list", gettext_lazy("Numbers"), "phone"),
    ("applications:list", gettext_lazy("Applications"), "document-check"),
    ("materials:list", gettext_lazy("Materials"), "folder"),
    ("appeals:list", gettext_lazy("Appeals"), "chat-bubble-left-right"),
    ("calendar", gettext_lazy("Maintenance calendar"), "calendar-days"),
    ("backups:list", gettext_lazy("Continuity"), "lifebuoy"),
    ("comparison", gettext_lazy("Comparison"), "chart-bar"),
    ("settings:company", gettext_lazy("Settings"), "cog-6-tooth"),
)


def url_or_empty(name: str) -> str:
    """The address of `name`, "" while nothing answers there."""
    try:
        return reverse(name)
    except NoReverseMatch:
        return ""


@register.simple_tag(takes_context=True)
def navigation_list(context: template.Context, vertical: bool = False) -> SafeString:
    """The menu as a list of links. A page shows it twice, beside the content and in the sheet for phones."""
    current = mark_safe(' aria-current="page"')
    links = format_html_join(
        "",
        '<li><a href="{}"{}>{}<span>{}</span>{}</a></li>',
        (
            (
                item.url,
                current if item.current else "",
                icon_svg(item.icon, style="outline") if item.icon else "",
                item.label,
                format_html('<span class="badge-count">{}</span>', item.badge) if item.badge else "",
            )
            for item in menu_items(context)
        ),
    )
    return format_html('<ul class="nav-list{}">{}</ul>', " nav-vertical" if vertical else "", links)


def menu_items(context: template.Context) -> Any:
    """The context's `navigation`, or the company's usual places as far as they exist."""
    if context.get("navigation"):
        return context["navigation"]
    request = context.get("request")
    path = request.path if isinstance(request, HttpRequest) else ""
    items = []
    for name, label, icon in COMPANY_PLACES:
        if url := url_or_empty(name):
            current = path == url or (url != "/" and path.startswith(url))
            items.append(MenuItem(url, label, icon, current))
    return items


@register.inclusion_tag("components/language_switch.html", takes_context=True)
def language_switch(context: template.Context) -> dict[str, Any]:
    """A button for each other language; the page stays the same."""
    request = context.get("request")
    active = (get_language() or settings.LANGUAGE_CODE).lower()
    names = {"zh-hans": "中文", "en": "English"}
    return {
        "action": url_or_empty("set_language"),
        "languages": [(code, names.get(code, code)) for code, _ in settings.LANGUAGES if code != active],
        "next": request.get_full_path() if isinstance(request, HttpRequest) else "/",
        "csrf_token": context.get("csrf_token"),
    }
