"""The four facts of a number - status and cause, display, whose turn, until when - and the tag that names a status.

Written in Python rather than as included templates: a list shows them for fifty rows at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from functools import lru_cache
from typing import Literal, Protocol

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import get_language, gettext

from certification.numbers.shapes import mask_number, mask_number_spoken
from portal.templatetags.icons import icon_svg
from portal.templatetags.moments import clock, is_past, left_text, range_element, time_element, when_text

register = template.Library()


class Facts(Protocol):
    """What `{% four_facts %}` shows. Any object with these attributes will do."""

    @property
    def tone(self) -> str: ...
    @property
    def label(self) -> str: ...
    @property
    def cause(self) -> str: ...
    @property
    def sentence(self) -> str: ...
    @property
    def displayed(self) -> bool | None: ...
    @property
    def turn(self) -> str: ...
    @property
    def until(self) -> date | None: ...
    @property
    def until_latest(self) -> date | None: ...
    @property
    def since(self) -> date | None: ...
    @property
    def action_label(self) -> str: ...
    @property
    def action_url(self) -> str | None: ...
    @property
    def notes(self) -> Sequence[str]: ...


#: tone -> classes and the icon used where the caller names none. Each icon has its own outline: greyscale keeps them apart.
TONES = {
    "amber": ("bg-warning-subtle text-warning-emphasis", "exclamation-triangle"),
    "blue": ("bg-primary-subtle text-primary-emphasis", "clock"),
    "red": ("bg-danger-subtle text-danger-emphasis", "no-symbol"),
    "green": ("bg-success-subtle text-success-emphasis", "check-badge"),
    "grey": ("bg-secondary-subtle text-secondary-emphasis", "minus-circle"),
    "outline": ("bg-body text-secondary-emphasis", "archive-box"),
}


@lru_cache(maxsize=1024)
def status_tag_html(tone: str, label: str, icon: str) -> SafeString:
    """The tag as markup. An unknown tone is a mistake of the caller and raises KeyError."""
    classes, usual_icon = TONES[tone]
    picture = icon_svg(icon or usual_icon, style="micro", size=16)
    return format_html('<span class="tag tag-{} {}">{}<span>{}</span></span>', tone, classes, picture, label)


@register.simple_tag
def status_tag(tone: str, label: str, icon: str = "") -> SafeString:
    """`{% status_tag "amber" _("Returned for correction") %}`: never a link, always icon and text."""
    return status_tag_html("" + tone, f"{label}", "" + icon)


@lru_cache(maxsize=16)
def display_html(displayed: bool | None, language: str | None) -> SafeString:
    """Whether receivers see the certification."""
    if displayed is None:
        return format_html('<span class="fact-muted">{}</span>', gettext("Not displayed"))
    if displayed:
        return format_html(
            '<span class="display-on">{}{}</span>', icon_svg("eye", style="micro", size=16), gettext("Normal")
        )
    return format_html(
        '<span class="display-off">{}{}</span>', icon_svg("eye-slash", style="micro", size=16), gettext("Suspended")
    )


@lru_cache(maxsize=16)
def turn_html(turn: str, language: str | None) -> SafeString:
    """Whose turn it is: "company", "platform" or "nobody"; anything else raises KeyError."""
    icon, label = {
        "company": ("hand-raised", gettext("Your turn")),
        "platform": ("clock", gettext("With the platform")),
        "nobody": ("check", gettext("Nothing to do")),
    }[turn]
    return format_html('<span class="turn turn-{}">{}{}</span>', turn, icon_svg(icon, style="micro", size=16), label)


def until_html(facts: Facts, now: datetime) -> SafeString:
    """The date, or the range, and what is left of it; without one, why there is none."""
    if facts.until is None:
        words = {
            "company": gettext("No deadline"),
            "platform": gettext("No date yet"),
            "nobody": gettext("No end date"),
        }[facts.turn]
        return format_html('<span class="fact-muted">{}</span>', words)
    last = facts.until_latest or facts.until
    when = (
        time_element(facts.until, when_text(facts.until)) if last == facts.until else range_element(facts.until, last)
    )
    late = " left-late" if is_past(last, now) else ""
    return format_html('<span class="until">{}</span> <span class="left{}">{}</span>', when, late, left_text(last, now))


def status_html(facts: Facts) -> SafeString:
    """The tag, the cause after it, and further causes below."""
    notes = tuple(str(note) for note in facts.notes or ())
    icon = str(getattr(facts, "icon", "") or "")
    return status_lines(str(facts.tone), str(facts.label), icon, str(facts.cause or ""), notes)


@lru_cache(maxsize=1024)
def status_lines(tone: str, label: str, icon: str, cause: str, notes: tuple[str, ...]) -> SafeString:
    """The markup of `status_html`; the rows of a list share few of them."""
    tag = status_tag_html(tone, label, icon)
    cause_html = format_html(' <span class="cause">{}</span>', cause) if cause else ""
    note_html = format_html_join("", '<span class="fact-note">{}</span>', ((note,) for note in notes))
    return format_html('<span class="status-line">{}{}</span>{}', tag, cause_html, note_html)


def action_html(facts: Facts, css: str) -> SafeString:
    """The one next action as a link; nothing without one, for then the third fact says so already."""
    if not facts.action_url:
        return mark_safe("")
    return format_html('<a class="{}" href="{}">{}</a>', css, facts.action_url, facts.action_label)


@register.simple_tag(takes_context=True)
def four_facts(
    context: template.Context,
    facts: Facts,
    variant: Literal["card", "row", "cells"] = "row",
    now: datetime | None = None,
    action: bool = True,
) -> SafeString:
    """The four facts in their order: `card` on a thing's own page, `row` inside a list, `cells` as four `<td>`."""
    at = clock(context, now)
    language = get_language()
    values = (
        status_html(facts),
        display_html(facts.displayed, language),
        turn_html(str(facts.turn), language),
        until_html(facts, at),
    )
    cells = variant == "cells"
    body = frame_of_facts(language, cells) % values
    if cells:
        return mark_safe(body)  # noqa: S308 - four SafeStrings in markup without other values
    body = mark_safe(body)  # noqa: S308 - as above
    if variant == "row":
        return format_html('<dl class="facts facts-row">{}</dl>', body)
    return format_html(
        '<section class="panel facts-card facts-card-{}"><p class="facts-sentence">{}</p><dl class="facts">{}</dl>{}{}</section>',
        facts.tone,
        facts.sentence,
        body,
        since_html(facts),
        format_html('<p class="facts-action">{}</p>', action_html(facts, "btn btn-primary"))
        if action and facts.action_url
        else "",
    )


