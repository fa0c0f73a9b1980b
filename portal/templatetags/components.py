"""`{% load components %}`: every tag of the house under one name. Described in docs/interface-components.md."""

from __future__ import annotations

from django import template

from portal.templatetags import (
    demonstration,
    facts,
    form_fields,
    frames,
    icons,
    lists,
    moments,
    number_rows,
    page_header,
    plots,
)

register = template.Library()

for part in (icons, moments, facts, form_fields, lists, number_rows, frames, page_header, plots, demonstration):
    register.tags.update(part.register.tags)
    register.filters.update(part.register.filters)
