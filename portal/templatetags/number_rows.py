"""The rows of a list of numbers, in Python: fifty of them through the template engine take longer than all the rest of the page."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import template
from django.urls import reverse
from django.utils.html import escape
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from certification.numbers.shapes import mask_number, mask_number_spoken
from portal.templatetags.facts import Facts, four_facts, next_action

register = template.Library()


@register.simple_tag(takes_context=True)
def number_rows(context: template.Context, rows: Iterable[tuple[Any, Facts]], selectable: bool = False) -> SafeString:
    """`<tr>` for each (number, facts): a box to tick, the masked number, the four facts, the next step.

    Everything that people wrote is escaped here; what many rows share (facts, provider) is made once.
    """
    select, number_label, backup = (
        escape(gettext("Select")),
        escape(gettext("Number")),
        escape(gettext("Backup")),
    )
    address = reverse("numbers:list")
    facts_cells: dict[tuple[Any, ...], str] = {}
    providers: dict[int, str] = {}
    lines: list[str] = []
    for number, facts in rows:
        key = shared(facts)
        cells = facts_cells.get(key)
        if cells is None:
            cells = facts_cells[key] = four_facts(context, facts, "cells")
        provider = providers.get(number.provider_id)
        if provider is None:
            provider = providers[number.provider_id] = escape(str(number.provider))
        ref = number.ref  # twelve hexadecimal digits
        box = (
            f'<td class="select-cell"><input class="form-check-input" type="checkbox" name="number" value="{ref}" id="n-{ref}">'
            f'<label class="visually-hidden" for="n-{ref}">{select} {escape(mask_number_spoken(number.number))}</label></td>'
            if selectable
            else ""
        )
        alias = f' <span class="alias">{escape(number.alias)}</span>' if number.alias else ""
        group = f" · {escape(number.group.name)}" if number.group else ""
        lines.append(
            f'<tr>{box}<td data-label="{number_label}"><a href="{address}{ref}/"><span class="masked">'
            f'<span aria-hidden="true" translate="no">{mask_number(number.number)}</span>'
            f'<span class="visually-hidden">{escape(mask_number_spoken(number.number))}</span>{alias}</span></a>'
            f'<span class="fact-note">{provider}{group}{f" · {backup}" if number.backup_of_id else ""}</span></td>'
            f'{cells}<td data-label="">{next_action(facts)}</td></tr>'
        )
    return mark_safe("".join(lines))  # noqa: S308 - every value above is escaped or of our own making


def shared(facts: Facts) -> tuple[Any, ...]:
    """What decides how the four facts look."""
    return (
        facts.tone,
        facts.label,
        facts.cause,
        facts.displayed,
        facts.turn,
        facts.until,
        facts.until_latest,
        *(str(note) for note in facts.notes or ()),
    )