def since_html(facts: Facts) -> SafeString:
    """Since when the status holds, where that is known."""
    if not facts.since:
        return mark_safe("")
    return format_html(
        '<p class="facts-since">{}</p>',
        format_html(gettext("Since {}"), time_element(facts.since, when_text(facts.since))),
    )


CELLS = ("fact-status", "fact-display", "fact-turn", "fact-until")


@lru_cache(maxsize=4)
def fact_labels(language: str | None) -> tuple[str, str, str, str]:
    """The headings of the four facts in the active language."""
    return gettext("Status"), gettext("Display"), gettext("Whose turn"), gettext("Until")


@lru_cache(maxsize=8)
def frame_of_facts(language: str | None, cells: bool) -> str:
    """The markup around four values, each a `%s`: table cells, or the pairs of a description list."""
    shape = '<td data-label="{}" class="{}">%s</td>' if cells else '<div class="{1}"><dt>{0}</dt><dd>%s</dd></div>'
    labels = (label.replace("%", "%%") for label in fact_labels(language))
    return "".join(format_html(shape, label, css) for label, css in zip(labels, CELLS, strict=True))


@register.simple_tag
def four_facts_headings() -> SafeString:
    """Four `<th>` for a table whose rows use `variant="cells"`."""
    return format_html_join("", '<th scope="col">{}</th>', ((label,) for label in fact_labels(get_language())))


@register.simple_tag
def next_action(facts: Facts, css: str = "btn btn-sm btn-outline-primary") -> SafeString:
    """The one next action of a row; empty where there is nothing to do."""
    return action_html(facts, "" + css)


@register.simple_tag
def masked(number: str, alias: str = "") -> SafeString:
    """`{% masked number.e164 alias=number.alias %}`: 138****1234, read aloud as its first and last digits."""
    plain = "" + number
    return format_html(
        '<span class="masked"><span aria-hidden="true" translate="no">{}</span>'
        '<span class="visually-hidden">{}</span>{}</span>',
        mask_number(plain),
        mask_number_spoken(plain),
        format_html(' <span class="alias">{}</span>', alias) if alias else "",
    )
