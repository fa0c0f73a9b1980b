"""Inline SVG icons from heroicons: drawn once per shape, hidden from screen readers, for the words beside them speak."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal

from django import template
from django.utils.safestring import SafeString, mark_safe
from heroicons.templatetags import heroicons

register = template.Library()

Style = Literal["micro", "mini", "outline", "solid"]

DRAW = {
    "micro": heroicons.heroicon_micro,
    "mini": heroicons.heroicon_mini,
    "outline": heroicons.heroicon_outline,
    "solid": heroicons.heroicon_solid,
}


@lru_cache(maxsize=512)
def icon_svg(name: str, *, style: Style = "mini", size: int = 20, css: str = "") -> SafeString:
    """The icon `name` as inline SVG, decorative. Raises IconDoesNotExist for a name that heroicons has not."""
    classes = f"icon {css}".strip()
    svg = DRAW[style](name, size=size, **{"class": classes, "aria_hidden": "true", "focusable": "false"})
    # heroicons' own markup; the attributes above went through ElementTree, which escapes them.
    return mark_safe(svg)  # noqa: S308


@register.simple_tag
def icon(name: str, size: int = 20, style: Style = "mini", css: str = "") -> SafeString:
    """`{% icon "phone" %}`: a decorative icon. The text beside it must say what it means."""
    # Literals arrive as SafeString, whose str() is itself; "" + value is a plain string, which is what is cached.
    return icon_svg("" + name, style=style, size=size, css="" + css)
