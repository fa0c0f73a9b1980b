"""Block tags: what stands around a page's own content - banner, panel, form, filters, confirmation, dialog."""

from __future__ import annotations

from typing import Any

from django import template
from django.http import HttpRequest
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

BANNER_ICONS = {
    "amber": "exclamation-triangle",
    "blue": "information-circle",
    "red": "exclamation-circle",
    "green": "check-circle",
    "grey": "information-circle",
}


def frame(name: str, content: str, **values: Any) -> SafeString:
    """The component template `name` around `content`, which the template engine has rendered (and escaped) already."""
    return render_to_string(f"components/{name}.html", {"content": mark_safe(content), **values})  # noqa: S308


@register.simple_block_tag
def banner(content: str, tone: str = "blue", title: str = "") -> SafeString:
    """`{% banner "amber" title=_("...") %}text{% endbanner %}`: one per page, above the heading."""
    return frame("banner", content, tone=tone, title=title, icon_name=BANNER_ICONS[tone])


@register.simple_block_tag
def panel(content: str, title: str = "", level: int = 2, panel_id: str = "", css: str = "") -> SafeString:
    """A white panel with an optional heading: `{% panel _("Materials") %}...{% endpanel %}`."""
    return frame("panel", content, title=title, level=level, panel_id=panel_id, css=css)


@register.simple_block_tag(takes_context=True)
def portal_form(
    context: template.Context,
    content: str,
    action: str = "",
    draft: str = "",
    multipart: bool = False,
    live: bool = True,
    css: str = "",
    form_id: str = "",
) -> SafeString:
    """A POST form: CSRF token, no browser validation, guarded against double submission.

    `draft` is a key under which long input is kept in this browser tab until it is sent. `live` sends by htmx
    where there is JavaScript, so that a lost connection leaves the page and everything typed in place.
    """
    return frame(
        "portal_form",
        content,
        action=action,
        draft=draft,
        multipart=multipart,
        live=live,
        css=css,
        form_id=form_id,
        csrf_token=str(context.get("csrf_token") or ""),
    )


@register.simple_block_tag(takes_context=True)
def filter_bar(
    context: template.Context, content: str, action: str = "", clear_url: str = "", target: str = "", label: str = ""
) -> SafeString:
    """A GET form whose fields narrow a list; with `target` ("#results") it searches as one types."""
    request = context.get("request")
    action = action or (request.path if isinstance(request, HttpRequest) else "")
    return frame("filter_bar", content, action=action, clear_url=clear_url, target=target, label=label)


@register.simple_block_tag(takes_context=True)
def confirm_form(
    context: template.Context,
    content: str,
    label: str,
    action: str = "",
    cancel_url: str = "",
    tone: str = "primary",
) -> SafeString:
    """The last step before something happens: what will happen, one button that does it, one way back."""
    return frame(
        "confirm_form",
        content,
        label=label,
        action=action,
        cancel_url=cancel_url,
        tone=tone,
        csrf_token=str(context.get("csrf_token") or ""),
    )


@register.simple_block_tag
def dialog(content: str, dialog_id: str, title: str) -> SafeString:
    """A modal dialog. Open it from `<a href="the same as a page" data-dialog-open="id">`, so that no JavaScript is needed."""
    return frame("dialog", content, dialog_id=dialog_id, title=title)
