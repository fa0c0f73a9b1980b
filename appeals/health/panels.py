"""Where health cards stand: on the page of a number."""

from __future__ import annotations

import datetime as dt

from appeals.health.card import cards_of
from certification.numbers.models import PhoneNumber
from certification.numbers.panels import NumberPanel, register_panel


def number_panel(number: PhoneNumber, now: dt.datetime) -> NumberPanel:
    """The number's card on its own page."""
    return NumberPanel("health/_panel.html", {"card": cards_of([number], now=now)[number.pk]})


register_panel("health", number_panel)
